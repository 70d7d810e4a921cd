"""One talk: what was said both ways, a reply, files that are fetched, and a person who is hidden."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from litestar import Response, get, post

from wabox.accounts import audit
from wabox.campaigns import replies
from wabox.contacts import identities, inbox, inbox_files, own, phones, suppression
from wabox.contacts import stored as contacts
from wabox.contacts.inbox import Received
from wabox.contacts.stored import Contact
from wabox.dashboard.frame import file_forms, picking, to_self
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.dashboard.frame.form import Form
from wabox.dashboard.frame.tickets import Tickets, fresh, ticket_of
from wabox.dashboard.frame.to_self import Told
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.devices.stored import Device
from wabox.errors import Forbidden, Invalid, NotFound
from wabox.media import intake
from wabox.messages import addressees, explaining, log, outbox, reacting, stored
from wabox.messages import to_self as testing
from wabox.messages.carrying import Carried
from wabox.messages.stored import Enclosed
from wabox.messages.template import Template
from wabox.mounting import Kept, Mount

STRETCH = 60
LONGEST_LID = 32


@dataclass(frozen=True, slots=True)
class Reply:
    """What was typed under a talk. media_id: of the file that goes with it."""

    text: str = ""
    media_id: str = ""
    as_document: bool = False


@get("/inbox/{phone:str}")
async def show(phone: str, desk: Desk) -> Response[str]:
    """One talk."""
    return await _page(desk, phone)


@get("/inbox/{phone:str}/live")
async def show_live(phone: str, desk: Desk) -> Response[str]:
    """What was said, as it is now."""
    return desk.page("inbox/_talk.html", **await desk.box.db.read(_talk, desk, phone))


@post("/inbox/{phone:str}/seen")
async def seen(phone: str, desk: Desk) -> Response[str]:
    """Nothing of this person is new any more."""
    await desk.box.db.write(inbox.seen, desk.user.id, _address(phone), now=desk.box.now())
    return desk.go(f"/inbox/{phone}")


@post("/inbox/{phone:str}", streams=True, request_max_body_size=None)
async def reply(phone: str, desk: Desk, tickets: Tickets) -> Response[str]:
    """A single message to this person is queued, from the phone they wrote to; a file with it is kept first."""
    await desk.box.db.read(known_address, desk, phone)
    form, file = await file_forms.sent(desk)
    reply = _typed(form)

    def send() -> Awaitable[int]:
        return desk.box.db.write(_reply, desk, phone, reply, keep=form.ticked("keep"))

    try:
        if file is not None:
            reply = replace(reply, media_id=file.number())
        sent = await tickets.once(desk.user.id, ticket_of(form), send)
    except (*file_forms.REFUSED, Forbidden) as refusal:
        offline = refusal.code == "device_not_ready"
        errors = refusal.details or {"message": refusal.sentence}
        return await _page(desk, phone, reply=reply, errors=errors, offline=offline, status=refusal.status)
    said = "replied" if sent.again else desk.box.db.read_here(said_of, sent.id)
    return desk.go(f"/inbox/{phone}#latest", said=said)


@post("/inbox/{phone:str}/self", streams=True, request_max_body_size=None)
async def reply_to_self(phone: str, desk: Desk, tickets: Tickets) -> Response[str]:
    """The reply goes to one's own number, as this person would read it; the form stays."""
    address = await desk.box.db.read(known_address, desk, phone)
    form, file = await file_forms.sent(desk)
    reply = _typed(form)

    def verb(tx: Tx) -> testing.Sent:
        parsed, carried = _understood(tx, desk, reply)
        _, reads = contacts.values_for(tx, desk.user.id, address, own.names(tx, desk.user.id), reply.text)
        label = device_of(tx, desk.user.id, address).label
        now = desk.box.now()
        return testing.send(
            tx,
            desk.user.id,
            template=parsed,
            values=reads,
            carried=carried,
            now=now,
            device_label=label,
            ip=desk.ip,
        )

    try:
        if file is not None:
            reply = replace(reply, media_id=file.number())
        told = await to_self.tell(desk, tickets, form, verb)
    except file_forms.REFUSED as refusal:
        told = Told(refusal=refusal)
    return to_self.piece(desk, told) or await _page(desk, phone, reply=reply, told=told, status=told.status)


def _typed(form: Form) -> Reply:
    return Reply(
        form.text("message", trim=False),
        "" if form.ticked("without_file") else form.text("media_id")[: file_forms.MOST_NUMBER],
        form.ticked("as_document"),
    )


def said_of(rows: Rows, job_id: int) -> str:
    return "not_going" if stored.by_id(rows, job_id).status == "skipped" else "replied"


