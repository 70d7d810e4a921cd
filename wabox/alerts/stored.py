"""What ails and what was told of it: on → over. One row at a time for each thing that ails somebody.

What is found is compared with the rows, and what of it is to be told comes out in the transaction that writes it
down: who is killed in between has told nothing, and tells it at the next look; nobody is told twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from wabox import times
from wabox.alerts.kinds import FLAPS, Ill, Key, Kind, Look, gap
from wabox.db import Row, Rows, Tx, reader

State = Literal["began", "lasts", "over"]

KEPT = timedelta(days=90)
FARTHEST = timedelta(days=8)  # a time to tell beyond this was set by a clock that ran ahead


@dataclass(frozen=True, slots=True)
class Alert:
    """A row. times: how often it was told; due_at: when next, if it lasts."""

    id: int
    user_id: int
    kind: Kind
    about: str
    words: Mapping[str, str]
    began_at: datetime
    told_at: datetime | None
    times: int
    due_at: datetime
    over_at: datetime | None

    @property
    def key(self) -> Key:
        """What ails whom."""
        return Key(self.user_id, self.kind, self.about)


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told. since: when it began."""

    key: Key
    state: State
    words: Mapping[str, str]
    since: datetime


def lasting(rows: Rows, user_id: int | None = None) -> list[Alert]:
    """What is on, the oldest first. user_id: only theirs."""
    found = rows.all(
        """select * from alerts where over_at is null and (:user_id is null or user_id = :user_id) order by id""",
        user_id=user_id,
    )
    return [_alert(row) for row in found]


def told(rows: Rows, user_id: int, *, most: int = 20) -> list[Alert]:
    """What this user was told of lately, the last first."""
    found = rows.all(
        """select * from alerts where user_id = :user_id and times > 0
           order by told_at desc, id desc limit :most""",
        user_id=user_id,
        most=most,
    )
    return [_alert(row) for row in found]


def told_since(rows: Rows, user_id: int, since: datetime) -> int:
    """Of how many things this user was told since then."""
    found = rows.value(
        "select count(*) from alerts where user_id = :user_id and times > 0 and told_at >= :since",
        user_id=user_id,
        since=times.stored(since),
    )
    return int(found)


def is_news(rows: Rows, look: Look, *, now: datetime) -> bool:
    """Whether `settle` would write anything; asked at each look, so that a quiet box writes nothing."""
    on = {one.key: one for one in lasting(rows)}
    if any(key not in on for key in look.ill):
        return True
    return any(_is_due(one, now) if key in look.ill else key not in look.unsure for key, one in on.items())


def settle(tx: Tx, look: Look, *, now: datetime) -> list[News]:
    """The rows are as was found. Returns what is to be told now, in the same transaction."""
    news: list[News] = []
    on = {one.key: one for one in lasting(tx)}
    for key, ill in look.ill.items():
        one = on.get(key) or _begin(tx, key, ill, now)
        if _is_due(one, now):
            news.append(_tell(tx, one, ill, now))
    for key, one in on.items():
        if key not in look.ill and key not in look.unsure:
            _end(tx, one, now)
            if one.times and key in look.well:
                news.append(News(key, "over", one.words, one.began_at))
    return news


def sweep(tx: Tx, *, now: datetime) -> int:
    """What was over long ago is gone; returns how many."""
    return tx.run("delete from alerts where over_at < :before", before=times.stored(now - KEPT))


def _is_due(one: Alert, now: datetime) -> bool:
    return one.due_at <= now or one.due_at > now + FARTHEST


def _begin(tx: Tx, key: Key, ill: Ill, now: datetime) -> Alert:
    """It is on. If the same was told just now, it waits: what comes and goes is no storm."""
    last = times.read_or_none(
        tx.value(
            """select max(told_at) from alerts
               where user_id = :user_id and kind = :kind and about = :about and told_at <= :now""",
            user_id=key.user_id,
            kind=key.kind,
            about=key.about,
            now=times.stored(now),
        )
    )
    due_at = now + ill.after if last is None else max(now + ill.after, last + FLAPS)
    alert_id = tx.insert(
        """insert into alerts (user_id, kind, about, words, began_at, due_at)
           values (:user_id, :kind, :about, :words, :now, :due_at)""",
        user_id=key.user_id,
        kind=key.kind,
        about=key.about,
        words=json.dumps(dict(ill.words), ensure_ascii=False),
        now=times.stored(now),
        due_at=times.stored(due_at),
    )
    return Alert(alert_id, key.user_id, key.kind, key.about, ill.words, now, None, 0, due_at, None)


def _tell(tx: Tx, one: Alert, ill: Ill, now: datetime) -> News:
    tx.run(
        """update alerts set times = times + 1, told_at = :now, due_at = :due_at, words = :words
           where id = :id and over_at is null""",
        id=one.id,
        now=times.stored(now),
        due_at=times.stored(now + gap(one.kind, one.times + 1)),
        words=json.dumps(dict(ill.words), ensure_ascii=False),
    )
    return News(one.key, "lasts" if one.times else "began", ill.words, one.began_at)


def _end(tx: Tx, one: Alert, now: datetime) -> None:
    tx.run("update alerts set over_at = :now where id = :id and over_at is null", id=one.id, now=times.stored(now))


def _words(row: Row) -> dict[str, str]:
    return dict(json.loads(row["words"]))


_alert = reader(Alert, words=_words)
