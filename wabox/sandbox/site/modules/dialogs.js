// Boxes that stand in a linked page's way, as the faults say, once each.
__d('SandboxDialogs', ['SandboxWire'], (_g, require, _d, _n, _l, module) => {
  'use strict';

  const wire = require('SandboxWire');

  const answered = new Set();
  let shown = '';

  function button(box, number, name, place) {
    const node = document.createElement('button');
    node.type = 'button';
    node.dataset.testid = place === 0 ? 'popup-controls-ok' : 'popup-controls-cancel';
    node.textContent = name;
    node.addEventListener('click', () => {
      box.remove();
      answered.add(number);
      wire.tell('dialog_answered', { number });
    });
    return node;
  }

  function drawn({ role, text, link, button: names }, number) {
    const box = document.createElement('div');
    box.setAttribute('role', role);
    box.className = 'sandbox-dialog';
    box.append(Object.assign(document.createElement('p'), { textContent: text }));
    if (link) box.append(Object.assign(document.createElement('a'), { href: link, textContent: '→' }));
    for (const [place, name] of [names ?? []].flat().entries()) box.append(button(box, number, name, place));
    return box;
  }

  function show(dialogs) {
    document.querySelectorAll('.sandbox-dialog').forEach((box) => box.remove());
    const said = JSON.stringify(dialogs);
    if (said !== shown) answered.clear();
    shown = said;
    document.body.append(...dialogs.map(drawn).filter((_, number) => !answered.has(number)));
  }

  module.exports = { show };
});
