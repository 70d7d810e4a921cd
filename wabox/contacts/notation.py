"""What people, spreadsheets and programs write around a phone number; pure, and linear in the text.

A label such as Tel. or মোবাইল, a link that opens a chat, an extension, quotation marks, marks that nobody sees:
none of it is the number. Which digits it then has, and whether there is such a number, is for `phones`.
"""

from __future__ import annotations

import re
import unicodedata
import urllib.parse
from dataclasses import dataclass

from wabox.errors import Invalid

MAX_TYPED = 64
MAX_NOTED = 2_048  # with the link that it stands in
SCIENTIFIC = re.compile(r"\+?([0-9])(?:[.,]([0-9]*))?[eE]\+?([0-9]{1,2})")

# What numbers are called. The second ones are what codes are called as well: only a valid number counts there.
_CALLED = """
    p, ph, phone, phones, phone number, phone_number, phone no, telephone, telefon, telefono, teléfono, telefone
    tel, téléphone, tél, tlf, fon, fone, mobil, mobile, mobiles, mobile no, mobile number, mob, móvil, movil
    portable, cell, cellular, cellphone, cel, celular, handy, gsm, msisdn, cep, whatsapp, whats app, whatsapp no
    whatsapp number, wa, wapp, wp, wsp, zap, viber, imo, telegram, signal, facetime, facetime-audio, skype, sip
    callto, sms, smsto, call, hotline, helpline, landline, fax, contact, contact no, home, work, office, personal
    private, bkash, nagad, rocket
    মোবাইল, মোবা, মো, ফোন, টেলিফোন, হোয়াটসঅ্যাপ, হোয়াটস অ্যাপ, ইমো, বিকাশ, নগদ, রকেট, নম্বর, নাম্বার, যোগাযোগ, কল, বাসা, অফিস
    মোবাইল নম্বর, মোবাইল নাম্বার, মোবাইল নং, ফোন নম্বর, ফোন নাম্বার, ফোন নং
    मोबाइल, मोबा, मो, फोन, फ़ोन, व्हाट्सएप, नंबर, هاتف, جوال, موبايل, محمول, واتساب, واتس اب, تلفون
    رقم, موبائل, فون, نمبر
"""
_DOUBTFUL = "m, t, h, w, no, nr, nbr, num, number, numero, número, n°, nº, №, main, other, new, business, নং, #"
_NEGATED = re.compile(
    r"\b(?:wrong|old|off|not|inactive|invalid|closed|dead|blocked|stop(?:ped)?|expired|don'?t)\b|ভুল|বন্ধ|পুরনো|পুরোনো",
    re.I,
)

_LINK = re.compile(
    r"(?:https?://)?(?:[a-z]+\.)?(?:wa\.me|whatsapp\.com|signal\.me)/|(?:https?://)?t\.me/(?=\+)"
    r"|(?:whatsapp:/*send|viber:/*(?:chat|add|contact))\b",
    re.I,
)
_ADDRESS = re.compile(r"(?P<number>[^:@]+)(?::[0-9]+)?@(?:c\.us|s\.whatsapp\.net)", re.I)
_PARAMETERS = re.compile(r";(?:phone-context|isub|cpc)=[^;]*|\?call$", re.I)
_EXTENSION = re.compile(
    r"(?<=[0-9])[\s,;(\[]*(?:extension|ext[n]?|xtn|x|#|durchwahl|dw|int|interno|ramal|anexo|poste|доб|এক্স)"
    r"[\s.:=]*[0-9]{1,6}[)\]]?$",
    re.I,
)
_AMOUNT = re.compile(r"([+]?[0-9]{7,})[.,]0{1,2}|([+]?[0-9]{9,})[.,]0+")
_THOUSANDS = re.compile(
    r"[1-9][0-9]{0,2}(?:,[0-9]{3}){2,}(?:\.0+)?|[1-9][0-9]?(?:,[0-9]{2}){2,},[0-9]{3}(?:\.0+)?"
)
_AROUND = frozenset("=\"'`´’‘“”«»,;:.|*•·_~<>")  # what may stand before or behind it and means nothing
_BESIDE = frozenset("()[]{}<>/-–—&ঃ")  # beside a label, with those
_UNSEEN = frozenset("\ufe0e\ufe0f\u20e3")  # they make digits into pictures
_ONE_KIND = {ord(wide): ord(wide) - 0xFEE0 for wide in map(chr, range(0xFF01, 0xFF5F))} | {0xFE62: ord("+")}
_SPOILT = "A spreadsheet has cut this number off ({}); format the column as text there, and save it again."


@dataclass(frozen=True, slots=True)
class Bare:
    """The number alone. doubtful: it may be something else, unless it is a valid number.

    extended: an extension stood behind it, which is left away.
    """

    text: str
    doubtful: bool = False
    extended: bool = False


