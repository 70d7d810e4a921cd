"""The form of a new campaign as it was filled in, and what it means."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from wabox.campaigns import launching
from wabox.campaigns.stored import Campaign
from wabox.campaigns.unfinished import Unfinished
from wabox.config import Config
from wabox.contacts import audiences, conditions, own, own_values, segments
from wabox.contacts.conditions import OPS, TODAY, Condition, Op
from wabox.contacts.segments import EVERYBODY, Segment
from wabox.dashboard.frame import file_forms, form, picking
from wabox.dashboard.frame.asked import cursor_of
from wabox.dashboard.frame.form import Form
from wabox.dashboard.frame.tickets import fresh, ticket_of
from wabox.dashboard.voice import Voice
from wabox.db import Rows
from wabox.devices import stored as devices
from wabox.errors import Invalid, Refusal
from wabox.languages import later
from wabox.media.stored import Media
from wabox.messages import carrying, template
from wabox.messages.template import Template

T = TypeVar("T")
MOST_NAME = 200
ROOM_FOR_COPY = 20
MOST_DAYS = 3_650
ONE = (
    "name",
    "message",
    "text_id",
    "media_id",
    "as_document",
    "audience",
    "tag",
    "saved",
    "consent",
    "contacted",
    "days",
    "wrote",
    "phones",
    "when",
    "at",
    "plan",
    "repeat",
    "stamp",
    "day",
    "date_field",
    "before",
    "clock",
    "ends_on",
    "most_runs",
)
MANY = ("any", "all", "none", "labels", "weekdays")


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed. text_id: of the stored text that the message began with. media_id: of the file it carries.

    audience: everybody, tag, saved or exactly; "" = not chosen. saved: the number of a saved audience. at: local
    time, as `2026-11-22T18:30`.
    fields: conditions on own fields: name, what is asked of it, and with what. plan: the number of the planned
    campaign that it changes, as `stamp` says it was; "" for a new one; repeat: the same of a repeating one.
    when: now, later, or how it repeats: week, month or date; then weekdays, or day, or date_field and so many days
    before, and clock, ends_on and most_runs say the rest.
    """

    name: str = ""
    message: str = ""
    text_id: str = ""
    media_id: str = ""
    as_document: str = ""
    audience: str = ""
    tag: str = ""
    saved: str = ""
    consent: str = ""
    contacted: str = ""
    days: str = "30"
    wrote: str = ""
    phones: str = "all"
    when: str = "now"
    at: str = ""
    plan: str = ""
    repeat: str = ""
    stamp: str = ""
    day: str = "1"
    date_field: str = ""
    before: str = "0"
    clock: str = "10:00"
    ends_on: str = ""
    most_runs: str = ""
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    weekdays: tuple[str, ...] = ()
    fields: tuple[tuple[str, str, str], ...] = ()
    ticket: str = field(default_factory=fresh)

    def pairs(self) -> list[tuple[str, str]]:
        """Everything as hidden fields, to be posted once more."""
        one = [(name, str(getattr(self, name))) for name in ONE]
        many = [(name, text) for name in MANY for text in getattr(self, name)]
        asked = [
            (f"{part}_{number}", text)
            for number, row in enumerate(self.fields, 1)
            for part, text in zip(("field", "op", "value"), row, strict=True)
        ]
        return [*one, *many, *asked, ("ticket", self.ticket)]


@dataclass(frozen=True, slots=True)
class Meant:
    """A draft that was understood. device_ids: None = every linked one. scheduled_for: None = now."""

    name: str
    message: Template
    segment: Segment
    device_ids: list[int] | None
    scheduled_for: datetime | None
    text_id: int | None
    media: Media | None = None
    as_document: bool = False
    audience_id: int | None = None


def read(posted: Form) -> Draft:
    """The posted form."""
    plain = {name: posted.text(name, trim=name != "message") for name in ONE}
    return Draft(
        **{name: text for name, text in plain.items() if text or name in ("name", "message")},
        any=tuple(posted.texts("any")),
        all=tuple(posted.texts("all")),
        none=tuple(posted.texts("none")),
        labels=tuple(posted.texts("labels")),
        weekdays=tuple(posted.texts("weekdays")),
        fields=tuple(
            (posted.text(f"field_{n}")[:64], posted.text(f"op_{n}")[:32], posted.text(f"value_{n}"))
            for n in range(1, conditions.MOST + 1)
            if posted.text(f"field_{n}")
        ),
        ticket=ticket_of(posted),
    )


def ticket_as_is(draft: Draft) -> str:
    """The ticket of the draft with just what it says: another one once anything in it is changed."""
    return hashlib.sha256(urlencode(draft.pairs()).encode()).hexdigest()


