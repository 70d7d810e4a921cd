// What enters the page at once, under our key: a text, or a place, somebody's contact card or a poll instead.

const giveWords = (chat, key, { body, place, card, poll }) => () => {
  const how = {
    messageId: key,
    waitForAck: true,
    createChat: true,
    linkPreview: false,
    markIsRead: false,
    detectMentioned: false,
  };
  if (place) return WPP.chat.sendLocationMessage(chat, { ...how, ...onMap(place) });
  if (card) return WPP.chat.sendVCardContactMessage(chat, [{ id: `${card.phone}@c.us`, name: card.name }], how);
  if (poll) return giveAsked(chat, poll, how);
  return WPP.chat.sendTextMessage(chat, body, how);
};
// Chosen may be one, or with 0 as many as one likes.
const giveAsked = (chat, { question, options: answers, many }, how) =>
  WPP.chat.sendCreatePollMessage(chat, question, answers, { ...how, selectableCount: many ? 0 : 1 });
const onMap = ({ latitude: lat, longitude: lng, name, address }) => ({
  lat,
  lng,
  ...(name ? { name } : {}),
  ...(address ? { address } : {}),
});
