"""A repeating campaign: what is sent, to whom, and on which days. Each run is a campaign of its own.

active → paused → active; ended when no date is left or all its runs were made. wabox itself pauses one that cannot
go, with the reason. Only an active one has a next date, which the clock moves on in the transaction that makes the
run; a campaign names its plan and the date, which no two of them share.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from wabox import times
from wabox.campaigns import occasions
from wabox.campaigns.occasions import Every, Occasion
from wabox.campaigns.stored import NO_DEVICES
from wabox.config import Config
from wabox.contacts import segments
from wabox.contacts.own_values import Field
from wabox.contacts.segments import Segment
from wabox.db import Row, Rows, Tx, reader
from wabox.errors import NotFound
from wabox.languages import later
from wabox.media import stored as media
from wabox.messages import template

Status = Literal["active", "paused", "ended"]

MOST = 50
MOST_NAME = 180  # a run has the date behind it
MOST_RUNS = 1_000
AHEAD = timedelta(minutes=5)  # what was counted so far ahead of now, a clock that ran ahead has counted

REASONS = {
    NO_DEVICES: later("The phones it was to go from are deleted; choose others, then resume it."),
    "file_gone": later("Its file is gone; choose another one, or take it off, then resume it."),
    "audience_gone": later(
        "Its audience is gone or cannot be asked any more; choose another one, then resume it."
    ),
    "field_gone": later("The field with the date is gone; choose another one, then resume it."),
    "content_refused": later("The rules of this box did not let its text go; change it, then resume it."),
    "text_unfit": later("Its text cannot go as it is; change it, then resume it."),
}
RESULTS = {
    "made": later("went out"),
    "nobody": later("nobody was in its audience"),
    "missed": later("missed: wabox was off or held, or it was just changed"),
    "still_running": later("left out: the run before was not over"),
}


@dataclass(frozen=True, slots=True)
class Repeat:
    """audience: a segment as JSON text; with audience_id the saved one is asked instead. device_ids: None = every
    linked one. ends_on: its last day; most_runs: after so many it ends. next_at: when it goes next, next_day the
    same on its user's calendar, in `zone`, as counted at counted_at. runs: campaigns made, missed: dates that
    were not kept. last_result: what came of last_day, a key of RESULTS or REASONS. version: grows by each change.
    """

    id: int
    user_id: int
    name: str
    message: str
    text_id: int | None
    audience: str
    audience_id: int | None
    device_ids: tuple[int, ...] | None
    media_id: int | None
    media_kind: media.Kind | None
    media_name: str | None
    occasion: Occasion
    ends_on: date | None
    most_runs: int | None
    status: Status
    status_reason: str | None
    version: int
    next_day: date | None
    next_at: datetime | None
    zone: str
    counted_at: datetime
    skip_to: datetime | None
    runs: int
    missed: int
    last_day: date | None
    last_result: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Repeating campaigns, newest first. There is no cursor: there are at most MOST."""

    repeats: list[Repeat]
    total: int
    next_cursor: None = None


def of_user(rows: Rows, user_id: int, repeat_id: int) -> Repeat:
    """The user's. Raises NotFound, for somebody else's too."""
    row = rows.one("select * from repeats where id = :id and user_id = :user_id", id=repeat_id, user_id=user_id)
    if row is None:
        raise NotFound("not_found", "There is no such repeating campaign; GET /repeats lists yours.")
    return _repeat(row)


def known(rows: Rows, repeat_id: int | None) -> Repeat | None:
    """The one with this id, whoever's; None: there is none."""
    row = rows.one("select * from repeats where id = :id", id=repeat_id)
    return None if row is None else _repeat(row)


def every(rows: Rows, user_id: int) -> list[Repeat]:
    """The user's: the next that goes first, then those that rest, the newest first."""
    found = rows.all(
        "select * from repeats where user_id = :id order by next_at is null, next_at, id desc", id=user_id
    )
    return [_repeat(row) for row in found]


def page(rows: Rows, user_id: int, *, number: int, per_page: int) -> Page:
    """One page of the user's, as `every` has them."""
    found = every(rows, user_id)
    return Page(found[(number - 1) * per_page : number * per_page], len(found))


def standing_still(rows: Rows, user_id: int) -> list[Repeat]:
    """The user's that wabox itself paused."""
    return [one for one in every(rows, user_id) if one.status == "paused" and one.status_reason is not None]


def due(rows: Rows, *, zone: ZoneInfo, now: datetime) -> list[int]:
    """Ids of those with a date that has come, or to be counted anew, of people who may send. zone: the shop's.

    One that ended is counted anew too, if a clock that ran ahead ended it.
    """
    found = rows.all(
        """select r.id from repeats r join users u on u.id = r.user_id
           where r.status in ('active', 'ended') and u.state = 'active' and u.closed_at is null
           and (r.next_at <= :now or r.counted_at > :ahead
                or (r.next_at is not null and r.zone <> coalesce(nullif(u.timezone, ''), :zone)))
           order by r.next_at, r.id""",
        now=times.stored(now),
        ahead=times.stored(now + AHEAD),
        zone=zone.key,
    )
    return [row["id"] for row in found]


