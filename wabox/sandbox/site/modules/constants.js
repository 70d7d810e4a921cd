// Enumerations and constants that clients read.
__d('WAWebAck', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.ACK = {
    MD_DOWNGRADE: -7,
    INACTIVE: -6,
    CONTENT_UNUPLOADABLE: -5,
    CONTENT_TOO_BIG: -4,
    CONTENT_GONE: -3,
    EXPIRED: -2,
    FAILED: -1,
    CLOCK: 0,
    SENT: 1,
    RECEIVED: 2,
    READ: 3,
    PLAYED: 4,
    PEER: 5,
  };
  exports.ACK_STRING = {
    SENDER: 'sender',
    DELIVERY: 'delivery',
    READ: 'read',
    PLAYED: 'played',
    INACTIVE: 'inactive',
    PEER_MSG: 'peer_msg',
  };
  exports.EDIT_ATTR = { NONE: 0, MESSAGE_EDIT: 1, PIN: 2, SENDER_REVOKE: 7, ADMIN_REVOKE: 8 };
});

__d('WAWebSendMsgResult', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.SendMsgResult = {
    OK: 'OK',
    ERROR_NETWORK: 'ERROR_NETWORK',
    ERROR_EXPIRED: 'ERROR_EXPIRED',
    ERROR_CANCELLED: 'ERROR_CANCELLED',
    ERROR_UPLOAD: 'ERROR_UPLOAD',
    ERROR_UNKNOWN: 'ERROR_UNKNOWN',
  };
});

__d('WAWebSocketConstants', [], (_g, _r, _d, _n, _l, _m, exports) => {
  const names = (...list) => Object.fromEntries(list.map((name) => [name, name]));
  exports.SOCKET_STATE = names(
    'OPENING', 'PAIRING', 'UNPAIRED', 'UNPAIRED_IDLE', 'CONNECTED', 'TIMEOUT', 'CONFLICT',
    'UNLAUNCHED', 'PROXYBLOCK', 'TOS_BLOCK', 'SMB_TOS_BLOCK', 'DEPRECATED_VERSION',
  );
  exports.SOCKET_STREAM = names('DISCONNECTED', 'SYNCING', 'RESUMING', 'CONNECTED');
  exports.WATCHED_SOCKET_STATE = names('OPEN', 'CLOSED');
});

__d('WAWebLogoutReasonConstants', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.LogoutReason = {
    UserInitiated: 'user_initiated',
    UnknownCompanion: 'unknown_companion',
    AccountLocked: 'account_locked',
    SyncdFailure: 'syncd_failure',
    StorageQuotaExceeded: 'storage_quota_exceeded',
    PrimaryIdentityKeyChange: 'primary_identity_key_change',
  };
  exports.LOGOUT_REASON_CODE = {
    CLIENT_FATAL: '0',
    SYNC_FAIL: '1',
    INITIAL_HISTORY_SYNC_TIMEOUT: '2',
    ACCOUNT_LOCKED: '3',
  };
});

__d('WAWebLogoutReason', ['WAWebLogoutReasonConstants'], (_g, require, _d, _n, _l, _m, exports) => {
  const { LOGOUT_REASON_CODE } = require('WAWebLogoutReasonConstants');
  let previousCode = null;
  let previousMessage = null;

  exports.getErrorCodeFromLogoutReason = (reason) =>
    (reason === 'account_locked'
      ? LOGOUT_REASON_CODE.ACCOUNT_LOCKED
      : LOGOUT_REASON_CODE.CLIENT_FATAL);
  exports.setPrevLogoutReasonCode = (code) => void (previousCode = code);
  exports.getPrevLogoutReasonCode = () => previousCode;
  exports.setPrevCustomLogoutMessage = (message) => void (previousMessage = message);
  exports.getPrevCustomLogoutMessage = () => previousMessage;
});

__d('WAWebNonJidMentionType', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.default = { MENTION_ALL: 1 };
});

__d('WAWebMsgType', [], (_g, _r, _d, _n, _l, _m, exports) => {
  const types = [
    'chat', 'image', 'video', 'audio', 'ptt', 'document', 'sticker', 'location', 'vcard',
    'multi_vcard', 'revoked', 'ciphertext', 'protocol', 'notification', 'notification_template',
    'e2e_notification', 'gp2', 'poll_creation', 'list', 'list_response', 'buttons_response',
    'interactive', 'unknown', 'group_notification', 'broadcast_notification', 'call_log', 'reaction',
  ];
  exports.MSG_TYPE = Object.fromEntries(types.map((type) => [type.toUpperCase(), type]));
  exports.BY_PEOPLE = [
    'interactive', 'chat', 'image', 'video', 'ptv', 'audio', 'ptt', 'document', 'vcard', 'location', 'ciphertext',
    'oversized', 'multi_vcard', 'sticker', 'status', 'product', 'groups_v4_invite', 'poll_creation', 'list',
    'event_creation', 'sticker-pack', 'album', 'automated_greeting_message',
  ];
  exports.SYSTEM_MESSAGE_TYPES = [
    'notification', 'notification_template', 'e2e_notification', 'gp2', 'group_notification', 'broadcast_notification',
  ];
});

__d('WAWebOutwardTypes', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.OUTWARD_TYPES = { CHAT: 'chat', MEDIA: 'media' };
});

__d('WAWebCallState', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.CallState = { None: 0, ReceivedCall: 3, ReceivedCallWithoutOffer: 4, CallActive: 6 };
});

__d('WAWebGroupConstants', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.GROUP_SETTING_TYPE = { ANNOUNCEMENT: 'announcement', RESTRICT: 'restrict' };
});

__d('WAWebPinMsgConstants', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.PIN_STATE = { PIN: 1, UNPIN: 2 };
  exports.PinExpiryDurationOption = { OneDay: 86400, SevenDays: 604800, ThirtyDays: 2592000 };
});

__d('WAWebKicEntryPoint', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.KIC_ENTRY_POINT_TYPE = { CHAT: 1 };
});

__d('WAWebChannelEventSurface', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.CHANNEL_EVENT_SURFACE = { CHANNEL_THREAD: 1 };
});

__d('WATimeUtils', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.unixTime = () => Math.floor(Date.now() / 1000);
  exports.unixTimeMs = () => Date.now();
});

__d('WAWebBuildConstants', ['SandboxSettings'], (_g, require, _d, _n, _l, _m, exports) => {
  const version = require('SandboxSettings').whatsapp_version;
  const [primary, secondary, tertiary] = version.split('.');
  exports.VERSION_STR = version;
  exports.SANITIZED_VERSION_STR = version;
  exports.VERSION_BASE = version;
  exports.VERSION_PRIMARY = primary;
  exports.VERSION_SECONDARY = secondary;
  exports.VERSION_TERTIARY = tertiary;
  exports.WINDOWS_BUILD = null;
});

__d('WAWebServerPropConstants', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.MAX_FILE_SIZE_BYTES = 100 * 1024 * 1024;
  exports.MULTICAST_LIMIT_GLOBAL = 5;
});

__d('WABase64', [], (_g, _r, _d, _n, _l, _m, exports) => {
  function encodeB64(data) {
    return btoa(String.fromCharCode(...new Uint8Array(data)));
  }

  function decodeB64(text) {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
  }

  exports.encodeB64 = encodeB64;
  exports.decodeB64 = decodeB64;
});

__d('WARandomHex', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.randomHex = (count) =>
    Array.from(crypto.getRandomValues(new Uint8Array(count)), (byte) =>
      byte.toString(16).padStart(2, '0')).join('').toUpperCase();
});
