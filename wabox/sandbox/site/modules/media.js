// Files: prepared in the page, "uploaded" nowhere; the server hears their name, size and hash.
__d('WAWebMediaOpaqueData', [], (_g, _r, _d, _n, _l, module) => {
  'use strict';

  class OpaqueData {
    constructor(blob, mimetype) {
      this.blob = blob;
      this.mimetype = mimetype;
    }

    static async createFromData(blob, mimetype) {
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

    url() {
      return URL.createObjectURL(this.blob);
    }

    throwIfReleased() {}

    autorelease() {}
  }

  module.exports = OpaqueData;
});
