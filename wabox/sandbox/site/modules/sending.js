// Sending: a message enters the store and the database, then a job in memory hands it to the server.
__d('SandboxOutbox', ['SandboxWire', 'SandboxStorage', 'WAWebMsgCollection'], (
  _g, require, _d, _n, _l, module,
) => {
  'use strict';

  const wire = require('SandboxWire');
  const storage = require('SandboxStorage');
  const jobs = new Map();

  function contentOf(message) {
    return {
      id: message.id.id,
      to: { user: message.to.user, server: message.to.server },
      type: message.type,
      text: message.body ?? '',
      caption: message.caption,
      media: message.mimetype && {
        mimetype: message.mimetype,
        filename: message.filename,
        size: message.size,
        direct_path: message.directPath,
      },
      poll: message.type === 'poll_creation' ? {
        name: message.pollName ?? '',
        options: (message.pollOptions ?? []).map((option) => option.name),
        selectable: message.pollSelectableOptionsCount ?? 0,
      } : undefined,
      place: message.type === 'location' ? { lat: message.lat, lng: message.lng, loc: message.loc ?? '' } : undefined,
    };
  }

  // The job lives in this page only: a killed page forgets it, a page whose server was away hands over again.
  function handOver(message) {
    return new Promise((resolve, reject) => {
      const job = jobs.get(message.id.id) ?? { message, resolvers: [], rejecters: [] };
      job.resolvers.push(resolve);
      job.rejecters.push(reject);
      jobs.set(message.id.id, job);
      attempt(job);
    });
  }

  async function attempt(job) {
    if (require('SandboxUpload').isStuck()) return; // what comes behind a stuck upload waits with it
    if (require('SandboxLimits').isBlocked(job.message.to)) {
      jobs.delete(job.message.id.id);
      for (const reject of job.rejecters) reject(new Error('Contact is blocked'));
      return;
    }
    try {
      finish(job.message.id.id, await wire.ask('send', contentOf(job.message), { keep: false }));
    } catch (error) {
      if (!error.connectionLost) finish(job.message.id.id, { refused: 'ERROR_UNKNOWN' });
    }
  }

  async function finish(id, answer) {
    const job = jobs.get(id);
    if (!job) return;
    jobs.delete(id);
    const refused = answer.refused;
    if (refused) job.message.set({ isSendFailure: true, errorCode: answer.code });
    if (answer.code) require('SandboxLimits').refusedWith(answer.code);
    job.message.updateAck(refused ? -1 : 1, Boolean(refused));
    if (answer.t) job.message.set({ t: answer.t });
    await storage.saveMessage(job.message);
    require('SandboxVanishing').plan(job.message);
    for (const resolve of job.resolvers) {
      resolve({ messageSendResult: refused ?? 'OK', t: answer.t ?? job.message.t });
    }
  }

  // After a reconnection the server says which of the waiting ids it has; the others are handed over again.
  function resume(known) {
    for (const [id, job] of [...jobs]) {
      if (known[id]) finish(id, { t: job.message.t });
      else attempt(job);
    }
  }

  module.exports = { handOver, resume, waitingIds: () => [...jobs.keys()] };
});

__d('WAWebSendMsgChatAction', [
  'SandboxOutbox', 'SandboxStorage', 'WAWebMsgCollection', 'WAWebMsgModel',
], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const outbox = require('SandboxOutbox');
  const storage = require('SandboxStorage');
  const { MsgCollection } = require('WAWebMsgCollection');

  const { sending } = require('SandboxWire');
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  function enter(chat, raw) {
    const fields = raw.attributes ?? raw;
    const known = MsgCollection.get(fields.id);
    if (known && sending.second_add === 'throw') throw new Error('a model of this id is in the collection');
    if (known && known.ack <= 0) known.updateAck(0, true);
    return known ?? MsgCollection.add({ ...fields, to: fields.to ?? chat.id, ack: 0 })[0];
  }

  async function store(chat, message) {
    await storage.saveMessage(message);
    chat.msgs.add(message);
    chat.set({ t: message.t, lastReceivedKey: message.id });
    await storage.saveChat(chat);
    return message;
  }

  // As the real page does: whoever writes has read.
  async function see(chat) {
    if (sending.send_seen === false) return;
    await require('WAWebUpdateUnreadChatAction').sendSeen({ chat });
  }

  async function enterInto(chat, raw) {
    if (sending.enter_ms) await wait(sending.enter_ms);
    return store(chat, enter(chat, raw));
  }

  async function handOver(chat, message) {
    await see(chat);
    return outbox.handOver(message);
  }

  // Not async on purpose: callers take the two promises apart at once.
  function addAndSendMsgToChat(chat, raw) {
    const late = sending.enter_ms ? wait(sending.enter_ms) : null;
    const entered = late ? late.then(() => enter(chat, raw)) : enter(chat, raw);
    const stored = Promise.resolve(entered).then((message) => store(chat, message));
    return [stored, stored.then((message) => handOver(chat, message))];
  }

  async function resendMsgToChat(chat, promise) {
    const message = await promise;
    if (message.mimetype && !message.directPath) throw new Error('the file is not uploaded');
    if (message.ack <= 0) message.updateAck(0, true);
    return handOver(chat, message);
  }

  Object.assign(exports, { enterInto, handOver });
  exports.addAndSendMsgToChat = addAndSendMsgToChat;
  exports.resendMsgToChat = resendMsgToChat;
});