@post("/inbox/files/{inbox_id:int}")
async def fetch(inbox_id: int, desk: Desk) -> Response[str]:
    """A file that somebody sent is wanted; it comes when its phone can fetch it."""

    def verb(tx: Tx) -> str:
        settings = desk.box.config.media
        found = inbox_files.ask(tx, desk.user.id, known_id(inbox_id), settings, now=desk.box.now())
        return inbox.address_of(tx, found.inbox_id)

    return desk.go(f"/inbox/{await desk.box.db.write(verb)}", said="file_asked")


@post("/inbox/{phone:str}/react")
async def react(phone: str, desk: Desk) -> Response[str]:
    """An emoji is put to a message, of either side, or taken back."""
    await desk.box.db.read(known_address, desk, phone)
    form = await desk.form()
    kind: reacting.Kind = "message" if form.text("to") == "message" else "inbox"
    number = known_id(int(form.text("id")[:20]) if form.text("id").isdecimal() else 0)
    emoji = form.text("emoji") or None
    await desk.box.db.write(reacting.ask, desk.user.id, kind, number, emoji, now=desk.box.now())
    return desk.go(f"/inbox/{phone}", said="reacted")


@post("/inbox/{phone:str}/opt-out")
async def opt_out(phone: str, desk: Desk) -> Response[str]:
    """Nothing more goes to the person, by whatever id."""

    def verb(tx: Tx) -> int:
        address, now = _who_wrote(tx, desk, phone), desk.box.now()
        if replies.opt_out_by_owner(tx, desk.user.id, address, source="owner", by=desk.user.email, now=now):
            _audit(tx, desk, "contact.opted_out", address)
        return stored.on_its_way(tx, desk.user.id, phone=address)

    late = await desk.box.db.write(verb)
    return desk.go(f"/inbox/{phone}", said="opted_out_late" if late else "opted_out")


@post("/inbox/{phone:str}/erase")
async def erase(phone: str, desk: Desk) -> Response[str]:
    """A person without a number is forgotten; only that they opted out stays, as a hash."""
    address = await desk.box.db.read(_who_wrote, desk, phone)
    found = await desk.box.db.read(addressees.traces, desk.user.id, address)

    def verb(tx: Tx) -> None:
        _audit(tx, desk, "contact.erased", address)
        addressees.erase(tx, desk.user.id, address, found, now=desk.box.now())

    await desk.box.db.write(verb)
    await intake.cleared(desk.box.db, desk.box.media)
    return desk.go("/inbox", said="contact_erased")


def _audit(tx: Tx, desk: Desk, action: str, address: str) -> None:
    person = identities.find(tx, desk.user.id, address)
    subject = f"person {person.id}" if person else None
    audit.note(tx, user_id=desk.user.id, action=action, subject=subject, ip=desk.ip, now=desk.box.now())


def _reply(tx: Tx, desk: Desk, phone: str, reply: Reply, *, keep: bool) -> int:
    address = known_address(tx, desk, phone)
    parsed, carried = _understood(tx, desk, reply)
    return queue(tx, desk, address, keep=keep, parsed=parsed, carried=carried)


def _understood(tx: Tx, desk: Desk, reply: Reply) -> tuple[Template | None, Carried | None]:
    """The text, None where the file goes alone, and the file. Raises Invalid."""
    carried = file_forms.carried(tx, desk, reply.media_id, as_document=reply.as_document)
    return file_forms.text_beside(carried, reply.text, own.names(tx, desk.user.id)), carried


def queue(
    tx: Tx,
    desk: Desk,
    address: str,
    *,
    keep: bool,
    parsed: Template | None = None,
    carried: Carried | None = None,
    instead: Enclosed | None = None,
) -> int:
    """It goes to this person from the phone they wrote to, and what they wrote is seen. Its job id.

    keep: also while that phone is not linked. Raises as `outbox.send`.
    """
    now = desk.box.now()
    inbox.seen(tx, desk.user.id, address, now=now)
    return outbox.send(
        tx,
        desk.user.id,
        phone=address,
        template=parsed,
        carried=carried,
        instead=instead,
        now=now,
        device_label=device_of(tx, desk.user.id, address).label,
        queue_if_offline=keep,
        require_consent=desk.box.config.guards.require_consent,
        source="dashboard",
        ip=desk.ip,
    )


def device_of(rows: Rows, user_id: int, phone: str) -> Device:
    """The phone this person wrote to last, if it is still there; else the first one."""
    owned = devices.list_of(rows, user_id)
    heard = [one.device_id for one in inbox.thread(rows, user_id, phone, most=1)]
    return next((one for one in owned if one.id in heard), owned[0])


