"""Knows how a text is read, whatever it is dressed in: one spelling for every way to write the same; pure.

Invisible characters are dropped first, so that none of them can part what belongs together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

_DROPPED = frozenset(("Cf", "Cc", "Cs", "Co", "Cn"))
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u180b\u180c\u180d\u180f")
_DOTS = frozenset("\u3002\uff61\uff0e")
_SPACES = re.compile(r"\s+")
_LATIN = re.compile(r"[a-z]")
_MARK = "\ue000"  # stands for the end of a sentence; private, so no text has it once it is spelled
_WORD = re.compile(r"\w+")
_END = re.compile(r"[.!?।॥…]+(?=\s|$)|[\n\r\u2028\u2029]")
_PAIRS = "аa еe оo рp сc уy хx іi ѕs јj кk мm тt нh вb ԁd ԛq ԝw һh ӏl αa οo εe νv ιi ρp τt υu κk"
_LOOKALIKES = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split()})
_ODD = frozenset(chr(code) for code in _LOOKALIKES)
_MARKED = re.compile("[\u0300-\u036f]+")  # accents, and the lines of struck-out text
_DRAWN = str.maketrans("ıɑɡɪɴᴀʙᴄᴅᴇꜰɢʜᴊᴋʟᴍᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "iaginabcdefghjklmoprstuvwyz")
# Bengali signs that stand on one letter, in the order they are written.
_VOWELS = "\u09bc\u09bf\u09c7\u09c8\u09be\u09c0\u09c1\u09c2\u09c3\u09c4\u09d7\u0981\u0982\u0983"
_STACKED = re.compile(f"[{_VOWELS}]{{2,}}")


@dataclass(frozen=True, slots=True)
class Folded:
    """plain: small letters, one kind of digit, single spaces. words: ` one two `, nothing but words.

    sentences: as words, with ` | ` where a sentence ends.
    """

    plain: str
    words: str
    sentences: str


def fold(text: str) -> Folded:
    """The text in one spelling. Linear in it; any text will do, half a surrogate pair too."""
    spelled = _spelled(text)
    shown = _unmasked(spelled)
    words = _apart(shown)
    ends = _END.sub(f" {_MARK} ", shown)
    sentences = words if ends == shown else _apart(ends).replace(_MARK, "|")
    return Folded(_SPACES.sub(" ", spelled).strip(), words, sentences)


def phrase(text: str) -> str:
    """A rule's words as they stand in `Folded.words`; a single space if there is no word."""
    return fold(text).words


def pattern(text: str) -> str:
    """A rule's pattern, spelled as the texts it is held against. Capitals stay: they name classes."""
    composed = unicodedata.normalize("NFKC", "".join(one for one in text if one.isascii() or not _is_dropped(one)))
    return "".join(_digit(one) for one in composed)


def _spelled(text: str) -> str:
    if text.isascii():
        lowered = text.lower()
        return lowered if lowered.isprintable() else "".join(one for one in lowered if not _is_dropped(one))
    shown = text.translate(_SEEN)
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", shown).casefold()).translate(_SEEN)


def _is_dropped(character: str) -> bool:
    if character.isascii():
        return character < " " and not character.isspace() or character == "\x7f"
    if "\ufe00" <= character <= "\ufe0f" or character in _FILLERS:
        return True
    return unicodedata.category(character) in _DROPPED and not character.isspace()


def _digit(character: str) -> str:
    if character.isascii():
        return character
    if character in _DOTS:
        return "."
    return str(unicodedata.decimal(character)) if unicodedata.category(character) == "Nd" else character


def _unmasked(text: str) -> str:
    """The letters a reader sees: without accents, Bengali signs in one order, Latin where it looks Latin.

    Letters of other scripts are taken for Latin in a word that has Latin ones beside them.
    """
    if text.isascii():
        return text
    bare = _STACKED.sub(_in_order, _MARKED.sub("", unicodedata.normalize("NFD", text))).translate(_DRAWN)
    shown = unicodedata.normalize("NFC", bare)
    return shown if _ODD.isdisjoint(shown) else _WORD.sub(lambda found: _latin(found.group()), shown)


def _in_order(found: re.Match[str]) -> str:
    return "".join(sorted(found.group(), key=_VOWELS.index))


def _latin(word: str) -> str:
    return word.translate(_LOOKALIKES) if _LATIN.search(word) else word


def _apart(text: str) -> str:
    """Words with single spaces between them and around them all."""
    return f" {' '.join(text.translate(_APART).split())} "


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == _MARK or unicodedata.category(character)[0] in "LMN"


class _Table(dict[int, str]):
    """What each character becomes, looked up once; no text can make it grow beyond what it is for."""

    def __init__(self, becomes: Callable[[str], str], most: int = 10_000) -> None:
        super().__init__()
        self._becomes = becomes
        self._most = most

    def __missing__(self, code: int) -> str:
        found = self._becomes(chr(code))
        if len(self) < self._most:
            self[code] = found
        return found


_SEEN = _Table(lambda one: "" if _is_dropped(one) else _digit(one))
_APART = _Table(lambda one: one if _is_of_word(one) else " ")
