// What clients see of the session: socket, stream, connection, commands, who I am, am I logged in.
__d('SandboxIdentity', ['WAWebEventEmitter'], (_g, require, _d, _n, _l, module) => {
  // The one record of who this page is linked as; null members while it is not linked.
  const EventEmitter = require('WAWebEventEmitter');
  const identity = new EventEmitter();
  identity.companion = null;
  identity.me = null;
  identity.keys = null;
  identity.lidAccounts = false;
  module.exports = identity;
});

__d('WAWebSocketModel', ['WAWebBackboneModel'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const { BaseModel, defineModel } = require('WAWebBackboneModel');

  class SocketModel extends BaseModel {
    static defaults() {
      return { state: 'UNLAUNCHED', stream: 'DISCONNECTED', hasSynced: false };
    }

    initConn() {}

    // The real page needs seconds to sync, so a client that attaches late still sees it happen; here it may
    // be over by then, and is told again to each new listener.
    on(names, callback, context) {
      super.on(names, callback, context);
      if (names.includes('change:hasSynced') && this.hasSynced) {
        setTimeout(() => callback.call(context ?? this, this, true, false), 0);
      }
      return this;
    }

    logout() {
      require('SandboxApp').logout();
    }

    poke() {
      require('SandboxApp').refreshRef();
    }

    takeover() {
      require('SandboxApp').takeover();
    }

    reconnect() {
      require('SandboxWire').reconnect();
    }
  }
  defineModel(SocketModel, ['state', 'stream', 'hasSynced', 'retryTimestamp', 'refTTL'], 'socket');

  exports.Socket = new SocketModel();
});

__d('WAWebStreamModel', ['WAWebBackboneModel'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const { BaseModel, defineModel } = require('WAWebBackboneModel');

  class StreamModel extends BaseModel {
    static defaults() {
      return { mode: undefined, info: 'OPENING', needsUpdate: false, available: false };
    }

    get displayInfo() {
      return this.attributes?.info;
    }

    markAvailable() {
      this.available = true;
    }

    markUnavailable() {
      this.available = false;
    }

    sendAvailability() {}
  }
  defineModel(
    StreamModel,
    ['mode', 'info', 'needsUpdate', 'available', 'uiActive', 'obscurity', 'couldForce', 'phoneAuthed'],
    'stream',
  );

  exports.Stream = new StreamModel();
});

__d('WAWebConnModel', ['WAWebBackboneModel'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const { BaseModel, defineModel } = require('WAWebBackboneModel');

  class ConnImpl extends BaseModel {
    static defaults() {
      return {
        ref: null,
        connected: false,
        platform: 'android',
        battery: undefined,
      };
    }
  }
  defineModel(
    ConnImpl,
    [
      'ref', 'refTTL', 'connected', 'pushname', 'wid', 'platform', 'battery', 'plugged', 'isSMB', 'me',
    ],
    'conn',
  );

  exports.ConnImpl = ConnImpl;
  exports.Conn = new ConnImpl();
});

__d('WAWebCmd', ['WAWebEventEmitter', 'SandboxSettings'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const EventEmitter = require('WAWebEventEmitter');

  class CmdImpl extends EventEmitter {
    constructor() {
      super();
      this.isMainLoaded = false;
      this.uiBusy = 0;
    }

    mainLoaded() {
      this.isMainLoaded = true;
      this.trigger('main_loaded');
    }

    logout() {
      this.trigger('logout');
    }

    onTemporaryBan(details) {
      this.trigger('on_temporary_ban', details);
    }

    archiveChat(chat, archive) {
      chat.set({ archive });
    }

    setActiveFilter(type, label) {
      this.trigger('set_active_filter', type, label);
    }

    async openChatBottom({ chat }) {
      require('SandboxScreen').openChat(chat);
      return true;
    }

    async openChatAt({ chat }) {
      return this.openChatBottom({ chat });
    }

    async openChatFromUnread({ chat }) {
      return this.openChatBottom({ chat });
    }

    closeChat() {
      require('SandboxScreen').openChat(null);
    }

    // As clients see it: this ends before any server has heard of it, and says nothing of what it answers.
    async sendRevokeMsgs(_chat, { list }) {
      for (const message of list) void require('SandboxRevoking').revoke(message);
    }
  }

  // Pages of 2026 have it elsewhere.
  if (require('SandboxSettings').refresh_qr === 'cmd') {
    CmdImpl.prototype.refreshQR = () => require('SandboxApp').refreshRef();
  }
  exports.CmdImpl = CmdImpl;
  exports.Cmd = new CmdImpl();
});

__d('WAWebNetworkStatus', ['WAWebBackboneModel'], (_g, require, _d, _n, _l, module) => {
  'use strict';

  const { BaseModel, defineModel } = require('WAWebBackboneModel');

  class NetworkStatus extends BaseModel {
    constructor() {
      super({ online: navigator.onLine });
      this.checkOnline = () => this.set({ online: navigator.onLine });
      self.addEventListener('online', this.checkOnline);
      self.addEventListener('offline', this.checkOnline);
    }
  }
  defineModel(NetworkStatus, ['online'], 'network-status');

  module.exports = new NetworkStatus();
});

