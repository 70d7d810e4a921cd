// What the page's history says of a message.

const absence = /msg_not_found|chat_not_found/;
const ackOf = async (chat, id) => {
  try {
    const msg = await WPP.chat.getMessageById(ourKey(chat, id));
    return Number(msg.ack || 0);
  } catch (error) {
    if (absence.test(String(error && error.code))) return null;
    throw error;
  }
};
const find = async ({ id, chats, anchor, timeoutMs }) => {
  const look = async () => {
    const inMemory = app.MsgStore.getModelsArray().filter(
      (msg) => parts(msg.id).own && parts(msg.id).id === id,
    );
    const acks = inMemory.map((msg) => Number(msg.ack || 0));
    for (const chat of chats) acks.push(await ackOf(chat, id));
    const found = acks.filter((ack) => ack !== null);
    const anchored = anchor ? (await ackOf(anchor[0], anchor[1])) !== null : false;
    const ack = found.length > 0 ? Math.max(...found) : null;
    return { ack, anchored, underWay: underWay(id) };
  };
  // A page that cannot say is no page that says no; and no answer in time is neither.
  return within(timeoutMs, look()).catch((error) => {
    const reason = String((error && error.message) || error);
    if (reason === 'timeout') throw error;
    return { failed: reason.slice(0, 200) };
  });
};