def bare(text: str) -> Bare:
    """The number without what stands around it. Raises Invalid `bad_phone` if it is too long or cut off."""
    if len(text) > MAX_NOTED:
        raise too_long()
    plain = _trimmed(unicodedata.normalize("NFC", "".join(map(_plain, text))).translate(_ONE_KIND))
    if _LINK.match(plain):
        return Bare(_short(f"+{_number_of_link(plain).strip().removeprefix('+')}"))
    plain = _trimmed(_PARAMETERS.sub("", plain))
    unlabelled, doubtful = _without_labels(plain)
    alone = _EXTENSION.sub("", unlabelled)
    address = _ADDRESS.fullmatch(alone)
    if address is not None:
        return Bare(_short(f"+{address['number'].removeprefix('+')}"))
    doubtful = doubtful or _THOUSANDS.fullmatch(alone) is not None  # an amount of money as well
    return Bare(_short(_whole(alone)), doubtful=doubtful, extended=alone != unlabelled)


def too_long() -> Invalid:
    """What is said of a text no number is as long as."""
    return bad("A phone number is not that long; write only the number.")


def bad(sentence: str) -> Invalid:
    """The refusal `bad_phone` with this sentence."""
    return Invalid("bad_phone", sentence, details={"phone": sentence})


def is_disowned(text: str) -> bool:
    """Whether it says that its number is not to be used: an old one, a wrong one."""
    return _NEGATED.search(text) is not None


def _plain(character: str) -> str:
    """Decimals of any script as 0 to 9; nothing for a mark that nobody sees."""
    if character.isascii():
        return character
    value = unicodedata.decimal(character, None)
    if value is not None:
        return str(value)
    return "" if character in _UNSEEN or unicodedata.category(character) == "Cf" else character


def _trimmed(text: str) -> str:
    """Without what means nothing at both ends, pictures too."""
    return text[_outside(text, step=1) : len(text) - _outside(text, step=-1)]


def _outside(text: str, *, step: int, beside: frozenset[str] = frozenset()) -> int:
    """How many characters at one end mean nothing."""
    for number, one in enumerate(text[::step]):
        if not (one.isspace() or one in _AROUND or one in beside or unicodedata.category(one) in ("So", "Sk")):
            return number
    return len(text)


def _without_labels(text: str) -> tuple[str, bool]:
    """The text without labels before and behind it, and whether one of them was doubtful."""
    doubtful = False
    for _ in range(4):
        start = text[_outside(text, step=1, beside=_BESIDE) :]
        found = _LABEL_FIRST.match(start)
        if found is None or not _ends(start[found.end() :]):
            break
        doubtful = doubtful or _is_doubtful(found[0])
        rest = start[found.end() :]
        text = rest[_outside(rest, step=1, beside=_BESIDE - frozenset("([")) :].removeprefix("//")
    for _ in range(4):
        end = text[: len(text) - _outside(text, step=-1, beside=_BESIDE)]
        found = _LABEL_LAST.search(end)
        if found is None:
            break
        doubtful = doubtful or _is_doubtful(found[1])
        rest = end[: found.start(1)]
        text = rest[: len(rest) - _outside(rest, step=-1, beside=_BESIDE - frozenset(")]"))]
    return text, doubtful


def _ends(rest: str) -> bool:
    """Whether a word is over here."""
    return not rest or rest[0] == "ঃ" or unicodedata.category(rest[0])[0] not in "LM"


def _is_doubtful(label: str) -> bool:
    return label.casefold() not in _SURE


def _whole(text: str) -> str:
    """What a spreadsheet wrote as an amount, as the digits it had. Raises Invalid if some of them are gone."""
    amount = _AMOUNT.fullmatch(text)
    if amount is not None:
        return amount[1] or amount[2]
    if _THOUSANDS.fullmatch(text):
        return text.partition(".")[0].replace(",", "")
    found = SCIENTIFIC.fullmatch(text)
    if found is None:
        return text
    first, rest, power = found.groups("")
    if len(rest) != int(power):
        raise bad(_SPOILT.format(text))
    return first + rest


def _short(text: str) -> str:
    if len(text) > MAX_TYPED:
        raise too_long()
    return text


def _number_of_link(link: str) -> str:
    """What a link that opens a chat calls the phone; "" without one."""
    place, _, query = link.replace("#p/", "").partition("#")[0].partition("?")
    asked = urllib.parse.parse_qs(query, max_num_fields=32)
    for name in ("phone", "number"):
        if name in asked:
            return asked[name][0]
    return urllib.parse.unquote(place.rstrip("/").rpartition("/")[2])


def _words(text: str) -> frozenset[str]:
    listed = (word.strip() for line in text.splitlines() for word in line.split(","))
    return frozenset(unicodedata.normalize("NFC", word) for word in listed if word)


_SURE = _words(_CALLED)
_ANY = "|".join(re.escape(word) for word in sorted(_SURE | _words(_DOUBTFUL), key=lambda one: (-len(one), one)))
_LABEL_FIRST = re.compile(_ANY, re.I)
_LABEL_LAST = re.compile(rf"(?<![^\W\d_])({_ANY})$", re.I)
