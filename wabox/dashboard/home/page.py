"""The first screen: is my phone linked, what waits and why, what went wrong, send something."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from litestar import Response, get, post

from wabox import changes, db
from wabox.checkup import machine_clock
from wabox.contacts import own
from wabox.contacts import stored as contacts
from wabox.dashboard.frame import file_forms, picking, to_self, whom
from wabox.dashboard.frame.asked import typed
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.frame.form import Form
from wabox.dashboard.frame.tickets import Tickets, fresh, ticket_of
from wabox.dashboard.frame.to_self import Told
from wabox.dashboard.frame.whom import Whom
from wabox.dashboard.home import state
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.errors import Forbidden, Invalid, Refusal, Unavailable
from wabox.messages import outbox, stored, template
from wabox.messages import to_self as testing
from wabox.messages.spintax import MAX_RENDERED
from wabox.mounting import Kept, Mount


@dataclass(frozen=True, slots=True)
class Draft:
    """The form that sends one message, as it was filled in. media_id: of the file that goes with it."""

    whom: Whom = Whom()
    message: str = ""
    device_label: str = devices.PRIMARY
    keep: bool = False
    media_id: str = ""
    as_document: bool = False
    ticket: str = field(default_factory=fresh)


@get("/")
async def home(desk: Desk) -> Response[str]:
    """The whole screen."""
    query = desk.request.query_params
    draft = Draft(
        device_label=query.get("device", "")[:32],
        media_id=query.get("media", "")[:20],
    )
    if "phone" in query:
        draft = replace(draft, whom=await desk.box.db.read(_to, desk, query["phone"][:64]))
    text = await desk.box.db.read(picking.wanted, desk)
    if text is not None:
        draft = replace(draft, message=text.message)
    if text is not None and text.media is not None:
        draft = replace(draft, media_id=text.media_id, as_document=text.as_document)
    return await _page(desk, draft, {})


@get("/home/live")
async def live(desk: Desk) -> Response[str]:
    """The parts that change by themselves."""
    return desk.page("home/_live.html", **await desk.box.db.read(state.now, desk))


@get("/home/today")
async def today(desk: Desk) -> Response[str]:
    """Today's numbers."""
    return desk.page("home/_today.html", **await desk.box.db.read(state.now, desk))


@get("/send/whom")
async def find(desk: Desk) -> Response[str]:
    """Who is called as is typed into the field, while it is."""
    given = Whom(typed(desk.request.query_params.get("q", ""), whom.LONGEST))
    return desk.page("home/_whom.html", found=await desk.box.db.read(whom.meant_while, desk.user.id, given))


@post("/send", streams=True, request_max_body_size=None)
async def send(desk: Desk, tickets: Tickets) -> Response[str]:
    """One message is queued; the next page is that message. A file that came with the form is kept first."""
    form, file = await file_forms.sent(desk)
    draft = _draft(form)
    try:
        if file is not None:
            draft = replace(draft, media_id=file.number())
        sent = await tickets.once(desk.user.id, draft.ticket, lambda: _send(desk, draft))
    except file_forms.REFUSED as refusal:
        return await _page(desk, draft, refusal.details or {"form": refusal.sentence}, refusal=refusal)
    said = "queued" if sent.again else desk.box.db.read_here(_said, sent.id)
    return desk.go(f"/messages/{sent.id}", said=said)


@post("/send/self", streams=True, request_max_body_size=None)
async def send_to_self(desk: Desk, tickets: Tickets) -> Response[str]:
    """What they would read goes to one's own number; the form stays."""
    form, file = await file_forms.sent(desk)
    draft = _draft(form)
    names = await desk.box.db.read(own.names, desk.user.id)
    digits = whom.digits(draft.whom, country=desk.box.config.locale.country)

    def verb(tx: Tx) -> testing.Sent:
        carried = file_forms.carried(tx, desk, draft.media_id, as_document=draft.as_document)
        parsed = file_forms.text_beside(carried, draft.message, names)
        reads = contacts.values_for(tx, desk.user.id, digits, names, draft.message)[1] if digits else {}
        return testing.send(
            tx,
            desk.user.id,
            template=parsed,
            values=reads,
            carried=carried,
            now=desk.box.now(),
            device_label=draft.device_label,
            ip=desk.ip,
        )

    try:
        if file is not None:
            draft = replace(draft, media_id=file.number())
        told = await to_self.tell(desk, tickets, form, verb, who=draft.whom.typed if digits else "")
    except file_forms.REFUSED as refusal:
        told = Told(refusal=refusal)
    return to_self.piece(desk, told) or await _page(desk, draft, {}, told=told)


