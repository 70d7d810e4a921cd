// Keys, chats, people.

const parts = (key) => {
  const [own, chat, id] = String(key).split('_');
  return { own: own === 'true', chat, id };
};
const ourKey = (chat, id) => `true_${chat}_${id}`;
const stored = (key) => app.MsgStore.get(key) || null;
const chatOf = (id) => unless(null, () => app.ChatStore.get(id) || null);
const digits = (wid) => String(wid).split('@')[0].split(':')[0];
const phoneOf = (chat) => {
  if (chat.endsWith('@c.us')) return digits(chat);
  return unless(null, () => {
    const phone = (app.lidPnCache || fns).getPhoneNumber(app.WidFactory.createWid(chat));
    return phone ? digits(phone) : null;
  });
};
const nameOf = (msg, chat) => {
  const contact = app.ContactStore && app.ContactStore.get(chat);
  return text(msg.notifyName || (contact && (contact.pushname || contact.name)));
};
const lidOf = (chat) => {
  if (chat.endsWith('@lid')) return digits(chat);
  return unless(null, () => {
    const lid = (app.lidPnCache || fns).getCurrentLid(app.WidFactory.createWid(chat));
    return lid ? digits(lid) : null;
  });
};
const usernameOf = (chat) => text(unless(null, () => app.ContactStore.get(chat).username));
const businessOf = (chat) => unless(null, () => {
  const { isBusiness, isEnterprise } = app.ContactStore.get(chat);
  return typeof isBusiness === 'boolean' ? isBusiness || isEnterprise === true : null;
});

// Chats whose number the page did not know when it was asked, and hidden ids that were told with their number.
const numberless = new Set();
const named = new Set();
const joined = (chat) => {
  const phone = chat.endsWith('@lid') && !named.has(chat) ? phoneOf(chat) : null;
  if (!phone) return null;
  named.add(chat);
  numberless.delete(chat);
  return { lid: digits(chat), phone, username: usernameOf(chat) };
};
const reveal = () => [...numberless].map(joined).filter(Boolean).forEach((one) => tell({ what: 'joined', ...one }));
const allJoined = (limit) => {
  const chats = unless(null, () => app.ChatStore.getModelsArray().map((chat) => chat.id.toString())) || [];
  return chats.map(joined).filter(Boolean).slice(0, limit);
};
