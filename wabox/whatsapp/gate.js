// Waits in the page until WhatsApp Web's loader has every module of `names`.
// Answers {loader, count, missing}: missing is empty when the page is ready for wa-js.
async ({ names, timeoutMs }) => {
  const known = () => {
    try {
      return window.__d && window.require('__debug').modulesMap;
    } catch {
      return null;
    }
  };
  // A name may be in the map before the module can be had: what counts is that it can.
  const runs = (name) => {
    try {
      return !!window.require(name);
    } catch {
      return false;
    }
  };
  const until = performance.now() + timeoutMs;
  for (;;) {
    const modules = known();
    const missing = names.filter((name) => !modules || !(name in modules) || !runs(name));
    if (missing.length === 0 || performance.now() > until) {
      return { loader: !!modules, count: Object.keys(modules || {}).length, missing };
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
