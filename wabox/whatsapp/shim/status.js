// What the page shows, judged once a second; Python hears only of changes.

let lastConnected = -Infinity;
let firstConnected = Infinity;
const connected = () => {
  const now = performance.now();
  if (app.Socket.state === 'CONNECTED') lastConnected = now;
  const still = now - lastConnected < options.graceMs;
  firstConnected = still ? Math.min(firstConnected, now) : Infinity;
  return still;
};
// How far the first sync is: what the page says of it, and how much is in its stores. Each part is optional.
const part = (read) => {
  try {
    return text(read());
  } catch {
    return null;
  }
};
const progress = () => [
  () => window.require('WAWebHistorySyncProgressModel').getHistorySyncProgressModel().realProgress,
  () => window.require('WAWebOfflineHandler').OfflineMessageHandler.getOfflineDeliveryProgress(),
  () => app.ChatStore.getModelsArray().length,
  () => app.MsgStore.getModelsArray().length,
].map(part).join('/');
let came = { as: null, at: -Infinity };
// What the page says; if it says nothing of the kind, and comes no further for long, being connected has to do.
const synced = () => {
  if (app.Socket.hasSynced) return true;
  const as = progress();
  if (as !== came.as) came = { as, at: performance.now() };
  return performance.now() - Math.max(firstConnected, came.at) > options.unsyncedMs;
};
const account = () => {
  const wid = app.UserPrefs.getMaybeMePnUser();
  return wid ? digits(wid) : null;
};
// Whether this page holds the keys of a link, also while it has not logged in; null if it does not say.
const registered = () => {
  try {
    return !!fns.isRegistered();
  } catch {
    return null;
  }
};
const status = () => {
  if (absent.length > 0) return { missing: absent, lacks, patches: patched(), versions: versions() };
  const authenticated = !!fns.isAuthenticated();
  return {
    missing: absent,
    lacks,
    patches: patched(),
    versions: versions(),
    authenticated,
    full: !!WPP.isFullReady && !(authenticated && (challenged() || {}).unsure),
    mode: text(app.Stream.mode),
    info: text(app.Stream.displayInfo || app.Stream.info),
    socket: text(app.Socket.state),
    connected: connected(),
    synced: synced(),
    progress: authenticated && !app.Socket.hasSynced ? progress() : null,
    registered: registered(),
    ...(authenticated ? { qr: null } : shownCode()),
    phone: authenticated ? account() : null,
    pushname: authenticated ? text(app.Conn.pushname) : null,
    gate: gateSaid(authenticated),
    checkpoint: authenticated ? checkpoint() : null,
    dialog: dialogSaid(authenticated),
    limits: authenticated ? limits() : null,
    takes: authenticated ? takes() : null,
  };
};
// How many bytes of a file the page takes, by its kind; nothing of a kind, if the page does not say.
const takes = () => Object.fromEntries(
  ['image', 'video', 'audio', 'document'].map((kind) => [
    kind,
    unless(null, () => Number(app.MediaGatingUtils.getUploadLimit(kind, null))),
  ]),
);
const versions = () => {
  const page = (window.Debug && window.Debug.VERSION) || 'unknown';
  return { page: String(page), wajs: String(WPP.version || options.wajs) };
};

let shown = '';
const show = () => {
  const now = status();
  const next = JSON.stringify(now);
  if (next !== shown) tell({ what: 'status', status: now });
  shown = next;
};
const watch = async () => {
  for (;;) {
    await renew().catch(() => {});
    renewLimits();
    unless(null, reveal);
    mindDialogs();
    show();
    await wait(options.lookMs);
  }
};
