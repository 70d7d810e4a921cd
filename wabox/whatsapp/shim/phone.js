// The account's own phone: what is written there shows that it is in use. The form of an id tells who made it.

const PHONES = /^(?!3EB0)(3A[0-9A-F]{18}|[0-9A-F]{32})$/i;
const AGAIN_SECONDS = 3600;
let usedAt = 0; // seconds, as the messages' times
const writtenThere = (msg) => unless(0, () => {
  const { own, id } = parts(msg.id);
  return own && PHONES.test(id) ? Number(msg.t) || 0 : 0;
});
const phoneWrote = (msg) => {
  const at = writtenThere(msg);
  if (at - usedAt < AGAIN_SECONDS) return;
  usedAt = at;
  tell({ what: 'used', t: at });
};
const lastWritten = (msgs) => msgs.reduce((last, msg) => Math.max(last, writtenThere(msg)), 0);
