// The same message handed over once more under its id, as the page itself would.
async ({ chat, key, text }) => {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error('timeout')), 5000));
  const options = { messageId: key, waitForAck: true, createChat: true, linkPreview: false, markIsRead: false };
  try {
    await Promise.race([window.WPP.chat.sendTextMessage(chat, text, options), late]);
    return 'taken';
  } catch {
    return 'thrown';
  }
}
