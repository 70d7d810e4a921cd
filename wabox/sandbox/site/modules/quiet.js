// Modules that clients wrap or look for at start and that have nothing to do here.
(function defineQuietModules() {
  'use strict';

  function defineQuiet(moduleId, members) {
    __d(moduleId, [], (_g, _r, _d, _n, _l, _m, exports) => {
      for (const [name, value] of Object.entries(members)) {
        exports[name] = typeof value === 'function' ? (...args) => value(...args) : value;
      }
    });
  }

  const nothing = () => undefined;
  const no = () => false;
  const none = async () => [];
  const later = async () => undefined;

  defineQuiet('WAWebChatDb', { createChatRecord: later });
  defineQuiet('WAWebE2EProtoUtils', { typeAttributeFromProtobuf: () => 'text' });
  defineQuiet('WAWebBackendJobsCommon', {
    mediaTypeFromProtobuf: () => null,
    encodeMaybeMediaType: (type) => type,
  });
  defineQuiet('WAWebE2EProtoGenerator', { createMsgProtobuf: () => ({}) });
  defineQuiet('WAWebSendMsgCreateFanoutStanza', { createFanoutMsgStanza: async () => ({ content: [] }) });
  defineQuiet('WAWebSendMsgJob', { encryptAndSendMsg: later });
  defineQuiet('WAWebPrimaryFeatures', { primaryFeatureEnabled: no });
  defineQuiet('WAWebABPropsCache', {
    getAllABPropConfigs: () => [],
    getAllABPropsMap: () => new Map(),
    getABPropConfigNameFromCode: () => null,
  });
  defineQuiet('WAWebLinkPreviewUtils', { genMinimalLinkPreview: later });
  defineQuiet('WAWebLinkPreviewChatAction', { getLinkPreview: later });
  defineQuiet('WAWebLabelAction', {
    addToLabelCollection: later,
    createLabelItemId: (label, parent) => `${label}_${parent}`,
    getParentCollection: nothing,
    initializeLabels: nothing,
    removeLabelFromCollection: later,
  });
  defineQuiet('WAWebPollsVotesDb', { upsertVotesDb: later });
  defineQuiet('WAWebReactionsAction', { addOrUpdateReactionsModelCollection: nothing });
  defineQuiet('WAWebSetArchiveChatAction', { setArchive: async (chat, archive) => chat.set({ archive }) });
  defineQuiet('WAWebGroupDatabase', { updateDBForGroupAction: later });
  defineQuiet('WAWebPinChatAction', { getNumChatsPinned: () => 0 });
  defineQuiet('WAWebIsOfficialClient', { isOfficialClient: true });
  defineQuiet('WAWebUserPrefsGeneral', {
    getAutoDownloadPhotos: no,
    setAutoDownloadPhotos: nothing,
    getAutoDownloadAudio: no,
    setAutoDownloadAudio: nothing,
    getAutoDownloadVideos: no,
    setAutoDownloadVideos: nothing,
    getAutoDownloadDocuments: no,
    setAutoDownloadDocuments: nothing,
    getTheme: () => 'light',
    setTheme: nothing,
  });
  defineQuiet('WAWebVideoUtils', { generateVideoThumbsAndDuration: later });
  defineQuiet('WAWebStickerUtils', { processRawSticker: later });
  defineQuiet('WAWebFilterGating', { isFilterExcludedFromSearchTreatmentInInboxFlow: no });
  defineQuiet('WAWebBizGatingUtils', { canSaveAsMyContacts: no });
  defineQuiet('WAWebLidGatingUtils', { shouldHaveAccountLid: no });
  defineQuiet('WAWebContactPresenceBridge', {
    subscribeUserPresence: later,
    subscribeGroupPresence: later,
  });
  defineQuiet('WAWebFindCommonGroupsContactAction', { findCommonGroups: none });
  defineQuiet('WAWebContactStatusBridge', { getStatus: async () => ({ status: '' }), setMyStatus: later, queryStatusAll: none });
  defineQuiet('WAWebContactProfilePicThumbBridge', { profilePicFind: later, requestProfilePicFromServer: later });
  defineQuiet('WAWebNewsletterGatingUtils', { isNewsletterEnabled: no });
  defineQuiet('WAWebWidToJid', { widToUserJid: String, widToChatJid: String });
  defineQuiet('WAWebBotMessageSecret', { genBotMsgSecretFromMsgSecret: later });
  defineQuiet('WAWebMiscBrowserUtils', { id: () => 'sandbox', startDownloading: nothing });

  __d('WAWebChatSearchQuery', [], (_g, _r, _d, _n, _l, _m, exports) => {
    exports.SearchQuery = class SearchQuery {
      updateLabelQuery(filter) {
        this.filter = filter;
      }
    };
  });

  __d('WAWebTemplateButtonCollection', ['WAWebCollection'], (
    _g, _r, importDefault, _n, _l, _m, exports,
  ) => {
    const Collection = importDefault('WAWebCollection');

    class TemplateButtonCollection extends Collection {}
    TemplateButtonCollection.model = Object;
    exports.TemplateButtonCollection = TemplateButtonCollection;
  });
})();
