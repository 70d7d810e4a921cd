// The passkey step: at linking, as a screen of its own, and later, as a checkpoint on a linked page.

// The page tells of it by events; the names it has used are not dated, so each is only a hint, as its screen is.
const step = { from: null, code: null, failed: false };
const BEGINS = ['link_device_events:passkey_prologue_request', 'shortcake_prologue_sent'];
const COMPARES = 'shortcake_verification_code_ready';
const FAILS = 'shortcake_error';
const spelt = (name) => [name, `link_device_events:${name}`];
const begin = () => {
  if (step.from === null) step.from = Date.now();
  step.failed = false;
};
const comparable = (told) => {
  const value = told && typeof told === 'object' ? told.code : told;
  return /^[0-9A-Za-z -]{4,16}$/.test(String(value)) ? String(value) : null;
};
const hearSteps = () => {
  const events = optional('WAWebLinkDeviceEvents').WAWebLinkDeviceEvents;
  if (!events || typeof events.on !== 'function') return;
  const on = (name, then) => spelt(name).forEach((one) => {
    try {
      events.on(one, (told) => (then(told), show()));
    } catch {
      // not told, then
    }
  });
  BEGINS.forEach((name) => on(name.replace('link_device_events:', ''), begin));
  on(COMPARES, (told) => (begin(), (step.code = comparable(told))));
  on(FAILS, () => (step.failed = true));
};
const PASSKEY_SCREEN = '[data-testid*="passkey"],[data-testid*="shortcake"]';
const onScreen = () =>
  [...document.querySelectorAll(PASSKEY_SCREEN)].some((one) => one.getClientRects().length > 0);
// Nothing may reload, renew or ask for a QR meanwhile: that would end the step. It lasts ten minutes at most.
const holding = () => {
  if (fns.isAuthenticated()) return false;
  if (onScreen()) begin();
  else if (step.failed) step.from = step.code = null;
  return step.from !== null && Date.now() - step.from < options.passkeyMs;
};
const gateSaid = (authenticated) => {
  if (authenticated) step.from = step.code = null;
  if (authenticated || !holding()) return null;
  return { until: step.from + options.passkeyMs, code: step.code };
};

// A linked account may be asked to prove itself: the page keeps what of, and shows a box that cannot be closed.
// What it keeps may outlive the challenge: a page that is well and shows nothing of it for long enough works.
const CHALLENGE = 'WAIntegrityChallengeState';
const CHALLENGES = `${PASSKEY_SCREEN},[data-testid*="checkpoint"],[data-testid*="captcha"]`;
const challenge = { said: null, at: 0, over: false };
const challenged = () => {
  const said = preference(CHALLENGE);
  const text = said ? unless(String(said), () => JSON.stringify(said)) : null;
  if (text !== challenge.said) Object.assign(challenge, { said: text, at: performance.now(), over: false });
  if (text === null) return null;
  const asked = [...document.querySelectorAll(CHALLENGES)].some(shownNow);
  const well = linkedAndWell() && app.Socket.state === 'CONNECTED';
  if (asked || !well) Object.assign(challenge, { at: performance.now(), over: false });
  const shown = asked || (!challenge.over && dialogs().length > 0);
  if (!shown && performance.now() - challenge.at > options.dialogMs) challenge.over = true;
  return { said, shown, unsure: !shown && !challenge.over };
};
const checkpoint = () => {
  const now = challenged();
  if (!now || !now.shown) return null;
  const kind = typeof now.said === 'string' ? now.said : now.said.type;
  return String(kind || 'unknown').toLowerCase().slice(0, 40);
};
