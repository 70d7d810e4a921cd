"""POST /send, and the log: GET /messages, cancel, settle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import Parameter
from msgspec import Meta, Struct, field

from wabox import crash, times
from wabox.accounts.keys import Caller
from wabox.api import carrying, idempotency, strict, wire
from wabox.api.carrying import Carries, GivenFile
from wabox.api.strict import StrictRequest, moment
from wabox.billing import ledger
from wabox.box import Box
from wabox.contacts import own, phones
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.errors import Invalid
from wabox.media import stored as files
from wabox.messages import chats, editing, explaining, log, meaning, outbox, reacting, revoking, stored, template
from wabox.messages.spintax import VARIABLES
from wabox.messages.stored import Enclosed
from wabox.messages.template import Template
from wabox.mounting import Mount
from wabox.texts import sending
from wabox.texts import stored as texts

JobId = Annotated[int, Parameter(ge=1, le=wire.BIGGEST_ID, description="The job_id that POST /send answered.")]


InboxId = Annotated[
    int, Parameter(ge=1, le=wire.BIGGEST_ID, description="The message_id that message.received told.")
]


class Send(Struct, kw_only=True, forbid_unknown_fields=True):
    """One message to one phone, or to a person who wrote first: give one of `phone` and `person_id`.

    Of `message` and `template_id`, the id of a stored text, give one, too. variables: what the text is filled in
    with, `{"order": "1001"}` for `{order}`; they win over the contact's name and custom.
    plain: `message` goes letter for letter; nothing in braces is drawn or filled in. priority: its place among
    single messages of the same phone; those of campaigns come after all of them, and it passes no other gate.
    media: a file that goes with it; then the text is its caption, has up to 1,024 characters and may be left out.
    A stored text brings its own file, unless `media` is given, which wins.
    as_document: it goes as a file to save, whatever it is. voice: as a voice note, if it is Ogg/Opus; false sends
    that as a song.
    location, contact, poll: a place, somebody's contact card, or a question with answers to choose from, which
    goes instead of text and file; it goes alone.
    person_id: as `message.received` told it, also for somebody whose number WhatsApp hides. device_label: else
    `primary`, or the phone that the person wrote to last. expires_at: past it the message is skipped.
    """

    phone: wire.Phone | None = None
    person_id: Annotated[int, Meta(ge=1, le=wire.BIGGEST_ID)] | None = None
    message: wire.Text | None = None
    template_id: wire.Id | None = None
    variables: wire.Variables | None = None
    plain: bool | None = None
    priority: stored.Priority | None = None
    media: GivenFile | None = None
    as_document: bool = False
    voice: bool | None = None
    location: carrying.GivenLocation | None = None
    contact: carrying.GivenContact | None = None
    poll: carrying.GivenPoll | None = None
    device_label: wire.Label | None = None
    queue_if_offline: bool = False
    scheduled_for: wire.Aware | None = None
    expires_at: wire.Aware | None = None


class Sent(Struct):
    """What became of the request. waits_until and wait_reason: null when it goes at once.

    phone: null while WhatsApp hides the person's number.
    """

    job_id: int
    status: stored.Status
    phone: str | None
    person_id: int | None
    device_label: str
    waits_until: wire.Time | None
    wait_reason: str | None
    credits_left: int | None


class Message(Struct):
    """A row of the log. ahead: how many messages go first, while it waits in line.

    phone: null while WhatsApp hides the person's number. person_id: null for somebody who never wrote.
    priority: null for a campaign's. revoked_at: since when it is deleted for everyone. Asked for, with neither
    that nor a revoke_error, it is still to be.
    """

    job_id: int
    campaign_id: int | None
    phone: str | None
    person_id: int | None
    device_label: str
    message: str
    media: Carries | None
    location: carrying.Location | None
    contact: carrying.ContactCard | None
    poll: carrying.AskedPoll | None
    priority: stored.Priority | None
    status: stored.Status
    error: str | None
    error_text: str | None
    waits_until: wire.Time | None
    wait_reason: str | None
    ahead: int | None
    expected_at: wire.Time | None
    queued_at: wire.Time
    sent_at: wire.Time | None
    delivered_at: wire.Time | None
    read_at: wire.Time | None
    revoke_asked_at: wire.Time | None
    revoked_at: wire.Time | None
    revoke_error: str | None
    revoke_error_text: str | None
    edit_asked_at: wire.Time | None
    edited_at: wire.Time | None
    edit_error: str | None
    edit_error_text: str | None


class Cancelled(Message):
    """on_its_way: 1 if it is being handed over. It may have gone; if not, it is cancelled and not tried again."""

    on_its_way: int = 0


class Settle(Struct, forbid_unknown_fields=True):
    """What a person saw on the phone."""

    verdict: Literal["sent", "not_sent"] = field(name="as")


@post(
    "/send",
    status_code=202,
    responses=wire.errors(402, 404, 409),
    opt={"meter": "send"},
    summary="Send a single message",
)
async def send(data: Send, request: StrictRequest, box: Box, caller: Caller) -> Response[Sent]:
    """Queue one message. After the 202 nothing loses it; `wait_reason` says why it waits, if it does.

    A device with the detail `number_changed` takes it too: it waits with that reason until its owner lets the new
    number go on, or links the one before again.
    422 `bad_file`, `file_too_large`, `voice_needs_opus`, `no_text_with_sound`, `caption_too_long`: of its file.
    422 `bad_url`, `url_failed`: it could not be fetched. `file_gone`: that of the stored text is lost.
    422 `goes_alone`: a location, contact or poll came with something else. `bad_location`, `bad_contact`,
    `bad_poll`: it is wrong.
    422 `variables_missing`: the text names variables that stand without a fallback and were not sent.
    422 `content_refused`: the rules of this box do not allow the text. `content_review`: a person reads it first.
    """
    now = box.now()
    phone = _one_recipient(data, box.config.locale.country)
    instead = _instead(data, box.config.locale.country)
    bare = data.plain or (data.message is not None and "{" not in data.message)
    text_of = _text_of(data, () if bare else await box.db.read(own.names, caller.user.id))
    scheduled_for = moment(data.scheduled_for, "scheduled_for")
    expires_at = moment(data.expires_at, "expires_at")
    again = None if data.media is None else await idempotency.kept(box, request, caller, kind=Sent)
    if again is not None:
        return again
    async with carrying.carried(
        box, caller, data.media, as_document=data.as_document, voice=data.voice
    ) as carried_by:

        def accept(tx: Tx) -> Sent:
            to = _recipient(tx, caller.user.id, data, phone)
            text, origin = text_of(tx, caller.user.id)
            carried = carried_by(tx)
            if carried is None and origin is not None:
                carried = sending.carried(tx, caller.user.id, origin, now=now)
            job_id = outbox.send(
                tx,
                caller.user.id,
                phone=to.address,
                template=text,
                variables=data.variables,
                carried=carried,
                instead=instead,
                priority=data.priority or "normal",
                now=now,
                device_label=to.device_label,
                queue_if_offline=data.queue_if_offline,
                scheduled_for=scheduled_for,
                expires_at=expires_at,
                require_consent=box.config.guards.require_consent,
                source="api",
                ip=request.client.host if request.client else None,
            )
            crash.point("accepted")
            return _sent(tx, box, stored.by_id(tx, job_id), now)

        answer = await idempotency.once(box, request, caller, accept, kind=Sent, status=202)
    crash.point("queued")
    return answer


@get("/messages", responses=wire.errors(), summary="The message log")
async def messages(
    box: Box,
    caller: Caller,
    page: wire.PageNumber = 1,
    per_page: wire.PerPage = 50,
    cursor: wire.Cursor = None,
    status: stored.Status | None = None,
    campaign_id: Annotated[int | None, Parameter(ge=1, le=wire.BIGGEST_ID)] = None,
    phone: Annotated[str | None, Parameter(schema_extra={"pattern": wire.PHONE_PATTERN})] = None,
    person_id: Annotated[int | None, Parameter(ge=1, le=wire.BIGGEST_ID)] = None,
    device_label: Annotated[str | None, Parameter(schema_extra={"pattern": wire.PLAIN_PATTERN})] = None,
    since: wire.Moment = None,
    until: wire.Moment = None,
    q: Annotated[
        str | None,
        Parameter(
            max_length=200,
            description="Words in the text, in any order, or the name or username of its person.",
            schema_extra={"pattern": wire.PLAIN_PATTERN},
        ),
    ] = None,
) -> wire.Page[Message]:
    """Newest first. `since` and `until` are times with an offset; `until` itself is not included.

    With a filter, `total` is counted up to 10,000, with `q` up to 200; `at_least` then says that there are more.
    A page with `q` may be short, even empty, and have a `next_cursor`: there older messages are looked through.
    """
    country = box.config.locale.country
    wanted = log.Wanted(
        status=status,
        campaign_id=campaign_id,
        phone=None if phone is None else strict.in_field("phone", phones.parse, phone, country=country).digits,
        person_id=person_id,
        device_label=device_label,
        since=strict.time_of(since, "since"),
        until=strict.time_of(until, "until"),
        text=q,
    )
    at = strict.cursor_of(cursor)
    now = box.now()

    def ask(rows: Rows) -> wire.Page[Message]:
        found = log.page(rows, caller.user.id, wanted, number=page, per_page=per_page, cursor=at)
        waits = explaining.explain(rows, found.messages, config=box.config, now=now)

        media = files.named(rows, (one.media_id for one in found.messages))

        def shown(message: stored.Message) -> Message:
            return on_wire(message, waits.get(message.id), media)

        return wire.page_of(
            found.messages,
            shown,
            page=page,
            per_page=per_page,
            total=found.total,
            next_cursor=found.next_cursor,
            at_least=found.at_least,
        )

    return await box.db.read(ask)


@get("/messages/{job_id:int}", responses=wire.errors(404), summary="One message")
async def message(job_id: JobId, box: Box, caller: Caller) -> Message:
    """The message as it stands now."""
    return await box.db.read(_one, box, caller.user.id, job_id)


@post("/messages/{job_id:int}/cancel", status_code=200, responses=wire.errors(404), summary="Cancel a message")
async def cancel(job_id: JobId, box: Box, caller: Caller) -> Cancelled:
    """Take a queued message back. One that has gone cannot be taken back: 422 `wrong_state`.

    One that is on its way, `on_its_way` 1, may have gone already; if it has not, it is not handed over again.
    """
    await box.db.write(outbox.cancel_for, caller.user.id, job_id, now=box.now())
    found = await box.db.read(_one, box, caller.user.id, job_id)
    return Cancelled(**msgspec.structs.asdict(found), on_its_way=int(found.status == "sending"))


@post("/messages/{job_id:int}/settle", status_code=200, responses=wire.errors(404), summary="Settle an unknown")
async def settle(data: Settle, job_id: JobId, box: Box, caller: Caller) -> Message:
    """Say what you saw on the phone of a message whose status is `unknown`."""
    await box.db.write(outbox.settle, caller.user.id, job_id, data.verdict, now=box.now())
    return await box.db.read(_one, box, caller.user.id, job_id)


@post(
    "/messages/{job_id:int}/revoke",
    status_code=202,
    responses=wire.errors(404),
    summary="Delete a message for everyone",
)
async def revoke(job_id: JobId, box: Box, caller: Caller) -> Message:
    """Ask WhatsApp to delete a message that arrived, within 48 hours of its sending. Asking again is fine.

    It waits for the phone that it went from: `revoked_at` says that it is done, `revoke_error` that it was given
    up. What was read stays read, its status stays what it is, and its credit is not given back. 422 `wrong_state`:
    it did not go (cancel a queued one instead). 422 `revoke_too_late`, `other_number`, `device_removed`,
    `person_erased`.
    """
    await box.db.write(revoking.ask, caller.user.id, job_id, now=box.now())
    return await box.db.read(_one, box, caller.user.id, job_id)


class Edit(Struct, forbid_unknown_fields=True):
    """What the message is to say, letter for letter: no {a|b}, no variables."""

    message: wire.Text


@post(
    "/messages/{job_id:int}/edit", status_code=202, responses=wire.errors(404), summary="Change a text that went"
)
async def edit(job_id: JobId, data: Edit, request: StrictRequest, box: Box, caller: Caller) -> Message:
    """Ask WhatsApp to change a text within 15 minutes of its sending. No second message goes; the last wish is it.

    `message` stays what it was until `edited_at` says that it is changed; `edit_error` that it was given up. 422
    `wrong_state`: it has not gone. `not_a_text`, `edit_too_late`, `revoked`, `other_number`, `device_removed`,
    `person_erased`, `content_refused`, `content_review`.
    """
    ip = request.client.host if request.client else None
    await box.db.write(editing.ask, caller.user.id, job_id, data.message, now=box.now(), ip=ip)
    return await box.db.read(_one, box, caller.user.id, job_id)


class React(Struct, forbid_unknown_fields=True):
    """emoji: one, as people see it; null takes yours back."""

    emoji: (
        Annotated[str, Meta(min_length=1, max_length=32, extra_json_schema={"pattern": wire.PLAIN_PATTERN})] | None
    )


class Reactions(Struct):
    """Both sides' emoji of one message. ours: yours, as wished; waiting: it is still to be put, or taken back.

    job_id: of your message, message_id: of theirs, as `message.received` told it; one of the two. error: why yours
    was given up; then it is not there, as far as anybody saw.
    """

    job_id: int | None
    message_id: int | None
    ours: str | None
    theirs: str | None
    waiting: bool
    error: str | None
    error_text: str | None


@get("/messages/{job_id:int}/reactions", responses=wire.errors(404), summary="The emoji of your message")
async def reactions(job_id: JobId, box: Box, caller: Caller) -> Reactions:
    """What you and the person put to it. What came while no page of the phone was open is not known."""
    return _put("message", job_id, await box.db.read(reacting.of_user, caller.user.id, "message", job_id))


@post("/messages/{job_id:int}/react", status_code=202, responses=wire.errors(404), summary="React to your message")
async def react(job_id: JobId, data: React, box: Box, caller: Caller) -> Reactions:
    """Put an emoji to a message that arrived. The last wish counts, and the same twice is one.

    It waits for its phone, up to a day. 422 `bad_emoji`, `wrong_state`, `other_number`, `device_removed`,
    `person_erased`; `revoked`: the message is deleted for everyone, or is to be.
    """
    found = await box.db.write(reacting.ask, caller.user.id, "message", job_id, data.emoji, now=box.now())
    return _put("message", job_id, found)


@get("/inbox/{message_id:int}/reactions", responses=wire.errors(404), summary="The emoji of a person's message")
async def reactions_to_theirs(message_id: InboxId, box: Box, caller: Caller) -> Reactions:
    """What you and the person put to what they wrote."""
    return _put("inbox", message_id, await box.db.read(reacting.of_user, caller.user.id, "inbox", message_id))


@post(
    "/inbox/{message_id:int}/react",
    status_code=202,
    responses=wire.errors(404),
    summary="React to a person's message",
)
async def react_to_theirs(message_id: InboxId, data: React, box: Box, caller: Caller) -> Reactions:
    """Put an emoji to what a person wrote, as POST /messages/{job_id}/react does to yours.

    422 `revoked`: its writer has deleted it.
    """
    found = await box.db.write(reacting.ask, caller.user.id, "inbox", message_id, data.emoji, now=box.now())
    return _put("inbox", message_id, found)


def _put(kind: reacting.Kind, number: int, put: reacting.Put) -> Reactions:
    return Reactions(
        job_id=number if kind == "message" else None,
        message_id=number if kind == "inbox" else None,
        ours=put.ours,
        theirs=put.theirs,
        waiting=put.waiting,
        error=put.error,
        error_text=reacting.said(put.error),
    )


def on_wire(
    message: stored.Message, waiting: explaining.Waiting | None, media: Mapping[int, files.Media]
) -> Message:
    """A message as the API shows it. media: the files that it may name."""
    waiting = waiting or explaining.Waiting()
    return Message(
        job_id=message.id,
        campaign_id=message.campaign_id,
        phone=message.number,
        person_id=message.person_id,
        device_label=message.device_label,
        message=message.text,
        media=carrying.on_wire(media.get(message.media_id or 0), message.media_kind, message.media_name),
        location=carrying.location_of(message.enclosed),
        contact=carrying.contact_of(message.enclosed),
        poll=carrying.poll_of(message.enclosed),
        priority=message.wish,
        status=message.status,
        error=message.error,
        error_text=message.error_text,
        waits_until=None if waiting.until is None else times.wire_up(waiting.until),
        wait_reason=waiting.reason,
        ahead=waiting.ahead,
        expected_at=None if waiting.expected_at is None else times.wire_up(waiting.expected_at),
        queued_at=times.wire(message.queued_at),
        sent_at=times.wire_or_none(message.sent_at),
        delivered_at=times.wire_or_none(message.delivered_at),
        read_at=times.wire_or_none(message.read_at),
        revoke_asked_at=times.wire_or_none(message.revoke_asked_at),
        revoked_at=times.wire_or_none(message.revoked_at),
        revoke_error=message.revoke_error,
        revoke_error_text=revoking.said(message.revoke_error),
        edit_asked_at=times.wire_or_none(message.edit_asked_at),
        edited_at=times.wire_or_none(message.edited_at),
        edit_error=message.edit_error,
        edit_error_text=editing.said(message.edit_error),
    )


def _one(rows: Rows, box: Box, user_id: int, job_id: int) -> Message:
    found = stored.of_user(rows, user_id, job_id)
    waits = explaining.explain(rows, [found], config=box.config, now=box.now())
    return on_wire(found, waits.get(found.id), files.named(rows, [found.media_id]))


def _one_recipient(data: Send, country: str) -> str | None:
    """The digits that are given; None if it is a person. Raises Invalid unless it is exactly one of the two."""
    if (data.phone is None) == (data.person_id is None):
        sentence = "Give either phone or person_id."
        raise Invalid("phone_or_person", sentence, details={"phone": sentence})
    if data.phone is None:
        return None
    return strict.in_field("phone", phones.parse, data.phone, country=country).digits


def _instead(data: Send, country: str) -> Enclosed | None:
    """What goes instead of a text. Raises Invalid for a wrong one, or one that is not alone."""
    others = (data.message, data.template_id, data.variables, data.media, data.voice)
    beside = data.as_document or any(one is not None for one in others)
    given = {"location": data.location, "contact": data.contact, "poll": data.poll}
    carrying.check_goes_alone(given, beside=beside)
    return carrying.enclosed(given, country=country)


def _text_of(
    data: Send, names: tuple[str, ...]
) -> Callable[[Rows, int], tuple[Template | None, texts.Text | None]]:
    """What finds the text in the transaction, None with what goes without, and the stored one that it is of.

    names: of the user's own fields, which the contact fills in. Raises Invalid for a text that is wrong.
    """
    if data.location is not None or data.contact is not None or data.poll is not None:
        return lambda rows, user_id: (None, None)
    given = template.checked_values(data.variables or {})
    if data.media is not None and data.template_id is None and not (data.message or "").strip():
        return lambda rows, user_id: (None, None)
    known = (*VARIABLES, *names)
    strict.one_of(message=data.message, template_id=data.template_id)
    if data.plain:
        found_plain = _plain(data)
        return lambda rows, user_id: (found_plain, None)
    if data.template_id is not None:
        text_id = data.template_id

        def kept(rows: Rows, user_id: int) -> tuple[Template | None, texts.Text]:
            text = texts.of_user(rows, user_id, text_id)
            return sending.words(text, given, known), text

        return kept
    assert data.message is not None
    if data.variables is None:
        found = strict.in_field("message", template.written, data.message, names)
    else:
        found = template.parse_for(data.message, given, known)
        meaning.check(found.nodes, (*names, *data.variables))
    return lambda rows, user_id: (found, None)


def _plain(data: Send) -> Template:
    """The message as it stands. Raises Invalid `plain_only` where something is to be filled in."""
    if data.message is None or data.variables is not None:
        sentence = "plain sends message letter for letter; leave template_id and variables out, or plain."
        raise Invalid("plain_only", sentence, details={"plain": sentence})
    return strict.in_field("message", template.plain, data.message)


def _recipient(rows: Rows, user_id: int, data: Send, phone: str | None) -> chats.Recipient:
    if data.person_id is not None:
        return chats.recipient(rows, user_id, data.person_id, device_label=data.device_label)
    assert phone is not None
    return chats.Recipient(phone, devices.PRIMARY if data.device_label is None else data.device_label)


def _sent(tx: Tx, box: Box, message: stored.Message, now: datetime) -> Sent:
    waits = explaining.explain(tx, [message], config=box.config, now=now, most_ahead=1)
    waiting = waits.get(message.id, explaining.Waiting())
    return Sent(
        job_id=message.id,
        status=message.status,
        phone=message.number,
        person_id=message.person_id,
        device_label=message.device_label,
        waits_until=None if waiting.until is None else times.wire_up(waiting.until),
        wait_reason=waiting.reason,
        credits_left=ledger.credits_left(tx, message.user_id),
    )


router = Mount(
    path="",
    route_handlers=[
        send,
        messages,
        message,
        cancel,
        settle,
        revoke,
        edit,
        react,
        reactions,
        react_to_theirs,
        reactions_to_theirs,
    ],
    tags=["Messages"],
    opt={"scope": "send"},
)