def to_tag(draft: Draft, tag: str) -> Draft:
    """The draft, to everybody with this tag and to nobody else."""
    nobody: tuple[str, ...] = ()
    return replace(
        draft,
        audience="tag",
        tag=tag,
        consent="",
        contacted="",
        wrote="",
        any=nobody,
        all=nobody,
        none=nobody,
        fields=(),
    )


def to_audience(draft: Draft, audience_id: int) -> Draft:
    """The draft, to a saved audience."""
    return replace(to_tag(draft, ""), audience="saved", saved=str(audience_id))


def like(campaign: Campaign, voice: Voice) -> Draft:
    """A draft with the text and the audience of an earlier campaign, whose name says that it is a copy."""
    return replace(
        of_segment(segments.read(campaign.audience)),
        name=voice.say(later("%(name)s (copy)"), name=campaign.name[: MOST_NAME - ROOM_FOR_COPY]),
        message=campaign.message,
        text_id="" if campaign.text_id is None else str(campaign.text_id),
        media_id=file_forms.number(campaign.media_id, campaign.media_name),
        as_document="1" if campaign.media_kind == "document" else "",
    )


def of_segment(segment: Segment) -> Draft:
    """A draft that is for these people."""
    bare = segment == Segment(tags_any=segment.tags_any) and len(segment.tags_any) == 1
    only_tag = segment.tags_any[0] if bare else ""
    wrote = {True: "yes", False: "no", None: ""}[segment.wrote_to_us]
    return Draft(
        audience="everybody" if segment == EVERYBODY else "tag" if only_tag else "exactly",
        tag=only_tag,
        consent=segment.consent or "",
        contacted="since"
        if segment.not_contacted_since or segment.not_contacted_days
        else segment.contacted or "",
        days=str(segment.not_contacted_days or 30),
        wrote=wrote,
        any=segment.tags_any,
        all=segment.tags_all,
        none=segment.tags_none,
        fields=tuple(_asked(one) for one in segment.fields),
    )


def days_of(segment: Segment, voice: Voice) -> str:
    """For how many days it asks that nobody wrote to them, so far; 30 if it does not ask."""
    since = segment.not_contacted_since
    days = max(1, round((voice.now - since) / timedelta(days=1))) if since else segment.not_contacted_days or 30
    return str(days)


def of_plan(rows: Rows, campaign: Campaign, voice: Voice) -> Draft:
    """A draft that changes a planned campaign."""
    days = days_of(segments.read(campaign.audience), voice)
    saved = audiences.known(rows, campaign.user_id, campaign.audience_id)
    draft = like(campaign, voice)
    ids = campaign.device_ids or ()
    labels = [one.label for one in devices.list_of(rows, campaign.user_id) if one.id in ids]
    at = campaign.scheduled_for
    return replace(
        draft if saved is None else to_audience(draft, saved.id),
        name=campaign.name,
        days=days,
        phones="some" if campaign.device_ids is not None else "all",
        labels=tuple(labels),
        when="now" if at is None else "later",
        at="" if at is None else at.astimezone(voice.zone).strftime("%Y-%m-%dT%H:%M"),
        plan=str(campaign.id),
        stamp=launching.stamp_of(campaign),
    )


def kept(one: Unfinished) -> Draft:
    """A draft as it was kept."""
    return read(form.parse(one.form.encode()))


def understand(
    rows: Rows, user_id: int, draft: Draft, *, config: Config, zone: ZoneInfo, now: datetime, lasts: bool = False
) -> tuple[Meant | None, dict[str, str]]:
    """What the draft means, or what is wrong with which field. lasts: so many days are before whenever it goes."""
    errors: dict[str, str] = {}
    if not draft.name.strip():
        errors["name"] = later("Give it a name; only you see it.")
    elif len(draft.name) > MOST_NAME:
        errors["name"] = later("The name is too long; 200 characters are the most.")
    media = file_forms.known(rows, user_id, draft.media_id)
    if media is None and draft.media_id:
        errors["media_id"] = later("This file is gone meanwhile; choose it again.")
    document = bool(draft.as_document) and media is not None and media.kind in ("image", "video")
    if media is not None:
        _tried(errors, "media_id", lambda: carrying.fitting(media, as_document=document))
    message = _tried(errors, "message", lambda: text_of(draft, media, own.names(rows, user_id)))
    since = None if lasts else now
    segment = _tried(
        errors,
        "audience",
        lambda: _askable(rows, user_id, segment_in(rows, user_id, draft, now=since), config, now),
    )
    device_ids = _tried(errors, "labels", lambda: _devices(rows, user_id, draft))
    scheduled_for = _tried(errors, "at", lambda: moment(draft, zone=zone, now=now))
    if errors or message is None or segment is None:
        return None, errors
    text = picking.known(rows, user_id, draft.text_id)
    origin = text.id if text else None
    return Meant(
        draft.name.strip(),
        message,
        segment,
        device_ids or None,
        scheduled_for,
        origin,
        media,
        document,
        cursor_of(draft.saved) if draft.audience == "saved" else None,
    ), {}


