"""The usual spelling of a word that somebody disguised, drew out or mistyped; pure, and linear in the text.

Look-alikes of other alphabets (SТОР), accents (stóp), letters in pictures (🇸🇹🇴🇵), digits for letters (St0p),
letters apart (S.T.O.P) and drawn out (stopppp) are taken for the word itself; what is only nearly it is told
apart.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping

from phonenumbers import SUPPORTED_REGIONS

SURE = 4  # letters: with fewer, letters apart or drawn out are too often something else

# In small letters, as `words` compares them.
_CYRILLIC = dict(zip("авекмнорстухіјѕԁһԛԝӏ", "abekmhopctyxijsdhqwl", strict=True))
_GREEK = dict(zip("αβεηικμνορτυχζς", "abenikmvoptuxzs", strict=True))
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢıɑɡⅼʂƨ", "abcdefghijklmnoprstuvwyziaglss", strict=True))
_PICTURES = {first + place: chr(ord("a") + place) for first in (0x1F1E6, 0x1F150, 0x1F170) for place in range(26)}
_LOOK_ALIKES = {**{ord(one): two for one, two in {**_CYRILLIC, **_GREEK, **_SMALL_CAPITALS}.items()}, **_PICTURES}
_FOR_LETTERS = str.maketrans("0134578", "oieastb")
_ACCENTS = re.compile(r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_FLAGS = re.compile("[\U0001f1e6-\U0001f1ff]")
_ACCENTED = frozenset({"alto", "pare"})  # with an accent they are other words: high, I stopped
_SIGNS = ((re.compile(r"\$(?=[a-z])|(?<=[a-z])\$"), "s"), (re.compile("(?<=[a-z])@(?=[a-z])"), "a"))
_APART = re.compile(r"[\s\-_'’]+")
_MISTYPED = (
    "stop",
    "cancel",
    "unsubscribe",
)  # of others a slip of the finger is too often another word: sair, sari


def plain(text: str) -> str:
    """The text, in small letters and NFKC, without accents and with the letters that look-alikes stand for."""
    words = (_latin(_unaccented(word)) for word in re.split(r"(\s+)", text))
    shown = "".join(words)
    for looks, letter in _SIGNS:
        shown = looks.sub(letter, shown)
    return shown


def usual(phrase: str, known: frozenset[str]) -> str:
    """The phrase with each word as it stands among the known ones, where it can be nothing else.

    phrase, known: words with single spaces between them.
    """
    letters = _APART.split(phrase)
    joined = "".join(letters)
    if len(joined) >= SURE and joined in known and all(len(one) == 1 for one in letters):
        return joined
    if phrase in _run_together(known):
        return _run_together(known)[phrase]
    return " ".join(_usual(word, known) for word in phrase.split())


def is_nearly(phrase: str, known: frozenset[str]) -> bool:
    """Whether the whole phrase is one of the known words with a slip: st op, stoop, stpo, unsubcribe."""
    joined = "".join(_APART.split(phrase))
    if joined != phrase and len(joined) > 2 and joined in known:
        return True
    if len(joined) < SURE:
        return False
    return _squeezed(joined) in _all_squeezed(known) or any(_is_slip(joined, one) for one in _MISTYPED)


def _unaccented(word: str) -> str:
    bare = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", word)))
    return word if bare != word and bare in _ACCENTED else bare


def _latin(word: str) -> str:
    """The word in Latin letters, if all of it looks like them."""
    shown = word.translate(_LOOK_ALIKES)
    if _FLAGS.search(word) and _are_flags("".join(_FLAGS.findall(word)).translate(_LOOK_ALIKES)):
        return word
    return shown if shown.isascii() else word


def _are_flags(letters: str) -> bool:
    """Whether so few letters are flags side by side: 🇹🇩 is Chad, and no td."""
    regions = [letters[at : at + 2].upper() for at in range(0, len(letters), 2)]
    return 2 <= len(letters) <= SURE and all(one in SUPPORTED_REGIONS for one in regions)


def _usual(word: str, known: frozenset[str]) -> str:
    if word in known or len(word) < SURE:
        return word
    tried = [word]
    if not word.isalpha() and not word.isdecimal():
        tried.append(word.translate(_FOR_LETTERS))
    for one in tried:
        short = re.sub(r"(.)\1{2,}", r"\1", one)
        for spelt in (one, short, re.sub(r"(.)\1+$", r"\1", short)):
            if len(spelt) >= SURE and spelt in known:
                return spelt
    return word


@functools.cache
def _run_together(known: frozenset[str]) -> Mapping[str, str]:
    """What phrases are without the blanks between their words."""
    return {one.replace(" ", ""): one for one in known if " " in one and len(one) > SURE + 2}


@functools.cache
def _all_squeezed(known: frozenset[str]) -> frozenset[str]:
    return frozenset(_squeezed(one) for one in known if len(one) >= SURE)


def _squeezed(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)


def _is_slip(word: str, meant: str) -> bool:
    """Whether two neighbours changed places, or in a long word one letter is missing, too many or another."""
    if abs(len(word) - len(meant)) > 2:
        return False
    if any(meant[:at] + meant[at + 1] + meant[at] + meant[at + 2 :] == word for at in range(len(meant) - 1)):
        return True
    most = len(meant) // 5  # one of unsubscribe's neighbours is subscribe, which asks for the contrary
    return most > 0 and meant[0] == word[0] and _changes(word, meant) <= most


def _changes(word: str, meant: str) -> int:
    """How many letters are missing, too many or others."""
    row = list(range(len(meant) + 1))
    for number, letter in enumerate(word, 1):
        before, row[0] = row[0], number
        for at, wanted in enumerate(meant, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (letter != wanted))
    return row[-1]
