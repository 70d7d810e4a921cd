// Getters over contacts, chats and messages, as functions: clients make properties of them.
__d('WAWebContactGetters', ['WAWebUserPrefsMeUser'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const me = require('WAWebUserPrefsMeUser');
  const never = () => false;

  Object.assign(exports, {
    getNotifyName: (contact) => contact.pushname,
    getPremiumMessageName: () => undefined,
    getUserid: (contact) => contact.id.user,
    getIsMe: (contact) => me.isMeAccount(contact.id),
    getIsUser: (contact) => contact.id.isUser(),
    getIsGroup: (contact) => contact.id.isGroup(),
    getIsBroadcast: (contact) => contact.id.isBroadcast(),
    getIsNewsletter: (contact) => contact.id.isNewsletter(),
    getIsPSA: (contact) => contact.id.isPSA(),
    getIsWAContact: (contact) => contact.id.isUser(),
    getName: (contact) => contact.name,
    getShortName: (contact) => contact.shortName ?? contact.name,
    getPushname: (contact) => contact.pushname,
    getVerifiedName: (contact) => contact.verifiedName,
    getVerifiedLevel: (contact) => contact.verifiedLevel,
    getStatusMute: (contact) => Boolean(contact.statusMute),
    getIsEnterprise: (contact) => Boolean(contact.isEnterprise),
    getIsIAS: never,
    getIsSupportAccount: never,
    getCanRequestPhoneNumber: never,
    getShowBusinessCheckmarkAsPrimary: never,
    getShowBusinessCheckmarkAsSecondary: never,
    getShowBusinessCheckmarkInChatlist: never,
    getIsDisplayNameApproved: never,
    getShouldForceBusinessUpdate: never,
  });
});

__d('WAWebFrontendContactGetters', ['SandboxDirectory'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const directory = require('SandboxDirectory');
  const phone = (contact) => directory.getPhoneNumber(contact.id)?.user ?? contact.id.user;
  const name = (contact) => contact.name ?? contact.pushname ?? `+${phone(contact)}`;

  Object.assign(exports, {
    getIsMyContact: (contact) => Boolean(contact.isAddressBookContact),
    getMentionName: name,
    getSearchVerifiedName: () => undefined,
    getHeader: (contact) => name(contact)[0],
    getDisplayName: name,
    getPnForLid: (contact) => directory.getPhoneNumber(contact.id),
    getUserDisplayNameForLid: name,
    getPhoneNumber: (contact) => directory.getPhoneNumber(contact.id),
    getTextStatusString: () => '',
    getFormattedPhone: (contact) => `+${phone(contact)}`,
    getFormattedUsernameOrPhone: (contact) => `+${phone(contact)}`,
    getFormattedShortNameWithNonBreakingSpaces: name,
    getFormattedShortName: name,
    getFormattedName: name,
    getFormattedUser: (contact) => contact.id.user,
    getSearchName: name,
  });
});

__d('WAWebChatGetters', [], (_g, _r, _d, _n, _l, _m, exports) => {
  'use strict';

  Object.assign(exports, {
    getIsNewsletter: (chat) => chat.id.isNewsletter(),
    getIsBroadcast: (chat) => chat.id.isBroadcast(),
    getIsGroup: (chat) => chat.id.isGroup(),
    getIsUser: (chat) => chat.id.isUser(),
    getShouldAppearInList: () => true,
    getPreviewMessage: (chat) => chat.msgs.last(),
    getShowChangeNumberNotification: () => false,
    getShouldShowUnreadDivider: () => false,
    getHasUnread: (chat) => chat.unreadCount !== 0,
  });
});

__d('WAWebGetters', [], (_g, _r, _d, _n, _l, _m, exports) => {
  'use strict';

  Object.assign(exports, {
    getAsMms: () => null,
    getIsUnreadType: (message) => !message.id.fromMe,
    getQuotedMsgObj: () => undefined,
    getQuotedMsgKey: () => undefined,
  });
});

__d('WAWebMsgReply', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.canReplyMsg = () => true;
});

__d('WALinkify', [], (_g, _r, _d, _n, _l, _m, exports) => {
  'use strict';

  const LINK = /https?:\/\/[^\s<>"]+/g;

  function findLinks(text) {
    return [...(text ?? '').matchAll(LINK)].map(([href]) => ({ href, url: href }));
  }

  exports.findLinks = findLinks;
  exports.findLink = (text) => findLinks(text)[0];
  exports.findFirstWebLink = (text) => findLinks(text)[0]?.href;
});

__d('WAWebSyncGatingUtils', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.isPlaceholderMessageResendEnabled = () => false;
});