async def _send(desk: Desk, draft: Draft) -> int:
    country = desk.box.config.locale.country
    phone = await desk.box.db.read(whom.phone, desk.user.id, draft.whom, country=country)
    names = await desk.box.db.read(own.names, desk.user.id)

    def verb(tx: Tx) -> int:
        carried = file_forms.carried(tx, desk, draft.media_id, as_document=draft.as_document)
        return outbox.send(
            tx,
            desk.user.id,
            phone=phone.digits,
            template=file_forms.text_beside(carried, draft.message, names),
            carried=carried,
            now=desk.box.now(),
            device_label=draft.device_label,
            queue_if_offline=draft.keep,
            require_consent=desk.box.config.guards.require_consent,
            source="dashboard",
            ip=desk.ip,
        )

    return await desk.box.db.write(verb)


def _said(rows: Rows, job_id: int) -> str:
    return "not_going" if stored.by_id(rows, job_id).status == "skipped" else "queued"


@post("/send/preview")
async def preview(desk: Desk) -> Response[str]:
    """What the person would read, as it is typed; what is wrong, if something is."""
    draft = _draft(await desk.form())
    shown: list[str] = []
    hints: list[str] = []
    marked: list[tuple[str, bool]] = []
    error = None
    if draft.message.strip():
        names = await desk.box.db.read(own.names, desk.user.id)
        try:
            parsed = template.by_hand(draft.message, names)
            hints = parsed.hints(names)
            digits = whom.digits(draft.whom, country=desk.box.config.locale.country) or "8801711123456"
            _, values = await desk.box.db.read(contacts.values_for, desk.user.id, digits, parsed.own, parsed.text)
            shown = parsed.preview(3, values)
        except Invalid as wrong:
            error, marked = wrong.sentence, template.marked(draft.message, names)
    most = MAX_RENDERED
    return desk.page("home/_preview.html", shown=shown, hints=hints, error=error, marked=marked, most=most)


@post("/clock/confirm")
async def confirm_clock(desk: Desk) -> Response[str]:
    """The owner says that the clock is right."""
    if desk.user.role != "owner":
        raise Forbidden("owner_only", "Only the owner of this box can confirm its clock.")
    await desk.box.db.write(machine_clock.confirm, desk.box.now())
    return desk.go("/", said="clock")


@post("/admin/changes/seen", owner=True)
async def changes_seen(desk: Desk) -> Response[str]:
    """The owner has seen what is new in this wabox."""
    await desk.box.db.write(changes.seen)
    return desk.go("/")


def _draft(form: Form) -> Draft:
    return Draft(
        whom=whom.of_form(form),
        message=form.text("message", trim=False),
        device_label=form.text("device_label") or devices.PRIMARY,
        keep=form.ticked("keep"),
        media_id="" if form.ticked("without_file") else form.text("media_id")[: file_forms.MOST_NUMBER],
        as_document=form.ticked("as_document"),
        ticket=ticket_of(form),
    )


def _to(rows: Rows, desk: Desk, number: str) -> Whom:
    return whom.of_number(rows, desk.user.id, number, desk.voice, country=desk.box.config.locale.country)


async def _page(
    desk: Desk,
    draft: Draft,
    errors: dict[str, str],
    *,
    refusal: Refusal | None = None,
    told: Told | None = None,
) -> Response[str]:
    try:
        shown = await desk.box.db.read(state.whole, desk)
        attached = await desk.box.db.read(file_forms.known, desk.user.id, draft.media_id)
        allowed = await desk.box.db.read(file_forms.allowed, desk)
        meant = await desk.box.db.read(whom.meant, desk.user.id, draft.whom) if "phone" in errors else []
    except Unavailable as damage:
        if damage.code != db.DAMAGED:
            raise
        return desk.page("home/hurt.html", status=damage.status, here="home")
    if not draft.device_label:
        draft = replace(draft, device_label=_sender(shown["devices"]))
    return desk.page(
        "home/page.html",
        status=refusal.status if refusal else told.status if told else 200,
        told=told,
        test=fresh(),
        here="home",
        draft=draft,
        attached=attached,
        meant=meant,
        errors=errors,
        offline=refusal is not None and refusal.code == "device_not_ready",
        **allowed,
        **shown,
    )


def _sender(owned: list[devices.Device]) -> str:
    """The phone that a new message should go from: the first that may send, if there is one."""
    return next((one.label for one in owned if one.ready and not one.number_changed), devices.PRIMARY)


router = Mount(
    path="/",
    route_handlers=[home, live, today, find, send, send_to_self, preview, confirm_clock, changes_seen],
    dependencies={"tickets": Kept(lambda _: Tickets()).provide},
)
