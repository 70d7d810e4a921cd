// The text of a message of ours is changed.

// A page that was away may have changed it before: then it is not asked again. What counts is what the page makes of
// its own message.
const change = async (chats, id, words, over) => {
  const found = await inOneOf(chats, (chat) => ourKey(chat, id));
  if (!found) return { outcome: 'missing' };
  const { chat, msg } = found;
  if (text(msg.body) === words) return { outcome: 'edited' };
  if (text(msg.type) !== 'chat') return { outcome: 'refused', reason: text(msg.type) };
  if (app.Socket.state !== 'CONNECTED') return { outcome: 'failed', reason: 'not_connected' };
  await WPP.chat.editMessage(ourKey(chat, id), words, { linkPreview: false, detectMentioned: false, markIsRead: false });
  while (text(msg.body) !== words && !over()) await wait(options.lookMs);
  return { outcome: 'edited' };
};
const edit = async ({ chats, id, words, timeoutMs }) => {
  let over = false;
  try {
    return await within(timeoutMs, change(chats, id, words, () => over));
  } catch (error) {
    const reason = String((error && (error.code || error.message)) || 'error').slice(0, 200);
    return { outcome: reason === 'edit_message_error' ? 'refused' : 'failed', reason };
  } finally {
    over = true;
  }
};
