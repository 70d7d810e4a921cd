"""What a cell about opt-outs or consent answers, in whatever words other programs write there; pure."""

from __future__ import annotations

import re
import unicodedata

_YES = """
    yes, y, true, t, 1, 1.0, -1, x, on, checked, ✓, ✔, ✅, ☑, ja, j, si, sí, oui, sim, s, da, evet, ya, wahr, vrai
    হ্যাঁ, হ্যা, হা, জি, জ্বি, आ, हाँ, हां, جی, ہاں, نعم
"""
_NO = """
    no, n, false, f, 0, 0.0, off, unchecked, ✗, ✘, ❌, ☐, nein, non, não, nao, nej, ne, hayır, tidak, falsch, faux
    না, নাই, নেই, नहीं, नही, نہیں, لا
    denied, declined, rejected, refused, withdrawn, revoked, not subscribed, non subscribed, nonsubscribed
    not granted, never subscribed, not opted in, no consent, disabled, inactive, disallowed, not allowed
    সম্মতি নেই, রাজি না, রাজি নয়, চান না, চায় না
"""

# What a column of states has to say, in some row, to be taken for one about messages: an order is cancelled, too.
_LEFT = """
    unsubscribed, unsubscribe, unsub, unsubbed, opted out, opt out, optout, optedout, blocklisted, blacklisted
    block listed, black listed, blocklist, blacklist, blocked, suppressed, bounced, bounce, hard bounced
    hard bounce, soft bounced, soft bounce, cleaned, complained, complaint, spam complaint, do not contact
    do not disturb, do not message, do not call, do not text, do not whatsapp, dnd, dnc, no contact, abgemeldet
    desabonné, désabonné, désinscrit, descadastrado, আনসাবস্ক্রাইব, আনসাবস্ক্রাইবড, বার্তা বন্ধ, মেসেজ বন্ধ, বার্তা চান না
    মেসেজ চান না, ব্লক, ব্লকড, ব্লক করা, যোগাযোগ নয়, যোগাযোগ করবেন না
"""
_ELSE = """
    out, suppression, spam, reported, stop, stopped, removed, invalid, undeliverable, unreachable, baja, cancelado
    বন্ধ, বাতিল, স্টপ
"""
_IN = """
    subscribed, opted in, opt in, optin, confirmed, consented, granted, accepted, agreed, allowed, implicit
    explicit, single opt in, double opt in, সাবস্ক্রাইবড, সম্মতি আছে, রাজি, চান
"""
_DAY = r"\d{1,4}([./-])\d{1,2}\1\d{1,4}|(?=.*[a-z])[a-z0-9 ,.-]*\b(?:19|20)\d\d"
_MOMENT = re.compile(rf"(?:{_DAY})(?:[t\s,]+\d{{1,2}}[:.]\d{{2}}.*)?", re.S)


def says_out(cell: str) -> bool:
    """Whether a cell of a column about opt-outs says that its person is out: yes, unsubscribed, bounced, a day."""
    said = _plain(cell)
    return said in YES or said in OUT or (len(said) <= 40 and _MOMENT.fullmatch(said) is not None)


def says_not_in(cell: str) -> bool:
    """Whether a cell of a column about consent says that its person has given none: no, false, unsubscribed."""
    said = _plain(cell)
    return said in NO or said in OUT


def says_anything(cell: str) -> bool:
    """Whether the cell answers such a question at all; a name or a source of consent does not."""
    return _plain(cell) in YES | NO | OUT | IN


def tells_of_leaving(cell: str) -> bool:
    """Whether it is a word for whether somebody still gets messages, which a yes or no alone is not."""
    return _plain(cell) in LEFT | SUBSCRIBED


def _plain(cell: str) -> str:
    """In small letters, with ASCII digits and without what stands around and between the words."""
    text = "".join(_ascii(one) for one in unicodedata.normalize("NFKC", cell).casefold())
    return " ".join(re.sub(r"[_\-]+(?=\D)|[!()\[\]\"'’]", " ", text).split()).strip(". ")


def _ascii(character: str) -> str:
    value = unicodedata.decimal(character, None)
    if value is not None:
        return str(value)
    return "" if unicodedata.category(character) == "Cf" or character in "\ufe0e\ufe0f" else character


def _words(text: str) -> frozenset[str]:
    return frozenset(_plain(word) for line in text.splitlines() for word in line.split(",") if word.strip())


YES, NO, LEFT, IN = (_words(said) for said in (_YES, _NO, _LEFT, _IN))
OUT = LEFT | _words(_ELSE)
SUBSCRIBED = _words("subscribed, opted in, opt in, সাবস্ক্রাইবড")
