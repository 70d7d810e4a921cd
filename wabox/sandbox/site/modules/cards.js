// Contact cards, as the page writes them of one of its contacts.
__d('WAWebFrontendVcardUtils', [], (_g, _r, _d, _n, _l, _m, exports) => {
  const plain = (text) => text.replace(/[\\;,]/g, '\\$&');

  exports.vcardFromContactModel = (contact) => {
    const displayName = contact.displayName ?? contact.name ?? '';
    const digits = contact.id.user;
    const name = plain(displayName);
    const lines = [
      'BEGIN:VCARD', 'VERSION:3.0', `N:;${name};;;`, `FN:${name}`,
      `item1.TEL;waid=${digits}:+${digits}`, 'item1.X-ABLabel:Mobile', 'END:VCARD',
    ];
    return { displayName, vcard: lines.join('\n') };
  };
});
