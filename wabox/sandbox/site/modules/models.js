// The models of a chat, a message and a contact, and the one store of each.
__d('WAWebPresenceModel', ['WAWebBackboneModel'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const { BaseModel, defineModel } = require('WAWebBackboneModel');

  class Chatstate extends BaseModel {}
  defineModel(Chatstate, ['id', 'type', 't', 'deny'], 'chatstate');

  class Presence extends BaseModel {
    initialize() {
      this.attributes.chatstate = new Chatstate({ id: this.id });
      this.attributes.chatstates = { getModelsArray: () => [] };
    }

    async subscribe() {
      this.set({ hasData: true, isSubscribed: true });
    }
  }
  defineModel(
    Presence,
    ['id', 'hasData', 'isOnline', 'isSubscribed', 'isUser', 'isGroup', 'chatstate', 'chatstates'],
    'presence',
  );

  exports.Presence = Presence;
  exports.Chatstate = Chatstate;
});

__d('WAWebMsgModel', ['WAWebBackboneModel'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const { BaseModel, defineModel } = require('WAWebBackboneModel');

  class Msg extends BaseModel {
    static defaults() {
      return { ack: 0, isNewMsg: false, star: false, labels: [], mentionedJidList: [] };
    }

    get sender() {
      return this.attributes && (this.author ?? this.from);
    }

    get isSentByMe() {
      return Boolean(this.attributes?.id?.fromMe);
    }

    get senderObj() {
      return this.attributes && require('WAWebContactCollection').ContactCollection.gadd(this.sender);
    }

    // What the page itself counts as written by people; the server's word on a type that the page does not know.
    get isUserCreatedType() {
      const { BY_PEOPLE } = require('WAWebMsgType');
      return Boolean(this.attributes?.ofPerson) || BY_PEOPLE.includes(this.attributes?.type);
    }

    get isStatusV3() {
      return Boolean(this.attributes?.id?.remote?.isStatusV3());
    }

    get isMedia() {
      return Boolean(this.attributes?.mimetype);
    }

    get mediaObject() {
      return this.attributes?.media;
    }

    updateAck(ack, force) {
      if (force || ack > this.ack || ack < 0) this.set({ ack });
    }

    canReply() {
      return true;
    }

    canForward() {
      return true;
    }

    canRevoke() {
      return this.isSentByMe;
    }

    msgContextInfo() {
      return {
        quotedMsg: { type: this.type, body: this.body },
        quotedStanzaID: this.id.id,
        quotedParticipant: this.sender,
      };
    }

    avParams() {
      return {};
    }

    waitForPrep() {
      return Promise.resolve();
    }

    // What WhatsApp has no more is not there afterwards; nobody is told otherwise.
    async downloadMedia() {
      if (!this.directPath || !this.mediaData) return;
      this.mediaData.set({ mediaStage: 'FETCHING' });
      const answer = await fetch(`${this.directPath}?for=page`, { cache: 'no-store' }); // a 410 would be kept for ever
      const OpaqueData = require('WAWebMediaOpaqueData');
      const mediaBlob = answer.ok ? new OpaqueData(await answer.blob(), this.mimetype) : undefined;
      this.mediaData.set({ mediaBlob, mediaStage: answer.ok ? 'RESOLVED' : 'ERROR_MISSING' });
    }

    getCollection() {
      return this.collection;
    }
  }
  defineModel(
    Msg,
    [
      'id', 'rowId', 'type', 'subtype', 'body', 'caption', 't', 'notifyName', 'from', 'to', 'author',
      'self', 'ack', 'isNewMsg', 'star', 'local', 'mimetype', 'filename', 'size', 'filehash',
      'mediaKey', 'mediaData', 'directPath', 'labels', 'mentionedJidList', 'quotedMsg',
      'quotedStanzaID', 'quotedParticipant', 'isForwarded', 'kicState', 'latestEditMsgKey',
      'isUnsentMedia', 'pendingAckUpdate', 'invis', 'urlText', 'urlNumber', 'isViewOnce', 'isGif', 'isLive', 'isSendFailure',
      'errorCode', 'ephemeralDuration', 'lat', 'lng', 'loc', 'clientUrl', 'vcardFormattedName', 'vcardList',
      'pollName', 'pollOptions', 'pollSelectableOptionsCount', 'pollEncKey', 'messageSecret', 'ofPerson', 'futureproofType',
    ],
    'msg',
  );

  exports.Msg = Msg;
});

__d('WAWebMsgCollection', ['WAWebMsgModel', 'WAWebCollection', 'WAWebMsgKey'], (
  _g, require, importDefault, _n, _l, _m, exports,
) => {
  'use strict';

  const Collection = importDefault('WAWebCollection');
  const MsgKey = require('WAWebMsgKey');

  class MsgCollectionImpl extends Collection {
    constructor() {
      super();
      this.msgLoadState = { noEarlierMsgs: true, isLoadingEarlierMsgs: false };
    }

    async getMessagesById(ids) {
      const loadMessage = require('SandboxHistory').loadMessage;
      const found = await Promise.all(ids.map((id) => loadMessage(MsgKey.from(id))));
      return { messages: found.filter(Boolean) };
    }

    // What says only that another message is taken back enters no store.
    async processMultipleMessages(_chatId, messages) {
      const revokes = messages.filter((each) => each.type === 'protocol' && each.subtype === 'sender_revoke');
      for (const one of revokes) await require('SandboxInbox').takeBack(one.protocolMessageKey);
      return this.add(messages.filter((each) => !revokes.includes(each)));
    }
  }
  MsgCollectionImpl.model = require('WAWebMsgModel').Msg;

  exports.MsgCollectionImpl = MsgCollectionImpl;
  exports.MsgCollection = new MsgCollectionImpl();
});