__d('WAWebBackendEventBus', ['WAWebEventEmitter'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const EventEmitter = require('WAWebEventEmitter');
  const names = [
    'app_state_sync_completed', 'logout', 'refresh_qr', 'starting_logout', 'on_initial_chat_synced',
    'socket_stream_disconnected', 'open_socket_stream', 'set_socket_state', 'account_temporarily_banned',
    'unexpected_logout_modal', 'initial_load_ready', 'main_stream_mode_ready',
    'service_unavailable_503', 'offline_process_ready', 'offline_delivery_end',
  ];

  class BackendEventBusImpl extends EventEmitter {
    constructor() {
      super();
      this.isMainStreamReadyMd = false;
      this.isOfflineDeliveryEnd = false;
    }
  }

  exports.BackendEvent = Object.fromEntries(names.map((name) => [name.toUpperCase(), name]));
  exports.BackendEventBus = new BackendEventBusImpl();
});

__d('WAWebLoginState', ['SandboxIdentity'], (_g, require, _d, _n, _l, _m, exports) => {
  const identity = require('SandboxIdentity');
  exports.isLoggedIn = () => Boolean(identity.companion);
  exports.isRegistered = () => Boolean(identity.companion);
});

__d('WAWebUserPrefsMeUser', ['SandboxIdentity', 'WAWebWidFactory'], (
  _g, require, _d, _n, _l, _m, exports,
) => {
  'use strict';

  const identity = require('SandboxIdentity');
  const { createWid } = require('WAWebWidFactory');

  function myPhone() {
    return identity.me ? createWid(`${identity.me.phone}@c.us`) : undefined;
  }

  function myLid() {
    return identity.me ? createWid(`${identity.me.lid}@lid`) : undefined;
  }

  function orThrow(wid) {
    if (!wid) throw new Error('not linked');
    return wid;
  }

  exports.getMaybeMePnUser = myPhone;
  exports.getMaybeMeLidUser = myLid;
  exports.getMePnUserOrThrow = () => orThrow(myPhone());
  exports.getMeLidUserOrThrow = () => orThrow(myLid());
  exports.getMaybeMeDevicePn = () =>
    identity.me && createWid(`${identity.me.phone}:${identity.companion.device}@c.us`);
  exports.getMe = () => exports.getMaybeMeDevicePn();
  exports.isMeAccount = (wid) => Boolean(wid) && (wid.equals(myPhone()) || wid.equals(myLid()));
});

__d('WAWebUserPrefsInfoStore', ['SandboxIdentity'], (_g, require, _d, _n, _l, _m, exports) => {
  const identity = require('SandboxIdentity');
  exports.waNoiseInfo = {
    get: async () => ({ staticKeyPair: { pubKey: identity.keys.noise.buffer } }),
  };
});

__d('WAWebSignalStoreApi', ['SandboxIdentity'], (_g, require, _d, _n, _l, _m, exports) => {
  const identity = require('SandboxIdentity');
  exports.waSignalStore = {
    getRegistrationInfo: async () => ({
      registrationId: identity.keys.registrationId,
      identityKeyPair: { pubKey: identity.keys.identity.buffer },
    }),
  };
});

__d('WAWebUserPrefsMultiDevice', ['SandboxIdentity', 'WABase64'], (
  _g, require, _d, _n, _l, _m, exports,
) => {
  const identity = require('SandboxIdentity');
  const { encodeB64 } = require('WABase64');
  exports.getADVSecretKey = () => encodeB64(identity.keys.secret.buffer);
  exports.setADVSignedIdentity = () => {};
});

__d('WAWebAdvSignatureApi', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.verifyDeviceIdentityAccountSignature = () => true;
});

__d('WAWebCompanionRegClientUtils', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.DEVICE_PLATFORM = '1';
});

__d('WAWebOfflineHandler', [], (_g, _r, _d, _n, _l, _m, exports) => {
  let progress = 0;
  exports.OfflineMessageHandler = {
    getOfflineDeliveryProgress: () => progress,
    setOfflineDeliveryProgress: (percent) => void (progress = percent),
  };
});

__d('WAWebHistorySyncProgressModel', ['WAWebBackboneModel'], (
  _g, require, _d, _n, _l, _m, exports,
) => {
  const { BaseModel, defineModel } = require('WAWebBackboneModel');

  class HistorySyncProgressModel extends BaseModel {}
  defineModel(HistorySyncProgressModel, ['realProgress', 'remainingPausedSeconds'], 'history-sync');
  const progress = new HistorySyncProgressModel({ realProgress: 100, remainingPausedSeconds: 0 });
  exports.HistorySyncProgressModel = HistorySyncProgressModel;
  exports.getHistorySyncProgressModel = () => progress;
});
