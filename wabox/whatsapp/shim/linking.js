// How a device is linked: QR codes, pairing codes; and how it leaves.

let code = { text: null, at: performance.now() };
let pairingUntil = -Infinity; // asking for a new QR would end a pairing that waits for a person
const renew = async () => {
  if (fns.isAuthenticated()) return;
  const now = await WPP.conn.getAuthCode();
  const fresh = now && now.fullCode ? now.fullCode : null;
  if (fresh !== code.text) code = { text: fresh, at: performance.now() };
  else if (performance.now() - Math.max(code.at, pairingUntil) > options.qrMs) {
    code.at = performance.now();
    void WPP.conn.refreshQR().catch(() => {});
  }
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