__d('WAWebContactModel', ['WAWebBackboneModel'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const { BaseModel, defineModel } = require('WAWebBackboneModel');

  class Contact extends BaseModel {
    static defaults() {
      return { type: 'in', isBusiness: false, isEnterprise: false, isContactBlocked: false };
    }

    getProfilePicThumb() {
      return undefined;
    }
  }
  defineModel(
    Contact,
    [
      'id', 'name', 'shortName', 'pushname', 'type', 'isBusiness', 'isEnterprise', 'verifiedName',
      'verifiedLevel', 'privacyMode', 'statusMute', 'isContactBlocked', 'phoneNumber', 'username',
      'disappearingModeDuration', 'disappearingModeSettingTimestamp', 'businessProfile', 'labels',
      'isAddressBookContact', 'syncToAddressbook', 'isContactSyncCompleted',
    ],
    'contact',
  );

  exports.Contact = Contact;
});

__d('WAWebContactCollection', ['WAWebContactModel', 'WAWebCollection', 'WAWebWidFactory'], (
  _g, require, importDefault, _n, _l, _m, exports,
) => {
  'use strict';

  const Collection = importDefault('WAWebCollection');
  const { createWid } = require('WAWebWidFactory');

  class ContactCollectionImpl extends Collection {
    constructor() {
      super();
      this.checksum = '';
    }

    gadd(id) {
      return this.get(id) ?? this.add({ id: createWid(id) })[0];
    }

    getMeContact() {
      const me = require('WAWebUserPrefsMeUser').getMaybeMePnUser();
      return me && this.gadd(me);
    }

    getFilteredContacts() {
      return this.getModelsArray();
    }
  }
  ContactCollectionImpl.model = require('WAWebContactModel').Contact;

  exports.ContactCollectionImpl = ContactCollectionImpl;
  exports.ContactCollection = new ContactCollectionImpl();
});

__d('WAWebChatModel', ['WAWebBackboneModel', 'WAWebMsgCollection'], (
  _g, require, _d, _n, _l, _m, exports,
) => {
  'use strict';

  const { BaseModel, defineModel } = require('WAWebBackboneModel');
  const { MsgCollectionImpl } = require('WAWebMsgCollection');
  const { Presence } = require('WAWebPresenceModel');

  class Chat extends BaseModel {
    static defaults() {
      return {
        unreadCount: 0,
        archive: false,
        pin: 0,
        isReadOnly: false,
        canSend: true,
        labels: [],
        mute: { expiration: 0, isMuted: false, canMute: () => true },
      };
    }

    initialize() {
      if (!this.attributes.msgs) this.attributes.msgs = new MsgCollectionImpl();
      this.attributes.presence = new Presence({ id: this.id, isUser: this.id?.isUser() });
    }

    get contact() {
      const contacts = this.attributes && require('WAWebContactCollection').ContactCollection;
      return contacts?.get(this.id);
    }

    get formattedTitle() {
      const contact = this.contact;
      return this.attributes && (this.name ?? contact?.name ?? contact?.pushname ?? this.id.user);
    }

    get isNewsletter() {
      return Boolean(this.attributes?.id?.isNewsletter());
    }

    getAllMsgs() {
      return this.msgs.getModelsArray();
    }

    getComposeContents() {
      return { text: '' };
    }

    getTcToken() {
      return require('SandboxLimits').tokenOf(this.id);
    }

    lastMessage() {
      return this.msgs.last();
    }
  }
  defineModel(
    Chat,
    [
      'id', 'name', 'pushname', 't', 'unreadCount', 'archive', 'pin', 'mute', 'msgs', 'presence', 'labels', 'active',
      'lastReceivedKey', 'isReadOnly', 'canSend', 'notSpam', 'groupMetadata', 'newsletterMetadata', 'accountLid',
      'isParentGroup', 'ephemeralDuration', 'ephemeralSettingTimestamp', 'goneMs',
    ],
    'chat',
  );

  exports.Chat = Chat;
});

__d('WAWebChatCollection', ['WAWebChatModel', 'WAWebCollection'], (
  _g, require, importDefault, _n, _l, _m, exports,
) => {
  'use strict';

  const Collection = importDefault('WAWebCollection');

  class ChatCollectionImpl extends Collection {
    async find(id) {
      const { findOrCreateLatestChat } = require('WAWebFindChatAction');
      return (await findOrCreateLatestChat(id)).chat;
    }

    getActive() {
      return this.findFirst((chat) => chat.active);
    }
  }
  ChatCollectionImpl.model = require('WAWebChatModel').Chat;

  exports.ChatCollectionImpl = ChatCollectionImpl;
  exports.ChatCollection = new ChatCollectionImpl();
});

__d('WAWebSuperChatMsgs', ['WAWebMsgCollection'], (_g, require, _d, _n, _l, _m, exports) => {
  exports.default = class ChatMsgs extends require('WAWebMsgCollection').MsgCollectionImpl {
    onEmptyMRM() {
      throw new Error('onEmptyMRM not implemented');
    }
  };
});
