// One phone in the hand: link a device, read, write, STOP, unlink, switch off.
import { act, call, element } from '/sandbox/site/phones/control.js';
import { deeds, gone, writeForm } from '/sandbox/site/phones/writing.js';

const panel = document.getElementById('phone');
const TICKS = { 1: '✓ on its way', 2: '✓✓ delivered', 3: '✓✓ read' };
// What a chat shows and no person wrote, by WhatsApp's types.
const NOTICES = [
  ['A message is pinned', { kind: 'pinned_message' }],
  ['The security code changed', { kind: 'e2e_notification', subtype: 'identity' }],
  ['A call was missed', { kind: 'call_log', subtype: 'miss' }],
  ['The business account changed', { kind: 'notification_template', subtype: 'biz_name_change' }],
  ['A group was made', { kind: 'gp2', subtype: 'create' }],
  ['Messages vanish from now on', { kind: 'protocol', subtype: 'ephemeral_setting' }],
  ['A message that cannot be read', { kind: 'ciphertext' }],
  ['A type that nobody knows', { kind: 'of_tomorrow' }],
  ['WhatsApp itself writes', { chat: 'whatsapp', kind: 'chat' }],
  ['A status', { chat: 'status', kind: 'chat' }],
  ['A group writes', { chat: 'group', kind: 'chat' }],
  ['A channel writes', { chat: 'newsletter', kind: 'chat' }],
];
let drawnFor = null;

function button(text, click, attributes = {}) {
  return element('button', { type: 'button', click, ...attributes }, text);
}

function pageRow(phone, page) {
  const scan = () => act(() => call('POST', '/sandbox/link', { phone: phone.phone, name: phone.name, qr: page.qr }),
    'Scanned.');
  const what = page.code_phone === phone.phone ? `Code ${page.code}` : `QR of page ${page.id}`;
  return element('div', {}, `${what} `, button('Scan this QR', scan, { class: 'main' }));
}

function linkForms(phone) {
  const submit = (name) => (event) => {
    event.preventDefault();
    const text = event.target.elements[name].value;
    act(() => call('POST', '/sandbox/link', { phone: phone.phone, name: phone.name, [name]: text }), 'Sent.');
  };
  return [
    element('form', { submit: submit('qr') },
      element('label', {}, 'Or paste the text of a QR', element('input', { name: 'qr', required: true })),
      element('button', {}, 'Scan it')),
    element('form', { submit: submit('code') },
      element('label', {}, 'Or enter a pairing code',
        element('input', { name: 'code', required: true, maxlength: 9, autocomplete: 'off' })),
      element('button', {}, 'Enter it')),
  ];
}

function frame(phone) {
  panel.hidden = false;
  panel.replaceChildren(
    element('h2', {}, `${phone.name}, +${phone.phone}`),
    element('div', { id: 'devices' }),
    element('h3', {}, 'Messages'),
    element('ul', { class: 'messages', id: 'messages', tabindex: '0', 'aria-label': 'Messages' }),
    writeForm(phone),
    element('details', { id: 'unwritten' }, element('summary', {}, 'Show what nobody wrote'),
      ...NOTICES.map(([says, what]) => button(says, () => notice(phone, what)))),
    element('details', {}, element('summary', {}, 'Link a device to this phone'),
      element('div', { id: 'waiting' }), ...linkForms(phone)),
  );
}

function notice(phone, what) {
  const to = document.getElementById('to').value;
  return act(() => call('POST', '/sandbox/notice', { from: phone.phone, to, text: 'STOP', ...what }), 'Shown.');
}

function drawDevices(phone, pages) {
  const unlink = () => act(() => call('POST', '/sandbox/unlink', { phone: phone.phone }), 'Unlinked.');
  const turn = () => act(() => call('PUT', '/sandbox/phone', { phone: phone.phone, on: !phone.on }), 'Switched.');
  const passkey = () => act(() => call('POST', '/sandbox/passkey'), 'Answered.');
  const nodes = phone.devices.map((device) => element('p', { class: 'quiet' },
    `Linked device ${device.device}: ${device.connected ? 'connected' : 'away'}`));
  nodes.push(button(phone.on ? 'Switch this phone off' : 'Switch this phone on', turn));
  if (phone.linked) nodes.push(button('Unlink all devices', unlink));
  if (pages.some((page) => page.state === 'passkey')) nodes.push(button('Answer the passkey question', passkey));
  redraw(document.getElementById('devices'), nodes);
}

// Only what changed is replaced, so that focus and scrolling stay where they are.
function redraw(place, nodes) {
  const next = element('div', {}, ...nodes);
  if (place.dataset.shown === next.textContent) return false;
  place.dataset.shown = next.textContent;
  place.replaceChildren(...next.childNodes);
  return true;
}

