// What enters the page at once, under our key: a text, or a place or somebody's contact card instead.

const giveWords = (chat, key, { body, place, card }) => () => {
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
  return WPP.chat.sendTextMessage(chat, body, how);
};
const onMap = ({ latitude: lat, longitude: lng, name, address }) => ({
  lat,
  lng,
  ...(name ? { name } : {}),
  ...(address ? { address } : {}),
});
