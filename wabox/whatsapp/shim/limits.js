// What WhatsApp allows this account just now, and whom it lets a limited account still write to.
// Read where the page keeps it, by its own names; what is not there, or throws, is not told.

const AGAIN_MS = 30_000; // what is not there may come later, but is not asked for at every look
const absentSince = new Map();
const optional = (name) => {
  if (performance.now() - absentSince.get(name) < AGAIN_MS) return {};
  const found = unless(null, () => window.require(name));
  if (!found) absentSince.set(name, performance.now());
  return found || {};
};
const LOCK = 'WAReachoutTimelockState';
const CAP = 'WANewChatMessageCappingData';
const preference = (key) => unless(undefined, () => {
  const kept = optional('WAWebUserPrefsIndexedDBStorage').userPrefsIdb;
  return kept && typeof kept.get === 'function' ? kept.get(key) || null : undefined;
});
const whole = (value) => (Number.isFinite(Number(value)) ? Math.trunc(Number(value)) : 0);

const timelock = (said) => {
  if (!said || typeof said !== 'object') return null;
  const until = whole(said.time_enforcement_ends) || null; // milliseconds
  if (until && until <= Date.now()) return null;
  return { type: String(said.enforcement_type || 'DEFAULT'), until };
};
const newChats = (said) => {
  if (!said || typeof said !== 'object' || !(whole(said.total_quota) > 0)) return null;
  const until = whole(said.cycle_end_timestamp) * 1000 || null; // seconds
  if (until && until <= Date.now()) return null; // of a cycle that is over: of the new one nothing is known yet
  const status = String(said.capping_status || 'NONE').toLowerCase();
  return { status, used: Math.max(whole(said.used_quota), 0), total: whole(said.total_quota), until };
};
// null: the page does not tell.
const limits = () => unless(null, () => {
  const [lock, cap] = [preference(LOCK), preference(CAP)];
  if (lock === undefined || cap === undefined) return null;
  return { timelock: timelock(lock), newChats: newChats(cap) };
});

// The page fetches them itself at some moments; it is asked to at ours: ready, at an end, after a refusal, hourly.
let fetchedAt = -Infinity;
let endsAt = Infinity;
const fetchLimits = async () => {
  fetchedAt = performance.now();
  const jobs = [
    optional('WAWebGetReachoutTimelockJob').fetchReachoutTimelock,
    optional('WAWebGetNewChatMessageCappingInfoJob').fetchOrUpdateCapStatus,
  ].filter((job) => typeof job === 'function');
  const asked = jobs.map((job) => within(options.fetchMs, Promise.resolve().then(job)));
  const said = await Promise.allSettled(asked);
  const late = said.some(({ reason }) => unless(false, () => reason.message === 'timeout'));
  const answered = said.some(({ status }) => status === 'fulfilled');
  if (answered || late) tell({ what: 'limits_asked', answered });
};
const renewLimits = () => {
  if (app.Stream.mode !== 'MAIN' || app.Socket.state !== 'CONNECTED') return;
  const over = Date.now() > endsAt;
  const now = limits();
  const ends = now ? [now.timelock, now.newChats].map((one) => one && one.until).filter(Boolean) : [];
  endsAt = ends.length > 0 ? Math.min(...ends) : Infinity;
  if (over || performance.now() - fetchedAt > options.limitsMs) void fetchLimits();
};

// true, false, or null if the page does not say.
const warm = (chat) => unless(null, () => {
  const contact = chat.contact || (app.ContactStore && app.ContactStore.get(chat.id)) || null;
  const asked = [
    optional('WAWebReachoutTimelockUtils').canSendMsgWhileTimelocked,
    optional('WAWebIndividualNewChatMessageCappingLimitUtils').canSendMsgWhileCapped,
  ].filter((ask) => typeof ask === 'function');
  if (asked.length > 0) return asked.every((ask) => !!ask({ chat, contact }));
  return typeof chat.getTcToken === 'function' ? (chat.getTcToken() || null) !== null : null;
});
const blocked = (chat) => unless(false, () => {
  if (chat.contact && chat.contact.isContactBlocked === true) return true;
  const [id, map] = [chat.id, app.lidPnCache];
  const other = map && (id.isLid() ? map.getPhoneNumber(id) : map.getCurrentLid(id));
  return !!app.BlocklistStore && [id, other].some((one) => !!one && !!app.BlocklistStore.get(one));
});
const limiting = (now) => {
  if (now && now.timelock) return { reason: 'timelock', until: now.timelock.until };
  if (now && now.newChats && now.newChats.status === 'capped') return { reason: 'capped', until: now.newChats.until };
  return null;
};
// Why WhatsApp does not let this account write there just now; null: nothing is known against it.
const closed = (chatId) => unless(null, () => {
  const chat = app.ChatStore.get(chatId);
  if (!chat) return null;
  if (blocked(chat)) return { reason: 'blocked_by_you' };
  const limit = limiting(limits());
  if (limit && warm(chat) === false) return limit;
  if (preference(LOCK) && warm(chat) === false) {
    void fetchLimits(); // it is over, but the page still goes by it until it is told otherwise
    return { reason: 'timelock', until: null };
  }
  const update = optional('WAWebChatGroupUtils').updateCanSend;
  if (typeof update !== 'function') return null;
  update(chat);
  if (chat.canSend !== false) return null;
  return limit || { reason: chat.isReadOnly ? 'read_only' : 'chat_closed' };
});
// Was it refused for the account's limits? The page is asked to fetch them first.
const refusal = async (chatId, msg) => {
  const code = String((msg && msg.errorCode) || '');
  await fetchLimits();
  const limit = limiting(limits());
  const chat = chatOf(chatId);
  if (limit && !(chat && warm(chat))) return limit;
  if (code === 'UserReachedMaxMonthlyLimitForNewMessages') return { reason: 'capped', until: null };
  return code === '463' ? { reason: 'timelock', until: null } : null;
};
