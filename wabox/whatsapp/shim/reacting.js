// An emoji to a message, ours and theirs.

// Theirs is whose chat it is; whatever else reacts in a talk with one person is the account itself.
const isTheirs = (sender, chat) =>
  sender === chat || [phoneOf(chat), lidOf(chat)].includes(digits(sender));
const reaction = ({ msgId, reactionText, sender }) => {
  const { own, chat, id } = parts(msgId);
  if (!/@(c\.us|lid)$/.test(chat)) return null;
  return { own, chat, id, emoji: text(reactionText) || '', by_us: !isTheirs(text(sender) || '', chat) };
};
const put = async (chats, keyOf, emoji) => {
  const found = await inOneOf(chats, keyOf);
  if (!found) return { outcome: 'missing' };
  if (app.Socket.state !== 'CONNECTED') return { outcome: 'failed', reason: 'not_connected' };
  const sent = await WPP.chat.sendReactionToMessage(keyOf(found.chat), emoji);
  const result = text(sent.sendMsgResult && sent.sendMsgResult.messageSendResult);
  return result === 'OK' ? { outcome: 'reacted' } : { outcome: 'refused', reason: result && result.toLowerCase() };
};
const react = ({ chats, id, own, emoji, timeoutMs }) =>
  within(timeoutMs, put(chats, (chat) => `${own}_${chat}_${id}`, emoji)).catch((error) => ({
    outcome: 'failed',
    reason: String((error && (error.code || error.message)) || 'error').slice(0, 200),
  }));