// A message of ours is taken back for everybody: it changes here once the server has done so.
__d('SandboxRevoking', ['SandboxWire', 'SandboxInbox'], (_g, require, _d, _n, _l, module) => {
  'use strict';

  async function revoke(message) {
    const { user, server } = message.to;
    try {
      await require('SandboxWire').ask('revoke', { id: message.id.id, to: { user, server } }, { keep: false });
    } catch {
      return; // it was not taken back, and the page has said nothing of it
    }
    await require('SandboxInbox').takeBack(message.id);
  }

  module.exports = { revoke };
});

// The text of a message of ours is changed: here once the server has done so.
__d('WAWebMsgActionCapability', [], (_g, _r, _d, _n, _l, _m, exports) => {
  const MOST_SECONDS = 15 * 60;
  const isYoung = (message) => Date.now() / 1000 - message.t < MOST_SECONDS;
  exports.canReplyMsg = () => true;
  exports.canEditText = (message) => message.isSentByMe && message.type === 'chat' && message.ack >= 1 && isYoung(message);
  exports.canEditCaption = () => false;
});

__d('WAWebSendMessageEditAction', ['SandboxWire', 'SandboxStorage'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  exports.addAndSendMessageEdit = async (message, change) => {
    const { user, server } = message.to;
    const asked = { id: message.id.id, to: { user, server }, text: change.body };
    try {
      await require('SandboxWire').ask('edit', asked, { keep: false });
    } catch {
      return; // it was not changed, and the page has said nothing of it
    }
    message.set({ body: change.body, latestEditMsgKey: change.id });
    await require('SandboxStorage').saveMessage(message);
  };
});

// An emoji to a message; the server says whether it took it.
__d('WAWebSendReactionMsgAction', ['SandboxWire'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  exports.sendReactionToMsg = async (message, emoji) => {
    const { user, server } = message.id.remote;
    const asked = { id: message.id.id, to: { user, server }, from_me: message.id.fromMe, emoji };
    try {
      await require('SandboxWire').ask('react', asked, { keep: false });
      return { messageSendResult: 'OK' };
    } catch (error) {
      return { messageSendResult: error.connectionLost ? 'ERROR_NETWORK' : 'ERROR_UNKNOWN' };
    }
  };
});

__d('WAWebSendTextMsgChatAction', ['WAWebSendMsgChatAction', 'WAWebUserPrefsMeUser', 'WAWebMsgKey'], (
  _g, require, _d, _n, _l, _m, exports,
) => {
  'use strict';

  const MsgKey = require('WAWebMsgKey');
  const me = require('WAWebUserPrefsMeUser');

  exports.sendTextMsgToChat = async (chat, text) => {
    const from = chat.id.isLid() ? me.getMeLidUserOrThrow() : me.getMePnUserOrThrow();
    const id = new MsgKey({ from, to: chat.id, id: await MsgKey.newId(), selfDir: 'out' });
    const [, sent] = require('WAWebSendMsgChatAction').addAndSendMsgToChat(chat, {
      id,
      from,
      to: chat.id,
      type: 'chat',
      body: text,
      self: 'out',
      isNewMsg: true,
      t: Math.floor(Date.now() / 1000),
    });
    return sent;
  };
});
