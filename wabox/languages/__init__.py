"""The languages wabox speaks: a folder each, with its names, its digits, its words and its catalogue.

What the code says is English; the catalogue of every other language has all of its texts.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from types import MappingProxyType

HOME = Path(__file__).parent
FIRST = "en"
ASCII_DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class Language:
    """One folder.

    code: ISO 639-1, as the folder is called. name: as its speakers write it. locale: babel's name. digits: 0 to 9
    as it writes them. letters: those that only it has, as a range of a pattern; "" = none.
    day_parts: (hour it begins, word) of its twelve-hour clock, () = 24 hours. heads: {field of a
    contact: what lists call that column}. head_words: {field: words that say so within a longer head}. own_heads:
    {a name for a field of somebody's own: what lists call such a column}. name_parts: {first, middle, last: what
    lists call that part of a name}.
    """

    code: str
    name: str
    locale: str
    digits: str
    letters: str
    day_parts: tuple[tuple[int, str], ...]
    heads: Mapping[str, tuple[str, ...]]
    head_words: Mapping[str, tuple[str, ...]]
    own_heads: Mapping[str, tuple[str, ...]]
    name_parts: Mapping[str, tuple[str, ...]]

    def clock(self, at: time, *, seconds: bool = False) -> str:
        """The time of day: `17:42`, or by the part of the day, `বিকাল ৫:৪২`."""
        rest = f"{at.minute:02}:{at.second:02}" if seconds else f"{at.minute:02}"
        if not self.day_parts:
            return self.written(f"{at.hour:02}:{rest}")
        begun = [word for hour, word in self.day_parts if hour <= at.hour]
        return self.written(f"{begun[-1] if begun else self.day_parts[-1][1]} {at.hour % 12 or 12}:{rest}")

    def written(self, text: str) -> str:
        """The text with its digits as the language writes them."""
        return text if self.digits == ASCII_DIGITS else text.translate(_table(self.digits))


@functools.cache
def _table(digits: str) -> dict[int, int]:
    return str.maketrans(ASCII_DIGITS, digits)


def later(text: str) -> str:
    """The text itself, marked for the catalogues; it is translated when it is shown."""
    return text


def of(text: str) -> str:
    """The code of the language whose own letters the text has; English where it has none of any."""
    owners = (one.code for one in ALL.values() if one.letters and re.search(f"[{one.letters}]", text))
    return next(owners, FIRST)


def _read(folder: Path) -> Language:
    told = tomllib.loads((folder / "language.toml").read_text(encoding="utf-8"))
    heads, words, own, names = (
        {field: tuple(said) for field, said in told[part].items()}
        for part in ("heads", "head_words", "own_heads", "name_parts")
    )
    parts = tuple((int(hour), str(word)) for hour, word in told.get("day_parts", []))
    name, locale, digits, letters = (str(told[key]) for key in ("name", "locale", "digits", "letters"))
    return Language(folder.name, name, locale, digits, letters, parts, heads, words, own, names)


def _all() -> dict[str, Language]:
    """Every folder's, English first."""
    folders = sorted(path.parent for path in HOME.glob("*/language.toml"))
    return {one.code: one for one in sorted(map(_read, folders), key=lambda one: (one.code != FIRST, one.code))}


ALL: Mapping[str, Language] = MappingProxyType(_all())
NAMES: Mapping[str, str] = MappingProxyType({one.code: one.name for one in ALL.values()})
