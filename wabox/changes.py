"""What is new in this wabox for its owner: what CHANGELOG.md says now and did not say when it was last seen.

A box that starts for the first time has seen all of it. The file lies beside the package, in a checkout and in a
release; where it does not, nothing is new. Another language says in `languages/<code>/changes.md` what matters
most of each section, under the same heading; where it says nothing, the English stands alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec

import wabox
from wabox import languages
from wabox.db import Rows, Tx

KEY = "changes_seen"
FILE = Path(wabox.__file__).parent.parent / "CHANGELOG.md"
MOST = 30  # shown at once


@dataclass(frozen=True, slots=True)
class News:
    """What the owner has not seen yet, MOST at most of each.

    told: what matters most of it, in the reader's language; () where nobody wrote that. english: each change.
    """

    told: tuple[str, ...]
    english: tuple[str, ...]


@lru_cache(maxsize=1)
def sections(file: Path = FILE) -> Mapping[str, tuple[str, ...]]:
    """{heading of a release: each of its changes, in words}, the newest first. Reads the disk once."""
    return _read(file)


@lru_cache(maxsize=8)
def told(language: str) -> Mapping[str, tuple[str, ...]]:
    """{heading of a release, as in CHANGELOG.md: what matters most of it, in this language}."""
    return _read(languages.HOME / language / "changes.md") if language in languages.ALL else {}


def news(rows: Rows, language: str) -> News:
    """What the owner, who reads this language, has not seen yet."""
    kept = rows.value("select value from box where key = :key", key=KEY)
    if kept is None:
        return News((), ())
    seen = set(msgspec.json.decode(kept, type=list[str]))
    new = {heading: _unseen(changes, seen) for heading, changes in sections().items()}
    own = [one for heading, said in told(language).items() if new.get(heading) for one in _unseen(said, seen)]
    return News(tuple(own[:MOST]), tuple(one for changes in new.values() for one in changes)[:MOST])


def settle(tx: Tx) -> None:
    """A box that never heard of changes has seen those that there are."""
    tx.run("insert or ignore into box (key, value) values (:key, :value)", key=KEY, value=_all())


def seen(tx: Tx) -> None:
    """The owner has seen what there is, in every language."""
    tx.run("insert or replace into box (key, value) values (:key, :value)", key=KEY, value=_all())


def _read(file: Path) -> dict[str, tuple[str, ...]]:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return {}
    heads = re.split(r"(?m)^## +(.*)$", text)[1:]
    return {heading.strip(): _entries(body) for heading, body in zip(heads[::2], heads[1::2], strict=True)}


def _entries(body: str) -> tuple[str, ...]:
    parts = re.split(r"(?m)^- ", re.sub(r"(?m)^#.*$", "", body))[1:]
    return tuple(" ".join(part.split("\n\n", 1)[0].replace("`", "").split()) for part in parts)


def _unseen(changes: tuple[str, ...], seen: set[str]) -> list[str]:
    return [one for one in changes if _mark(one) not in seen]


def _all() -> str:
    everywhere = [sections(), *(told(code) for code in languages.ALL)]
    return msgspec.json.encode(
        [_mark(one) for said in everywhere for part in said.values() for one in part]
    ).decode()


def _mark(entry: str) -> str:
    return hashlib.sha256(entry.encode()).hexdigest()[:10]
