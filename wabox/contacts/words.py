"""What somebody's own message asks for: out, in again, or something a person should look at; pure.

Only the whole message counts, in any case, without invisible marks, whatever stands around and between its words
that is no letter or digit: `STOP👍`, `#stop`, `STOP/বন্ধ`. How it is spelt does not matter where it can be nothing
else (`spelling`): `S.T.O.P`, `St0p`, `stóp`, `stopppp`. A question mark, or such a word beside a few others or a
digit, or one that is nearly it, is a near miss: it opts nobody out, a person reads it. What is joined to other
letters is another word: nonstop, bus-stop. Source: wabox/docs/contract.md#to-the-people-it-writes-to.
"""

from __future__ import annotations

import unicodedata
from typing import Literal

from wabox.contacts import spelling
from wabox.languages import ALL

Verdict = Literal["opt_out", "opt_in", "near_miss"]

FEW_WORDS = 6
LONGEST = 200  # characters that are seen; longer messages are letters, not words

_OUT = """
    stop, stopall, stop all, unsubscribe, unsubscribe all, unsub, cancel, end, quit, revoke, optout, opt-out
    opt out, remove, remove me, arret, arreter, arretez, desabonner, td, stopp, abmelden, abbestellen, detener
    cancelar, বন্ধ, বন্ধ করুন, বন্ধ করো, বন্ধ কর, বন্ধ করেন, বন্ধ করে দিন, স্টপ, স্টপ করুন, থামুন, থামান, থামাও, বাতিল
    ষ্টপ, ষ্টপ করুন, বন্দ করুন, বন্দ করো, বন্ধ করে দাও, বন্ধ করেন ভাই, বন্ধ করুন ভাই
    বাতিল করুন, আর না, আর পাঠাবেন না, মেসেজ বন্ধ করুন, আনসাবস্ক্রাইব
    bondho, bondho korun, bondho koro, bondho koren, bondo, bondo korun, off koren, off korun
    thamun, thaman, thamao, batil, batil korun, ar na, r na, ar pathaben na
    बंद, बंद करो, बंद करें, बंद कर दो, रोकें, रोको, रुको, स्टॉप, अनसब्सक्राइब
    بند, بند کریں, بند کرو, روکو
    إيقاف, ايقاف, توقف, أوقف, اوقف, قف, إلغاء الاشتراك, الغاء الاشتراك, стоп, отписаться
    berhenti, baja, alto, sair, pare, parar
"""
_COMPLAINT = """
    spam, report spam, it is spam, this is spam, স্প্যাম, এটা স্প্যাম, স্প্যাম রিপোর্ট, রিপোর্ট স্প্যাম
"""
# These may mean it: a person looks.
_ASKING = """
    no more, no more messages, not interested, leave me alone, take me off, delete my number, remove my number
    don't message, dont message, do not message, don't text, dont text, do not text, don't send, dont send
    do not send, don't contact, dont contact, do not contact, stahp, basta, no me escribas, no molestar
    stopsending, stopmsg, stopsms, stopit, stopnow, stopplease, plzstop, plsstop, pleasestop, dontsend
    বন্দ, বিরক্ত করবেন না, আর দিবেন না, আর দেবেন না, মেসেজ দিবেন না, মেসেজ দেবেন না, মেসেজ পাঠাবেন না, পাঠাবেন না
    msg diben na, message diben na, sms diben na, r diben na, ar diben na, pathaben na, disturb koiren na
    disturb korben na, मत भेजो, لا ترسل
"""
_IN = """
    start, start all, unstop, resubscribe, subscribe, optin, opt-in, opt in, resume
    শুরু, শুরু করুন, শুরু করো, শুরু কর, স্টার্ট, আবার শুরু, চালু, চালু করুন
    shuru, shuru korun, shuru koro, suru, suru korun, chalu, chalu korun
"""

