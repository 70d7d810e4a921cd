// Receiving: messages and receipts from the server, into the stores and the database.
(function defineReceipts() {
  'use strict';

  function defineReceipt(moduleId, name) {
    __d(moduleId, [], (_g, require, _d, _n, _l, _m, exports) => {
      exports[name] = (receipt) => require('SandboxInbox').applyReceipt(receipt);
    });
  }

  defineReceipt('WAWebHandleChatSimpleReceipt', 'handleChatSimpleReceipt');
  defineReceipt('WAWebHandleGroupSimpleReceipt', 'handleGroupSimpleReceipt');
  defineReceipt('WAWebHandleStatusSimpleReceipt', 'handleStatusSimpleReceipt');
})();

__d('WAWebHandleMsg', [], (_g, require, _d, _n, _l, _m, exports) => {
  exports.handleSingleMsg = async (_wid, message) => require('SandboxInbox').enterMessage(message);
});

__d('SandboxInbox', [
  'SandboxStorage', 'SandboxDirectory', 'SandboxIdentity', 'WAWebMsgCollection', 'WAWebFindChatAction',
], (_g, require, _d, importNamespace, _l, module) => {
  'use strict';

  const storage = require('SandboxStorage');
  const directory = require('SandboxDirectory');
  const identity = require('SandboxIdentity');
  const { MsgCollection } = require('WAWebMsgCollection');
  const { createWid } = require('WAWebWidFactory');
  const MsgKey = require('WAWebMsgKey');
  const CAPTIONED = new Set(['image', 'video', 'document']);
  const INSTEAD = {
    location: ({ lat, lng, loc, live }) => ({ lat, lng, loc, isLive: live }),
    vcard: ({ name, body }) => ({ vcardFormattedName: name, body }),
    multi_vcard: ({ cards }) => ({ vcardList: cards }),
  };
  const ACK_STRINGS = { 2: 'delivery', 3: 'read', 4: 'played' };

  async function personOf(event) {
    if (event.hidden) return createWid(`${event.lid}@lid`);
    if (directory.learn(event.phone, event.lid)) await storage.savePair(event.phone, event.lid);
    return createWid(identity.lidAccounts ? `${event.lid}@lid` : `${event.phone}@c.us`);
  }

  async function takeMessage(event) {
    const person = await personOf(event);
    const me = require('WAWebUserPrefsMeUser');
    const fromMe = Boolean(event.from_me);
    const my = identity.lidAccounts ? me.getMeLidUserOrThrow() : me.getMePnUserOrThrow();
    const key = new MsgKey({ fromMe, remote: person, id: event.id });
    if (MsgCollection.get(key) ?? (await storage.findMessage(key.toString()))) return;
    const content = { ...contentOf(event), ...quoteOf(event, my, person) };
    const message = {
      id: key,
      type: kindOf(event),
      ofPerson: !fromMe,
      ...(event.sealed_ms ? {} : content),
      t: event.t,
      from: fromMe ? my : person,
      to: fromMe ? person : my,
      self: fromMe ? 'out' : 'in',
      ack: event.ack ?? 1,
      isNewMsg: true,
      notifyName: event.name,
    };
    const { ContactCollection } = require('WAWebContactCollection');
    ContactCollection.gadd(person).set({ isBusiness: Boolean(event.business), username: event.username ?? undefined });
    await importNamespace('WAWebHandleMsg').handleSingleMsg(person, message);
    if (event.sealed_ms) setTimeout(() => unseal(key, event, content), event.sealed_ms);
  }

  function kindOf(event) {
    if (event.sealed_ms) return 'ciphertext';
    return event.media ? event.media.type ?? 'document' : 'chat';
  }

  function contentOf(event) {
    if (!event.media) return { body: event.text };
    if (INSTEAD[event.media.type] && !event.text) return INSTEAD[event.media.type](event.media);
    if (event.media.type === 'poll_creation') {
      return { pollName: event.media.question ?? event.text, pollOptions: event.media.options.map((name, localId) => ({ name, localId })) };
    }
    if (event.media.later) return { body: event.text, caption: event.text };
    const { type, mimetype, filename, size, filehash, direct_path: directPath } = event.media;
    const caption = CAPTIONED.has(type) && event.text ? { caption: event.text } : {};
    if (event.media.view_once) return { ...caption, mimetype, isViewOnce: true };
    if (!directPath) return caption;
    const { MediaData } = require('WAWebMediaDataModel');
    const mediaData = new MediaData({ type, mimetype, size, filename, filehash, directPath });
    return { ...caption, mimetype, filename, size, filehash, directPath, mediaData, isGif: event.media.gif };
  }

  // A reply carries what it quotes, small; the body of a picture is no text.
  function quoteOf({ quote }, my, person) {
    if (!quote) return {};
    const said = { chat: { body: quote.text }, poll_creation: { pollName: quote.text } };
    return {
      quotedStanzaID: quote.id,
      quotedParticipant: String(quote.own ? my : person),
      quotedMsg: { type: quote.kind, ...(said[quote.kind] ?? { caption: quote.text, body: '/9j/4AAQ' }) },
    };
  }

  // A message that could not be read at once is the same message once it can.
  async function unseal(key, event, content) {
    const message = MsgCollection.get(key);
    message.set({ ...content, type: kindOf({ ...event, sealed_ms: null }) });
    await storage.saveMessage(message);
  }

  async function takeEdit(event) {
    const { loadMessage } = require('SandboxHistory');
    const key = new MsgKey({ fromMe: false, remote: await personOf(event), id: event.id });
    const message = await loadMessage(key);
    if (!message) return;
    message.set({ body: event.text, latestEditMsgKey: key });
    await storage.saveMessage(message);
  }

  // Clients listen where the page's own store takes it.
  async function takeRevoke(event) {
    const from = await personOf(event);
    const key = (id) => new MsgKey({ fromMe: false, remote: from, id });
    const revoke = {
      id: key(event.revoke),
      type: 'protocol',
      subtype: 'sender_revoke',
      protocolMessageKey: key(event.id),
      from,
      to: require('WAWebUserPrefsMeUser').getMePnUserOrThrow(),
      t: event.t,
      isNewMsg: true,
    };
    await MsgCollection.processMultipleMessages(from, [revoke]);
  }

  // What is left is that there was something.
  async function takeBack(key) {
    const { loadMessage } = require('SandboxHistory');
    const message = await loadMessage(key);
    if (!message) return;
    message.set({ type: 'revoked', subtype: 'sender', body: undefined, caption: undefined, quotedMsg: undefined });
    await storage.saveMessage(message);
  }

  // Clients wrap the function that the page's own store hears it by.
  async function takeReaction(event) {
    const person = await personOf(event);
    const me = require('WAWebUserPrefsMeUser');
    const my = identity.lidAccounts ? me.getMeLidUserOrThrow() : me.getMePnUserOrThrow();
    const key = (fromMe, id) => new MsgKey({ fromMe, remote: person, id }).toString();
    const reaction = {
      msgKey: key(event.by_me, event.id),
      parentMsgKey: key(event.own, event.parent),
      reactionText: event.emoji,
      read: false,
      orphan: 0,
      senderUserJid: String(event.by_me ? my : person),
      t: event.t,
    };
    importNamespace('WAWebReactionsAction').addOrUpdateReactionsModelCollection(reaction, true);
  }

  // Votes enter no chat; clients wrap the function by which the page's own store hears of them.
  async function takeVote(event) {
    const parentMsgKey = new MsgKey({ fromMe: true, remote: await personOf(event), id: event.parent });
    const vote = {
      parentMsgKey,
      msgKey: new MsgKey({ fromMe: false, remote: parentMsgKey.remote, id: event.id }),
      selectedOptionLocalIds: event.options,
      sender: parentMsgKey.remote,
      senderTimestampMs: event.t * 1000,
    };
    await importNamespace('WAWebPollsVotesDb').upsertVotesDb([vote]);
  }

  // What WhatsApp itself puts into a chat is a message there like another, and nobody's.
  async function takeNotice(event) {
    const author = event.phone ? await personOf(event) : undefined;
    const remote = event.chat ? createWid(event.chat) : author;
    const message = {
      id: new MsgKey({ fromMe: false, remote, id: event.id }),
      type: event.type,
      subtype: event.subtype || undefined,
      futureproofType: event.type === 'unknown' ? event.subtype : undefined,
      body: event.text || undefined,
      t: event.t,
      from: remote,
      to: require('WAWebUserPrefsMeUser').getMePnUserOrThrow(),
      author: author === remote ? undefined : author,
      self: 'in',
      ack: 1,
      isNewMsg: true,
    };
    const chat = require('WAWebFindChatAction').openChat(remote);
    await show(chat, message);
    await storage.saveChat(chat);
  }

  async function takeVanishing(event) {
    const chat = require('WAWebFindChatAction').openChat(await personOf(event));
    const now = Math.floor(Date.now() / 1000);
    chat.set({ ephemeralDuration: event.seconds, ephemeralSettingTimestamp: now, goneMs: event.gone_ms });
    await storage.saveChat(chat);
  }

  async function takeMapping({ phone, lid }) {
    if (directory.learn(phone, lid)) await storage.savePair(phone, lid);
  }

  async function enterMessage(fields) {
    const { openChat } = require('WAWebFindChatAction');
    const chat = openChat(fields.id.remote);
    if (!fields.id.fromMe) {
      require('SandboxLimits').wrote(fields.id.remote);
      const known = { pushname: fields.notifyName, name: fields.notifyName };
      require('WAWebContactCollection').ContactCollection.gadd(fields.id.remote).set(known);
      chat.set(known);
    }
    const message = await show(chat, fields);
    if (!fields.id.fromMe) chat.set({ unreadCount: Math.max(0, chat.unreadCount) + 1 });
    await storage.saveChat(chat);
    return message;
  }

  async function show(chat, fields) {
    const lasting = chat.ephemeralDuration ? { ephemeralDuration: chat.ephemeralDuration } : {};
    const [message] = MsgCollection.add({ ...fields, ...lasting }, { silent: true });
    chat.msgs.add(message);
    await storage.saveMessage(message);
    require('SandboxVanishing').plan(message);
    chat.set({ t: fields.t, lastReceivedKey: message.id });
    MsgCollection.trigger('add', message, MsgCollection, {});
    return message;
  }

  // Both go through the module's own export, since clients wrap it there.
  async function takeReceipt(event) {
    const known = await personOf(event);
    const named = { lid: `${event.lid}@lid`, phone: `${event.phone}@c.us` }[event.by];
    await importNamespace('WAWebHandleChatSimpleReceipt').handleChatSimpleReceipt({
      ack: event.ack,
      ackString: ACK_STRINGS[event.ack],
      externalIds: event.ids ?? [event.id],
      from: named ? createWid(named) : known,
      participant: undefined,
      recipient: undefined,
      ts: event.t,
    });
  }

  async function applyReceipt({ ack, externalIds }) {
    const { loadMessage } = require('SandboxHistory');
    for (const id of externalIds) {
      const row = await storage.findByBareId(id);
      const message = row && (await loadMessage(MsgKey.fromString(row.key)));
      if (!message || !message.id.fromMe || ack <= message.ack) continue;
      message.updateAck(ack);
      await storage.saveMessage(message);
    }
  }

  // The server had taken it, and says no all the same.
  async function takeRefusal({ id }) {
    const { loadMessage } = require('SandboxHistory');
    const row = await storage.findByBareId(id);
    const message = row && (await loadMessage(MsgKey.fromString(row.key)));
    if (!message || message.ack > 1) return;
    message.set({ isSendFailure: true });
    message.updateAck(-1, true);
    await storage.saveMessage(message);
  }

  async function take(event) {
    if (event.kind === 'message') await takeMessage(event);
    else if (event.kind === 'edit') await takeEdit(event);
    else if (event.kind === 'revoke') await takeRevoke(event);
    else if (event.kind === 'reaction') await takeReaction(event);
    else if (event.kind === 'vote') await takeVote(event);
    else if (event.kind === 'notice') await takeNotice(event);
    else if (event.kind === 'vanishing') await takeVanishing(event);
    else if (event.kind === 'mapping') await takeMapping(event);
    else if (event.kind === 'nack') await takeRefusal(event);
    else await takeReceipt(event);
  }

  module.exports = { take, takeBack, applyReceipt, enterMessage };
});
