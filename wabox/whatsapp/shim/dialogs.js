// Boxes that stand in the page's way: told apart by role and structure, in whatever language they speak.

const shownNow = (one) => one.getClientRects().length > 0 && !one.closest('[hidden],[aria-hidden=true]');
const BOXES = '[role=dialog],[role=alertdialog]';
const dialogs = () =>
  [...document.querySelectorAll(BOXES)].filter((box) => shownNow(box) && !box.parentElement.closest(BOXES));
const buttonsOf = (box) =>
  [...box.querySelectorAll('button,[role=button]')].filter((one) =>
    shownNow(one) && !one.disabled && one.getAttribute('aria-disabled') !== 'true' &&
    !one.parentElement.closest('button,[role=button]'));
// Whatever lets a person choose or type is theirs to answer; so is what proves who they are.
const CHOICES = 'input,textarea,select,[contenteditable=true],[role=checkbox],[role=radio],[role=switch],' +
  '[role=textbox],[role=combobox],[role=progressbar]';
const PROOFS = '[data-testid*="passkey"],[data-testid*="shortcake"],[data-testid*="checkpoint"],' +
  '[data-testid*="captcha"],[data-testid*="logout"]';
const asks = (box) => [box, ...box.querySelectorAll('*')].some((one) => one.matches(`${CHOICES},${PROOFS}`));
// So is what accepts terms in their name: it is known by where its links lead, in whatever language it speaks.
const TERMS = 'a[href*="legal" i],a[href*="terms" i],a[href*="privacy" i],[data-testid*="terms" i],[data-testid*="legal" i]';
const binds = (box) => box.matches(TERMS) || box.querySelector(TERMS) !== null;
// The one button there is, else the one that the page itself marks as the main one.
const mainButton = (box) => {
  const all = buttonsOf(box);
  const marked = all.filter((one) => /(^|-)(ok|primary|confirm)$/.test(one.dataset.testid || ''));
  if (asks(box)) return null;
  return all.length === 1 ? all[0] : marked.length === 1 ? marked[0] : null;
};
let standing = { box: null, at: 0 };
let answered = false; // at most once for each page that is loaded
const linkedAndWell = () => fns.isAuthenticated() && app.Stream.mode === 'MAIN' && app.Socket.state !== 'CONFLICT';
const mindDialogs = () => {
  const box = dialogs().find((one) => buttonsOf(one).length > 0) || null;
  if (box !== standing.box) standing = { box, at: performance.now() };
  if (!box || answered || challenged() || !linkedAndWell()) return;
  // A notice: it has one button, and whoever reads it can do nothing else.
  if (buttonsOf(box).length !== 1 || asks(box) || binds(box) || performance.now() - standing.at < options.noticeMs) return;
  answered = true;
  tell({ what: 'dialog', role: box.getAttribute('role') });
  buttonsOf(box)[0].click();
};
const dialogSaid = (authenticated) => {
  const { box, at } = standing;
  if (!authenticated || !box || !box.isConnected || !shownNow(box)) return null;
  if (performance.now() - at < options.dialogMs) return null;
  return { button: mainButton(box) !== null };
};
// On the owner's own order: one click on the one main button. False: there is no such button.
const press = async () => {
  const box = dialogs().find((one) => buttonsOf(one).length > 0);
  const button = box && !gateSaid(!!fns.isAuthenticated()) ? mainButton(box) : null;
  if (button) button.click();
  return !!button;
};
// What a picture may show: of a linked page its boxes only, never chats; everything else is hidden meanwhile.
const SHOWN = 'data-wabox-shown';
const veil = new CSSStyleSheet();
veil.replaceSync(`html, body, body * { visibility: hidden !important; background-image: none !important; }
  [${SHOWN}], [${SHOWN}] * { visibility: visible !important; }`);
const unframe = async () => {
  document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== veil);
  document.querySelectorAll(`[${SHOWN}]`).forEach((one) => one.removeAttribute(SHOWN));
  return true;
};
// Where these boxes stand in the window, with a rim; null if nothing of them is in it.
const around = (boxes) => {
  const all = boxes.map((one) => one.getBoundingClientRect());
  if (all.length === 0) return null;
  const x = Math.max(0, Math.min(...all.map((one) => one.left)) - 16);
  const y = Math.max(0, Math.min(...all.map((one) => one.top)) - 16);
  const width = Math.min(innerWidth, Math.max(...all.map((one) => one.right)) + 16) - x;
  const height = Math.min(innerHeight, Math.max(...all.map((one) => one.bottom)) + 16) - y;
  return width > 40 && height > 40 ? { x, y, width, height } : null;
};
const frame = async () => {
  await unframe();
  const linked = !!fns.isAuthenticated();
  if (!linked) return { linked, boxes: 1 };
  const boxes = dialogs();
  boxes.forEach((one) => one.setAttribute(SHOWN, ''));
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, veil];
  if (getComputedStyle(document.body).visibility !== 'hidden') throw new Error('not_hidden');
  const area = around(boxes);
  if (area || boxes.length === 0) return { linked, boxes: boxes.length, area };
  boxes[0].scrollIntoView({ block: 'center' }); // further down than the window reaches
  return { linked, boxes: boxes.length, area: around([boxes[0]]) };
};