def text_of(draft: Draft, media: Media | None, names: Collection[str]) -> Template:
    """The text, understood; with a file its caption. Raises Invalid."""
    if media is not None and not draft.message.strip():
        return template.NOTHING
    if media is not None and media.kind in carrying.WITHOUT_TEXT:
        carrying.no_text()
    parsed = template.by_hand(draft.message, names)
    return parsed if media is None else parsed.as_caption()


def _askable(rows: Rows, user_id: int, segment: Segment, config: Config, now: datetime) -> Segment:
    """The segment, whose fields are there and can be asked so. Raises Invalid."""
    segments.where(rows, user_id, segment, today=segments.day(rows, user_id, config, now))
    return segment


def _asked(condition: Condition) -> tuple[str, str, str]:
    """A condition as the form has it."""
    if (condition.op, condition.value) == ("on_day", TODAY):
        return condition.field, TODAY, ""
    return condition.field, condition.op, "" if condition.value is None else str(condition.value)


def _condition(field: str, asked: str, value: str) -> Condition:
    """What a row of the form asks. Raises Invalid."""
    if asked == TODAY:
        return Condition(field, "on_day", TODAY)
    if not any(asked in ops for ops in OPS.values()):
        raise conditions.bad(later("Choose what is asked of the field."))
    op = cast(Op, asked)
    return Condition(field, op, None if op in conditions.BARE else value[: own_values.MOST_VALUE])


def segment_in(rows: Rows, user_id: int, draft: Draft, *, now: datetime | None) -> Segment:
    """Who is meant, of a saved audience too. Raises Invalid."""
    if draft.audience != "saved":
        return segment_of(draft, now=now)
    found = audiences.known(rows, user_id, cursor_of(draft.saved))
    if found is None:
        raise Invalid("bad_audience", later("Choose an audience."))
    return found.segment


def segment_of(draft: Draft, *, now: datetime | None) -> Segment:
    """Who is meant. now: None = so many days before whenever somebody asks. Raises Invalid."""
    if not draft.audience:
        raise Invalid("bad_audience", later("Choose who gets it."))
    if draft.audience == "everybody":
        return EVERYBODY
    if draft.audience == "tag":
        if not draft.tag:
            raise Invalid("bad_tag", later("Choose a tag."))
        return segments.of_tag(draft.tag)
    days = None
    if draft.contacted == "since":
        if not draft.days.isdecimal() or not 1 <= int(draft.days[:9]) <= MOST_DAYS:
            raise Invalid("bad_days", later("Write a number of days from 1 to 3,650."))
        days = int(draft.days)
    contacted = draft.contacted if draft.contacted in ("ever", "never") else None
    return segments.tidy(
        Segment(
            tags_any=draft.any,
            tags_all=draft.all,
            tags_none=draft.none,
            consent=cast(Literal["yes", "no"], draft.consent) if draft.consent in ("yes", "no") else None,
            contacted=cast(Literal["ever", "never"] | None, contacted),
            not_contacted_since=now - timedelta(days=days) if days and now else None,
            not_contacted_days=None if now else days,
            wrote_to_us={"yes": True, "no": False}.get(draft.wrote),
            fields=tuple(_condition(*row) for row in draft.fields),
        )
    )


def moment(draft: Draft, *, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When it starts, aware UTC; None for now. A time that clocks skip or repeat is the first that fits."""
    if draft.when != "later":
        return None
    try:
        at = datetime.fromisoformat(draft.at).replace(tzinfo=zone, fold=0).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("bad_time", later("Choose a day and a time.")) from None
    if at <= now:
        raise Invalid("bad_time", later("That time is over; choose a later one, or let it start at once."))
    if at > now + timedelta(days=366):
        raise Invalid("bad_time", later("That is over a year away; choose an earlier time."))
    return at


def _devices(rows: Rows, user_id: int, draft: Draft) -> list[int]:
    """The chosen phones; nothing means every linked one. Raises NotFound, Invalid."""
    if draft.phones != "some":
        return []
    if not draft.labels:
        raise Invalid("bad_devices", later("Tick at least one phone, or let every linked one send."))
    return [devices.by_label(rows, user_id, label).id for label in dict.fromkeys(draft.labels)]


def _tried(errors: dict[str, str], name: str, read: Callable[[], T]) -> T | None:
    try:
        return read()
    except Refusal as wrong:
        errors[name] = wrong.sentence
        return None