// Pictures are shown, sounds and films played; anything else is offered.
function file({ kind, mime, filename, bytes, sha256, view_once: once, gif }) {
  const name = `${filename ?? kind}${once ? ', to be seen once' : ''}${gif ? ', GIF' : ''}`;
  if (!sha256) return [element('span', { class: 'file' }, `[${name}]`)];
  const src = `/sandbox/mms/${sha256}`;
  const size = bytes < 1024 ? `${bytes} bytes` : `${Math.round(bytes / 1024)} kB`;
  const link = element('a', { href: src, download: name, class: 'file' }, `${name}, ${kind}, ${size}`);
  const label = { 'aria-label': `${kind} ${name}` };
  if (kind === 'image' || kind === 'sticker') return [element('img', { src, alt: name, class: 'media' }), link];
  if (kind === 'video' || kind === 'ptv') return [element('video', { src, controls: true, class: 'media', ...label }), link];
  if (kind === 'voice' || kind === 'audio') return [element('audio', { src, controls: true, ...label }), link];
  return [element('span', { class: 'quiet' }, mime), link];
}

// In words: no map is loaded from anywhere.
function place({ latitude, longitude, name, address, live }) {
  const called = [name, address].filter(Boolean).map((line) => element('strong', {}, line));
  return [element('span', { class: 'file' }, live ? '📍 live: ' : '📍 ', ...called.flatMap((line) => [line, ' ']), `${latitude}, ${longitude}`)];
}

function card({ name, phone, phones }) {
  const numbers = (phones ?? [phone]).map((one) => ` +${one}`).join(',');
  return element('span', { class: 'file' }, '👤 ', element('strong', {}, name), numbers);
}

// Who got it may vote; a second click takes the vote back.
function poll(phone, { id, from, to, votes, poll: { question, options, many } }) {
  const mine = (votes ?? []).find((one) => one.from === phone.phone)?.options ?? [];
  const choose = (option) => {
    const others = many ? mine.filter((one) => one !== option) : [];
    const chosen = mine.includes(option) ? others : [...others, option];
    return act(() => call('POST', '/sandbox/vote', { from: phone.phone, to: from, id, options: chosen }), 'Voted.');
  };
  const answers = options.map((option) => {
    const voters = (votes ?? []).filter((one) => one.options.includes(option)).length;
    const told = `${option}${voters ? ` ✓ ${voters}` : ''}`;
    return element('li', {}, to === phone.phone ? button(told, () => choose(option)) : told);
  });
  const how = many ? 'Choose one or more' : 'Choose one';
  return [element('strong', {}, question), element('span', { class: 'quiet' }, ` ${how}`), element('ul', {}, ...answers)];
}

function contents(phone, message) {
  const { media, location, contact, contacts, poll: asked } = message;
  if (media) return file(media);
  if (location) return place(location);
  if (asked) return poll(phone, message);
  return (contacts ?? (contact ? [contact] : [])).map(card);
}

function bubble(phone, message, linked, messages) {
  const mine = message.from === phone.phone;
  const other = mine ? `to +${message.to}` : `from +${message.from}`;
  const at = new Date(message.at).toLocaleTimeString();
  const copies = message.copies > 1 ? ` · handed over ${message.copies} times` : '';
  const deleted = gone(message) ? [element('em', {}, 'This message was deleted for everyone.')] : [];
  const changed = message.edited ? [element('em', {}, ' edited')] : [];
  const put = (message.reactions ?? []).map(({ from, emoji }) => element('span', { title: `+${from}` }, ` ${emoji}`));
  return element('li', { class: mine ? 'mine' : 'theirs' }, ...quoted(message, messages), ...deleted, ...(gone(message) ? [] : contents(phone, message)),
    message.text, ...changed, ...put,
    element('small', {}, `${other} · ${at} · ${TICKS[message.ack]}${copies}`), ...deeds(phone, message, linked));
}

function quoted({ quote }, messages) {
  if (!quote) return [];
  const there = messages.find((one) => one.id === quote);
  return [element('span', { class: 'quote' }, there?.text || there?.media?.filename || 'a message')];
}

function drawReply(phone, linked, messages) {
  const targets = linked.filter((each) => each !== phone.phone);
  for (const id of ['reply', 'unwritten']) document.getElementById(id).hidden = targets.length === 0;
  const select = document.getElementById('to');
  const last = messages.findLast((message) => targets.includes(message.from))?.from;
  const chosen = select.value || last || targets[0];
  if (redraw(select, targets.map((each) => element('option', { value: each }, `+${each}`)))) select.value = chosen;
}

export async function showPhone(phone, state) {
  if (drawnFor !== phone.phone) {
    frame(phone);
    drawnFor = phone.phone;
  }
  drawDevices(phone, state.pages);
  const waiting = state.pages.filter((page) => page.qr && page.state === 'qr');
  const rows = waiting.map((page) => pageRow(phone, page));
  const place = document.getElementById('waiting');
  if (place.dataset.qrs !== waiting.map((page) => page.qr).join()) {
    place.dataset.qrs = waiting.map((page) => page.qr).join();
    place.replaceChildren(...(rows.length ? rows : [element('p', { class: 'quiet' }, 'No page shows a QR now.')]));
  }
  const { messages } = await call('GET', `/phones/messages?phone=${phone.phone}`);
  const list = document.getElementById('messages');
  const linked = state.phones.map((each) => each.phone);
  if (redraw(list, messages.map((one) => bubble(phone, one, linked, messages)))) list.scrollTop = list.scrollHeight;
  drawReply(phone, linked, messages);
}