def _address(text: str) -> str:
    """Digits or a hidden id, as an address of these pages names a person. Raises NotFound for anything else."""
    if not text.isascii():
        raise nothing_here()
    digits = text.removesuffix("@lid")
    longest = phones.MAX_DIGITS if digits == text else LONGEST_LID
    if not (digits.isdigit() and phones.MIN_DIGITS <= len(digits) <= longest):
        raise nothing_here()
    return text


def known_address(rows: Rows, desk: Desk, phone: str) -> str:
    """Where this person's talk stands now. Somebody without a number must have written to this user."""
    address = _address(phone)
    if not identities.is_hidden(address):
        return address
    person = identities.holder(rows, desk.user.id, address)
    if person is None:
        raise nothing_here()
    return person.address


def _who_wrote(rows: Rows, desk: Desk, phone: str) -> str:
    """As `known_address`, and somebody this user has heard of. Raises NotFound."""
    address = known_address(rows, desk, phone)
    if identities.find(rows, desk.user.id, address) is None:
        raise nothing_here()
    return address


def _begun(rows: Rows, desk: Desk) -> Reply:
    """A reply with the stored text or the file of the address."""
    text = picking.wanted(rows, desk)
    if text is not None and text.media is not None:
        return Reply(text.message, text.media_id, text.as_document)
    media_id = desk.request.query_params.get("media", "")[:20]
    return Reply("" if text is None else text.message, media_id)


def _talk(rows: Rows, desk: Desk, phone: str) -> dict[str, Any]:
    address = known_address(rows, desk, phone)
    before = log.border(desk.request.query_params.get("before", ""))
    talk = log.talk(rows, desk.user.id, address, most=STRETCH, before=before)
    contact = contacts.by_phone(rows, desk.user.id, address)
    if contact is None and not talk.said:
        raise NotFound("not_found", "Nothing was said with this number yet.")
    waits = [one.ours for one in talk.said if one.ours is not None]
    theirs = [one.theirs for one in talk.said if one.theirs is not None]
    person = identities.find(rows, desk.user.id, address)
    return {
        "phone": address,
        "hidden": identities.is_hidden(address),
        "username": person.username if person else None,
        "talk": talk,
        "keeps": desk.box.config.media,
        "quick": reacting.QUICK,
        "before": before,
        "contact": contact,
        "called": (contact.name if contact else None)
        or next((one.name for one in theirs if one.name), None)
        or (person.name if person else None),
        "unseen": sum(one.seen_at is None for one in theirs),
        "opted_out": suppression.is_out(rows, desk.user.id, address),
        "device": device_of(rows, desk.user.id, address),
        "known": _on_cards(rows, desk, theirs),
        "why": explaining.explain(rows, waits, config=desk.box.config, now=desk.voice.now),
    }


def _on_cards(rows: Rows, desk: Desk, theirs: Iterable[Received]) -> dict[str, Contact]:
    """Of the numbers on contact cards that came, those that the user's contacts have, as they stand there."""
    cards = [card for one in theirs if isinstance(one.instead, tuple) for card in one.instead]
    found: dict[str, Contact] = {}
    for written in {number for card in cards for number in card.phones}:
        try:
            digits = phones.parse(written, country=desk.box.config.locale.country).digits
        except Invalid:
            continue
        contact = contacts.by_phone(rows, desk.user.id, digits)
        if contact is not None:
            found[written] = contact
    return found


async def _page(
    desk: Desk,
    phone: str,
    *,
    reply: Reply | None = None,
    errors: dict[str, str] | None = None,
    offline: bool = False,
    told: Told | None = None,
    status: int = 200,
) -> Response[str]:

    def ask(rows: Rows) -> dict[str, Any]:
        typed = reply or _begun(rows, desk)
        return {
            "typed": typed.text,
            "attached": file_forms.known(rows, desk.user.id, typed.media_id),
            "as_document": typed.as_document,
            **file_forms.allowed(rows, desk),
            **picking.offered(rows, desk),
            **_talk(rows, desk, phone),
        }

    shown = await desk.box.db.read(ask)
    return desk.page(
        "inbox/talk.html",
        status=status,
        here="inbox",
        errors=errors or {},
        offline=offline,
        told=told,
        test=fresh(),
        ticket=fresh(),
        **shown,
    )


router = Mount(
    path="/",
    route_handlers=[show, show_live, seen, reply, reply_to_self, fetch, react, opt_out, erase],
    dependencies={"tickets": Kept(lambda _: Tickets()).provide},
)
