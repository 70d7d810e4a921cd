// How a device is linked: QR codes, pairing codes; and how it leaves.

// WhatsApp gives a page six codes at a time: the first lives a minute, the others 20 s. After the last of them
// Conn.ref keeps a text that no phone can use any more, until somebody asks for new ones.
let code = { text: null, at: performance.now(), ms: options.qrFirstMs };
let renewing = { at: -Infinity, tries: 0 };
let pairingUntil = -Infinity; // asking for a new QR would end a pairing that waits for a person
const deadAt = () => code.at + code.ms + options.lookMs;
const idle = () => app.Socket.state === 'UNPAIRED_IDLE';
const alive = () => code.text !== null && !idle() && performance.now() <= deadAt();
const renew = async () => {
  if (fns.isAuthenticated()) return;
  const now = await WPP.conn.getAuthCode();
  const fresh = now && now.fullCode ? now.fullCode : null;
  if (fresh !== code.text) {
    const first = code.text === null || renewing.tries > 0;
    code = { text: fresh, at: performance.now(), ms: first ? options.qrFirstMs : options.qrMs };
    renewing = { at: -Infinity, tries: 0 };
    return;
  }
  if (fresh === null || alive() || performance.now() < pairingUntil || holding()) return;
  const late = performance.now() - deadAt() > options.qrLateMs; // else the page makes the next one itself
  if (!(idle() || late) || performance.now() - renewing.at < options.qrWaitMs) return;
  renewing = { at: performance.now(), tries: renewing.tries + 1 };
  patch();
  await Promise.resolve().then(() => app.Cmd.refreshQR()).catch(() => {}); // nowhere: a reload is what is left
};
// qr: null if no living code is there. dead: the page holds one that no phone can use.
const shownCode = () => {
  const living = alive() && !holding();
  const bornAt = Date.now() - (performance.now() - code.at);
  return {
    qr: living ? code.text : null,
    qrAt: living ? Math.round(bornAt / 1000) * 1000 : null,
    qrMs: living ? code.ms : null,
    dead: code.text !== null && !living,
  };
};

const pair = async ({ phone, timeoutMs }) => {
  const ask = WPP.conn.startLinkDeviceCodeForPhoneNumber || WPP.conn.genLinkDeviceCodeForPhoneNumber;
  pairingUntil = performance.now() + options.pairMs;
  return { code: text(await within(timeoutMs, ask(phone, true))) };
};
// A page whose socket is down would log out for itself only, and the phone would go on listing it.
const logout = async ({ timeoutMs }) => {
  if (app.Socket.state !== 'CONNECTED') throw new Error('not_connected');
  await within(timeoutMs, WPP.conn.logout());
  return true;
};
