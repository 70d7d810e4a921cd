"""Stored texts as a file: JSON that people can read and change, and bring in again without doubling anything.

What a text carries is named in it, but does not travel in it: a text that is here keeps what it carries, a new one
comes without, and one that is a file alone cannot come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from wabox.db import Tx
from wabox.errors import Invalid
from wabox.languages import later
from wabox.languages.catalogues import TEXT_OF_FILE
from wabox.media.stored import Media
from wabox.texts import stored
from wabox.texts.stored import Draft, Text

MOST_BYTES = 8 * 1024 * 1024

NO_FILE = later("This is no file of stored texts; take one that was exported here.")
TOO_MANY = later("There are more than 200 texts in the file; leave some out.")
TOO_BIG = later("The file is larger than 8 MB; leave some texts out.")


class _One(Struct):
    name: str
    message: str
    category: str = "service"
    language: str | None = None
    file: str | UnsetType = UNSET


class _File(Struct):
    wabox_texts: Literal[1]
    texts: list[_One]


@dataclass(frozen=True, slots=True)
class Told:
    """A text of a file. had_file: something went with it where it comes from."""

    draft: Draft
    had_file: bool


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of a file. same: they were here word for word. kept: others of their names were here.

    bare: how many of those added or replaced lack the file that they had. left: were a file alone, so not added.
    """

    added: int = 0
    replaced: int = 0
    kept: int = 0
    same: int = 0
    bare: int = 0
    left: int = 0


def written(texts: Iterable[Text], media: Mapping[int, Media]) -> str:
    """The texts as a file, readable and in their order. media: the files that they may carry, by id."""
    file = _File(1, [_one(text, media.get(text.media_id or 0)) for text in texts])
    return msgspec.json.format(msgspec.json.encode(file), indent=2).decode() + "\n"


def read(data: bytes) -> list[Told]:
    """What a file holds. Raises Invalid `bad_file`, naming the text that is wrong by its number."""
    if len(data) > MOST_BYTES:
        raise _bad(TOO_BIG)
    try:
        file = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise _bad(NO_FILE) from None
    if len(file.texts) > stored.MOST:
        raise _bad(TOO_MANY)
    return [_checked(number, one) for number, one in enumerate(file.texts, 1)]


def bring_in(tx: Tx, user_id: int, found: Sequence[Told], *, replace: bool, now: datetime) -> Brought:
    """The texts are here, all or none; the same file once more changes nothing.

    replace: one of a name that is taken takes its place, else it is left out; what it carried stays. Raises
    Invalid `too_many_texts`, `caption_too_long`, `no_text_with_sound`.
    """
    counts = dict.fromkeys(("added", "replaced", "kept", "same", "bare", "left"), 0)
    for told in found:
        before = stored.named(tx, user_id, told.draft.name)
        what = _brought(tx, user_id, told.draft, before, replace=replace, now=now)
        counts[what] += 1
        without = before is None or before.media_id is None
        counts["bare"] += told.had_file and without and what in ("added", "replaced")
    return Brought(**counts)


def _brought(tx: Tx, user_id: int, draft: Draft, before: Text | None, *, replace: bool, now: datetime) -> str:
    if not draft.message and (before is None or before.media_id is None):
        return "left"
    if before is None:
        stored.add(tx, user_id, draft, now=now)
        return "added"
    if before.media_id is not None:
        draft = draft.with_file_of(before)
    if Draft.of(before) == draft:
        return "same"
    if replace:
        stored.change(tx, user_id, before.id, draft, now=now)
    return "replaced" if replace else "kept"


def _one(text: Text, media: Media | None) -> _One:
    file = UNSET if media is None else text.media_name or media.filename
    return _One(text.name, text.message, text.category, text.language, file)


def _checked(number: int, one: _One) -> Told:
    had_file = one.file is not UNSET
    try:
        draft = stored.checked(Draft(one.name, one.message, one.category, one.language), file=had_file)
        return Told(draft, had_file)
    except Invalid as wrong:
        why = next(iter(wrong.details.values()), wrong.sentence)
        raise _bad(TEXT_OF_FILE % {"n": number, "advice": why}) from None


def _bad(sentence: str) -> Invalid:
    return Invalid("bad_file", sentence, details={"file": sentence})
