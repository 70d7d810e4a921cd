"""Whether a newer wa-js is out, as the address says that the owner named; only ever shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from wabox import times
from wabox.db import Rows, Tx

ASKED, VERSION = "engine_news_asked", "engine_news"
EVERY = timedelta(days=1)
_VERSION = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}")


def due(tx: Tx, *, now: datetime) -> bool:
    """Whether it shall be asked now; then it counts as asked, whatever comes of it."""
    asked = times.read_or_none(tx.value("select value from box where key = :key", key=ASKED))
    if asked is not None and asked <= now < asked + EVERY:
        return False
    _put(tx, ASKED, times.stored(now))
    return True


def heard(tx: Tx, answer: bytes) -> str | None:
    """The version in npm's answer of a package or of its latest one is noted; None if there is none in it."""
    try:
        said = json.loads(answer)
        version = said.get("version") or said["dist-tags"]["latest"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        return None
    _put(tx, VERSION, version)
    return version


def newer(rows: Rows, known: Iterable[str]) -> str | None:
    """The version that is out, if it is newer than all of these."""
    version = rows.value("select value from box where key = :key", key=VERSION)
    return version if version is not None and all(_order(version) > _order(one) for one in known) else None


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.partition("-")[0].split("."))


def _put(tx: Tx, key: str, value: str) -> None:
    tx.run(
        "insert into box (key, value) values (:key, :value) on conflict do update set value = :value",
        key=key,
        value=value,
    )
