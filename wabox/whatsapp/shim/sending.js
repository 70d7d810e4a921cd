// Is this number on WhatsApp, and what became of a hand-over.

const known = async (phone) => {
  const wid = app.WidFactory.createWid(`${phone}@c.us`);
  const found = await fns.queryWidExists(wid);
  if (!found) return { answer: 'no' };
  const chat = await WPP.chat.find(found.wid || wid);
  const ids = [wid, found.wid, found.lid].filter(Boolean).map(String);
  const id = chat.id.toString();
  return { answer: 'yes', chat: id, others: [...new Set(ids)].filter((one) => one !== id), warm: warm(chat) };
};
const tooMany = (error) =>
  [error.status, error.statusCode, error.code].some((code) => Number(code) === 429) ||
  /rate-overlimit/.test(String(error.message));
const exists = ({ phone, timeoutMs }) =>
  within(timeoutMs, known(phone)).catch((error) => ({
    answer: 'unknown',
    reason: error && tooMany(error) ? 'too_many_checks' : String(error && error.message),
  }));

// A hand-over ends in one of five ways; whatever is not plain is `in_doubt`.
// A refusal says nothing about an earlier attempt under the same id, unless that was plainly refused, too.
const refused = new Set();
const verdict = (ack, result, again) => {
  if (ack >= 1 || (result === 'OK' && !(ack < 0))) return 'acked';
  const plain = ack < 0 && !again && result !== 'ERROR_NETWORK' && result !== 'OK';
  return plain ? 'refused' : 'in_doubt';
};
// What the page knows of a hand-over that is not plain, for the log: names only.
const failure = (msg, from) => unless(null, () => ({
  sendFailure: !!(msg && msg.isSendFailure),
  error: text((from && from.error && from.error.name) || (from instanceof Error && from.name) || null),
}));
const send = async (question) => {
  const key = ourKey(question.chat, question.id);
  const given = await give(question);
  const said = question.file ? endOf(question.id, key, given) : given;
  refused.delete(question.id);
  if (said.outcome === 'held' && said.wasRefused) refused.add(question.id);
  if (said.outcome !== 'refused') return said;
  refused.add(question.id);
  if (question.file && said.reason && said.reason !== 'error_unknown') return said; // the server was not asked
  return { ...said, ...(await refusal(question.chat, stored(key))) };
};
const give = async ({ chat, id, text: body, file, place, card, poll, timeoutMs }) => {
  const key = ourKey(chat, id);
  const before = stored(key);
  if (before && before.ack >= 1) return { outcome: 'acked' };
  if (file && uploads.has(id)) return { outcome: 'in_doubt', reason: 'page_not_fresh' };
  if (!fns.isAuthenticated() || app.Socket.state !== 'CONNECTED') {
    return { outcome: before ? 'in_doubt' : 'not_entered', reason: 'not_connected' };
  }
  const against = closed(chat);
  if (against) return { outcome: 'held', ...against, wasRefused: refused.has(id) };
  const second = !!before && !refused.has(id);
  const unread = unreadIn(chat);
  let entered = !!before;
  const notice = (msg) => (entered = entered || String(msg.id) === key);
  app.MsgStore.on('add', notice);
  const receipt = new Promise((resolve) => awaited.set(id, (ack) => resolve({ ack })));
  let over = false;
  if (file) uploads.set(id, key);
  const resent = second && (!file || isUploaded(before)) ? again(chat, before) : null;
  const fresh = file ? giveFile(chat, key, body, file) : giveWords(chat, key, { body, place, card, poll });
  const answer = resent || fresh;
  const seen = file ? [ended(key, file.bytes, () => over)] : [];
  try {
    // The answer may be lost while the receipt comes: either says that the server has it.
    const sent = await within(timeoutMs, Promise.race([answer(), receipt, ...seen]));
    const result = text(sent.sendMsgResult && sent.sendMsgResult.messageSendResult);
    const now = stored(key);
    const ack = sent.ack >= 1 || !now ? sent.ack : now.ack;
    const outcome = verdict(ack, result, second);
    return { outcome, reason: result && result.toLowerCase(), entered, failure: failure(now, sent.sendMsgResult) };
  } catch (error) {
    const reason = String((error && (error.code || error.message)) || 'error').slice(0, 200);
    const now = stored(key);
    if (now) return { outcome: verdict(now.ack, null, second), reason, entered, failure: failure(now, error) };
    return { outcome: entered || reason === 'timeout' ? 'in_doubt' : 'not_entered', reason, entered };
  } finally {
    over = true;
    app.MsgStore.off('add', notice);
    awaited.delete(id);
    await unreadAgain(chat, unread);
  }
};
