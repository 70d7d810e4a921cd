// Since August 2026 the page hands uploads to a worker that, in a page with wa-js in it, never answers, and what is
// sent after it waits for ever (wa-js #3575): the page is told to do it itself. It asks by this name, each time.
(() => {
  const IN_WORKER = 'web_media_encrypt_upload_in_worker_enabled';
  const ours = new WeakSet();
  const props = () => window.require('WAWebABProps');
  return {
    applies: () => typeof props().getABPropConfigValue === 'function' && !ours.has(props().getABPropConfigValue),
    mend: () => {
      const asked = props().getABPropConfigValue;
      const answer = (...all) => (all[0] === IN_WORKER ? false : asked(...all));
      ours.add(answer);
      props().getABPropConfigValue = answer;
    },
    probe: () => ours.has(props().getABPropConfigValue),
  };
})()
