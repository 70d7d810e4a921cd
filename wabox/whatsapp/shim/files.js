// A file and its caption: how it is given to the page, and how its upload stands.

// Given in this very page and not settled: a second one under the same id gets no answer, so the page must be a fresh
// one by then; and what is not in its store may still come from an upload that runs.
const uploads = new Map(); // message id -> key

const stageOf = (msg) => text(unless(null, () => msg.mediaData.mediaStage)) || '';
const isUploaded = (msg) => !!unless(null, () => msg.directPath);
// Whether what this page was given may still go, though no server has it so far.
const underWay = (id) => uploads.has(id) && !(unless(0, () => Number(stored(uploads.get(id)).ack)) !== 0);

// The type is always given, or the page guesses. Without a caption there is none, not even an empty one.
const giveFile = (chat, key, caption, { input, kind, mime, name }) => () => {
  patch();
  const bytes = new File([input.files[0]], name, { type: mime });
  const voice = kind === 'voice';
  return WPP.chat.sendFileMessage(chat, bytes, {
    type: voice ? 'audio' : kind,
    ...(voice ? { isPtt: true } : {}),
    ...(caption ? { caption } : {}),
    waveform: voice,
    messageId: key,
    waitForAck: true,
    createChat: true,
    markIsRead: false,
    detectMentioned: false,
  });
};

// wa-js may never answer of a file that went: what the page's own store says of it counts as well. No other stage
// for long is no answer, either; a running upload has the time that its bytes need.
const ended = async (key, bytes, over) => {
  const patience = (stage) => options.stillMs + (/^UPLOAD/.test(stage) ? (bytes / options.uploadRate) * 1000 : 0);
  let [was, since, refusedAt] = [null, performance.now(), Infinity];
  while (!over()) {
    await wait(options.lookMs);
    const [msg, now] = [stored(key), performance.now()];
    const [ack, stage] = [Number((msg && msg.ack) || 0), stageOf(msg)];
    if (ack >= 1 || now - refusedAt > options.lookMs) return { ack };
    if (ack < 0) refusedAt = Math.min(refusedAt, now); // wa-js says why, a moment later
    if (stage !== was) [was, since] = [stage, now];
    if (stage && !isUploaded(msg) && now - since > patience(stage)) throw new Error('timeout');
  }
  return null;
};

// Proof that a message surely did not go: the page gives it to the server after its file is up, and the file is not,
// by the page's own word on what it was given itself; or it has no message, which enters before it goes. Of an older
// page's nothing is known: no stage, no proof.
const notUp = /^(PREPARING|UPLOADING|ERROR)/;
const neverWent = (id, entered) => {
  const own = app.MsgStore.getModelsArray().filter((msg) => parts(msg.id).own && parts(msg.id).id === id);
  if (own.length === 0) return !entered;
  return own.every((msg) => Number(msg.ack || 0) === 0 && !isUploaded(msg) && notUp.test(stageOf(msg)));
};
// It holds only if nothing that still runs in this page can go on with it: from here on the page says nothing to
// anybody. It is loaded anew right after.
const MOUTHS = { WebSocket: 'send', Worker: 'postMessage', MessagePort: 'postMessage', BroadcastChannel: 'postMessage' };
const dumb = () => {};
const shut = () => Object.entries(MOUTHS).every(([name, verb]) => unless(false, () => {
  if (!(name in window)) return true;
  window[name].prototype[verb] = dumb;
  return window[name].prototype[verb] === dumb;
}));

// What a hand-over's end means of a file. The page's own no is no word of the server's.
const endOf = (id, key, said) => {
  if (said.outcome !== 'in_doubt') uploads.delete(id);
  const now = stored(key);
  if (said.outcome === 'not_entered' && said.reason === 'file_too_large') return { ...said, outcome: 'refused' };
  if (Number((now && now.ack) || 0) < 0 && (said.reason === 'error_upload' || /^ERROR/.test(stageOf(now)))) {
    return { ...said, outcome: 'refused', reason: 'upload_error' };
  }
  if (said.outcome !== 'in_doubt' || !/^(timeout|error_network)$/.test(said.reason) || isUploaded(now)) return said;
  const sure = uploads.has(id) && neverWent(id, said.entered) && shut();
  return { ...said, outcome: sure ? 'refused' : 'in_doubt', reason: 'upload_stuck' };
};

// A file that a person sent is offered as a download; what it says of its size is only a claim.
const offer = (blob) => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = 'file';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};
const fetchFile = async ({ chat, id, most, timeoutMs }) => {
  try {
    const key = `false_${chat}_${id}`;
    const msg = await within(timeoutMs, WPP.chat.getMessageById(key));
    const claimed = Number(msg.size) || null;
    if (claimed > most) return { outcome: 'too_large', bytes: claimed };
    const patience = options.downloadMs + ((claimed || 0) / options.uploadRate) * 1000;
    const blob = await within(Math.min(timeoutMs, patience), WPP.chat.downloadMedia(key));
    if (blob.size > most) return { outcome: 'too_large', bytes: blob.size };
    offer(blob);
    return { outcome: 'here', bytes: blob.size };
  } catch (error) {
    const reason = String((error && (error.code || error.message)) || 'error').slice(0, 200);
    if (absence.test(reason) || reason === 'message_not_contains_media') return { outcome: 'missing', reason };
    return { outcome: reason === 'media_not_found' ? 'expired' : 'failed', reason };
  }
};
