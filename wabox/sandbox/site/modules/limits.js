// What this account may do just now: a timelock, a cap on new chats, people who wrote, people it has blocked.
__d('WAWebUserPrefsIndexedDBStorage', [], (_g, _r, _d, _n, _l, _m, exports) => {
  const kept = new Map();
  exports.userPrefsIdb = {
    get: (key) => kept.get(key),
    set: (key, value) => (value == null ? kept.delete(key) : kept.set(key, value)),
    remove: (key) => kept.delete(key),
  };
});

__d('SandboxLimits', ['WAWebUserPrefsIndexedDBStorage', 'SandboxDirectory', 'WAWebWidFactory'], (
  _g, require, _d, _n, _l, module,
) => {
  'use strict';

  const { userPrefsIdb } = require('WAWebUserPrefsIndexedDBStorage');
  const directory = require('SandboxDirectory');
  const { createWid } = require('WAWebWidFactory');
  const LOCK = 'WAReachoutTimelockState';
  const CAP = 'WANewChatMessageCappingData';
  let wroteToMe = new Set();
  let blocked = new Set();

  const phoneOf = (wid) => directory.getPhoneNumber(wid)?.user;

  function keep(key, value, event) {
    const before = JSON.stringify(userPrefsIdb.get(key));
    userPrefsIdb.set(key, value);
    if (before !== JSON.stringify(userPrefsIdb.get(key))) require('WAWebCmd').Cmd.trigger(event);
  }

  function take({ timelock, capping, tokens, blocked: phones }) {
    keep(LOCK, timelock, 'reachoutTimelockStateChange');
    keep(CAP, capping, 'newChatMessageCappingStateChange');
    if (tokens) wroteToMe = new Set(tokens);
    if (phones) block(new Set(phones));
  }

  function block(phones) {
    const { BlocklistCollection } = require('WAWebBlocklistCollection');
    const { ContactCollection } = require('WAWebContactCollection');
    for (const phone of new Set([...blocked, ...phones])) {
      const wid = createWid(`${phone}@c.us`);
      if (phones.has(phone)) BlocklistCollection.add({ id: wid });
      else BlocklistCollection.remove(wid);
      for (const one of [wid, directory.getCurrentLid(wid)]) {
        if (one) ContactCollection.get(one)?.set({ isContactBlocked: phones.has(phone) });
      }
    }
    blocked = phones;
  }

  // Ended or not: the page keeps the last word until it is told another.
  function state() {
    const cap = userPrefsIdb.get(CAP);
    const running = cap && cap.cycle_end_timestamp * 1000 > Date.now();
    return { locked: Boolean(userPrefsIdb.get(LOCK)), capped: Boolean(running) && cap.capping_status === 'CAPPED' };
  }

  function tokenOf(wid) {
    return wroteToMe.has(phoneOf(wid) ?? wid.user) ? new ArrayBuffer(8) : null;
  }

  function mayWhileLimited({ chat, contact }) {
    const { isMeAccount } = require('WAWebUserPrefsMeUser');
    if (!chat.id.isUser() || isMeAccount(chat.id) || contact?.isEnterprise) return true;
    return chat.getTcToken() != null;
  }

  function refusedWith(code) {
    const cap = userPrefsIdb.get(CAP);
    if (code === 'UserReachedMaxMonthlyLimitForNewMessages' && cap) {
      keep(CAP, { ...cap, capping_status: 'CAPPED' }, 'newChatMessageCappingStateChange');
    }
  }

  module.exports = {
    LOCK,
    CAP,
    keep,
    take,
    state,
    tokenOf,
    mayWhileLimited,
    refusedWith,
    wrote: (wid) => wroteToMe.add(phoneOf(wid) ?? wid.user),
    isBlocked: (wid) => blocked.has(phoneOf(wid)),
  };
});

__d('WAWebReachoutTimelockUtils', ['SandboxLimits'], (_g, require, _d, _n, _l, _m, exports) => {
  const limits = require('SandboxLimits');
  exports.REACHOUT_TIMELOCK_IDB_KEY = limits.LOCK;
  exports.isUserReachoutTimelocked = () => limits.state().locked;
  exports.canSendMsgWhileTimelocked = limits.mayWhileLimited;
});

__d('WAWebIndividualNewChatMessageCappingLimitUtils', [
  'SandboxLimits', 'WAWebUserPrefsIndexedDBStorage',
], (_g, require, _d, _n, _l, _m, exports) => {
  const limits = require('SandboxLimits');
  const { userPrefsIdb } = require('WAWebUserPrefsIndexedDBStorage');
  exports.getCappingData = () => userPrefsIdb.get(limits.CAP);
  exports.getUsagePercentage = () => {
    const cap = exports.getCappingData();
    return cap ? (100 * cap.used_quota) / cap.total_quota : 0;
  };
  exports.isUserCapped = () => limits.state().capped;
  exports.canSendMsgWhileCapped = limits.mayWhileLimited;
});

__d('WAWebGetReachoutTimelockJob', ['SandboxLimits', 'SandboxWire'], (_g, require, _d, _n, _l, _m, exports) => {
  exports.fetchReachoutTimelock = async () => {
    const { timelock } = await require('SandboxWire').ask('limits', {});
    const limits = require('SandboxLimits');
    limits.keep(limits.LOCK, timelock, 'reachoutTimelockStateChange');
  };
});

__d('WAWebGetNewChatMessageCappingInfoJob', ['SandboxLimits', 'SandboxWire'], (
  _g, require, _d, _n, _l, _m, exports,
) => {
  exports.fetchOrUpdateCapStatus = async () => {
    const { capping } = await require('SandboxWire').ask('limits', {});
    const limits = require('SandboxLimits');
    limits.keep(limits.CAP, capping, 'newChatMessageCappingStateChange');
  };
});

__d('WAWebChatGroupUtils', ['SandboxLimits'], (_g, require, _d, _n, _l, _m, exports) => {
  const limits = require('SandboxLimits');
  exports.updateCanSend = (chat) => {
    const { locked, capped } = limits.state();
    const limited = (locked || capped) && !limits.mayWhileLimited({ chat, contact: chat.contact });
    chat.set({ canSend: !chat.isReadOnly && !limits.isBlocked(chat.id) && !limited });
  };
});
