// What this browser keeps between loads, in IndexedDB: keys, link, chats, messages, the LID directory.
__d('SandboxStorage', [], (_g, _r, _d, _n, _l, module) => {
  'use strict';

  const MESSAGE_FIELDS = [
    'type', 'subtype', 'body', 'caption', 't', 'self', 'mimetype', 'filename', 'size', 'filehash',
    'directPath', 'notifyName', 'isSendFailure', 'ephemeralDuration', 'lat', 'lng', 'loc', 'vcardFormattedName',
    'vcardList',
    'isViewOnce', 'isGif', 'isLive', 'quotedStanzaID', 'quotedParticipant', 'quotedMsg', 'pollName', 'pollOptions', 'pollSelectableOptionsCount', 'pollEncKey', 'messageSecret',
  ];
  const CHAT_FIELDS = ['t', 'unreadCount', 'pushname', 'archive', 'pin', 'ephemeralDuration', 'goneMs'];

  function asPromise(request) {
    return new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  const opening = indexedDB.open('wabox-sandbox', 1);
  opening.onupgradeneeded = () => {
    const database = opening.result;
    database.createObjectStore('values');
    database.createObjectStore('directory');
    database.createObjectStore('chats', { keyPath: 'id' });
    const messages = database.createObjectStore('messages', { keyPath: 'key' });
    messages.createIndex('bare', 'bare');
    messages.createIndex('place', ['chat', 'place']);
    messages.createIndex('ack', 'ack');
  };
  const opened = asPromise(opening);
  let lastPlace = 0;
  const places = new Map();

  async function write(store, action) {
    const transaction = (await opened).transaction(store, 'readwrite');
    action(transaction.objectStore(store));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
  }

  async function read(store, action) {
    return asPromise(action((await opened).transaction(store).objectStore(store)));
  }

  // Arrival order within a chat: milliseconds, made unique.
  function placeOf(key) {
    if (!places.has(key)) {
      lastPlace = Math.max(lastPlace + 1, Date.now());
      places.set(key, lastPlace);
    }
    return places.get(key);
  }

  function pick(attributes, names) {
    const picked = {};
    for (const name of names) {
      const value = attributes[name];
      const plain = typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array || name === 'quotedMsg';
      if (value !== undefined && plain) picked[name] = value;
    }
    return picked;
  }

  function saveMessage(message) {
    const key = message.id.toString();
    return write('messages', (store) => store.put({
      key,
      bare: message.id.id,
      chat: message.id.remote.toString(),
      place: placeOf(key),
      ack: message.ack,
      fields: {
        ...pick(message.attributes, MESSAGE_FIELDS),
        from: String(message.from),
        to: String(message.to),
      },
    }));
  }

  function remember(row) {
    if (row) places.set(row.key, row.place);
    return row;
  }

  async function findMessage(key) {
    return remember(await read('messages', (store) => store.get(key)));
  }

  async function findByBareId(id) {
    return remember(await read('messages', (store) => store.index('bare').get(id)));
  }

  async function lastMessages(chat, count) {
    const range = IDBKeyRange.bound([chat, 0], [chat, Number.MAX_SAFE_INTEGER]);
    const rows = await read('messages', (store) => store.index('place').getAll(range));
    return rows.slice(-Math.min(count, rows.length)).map(remember);
  }

  async function newestOfEachChat(count) {
    const rows = await read('messages', (store) => store.getAll());
    const counts = new Map();
    const newest = rows.sort((one, other) => other.place - one.place).filter((row) => {
      counts.set(row.chat, (counts.get(row.chat) ?? 0) + 1);
      return counts.get(row.chat) <= count;
    });
    return newest.reverse().map(remember);
  }

  async function idsWithoutAck() {
    const rows = await read('messages', (store) => store.index('ack').getAll(0));
    return rows.map((row) => row.bare);
  }

  function saveChat(chat) {
    return write('chats', (store) => store.put({
      id: chat.id.toString(),
      fields: pick(chat.attributes, CHAT_FIELDS),
      lastReceivedKey: chat.lastReceivedKey?.toString(),
    }));
  }

  function dropMessage(key) {
    return write('messages', (store) => store.delete(key));
  }

  function forgetMessages() {
    return write('messages', (store) => store.clear());
  }

  async function pairs() {
    const phones = await read('directory', (store) => store.getAllKeys());
    const lids = await read('directory', (store) => store.getAll());
    return phones.map((phone, place) => [phone, lids[place]]);
  }

  async function wipe() {
    for (const store of ['values', 'directory', 'chats', 'messages']) await write(store, (each) => each.clear());
  }

  module.exports = {
    load: (name) => read('values', (store) => store.get(name)),
    save: (name, value) => write('values', (store) => store.put(value, name)),
    savePair: (phone, lid) => write('directory', (store) => store.put(lid, phone)),
    pairs,
    chats: () => read('chats', (store) => store.getAll()),
    saveChat,
    saveMessage,
    dropMessage,
    forgetMessages,
    findMessage,
    findByBareId,
    lastMessages,
    newestOfEachChat,
    idsWithoutAck,
    wipe,
  };
});
