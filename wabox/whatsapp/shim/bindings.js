// What wabox relies on, by the page's own member names. Only plain JSON crosses to Python, never a model.

const WPP = window.WPP;
const app = WPP.whatsapp;
const fns = app.functions;
const tell = (event) => void Promise.resolve(window.waboxTell(event)).catch(() => {});
const text = (value) => (value === undefined || value === null ? null : String(value));
const unless = (otherwise, work) => {
  try {
    return work();
  } catch {
    return otherwise;
  }
};
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const within = (ms, promise) =>
  Promise.race([promise, wait(ms).then(() => Promise.reject(new Error('timeout')))]);

const bindings = {
  Socket: () => app.Socket.on,
  Stream: () => app.Stream.on,
  Conn: () => app.Conn.on,
  Cmd: () => app.Cmd.on,
  MsgCollection: () => app.MsgStore.on && app.MsgStore.get,
  ChatCollection: () => app.ChatStore.on && app.ChatStore.get,
  MsgKey: () => app.MsgKey.fromString,
  createWid: () => app.WidFactory.createWid,
  encodeB64: () => app.Base64.encodeB64,
  getMaybeMePnUser: () => app.UserPrefs.getMaybeMePnUser,
  isLoggedIn: () => fns.isAuthenticated,
  isRegistered: () => fns.isRegistered,
  queryWidExists: () => fns.queryWidExists,
  findOrCreateLatestChat: () => fns.findOrCreateLatestChat,
  addAndSendMsgToChat: () => fns.addAndSendMsgToChat,
  getEphemeralFields: () => fns.getEphemeralFields,
  getSearchContext: () => fns.getSearchContext,
  handleChatSimpleReceipt: () => fns.handleChatSimpleReceipt,
  genLinkDeviceCodeForPhoneNumber: () => fns.genLinkDeviceCodeForPhoneNumber,
  ACK: () => app.enums.ACK.CLOCK === 0 && Object,
};
// Only a device that is not linked needs these: they make the QR.
const linking = {
  waNoiseInfo: () => app.multidevice.waNoiseInfo.get,
  waSignalStore: () => app.multidevice.waSignalStore.getRegistrationInfo,
  getADVSecretKey: () => app.multidevice.adv.getADVSecretKey,
};
const lacking = (wanted) =>
  Object.keys(wanted).filter((name) => {
    try {
      return typeof wanted[name]() !== 'function';
    } catch {
      return true;
    }
  });
const missing = () => {
  const names = lacking(bindings);
  if (names.length > 0 || fns.isAuthenticated()) return names;
  return lacking(linking);
};

const absent = missing();
