"""The form of a campaign that repeats: when it goes, as it was filled in, and what that means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import structs

from wabox import times
from wabox.campaigns import occasions, repeats
from wabox.campaigns.occasions import EVERY, Occasion
from wabox.campaigns.repeats import Repeat
from wabox.config import Config
from wabox.contacts import audiences, conditions, own, segments
from wabox.contacts.conditions import Condition
from wabox.contacts.segments import Segment
from wabox.dashboard.campaigns import drafts
from wabox.dashboard.campaigns.drafts import Draft, Meant
from wabox.dashboard.frame import file_forms
from wabox.dashboard.frame.asked import number
from wabox.dashboard.voice import Voice
from wabox.db import Rows
from wabox.devices import stored as devices
from wabox.errors import Invalid
from wabox.languages import later
from wabox.quiet import DAYS

# What a refusal calls them, and the form.
FIELDS = {"field": "date_field", "days_before": "before", "at": "clock"}
PAST = later("Before its end there is no such day; choose a later end, or other days.")
ONE_ONLY = later("A planned campaign goes once; write a new one that repeats.")
MANY_ONLY = later("A repeating campaign repeats; write a new one that goes once.")
TOO_LONG = later("The name is too long; 180 characters are the most, for each run has its date behind it.")
_TRIED = "now"  # for what is read as any campaign's


@dataclass(frozen=True, slots=True)
class Standing:
    """A draft of one that repeats, understood. plain: whom it is for, whatever their dates. first: when it begins.

    plain of a date is without it; the draft's own meaning has only people who have one, to be counted.
    """

    occasion: Occasion
    ends_on: date | None
    most_runs: int | None
    plain: Segment
    first: datetime


def understand(
    rows: Rows, user_id: int, draft: Draft, *, config: Config, zone: ZoneInfo, now: datetime
) -> tuple[Meant | None, Standing | None, dict[str, str]]:
    """What the draft means, and when it repeats, if it does; or what is wrong with which field."""
    repeating = draft.when in EVERY
    if (draft.plan and repeating) or (draft.repeat and not repeating):
        return None, None, {"when": ONE_ONLY if repeating else MANY_ONLY}
    plain = replace(draft, when=_TRIED) if repeating else draft
    meant, errors = drafts.understand(rows, user_id, plain, config=config, zone=zone, now=now, lasts=repeating)
    if not repeating:
        return meant, None, errors
    if meant is not None and len(meant.name) > repeats.MOST_NAME:
        meant, errors = None, {"name": TOO_LONG}
    try:
        stands = _standing(rows, user_id, draft, zone=zone, now=now)
    except Invalid as wrong:
        named = {FIELDS.get(name, name): sentence for name, sentence in wrong.details.items()}
        return None, None, errors | named
    if meant is None:
        return None, None, errors
    try:
        asked = _with_date(rows, user_id, meant.segment, stands.occasion)
    except Invalid as wrong:
        return None, None, {"audience": wrong.sentence}
    stands = replace(stands, plain=meant.segment)
    return replace(meant, segment=asked, scheduled_for=stands.first), stands, {}


def of_repeat(rows: Rows, one: Repeat, voice: Voice) -> Draft:
    """A draft that changes a repeating campaign."""
    segment = segments.read(one.audience)
    saved = audiences.known(rows, one.user_id, one.audience_id)
    draft = drafts.of_segment(segment)
    ids = one.device_ids or ()
    occasion = one.occasion
    field = next((it.name for it in own.every(rows, one.user_id) if it.id == occasion.field_id), "")
    return replace(
        draft if saved is None else drafts.to_audience(draft, saved.id),
        name=one.name,
        days=drafts.days_of(segment, voice),
        message=one.message,
        text_id="" if one.text_id is None else str(one.text_id),
        media_id=file_forms.number(one.media_id, one.media_name),
        as_document="1" if one.media_kind == "document" else "",
        phones="some" if one.device_ids is not None else "all",
        labels=tuple(it.label for it in devices.list_of(rows, one.user_id) if it.id in ids),
        when=occasion.every,
        weekdays=tuple(DAYS[at] for at in occasion.days) if occasion.every == "week" else (),
        day=str(occasion.days[0]) if occasion.every == "month" else "1",
        date_field=field,
        before=str(occasion.days_before),
        clock=f"{occasion.at:%H:%M}",
        ends_on="" if one.ends_on is None else one.ends_on.isoformat(),
        most_runs="" if one.most_runs is None else str(one.most_runs),
        repeat=str(one.id),
        stamp=str(one.version),
    )


def _standing(rows: Rows, user_id: int, draft: Draft, *, zone: ZoneInfo, now: datetime) -> Standing:
    """For everybody, so far. Raises Invalid, its details named as the fields of an occasion."""
    known = {field.name: field.id for field in own.every(rows, user_id) if field.kind == "date"}
    every: occasions.Every = draft.when  # type: ignore[assignment]
    days: tuple[int, ...] = ()
    if every == "week":
        days = tuple(DAYS.index(one) for one in DAYS if one in draft.weekdays)
    elif every == "month":
        days = (_number(draft.day, "day"),)
    before = _number(draft.before, "days_before") if every == "date" else 0
    field_id = known.get(draft.date_field) if every == "date" else None
    occasion = occasions.checked(every, draft.clock, days=days, field_id=field_id, days_before=before)
    runs = _number(draft.most_runs, "most_runs") if draft.most_runs else None
    if runs is not None and not 1 <= runs <= repeats.MOST_RUNS:
        raise occasions.bad("most_runs", later("Write a number of times from 1 to 1,000."))
    ends_on = _day(draft.ends_on)
    first = _first(occasion, ends_on, zone, now)
    if first is None:
        raise occasions.bad("ends_on", PAST)
    return Standing(occasion, ends_on, runs, segments.EVERYBODY, first)


def _number(text: str, name: str) -> int:
    found = number(text)
    if found is None:
        raise occasions.bad(name, later("Write a whole number."))
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise occasions.bad("ends_on", later("Choose a day.")) from None


def _first(occasion: Occasion, ends_on: date | None, zone: ZoneInfo, now: datetime) -> datetime | None:
    day: date | None = times.local_day(now, zone) - timedelta(days=1)
    while day is not None:
        day = occasions.following(occasion, day, ends_on=ends_on)
        if day is not None and (at := occasions.moment(occasion, day, zone)) > now:
            return at
    return None


def _with_date(rows: Rows, user_id: int, segment: Segment, occasion: Occasion) -> Segment:
    """Those of them who have a date. Raises Invalid."""
    if occasion.every != "date":
        return segment
    if len(segment.fields) >= conditions.MOST:
        raise conditions.bad(later("With a date of its own it can ask for nine fields at most."))
    field = own.by_id(rows, user_id, occasion.field_id or 0)
    return structs.replace(segment, fields=(*segment.fields, Condition(field.name, "present")))
