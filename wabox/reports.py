"""What happened, in numbers: the user's days, one campaign from its audience to the answers. Read only.

Asked of what `messages.counting` keeps, never of the log: as quick with a million messages as with ten.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from wabox import times
from wabox.billing import ledger, subscriptions
from wabox.campaigns import recounting
from wabox.campaigns import stored as campaigns
from wabox.campaigns.stored import Campaign
from wabox.contacts import exporting, segments
from wabox.contacts import fields as contact_fields
from wabox.db import Rows
from wabox.errors import Invalid, NotFound
from wabox.messages.counting import Source
from wabox.times import day_start, local_day

DAYS = 30
WEEK = 7
MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Count:
    """How many messages came to each end. sent: WhatsApp's server took them."""

    sent: int = 0
    failed: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """One local day."""

    date: date
    count: Count


@dataclass(frozen=True, slots=True)
class Summary:
    """week: the last 7 days, month: the last 30, both with today. daily: 30 days, oldest first.

    plan: its name; expires_at: None for one that does not expire.
    """

    plan: str
    expires_at: datetime | None
    credits: int | None
    today: Count
    week: Count
    month: Count
    total: Count
    daily: tuple[Day, ...]


def summary(rows: Rows, user_id: int, *, zone: ZoneInfo, billing: bool = False, now: datetime) -> Summary:
    """The user's numbers; days are those of the zone. billing: whether it is on."""
    today = local_day(now, zone)
    first = today - timedelta(days=DAYS - 1)
    days: dict[date, Counter[str]] = {first + timedelta(days=n): Counter() for n in range(DAYS)}
    for row in rows.all(
        "select bucket, status, n from message_counts where user_id = :user_id and bucket >= :since",
        user_id=user_id,
        since=times.stored(day_start(first, zone)),
    ):
        day = times.read(row["bucket"]).astimezone(zone).date()
        if day in days:
            days[day][row["status"]] += row["n"]
    total = {
        row["status"]: row["n"]
        for row in rows.all(
            "select status, sum(n) as n from message_counts where user_id = :user_id group by status",
            user_id=user_id,
        )
    }
    ordered = [days[day] for day in sorted(days)]
    standing = subscriptions.standing(rows, user_id, enabled=billing, now=now)
    return Summary(
        plan=standing.name,
        expires_at=standing.expires_at,
        credits=ledger.credits_left(rows, user_id),
        today=_count(ordered[-1]),
        week=_count(sum(ordered[-WEEK:], Counter())),
        month=_count(sum(ordered, Counter())),
        total=_count(total),
        daily=tuple(Day(day, _count(days[day])) for day in sorted(days)),
    )


def _count(found: Mapping[str, int]) -> Count:
    return Count(found.get("sent", 0), found.get("failed", 0), found.get("skipped", 0))


@dataclass(frozen=True, slots=True)
class Asked:
    """Which messages a report is of: of the local days first to last, both included; None = all.

    device_label: sent from a phone that is or was called so. tag: of campaigns whose audience names it.
    """

    first: date
    last: date
    device_label: str | None = None
    campaign_id: int | None = None
    tag: str | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """What became of messages. sent: WhatsApp took them; of these delivered, of these read.

    Those three, and replied, count on the day that the message was sent; every other end on its own day.
    replied: of campaigns, people who answered within three days. opted_out: who asked for no more on that day.
    """

    sent: int = 0
    delivered: int = 0
    read: int = 0
    replied: int = 0
    failed: int = 0
    skipped: int = 0
    cancelled: int = 0
    unknown: int = 0
    opted_out: int = 0

    @property
    def any(self) -> bool:
        """Whether there is anything to say."""
        return self != Numbers()


@dataclass(frozen=True, slots=True)
class Dated:
    """One local day."""

    date: date
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Daily:
    """days: every day that was asked for, oldest first. complete: False while older messages are still counted."""

    asked: Asked
    days: tuple[Dated, ...]
    total: Numbers
    complete: bool


COLUMNS = tuple(one.name for one in fields(Numbers))


