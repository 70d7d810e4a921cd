// A message of ours is deleted for everyone.

// wa-js says OK before any server has heard of it: what counts is what the page makes of its own message. Of a message
// that is not the account's own wa-js would delete only the page's copy.
const isRevoked = (msg) => text(msg.type) === 'revoked';
const isMine = (msg) => unless(false, () => msg.senderObj.isMe === true);
const inOneOf = async (chats, keyOf) => {
  for (const chat of chats) {
    const msg = await WPP.chat.getMessageById(keyOf(chat)).catch((error) => {
      if (absence.test(String(error && error.code))) return null;
      throw error;
    });
    if (msg) return { chat, msg };
  }
  return null;
};
const takeBack = async (chats, id, over) => {
  const found = await inOneOf(chats, (chat) => ourKey(chat, id));
  if (!found) return { outcome: 'missing' };
  const { chat, msg } = found;
  if (isRevoked(msg)) return { outcome: 'revoked' };
  if (!isMine(msg)) return { outcome: 'refused', reason: 'not_ours' };
  if (app.Socket.state !== 'CONNECTED') return { outcome: 'failed', reason: 'not_connected' };
  const said = await WPP.chat.deleteMessage(chat, ourKey(chat, id), true, true);
  if (!said.isRevoked) return { outcome: 'refused', reason: text(said.sendMsgResult) };
  while (!isRevoked(msg) && !over()) await wait(options.lookMs);
  return { outcome: 'revoked' };
};
const revoke = async ({ chats, id, timeoutMs }) => {
  let over = false;
  try {
    return await within(timeoutMs, takeBack(chats, id, () => over));
  } catch (error) {
    return { outcome: 'failed', reason: String((error && (error.code || error.message)) || 'error').slice(0, 200) };
  } finally {
    over = true;
  }
};
