// Chats: finding or opening one, its older messages, its unread count.
__d('WAWebFindChatAction', [
  'WAWebChatCollection', 'WAWebContactCollection', 'SandboxDirectory', 'SandboxIdentity', 'SandboxStorage',
], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const { ChatCollection } = require('WAWebChatCollection');
  const { ContactCollection } = require('WAWebContactCollection');
  const { createWid } = require('WAWebWidFactory');
  const directory = require('SandboxDirectory');
  const identity = require('SandboxIdentity');
  const storage = require('SandboxStorage');

  // An account that was moved to LIDs has its chats under the LID; without a known LID it cannot be opened.
  function chatIdOf(wid) {
    if (!identity.lidAccounts || wid.server !== 'c.us') return wid;
    const lid = directory.getCurrentLid(wid);
    if (!lid) throw new Error(`No LID for user ${wid}`);
    return lid;
  }

  function findExistingChat(wid) {
    return ChatCollection.get(wid) ?? ChatCollection.get(directory.getCurrentLid(wid));
  }

  function restoreChat(id, details) {
    const contact = ContactCollection.gadd(id);
    if (id.isLid()) contact.set({ phoneNumber: directory.getPhoneNumber(id) });
    if (require('SandboxLimits').isBlocked(id)) contact.set({ isContactBlocked: true });
    if (details.pushname) contact.set({ pushname: details.pushname, name: details.pushname });
    return ChatCollection.add({ id, t: Math.floor(Date.now() / 1000), ...details })[0];
  }

  function openChat(id, details = {}) {
    const known = ChatCollection.get(id);
    if (known) return known;
    const chat = restoreChat(id, details);
    storage.saveChat(chat);
    return chat;
  }

  async function findOrCreateLatestChat(value) {
    const id = chatIdOf(createWid(value));
    const existing = ChatCollection.get(id);
    return { chat: existing ?? openChat(id), created: !existing };
  }

  exports.findOrCreateLatestChat = findOrCreateLatestChat;
  exports.findExistingChat = findExistingChat;
  exports.getExisting = findExistingChat;
  exports.openChat = openChat;
  exports.restoreChat = restoreChat;
});

// Messages that do not last: each goes when its time is over, or as fault vanish_ms says.
__d('SandboxVanishing', ['SandboxStorage', 'WAWebMsgCollection', 'WAWebChatCollection'], (
  _g, require, _d, _n, _l, module,
) => {
  'use strict';

  const storage = require('SandboxStorage');
  const { MsgCollection } = require('WAWebMsgCollection');
  const { ChatCollection } = require('WAWebChatCollection');
  const LONGEST_MS = 2 ** 31 - 1;

  function plan(message) {
    if (!message.ephemeralDuration || message.ack === 0) return;
    const lasts = ChatCollection.get(message.id.remote)?.goneMs ?? message.ephemeralDuration * 1000;
    const left = lasts === 0 ? 0 : message.t * 1000 + lasts - Date.now();
    if (left <= LONGEST_MS) setTimeout(drop, Math.max(0, left), message);
  }

  function drop(message) {
    MsgCollection.remove(message);
    ChatCollection.get(message.id.remote)?.msgs.remove(message);
    storage.dropMessage(message.id.toString());
  }

  module.exports = { plan };
});

__d('SandboxHistory', ['SandboxStorage', 'WAWebMsgCollection', 'WAWebChatCollection'], (
  _g, require, _d, _n, _l, module,
) => {
  'use strict';

  const storage = require('SandboxStorage');
  const { MsgCollection } = require('WAWebMsgCollection');
  const { ChatCollection } = require('WAWebChatCollection');
  const { createWid } = require('WAWebWidFactory');
  const MsgKey = require('WAWebMsgKey');

  function modelOf(row) {
    const key = MsgKey.fromString(row.key);
    const [model] = MsgCollection.add({
      ...row.fields,
      id: key,
      from: createWid(row.fields.from),
      to: createWid(row.fields.to),
      ack: row.ack,
      isNewMsg: false,
      rowId: row.rowId,
    });
    ChatCollection.get(key.remote)?.msgs.add(model);
    const { type, mimetype, size, filename, filehash, directPath } = row.fields;
    if (directPath && !model.mediaData) {
      const { MediaData } = require('WAWebMediaDataModel');
      model.set({ mediaData: new MediaData({ type, mimetype, size, filename, filehash, directPath }) });
    }
    require('SandboxVanishing').plan(model);
    return model;
  }

  async function loadMessage(key) {
    const known = MsgCollection.get(key);
    if (known) return known;
    const row = await storage.findMessage(key.toString());
    return row && modelOf(row);
  }

  async function loadChat(chatId, count) {
    const rows = await storage.lastMessages(String(chatId), count);
    return rows.map(modelOf);
  }

  module.exports = { modelOf, loadMessage, loadChat };
});