def counting_on(rows: Rows, user_id: int, wants: Callable[[Repeat], bool]) -> Repeat | None:
    """The user's first that has still to go, also once it is resumed, and for which this holds."""
    return next((one for one in every(rows, user_id) if one.status != "ended" and wants(one)), None)


def zone_of(rows: Rows, user_id: int, config: Config) -> tuple[str, ZoneInfo]:
    """The user's zone as it is written down, and as it is."""
    name = rows.value("select timezone from users where id = :id", id=user_id)
    return name or config.zone.key, config.zone_named(name)


def rest(tx: Tx, repeat_id: int, reason: str | None, *, now: datetime) -> bool:
    """active → paused. reason: of REASONS, None: its user wants it so. False: it was not active."""
    moved = tx.run(
        """update repeats set status = 'paused', status_reason = :reason, next_day = null, next_at = null,
           version = version + 1, updated_at = :now where id = :id and status = 'active'""",
        id=repeat_id,
        reason=reason,
        now=times.stored(now),
    )
    return moved == 1


def recount(tx: Tx, repeat_id: int, *, config: Config, now: datetime) -> None:
    """Its next date is when its user's clock says so: the zone is another one, or the clock went back."""
    found = known(tx, repeat_id)
    if found is None or found.status == "paused":
        return
    name, zone = zone_of(tx, found.user_id, config)
    day = found.next_day
    ahead = found.counted_at > now + AHEAD
    if not ahead and (day is None or name == found.zone):
        return
    if ahead:
        day = first(tx, found, zone=zone, now=now)
    goes_on(tx, found, day, zone=zone, zone_name=name, now=now)


def kept_days(rows: Rows, repeat_id: int) -> set[date]:
    """The days of which its runs were made, also by a clock that ran ahead or in another zone."""
    made = rows.all("select repeat_day from campaigns where repeat_id = :id", id=repeat_id)
    return {date.fromisoformat(row["repeat_day"]) for row in made}


def first(rows: Rows, repeat: Repeat, *, zone: ZoneInfo, now: datetime) -> date | None:
    """Its first date from now on of which no run was made; None: there is none until its end."""
    if repeat.most_runs is not None and repeat.runs >= repeat.most_runs:
        return None
    kept = kept_days(rows, repeat.id)
    day: date | None = times.local_day(now, zone) - timedelta(days=1)
    while day is not None:
        day = occasions.following(repeat.occasion, day, ends_on=repeat.ends_on)
        if day is None or (day not in kept and occasions.moment(repeat.occasion, day, zone) > now):
            return day
    return None


def goes_on(tx: Tx, repeat: Repeat, day: date | None, *, zone: ZoneInfo, zone_name: str, now: datetime) -> None:
    """It goes next on this day; None: it has ended."""
    tx.run(
        """update repeats set status = iif(:day is null, 'ended', 'active'), status_reason = null,
           next_day = :day, next_at = :at, zone = :zone, counted_at = :now where id = :id""",
        id=repeat.id,
        day=None if day is None else day.isoformat(),
        at=None if day is None else times.stored(occasions.moment(repeat.occasion, day, zone)),
        zone=zone_name,
        now=times.stored(now),
    )


def skip(tx: Tx, *, now: datetime) -> None:
    """Dates that came while the box was held are not made up for: another box may have kept them."""
    tx.run("update repeats set skip_to = :now where status = 'active'", now=times.stored(now))


def rewrite(
    tx: Tx,
    user_id: int,
    *,
    audience: Callable[[Segment], Segment] = lambda one: one,
    message: Callable[[str], str] = lambda one: one,
) -> None:
    """Each of the user's is for whom, and says what, these make of it: a tag or a field has a new name."""
    for one in every(tx, user_id):
        kept = segments.write(audience(segments.read(one.audience)))
        text = message(one.message)
        if (kept, text) != (one.audience, one.message):
            tx.run(
                "update repeats set audience = :kept, message = :text, version = version + 1 where id = :id",
                id=one.id,
                kept=kept,
                text=text,
            )


def uses(one: Repeat, field: Field) -> bool:
    """Whether its text, its audience or its date is of this field."""
    parse = template.parse if one.media_id is None else template.caption
    in_text = field.name in parse(one.message, None).own
    asked = field.name in segments.fields_of(segments.read(one.audience))
    return in_text or asked or one.occasion.field_id == field.id


def _day(name: str) -> Callable[[Row], date | None]:
    return lambda row: None if row[name] is None else date.fromisoformat(row[name])


def _occasion(row: Row) -> Occasion:
    every: Every = row["every"]
    at = time.fromisoformat(row["at"])
    return Occasion(every, at, tuple(json.loads(row["days"])), row["field_id"], row["days_before"])


_repeat = reader(
    Repeat,
    device_ids=lambda row: None if row["device_ids"] is None else tuple(json.loads(row["device_ids"])),
    occasion=_occasion,
    ends_on=_day("ends_on"),
    next_day=_day("next_day"),
    last_day=_day("last_day"),
)
