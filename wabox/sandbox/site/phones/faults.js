// The faults as a form: one field each, typed by its present value.
import { act, call, element } from '/sandbox/site/phones/control.js';

const form = document.getElementById('faults');
// A count is a switch too, and shows as one.
const FLAGS = new Set([
  'send_error', 'drop_ack', 'blackhole', 'exists_error', 'passkey_gate', 'lid_accounts', 'conflict',
  'offline', 'timelock_silent', 'exists_lies', 'logout_keeps', 'pair_code_revokes', 'upload_error',
  'upload_stuck', 'media_expired', 'revoke_lost', 'react_lost', 'edit_lost',
]);
let shown = '';

const isSwitch = (name, value) => typeof value === 'boolean' || FLAGS.has(name);

function written(value) {
  if (Array.isArray(value)) return value.join(' ');
  return value && typeof value === 'object' ? JSON.stringify(value) : (value ?? '');
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text; // the server says what is wrong with it
  }
}

function field(name, value) {
  const input = isSwitch(name, value)
    ? element('input', { type: 'checkbox', name, checked: Boolean(value) })
    : element('input', { name, value: written(value) });
  return element('label', {}, name, input);
}

function read(name, input, before) {
  if (isSwitch(name, before)) return Boolean(before) === input.checked ? before : input.checked;
  const text = input.value.trim();
  if (Array.isArray(before)) return text ? text.split(/[\s,]+/) : [];
  if (text === '') return null;
  if (text.startsWith('{')) return parsed(text);
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

// Drawn anew only when they changed at the server, so that typing is not disturbed.
export function showFaults(faults) {
  if (JSON.stringify(faults) === shown) return;
  shown = JSON.stringify(faults);
  form.replaceChildren(
    ...Object.entries(faults).map(([name, value]) => field(name, value)),
    element('button', { class: 'main' }, 'Apply'),
    element('button', { type: 'button', click: reset }, 'All healthy'),
  );
}

const reset = () => act(() => call('DELETE', '/sandbox/faults'), 'WhatsApp is healthy.');

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const before = JSON.parse(shown);
  const wanted = {};
  for (const name of Object.keys(before)) {
    const value = read(name, form.elements[name], before[name]);
    if (JSON.stringify(value) !== JSON.stringify(before[name])) wanted[name] = value;
  }
  act(() => call('PUT', '/sandbox/faults', wanted), 'Applied.');
});
