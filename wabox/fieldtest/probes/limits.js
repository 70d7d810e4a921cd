// The two keys in which WhatsApp keeps its limits: which of their members are there, and their enum values.
async ({ fetch }) => {
  const optional = (name) => {
    try {
      return window.require(name) || {};
    } catch {
      return {};
    }
  };
  if (fetch) {
    for (const [module, member] of fetch) {
      try {
        await optional(module)[member]();
      } catch {
        // what cannot be fetched is not told
      }
    }
  }
  const kept = optional('WAWebUserPrefsIndexedDBStorage').userPrefsIdb;
  const of = (key) => {
    try {
      const value = kept.get(key);
      return value ? { members: Object.keys(value), type: value.enforcement_type, status: value.capping_status } : {};
    } catch {
      return null;
    }
  };
  return { timelock: of('WAReachoutTimelockState'), capping: of('WANewChatMessageCappingData') };
}
