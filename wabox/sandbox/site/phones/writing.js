// What a person can send from a phone: a text, a file as what it shall be, a place, cards, a poll, an answer; and
// what they can do to a message that is there.
import { act, call, element } from '/sandbox/site/phones/control.js';

const SHOP = { latitude: 23.7806, longitude: 90.4193, name: 'Rahim Store', address: '12 Road 5, Dhaka' };
const KARIM = { name: 'Karim', phone: '8801711999999' };
const RINA = { name: 'Rina', phone: '8801711999998', phones: ['8801811999998'] };
// How a file goes: of itself, and of the message.
const AS = {
  'as it is': [{}, {}],
  'as a voice note': [{ voice: true }, {}],
  'as a sticker': [{}, { kind: 'sticker' }],
  'as a round video': [{}, { kind: 'ptv' }],
  'as a GIF': [{ gif: true }, {}],
  'to be seen once': [{ once: true }, {}],
};
const MORE = [
  ['A place', { location: SHOP }],
  ['A live location', { location: { ...SHOP, live: true } }],
  ['A contact card', { contact: KARIM }],
  ['Two contact cards', { contacts: [KARIM, RINA] }],
  ['A type of tomorrow', { kind: 'of_tomorrow', text: 'STOP' }],
];
let answered = null; // the message that the next one answers to
let opened = null; // whose deeds are seen

const button = (text, click) => element('button', { type: 'button', click }, text);
const to = () => document.getElementById('to').value;

// What the text holds is the question, and each line below it an answer.
function poll() {
  const [text, ...options] = document.getElementById('text').value.split('\n').map((one) => one.trim()).filter(Boolean);
  return { text: text ?? 'When shall I come?', options: options.length > 1 ? options : ['Today', 'Tomorrow'] };
}

export function writeForm(phone) {
  const more = MORE.map(([says, what]) => button(says, () => write(phone, what)));
  const form = element('form', { id: 'reply' },
    element('label', {}, 'To', element('select', { name: 'to', id: 'to' })),
    element('p', { id: 'answered', class: 'quiet', hidden: true }),
    element('label', {}, 'Text', element('textarea', { name: 'text', id: 'text', rows: '2', maxlength: '4096' })),
    element('label', {}, 'File', element('input', { name: 'file', type: 'file' })),
    element('label', {}, 'The file goes', element('select', { name: 'as' }, ...Object.keys(AS).map((one) => element('option', {}, one)))),
    element('button', { class: 'main' }, 'Send'),
    button('STOP', () => write(phone, { text: 'STOP' })),
    element('details', {}, element('summary', {}, 'Send something else'), ...more,
      button('A poll: the text asks, each line below answers', () => write(phone, poll()))));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const { text, file, as } = form.elements;
    const [ofFile, ofMessage] = AS[as.value];
    const chosen = file.files[0];
    if (!(await write(phone, { text: text.value, ...(chosen ? ofMessage : {}) }, chosen, ofFile))) return; // it stays
    for (const one of [text, file]) one.value = '';
    as.selectedIndex = 0;
  });
  answer(null);
  return form;
}

async function write(phone, what, file, ofFile) {
  let sent = false;
  await act(async () => {
    const media = file ? { base64: await base64(file), mime: type(file), filename: file.name, ...ofFile } : undefined;
    await call('POST', '/sandbox/inbound', { from: phone.phone, to: to(), media, quote: answered?.id, ...what });
    sent = true;
    answer(null);
  }, 'Sent.');
  return sent;
}

function answer(message) {
  answered = message;
  const place = document.getElementById('answered');
  if (!place) return;
  place.hidden = !message;
  if (message) place.replaceChildren(`Answers “${message.text || 'a message'}” `, button('Answer nothing', () => answer(null)));
}

// Nothing is done to what is gone, and nothing is sent to a phone that no device reads.
export function deeds(phone, message, linked) {
  const mine = message.from === phone.phone;
  const other = mine ? message.to : message.from;
  if (!linked.includes(other) || other === phone.phone || gone(message)) return [];
  const between = { from: phone.phone, to: other, id: message.id };
  const put = (message.reactions ?? []).some(({ from }) => from === phone.phone);
  const react = () => act(() => call('POST', '/sandbox/react', { ...between, emoji: put ? '' : '👍' }), 'Done.');
  const revoke = () => act(() => call('POST', '/sandbox/revoke', between), 'Deleted.');
  const both = [button('Answer', () => answer(message)), button(put ? 'Take 👍 back' : '👍', react)];
  const own = mine ? [button('Delete for everyone', revoke)] : [];
  const open = message.id === opened; // also after what is shown was drawn anew
  const toggle = ({ target }) => (opened = target.open ? message.id : opened === message.id ? null : opened);
  return [element('details', { class: 'deeds', open, toggle }, element('summary', {}, 'Answer, react'), ...both, ...own)];
}

export function gone(message) {
  return Boolean(message.revoked || message.media?.kind === 'revoked');
}

// A browser knows no type of some files, and gives others parameters that phones leave out.
function type(file) {
  return file.type.split(';')[0].trim() || 'application/octet-stream';
}

function base64(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(',') + 1)); // behind "data:…;base64,"
    reader.onerror = () => failed(new Error(`${file.name} cannot be read.`));
    reader.readAsDataURL(file);
  });
}
