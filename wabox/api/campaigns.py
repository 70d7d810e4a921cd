"""Campaigns: list, create, look, the four controls, and deleting what has gone for everyone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import Parameter
from msgspec import UNSET, Meta, Struct, UnsetType

from wabox import crash, times
from wabox.accounts.keys import Caller
from wabox.api import carrying, idempotency, strict, wire
from wabox.api.carrying import Carries, GivenFile
from wabox.api.strict import StrictRequest, moment
from wabox.box import Box
from wabox.campaigns import control, fitting, launching, preflight, taking_back
from wabox.campaigns import stored as campaigns
from wabox.contacts import audiences, own, segments
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.errors import Invalid
from wabox.media import stored as files
from wabox.messages import leaving, template
from wabox.messages.carrying import Carried, with_text
from wabox.messages.template import Template
from wabox.mounting import Mount
from wabox.texts import sending
from wabox.texts import stored as texts

CampaignId = Annotated[int, Parameter(ge=1, le=wire.BIGGEST_ID, description="A campaign's id.")]


class NewCampaign(Struct, forbid_unknown_fields=True):
    """tag, segment or audience_id, of a saved audience: who is meant, everybody without any. devices: labels.

    Of `message` and `template_id`, the id of a stored text, give one: the text is copied as it is now.
    media, as_document, voice: the one file that goes to each, as in POST /send; then the text may be left out.
    A stored text brings its own file, unless `media` is given, which wins.
    scheduled_for: a time with an offset; without one, or in the past, it starts at once.
    """

    ELSEWHERE: ClassVar[Mapping[str, str]] = carrying.NOT_TO_MANY

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    message: wire.Text | None = None
    template_id: wire.Id | None = None
    media: GivenFile | None = None
    as_document: bool = False
    voice: bool | None = None
    tag: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    segment: segments.Segment | UnsetType = UNSET
    audience_id: wire.Id | None = None
    devices: Annotated[list[wire.Label], Meta(min_length=1, max_length=50)] | None = None
    scheduled_for: wire.Aware | None = None


class Campaign(Struct):
    """total = queued + sent + failed + skipped + cancelled + unknown, at every moment.

    sent includes delivered and read; queued includes what is in hand and not yet expanded. template_id: the
    stored text that `message` was copied from; it may be gone or another by now. audience_id: the saved audience.
    repeat_id: the repeating campaign that made it, for its date repeat_day.
    """

    id: int
    name: str
    message: str
    media: Carries | None
    template_id: int | None
    tag: str | None
    audience_id: int | None
    repeat_id: int | None
    repeat_day: str | None
    status: campaigns.Status
    status_reason: str | None
    scheduled_for: wire.Time | None
    created_at: wire.Time
    eta: wire.Time | None
    total: int
    queued: int
    sent: int
    delivered: int
    read: int
    failed: int
    skipped: int
    cancelled: int
    unknown: int


class Stopped(Campaign):
    """credits_refunded: credits really given back; 0 on an unlimited plan. on_its_way: messages that may go."""

    credits_refunded: int = 0
    on_its_way: int = 0


class TakenBack(Struct):
    """What becomes of the messages that have gone. gone = possible + waiting + deleted + too_old + not_possible.

    asked_at: when deleting was asked for last, null if never. possible: would be tried if asked for now. waiting:
    are still to be deleted. too_old: went more than 48 hours ago. not_possible: how many for each other reason.
    given_up: how many were asked for in vain, by `revoke_error`; those that are possible again count there, too.
    """

    campaign_id: int
    asked_at: wire.Time | None
    gone: int
    possible: int
    waiting: int
    deleted: int
    too_old: int
    not_possible: dict[str, int]
    given_up: dict[str, int]


class Allowed(Struct):
    """New chats that WhatsApp allows the phones in its cycle. beyond: so many new people go only after it."""

    used: int
    total: int
    left: int
    resets_at: wire.Time | None
    beyond: int


class Unfit(Struct):
    """A person the text does not fit. error: `caption_too_long`, `message_too_long` or `message_empty`."""

    contact_id: int
    phone: str
    name: str | None
    error: fitting.Misfit


class WouldGo(Struct):
    """The file that a launch would send to each. kind: as what it goes. media_id: null if it is not here yet."""

    media_id: int | None
    kind: files.Kind
    mime: str
    filename: str
    bytes: int


class Preflight(Struct):
    """What a launch would do, now or at scheduled_for. skipped: how many people for each reason.

    unfit: people whose own data may make the text too long, or leave nothing of it; to them alone it would fail.
    unfit_first: the first five of them. will_send leaves them out.

    new_chats: null where WhatsApp names no limit. locked: WhatsApp lets nobody new be written to, until
    locked_until if it says until when.

    content: `refuse` or `hold` where the rules of the box would not let the text go at once; with the reason.

    hints: what in the text may be meant otherwise, a sentence each; they hinder nothing.
    """

    total: int
    will_send: int
    skipped: dict[str, int]
    unfit: int
    unfit_first: list[Unfit]
    first_contacts: int
    credits_needed: int | None
    credits_left: int | None
    days_needed: int | None
    done_at: wire.Time | None
    samples: list[str]
    content: Literal["refuse", "hold"] | None
    content_reason: str | None
    new_chats: Allowed | None
    locked: bool
    locked_until: wire.Time | None
    media: WouldGo | None
    hints: list[str]


@get("/campaigns", responses=wire.errors(), summary="Your campaigns")
async def list_campaigns(
    box: Box,
    caller: Caller,
    page: wire.PageNumber = 1,
    per_page: wire.PerPage = 50,
    cursor: wire.Cursor = None,
    status: campaigns.Status | None = None,
) -> wire.Page[Campaign]:
    """Newest first."""
    at = strict.cursor_of(cursor)

    def ask(rows: Rows) -> wire.Page[Campaign]:
        found = campaigns.page(rows, caller.user.id, status=status, number=page, per_page=per_page, cursor=at)
        shown = partial(on_wire, rows, box)
        return wire.listed(found, found.campaigns, shown, page=page, per_page=per_page)

    return await box.db.read(ask)


@post("/campaigns", status_code=201, responses=wire.errors(402, 404, 409), summary="Create a campaign")
async def create(data: NewCampaign, request: StrictRequest, box: Box, caller: Caller) -> Response[Campaign]:
    """Without `scheduled_for` it starts at once. Spintax and variables work as in POST /send.

    422 `content_refused`: the rules of this box do not allow the text. Held by a rule it stands `paused` with
    `status_reason` `content_review` until a person has read it; then it goes on by itself.
    """
    names = await box.db.read(own.names, caller.user.id)
    text_of = message_of(data.message, data.template_id, names, with_file=data.media is not None)
    scheduled_for = moment(data.scheduled_for, "scheduled_for")

    def meant(rows: Rows) -> tuple[segments.Segment, list[int]]:
        at = max(scheduled_for or box.now(), box.now())
        segment = segment_of(rows, caller.user.id, data.tag, data.segment, data.audience_id)
        return segment, segments.meant(rows, caller.user.id, segment, config=box.config, at=at)

    segment, contact_ids = await box.db.read(meant)
    again = None if data.media is None else await idempotency.kept(box, request, caller, kind=Campaign)
    if again is not None:
        return again
    async with carrying.carried(
        box, caller, data.media, as_document=data.as_document, voice=data.voice
    ) as carried_by:

        def verb(tx: Tx) -> Campaign:
            text, origin = text_of(tx, caller.user.id)
            carried = carried_by(tx)
            if carried is None and origin is not None:
                carried = sending.carried(tx, caller.user.id, origin, now=box.now())
            made = launching.create(
                tx,
                caller.user.id,
                name=data.name,
                message=text.text,
                text_id=data.template_id,
                carried=carried,
                audience=segments.write(segment),
                audience_id=data.audience_id,
                contact_ids=contact_ids,
                device_ids=device_ids_of(tx, caller.user.id, data.devices),
                scheduled_for=scheduled_for,
                now=box.now(),
                ip=request.client.host if request.client else None,
            )
            return on_wire(tx, box, made)

        return await idempotency.once(box, request, caller, verb, kind=Campaign, status=201)


@post("/campaigns/preflight", status_code=200, responses=wire.errors(404), summary="What a launch would do")
async def look_ahead(data: NewCampaign, box: Box, caller: Caller) -> Preflight:
    """Counts who would get it, who is skipped and why, and when it would be done. Changes nothing.

    What POST /campaigns refuses of a file, this refuses too: one that is given as `url` or `base64` is fetched,
    looked at, and not kept.
    """
    names = await box.db.read(own.names, caller.user.id)
    text_of = message_of(data.message, data.template_id, names, with_file=data.media is not None)
    scheduled_for = moment(data.scheduled_for, "scheduled_for")
    carried_by = await carrying.foreseen(box, caller, data.media, as_document=data.as_document, voice=data.voice)

    def ask(rows: Rows) -> Preflight:
        text, origin = text_of(rows, caller.user.id)
        carried = carried_by(rows)
        if data.media is None and origin is not None:
            carried = sending.foreseen(rows, caller.user.id, origin)
        if carried is not None:
            text = with_text(carried, text)
        found = preflight.look(
            rows,
            caller.user.id,
            text,
            segment_of(rows, caller.user.id, data.tag, data.segment, data.audience_id),
            device_ids=device_ids_of(rows, caller.user.id, data.devices),
            config=box.config,
            now=box.now(),
            at=scheduled_for,
            filename="" if carried is None else carried.media.filename,
        )
        return Preflight(**_plain(found), media=_would_go(carried), hints=text.hints(names))

    return await box.db.read(ask)


@get("/campaigns/{campaign_id:int}", responses=wire.errors(404), summary="One campaign")
async def show(campaign_id: CampaignId, box: Box, caller: Caller) -> Campaign:
    """Its status and counters now."""
    return await box.db.read(_one, box, caller.user.id, campaign_id)


@post("/campaigns/{campaign_id:int}/pause", status_code=200, responses=wire.errors(404), summary="Pause")
async def pause(campaign_id: CampaignId, box: Box, caller: Caller) -> Campaign:
    """sending or scheduled → paused. Nothing more is begun once this has answered."""
    await box.db.write(control.pause, caller.user.id, campaign_id, now=box.now())
    return await box.db.read(_one, box, caller.user.id, campaign_id)


@post("/campaigns/{campaign_id:int}/resume", status_code=200, responses=wire.errors(402, 404), summary="Resume")
async def resume(campaign_id: CampaignId, box: Box, caller: Caller) -> Campaign:
    """paused → sending."""

    def audience(rows: Rows) -> tuple[str | None, list[int]]:
        campaign = campaigns.of_user(rows, caller.user.id, campaign_id)
        if campaign.status != "paused" or campaign.launched_at is not None:
            return None, []
        return launching.meant_now(rows, campaign_id, box.config, box.now())

    stamp, contact_ids = await box.db.read(audience)
    now = box.now()
    await box.db.write(control.resume, caller.user.id, campaign_id, contact_ids=contact_ids, stamp=stamp, now=now)
    return await box.db.read(_one, box, caller.user.id, campaign_id)


@post("/campaigns/{campaign_id:int}/stop", status_code=200, responses=wire.errors(404), summary="Stop")
async def stop(campaign_id: CampaignId, box: Box, caller: Caller) -> Stopped:
    """Any → stopped: what was never handed over is cancelled and its credits come back.

    `on_its_way`: messages that were being handed over. They may have gone; none of them is tried once more.
    """

    ended = await box.db.write(control.stop, caller.user.id, campaign_id, now=box.now())
    while (await box.db.write(leaving.of_campaign, campaign_id, now=box.now())).cancelled:
        pass

    def shown(rows: Rows) -> Stopped:
        whole = control.whole(rows, ended) if ended.now else ended
        on_it = msgspec.structs.asdict(on_wire(rows, box, whole.campaign))
        return Stopped(**on_it, credits_refunded=whole.credits_refunded, on_its_way=whole.on_its_way)

    return await box.db.read(shown)


@post("/campaigns/{campaign_id:int}/redispatch", status_code=200, responses=wire.errors(404), summary="Redispatch")
async def redispatch(campaign_id: CampaignId, box: Box, caller: Caller) -> Campaign:
    """Arm anew what is queued and was never handed over. Nothing is sent twice."""
    after: int | None = 0
    while after is not None:
        after = await box.db.write(control.redispatch, caller.user.id, campaign_id, now=box.now(), after=after)
    return await box.db.read(_one, box, caller.user.id, campaign_id)


@get("/campaigns/{campaign_id:int}/revoke", responses=wire.errors(404), summary="How far deleting for everyone is")
async def revoke_standing(campaign_id: CampaignId, box: Box, caller: Caller) -> TakenBack:
    """What POST would do now, and what became of it. Changes nothing."""
    return await box.db.read(_taken_back, box, caller.user.id, campaign_id)


@post(
    "/campaigns/{campaign_id:int}/revoke",
    status_code=202,
    responses=wire.errors(404),
    summary="Delete for everyone what has gone",
)
async def revoke(campaign_id: CampaignId, box: Box, caller: Caller) -> TakenBack:
    """Ask WhatsApp to delete each message that has gone within the last 48 hours. Asking again is fine.

    They are deleted one by one, after whatever else their phone has to send; `waiting` says how many are left.
    Each is as by POST /messages/{job_id}/revoke. What goes after this is not meant: stop the campaign first.
    422 `wrong_state`: nothing has gone.
    """
    await box.db.write(taking_back.ask, caller.user.id, campaign_id, now=box.now())
    crash.point("taken_back")
    while await box.db.write(taking_back.piece, campaign_id, now=box.now()):
        pass
    return await box.db.read(_taken_back, box, caller.user.id, campaign_id)


def on_wire(rows: Rows, box: Box, campaign: campaigns.Campaign) -> Campaign:
    """A campaign as the API shows it."""
    eta = preflight.eta(rows, campaign, config=box.config, now=box.now())
    media = files.named(rows, [campaign.media_id])
    return Campaign(
        id=campaign.id,
        name=campaign.name,
        message=campaign.message,
        media=carrying.on_wire(media.get(campaign.media_id or 0), campaign.media_kind, campaign.media_name),
        template_id=campaign.text_id,
        tag=campaign.tag,
        audience_id=campaign.audience_id,
        repeat_id=campaign.repeat_id,
        repeat_day=None if campaign.repeat_day is None else campaign.repeat_day.isoformat(),
        status=campaign.status,
        status_reason=campaign.status_reason,
        scheduled_for=times.wire_or_none(campaign.scheduled_for),
        created_at=times.wire(campaign.created_at),
        eta=None if eta is None else times.wire_up(eta),
        total=campaign.total,
        queued=campaign.queued,
        sent=campaign.sent,
        delivered=campaign.delivered,
        read=campaign.read,
        failed=campaign.failed,
        skipped=campaign.skipped,
        cancelled=campaign.cancelled,
        unknown=campaign.unknown,
    )


def _taken_back(rows: Rows, box: Box, user_id: int, campaign_id: int) -> TakenBack:
    campaign = campaigns.of_user(rows, user_id, campaign_id)
    found = taking_back.standing(rows, campaign, now=box.now())
    return TakenBack(
        campaign_id=campaign.id,
        asked_at=times.wire_or_none(campaign.revoke_asked_at),
        gone=found.gone,
        possible=found.possible,
        waiting=found.waiting,
        deleted=found.deleted,
        too_old=found.too_old,
        not_possible=found.not_possible,
        given_up=found.given_up,
    )


def _one(rows: Rows, box: Box, user_id: int, campaign_id: int) -> Campaign:
    return on_wire(rows, box, campaigns.of_user(rows, user_id, campaign_id))


def message_of(
    message: str | None, template_id: int | None, names: tuple[str, ...], *, with_file: bool
) -> Callable[[Rows, int], tuple[Template, texts.Text | None]]:
    """What finds the text in the transaction, and the stored one that it is of.

    names: of the user's own fields. with_file: whether one is sent too. Raises Invalid for a text that is in the
    request and wrong.
    """
    if with_file and template_id is None and not (message or "").strip():
        return lambda rows, user_id: (template.NOTHING, None)
    strict.one_of(message=message, template_id=template_id)
    if template_id is not None:
        text_id = template_id

        def kept(rows: Rows, user_id: int) -> tuple[Template, texts.Text]:
            text = texts.of_user(rows, user_id, text_id)
            found = texts.for_contacts(text, names)
            return found if not with_file else found.as_caption(), text

        return kept
    assert message is not None
    parsed = strict.in_field("message", template.written, message, names)
    parsed = parsed.as_caption() if with_file else parsed
    return lambda rows, user_id: (parsed, None)


def segment_of(
    rows: Rows,
    user_id: int,
    tag: str | UnsetType | None,
    segment: segments.Segment | UnsetType | None,
    audience_id: int | UnsetType | None,
) -> segments.Segment:
    """Who is meant. Raises Invalid, and NotFound for an audience that is not there."""
    tag, segment, audience_id = (None if one is UNSET else one for one in (tag, segment, audience_id))  # type: ignore[assignment]
    if sum(one is not None for one in (tag, segment, audience_id)) > 1:
        sentence = "Send one of tag, segment and audience_id."
        raise Invalid("invalid", sentence, details={"tag" if tag is not None else "audience_id": sentence})
    if isinstance(audience_id, int):
        return audiences.of_user(rows, user_id, audience_id).segment
    if isinstance(segment, segments.Segment):
        return segment
    return segments.of_tag(tag if isinstance(tag, str) else None)


def device_ids_of(rows: Rows, user_id: int, labels: list[str] | None) -> list[int] | None:
    """The ids of these phones; None: every linked one. Raises NotFound."""
    if labels is None:
        return None
    return [devices.by_label(rows, user_id, label).id for label in dict.fromkeys(labels)]


def _plain(found: preflight.Preflight) -> dict[str, Any]:
    return {
        "total": found.total,
        "will_send": found.will_send,
        "skipped": found.skipped,
        "unfit": found.unfit,
        "unfit_first": [Unfit(one.contact_id, one.phone, one.name, one.why) for one in found.unfit_first],
        "first_contacts": found.first_contacts,
        "credits_needed": found.credits_needed,
        "credits_left": found.credits_left,
        "days_needed": found.days_needed,
        "done_at": None if found.done_at is None else times.wire_up(found.done_at),
        "samples": list(found.samples),
        "content": None if found.verdict is None else found.verdict.action,
        "content_reason": None if found.verdict is None else found.verdict.reason,
        "new_chats": _allowed(found),
        "locked": found.locked,
        "locked_until": times.wire_or_none(found.locked_until),
    }


def _would_go(carried: Carried | None) -> WouldGo | None:
    if carried is None:
        return None
    media = carried.media
    return WouldGo(media.id or None, carried.kind, media.mime, media.filename, media.bytes)


def _allowed(found: preflight.Preflight) -> Allowed | None:
    told = found.new_chats
    if told is None:
        return None
    return Allowed(told.used, told.total, told.left, times.wire_or_none(told.resets_at), found.beyond_new_chats)


router = Mount(
    path="",
    route_handlers=[
        list_campaigns,
        create,
        look_ahead,
        show,
        pause,
        resume,
        stop,
        redispatch,
        revoke,
        revoke_standing,
    ],
    tags=["Campaigns"],
    opt={"scope": "campaigns"},
)
