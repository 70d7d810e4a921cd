"""Repeating campaigns: list, begin, look, change, pause, resume, delete, and what each has made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Annotated, Any, ClassVar

from litestar import Response, delete, get, patch, post
from litestar.params import Parameter
from msgspec import UNSET, Meta, Struct, UnsetType

from wabox import times
from wabox.accounts.keys import Caller
from wabox.api import campaigns as made
from wabox.api import carrying, idempotency, record, strict, wire
from wabox.api.carrying import Carries, GivenFile
from wabox.api.settings import Clock
from wabox.api.strict import StrictRequest
from wabox.box import Box
from wabox.campaigns import occasions, repeating, repeats
from wabox.campaigns import stored as campaigns
from wabox.campaigns.occasions import Every, Occasion
from wabox.campaigns.repeating import Wanted
from wabox.contacts import audiences, own, segments
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.errors import NotFound
from wabox.languages import later
from wabox.media import stored as files
from wabox.messages import template
from wabox.messages.carrying import Carried
from wabox.mounting import Mount
from wabox.quiet import DAYS, Day
from wabox.texts import sending

RepeatId = Annotated[int, Parameter(ge=1, le=wire.BIGGEST_ID, description="A repeating campaign's id.")]
Name = Annotated[
    str, Meta(min_length=1, max_length=repeats.MOST_NAME, extra_json_schema={"pattern": wire.NAME_PATTERN})
]
Date = Annotated[
    str, Meta(extra_json_schema={"format": "date", "examples": ["2026-12-31"]}, max_length=10, min_length=10)
]
MostRuns = Annotated[int, Meta(ge=1, le=repeats.MOST_RUNS)]
Tag = Annotated[str, Meta(min_length=1, max_length=64)]
Labels = Annotated[list[wire.Label], Meta(min_length=1, max_length=50)]


class When(Struct, forbid_unknown_fields=True):
    """every: week, on `weekdays`; month, on `day`, in a shorter month on its last; date, `days_before` the day
    that a person has in the own field `field`. at: on the clock of your time zone.
    """

    every: Every
    at: Clock
    weekdays: Annotated[list[Day], Meta(min_length=1, max_length=7)] | None = None
    day: Annotated[int, Meta(ge=1, le=31)] | None = None
    field: Annotated[str, Meta(extra_json_schema={"pattern": wire.FIELD_PATTERN})] | None = None
    days_before: Annotated[int, Meta(ge=0, le=occasions.MOST_BEFORE)] = 0


class NewRepeat(Struct, forbid_unknown_fields=True):
    """What is sent to whom as in POST /campaigns, and when. ends_on: its last day; most_runs: how many at most.

    A stored text is copied as it is now; a saved audience is asked anew at each run.
    """

    ELSEWHERE: ClassVar[Mapping[str, str]] = carrying.NOT_TO_MANY

    name: Name
    when: When
    message: wire.Text | None = None
    template_id: wire.Id | None = None
    media: GivenFile | None = None
    as_document: bool = False
    voice: bool | None = None
    tag: Tag | None = None
    segment: segments.Segment | UnsetType = UNSET
    audience_id: wire.Id | None = None
    devices: Labels | None = None
    ends_on: Date | None = None
    most_runs: MostRuns | None = None


class RepeatChanges(Struct, forbid_unknown_fields=True):
    """What is left out stays. Of tag, segment and audience_id the one that is sent says to whom, anew.

    media, devices, ends_on, most_runs: null takes it off. version: the one that you read; 422 if it has another.
    """

    ELSEWHERE: ClassVar[Mapping[str, str]] = carrying.NOT_TO_MANY

    name: Name | UnsetType = UNSET
    when: When | UnsetType = UNSET
    message: wire.Text | UnsetType = UNSET
    media: GivenFile | UnsetType | None = UNSET
    as_document: bool = False
    voice: bool | None = None
    tag: Tag | UnsetType = UNSET
    segment: segments.Segment | UnsetType = UNSET
    audience_id: wire.Id | UnsetType = UNSET
    devices: Labels | UnsetType | None = UNSET
    ends_on: Date | UnsetType | None = UNSET
    most_runs: MostRuns | UnsetType | None = UNSET
    version: Annotated[int, Meta(ge=1, le=wire.BIGGEST_ID)] | UnsetType = UNSET


class Repeat(Struct):
    """next_at: when it goes next; null unless it is active. status_reason: why wabox paused it. runs: campaigns
    made; missed: dates that were not kept. last_result of last_day: `made`, `nobody`, `missed`, `still_running`,
    or why it was paused then; last_campaign_id: the last that was made.
    """

    id: int
    name: str
    message: str
    media: Carries | None
    template_id: int | None
    segment: segments.Segment
    audience_id: int | None
    devices: list[str] | None
    when: When
    ends_on: str | None
    most_runs: int | None
    status: repeats.Status
    status_reason: str | None
    next_at: wire.Time | None
    timezone: str
    runs: int
    missed: int
    last_day: str | None
    last_result: str | None
    last_campaign_id: int | None
    version: int
    created_at: wire.Time
    updated_at: wire.Time


@get("/repeats", responses=wire.errors(), summary="Your repeating campaigns")
async def list_repeats(
    box: Box, caller: Caller, page: wire.PageNumber = 1, per_page: wire.PerPage = 50
) -> wire.Page[Repeat]:
    """The next that goes first, then those that rest."""

    def ask(rows: Rows) -> wire.Page[Repeat]:
        found = repeats.page(rows, caller.user.id, number=page, per_page=per_page)
        return wire.listed(found, found.repeats, partial(on_wire, rows), page=page, per_page=per_page)

    return await box.db.read(ask)


@post("/repeats", status_code=201, responses=wire.errors(402, 404, 409), summary="Begin a repeating campaign")
async def create(data: NewRepeat, request: StrictRequest, box: Box, caller: Caller) -> Response[Repeat]:
    """Each run is a campaign of its own, made when its date comes. Nothing goes before the first one.

    422 `no_dates`: before its end there is no such day.
    """
    user_id = caller.user.id
    names = await box.db.read(own.names, user_id)
    text_of = made.message_of(data.message, data.template_id, names, with_file=data.media is not None)
    again = None if data.media is None else await idempotency.kept(box, request, caller, kind=Repeat)
    if again is not None:
        return again
    async with carrying.carried(
        box, caller, data.media, as_document=data.as_document, voice=data.voice
    ) as carried_by:

        def verb(tx: Tx) -> Repeat:
            text, origin = text_of(tx, user_id)
            carried = carried_by(tx)
            if carried is None and origin is not None:
                carried = sending.carried(tx, user_id, origin, now=box.now())
            wanted = Wanted(
                data.name,
                text.text,
                segments.write(made.segment_of(tx, user_id, data.tag, data.segment, data.audience_id)),
                _occasion(tx, user_id, data.when),
                data.audience_id,
                made.device_ids_of(tx, user_id, data.devices),
                data.template_id,
                carried,
                _day(data.ends_on),
                data.most_runs,
            )
            added = repeating.add(tx, user_id, wanted, config=box.config, now=box.now(), ip=_ip(request))
            return on_wire(tx, added)

        return await idempotency.once(box, request, caller, verb, kind=Repeat, status=201)


@get("/repeats/{repeat_id:int}", responses=wire.errors(404), summary="One repeating campaign")
async def show(repeat_id: RepeatId, box: Box, caller: Caller) -> Repeat:
    """When it goes next, and what came of its last date."""
    return await box.db.read(_one, caller.user.id, repeat_id)


@get("/repeats/{repeat_id:int}/runs", responses=wire.errors(404), summary="What it has made")
async def list_runs(
    repeat_id: RepeatId, box: Box, caller: Caller, page: wire.PageNumber = 1, per_page: wire.PerPage = 50
) -> wire.Page[made.Campaign]:
    """Its campaigns, newest first."""

    def ask(rows: Rows) -> wire.Page[made.Campaign]:
        repeats.of_user(rows, caller.user.id, repeat_id)
        found = campaigns.runs(rows, caller.user.id, repeat_id, number=page, per_page=per_page)
        shown = partial(made.on_wire, rows, box)
        return wire.listed(found, found.campaigns, shown, page=page, per_page=per_page)

    return await box.db.read(ask)


@patch("/repeats/{repeat_id:int}", responses=wire.errors(404), summary="Change a repeating campaign")
async def change(
    data: RepeatChanges, repeat_id: RepeatId, request: StrictRequest, box: Box, caller: Caller
) -> Repeat:
    """From its next run on it is so; what was made stays as it is. One that ended goes on, if it can."""
    user_id, file = caller.user.id, None if isinstance(data.media, UnsetType) else data.media
    names = await box.db.read(own.names, user_id)
    if not isinstance(data.message, UnsetType):
        strict.in_field("message", template.written, data.message, names)
    await box.db.read(repeats.of_user, user_id, repeat_id)  # before anything is fetched for it
    async with carrying.carried(box, caller, file, as_document=data.as_document, voice=data.voice) as carried_by:

        def verb(tx: Tx) -> Repeat:
            before = repeats.of_user(tx, user_id, repeat_id)
            wanted = _changed(tx, before, data, carried_by)
            version = None if isinstance(data.version, UnsetType) else data.version
            after = repeating.change(
                tx,
                user_id,
                repeat_id,
                wanted,
                version=version,
                config=box.config,
                now=box.now(),
                ip=_ip(request),
            )
            record.by(request, box, caller)(tx, "repeat.changed", subject=str(repeat_id), details=_told(after))
            return on_wire(tx, after)

        return await box.db.write(verb)


@post("/repeats/{repeat_id:int}/pause", status_code=200, responses=wire.errors(404), summary="Pause")
async def pause(repeat_id: RepeatId, box: Box, caller: Caller) -> Repeat:
    """active → paused. No run is made any more; one that was made goes on."""
    await box.db.write(repeating.pause, caller.user.id, repeat_id, now=box.now())
    return await box.db.read(_one, caller.user.id, repeat_id)


@post("/repeats/{repeat_id:int}/resume", status_code=200, responses=wire.errors(404), summary="Resume")
async def resume(repeat_id: RepeatId, box: Box, caller: Caller) -> Repeat:
    """paused → active, from its next date on. None that came meanwhile is made up for."""
    await box.db.write(repeating.resume, caller.user.id, repeat_id, config=box.config, now=box.now())
    return await box.db.read(_one, caller.user.id, repeat_id)


@delete(
    "/repeats/{repeat_id:int}", status_code=204, responses=wire.errors(404), summary="Delete a repeating campaign"
)
async def remove(repeat_id: RepeatId, request: StrictRequest, box: Box, caller: Caller) -> None:
    """It is gone; its runs stay, and what of them waits still goes: stop them by themselves."""

    def verb(tx: Tx) -> None:
        gone = repeating.remove(tx, caller.user.id, repeat_id)
        record.by(request, box, caller)(tx, "repeat.deleted", subject=str(repeat_id), details=_told(gone))

    while await box.db.write(repeating.wind_up, caller.user.id, repeat_id, now=box.now()):
        pass
    await box.db.write(verb)


def on_wire(rows: Rows, one: repeats.Repeat) -> Repeat:
    """A repeating campaign as the API shows it."""
    media = files.named(rows, [one.media_id])
    last = campaigns.runs(rows, one.user_id, one.id, per_page=1).campaigns
    ids = one.device_ids
    labels = None if ids is None else [it.label for it in devices.list_of(rows, one.user_id) if it.id in ids]
    saved = audiences.known(rows, one.user_id, one.audience_id)
    return Repeat(
        id=one.id,
        name=one.name,
        message=one.message,
        media=carrying.on_wire(media.get(one.media_id or 0), one.media_kind, one.media_name),
        template_id=one.text_id,
        segment=segments.read(one.audience) if saved is None else saved.segment,
        audience_id=one.audience_id,
        devices=labels,
        when=_when(rows, one),
        ends_on=_text(one.ends_on),
        most_runs=one.most_runs,
        status=one.status,
        status_reason=one.status_reason,
        next_at=times.wire_or_none(one.next_at),
        timezone=one.zone,
        runs=one.runs,
        missed=one.missed,
        last_day=_text(one.last_day),
        last_result=one.last_result,
        last_campaign_id=last[0].id if last else None,
        version=one.version,
        created_at=times.wire(one.created_at),
        updated_at=times.wire(one.updated_at),
    )


def _one(rows: Rows, user_id: int, repeat_id: int) -> Repeat:
    return on_wire(rows, repeats.of_user(rows, user_id, repeat_id))


def _when(rows: Rows, one: repeats.Repeat) -> When:
    occasion, field = one.occasion, None
    if occasion.field_id is not None:
        field = next((it.name for it in own.every(rows, one.user_id) if it.id == occasion.field_id), None)
    week = occasion.every == "week"
    return When(
        occasion.every,
        f"{occasion.at:%H:%M}",
        weekdays=[DAYS[at] for at in occasion.days] if week else None,
        day=occasion.days[0] if occasion.every == "month" else None,
        field=field,
        days_before=occasion.days_before,
    )


def _occasion(rows: Rows, user_id: int, when: When) -> Occasion:
    """Raises Invalid, its details named below `when`."""
    fitting = {"week": when.weekdays, "month": when.day, "date": when.field}
    names = {"week": "weekdays", "month": "day", "date": "field"}

    def read() -> Occasion:
        for every, value in fitting.items():
            if every != when.every and value is not None:
                raise occasions.bad(names[every], later("This does not go with every; leave it out."))
        if when.every != "date" and when.days_before:
            raise occasions.bad("days_before", later("This does not go with every; leave it out."))
        days = tuple(DAYS.index(one) for one in when.weekdays or ()) or ((when.day,) if when.day else ())
        field_id = None if when.field is None else _field(rows, user_id, when.field)
        return occasions.checked(when.every, when.at, days=days, field_id=field_id, days_before=when.days_before)

    return strict.below("when", read)


def _field(rows: Rows, user_id: int, name: str) -> int:
    try:
        return own.of_user(rows, user_id, name).id
    except NotFound as none:
        raise occasions.bad("field", none.sentence) from None


def _changed(
    tx: Tx, before: repeats.Repeat, data: RepeatChanges, carried_by: Callable[[Tx], Carried | None]
) -> Wanted:
    """What it shall be. Raises Invalid, NotFound."""
    user_id = before.user_id
    given: dict[str, Any] = {}
    for name, column in (("name", "name"), ("message", "message"), ("most_runs", "most_runs")):
        if getattr(data, name) is not UNSET:
            given[column] = getattr(data, name)
    if not isinstance(data.when, UnsetType):
        given["occasion"] = _occasion(tx, user_id, data.when)
    if not isinstance(data.ends_on, UnsetType):
        given["ends_on"] = _day(data.ends_on)
    if not isinstance(data.devices, UnsetType):
        given["device_ids"] = made.device_ids_of(tx, user_id, data.devices)
    if any(one is not UNSET for one in (data.tag, data.segment, data.audience_id)):
        given["audience"] = segments.write(made.segment_of(tx, user_id, data.tag, data.segment, data.audience_id))
        given["audience_id"] = None if isinstance(data.audience_id, UnsetType) else data.audience_id
    if data.media is not UNSET:
        bare = replace(before, media_id=None)
        return replace(repeating.wanted_of(tx, bare), **given, carried=carried_by(tx))
    return replace(repeating.wanted_of(tx, before), **given)


def _day(text: str | None) -> date | None:
    return strict.day_of(text, "ends_on")


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _told(one: repeats.Repeat) -> dict[str, object]:
    return {"name": one.name}


def _ip(request: StrictRequest) -> str | None:
    return request.client.host if request.client else None


router = Mount(
    path="",
    route_handlers=[list_repeats, create, show, list_runs, change, pause, resume, remove],
    tags=["Campaigns"],
    opt={"scope": "campaigns"},
)
