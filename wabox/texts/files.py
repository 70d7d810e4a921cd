"""Stored texts as a file: JSON that people can read and change, and bring in again without doubling anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from wabox.db import Tx
from wabox.errors import Invalid
from wabox.languages import later
from wabox.languages.catalogues import TEXT_OF_FILE
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


class _File(Struct):
    wabox_texts: Literal[1]
    texts: list[_One]


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of a file. same: they were here word for word. kept: others of their names were here."""

    added: int = 0
    replaced: int = 0
    kept: int = 0
    same: int = 0


def written(texts: Iterable[Text]) -> str:
    """The texts as a file, readable and in their order."""
    file = _File(1, [_One(one.name, one.message, one.category, one.language) for one in texts])
    return msgspec.json.format(msgspec.json.encode(file), indent=2).decode() + "\n"


def read(data: bytes) -> list[Draft]:
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


def bring_in(tx: Tx, user_id: int, drafts: Sequence[Draft], *, replace: bool, now: datetime) -> Brought:
    """The texts are here, all or none; the same file once more changes nothing.

    replace: one of a name that is taken takes its place, else it is left out. Raises Invalid `too_many_texts`.
    """
    counts = dict.fromkeys(("added", "replaced", "kept", "same"), 0)
    for draft in drafts:
        counts[_brought(tx, user_id, draft, replace, now)] += 1
    return Brought(**counts)


def _brought(tx: Tx, user_id: int, draft: Draft, replace: bool, now: datetime) -> str:  # noqa: FBT001
    before = stored.named(tx, user_id, draft.name)
    if before is None:
        stored.add(tx, user_id, draft, now=now)
        return "added"
    if Draft.of(before) == draft:
        return "same"
    if replace:
        stored.change(tx, user_id, before.id, draft, now=now)
    return "replaced" if replace else "kept"


def _checked(number: int, one: _One) -> Draft:
    try:
        return stored.checked(Draft(one.name, one.message, one.category, one.language))
    except Invalid as wrong:
        why = next(iter(wrong.details.values()), wrong.sentence)
        raise _bad(TEXT_OF_FILE % {"n": number, "advice": why}) from None


def _bad(sentence: str) -> Invalid:
    return Invalid("bad_file", sentence, details={"file": sentence})
