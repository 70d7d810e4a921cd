// The site's service worker: it is there, and does nothing.
self.addEventListener('install', () => self.skipWaiting());
