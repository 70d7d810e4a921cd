// What an ordinary user of wppconnect does, on the sandbox.
import { join } from 'node:path';

import { arrives, checker, hashOf, pause, PICTURE, until } from './sandbox.mjs';

const SHOP = '8801711000011';
const ASHA = '8801711000012';

function create(wppconnect, sandbox, seen, more = {}) {
  return wppconnect.create({
    ...more,
    session: 'shop',
    catchQR: (_image, _ascii, _attempt, url) => {
      seen.qrs.push(url);
      if (seen.qrs.length === 1) setTimeout(() => scan(sandbox, url), 1000);
    },
    statusFind: (status) => seen.statuses.push(status),
    headless: true,
    logQR: false,
    disableWelcome: true,
    updatesLog: false,
    folderNameToken: join(sandbox.scratch, 'tokens'),
    puppeteerOptions: {
      executablePath: '/usr/bin/chromium',
      args: sandbox.args,
      userDataDir: join(sandbox.scratch, 'wppconnect'),
    },
    browserArgs: sandbox.args,
  });
}

const scan = (sandbox, qr) =>
  sandbox.call('POST', '/sandbox/link', { phone: SHOP, name: 'Shop', qr });

export async function checkWppconnect(wppconnect, sandbox) {
  const check = checker('wppconnect');
  const seen = { qrs: [], statuses: [], acks: [], messages: [] };
  let client = await create(wppconnect, sandbox, seen);
  check('links by QR', seen.statuses.includes('qrReadSuccess'), seen.statuses.join());
  check('is logged in', await client.isLoggedIn());
  check('is connected', (await client.getConnectionState()) === 'CONNECTED');
  client.onAck((ack) => seen.acks.push(ack.ack));
  client.onMessage((message) => seen.messages.push(message));
  const yes = await client.checkNumberStatus(`${ASHA}@c.us`);
  const no = await client.checkNumberStatus('8801711110000@c.us');
  check('knows who is on WhatsApp', yes.numberExists === true && no.numberExists === false);
  const sent = await client.sendText(`${ASHA}@c.us`, 'hello from wppconnect');
  check('sends', sent.ack >= 0 && Boolean(sent.id), JSON.stringify([sent.id, sent.ack]));
  await until('ack 3', () => seen.acks.includes(3));
  check('hears acks', [1, 2, 3].every((ack) => seen.acks.includes(ack)), seen.acks.join());
  await sandbox.call('POST', '/sandbox/inbound', { from: ASHA, to: SHOP, text: 'hi shop' });
  await until('the message', () => seen.messages.some((message) => message.body === 'hi shop'));
  const [message] = seen.messages.filter((each) => each.body === 'hi shop');
  check('receives', message.from === `${ASHA}@c.us`, message.from);
  const revoked = [];
  client.onRevokedMessage((each) => revoked.push(each));
  const between = { from: ASHA, to: SHOP };
  await sandbox.call('POST', '/sandbox/inbound', { ...between, text: 'a look', media: PICTURE });
  await until('the picture', () => seen.messages.some((each) => each.type === 'image'));
  const picture = await client.downloadMedia(seen.messages.find((each) => each.type === 'image').id);
  check('fetches a picture', hashOf(picture.split(',')[1]) === hashOf(PICTURE.base64));
  await sandbox.call('POST', '/sandbox/revoke', between);
  await until('the deletion', () => revoked.length > 0);
  check('hears pictures and deletions', true);
  const found = await client.getMessageById(sent.id);
  check('finds its message', found.body === 'hello from wppconnect' && found.ack === 3);
  const file = await client.sendFile(
    `${ASHA}@c.us`, 'data:text/plain;base64,aGVsbG8=', 'price.txt', 'the prices');
  const arrived = await arrives(sandbox, ASHA, 'aGVsbG8=');
  check('sends a file', Boolean(file.id) && arrived.text === 'the prices', String(file.id));
  const chats = await client.listChats();
  check('lists chats', chats.length === 1 && chats[0].id.user === ASHA, String(chats.length));
  check('reads a chat', (await client.getMessages(`${ASHA}@c.us`, { count: 10 })).length >= 3);
  await client.close();

  seen.statuses.length = 0;
  client = await create(wppconnect, sandbox, seen);
  check('comes back linked', seen.statuses.includes('isLogged'), seen.statuses.join());
  const old = await client.getMessageById(sent.id);
  check('finds it after the restart', old.ack === 3 && old.body === 'hello from wppconnect');
  const again = await client.sendText(`${ASHA}@c.us`, 'still here');
  check('sends again', Boolean(again.id));
  check('logs out', await client.logout());
  await pause(500);
  const state = await sandbox.call('GET', '/sandbox/state');
  check('is unlinked at the server', state.phones.length === 0);
  await client.close();

  seen.statuses.length = 0;
  const codes = [];
  client = await create(wppconnect, sandbox, seen, {
    phoneNumber: SHOP,
    catchLinkCode: (code) => {
      codes.push(code);
      if (codes.length > 1) return;
      setTimeout(() => sandbox.call('POST', '/sandbox/link', { phone: SHOP, name: 'Shop', code }), 1000);
    },
  });
  check('links by code', codes.length >= 1 && (await client.isLoggedIn()), codes.join());
  await client.logout();
  await client.close();
  const { messages } = await sandbox.call('GET', `/sandbox/messages?to=${ASHA}`);
  check('handed everything over once', messages.length === 3 && messages.every((m) => m.copies === 1));
}
