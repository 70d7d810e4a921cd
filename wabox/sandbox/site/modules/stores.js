// Stores that a linked account has and that stay empty here: clients listen on them at start.
(function defineStores() {
  'use strict';

  function defineStore(moduleId, name, proxyName, { withImpl = true, members = {} } = {}) {
    __d(moduleId, ['WAWebBackboneModel', 'WAWebCollection'], (
      _g, require, importDefault, _n, _l, _m, exports,
    ) => {
      const { BaseModel, defineModel } = require('WAWebBackboneModel');
      const Collection = importDefault('WAWebCollection');

      class StoredModel extends BaseModel {}
      defineModel(StoredModel, ['id'], proxyName);

      class StoreImpl extends Collection {}
      StoreImpl.model = StoredModel;
      Object.assign(StoreImpl.prototype, members);

      const store = new StoreImpl();
      exports[name] = store;
      if (withImpl) exports[`${name}Impl`] = StoreImpl;
    });
  }

  function defineDefaultStore(moduleId, members) {
    __d(moduleId, ['WAWebBackboneModel', 'WAWebCollection'], (
      _g, require, importDefault, _n, _l, _m, exports,
    ) => {
      const { BaseModel } = require('WAWebBackboneModel');
      const Collection = importDefault('WAWebCollection');

      class StoreImpl extends Collection {}
      StoreImpl.model = class StoredModel extends BaseModel {};
      Object.assign(StoreImpl.prototype, members);
      exports.default = new StoreImpl();
    });
  }

  defineStore('WAWebBlocklistCollection', 'BlocklistCollection', 'blocklist');
  defineStore('WAWebTextStatusCollection', 'TextStatusCollection', 'text_status');
  defineStore('WAWebReactionsCollection', 'ReactionsCollection', 'reactions');
  defineStore('WAWebLabelCollection', 'LabelCollection', 'label');
  defineStore('WAWebBotProfileCollection', 'BotProfileCollection', 'bot-profile', { withImpl: false });
  defineStore('WAWebPresenceCollection', 'PresenceCollection', 'presence', { withImpl: false });
  defineStore('WAWebProfilePicThumbCollection', 'ProfilePicThumbCollection', 'profile-pic-thumb');
  defineStore('WAWebBusinessProfileCollection', 'BusinessProfileCollection', 'business-profile');
  defineStore('WAWebQuickReplyCollection', 'QuickReplyCollection', 'quick-reply');
  defineStore('WAWebStickerCollection', 'StickerCollection', 'sticker');
  defineStore('WAWebMuteCollection', 'MuteCollection', 'mute');
  defineStore('WAWebStatusCollection', 'StatusCollection', 'status', {
    members: {
      getMyStatus() {
        return { msgs: { get: () => undefined } };
      },
    },
  });
  defineDefaultStore('WAWebNewsletterCollection', {});
  defineDefaultStore('WAWebGroupMetadataCollection', { _handleParentGroupChange() {} });

  __d('WAWebCallCollection', ['WAWebEventEmitter'], (_g, require, _d, _n, _l, _m, exports) => {
    const EventEmitter = require('WAWebEventEmitter');

    class CallCollectionImpl extends EventEmitter {
      constructor() {
        super();
        this.calls = new Map();
      }

      processIncomingCall(call) {
        this.calls.set(call.id, call);
        return call;
      }

      setActiveCall(call) {
        this.activeCall = call;
      }
    }

    exports.default = new CallCollectionImpl();
  });

  // whatsapp-web.js reaches every store through this one module.
  __d('WAWebCollections', [], (_g, require, _d, importNamespace, _l, _m, exports) => {
    const homes = {
      Blocklist: ['WAWebBlocklistCollection', 'BlocklistCollection'],
      BotProfile: ['WAWebBotProfileCollection', 'BotProfileCollection'],
      BusinessProfile: ['WAWebBusinessProfileCollection', 'BusinessProfileCollection'],
      Chat: ['WAWebChatCollection', 'ChatCollection'],
      Contact: ['WAWebContactCollection', 'ContactCollection'],
      GroupMetadata: ['WAWebGroupMetadataCollection', 'default'],
      Label: ['WAWebLabelCollection', 'LabelCollection'],
      Msg: ['WAWebMsgCollection', 'MsgCollection'],
      Mute: ['WAWebMuteCollection', 'MuteCollection'],
      ProfilePicThumb: ['WAWebProfilePicThumbCollection', 'ProfilePicThumbCollection'],
      QuickReply: ['WAWebQuickReplyCollection', 'QuickReplyCollection'],
      Reactions: ['WAWebReactionsCollection', 'ReactionsCollection'],
      Status: ['WAWebStatusCollection', 'StatusCollection'],
      WAWebNewsletterCollection: ['WAWebNewsletterCollection', 'default'],
    };
    for (const [name, [moduleId, member]] of Object.entries(homes)) {
      exports[name] = importNamespace(moduleId)[member];
    }
  });
})();