__d('WAWebChatMessageSearch', ['SandboxHistory', 'WAWebMsgCollection'], (
  _g, require, _d, _n, _l, _m, exports,
) => {
  const history = require('SandboxHistory');
  const { MsgCollection } = require('WAWebMsgCollection');
  exports.getSearchContext = ({ msgKey }) => ({
    collection: {
      loadAroundPromise: history.loadMessage(msgKey),
      get: (key) => MsgCollection.get(key),
    },
  });
});

__d('WAWebDBMessageFindLocal', ['SandboxHistory'], (_g, require, _d, _n, _l, _m, exports) => {
  const history = require('SandboxHistory');

  async function msgFindByDirection({ anchor, count, direction }) {
    const messages = await history.loadChat(anchor.remote, Infinity);
    const place = messages.findIndex((message) => message.id.id === anchor.id);
    const wanted = direction === 'after'
      ? messages.slice(place + 1, place + 1 + count)
      : messages.slice(0, place < 0 ? undefined : place).slice(-count);
    return { messages: wanted, status: 200 };
  }

  exports.msgFindByDirection = msgFindByDirection;
  exports.msgFindBefore = (options) => msgFindByDirection({ ...options, direction: 'before' });
  exports.msgFindAfter = (options) => msgFindByDirection({ ...options, direction: 'after' });
});

__d('WAWebChatLoadMessages', ['SandboxHistory'], (_g, require, _d, _n, _l, _m, exports) => {
  const history = require('SandboxHistory');

  exports.loadEarlierMsgs = async ({ chat }) => {
    const before = chat.msgs.length;
    const messages = await history.loadChat(chat.id, before + 50);
    return messages.length > before ? messages : [];
  };
  exports.loadRecentMsgs = ({ chat }) => history.loadChat(chat.id, 50);
});

__d('WAWebUpdateUnreadChatAction', ['SandboxWire', 'SandboxStorage'], (
  _g, require, _d, _n, _l, _m, exports,
) => {
  const wire = require('SandboxWire');
  const storage = require('SandboxStorage');

  exports.sendSeen = async (options) => {
    const chat = options.chat ?? options;
    if (chat.unreadCount) {
      chat.set({ unreadCount: 0 });
      await storage.saveChat(chat);
      wire.tell('seen', { user: chat.id.user, server: chat.id.server });
    }
    return { status: 200 };
  };
  exports.markUnread = async (chat, unread) => {
    chat.set({ unreadCount: unread ? -1 : 0 });
    await storage.saveChat(chat);
    wire.tell(unread ? 'unread' : 'seen', { user: chat.id.user, server: chat.id.server });
  };
});

__d('WAWebGetEphemeralFieldsMsgActionsUtils', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.getEphemeralFields = ({ ephemeralDuration, ephemeralSettingTimestamp }) =>
    ephemeralDuration ? { ephemeralDuration, ephemeralSettingTimestamp } : {};
});

__d('WAWebPresenceChatAction', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.sendPresenceAvailable = async () => {};
  exports.sendPresenceUnavailable = async () => {};
});

__d('WAWebChatStateBridge', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.sendChatStateComposing = async () => {};
  exports.sendChatStateRecording = async () => {};
  exports.sendChatStatePaused = async () => {};
});

__d('WAWebChatPresence', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.markComposing = async () => {};
  exports.markRecording = async () => {};
  exports.markPaused = async () => {};
});
