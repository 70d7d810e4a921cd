// Uploads: the bytes go to the server, which knows a file by what it got, and answers with its path.
__d('WAWebABProps', ['SandboxWire'], (_g, require, _d, _n, _l, _m, exports) => {
  const { sending } = require('SandboxWire');
  exports.getABPropConfigValue = (name) =>
    (name === 'web_media_encrypt_upload_in_worker_enabled' && sending.upload_in_worker ? true : undefined);
});

__d('SandboxUpload', [], (_g, require, _d, _n, _l, module) => {
  'use strict';

  let stuck = false;

  // Read through the module, as it is: clients wrap it there. The worker never answers, and no request is made.
  async function upload(blob) {
    if (require('WAWebABProps').getABPropConfigValue('web_media_encrypt_upload_in_worker_enabled')) {
      stuck = true;
      await new Promise(() => {});
    }
    const answer = await fetch('/sandbox/mms', { method: 'POST', body: blob });
    if (!answer.ok) throw Object.assign(new Error('the server did not take it'), { refused: true });
    return (await answer.json()).direct_path;
  }

  module.exports = { upload, isStuck: () => stuck };
});

__d('WAWebMediaUploadAction', ['SandboxWire', 'SandboxUpload', 'SandboxStorage'], (
  _g, require, _d, _n, _l, module,
) => {
  'use strict';

  const { sending } = require('SandboxWire');
  const { upload } = require('SandboxUpload');
  const storage = require('SandboxStorage');

  // The message enters before its bytes are up, or after, as the fault `media_entry` says.
  async function sendMediaToChat(chat, raw, data, blob) {
    const { enterInto, handOver } = require('WAWebSendMsgChatAction');
    let message = sending.media_entry === 'late' ? null : await enterInto(chat, raw);
    message?.set({ mediaData: data });
    data.set({ mediaStage: 'UPLOADING' });
    try {
      data.set({ directPath: await upload(blob), mediaStage: 'RESOLVED' });
    } catch (error) {
      data.set({ mediaStage: 'ERROR_UPLOAD' });
      if (!error.refused) return { messageSendResult: 'ERROR_NETWORK' };
      message ??= await enterInto(chat, raw);
      message.set({ isSendFailure: true });
      message.updateAck(-1, true);
      await storage.saveMessage(message);
      return { messageSendResult: 'ERROR_UPLOAD' };
    }
    message ??= await enterInto(chat, { ...raw, directPath: data.directPath });
    message.set({ directPath: data.directPath });
    await storage.saveMessage(message);
    return handOver(chat, message);
  }

  module.exports = { sendMediaToChat };
});
