// Why a linked page leaves, and what its first seconds may look like.
__d('SandboxLeaving', ['SandboxStorage', 'SandboxIdentity'], (_g, require, _d, _n, _l, module) => {
  'use strict';

  const storage = require('SandboxStorage');
  const identity = require('SandboxIdentity');
  const { Conn } = require('WAWebConnModel');
  const { BackendEventBus } = require('WAWebBackendEventBus');
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  let leaving = false;

  // All ways out, mine, the phone's and the page's own, end on a fresh page; `kept`: with its keys.
  async function leave(reason, kept, reasons, cmd) {
    if (leaving) return;
    leaving = true;
    const code = reasons.getErrorCodeFromLogoutReason?.(reason) ?? '0';
    identity.companion = null;
    if (!kept) await storage.wipe();
    BackendEventBus.trigger('logout');
    cmd.logout();
    cmd.trigger('logout_from_bridge');
    // Time for what clients still send on these events; then the page is gone.
    setTimeout(() => location.assign(`/?post_logout=1&logout_reason=${code}`), 300);
  }

  // Fault qr_blink_ms: a linked page that has not found its keys yet greets the server like a new one.
  async function blink(takeUp) {
    const ms = require('SandboxSettings').qr_blink_ms;
    if (!ms) return false;
    void wait(ms).then(async () => {
      await takeUp();
      Conn.attributes.ref = null;
      require('SandboxWire').reconnect();
    });
    return true;
  }

  module.exports = { leave, blink };
});
