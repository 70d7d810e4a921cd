"""What is new in this wabox for its owner: what CHANGELOG.md says now and did not say when it was last seen.

A box that starts for the first time has seen all of it. The file lies beside the package, in a checkout and in a
release; where it does not, nothing is new.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path

import msgspec

import wabox
from wabox.db import Rows, Tx

KEY = "changes_seen"
FILE = Path(wabox.__file__).parent.parent / "CHANGELOG.md"
MOST = 30  # shown at once


@lru_cache(maxsize=1)
def entries(file: Path = FILE) -> tuple[str, ...]:
    """Each change in a line or more of words, the newest first. Reads the disk once."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return ()
    parts = re.split(r"(?m)^- ", re.sub(r"(?m)^#.*$", "", text))[1:]
    return tuple(" ".join(part.split("\n\n", 1)[0].replace("`", "").split()) for part in parts)


def news(rows: Rows) -> list[str]:
    """What the owner has not seen yet, MOST at most."""
    kept = rows.value("select value from box where key = :key", key=KEY)
    if kept is None:
        return []
    seen = set(msgspec.json.decode(kept, type=list[str]))
    return [one for one in entries() if _mark(one) not in seen][:MOST]


def settle(tx: Tx) -> None:
    """A box that never heard of changes has seen those that there are."""
    tx.run("insert or ignore into box (key, value) values (:key, :value)", key=KEY, value=_all())


def seen(tx: Tx) -> None:
    """The owner has seen what there is."""
    tx.run("insert or replace into box (key, value) values (:key, :value)", key=KEY, value=_all())


def _all() -> str:
    return msgspec.json.encode([_mark(one) for one in entries()]).decode()


def _mark(entry: str) -> str:
    return hashlib.sha256(entry.encode()).hexdigest()[:10]
