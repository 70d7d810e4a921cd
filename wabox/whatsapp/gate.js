// Waits in the page until WhatsApp Web's loader knows every module of `names`.
// Answers {loader, count, missing}: missing is empty when the page is ready for wa-js.
async ({ names, timeoutMs }) => {
  const known = () => {
    try {
      return window.__d && window.require('__debug').modulesMap;
    } catch {
      return null;
    }
  };
  const until = performance.now() + timeoutMs;
  for (;;) {
    const modules = known();
    const missing = names.filter((name) => !modules || !(name in modules));
    if (missing.length === 0 || performance.now() > until) {
      return { loader: !!modules, count: Object.keys(modules || {}).length, missing };
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
