// What WhatsApp allows this account just now.

const moment = (value) => {
  const at = typeof value === 'number' ? value * (value < 1e11 ? 1000 : 1) : Date.parse(value);
  return Number.isFinite(at) && at > 0 ? at : null;
};
let banned = null;
const restriction = (boxes) => {
  const named = [app.Conn, app.Stream, app.Socket].map((model) => model && model.restrictedUntil);
  const known = named.some((value) => value !== undefined);
  const until = known ? named.filter(Boolean).map(moment).find(Boolean) : banned;
  const box = boxes.find((one) => /restrict/i.test(one.textContent));
  const time = box && box.querySelector('time[datetime]');
  if (until) return { restricted: until > Date.now(), until };
  return { restricted: !!box, until: time ? moment(time.getAttribute('datetime')) : null };
};
