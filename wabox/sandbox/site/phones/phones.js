// The list of phones, refreshed each second; the chosen one is in the address, so a reload keeps it.
import { act, call, element, say } from '/sandbox/site/phones/control.js';
import { showFaults } from '/sandbox/site/phones/faults.js';
import { showPhone } from '/sandbox/site/phones/phone.js';

const list = document.getElementById('phones');
const chosen = () => location.hash.slice(1);
let drawn = '';

function badge(text, kind = '') {
  return element('span', { class: `badge ${kind}` }, text);
}

function card(phone) {
  const row = element('button', {
    type: 'button', class: 'card', 'aria-current': String(phone.phone === chosen()), click: () => choose(phone.phone),
  }, element('strong', {}, phone.name), `+${phone.phone}`);
  if (phone.linked) row.append(badge('linked', 'good'));
  if (!phone.on) row.append(badge('off', 'bad'));
  if (phone.unread.length) row.append(badge(`${phone.unread.length} unread`));
  return element('div', { role: 'listitem' }, row);
}

function choose(phone) {
  location.hash = phone;
  refresh();
}

function drawList(phones) {
  const now = JSON.stringify([chosen(), phones.map((each) => [each.phone, each.name, each.on, each.linked, each.unread.length])]);
  if (now === drawn) return;
  drawn = now;
  list.replaceChildren(...phones.slice(0, 200).map(card));
}

async function refresh() {
  try {
    const state = await call('GET', '/sandbox/state');
    const { sent, delivered, read, inbound } = state.totals;
    document.getElementById('totals').textContent =
      `${sent} sent, ${delivered} delivered, ${read} read, ${inbound} written by people`;
    drawList(state.accounts);
    showFaults(state.faults);
    const phone = state.accounts.find((each) => each.phone === chosen());
    if (phone) await showPhone(phone, state);
  } catch (error) {
    say(`The sandbox does not answer: ${error.message}`);
  }
}

document.getElementById('add').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { phone, name } = event.target.elements;
  await act(async () => {
    const added = await call('PUT', '/sandbox/phone', { phone: phone.value, name: name.value || null, on: true });
    choose(added.phone);
    event.target.reset();
  }, 'Added.');
});

addEventListener('hashchange', refresh);
addEventListener('acted', refresh);
setInterval(refresh, 1000);
refresh();
