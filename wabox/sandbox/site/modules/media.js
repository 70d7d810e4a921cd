// Files: read and hashed in the page, uploaded when they are sent.
__d('WAWebMediaOpaqueData', [], (_g, _r, _d, _n, _l, module) => {
  'use strict';

  class OpaqueData {
    constructor(blob, mimetype) {
      Object.defineProperty(this, 'blob', { value: blob });
      Object.defineProperty(this, 'mimetype', { value: mimetype });
    }

    static async createFromData(data, mimetype) {
      const blob = data instanceof Blob ? data : new Blob([data], { type: mimetype });
      return new OpaqueData(blob, mimetype ?? blob.type);
    }

    type() {
      return this.mimetype;
    }

    size() {
      return this.blob.size;
    }

    forceToBlob() {
      return this.blob;
    }

    formData() {
      return this.blob;
    }

    url() {
      return URL.createObjectURL(this.blob);
    }

    throwIfReleased() {}

    retain() {}

    autorelease() {}
  }

  module.exports = OpaqueData;
});

__d('WAMediaCalculateFilehash', ['WABase64'], (_g, require, _d, _n, _l, _m, exports) => {
  const { encodeB64 } = require('WABase64');
  exports.calculateFilehashFromBlob = async (blob) =>
    encodeB64(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
});

__d('WAWebMediaDataModel', ['WAWebBackboneModel'], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const { BaseModel, defineModel } = require('WAWebBackboneModel');

  class MediaData extends BaseModel {
    serialize() {
      const { mediaBlob, ...rest } = super.serialize();
      return rest;
    }
  }
  defineModel(
    MediaData,
    [
      'type', 'mimetype', 'filehash', 'size', 'filename', 'mediaStage', 'isGif', 'preview', 'mediaBlob',
      'renderableUrl', 'waveform', 'fullHeight', 'fullWidth', 'duration', 'directPath', 'mediaKey',
      'clientUrl', 'encFilehash', 'uploadhash', 'mediaKeyTimestamp', 'deprecatedMms3Url',
      'streamingSidecar', 'firstFrameSidecar', 'mediaHandle',
    ],
    'media-data',
  );

  exports.MediaData = MediaData;
});

__d('WAWebMediaGatingUtils', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.getUploadLimit = (type) => (type === 'document' ? 2048 : 64) * 1024 * 1024;
});

__d('WAWebPrepRawMedia', [
  'WAMediaCalculateFilehash', 'WAWebMediaDataModel', 'WAWebMediaUploadAction',
], (_g, require, _d, _n, _l, _m, exports) => {
  'use strict';

  const { calculateFilehashFromBlob } = require('WAMediaCalculateFilehash');
  const { MediaData } = require('WAWebMediaDataModel');

  function typeOf(mimetype, options) {
    if (options.asDocument) return 'document';
    if (options.asSticker) return 'sticker';
    if (options.isPtt) return 'ptt';
    const family = mimetype.split('/')[0];
    return ['image', 'video', 'audio'].includes(family) ? family : 'document';
  }

  class MediaPrep {
    constructor(opaque, options) {
      const blob = opaque.forceToBlob();
      this.mediaData = new MediaData({
        type: typeOf(opaque.type(), options),
        mimetype: opaque.type(),
        size: blob.size,
        filename: blob.name,
        mediaBlob: opaque,
        isGif: Boolean(options.asGif),
        mediaStage: 'PREPARING',
      });
      this.prepared = this.prepare(blob);
    }

    async prepare(blob) {
      if (require('SandboxWire').sending.never_prepared) await new Promise(() => {});
      const filehash = await calculateFilehashFromBlob(blob);
      require('WAWebMediaStorage').getOrCreateMediaObject(filehash).blob = blob;
      this.mediaData.set({ filehash });
      return this.mediaData;
    }

    waitForPrep() {
      return this.prepared;
    }

    // One argument, and the message shows up in the chat after this returns: callers count on both. A caption that
    // no user gave is the file's name, and is not shown.
    async sendToChat({ chat, options }) {
      const { type, mimetype, size, filehash, filename } = await this.prepared;
      const given = options.productMsgOptions?.isCaptionByUser === false ? {} : options.productMsgOptions;
      const raw = {
        filename,
        ...options.productMsgOptions,
        type,
        mimetype,
        size,
        filehash,
        caption: options.caption ?? given?.caption,
        mediaData: this.mediaData,
      };
      const { sendMediaToChat } = require('WAWebMediaUploadAction');
      return sendMediaToChat(chat, raw, this.mediaData, this.mediaData.mediaBlob.forceToBlob());
    }
  }

  exports.MediaPrep = MediaPrep;
  exports.prepRawMedia = (opaque, options) => new MediaPrep(opaque, options ?? {});
  exports.uploadProductImage = async () => undefined;
});

__d('WAWebMediaStorage', [], (_g, _r, _d, _n, _l, _m, exports) => {
  const objects = new Map();

  function getOrCreateMediaObject(filehash) {
    if (!objects.has(filehash)) {
      const object = { filehash, contentInfo: {} };
      object.consolidate = ({ type, size }) => Object.assign(object, { type, size });
      objects.set(filehash, object);
    }
    return objects.get(filehash);
  }

  exports.getOrCreateMediaObject = getOrCreateMediaObject;
});

__d('WAWebMmsMediaTypes', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.msgToMediaType = ({ type }) => type;
  exports.castToV4 = (type) => type;
});

__d('WAWebMediaDataUtils', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.shouldUseMediaCache = () => false;
});

__d('WAWebMediaInMemoryBlobCache', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.InMemoryMediaBlobCacheImpl = Map;
  exports.InMemoryMediaBlobCache = { put() {}, get() {} };
});

// A client's own way up: it gives the message the path that it is answered.
__d('WAWebMediaMmsV4Upload', ['SandboxUpload'], (_g, require, _d, _n, _l, _m, exports) => {
  exports.uploadMedia = async ({ mediaObject }) => ({
    mediaEntry: {
      directPath: await require('SandboxUpload').upload(mediaObject.blob),
      mediaKey: 'sandbox',
      mediaKeyTimestamp: Math.floor(Date.now() / 1000),
      encFilehash: mediaObject.filehash,
      uploadHash: mediaObject.filehash,
    },
  });
});

__d('WAWebDownloadManager', [], (_g, _r, _d, _n, _l, _m, exports) => {
  exports.downloadManager = {
    async downloadAndMaybeDecrypt({ directPath, signal }) {
      const answer = await fetch(`${directPath}?for=page`, { signal });
      if (!answer.ok) throw Object.assign(new Error('no such file'), { status: answer.status === 410 ? 404 : answer.status });
      return answer.arrayBuffer();
    },
  };
});
