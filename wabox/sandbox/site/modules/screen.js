// What a person sees: the QR or code to link with, then chats and messages.
__d('SandboxScreen', [], (_g, require, _d, _n, _l, module) => {
  'use strict';

  const { Conn } = require('WAWebConnModel');
  const { ChatCollection } = require('WAWebChatCollection');
  const { MsgCollection } = require('WAWebMsgCollection');
  const TICKS = { '-1': '!', 0: '🕓', 1: '✓', 2: '✓✓', 3: '✓✓ read' };
  const WORDS = {
    en: { passkey: 'Use your passkey', go: 'Continue', prove: 'Prove that it is you' },
    bn: { passkey: 'আপনার পাসকি ব্যবহার করুন', go: 'চালিয়ে যান', prove: 'প্রমাণ করুন যে এটি আপনি' },
  };
  const words = (name) => WORDS[require('SandboxSettings').locale][name];
  let openedChat = null;

  function element(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }

  // The class names are the ones that older clients tell the two screens apart by.
  function show(name, ...nodes) {
    const screen = element('div', {}, element('div', { class: name }, ...nodes));
    document.getElementById('app').replaceChildren(screen);
  }

  async function qrText() {
    const { encodeB64 } = require('WABase64');
    const { keys } = require('SandboxIdentity');
    const secret = require('WAWebUserPrefsMultiDevice').getADVSecretKey();
    return [Conn.ref, encodeB64(keys.noise.buffer), encodeB64(keys.identity.buffer), secret].join(',');
  }

  function draw(canvas, rows) {
    const scale = 5;
    canvas.width = rows.length * scale;
    canvas.height = rows.length * scale;
    const context = canvas.getContext('2d');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = '#111b21';
    rows.forEach((row, y) => [...row].forEach((dark, x) => {
      if (dark === '1') context.fillRect(x * scale, y * scale, scale, scale);
    }));
  }

  async function showQr() {
    const text = await qrText();
    const answer = await fetch(`/sandbox/qr?text=${encodeURIComponent(text)}`);
    if (!Conn.ref || !text.startsWith(Conn.ref)) return;
    const canvas = element('canvas', { 'aria-label': 'Scan this QR code to link a device', role: 'img' });
    draw(canvas, await answer.json());
    show(
      'landing-wrapper',
      element('h1', {}, 'Link a sandbox phone'),
      element('div', { 'data-ref': text, class: 'qr' }, canvas),
      element('p', {}, 'Open ', element('a', { href: '/phones', target: '_blank' }, 'the phones page'),
        ', pick a phone and scan this code.'),
    );
  }

  function showCode(code) {
    document.querySelector('[data-link-code]')?.remove();
    if (!code) return;
    document.getElementById('app').append(
      element('p', { 'data-link-code': code, class: 'code' }, `${code.slice(0, 4)}-${code.slice(4)}`),
    );
  }

  // No dialog, and nothing but its name in the markup says what it is: so is the real one.
  function showPasskey(code) {
    show(
      'landing-wrapper',
      element('div', { 'data-testid': 'shortcake_passkey_screen' },
        element('h1', {}, words('passkey')),
        element('p', { 'data-testid': 'shortcake_verification_code' }, code),
        element('button', { type: 'button' }, words('go'))),
    );
  }

  function showCheckpoint(type) {
    document.querySelector('[data-testid="integrity-checkpoint"]')?.remove();
    if (!type) return;
    document.body.append(
      element('div', { role: 'dialog', 'aria-modal': 'true', 'data-testid': 'integrity-checkpoint' },
        element('h1', {}, words('prove')), element('button', { type: 'button' }, words('go'))),
    );
  }

  function chatRow(chat) {
    const last = chat.msgs.last();
    const row = element('button', { class: 'chat', type: 'button' },
      element('strong', {}, chat.formattedTitle ?? chat.id.user),
      element('span', {}, (last?.body ?? '').slice(0, 60)));
    if (chat.unreadCount > 0) row.append(element('em', {}, String(chat.unreadCount)));
    row.addEventListener('click', () => openChat(chat));
    return row;
  }

  function bubble(message) {
    const tick = message.id.fromMe ? ` ${TICKS[message.ack] ?? ''}` : '';
    return element('li', { class: message.id.fromMe ? 'out' : 'in' },
      message.body ?? message.caption ?? '', element('small', {}, tick));
  }

  function render() {
    const pane = document.getElementById('pane-side');
    if (!pane) return;
    const newest = ChatCollection.getModelsArray().sort((one, other) => other.t - one.t);
    const rows = newest.slice(0, 50).map(chatRow);
    pane.replaceChildren(...(rows.length ? rows : [element('p', {}, 'Linked. No chats yet.')]));
    const messages = openedChat ? openedChat.msgs.getModelsArray().slice(-50) : [];
    document.getElementById('main').replaceChildren(...messages.map(bubble));
  }

  let due = false;
  function renderSoon() {
    if (due) return;
    due = true;
    setTimeout(() => {
      due = false;
      render();
    }, 100);
  }

  function showChats() {
    show(
      'app two',
      element('div', { id: 'pane-side', 'aria-label': 'Chat list' }),
      element('ul', { id: 'main', 'aria-label': 'Messages' }),
    );
    renderSoon();
  }

  function openChat(chat) {
    openedChat?.set({ active: false });
    openedChat = chat;
    chat?.set({ active: true });
    renderSoon();
  }

  function notice(id, wanted, ...children) {
    document.querySelector(`[data-testid="${id}"]`)?.remove();
    if (wanted) document.body.prepend(element('div', { 'data-testid': id, role: 'alert' }, ...children));
  }

  function showConflict(wanted) {
    const button = element('button', { type: 'button' }, 'Use here');
    button.addEventListener('click', () => require('SandboxApp').takeover());
    notice('conflict', wanted, 'WhatsApp is open in another window. ', button);
  }

  // A bar, no dialog: what it says is in the reader's language and has no date that a program could read.
  function showLimits() {
    const { locked, capped } = require('SandboxLimits').state();
    document.querySelector('[data-testid="butterbar"]')?.remove();
    const text = locked ? 'You can’t start new chats for now.' : 'You have started many new chats this month.';
    if (locked || capped) document.body.prepend(element('div', { 'data-testid': 'butterbar' }, text));
  }

  ChatCollection.on('add change remove', renderSoon);
  MsgCollection.on('add change', renderSoon);

  module.exports = { showQr, showCode, showPasskey, showCheckpoint, showChats, openChat, showConflict, showLimits };
});
