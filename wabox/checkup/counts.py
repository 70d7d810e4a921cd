"""The box in numbers, over all its users, without looking at every message: from counters and small indexes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox import fence, retention, times
from wabox.accounts import mail
from wabox.checkup import machine_clock
from wabox.config import Config
from wabox.db import Rows
from wabox.devices import orders
from wabox.fence import Fence
from wabox.media import room
from wabox.media.room import Room
from wabox.messages import explaining, stored

LATE = timedelta(minutes=1)
SETTLED = timedelta(days=2)  # counts of a time this long ago do not change any more
GOING = "going"  # nothing holds it


@dataclass(frozen=True, slots=True)
class Totals:
    """Messages that came to each status, since ever. kept: the part before the bucket `until`."""

    until: str
    kept: Mapping[str, int]
    ended: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Counts:
    """waiting: by reason, each phone's group counted up to 10,000. oldest: queued longest of what is not planned.

    today: since the shop's midnight; week: the last 7 days. devices: by state; limited: by what WhatsApp
    limits them for; astray: those that shall be open
    and are not ready. due: posts owed; late: of these, for over a minute; parked: given up.
    leaving: phones whose logout WhatsApp could not be told of so far.
    mails: by status; stuck: of those queued, tried in vain so far.
    fence: what holds the whole box. files: what they take; files_megabytes: what they may.
    database_used: bytes; removed: rows, by kind; weights: bytes, by kind, as weighed at night.
    """

    waiting: Mapping[str, int]
    oldest: datetime | None
    sending: int
    unknown: int
    totals: Totals
    today: Mapping[str, int]
    week: Mapping[str, int]
    devices: Mapping[str, int]
    limited: Mapping[str, int]
    astray: int
    due: int
    late: int
    parked: int
    leaving: int
    mails: Mapping[str, int]
    stuck: int
    clock_wrong: bool
    fence: Fence | None
    files: Room
    files_megabytes: int
    database_used: int
    database_megabytes: int
    removed: Mapping[str, int]
    weights: Mapping[str, int]

    @property
    def unknown_rate(self) -> float:
        """Of a week's messages that left, the share whose end is not known; 0 to 1."""
        left = self.week.get("sent", 0) + self.week.get("failed", 0) + self.week.get("unknown", 0)
        return self.week.get("unknown", 0) / left if left else 0.0


def count(rows: Rows, config: Config, before: Totals | None, *, now: datetime) -> Counts:
    """Everything, in one snapshot. before: the totals of an earlier count, so that only what is new is added."""
    held, oldest = _waiting(rows, config, now)
    zone = config.zone
    midnight = times.day_start(times.local_day(now, zone), zone)
    return Counts(
        waiting=held,
        oldest=oldest,
        sending=_number(rows, "select count(*) from messages where status = 'sending'"),
        unknown=_number(
            rows,
            """select count(*) from users cross join messages m
               on m.user_id = users.id and m.status = 'unknown' and m.status <> 'sending'""",
        ),
        totals=_totals(rows, before, now),
        today=_between(rows, times.stored(midnight)),
        week=_between(rows, stored.bucket(now - timedelta(days=7))),
        devices=_by(rows, "select state, count(*) from devices where removed_at is null group by state"),
        limited=_by(
            rows,
            """select 'timelock', count(*) from devices where removed_at is null and linked = 1
                 and lock_type is not null and coalesce(lock_until > :now, 1)
               union all select 'new_chats', count(*) from devices where removed_at is null and linked = 1
                 and quota_status = 'capped' and coalesce(quota_resets_at > :now, 1)""",
            now=times.stored(now),
        ),
        astray=_number(
            rows,
            """select count(*) from devices where removed_at is null and wanted = 1
               and state in ('qr', 'disconnected')""",
        ),
        due=_number(rows, "select count(*) from deliveries where status = 'owed'"),
        late=_number(
            rows,
            "select count(*) from deliveries where status = 'owed' and due_at < :before",
            before=times.stored(now - LATE),
        ),
        parked=_number(
            rows,
            """select count(*) from users cross join deliveries d
               on d.user_id = users.id and d.status = 'parked'""",
        ),
        leaving=orders.stuck_logouts(rows),
        mails=_by(rows, "select status, count(*) from mails group by status"),
        stuck=mail.stuck(rows),
        clock_wrong=machine_clock.is_wrong(rows),
        fence=fence.of(rows),
        files=room.of_box(rows),
        files_megabytes=config.media.disk_megabytes,
        database_used=retention.used_bytes(rows),
        database_megabytes=config.data.database_megabytes,
        removed=retention.removed(rows),
        weights=retention.weights(rows),
    )


def _waiting(rows: Rows, config: Config, now: datetime) -> tuple[dict[str, int], datetime | None]:
    held: Counter[str] = Counter()
    oldest: datetime | None = None
    users = rows.all(
        """select distinct user_id from devices where exists (
             select 1 from messages where device_id = devices.id and status = 'queued')"""
    )
    for row in users:
        for group in explaining.groups(rows, row["user_id"], config=config, now=now):
            held[group.reason or GOING] += group.count
            if group.reason != "scheduled" and (oldest is None or group.first.queued_at < oldest):
                oldest = group.first.queued_at
    return dict(held), oldest


def _totals(rows: Rows, before: Totals | None, now: datetime) -> Totals:
    until = stored.bucket(now - SETTLED)
    kept = Counter(before.kept if before else {})
    since = before.until if before else ""
    if since < until:
        kept.update(_between(rows, since, until))
    else:
        until = since
    return Totals(until, dict(kept), dict(kept + Counter(_between(rows, until))))


def _between(rows: Rows, since: str, until: str = "9") -> dict[str, int]:
    """Messages that came to each status in these buckets, user by user along the key."""
    return _by(
        rows,
        """select c.status, sum(c.n) from users cross join message_counts c
           on c.user_id = users.id and c.bucket >= :since and c.bucket < :until group by c.status""",
        since=since,
        until=until,
    )


def _by(rows: Rows, sql: str, **params: str) -> dict[str, int]:
    return {row[0]: int(row[1]) for row in rows.all(sql, **params)}


def _number(rows: Rows, sql: str, **params: str) -> int:
    return int(rows.value(sql, **params))
