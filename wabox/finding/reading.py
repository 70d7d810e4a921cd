"""How a text is read when it is looked for: one spelling for every way to write the same; pure.

Small letters, composed as NFKC has it, Latin digits, single spaces, nothing invisible. Vowel signs stay: they are
letters to who writes Bengali. A number is also read without what people put between its digits.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from zlib import crc32

MOST_WORDS = 8  # of a search that are looked at
_NUMBER_DIGITS = 5  # of a search that is one number, at least
_END_DIGITS = 9  # of a long number that are compared: in front stand a country or the zero that is dialled at home

_GONE = re.compile("[\0\u00ad\u034f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")
_BETWEEN = re.compile(r"(?<=[0-9])[ ()./+-]+(?=[0-9])")
_NUMBER = re.compile(r"[0-9 ()./+-]+")
_DIGITS = re.compile(r"[0-9]{3,}")
_LONGEST = 6  # digits of a mark
_PIECE = re.compile(r'["“”]([^"“”]+)["“”]|(\S+)')


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody looks for. words: all of them, or parts of words; what stood in quotes is one.

    number: digits; then nothing but that number is looked for.
    """

    words: tuple[str, ...] = ()
    number: str = ""

    @property
    def anything(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.words or self.number)

    @property
    def marks(self) -> tuple[int, ...]:
        """What a text that says it must have left, as `marks` gives it."""
        words = (self.number,) if self.number else sorted(self.words, key=len, reverse=True)
        return tuple(dict.fromkeys(_hash(gram) for word in words for gram in _of_word(word)))

    def is_in(self, text: str) -> bool:
        """Whether the text says it. text: as `folded` gives it."""
        if self.number:
            return self.number in bare_numbers(text)
        return all(word in text for word in self.words)


def sought(text: str) -> Sought:
    """What is meant by what somebody typed. Nothing in it is an order: `*`, `%`, `OR` are letters."""
    plain = folded(text)
    if _NUMBER.fullmatch(plain):
        digits = "".join(one for one in plain if one.isdigit())
        if len(digits) >= _NUMBER_DIGITS:
            return Sought(number=digits[-_END_DIGITS:].lstrip("0") or "0")
    words = (" ".join((found[1] or found[2]).split()) for found in _PIECE.finditer(plain))
    return Sought(tuple(dict.fromkeys(word for word in words if word))[:MOST_WORDS])


def folded(text: str) -> str:
    """The text in one spelling. Linear in it; any text will do."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = _composed(_composed(_GONE.sub("", text)).casefold())
    if _FOREIGN_DIGIT.search(plain):
        plain = _FOREIGN_DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), plain)
    return " ".join(plain.split())


def bare_numbers(text: str) -> str:
    """A folded text with nothing between the digits of its numbers."""
    return _BETWEEN.sub("", text)


def marks(texts: list[str]) -> set[int]:
    """What is said in some folded texts, as hashes: of two and three letters that follow each other.

    Of a number, up to six digits: many numbers are made of few digits.
    """
    text = "\n".join(texts)
    bare = bare_numbers(text)
    grams: set[str] = set(map("".join, zip(text, text[1:], strict=False)))
    for one in (text, bare) if bare != text else (text,):
        grams.update(map("".join, zip(one, one[1:], one[2:], strict=False)))
        for digits in _DIGITS.findall(one):
            grams.update(_digit_grams(digits))
    return {_hash(gram) for gram in grams if "\n" not in gram}


def _digit_grams(digits: str) -> list[str]:
    return [
        digits[place : place + length]
        for length in range(4, _LONGEST + 1)
        for place in range(len(digits) - length + 1)
    ]


def _of_word(word: str) -> list[str]:
    """The marks that tell most of it."""
    length = min(len(word), _LONGEST if word.isascii() and word.isdigit() else 3)
    return [word[place : place + length] for place in range(len(word) - length + 1)] if length > 1 else []


def _composed(text: str) -> str:
    return text if unicodedata.is_normalized("NFKC", text) else unicodedata.normalize("NFKC", text)


def _hash(gram: str) -> int:
    return crc32(gram.encode("utf-8", "surrogatepass")) & 0xFFFFFF
