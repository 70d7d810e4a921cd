// Small mends of our own, where wa-js's own come late. Each says itself whether this page needs it.

const mended = {}; // name -> off, not_needed, in_force, failed
const patch = () => Object.entries(patches).forEach(([name, { applies, mend, probe }]) => {
  if (options.patchesOff.includes(name)) {
    mended[name] = 'off';
    return;
  }
  if (!unless(false, applies)) {
    mended[name] = mended[name] === 'in_force' ? 'in_force' : 'not_needed';
    return;
  }
  unless(null, mend);
  mended[name] = unless(false, probe) ? 'in_force' : 'failed';
});
const patched = () => ({ ...mended });
patch();