_JOINING = frozenset("-_'’")  # inside a word they make it one
_QUESTIONS = frozenset("?？؟⸮\u037e")
_DASHES = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
_DIGITS = "".join(digit for language in ALL.values() for digit in language.digits)
_SHOWN_MARKS = frozenset("\ufe0e\ufe0f\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


def judge(text: str, own: frozenset[str] = frozenset()) -> Verdict | None:
    """What the message asks for; None if it is about something else. Linear in the text.

    own: further phrases, as `phrase` gives them, that mean STOP as the whole message.
    """
    bare = _visible(text)
    if bare is None:
        return None
    plain = _plain(bare)
    asked = any(character in _QUESTIONS for character in bare)
    said = _phrase(plain)
    spelt = spelling.usual(_phrase(spelling.plain(plain)), OPT_OUT)
    if _is_made_of(said, OPT_OUT | own if own else OPT_OUT) or _is_made_of(spelt, OPT_OUT):
        return "near_miss" if asked else "opt_out"
    if _is_made_of(said, OPT_IN):
        return "near_miss" if asked else "opt_in"
    mentioned = _mentions(said, MENTIONED) or _mentions(spelt, MENTIONED)
    return "near_miss" if mentioned or spelling.is_nearly(spelt, OPT_OUT) else None


def phrase(text: str) -> str | None:
    """The text as messages are compared by it; None if nothing is left, or it is too long."""
    bare = _visible(text)
    return None if bare is None else _phrase(_plain(bare)) or None


def complains(text: str) -> bool:
    """Whether the whole message calls what was sent spam; it opts out as well, as `judge` says."""
    bare = _visible(text)
    return bare is not None and _is_made_of(_phrase(_plain(bare)), COMPLAINT)


def _visible(text: str) -> str | None:
    """The message without invisible marks; None if it is blank, or longer than any of this could be."""
    kept: list[str] = []
    for character in text.strip():
        if not _is_invisible(character):
            kept.append(character)
            if len(kept) > LONGEST and not character.isspace():
                return None
    bare = "".join(kept).strip()
    return bare if 0 < len(bare) <= LONGEST else None


def _is_invisible(character: str) -> bool:
    if character.isascii():
        return character < " " and not character.isspace()
    return character in _SHOWN_MARKS or unicodedata.category(character) in ("Cf", "Cc", "Cs", "Co", "Cn")


def _plain(bare: str) -> str:
    """One spelling for all: composed, in small letters, with one kind of dash and of digit."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", bare).casefold())
    return "".join("-" if character in _DASHES else character for character in folded)


def _phrase(plain: str) -> str:
    """The words alone, with single spaces, without what stands around and between them."""
    spaced = "".join(one if one in _JOINING or unicodedata.category(one)[0] in "LMN" else " " for one in plain)
    return " ".join(word for word in (one.strip("".join(_JOINING)) for one in spaced.split()) if word)


def _is_made_of(phrase: str, said: frozenset[str]) -> bool:
    """Whether it is one of these, or nothing but these one after another."""
    words = phrase.split()
    reached = {0}
    for last in range(1, len(words) + 1):
        if any(" ".join(words[first:last]) in said for first in reached):
            reached.add(last)
    return bool(words) and len(words) in reached


def _mentions(phrase: str, said: frozenset[str]) -> bool:
    """Whether one of a few words is such a word, a digit at its edge or not."""
    words = [word.strip(_DIGITS) for word in phrase.split()]
    if len(words) > FEW_WORDS:
        return False
    return any(
        " ".join(words[first:last]) in said
        for first in range(len(words))
        for last in range(first + 1, len(words) + 1)
    )


def _words(text: str) -> frozenset[str]:
    listed = (word.strip() for line in text.splitlines() for word in line.split(","))
    return frozenset(_phrase(_plain(word)) for word in listed if word)


COMPLAINT = _words(_COMPLAINT)
OPT_OUT = _words(_OUT) | COMPLAINT
OPT_IN = _words(_IN)
MENTIONED = OPT_OUT | _words(_ASKING)
