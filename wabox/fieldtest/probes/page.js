// What kind of page this is, before and after wa-js: counts, versions, flags; nothing of anybody.
() => {
  const count = () => {
    try {
      return Object.keys(window.require('__debug').modulesMap).length;
    } catch {
      return null;
    }
  };
  return {
    modules: count(),
    page: (window.Debug && window.Debug.VERSION) || null,
    wajs: (window.WPP && window.WPP.version) || null,
    headless: /headless/i.test(navigator.userAgent),
    webdriver: navigator.webdriver === true,
    languages: navigator.languages.length,
    csp: document.querySelectorAll('meta[http-equiv="Content-Security-Policy" i]').length > 0,
    workers: 'serviceWorker' in navigator,
    hosts: [...new Set(performance.getEntriesByType('resource').map((one) => new URL(one.name).host))],
  };
}
