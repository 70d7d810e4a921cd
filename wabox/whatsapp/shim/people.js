// Keys, chats, people.

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
