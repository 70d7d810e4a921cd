// What may be asked: each verb takes and gives plain JSON.

const wabox = {
  status, sweep, exists, send, find, fetch: fetchFile, revoke, react, edit, pair, logout, press, frame, unframe,
};
Object.defineProperty(window, 'wabox', { value: Object.freeze(wabox), configurable: true });
if (absent.length === 0) {
  subscribe();
  void watch();
}
return status();