def daily(rows: Rows, user_id: int, asked: Asked) -> Daily:
    """The user's days. Raises NotFound for a phone or campaign that is not theirs; Invalid `bad_period`."""
    length = (asked.last - asked.first).days + 1
    if not 0 < length <= MOST_DAYS:
        sentence = f"The period ends on its first day or later, and has at most {MOST_DAYS} days."
        raise Invalid("bad_period", sentence, details={"to": sentence})
    found = {
        row["day"]: Numbers(*row[1:])
        for row in rows.all(
            f"""select day, {", ".join(f"sum({one})" for one in COLUMNS)} from report_counts
                where user_id = :user_id and day between :first and :last
                and (:source is null or source = :source)
                and (:devices is null or device_id in (select value from json_each(:devices)))
                and (:campaigns is null or campaign_id in (select value from json_each(:campaigns)))
                group by day""",  # noqa: S608 - names of this file
            user_id=user_id,
            first=asked.first.isoformat(),
            last=asked.last.isoformat(),
            source=asked.source,
            devices=_devices(rows, user_id, asked.device_label),
            campaigns=_campaigns(rows, user_id, asked),
        )
    }
    dates = [asked.first + timedelta(days=n) for n in range(length)]
    days = tuple(Dated(day, found.get(day.isoformat(), Numbers())) for day in dates)
    total = Numbers(*(sum(getattr(one, column) for one in found.values()) for column in COLUMNS))
    return Daily(asked, days, total, recounting.is_complete(rows))


def as_csv(found: Daily) -> str:
    """The days for a spreadsheet: a line each, under names."""
    lines = [(str(day.date), *(str(getattr(day.numbers, one)) for one in COLUMNS)) for day in found.days]
    return exporting.text([("date", *COLUMNS), *lines], start=True)


def _devices(rows: Rows, user_id: int, label: str | None) -> str | None:
    """Ids as JSON; None for all. Raises NotFound."""
    if label is None:
        return None
    found = rows.all("select id from devices where user_id = :user and label = :label", user=user_id, label=label)
    if not found:
        raise NotFound("not_found", "You never had a phone of this label; GET /devices lists those you have.")
    return json.dumps([row["id"] for row in found])


def _campaigns(rows: Rows, user_id: int, asked: Asked) -> str | None:
    """Ids as JSON; None for all. Raises NotFound."""
    ids = None
    if asked.campaign_id is not None:
        ids = {campaigns.of_user(rows, user_id, asked.campaign_id).id}
    if asked.tag is not None:
        key = contact_fields.key(contact_fields.tag(asked.tag))
        tagged = {row["id"] for row in _with_tags(rows, user_id) if key in _tags(row["audience"])}
        ids = tagged if ids is None else ids & tagged
    return None if ids is None else json.dumps(sorted(ids))


def tags(rows: Rows, user_id: int) -> list[str]:
    """Tags that the audience of some campaign of the user's names, by name."""
    found = {key: tag for row in _with_tags(rows, user_id) for key, tag in _tags(row["audience"]).items()}
    return [found[key] for key in sorted(found)]


def _with_tags(rows: Rows, user_id: int) -> list[Any]:
    return rows.all(
        """select id, audience from campaigns where user_id = :user_id
           and (audience ->> 'tags_any' is not null or audience ->> 'tags_all' is not null) order by id""",
        user_id=user_id,
    )


def _tags(audience: str) -> dict[str, str]:
    """{key: tag} that people must have, or one of which."""
    segment = segments.read(audience)
    return {contact_fields.key(tag): tag for tag in (*segment.tags_any, *segment.tags_all)}


@dataclass(frozen=True, slots=True)
class Hour:
    """What befell a campaign's messages in an hour that begins at this moment, aware UTC."""

    at: datetime
    sent: int
    delivered: int
    read: int
    replied: int


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a campaign. replied: people who answered it. hours: those in which anything happened, in order.

    complete: as of Daily.
    """

    campaign: Campaign
    replied: int
    hours: tuple[Hour, ...]
    complete: bool


def of_campaign(rows: Rows, user_id: int, campaign_id: int, *, zone: ZoneInfo) -> Result:
    """What came of the user's campaign; hours are those of the zone's clock. Raises NotFound."""
    campaign = campaigns.of_user(rows, user_id, campaign_id)
    hours: dict[datetime, Counter[str]] = {}
    for row in rows.all(
        """select bucket, sent, delivered, read, replied from campaign_hours where campaign_id = :id
           order by bucket""",
        id=campaign.id,
    ):
        local = times.read(row["bucket"]).astimezone(zone)
        counts = hours.setdefault(local - timedelta(minutes=local.minute), Counter())
        counts.update({name: row[name] for name in ("sent", "delivered", "read", "replied")})
    shown = tuple(
        Hour(at.astimezone(UTC), counts["sent"], counts["delivered"], counts["read"], counts["replied"])
        for at, counts in hours.items()
        if any(counts.values())
    )
    return Result(campaign, sum(one.replied for one in shown), shown, recounting.is_complete(rows))
