// Ids: a wid names an account or a chat, a message key names a message in a chat.
__d('WAWebWid', [], (_g, _r, _d, _n, _l, module) => {
  'use strict';

  const USER_SERVERS = new Set(['c.us', 'lid', 'bot', 'hosted', 'hosted.lid', 's.whatsapp.net']);

  class Wid {
    constructor(text, options) {
      if (!options?.intentionallyUsePrivateConstructor) {
        throw new Error('Use WidFactory to make a wid');
      }
      const [address, server] = String(text).split('@');
      const [user, device] = address.split(':');
      this.server = server === 's.whatsapp.net' ? 'c.us' : server;
      this.user = user;
      if (device !== undefined) this.device = Number(device);
      this._serialized = `${address}@${this.server}`;
    }

    toString() {
      return this._serialized;
    }

    toJSON() {
      return this._serialized;
    }

    toJid() {
      return this.server === 'c.us' ? `${this.user}@s.whatsapp.net` : this._serialized;
    }

    equals(other) {
      return Boolean(other) && String(other) === this._serialized;
    }

    isSameAccount(other) {
      return other?.user === this.user && other?.server === this.server;
    }

    isGreaterThan(other) {
      return this._serialized > String(other);
    }

    isLessThan(other) {
      return this._serialized < String(other);
    }

    getDeviceId() {
      return this.device ?? 0;
    }

    getSignalAddress() {
      return `${this.user}.${this.getDeviceId()}`;
    }

    isUser() {
      return USER_SERVERS.has(this.server);
    }

    isUserNotPSA() {
      return this.isUser() && !this.isPSA();
    }

    isRegularUser() {
      return this.isUserNotPSA() && !this.isBot();
    }

    isRegularUserPn() {
      return this.server === 'c.us' && !this.isPSA();
    }

    isLid() {
      return this.server === 'lid';
    }

    isGroup() {
      return this.server === 'g.us';
    }

    isGroupCall() {
      return this.server === 'call';
    }

    isBroadcast() {
      return this.server === 'broadcast';
    }

    isBroadcastList() {
      return this.isBroadcast() && !this.isStatus();
    }

    isStatus() {
      return this._serialized === 'status@broadcast';
    }

    isStatusV3() {
      return this.isStatus();
    }

    isNewsletter() {
      return this.server === 'newsletter';
    }

    isBot() {
      return this.server === 'bot';
    }

    isPSA() {
      return this._serialized === '0@c.us';
    }

    isIAS() {
      return false;
    }

    isSupportAccount() {
      return false;
    }

    isServer() {
      return this._serialized === 'server@c.us';
    }

    isOfficialBizAccount() {
      return false;
    }

    isCAPISupportAccount() {
      return false;
    }

    isHosted() {
      return this.server.startsWith('hosted');
    }

    isCompanion() {
      return Boolean(this.device);
    }

    static isWid(value) {
      return value instanceof Wid || Wid.canBeWid(value);
    }

    static canBeWid(value) {
      return typeof value === 'string' && /^[^@\s]+@[a-z.]+$/.test(value);
    }

    static isXWid(server, value) {
      return String(value).split('@')[1] === server;
    }

    static equals(one, other) {
      return String(one) === String(other);
    }

    static user(text) {
      return String(text).split('@')[0];
    }

    static isUser(value) {
      return USER_SERVERS.has(String(value).split('@')[1]);
    }

    static isLid(value) {
      return Wid.isXWid('lid', value);
    }

    static isGroup(value) {
      return Wid.isXWid('g.us', value);
    }

    static isBroadcast(value) {
      return Wid.isXWid('broadcast', value);
    }

    static isStatusV3(value) {
      return String(value) === 'status@broadcast';
    }

    static isStatus(value) {
      return Wid.isStatusV3(value);
    }

    static isPSA(value) {
      return String(value) === '0@c.us';
    }

    static isNewsletter(value) {
      return Wid.isXWid('newsletter', value);
    }
  }

  module.exports = Wid;
});

