// Who is on WhatsApp, and which LID belongs to which phone number.
__d('SandboxDirectory', ['WAWebWidFactory'], (_g, require, _d, _n, _l, module) => {
  'use strict';

  const { createWid } = require('WAWebWidFactory');
  const lidOf = new Map();
  const phoneOf = new Map();

  // True when this pair was not known.
  function learn(phone, lid) {
    const fresh = lidOf.get(phone) !== lid;
    lidOf.set(phone, lid);
    phoneOf.set(lid, phone);
    return fresh;
  }

  function lookUp(wid) {
    const text = wid && `${wid.user}@${wid.server}`;
    return { text, lid: lidOf.get(wid?.user), phone: phoneOf.get(wid?.user) };
  }

  function getCurrentLid(wid) {
    if (wid?.server === 'lid') return createWid(lookUp(wid).text);
    const { lid } = lookUp(wid);
    return lid ? createWid(`${lid}@lid`) : undefined;
  }

  function getPhoneNumber(wid) {
    if (wid?.server === 'c.us') return createWid(lookUp(wid).text);
    const { phone } = lookUp(wid);
    return phone ? createWid(`${phone}@c.us`) : undefined;
  }

  module.exports = {
    learn,
    getCurrentLid,
    getPhoneNumber,
  };
});

__d('WAWebApiContact', ['SandboxDirectory'], (_g, require, _d, _n, _l, _m, exports) => {
  const directory = require('SandboxDirectory');
  exports.getCurrentLid = directory.getCurrentLid;
  exports.getPhoneNumber = directory.getPhoneNumber;
  exports.getAlternateUserWid = (wid) =>
    (wid.isLid() ? directory.getPhoneNumber(wid) : directory.getCurrentLid(wid));
});

__d('WAWebLidPnCache', ['SandboxDirectory'], (_g, require, _d, _n, _l, _m, exports) => {
  const directory = require('SandboxDirectory');
  exports.lidPnCache = {
    getCurrentLid: directory.getCurrentLid,
    getPhoneNumber: directory.getPhoneNumber,
  };
});

__d('WAWebLid1X1MigrationUtils', ['SandboxIdentity'], (_g, require, _d, _n, _l, _m, exports) => {
  const identity = require('SandboxIdentity');
  exports.Lid1X1MigrationUtils = {
    isLidMigrated: () => identity.lidAccounts,
    isSyncdSessionMigrated: () => identity.lidAccounts,
    shouldApplyNonMigratedMessagingRules: () => !identity.lidAccounts,
  };
});

__d('WAWebLidMigrationUtils', ['SandboxDirectory'], (_g, require, _d, _n, _l, _m, exports) => {
  const directory = require('SandboxDirectory');
  exports.toPn = (wid) => directory.getPhoneNumber(wid) ?? null;
  exports.toLid = (wid) => directory.getCurrentLid(wid) ?? null;
  exports.toUserLid = exports.toLid;
  exports.toUserLidOrThrow = (wid) => {
    const lid = exports.toLid(wid);
    if (!lid) throw new Error('No LID for user');
    return lid;
  };
});

__d('WAWebDBCreateLidPnMappings', ['SandboxDirectory'], (_g, require, _d, _n, _l, _m, exports) => {
  const directory = require('SandboxDirectory');
  exports.createLidPnMappings = ({ mappings }) => {
    for (const { lid, pn } of mappings) directory.learn(pn.user, lid.user);
  };
});

__d('WAWebQueryExistsJob', ['SandboxWire', 'SandboxDirectory', 'WAWebWidFactory'], (
  _g, require, _d, _n, _l, _m, exports,
) => {
  'use strict';

  const wire = require('SandboxWire');
  const directory = require('SandboxDirectory');
  const { createWid } = require('WAWebWidFactory');

  async function queryWidExists(wid) {
    const found = await wire.ask('exists', { user: wid.user, server: wid.server });
    if (!found.exists) return null;
    if (!found.hidden && directory.learn(found.phone, found.lid)) {
      await require('SandboxStorage').savePair(found.phone, found.lid);
    }
    return {
      wid: createWid(require('SandboxIdentity').lidAccounts
        ? `${found.lid}@lid`
        : `${found.phone}@c.us`),
      biz: false,
      bizInfo: undefined,
      disappearingMode: undefined,
      username: undefined,
    };
  }

  exports.queryWidExists = queryWidExists;
  exports.queryPhoneExists = (phone) =>
    queryWidExists(createWid(`${String(phone).replace(/\D/g, '')}@c.us`));
});
