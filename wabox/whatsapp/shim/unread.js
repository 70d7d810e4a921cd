// The page marks a chat as read at each send; what a person asked must not vanish under an automatic message.

const unreadIn = (chat) => unless(0, () => Number(chatOf(chat).unreadCount) || 0);
const unreadAgain = async (chat, before) => {
  if (before === 0 || unreadIn(chat) !== 0) return;
  await within(options.lookMs + 2000, Promise.resolve().then(() => WPP.chat.markIsUnread(chat))).catch(() => {});
};
// What the page has entered and not sent goes by the page's own way; a second model under the same id is not it.
const again = (chat, msg) => {
  const { resendMsgToChat } = optional('WAWebSendMsgChatAction');
  const model = chatOf(chat);
  if (!msg || Number(msg.ack || 0) !== 0 || !model || typeof resendMsgToChat !== 'function') return null;
  return async () => {
    const sent = await resendMsgToChat(model, Promise.resolve(msg));
    const now = stored(msg.id);
    return { ack: Number((now && now.ack) || 0), sendMsgResult: sent };
  };
};
