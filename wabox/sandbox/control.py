"""The control API: what a test, the phones page or a person with cURL does to the stand-in."""

from __future__ import annotations

import ipaddress
import time
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec
from litestar import Request, delete, get, post, put
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.response import Response

from wabox.errors import Forbidden, Invalid, Refusal
from wabox.sandbox import enclosed, faulting, linking, mail, persons, reacting, unwritten, uploads, view
from wabox.sandbox.certificate import NAMES
from wabox.sandbox.faults import clean_phone
from wabox.sandbox.wire import Wire
from wabox.sandbox.world import World

MAX_TEXT = 4096
MAX_NAME = 60
Body = TypeVar("Body")


class LinkBody(msgspec.Struct, forbid_unknown_fields=True):
    """The phone scans a QR or enters a code: exactly one of the two."""

    phone: str
    name: str | None = None
    qr: str | None = None
    code: str | None = None


class UnlinkBody(msgspec.Struct, forbid_unknown_fields=True):
    """The phone removes its linked devices."""

    phone: str


class BetweenBody(msgspec.Struct, forbid_unknown_fields=True):
    """From whom to whom: a person and a linked phone."""

    sender: str = msgspec.field(name="from")
    to: str

    def clean(self) -> tuple[str, str]:
        """Both as digits. Raises Invalid `invalid_phone`."""
        return clean_phone(self.sender), clean_phone(self.to)


class ReactBody(BetweenBody):
    """A person's emoji, empty to take it back; id: of the message, the last that they got without one."""

    emoji: str
    id: str | None = None


class RevokeBody(BetweenBody):
    """What a person deletes for everybody; id: of the message, the last they wrote without one."""

    id: str | None = None


class VoteBody(BetweenBody):
    """What a person chooses of a poll, none to take it back; id: of the poll, the last they got without one."""

    options: list[str]
    id: str | None = None


class NoticeBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a linked device is shown in a chat although nobody wrote it; from: the person, where there is one."""

    to: str
    kind: str = "notification"
    chat: unwritten.Chat = "person"
    sender: str | None = msgspec.field(name="from", default=None)
    subtype: str = ""
    text: str = ""


class WrittenBody(BetweenBody):
    """What one writes, or makes of what was written last."""

    text: str


class InboundBody(BetweenBody):
    """A person writes to a linked phone; text: the caption, if there is a file. A place and cards have none.

    options: the answers of a poll. quote: the id of a message of this talk, which it answers to. kind: WhatsApp's
    type, also one that is not known yet: then the page has the text and does not know what it is.
    """

    text: str = ""
    media: uploads.MediaBody | None = None
    location: enclosed.PlaceBody | None = None
    contact: enclosed.CardBody | None = None
    contacts: list[enclosed.CardBody] = []
    options: list[str] = []
    quote: str | None = None
    kind: str | None = None


class VanishingBody(BetweenBody):
    """A person sets how long messages last in the chat with a linked phone."""

    seconds: Literal[0, 86_400, 604_800, 7_776_000]


class SwitchBody(msgspec.Struct, forbid_unknown_fields=True):
    """A phone is switched on or off."""

    phone: str
    on: bool
    name: str | None = None


def _world(state: State) -> World:
    world: World = state.world
    return world


def _moved(state: State) -> None:
    wire: Wire = state.wire
    wire.flush()


async def _body(request: Request[Any, Any, Any], kind: type[Body]) -> Body:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid("invalid_body", f"Mend the JSON body: {error}") from None


def _clean_name(name: str | None) -> str | None:
    if name is not None and (len(name) > MAX_NAME or not name.isprintable()):
        raise Invalid("invalid_name", f"Give a name of at most {MAX_NAME} plain characters.")
    return name.strip() or None if name is not None else None


def _clean_text(text: str) -> str:
    storable = "\x00" not in text and not any(0xD800 <= ord(letter) < 0xE000 for letter in text)
    if not text.strip() or len(text) > MAX_TEXT or not storable:
        raise Invalid("invalid_text", f"Give a text of 1 to {MAX_TEXT} characters.")
    return text


@get("/sandbox/state", sync_to_thread=False)
def show_state(state: State) -> dict[str, Any]:
    """Phones, pages, totals, faults."""
    return view.state(_world(state), time.time())


@post("/sandbox/link", status_code=200)
async def link_phone(request: Request[Any, Any, Any], state: State) -> dict[str, Any]:
    """A phone scans a QR, or enters a code."""
    body = await _body(request, LinkBody)
    phone = clean_phone(body.phone)
    if (body.qr is None) == (body.code is None):
        raise Invalid("qr_or_code", "Give either `qr` or `code`.")
    world, now = _world(state), time.time()
    if body.qr is not None:
        page = linking.page_with_ref(world, body.qr)
    else:
        page = linking.page_with_code(world, phone, body.code or "", now)
    companion = linking.link(world, phone, _clean_name(body.name), page, now)
    _moved(state)
    return {
        "phone": phone,
        "name": world.account(phone).name,
        "linked": companion is not None,
        "passkey_required": companion is None,
        "device": companion.device if companion else None,
    }


@post("/sandbox/unlink", status_code=200)
async def unlink_phone(request: Request[Any, Any, Any], state: State) -> dict[str, Any]:
    """A phone removes its linked devices."""
    phone = clean_phone((await _body(request, UnlinkBody)).phone)
    devices = linking.unlink(_world(state), phone)
    if not devices:
        raise Invalid("not_linked", "No device is linked to this phone.")
    _moved(state)
    return {"phone": phone, "removed": devices}


@post("/sandbox/inbound", status_code=200, request_max_body_size=uploads.MOST_INBOUND)
async def write_to_phone(request: Request[Any, Any, Any], state: State) -> dict[str, Any]:
    """A person writes to a linked phone."""
    body = await _body(request, InboundBody)
    sender, to = body.clean()
    cards = [*([body.contact] if body.contact is not None else []), *body.contacts]
    instead = enclosed.written(body.location, cards)
    alone = body.media is not None or instead is not None
    text = body.text if alone and not body.text else _clean_text(body.text)
    if instead is not None and (body.text or body.media is not None or body.kind is not None):
        raise Invalid("invalid_body", "A place or a card goes without a text and without a file.")
    media = await uploads.written(body.media, _world(state), state.shelf) if body.media is not None else None
    if body.kind is not None and unwritten.is_of_tomorrow(body.kind):
        media = {**(media or {}), "later": True}
    if body.options:
        media = {"options": [_clean_text(one) for one in body.options[: enclosed.MOST_OPTIONS]]}
    kind = "poll_creation" if body.options else body.kind
    message = mail.write(
        _world(state),
        sender,
        to,
        text,
        time.time(),
        kind=kind,
        media=media,
        instead=instead,
        quote=body.quote,
    )
    _moved(state)
    return view.shown(message)


@post("/sandbox/outbound", status_code=200)
async def write_on_phone(request: Request[Any, Any, Any], state: State) -> dict[str, Any]:
    """A linked phone itself writes to a person; its linked devices get that, too."""
    body = await _body(request, WrittenBody)
    sender, to = body.clean()
    message = mail.write_there(_world(state), sender, to, _clean_text(body.text), time.time())
    _moved(state)
    return view.shown(message)


@post("/sandbox/edit", status_code=200)
async def edit_last(request: Request[Any, Any, Any], state: State) -> dict[str, Any]:
    """A person changes what they wrote last to a linked phone."""
    body = await _body(request, WrittenBody)
    world = _world(state)
    message = persons.last_of(world, *body.clean())
    persons.change(world, message, _clean_text(body.text))
    _moved(state)
    return view.shown(message)


@post("/sandbox/revoke", status_code=200)
async def revoke_last(request: Request[Any, Any, Any], state: State) -> dict[str, Any]:
    """A person deletes what they wrote to a linked phone, for everybody."""
    body = await _body(request, RevokeBody)
    world = _world(state)
    message = persons.last_of(world, *body.clean(), body.id)
    persons.take_back(world, message, time.time())
    _moved(state)
    return view.shown(message)


@post("/sandbox/react", status_code=200)
async def react(request: Request[Any, Any, Any], state: State) -> dict[str, Any]:
    """A person puts an emoji to a message of their talk with a linked phone."""
    body = await _body(request, ReactBody)
    person, to = body.clean()
    message = reacting.by_person(_world(state), person, to, body.id, body.emoji, time.time())
    _moved(state)
    return view.shown(message)


@post("/sandbox/vote", status_code=200)
async def vote(request: Request[Any, Any, Any], state: State) -> dict[str, Any]:
    """A person chooses of a poll that a linked phone sent."""
    body = await _body(request, VoteBody)
    person, to = body.clean()
    message = unwritten.vote(_world(state), person, to, body.id, body.options, time.time())
    _moved(state)
    return view.shown(message)


@post("/sandbox/notice", status_code=200)
async def show_notice(request: Request[Any, Any, Any], state: State) -> dict[str, Any]:
    """WhatsApp shows a linked phone something that nobody wrote."""
    body = await _body(request, NoticeBody)
    sender = clean_phone(body.sender) if body.sender is not None else None
    notice = unwritten.Notice(body.kind, body.chat, sender, body.subtype, body.text)
    told = unwritten.notice(_world(state), clean_phone(body.to), notice, time.time())
    _moved(state)
    return told


@post("/sandbox/vanishing", status_code=200)
async def let_vanish(request: Request[Any, Any, Any], state: State) -> dict[str, Any]:
    """A person sets how long messages last in the chat with a linked phone."""
    body = await _body(request, VanishingBody)
    person, to = body.clean()
    persons.let_vanish(_world(state), person, to, body.seconds)
    _moved(state)
    return {"from": person, "to": to, "seconds": body.seconds}


@get("/sandbox/messages", sync_to_thread=False)
def list_messages(request: Request[Any, Any, Any], state: State) -> dict[str, list[dict[str, Any]]]:
    """What recipients got."""
    unknown = set(request.query_params) - {"to", "from", "after"}
    if unknown:
        raise Invalid("invalid_query", "Only `to`, `from` and `after` can be asked for.")
    asked = request.query_params
    found = view.messages(_world(state), to=asked.get("to"), sender=asked.get("from"), after=asked.get("after"))
    return {"messages": found}


@put("/sandbox/faults")
async def set_faults(request: Request[Any, Any, Any], state: State) -> dict[str, Any]:
    """The named faults are set, the others stay."""
    wanted = await _body(request, dict[str, Any])
    faulting.set_faults(_world(state), wanted, time.time())
    _moved(state)
    return _world(state).faults.shown()


@delete("/sandbox/faults", status_code=200, sync_to_thread=False)
def reset_faults(state: State) -> dict[str, Any]:
    """WhatsApp is healthy again."""
    faulting.reset(_world(state), time.time())
    _moved(state)
    return _world(state).faults.shown()


@put("/sandbox/phone")
async def switch_phone(request: Request[Any, Any, Any], state: State) -> dict[str, Any]:
    """A phone is switched on or off; while off, nothing is delivered to it."""
    body = await _body(request, SwitchBody)
    world = _world(state)
    phone = clean_phone(body.phone)
    if not world.is_on_whatsapp(phone):
        raise Invalid("not_on_whatsapp", "This number is not on WhatsApp; choose another.")
    world.account(phone, _clean_name(body.name))
    mail.switch(world, phone, on=body.on, now=time.time())
    _moved(state)
    return {"phone": phone, "on": body.on}


@post("/sandbox/passkey", status_code=200, sync_to_thread=False)
def answer_passkey(state: State) -> dict[str, Any]:
    """A person answers the passkey question on every phone that shows it."""
    linking.answer_passkeys(_world(state), time.time())
    _moved(state)
    return view.state(_world(state), time.time())


def name_guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Raises Forbidden for a host name that a stranger's page could have pointed here (DNS rebinding)."""
    try:
        name = urlsplit(f"//{connection.headers.get('host', '')}").hostname or ""
        if name == "localhost" or name.endswith(".localhost") or ipaddress.ip_address(name):
            return
    except ValueError:
        pass
    raise Forbidden("unknown_host", "Call the sandbox by its address, as http://127.0.0.1:8471.")


def site_guard(connection: ASGIConnection[Any, Any, Any, Any], route: BaseRouteHandler) -> None:
    """Raises Forbidden for any other name than the control API's and the site's own, by which clients call it."""
    if urlsplit(f"//{connection.headers.get('host', '')}").hostname not in NAMES:
        name_guard(connection, route)


def refuse(_request: Request[Any, Any, Any], refusal: Refusal) -> Response[dict[str, Any]]:
    """A refusal as JSON."""
    body: dict[str, Any] = {"error": refusal.sentence, "code": refusal.code}
    if refusal.details:
        body["details"] = refusal.details
    return Response(body, status_code=refusal.status, media_type="application/json")


def refuse_plainly(_request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    """The framework's own refusals (no such path, wrong method) in the same shape."""
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "refused")
    body = {"error": error.detail or "Refused.", "code": code}
    return Response(body, status_code=error.status_code, media_type="application/json")


ROUTES: list[HTTPRouteHandler] = [
    show_state,
    link_phone,
    unlink_phone,
    write_to_phone,
    write_on_phone,
    edit_last,
    revoke_last,
    react,
    vote,
    show_notice,
    let_vanish,
    list_messages,
    set_faults,
    reset_faults,
    switch_phone,
    answer_passkey,
]