__d('WAWebWidFactory', ['WAWebWid'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const Wid = require('WAWebWid');

  function createWid(value) {
    if (value instanceof Wid) return value;
    const text = typeof value === 'object' && value ? value._serialized : value;
    if (!Wid.canBeWid(text)) throw new Error(`wid error: invalid wid ${text}`);
    return new Wid(text, { intentionallyUsePrivateConstructor: true });
  }

  function isWidlike(value) {
    return value instanceof Wid || Boolean(value?.user && value?.server);
  }

  function createWidFromWidLike(value) {
    return value instanceof Wid ? value : createWid(`${value.user}@${value.server}`);
  }

  function createUserWidOrThrow(user, server = 'c.us') {
    const text = String(user);
    return createWid(text.includes('@') ? text : `${text}@${server}`);
  }

  function toUserWid(wid) {
    return createWid(`${wid.user}@${wid.server}`);
  }

  function asUserWidOrThrow(wid) {
    if (!wid?.isUser?.()) throw new Error(`wid error: ${wid} is not a user`);
    return wid;
  }

  function toUserLid(wid) {
    return wid.isLid() ? toUserWid(wid) : null;
  }

  exports.createWid = createWid;
  exports.isWidlike = isWidlike;
  exports.createWidFromWidLike = createWidFromWidLike;
  exports.createUserWid = createUserWidOrThrow;
  exports.createUserWidOrThrow = createUserWidOrThrow;
  exports.createUserLidOrThrow = (user) => createUserWidOrThrow(user, 'lid');
  exports.createDeviceWid = createWid;
  exports.toUserWid = toUserWid;
  exports.toUserWidOrThrow = toUserWid;
  exports.toChatWid = toUserWid;
  exports.asChatWid = (wid) => wid;
  exports.asUserWidOrThrow = asUserWidOrThrow;
  exports.asUserLidOrThrow = asUserWidOrThrow;
  exports.toUserLid = toUserLid;
  exports.toUserLidOrThrow = (wid) => asUserWidOrThrow(toUserLid(wid));
});

__d('WAWebMsgKey', ['WAWebWidFactory'], (_g, require, _d, _n, _l, module) => {
  'use strict';

  const { createWid, createWidFromWidLike, isWidlike } = require('WAWebWidFactory');

  function asWid(value) {
    if (value === null || value === undefined) return undefined;
    return isWidlike(value) ? createWidFromWidLike(value) : createWid(value);
  }

  class MsgKey {
    constructor(parts) {
      if (!parts) throw new Error('MsgKey error: obj is null/undefined');
      const fromMe = parts.selfDir ? parts.selfDir === 'out' : Boolean(parts.fromMe);
      const remote = parts.remote ?? (fromMe ? parts.to : parts.from);
      if (!remote || !parts.id) throw new Error('MsgKey error: remote or id is missing');
      this.fromMe = fromMe;
      this.remote = asWid(remote);
      this.id = parts.id;
      this.participant = asWid(parts.participant);
      const names = [fromMe, this.remote, this.id];
      if (this.participant) names.push(this.participant);
      this._serialized = names.join('_');
    }

    toString() {
      return this._serialized;
    }

    clone() {
      return new MsgKey(this);
    }

    equals(other) {
      return Boolean(other) && String(other) === this._serialized;
    }

    static from(value) {
      return value instanceof MsgKey ? value : MsgKey.fromString(String(value));
    }

    static fromString(text) {
      const [fromMe, remote, id, participant] = String(text).split('_');
      if (!remote || !id || !['true', 'false'].includes(fromMe)) {
        throw new Error(`MsgKey error: cannot read ${text}`);
      }
      return new MsgKey({ fromMe: fromMe === 'true', remote, id, participant });
    }

    static async newId() {
      const bytes = crypto.getRandomValues(new Uint8Array(9));
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
      return `3EB0${hex.toUpperCase()}`;
    }
  }

  module.exports = MsgKey;
});
