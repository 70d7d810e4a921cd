// The page's life: load what is kept, connect, then QR → linked → caught up → logged out.
__d('SandboxApp', ['SandboxWire', 'SandboxStorage', 'SandboxIdentity'], (
  _g, require, _d, importNamespace, _l, module,
) => {
  'use strict';

  const wire = require('SandboxWire');
  const storage = require('SandboxStorage');
  const identity = require('SandboxIdentity');
  const directory = require('SandboxDirectory');
  const { Socket } = require('WAWebSocketModel');
  const { Stream } = require('WAWebStreamModel');
  const { Conn } = require('WAWebConnModel');
  const { Cmd } = require('WAWebCmd');
  const { BackendEventBus } = require('WAWebBackendEventBus');
  const SYNC_MS = 200;
  const LOADED_MESSAGES = 20;
  let takingOver = false;
  let incoming = Promise.resolve();

  async function loadKeys() {
    const kept = await storage.load('keys');
    const random = (count) => crypto.getRandomValues(new Uint8Array(count));
    identity.keys = kept ?? {
      noise: random(32),
      identity: random(32),
      secret: random(32),
      registrationId: random(1)[0] + 1,
    };
    if (!kept) await storage.save('keys', identity.keys);
  }

  async function loadChats() {
    const { restoreChat } = require('WAWebFindChatAction');
    const { createWid } = require('WAWebWidFactory');
    const { modelOf } = require('SandboxHistory');
    const MsgKey = require('WAWebMsgKey');
    for (const [phone, lid] of await storage.pairs()) directory.learn(phone, lid);
    for (const row of await storage.chats()) {
      const key = row.lastReceivedKey && MsgKey.fromString(row.lastReceivedKey);
      restoreChat(createWid(row.id), { ...row.fields, lastReceivedKey: key });
    }
    for (const row of await storage.newestOfEachChat(LOADED_MESSAGES)) modelOf(row);
  }

  async function start() {
    if (require('SandboxSettings').service_worker === 'required') {
      const registration = await navigator.serviceWorker.register('/sandbox/site/modules/worker.js');
      if (!registration.scope) return;
    }
    if (require('SandboxSettings').forgets) await storage.forgetMessages();
    await loadKeys();
    const link = await storage.load('link');
    const takeUp = async () => {
      Object.assign(identity, link);
      Conn.set({ wid: require('WAWebUserPrefsMeUser').getMaybeMePnUser(), pushname: link.me.name });
      Stream.set({ mode: 'SYNCING', info: 'OPENING' });
      await loadChats();
    };
    const { blink } = require('SandboxLeaving');
    if (link && !(await blink(takeUp))) await takeUp();
    Socket.set({ state: 'OPENING' });
    wire.on('push', (message) => {
      incoming = incoming.then(() => handle(message)).catch((error) => self.reportError(error));
    });
    wire.on('lost', onLost);
    wire.connect(greeting);
    window.Debug = { VERSION: require('SandboxSettings').whatsapp_version };
  }

  async function greeting() {
    const companion = identity.companion;
    const hello = { companion, takeover: takingOver };
    if (companion) {
      const { waitingIds } = require('SandboxOutbox');
      hello.pending = [...new Set([...(await storage.idsWithoutAck()), ...waitingIds()])];
    }
    takingOver = false;
    return hello;
  }

  const handlers = {
    ref: onRef,
    passkey: onPasskey,
    checkpoint: onCheckpoint,
    dialogs: ({ dialogs }) => require('SandboxDialogs').show(dialogs),
    linked: onLinked,
    session: onSession,
    event: onEvent,
    caught_up: onCaughtUp,
    removed: ({ reason, kept }) => leave(reason, kept),
    conflict: onConflict,
    sending: (told) => Object.assign(wire.sending, told),
    limits: onLimits,
    reload: () => location.reload(),
  };

  async function handle(message) {
    await handlers[message.op](message);
  }

  function onRef({ ref, idle }) {
    if (!wire.greeted) wire.open();
    Stream.set({ mode: 'QR', info: 'NORMAL' });
    Socket.set({ state: idle ? 'UNPAIRED_IDLE' : 'UNPAIRED', stream: 'CONNECTED' });
    Conn.set({ ref });
    require('SandboxScreen').showQr();
  }

  // Without an event: whatsapp-web.js takes every change of the reference for a new QR.
  function dropRef() {
    Conn.attributes.ref = null;
  }

  // The phone has scanned, and its account wants a passkey: a screen of its own comes, the reference stays.
  function onPasskey({ code }) {
    const { WAWebLinkDeviceEvents: events } = require('WAWebLinkDeviceEvents');
    require('SandboxScreen').showPasskey(code);
    events.trigger('link_device_events:passkey_prologue_request', {});
    events.trigger('shortcake_prologue_sent');
    events.trigger('shortcake_verification_code_ready', { code });
  }

  async function onLinked({ companion, me }) {
    Socket.set({ state: 'PAIRING' });
    Stream.set({ info: 'PAIRING' });
    require('WAWebLinkDeviceEvents').WAWebLinkDeviceEvents.triggerPrimaryHelloReceived();
    Object.assign(identity, { companion, me });
    await storage.save('link', { companion, me });
    dropRef();
    Conn.set({
      connected: true,
      pushname: me.name,
      wid: require('WAWebUserPrefsMeUser').getMaybeMePnUser(),
    });
    Stream.set({ mode: 'SYNCING', info: 'SYNCING' });
  }

  let sync = null;
  let syncEnd = null;
  async function onSession(session) {
    identity.me = session.me;
    identity.lidAccounts = session.lid_accounts;
    directory.learn(session.me.phone, session.me.lid);
    Conn.set({ connected: true, pushname: session.me.name });
    wire.open();
    Object.assign(wire.sending, session);
    sync = session.sync ?? null;
    syncEnd = session.sync_end ?? null;
    leak(session.leak_mb_per_hour);
    await applyKnown(session.known);
    require('SandboxOutbox').resume(session.known);
    onLimits(session);
    Socket.set({ state: 'CONNECTED', stream: 'CONNECTED' });
    Stream.set({ info: 'NORMAL' });
  }

  async function applyKnown(known) {
    const { applyReceipt } = require('SandboxInbox');
    for (const [id, ack] of Object.entries(known)) await applyReceipt({ ack, externalIds: [id] });
  }

  async function onEvent({ seq, event }) {
    await require('SandboxInbox').take(event);
    wire.push({ op: 'got', seq });
  }

  async function onCaughtUp() {
    if (!Cmd.isMainLoaded) Cmd.mainLoaded();
    require('WAWebOfflineHandler').OfflineMessageHandler.setOfflineDeliveryProgress(100);
    Cmd.trigger('offline_progress_update_from_bridge');
    BackendEventBus.isOfflineDeliveryEnd = true;
    BackendEventBus.trigger('offline_delivery_end');
    BackendEventBus.isMainStreamReadyMd = true;
    BackendEventBus.trigger('main_stream_mode_ready');
    Stream.set({ mode: 'MAIN', info: 'NORMAL' });
    catchUp();
    require('SandboxScreen').showChats();
  }

  // The first sync: at once, or in steps that the page shows, to its end or to where it stops.
  function catchUp() {
    if (!sync) {
      setTimeout(() => Socket.set({ hasSynced: true }), SYNC_MS);
      return;
    }
    const progress = require('WAWebHistorySyncProgressModel').getHistorySyncProgressModel();
    const started = performance.now();
    const ticking = setInterval(() => {
      const done = Math.min(100, Math.floor((performance.now() - started) / (sync.seconds * 10 || 1)));
      const shown = Math.min(done, sync.stall_at ?? 100);
      progress.set({ realProgress: shown });
      if (shown < done || done === 100) clearInterval(ticking);
      if (shown < 100) return;
      if (syncEnd) leave(syncEnd);
      else Socket.set({ hasSynced: true });
    }, 250);
  }

  const leaked = [];
  let leaking = null;
  function leak(megabytesPerHour) {
    clearInterval(leaking);
    if (!megabytesPerHour) return;
    leaking = setInterval(() => leaked.push(new Uint8Array((megabytesPerHour * 2 ** 20) / 3600).fill(1)), 1000);
  }

  function onLost() {
    if (Socket.state === 'CONFLICT') return;
    BackendEventBus.trigger('socket_stream_disconnected');
    Socket.set({ state: wire.failures > 2 ? 'TIMEOUT' : 'OPENING', stream: 'DISCONNECTED' });
    Stream.set({ info: wire.failures > 2 ? 'OFFLINE' : 'OPENING' });
    if (!identity.companion) dropRef();
  }

  function onConflict({ conflict = true }) {
    Socket.set({ state: conflict ? 'CONFLICT' : 'CONNECTED' });
    require('SandboxScreen').showConflict(conflict);
  }

  function onLimits(told) {
    require('SandboxLimits').take(told);
    require('SandboxScreen').showLimits();
  }

  function onCheckpoint({ type }) {
    const { userPrefsIdb } = require('WAWebUserPrefsIndexedDBStorage');
    const met = type === 'left_behind';
    userPrefsIdb.set('WAIntegrityChallengeState', type && { type: met ? 'PASSKEY' : type.toUpperCase() });
    require('SandboxScreen').showCheckpoint(met ? null : type);
  }

  function takeover() {
    takingOver = true;
    Socket.set({ state: 'OPENING' });
    require('SandboxScreen').showConflict(false);
    wire.reconnect();
  }

  function refreshRef() {
    if (!identity.companion) wire.tell('refresh_ref', {});
  }

  async function logout() {
    BackendEventBus.trigger('starting_logout');
    await wire.ask('logout', {}).catch(() => null);
    await leave('user_initiated');
  }

  function leave(reason, kept = false) {
    return require('SandboxLeaving').leave(reason, kept, importNamespace('WAWebLogoutReason'), Cmd);
  }

  module.exports = { start, refreshRef, takeover, logout };
});
