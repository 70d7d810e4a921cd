// What happens: acks of ours, people's messages; told as they come, and swept up from the store.

// What comes with it, as its writer tells of it.
const FILES = {
  image: 'image', sticker: 'image', video: 'video', ptv: 'video', audio: 'audio', ptt: 'voice', document: 'document',
};
// What is to be seen once is for the phone alone; its file cannot be had here.
const once = (msg) => !!unless(false, () => msg.isViewOnce || msg.subtype === 'view_once_unavailable_fanout');
const attached = (msg) => unless(null, () => {
  const kind = FILES[msg.type];
  if (!kind || once(msg)) return null;
  const { mimetype, filename, size, duration } = msg;
  return { kind, mime: text(mimetype), filename: text(filename), bytes: Number(size), seconds: Number(duration) };
});
// What words of it say; the body of a picture is the picture, small.
const wordsOf = (msg) => text({ chat: msg.body, poll_creation: msg.pollName }[msg.type] ?? msg.caption) || '';
// What is not of a type of its own.
const kindOf = (msg) => {
  if (once(msg)) return 'view_once';
  if (msg.type === 'location' && unless(false, () => msg.isLive)) return 'live_location';
  return msg.type === 'video' && unless(false, () => msg.isGif) ? 'gif' : text(msg.type);
};
// A person's own: of a type that is known, or one that the page itself cannot show, or says that people write it.
const byPeople = (msg) => {
  if (options.written.includes(kindOf(msg))) return true;
  const [type, later] = [text(msg.type), unless(null, () => msg.futureproofType)];
  if (!type || options.silent.includes(type) || options.silent.includes(later)) return false;
  const said = unless(null, () => msg.isUserCreatedType) ??
    unless(null, () => window.require('WAWebMsgGetters').getIsUserCreatedType(msg));
  return type === options.unknown || said === true;
};
// What a reply quotes comes with it, as it was then.
const quoted = (msg, people) => unless(null, () => {
  if (!msg.quotedStanzaID) return null;
  const there = msg.quotedMsg || {};
  const own = !people.includes(digits(msg.quotedParticipant));
  return { id: text(msg.quotedStanzaID), own, kind: kindOf(there), text: wordsOf(there) };
});
// What it is instead of a text; of a card only the lines with names and numbers, for a picture may be on it.
const lines = (vcard) => String(vcard || '').split(/\r?\n/).filter((line) => /^(\w+\.)?(FN|TEL)[;:]/i.test(line));
const CARDS = {
  vcard: (msg) => [{ displayName: msg.vcardFormattedName, vcard: msg.body }],
  multi_vcard: (msg) => Array.from(msg.vcardList).slice(0, 20),
};
const instead = (msg) => unless({}, () => {
  if (msg.type === 'location') return { place: { lat: Number(msg.lat), lng: Number(msg.lng), loc: text(msg.loc) } };
  if (msg.type === 'poll_creation') return { poll: Array.from(msg.pollOptions).map(({ name }) => text(name)) };
  const cards = CARDS[msg.type] ? CARDS[msg.type](msg) : [];
  return { cards: cards.map(({ displayName, vcard }) => ({ name: text(displayName), lines: lines(vcard) })) };
});
const inbound = (msg) => {
  const { own, chat, id } = parts(msg.id);
  if (own || !/@(c\.us|lid)$/.test(chat) || !byPeople(msg)) return null;
  const phone = phoneOf(chat);
  if (phone) numberless.delete(chat);
  else numberless.add(chat);
  return {
    id,
    chat,
    phone,
    lid: lidOf(chat),
    username: usernameOf(chat),
    business: businessOf(chat),
    name: nameOf(msg, chat),
    text: wordsOf(msg),
    kind: kindOf(msg),
    t: msg.t || 0,
    media: attached(msg),
    ...instead(msg),
    quoted: quoted(msg, [digits(chat), phone, lidOf(chat)]),
    edited: !!unless(null, () => msg.latestEditMsgKey),
  };
};
const acked = (key, ack) => {
  const { own, chat, id } = parts(key);
  return own && Number.isInteger(ack) && ack !== 0 ? { id, chat, ack } : null;
};
// Its writer has deleted it for everyone; what we delete is no news.
const withdrawn = (key) => {
  const { own, chat, id } = parts(key);
  return own || !/@(c\.us|lid)$/.test(chat) ? null : { id, chat };
};
const awaited = new Map(); // message id -> who waits for its ack
// A refusal of what is being handed over is for the hand-over to tell: it knows why, and of what attempt it is.
const hear = (key, ack) => {
  const event = acked(key, ack);
  if (!event || (ack < 0 && awaited.has(event.id))) return;
  if (ack >= 1 && awaited.has(event.id)) awaited.get(event.id)(ack);
  if (ack < 0 && performance.now() - fetchedAt > AGAIN_MS) void fetchLimits(); // the account may be why
  tell({ what: 'ack', ...event });
};

const subscribe = () => {
  WPP.on('chat.new_message', (msg) => {
    const event = inbound(msg);
    if (event) tell({ what: 'inbound', ...event });
    phoneWrote(msg);
  });
  // An edit changes the message that is there; its parts may change one after the other.
  const reread = (msg) => setTimeout(() => {
    const event = unless(null, () => msg.latestEditMsgKey) ? inbound(msg) : null;
    if (event) tell({ what: 'inbound', ...event });
  });
  app.MsgStore.on('change:latestEditMsgKey', reread);
  app.MsgStore.on('change:body', reread);
  WPP.on('chat.new_reaction', (told) => {
    const event = unless(null, () => reaction(told));
    if (event) tell({ what: 'reaction', ...event });
  });
  WPP.on('chat.msg_revoke', ({ refId }) => {
    const event = unless(null, () => withdrawn(refId));
    if (event) tell({ what: 'withdrawn', ...event });
  });
  WPP.on('chat.msg_ack_change', ({ ids, ack }) => ids.forEach((key) => hear(key, ack)));
  app.MsgStore.on('change:ack', (msg) => hear(msg.id, msg.ack));
  // The reason is named on the way out, before or after the word itself.
  WPP.on('conn.logout_reason', (reason) => tell({ what: 'logout_reason', reason: text(reason) }));
  hearSteps();
  WPP.on('conn.logout', () => tell({ what: 'logout' }));
  WPP.on('conn.link_code_change', (code) => tell({ what: 'code', code: text(code) }));
  WPP.on('conn.link_code_expired', () => tell({ what: 'code', code: null, reason: 'expired' }));
};
// A deletion leaves its message where it was, however old that is: of all that the page has.
const revokedSince = (linked) =>
  app.MsgStore.getModelsArray().filter((msg) => isRevoked(msg) && (msg.t || 0) >= linked).sort((a, b) => (a.t || 0) - (b.t || 0));
const sweep = async ({ since, linked, limit }) => {
  const fresh = app.MsgStore.getModelsArray().filter((msg) => (msg.t || 0) >= since);
  const newest = fresh.sort((a, b) => (a.t || 0) - (b.t || 0)).slice(-limit);
  return {
    inbound: newest.map(inbound).filter(Boolean),
    withdrawn: revokedSince(linked).slice(-limit).map((msg) => withdrawn(msg.id)).filter(Boolean),
    joined: allJoined(limit),
    used: lastWritten(fresh) || null,
    acks: newest.map((msg) => acked(msg.id, msg.ack)).filter((event) => event && !awaited.has(event.id)),
  };
};
