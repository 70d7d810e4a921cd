// What wabox relies on, by the page's own member names. Only plain JSON crosses to Python, never a model.

const WPP = window.WPP;
const app = WPP.whatsapp;
const fns = app.functions;
const tell = (event) => void Promise.resolve(window.waboxTell(event)).catch(() => {});
const text = (value) => (value === undefined || value === null ? null : String(value));
const unless = (otherwise, work) => {
  try {
    return work();
  } catch {
    return otherwise;
  }
};
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const within = (ms, promise) =>
  Promise.race([promise, wait(ms).then(() => Promise.reject(new Error('timeout')))]);

// Each is declared once, in bindings.py: where it is read, and what stops without it. The stores and functions are
// wa-js's, by its own names; of what it does not bind the module itself is asked.
const read = (path) => {
  const [first, ...rest] = path.split('.');
  const root = first.startsWith('WAWeb') ? window.require(first) : app[first];
  return rest.reduce((object, name) => object[name], root);
};
const isThere = (path) => unless(false, () => read(path) !== undefined && read(path) !== null);
const lacking = () => {
  const gone = options.bindings.filter(({ reads }) => !reads.every(isThere));
  if (unless(true, () => fns.isAuthenticated()) !== true) return gone;
  return gone.map((one) => (one.for === 'link' ? { ...one, for: 'another link' } : one));
};
const STOPS = ['send', 'link'];
const names = (some) => some.map(({ name }) => name);
const gone = lacking();

const absent = names(gone.filter((one) => STOPS.includes(one.for)));
// What else the page does not have: said, and nothing stops for it.
const lacks = names(gone.filter((one) => !STOPS.includes(one.for)));
