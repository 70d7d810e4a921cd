// wabox's own words for what it needs of wa-js. Only plain JSON crosses to Python, never a model.
//
// Put into the page after wa-js, anew after every navigation. What happens is told through the
// binding `waboxTell`; what is asked is a method of `window.wabox`.
(options) => {
  const WPP = window.WPP;
  const app = WPP.whatsapp;
  const fns = app.functions;
  const tell = (event) => void Promise.resolve(window.waboxTell(event)).catch(() => {});
  const text = (value) => (value === undefined || value === null ? null : String(value));
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  // What wabox relies on, by the page's own member names.
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

  // Keys, chats, people

  const parts = (key) => {
    const [own, chat, id] = String(key).split('_');
    return { own: own === 'true', chat, id };
  };
  const ourKey = (chat, id) => `true_${chat}_${id}`;
  const stored = (key) => app.MsgStore.get(key) || null;
  const digits = (wid) => String(wid).split('@')[0].split(':')[0];
  const phoneOf = (chat) => {
    if (chat.endsWith('@c.us')) return digits(chat);
    try {
      const wid = app.WidFactory.createWid(chat);
      const phone = (app.lidPnCache || fns).getPhoneNumber(wid);
      return phone ? digits(phone) : null;
    } catch {
      return null;
    }
  };
  const nameOf = (msg, chat) => {
    const contact = app.ContactStore && app.ContactStore.get(chat);
    return text(msg.notifyName || (contact && (contact.pushname || contact.name)));
  };

  // What happens: acks of ours, people's messages

  const silent = /^(e2e_notification|notification|gp2|protocol|call_log|ciphertext|revoked|debug)/;
  const inbound = (msg) => {
    const { own, chat, id } = parts(msg.id);
    if (own || !/@(c\.us|lid)$/.test(chat) || silent.test(msg.type)) return null;
    const body = msg.type === 'chat' ? msg.body : msg.caption;
    const kind = String(msg.type || 'chat');
    const phone = phoneOf(chat);
    return { id, chat, phone, name: nameOf(msg, chat), text: text(body) || '', kind, t: msg.t || 0 };
  };
  const acked = (key, ack) => {
    const { own, chat, id } = parts(key);
    return own && Number.isInteger(ack) && ack !== 0 ? { id, chat, ack } : null;
  };
  const awaited = new Map(); // message id -> who waits for its ack
  // A refusal of what is being handed over is for the hand-over to tell: it knows why, and of what attempt it is.
  const hear = (key, ack) => {
    const event = acked(key, ack);
    if (!event || (ack < 0 && awaited.has(event.id))) return;
    if (ack >= 1 && awaited.has(event.id)) awaited.get(event.id)(ack);
    tell({ what: 'ack', ...event });
  };

  const subscribe = () => {
    WPP.on('chat.new_message', (msg) => {
      const event = inbound(msg);
      if (event) tell({ what: 'inbound', ...event });
    });
    WPP.on('chat.msg_ack_change', ({ ids, ack }) => ids.forEach((key) => hear(key, ack)));
    app.MsgStore.on('change:ack', (msg) => hear(msg.id, msg.ack));
    app.Cmd.on('on_temporary_ban', (details) => {
      const named = Object.entries(details || {}).find(([name]) => /expir|until|end/i.test(name));
      banned = named ? moment(named[1]) : null;
    });
    WPP.on('conn.logout', () => tell({ what: 'logout' }));
    WPP.on('conn.link_code_change', (code) => tell({ what: 'code', code: text(code) }));
    WPP.on('conn.link_code_expired', () => tell({ what: 'code', code: null, reason: 'expired' }));
  };
  const sweep = async ({ since, limit }) => {
    const fresh = app.MsgStore.getModelsArray().filter((msg) => (msg.t || 0) >= since);
    const newest = fresh.sort((a, b) => (a.t || 0) - (b.t || 0)).slice(-limit);
    return {
      inbound: newest.map(inbound).filter(Boolean),
      // A refusal that is stored is old: the message may have had another chance since.
      acks: newest.map((msg) => acked(msg.id, msg.ack)).filter((event) => event && event.ack > 0),
    };
  };

  // What the page shows

  const signs = () =>
    [...document.querySelectorAll('[role=dialog],[role=alertdialog],[role=alert],[role=status]')]
      .filter((box) => box.getClientRects().length > 0 && !box.closest('[hidden]'));
  const moment = (value) => {
    const at = typeof value === 'number' ? value * (value < 1e11 ? 1000 : 1) : Date.parse(value);
    return Number.isFinite(at) && at > 0 ? at : null;
  };
  let banned = null;
  const restriction = (boxes) => {
    const named = [app.Conn, app.Stream, app.Socket].map((model) => model && model.restrictedUntil);
    const known = named.some((value) => value !== undefined);
    const until = known ? named.filter(Boolean).map(moment).find(Boolean) : banned;
    const box = boxes.find((one) => /restrict/i.test(one.textContent));
    const time = box && box.querySelector('time[datetime]');
    if (until) return { restricted: until > Date.now(), until };
    return { restricted: !!box, until: time ? moment(time.getAttribute('datetime')) : null };
  };
  const passkey = (boxes) =>
    !!app.Conn.passkeyRequired ||
    [app.Stream.mode, app.Stream.info, app.Stream.displayInfo, app.Socket.state].some((value) =>
      /passkey/i.test(String(value)),
    ) || boxes.some((one) => /passkey/i.test(one.textContent));

  let lastConnected = -Infinity;
  let code = { text: null, at: performance.now() };
  let pairingUntil = -Infinity; // asking for a new QR would end a pairing that waits for a person
  let firstConnected = Infinity;
  const connected = () => {
    const now = performance.now();
    if (app.Socket.state === 'CONNECTED') lastConnected = now;
    const still = now - lastConnected < options.graceMs;
    firstConnected = still ? Math.min(firstConnected, now) : Infinity;
    return still;
  };
  // What the page says; if it says nothing of the kind for long, being connected has to do.
  const synced = () =>
    !!app.Socket.hasSynced || performance.now() - firstConnected > options.unsyncedMs;
  const account = () => {
    const wid = app.UserPrefs.getMaybeMePnUser();
    return wid ? digits(wid) : null;
  };
  const absent = missing();
  const status = () => {
    if (absent.length > 0) return { missing: absent, versions: versions() };
    const boxes = signs();
    const authenticated = !!fns.isAuthenticated();
    return {
      missing: absent,
      versions: versions(),
      authenticated,
      full: !!WPP.isFullReady,
      mode: text(app.Stream.mode),
      info: text(app.Stream.displayInfo || app.Stream.info),
      socket: text(app.Socket.state),
      connected: connected(),
      synced: synced(),
      qr: authenticated ? null : code.text,
      phone: authenticated ? account() : null,
      pushname: authenticated ? text(app.Conn.pushname) : null,
      passkey: passkey(boxes),
      ...restriction(boxes),
    };
  };
  const versions = () => {
    const page = (window.Debug && window.Debug.VERSION) || 'unknown';
    return { page: String(page), wajs: String(WPP.version || options.wajs) };
  };

  // One look a second, in the page, and Python hears only of changes.

  let shown = '';
  const show = () => {
    const now = status();
    const next = JSON.stringify(now);
    if (next !== shown) tell({ what: 'status', status: now });
    shown = next;
  };
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
  const watch = async () => {
    for (;;) {
      await renew().catch(() => {});
      show();
      await wait(options.lookMs);
    }
  };

  // What is asked

  const within = (ms, promise) =>
    Promise.race([promise, wait(ms).then(() => Promise.reject(new Error('timeout')))]);

  const known = async (phone) => {
    const wid = app.WidFactory.createWid(`${phone}@c.us`);
    const found = await fns.queryWidExists(wid);
    if (!found) return { answer: 'no' };
    const chat = await WPP.chat.find(found.wid || wid);
    const ids = [wid, found.wid, found.lid].filter(Boolean).map(String);
    const id = chat.id.toString();
    return { answer: 'yes', chat: id, others: [...new Set(ids)].filter((one) => one !== id) };
  };
  const exists = ({ phone, timeoutMs }) =>
    within(timeoutMs, known(phone)).catch((error) => ({
      answer: 'unknown',
      reason: String(error && error.message),
    }));

  // A hand-over ends in one of four ways; whatever is not plain is `in_doubt`.
  // A refusal says nothing about an earlier attempt under the same id, unless that was plainly refused, too.
  const refused = new Set();
  const verdict = (ack, result, again) => {
    if (ack >= 1 || (result === 'OK' && !(ack < 0))) return 'acked';
    const plain = ack < 0 && !again && result !== 'ERROR_NETWORK' && result !== 'OK';
    return plain ? 'refused' : 'in_doubt';
  };
  // Was it refused because the account is limited? The refusal may be here before the page's notice is.
  const limited = async () => {
    if (restriction(signs()).restricted) return true;
    await wait(options.lookMs);
    return restriction(signs()).restricted;
  };
  const send = async (question) => {
    const said = await give(question);
    refused.delete(question.id);
    if (said.outcome !== 'refused') return said;
    refused.add(question.id);
    return (await limited()) ? { ...said, reason: 'restricted' } : said;
  };
  const give = async ({ chat, id, text: body, timeoutMs }) => {
    const key = ourKey(chat, id);
    const before = stored(key);
    if (before && before.ack >= 1) return { outcome: 'acked' };
    if (!fns.isAuthenticated() || app.Socket.state !== 'CONNECTED') {
      return { outcome: before ? 'in_doubt' : 'not_entered', reason: 'not_connected' };
    }
    const again = !!before && !refused.has(id);
    let entered = !!before;
    const notice = (msg) => (entered = entered || String(msg.id) === key);
    app.MsgStore.on('add', notice);
    const receipt = new Promise((resolve) => awaited.set(id, (ack) => resolve({ ack })));
    const answer = () => WPP.chat.sendTextMessage(chat, body, {
      messageId: key,
      waitForAck: true,
      createChat: true,
      linkPreview: false,
      markIsRead: false,
      detectMentioned: false,
    });
    try {
      // The answer may be lost while the receipt comes: either says that the server has it.
      const sent = await within(timeoutMs, Promise.race([answer(), receipt]));
      const result = text(sent.sendMsgResult && sent.sendMsgResult.messageSendResult);
      const now = stored(key);
      const ack = sent.ack >= 1 || !now ? sent.ack : now.ack;
      return { outcome: verdict(ack, result, again), reason: result && result.toLowerCase() };
    } catch (error) {
      const reason = String((error && (error.code || error.message)) || 'error').slice(0, 200);
      const now = stored(key);
      if (now) return { outcome: verdict(now.ack, null, again), reason };
      return { outcome: entered || reason === 'timeout' ? 'in_doubt' : 'not_entered', reason };
    } finally {
      app.MsgStore.off('add', notice);
      awaited.delete(id);
    }
  };

  const absence = /msg_not_found|chat_not_found/;
  const ackOf = async (chat, id) => {
    try {
      const msg = await WPP.chat.getMessageById(ourKey(chat, id));
      return Number(msg.ack || 0);
    } catch (error) {
      if (absence.test(String(error && error.code))) return null;
      throw error;
    }
  };
  const find = async ({ id, chats, anchor, timeoutMs }) => {
    const look = async () => {
      const inMemory = app.MsgStore.getModelsArray().filter(
        (msg) => parts(msg.id).own && parts(msg.id).id === id,
      );
      const acks = inMemory.map((msg) => Number(msg.ack || 0));
      for (const chat of chats) acks.push(await ackOf(chat, id));
      const found = acks.filter((ack) => ack !== null);
      const anchored = anchor ? (await ackOf(anchor[0], anchor[1])) !== null : false;
      return { ack: found.length > 0 ? Math.max(...found) : null, anchored };
    };
    return within(timeoutMs, look());
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

  const wabox = { status, sweep, exists, send, find, pair, logout };
  Object.defineProperty(window, 'wabox', { value: Object.freeze(wabox), configurable: true });
  if (absent.length === 0) {
    subscribe();
    void watch();
  }
  return status();
}
