"""A date of a repeating campaign has come: its run is made, or it is said why there is none.

What is to be done is looked up outside the transaction, and written in one that first moves the plan on from that
very date; so a second clock, a change in between or a death makes no second run, and leaves none out. Of several
dates that were missed only the last can still be kept, and only within `occasions.open_until`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from wabox import times
from wabox.campaigns import greeted, launching, occasions, repeating, repeats
from wabox.campaigns.repeats import Repeat
from wabox.campaigns.stored import NO_DEVICES, OVER, Campaign, any_device
from wabox.config import Config
from wabox.contacts import audiences, own, segments
from wabox.contacts.conditions import Condition
from wabox.contacts.segments import Segment
from wabox.db import Rows, Tx
from wabox.errors import Invalid, NotFound
from wabox.media import keeping


@dataclass(frozen=True, slots=True)
class Run:
    """What is to be done about a date. missed: dates before it that were not kept. after: the next one.

    result: as `Repeat.last_result`, or kept: its run was made before. audience: the segment of the campaign, with
    the ids it means now.
    """

    repeat: Repeat
    day: date
    missed: int
    after: date | None
    zone_name: str
    zone: ZoneInfo
    result: str
    audience: str = ""
    audience_id: int | None = None
    contact_ids: tuple[int, ...] = ()


def prepare(rows: Rows, repeat_id: int, *, config: Config, now: datetime) -> Run | None:
    """What is to be done now. None: no date of it has come."""
    one = repeats.known(rows, repeat_id)
    if one is None or one.next_day is None or one.next_at is None or one.next_at > now:
        return None
    name, zone = repeats.zone_of(rows, one.user_id, config)
    kept = repeats.kept_days(rows, one.id)
    day, missed, after = _latest(one, one.next_day, kept, zone, now)
    run = Run(one, day, missed, after, name, zone, "missed")
    if day in kept:
        return dataclasses.replace(run, result="kept")
    if now > occasions.open_until(one.occasion, day, zone):
        return run
    if one.skip_to is not None and occasions.moment(one.occasion, day, zone) <= one.skip_to:
        return run
    if one.occasion.every != "date" and _still_runs(rows, one):
        return dataclasses.replace(run, result="still_running")
    return _asked(rows, run, config, now)


def write(tx: Tx, run: Run, *, now: datetime) -> Campaign | None:
    """The plan has moved on, and its run stands, if there is one. None: there is none, or somebody was first.

    Raises Invalid for a text that cannot go: then nothing has changed, and `halt` says so.
    """
    one = run.repeat
    if run.result == "made" and run.day in repeats.kept_days(tx, one.id):
        run = dataclasses.replace(run, result="kept")
    made = run.result == "made"
    if run.result in repeats.REASONS:
        halt(tx, run, run.result, now=now)
        return None
    runs = one.runs + made
    over = run.after is None or (one.most_runs is not None and runs >= one.most_runs)
    if not _moved(tx, run, runs, now=now):
        return None
    repeats.goes_on(tx, one, None if over else run.after, zone=run.zone, zone_name=run.zone_name, now=now)
    if not made:
        return None
    carried = repeating.carried(tx, one)
    if carried is not None:
        keeping.use(tx, carried.media.id, now=now)
    return launching.create(
        tx,
        one.user_id,
        name=f"{one.name} ({run.day.isoformat()})",
        message=one.message,
        audience=run.audience,
        contact_ids=run.contact_ids,
        device_ids=one.device_ids,
        scheduled_for=occasions.moment(one.occasion, run.day, run.zone),
        now=now,
        text_id=one.text_id,
        audience_id=run.audience_id,
        carried=carried,
        run_of=(one.id, run.day),
        messages_end_at=occasions.too_late(one.occasion, run.day, run.zone),
    )


def halt(tx: Tx, run: Run, reason: str, *, now: datetime) -> bool:
    """It is paused, for it cannot go. reason: why; an unknown one is its text. False: somebody was first."""
    known = reason if reason in repeats.REASONS else "text_unfit"
    return bool(
        tx.run(
            """update repeats set status = 'paused', status_reason = :reason, next_day = null, next_at = null,
               last_day = :day, last_result = :reason, missed = missed + :missed, version = version + 1,
               updated_at = :now where id = :id and status = 'active' and version = :version
               and next_day = :was""",
            reason=known,
            day=run.day.isoformat(),
            missed=run.missed + 1,
            now=times.stored(now),
            id=run.repeat.id,
            version=run.repeat.version,
            was=_was(run),
        )
    )


def _latest(
    one: Repeat, day: date, kept: set[date], zone: ZoneInfo, now: datetime
) -> tuple[date, int, date | None]:
    """(its last date that has come, how many came before it, the next one), without those that were kept.

    The first is a kept one only if all that have come are.
    """
    come = [day]
    after = occasions.following(one.occasion, day, ends_on=one.ends_on)
    while after is not None and (after in kept or occasions.moment(one.occasion, after, zone) <= now):
        come.append(after)
        after = occasions.following(one.occasion, after, ends_on=one.ends_on)
    left = [each for each in come if each not in kept]
    return (left or come)[-1], max(len(left) - 1, 0), after


def _still_runs(rows: Rows, one: Repeat) -> bool:
    status = rows.value("select status from campaigns where repeat_id = :id order by id desc limit 1", id=one.id)
    return status is not None and status not in OVER


def _asked(rows: Rows, run: Run, config: Config, now: datetime) -> Run:
    """The run with who is meant now; or why it cannot go."""
    one = run.repeat
    if not any_device(rows, one.user_id, one.device_ids):
        return dataclasses.replace(run, result=NO_DEVICES)
    if one.occasion.every == "date" and not _has_field(rows, one):
        return dataclasses.replace(run, result="field_gone")
    try:
        repeating.carried(rows, one)
        segment, audience_id = _segment(rows, run)
        ids = segments.meant(rows, one.user_id, segment, config=config, at=now)
    except (Invalid, NotFound) as wrong:
        reason = wrong.code if wrong.code in repeats.REASONS else "audience_gone"
        return dataclasses.replace(run, result=reason)
    found = tuple(greeted.left(rows, one.id, ids, run.day) if one.occasion.every == "date" else ids)
    result = "made" if found else "nobody"
    return dataclasses.replace(
        run, result=result, audience=segments.write(segment), audience_id=audience_id, contact_ids=found
    )


def _has_field(rows: Rows, one: Repeat) -> bool:
    return any(field.id == one.occasion.field_id for field in own.every(rows, one.user_id))


def _segment(rows: Rows, run: Run) -> tuple[Segment, int | None]:
    """Who is meant, and the saved audience of which that is all. Raises NotFound, Invalid."""
    one = run.repeat
    segment = segments.read(one.audience)
    if one.audience_id is not None:
        segment = audiences.of_user(rows, one.user_id, one.audience_id).segment
    if one.occasion.every != "date":
        return segment, one.audience_id
    field = own.by_id(rows, one.user_id, one.occasion.field_id or 0)
    day = occasions.meant(one.occasion, run.day)
    dated = Condition(field.name, "on_day", day.isoformat())
    return replace(segment, fields=(*segment.fields, dated)), None


def _moved(tx: Tx, run: Run, runs: int, *, now: datetime) -> bool:
    """The date is done with, by this call."""
    return bool(
        tx.run(
            """update repeats set last_day = :day, last_result = :result, runs = :runs, missed = missed + :missed,
               updated_at = :now where id = :id and status = 'active' and version = :version
               and next_day = :was""",
            day=run.day.isoformat(),
            result="made" if run.result == "kept" else run.result,
            runs=runs,
            missed=run.missed + (run.result in ("missed", "still_running")),
            now=times.stored(now),
            id=run.repeat.id,
            version=run.repeat.version,
            was=_was(run),
        )
    )


def _was(run: Run) -> str | None:
    return None if run.repeat.next_day is None else run.repeat.next_day.isoformat()
