// What an ordinary user of whatsapp-web.js does, on the sandbox.
import { join } from 'node:path';

import { arrives, checker, hashOf, pause, PICTURE, until } from './sandbox.mjs';

const SHOP = '8801711000021';
const BILAL = '8801711000022';

function open(wwebjs, sandbox, seen, more = {}) {
  const client = new wwebjs.Client({
    ...more,
    authStrategy: new wwebjs.LocalAuth({ dataPath: join(sandbox.scratch, 'wwebjs') }),
    webVersionCache: { type: 'local', path: join(sandbox.scratch, 'wwebjs-cache') },
    puppeteer: { executablePath: '/usr/bin/chromium', headless: true, args: sandbox.args },
  });
  client.on('qr', (qr) => {
    seen.qrs.push(qr);
    if (seen.qrs.length === 1) setTimeout(() => scan(sandbox, qr), 1000);
  });
  client.on('code', (code) => {
    seen.codes.push(code);
    if (seen.codes.length === 1) {
      setTimeout(() => sandbox.call('POST', '/sandbox/link', { phone: SHOP, name: 'Shop', code }), 1000);
    }
  });
  for (const name of ['authenticated', 'ready', 'disconnected', 'auth_failure']) {
    client.on(name, (detail) => seen.events.push([name, detail]));
  }
  client.on('message', (message) => seen.messages.push(message));
  client.on('message_edit', (message) => seen.changes.push(message.body));
  client.on('message_revoke_everyone', (message) => seen.changes.push(message.type));
  client.on('message_ack', (_message, ack) => seen.acks.push(ack));
  return client;
}

const scan = (sandbox, qr) =>
  sandbox.call('POST', '/sandbox/link', { phone: SHOP, name: 'Shop', qr });

export async function checkWwebjs(wwebjs, sandbox) {
  const check = checker('wwebjs');
  const seen = { qrs: [], codes: [], changes: [], events: [], acks: [], messages: [] };
  const happened = (name) => seen.events.some(([each]) => each === name);
  let client = open(wwebjs, sandbox, seen);
  await client.initialize();
  await until('ready', () => happened('ready'));
  check('links by QR', happened('authenticated') && seen.qrs.length >= 1);
  check('knows who it is', client.info.wid.user === SHOP && client.info.pushname === 'Shop');
  check('is connected', (await client.getState()) === 'CONNECTED');
  const yes = await client.isRegisteredUser(`${BILAL}@c.us`);
  const no = await client.isRegisteredUser('8801711110000@c.us');
  check('knows who is on WhatsApp', yes === true && no === false);
  const id = await client.getNumberId(BILAL);
  check('resolves a number', id._serialized === `${BILAL}@c.us`, id._serialized);
  const sent = await client.sendMessage(`${BILAL}@c.us`, 'hello from wwebjs');
  check('sends', sent.id.fromMe && sent.body === 'hello from wwebjs', sent.id._serialized);
  await until('ack 3', () => seen.acks.includes(3));
  check('hears acks', [1, 2, 3].every((ack) => seen.acks.includes(ack)), seen.acks.join());
  await sandbox.call('POST', '/sandbox/inbound', { from: BILAL, to: SHOP, text: 'hi shop' });
  await until('the message', () => seen.messages.length > 0);
  check('receives', seen.messages[0].body === 'hi shop' && seen.messages[0].from === `${BILAL}@c.us`);
  const between = { from: BILAL, to: SHOP };
  await sandbox.call('POST', '/sandbox/inbound', { ...between, text: 'a look', media: PICTURE });
  await until('the picture', () => seen.messages.some((each) => each.type === 'image'));
  const picture = await seen.messages.find((each) => each.type === 'image').downloadMedia();
  check('fetches a picture', hashOf(picture.data) === hashOf(PICTURE.base64));
  await sandbox.call('POST', '/sandbox/inbound', { ...between, text: 'yes' });
  await until('a word', () => seen.messages.some((each) => each.body === 'yes'));
  await sandbox.call('POST', '/sandbox/edit', { ...between, text: 'STOP' });
  await until('the edit', () => seen.changes.includes('STOP'));
  await sandbox.call('POST', '/sandbox/revoke', between);
  await until('the deletion', () => seen.changes.includes('revoked'));
  check('hears pictures, edits and deletions', seen.changes.length === 2, seen.changes.join());
  await seen.messages[0].reply('thank you');
  const found = await client.getMessageById(sent.id._serialized);
  check('finds its message', found.body === 'hello from wwebjs' && found.ack === 3);
  const chats = await client.getChats();
  check('lists chats', chats.length === 1 && chats[0].id.user === BILAL, String(chats.length));
  const read = await chats[0].fetchMessages({ limit: 10 });
  check('reads a chat', read.length === 5, String(read.length));
  check('opens a chat', (await client.getChatById(`${BILAL}@c.us`)).id.user === BILAL);
  check('opens a contact', (await client.getContactById(`${BILAL}@c.us`)).number === BILAL);
  const media = new wwebjs.MessageMedia('text/plain', 'aGVsbG8=', 'price.txt');
  const file = await client.sendMessage(`${BILAL}@c.us`, media, { caption: 'the prices' });
  const arrived = await arrives(sandbox, BILAL, 'aGVsbG8=');
  check('sends a file', file.hasMedia && arrived.text === 'the prices', file.type);
  await client.sendSeen(`${BILAL}@c.us`);
  await client.destroy();

  seen.events.length = 0;
  client = open(wwebjs, sandbox, seen);
  await client.initialize();
  await until('ready again', () => happened('ready'));
  check('comes back linked', seen.qrs.length === 1);
  const old = await client.getMessageById(sent.id._serialized);
  check('finds it after the restart', old?.ack === 3);
  await client.sendMessage(`${BILAL}@c.us`, 'still here');
  await client.logout();
  await pause(500);
  const state = await sandbox.call('GET', '/sandbox/state');
  check('logs out', state.phones.length === 0);
  await client.destroy().catch(() => null);

  seen.events.length = 0;
  client = open(wwebjs, sandbox, seen, { pairWithPhoneNumber: { phoneNumber: SHOP, intervalMs: 60_000 } });
  await client.initialize();
  await until('ready by code', () => happened('ready'));
  check('links by code', seen.codes.length >= 1 && client.info.wid.user === SHOP, seen.codes.join());
  await client.logout();
  await client.destroy().catch(() => null);
  const { messages } = await sandbox.call('GET', `/sandbox/messages?to=${BILAL}`);
  check('handed everything over once', messages.length === 4 && messages.every((m) => m.copies === 1));
}
