"""What reports count of messages: by local day, phone, campaign and source, and a campaign's by the quarter hour.

A message counts where it stands now, whatever it was before: sent, delivered, read and replied on the day it was
sent, so that of a day each is part of the one before; every other end on the day it ended. Nobody is named, so
that erasing a person or forgetting old rows changes nothing. The door is every move of `outbox`; what stood in the
log before there were counts is counted by `campaigns.recounting`, and until then the door leaves it alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wabox import times
from wabox.db import Row, Rows, Tx
from wabox.messages import stored

Source = Literal["campaign", "api", "dashboard", "other"]
SOURCES: tuple[Source, ...] = ("campaign", "api", "dashboard", "other")
ENDED = ("failed", "skipped", "cancelled", "unknown")
COLUMNS = ("sent", "delivered", "read", "replied", *ENDED, "opted_out")
NONE = 0  # no campaign; no phone, where nobody knows which
LEFT = "report_left"  # in `box`: the newest message that is not counted yet, if there is one
_ZONE = "timezone"  # in `box`: the shop's

_SEEN = """select m.id, m.user_id, m.device_id, m.status, m.spent_at, m.sent_at, m.delivered_at, m.read_at,
    m.replied_at, m.finished_at, m.queued_at, coalesce(m.campaign_id, 0) as campaign_id,
    case when m.campaign_id is not null then 'campaign' else coalesce(m.source, 'other') end as source
    from messages m where m.id in (select value from json_each(:ids))"""

Key = tuple[str, int, int, str, int, str, str]  # table, user, campaign, day or bucket, phone, source, column


def keep_zone(tx: Tx, zone: ZoneInfo) -> None:
    """Days are those of this zone, for who chose none."""
    tx.run("insert or replace into box (key, value) values (:key, :name)", key=_ZONE, name=zone.key)


def seen(rows: Rows, message_ids: Sequence[int]) -> list[Row]:
    """How these messages stand now; `moved` is told it after they moved."""
    return rows.all(_SEEN, ids=json.dumps(list(message_ids)))


def moved(tx: Tx, before: Sequence[Row]) -> None:
    """They stand elsewhere by now, and count there. before: what `seen` found of them."""
    count(tx, before, -1)
    count(tx, seen(tx, [row["id"] for row in before]), 1)


def made(tx: Tx, message_ids: Sequence[int]) -> None:
    """They are new, and count if they have ended already."""
    count(tx, seen(tx, message_ids), 1)


def replied(tx: Tx, message_id: int, *, now: datetime) -> bool:
    """Its person has answered it. Only the first answer counts; False for another."""
    before = seen(tx, [message_id])
    first = tx.run(
        "update messages set replied_at = :now where id = :id and replied_at is null",
        id=message_id,
        now=times.stored(now),
    )
    if first:
        moved(tx, before)
    return bool(first)


def opted_out(tx: Tx, user_id: int, device_id: int, campaign_id: int | None, *, now: datetime) -> None:
    """A person wants no more messages, and said so to this phone; after this campaign's, if there was one."""
    source: Source = "other" if campaign_id is None else "campaign"
    day = day_of(tx, user_id, times.stored(now))
    add(tx, {("report_counts", user_id, campaign_id or NONE, day, device_id, source, "opted_out"): 1})


def count(tx: Tx, found: Iterable[Row], sign: int) -> None:
    """What they count where they stand is added, or taken away; of those behind the mark nothing."""
    left = _left(tx)
    add(tx, {key: sign * n for key, n in parts(tx, (row for row in found if row["id"] > left)).items()})


def parts(rows: Rows, found: Iterable[Row]) -> Counter[Key]:
    """What these messages count. found: as `seen` gives them."""
    counted: Counter[Key] = Counter()
    zones: dict[int, ZoneInfo] = {}
    for row in found:
        user_id = row["user_id"]
        if user_id not in zones:
            zones[user_id] = _zone(rows, user_id)
        for column, at in _columns(row):
            day = _day(zones[user_id], at)
            of = (row["device_id"], row["source"], column)
            counted["report_counts", user_id, row["campaign_id"], day, *of] += 1
        for column, at in _moments(row) if row["campaign_id"] else ():
            bucket = stored.bucket(times.read(at))
            counted["campaign_hours", user_id, row["campaign_id"], bucket, NONE, "", column] += 1
    return counted


def add(tx: Tx, counted: dict[Key, int]) -> None:
    """So many more of each."""
    for (table, user_id, campaign_id, at, device_id, source, column), n in counted.items():
        if table == "campaign_hours":
            tx.tally(_HOURS.format(column), n, user_id=user_id, campaign_id=campaign_id, bucket=at)
        else:
            of = {"user_id": user_id, "campaign_id": campaign_id, "device_id": device_id}
            tx.tally(_DAYS.format(column), n, day=at, source=source, **of)


def day_of(rows: Rows, user_id: int, at: str) -> str:
    """The user's local day of a stored moment."""
    return _day(_zone(rows, user_id), at)


def _left(rows: Rows) -> int:
    return int(rows.value("select value from box where key = :key", key=LEFT) or 0)


def _columns(row: Row) -> list[tuple[str, str]]:
    """In what it counts of days, and when that was."""
    status = row["status"]
    if status in stored.REACHED:
        reached = stored.REACHED[: stored.REACHED.index(status) + 1]
        found: list[tuple[str, str]] = [(column, row["sent_at"] or row["queued_at"]) for column in reached]
    else:
        found = [(status, row["finished_at"] or row["queued_at"])] if status in ENDED else []
    if row["replied_at"] is not None:
        found.append(("replied", row["sent_at"] or row["replied_at"]))
    return found


def _moments(row: Row) -> list[tuple[str, str]]:
    """What befell a campaign's message, and when."""
    reached = stored.REACHED[: stored.REACHED.index(row["status"]) + 1] if row["status"] in stored.REACHED else ()
    found = [(column, row[f"{column}_at"] or row["sent_at"] or row["queued_at"]) for column in reached]
    return found + ([("replied", row["replied_at"])] if row["replied_at"] is not None else [])


def _zone(rows: Rows, user_id: int) -> ZoneInfo:
    shops = rows.value("select value from box where key = :key", key=_ZONE) or "UTC"
    return _named(rows.value("select timezone from users where id = :id", id=user_id) or shops, shops)


@lru_cache(maxsize=64)
def _named(name: str, shops: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(shops)


@lru_cache(maxsize=4096)
def _of_quarter(zone: ZoneInfo, bucket: str) -> str:
    return times.local_day(times.read(bucket), zone).isoformat()


def _day(zone: ZoneInfo, at: str) -> str:
    """The local day of a stored moment. Every zone is a whole number of quarters of an hour from UTC."""
    minute = int(at[14:16]) // 15 * 15
    return _of_quarter(zone, f"{at[:14]}{minute:02d}:00+00:00")


_DAYS = """insert into report_counts (user_id, day, device_id, campaign_id, source, {0})
    values (:user_id, :day, :device_id, :campaign_id, :source, :n) on conflict do update set {0} = {0} + :n"""
_HOURS = """insert into campaign_hours (campaign_id, bucket, user_id, {0})
    values (:campaign_id, :bucket, :user_id, :n) on conflict do update set {0} = {0} + :n"""
