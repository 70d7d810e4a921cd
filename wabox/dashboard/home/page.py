"""The first screen: is my phone linked, what waits and why, what went wrong, send something."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from litestar import Response, get, post

from wabox import changes, db, times
from wabox.accounts import states
from wabox.backup import nightly
from wabox.billing import payments, subscriptions
from wabox.campaigns import stored as campaigns
from wabox.checkup import machine_clock
from wabox.contacts import inbox, naming, own
from wabox.contacts import stored as contacts
from wabox.content import reviews
from wabox.dashboard.frame import file_forms, picking, to_self, whom
from wabox.dashboard.frame.asked import typed
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.frame.form import Form
from wabox.dashboard.frame.tickets import Tickets, fresh, ticket_of
from wabox.dashboard.frame.to_self import Told
from wabox.dashboard.frame.whom import Whom
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.errors import Forbidden, Invalid, Refusal, Unavailable
from wabox.messages import answers, explaining, line, log, outbox, stored, template
from wabox.messages import to_self as testing
from wabox.messages.spintax import MAX_RENDERED
from wabox.mounting import Kept, Mount
from wabox.webhooks import endpoints
from wabox.webhooks import log as webhook_log

SHOWN_WRONG = 5
SHOWN_RUNNING = 3
RUNNING: tuple[campaigns.Status, ...] = ("sending", "paused")


@dataclass(frozen=True, slots=True)
class Today:
    """Since the user's midnight. by_device: what each phone may still send."""

    reached: dict[str, int]
    allowances: list[tuple[devices.Device, line.Allowance]]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What a person should look at. failed: since yesterday's midnight; unsure: until it is settled."""

    clock: bool
    unsure: log.Page
    failed: log.Page
    parked: int
    failing_since: datetime | None

    @property
    def phones(self) -> list[str]:
        """Of the messages among it."""
        return [one.phone for page in (self.unsure, self.failed) for one in page.messages]

    @property
    def anything(self) -> bool:
        """Whether there is anything at all."""
        return bool(self.clock or self.unsure.total or self.failed.total or self.parked or self.failing_since)


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
    return desk.page("home/_live.html", **await desk.box.db.read(_state, desk))


@get("/home/today")
async def today(desk: Desk) -> Response[str]:
    """Today's numbers."""
    return desk.page("home/_today.html", **await desk.box.db.read(_state, desk))


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
async def send_to_self(desk: Desk) -> Response[str]:
    """What they would read goes to one's own number; the form stays."""
    form, file = await file_forms.sent(desk)
    draft = _draft(form)
    names = await desk.box.db.read(own.names, desk.user.id)
    digits = whom.digits(draft.whom, country=desk.box.config.locale.country)

    def verb(tx: Tx) -> testing.Sent:
        carried = file_forms.carried(tx, desk, draft.media_id, as_document=draft.as_document)
        alone = carried is not None and not draft.message.strip()
        parsed = None if alone else template.by_hand(draft.message, names)
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
        told = await to_self.tell(desk, verb, who=draft.whom.typed if digits else "")
    except file_forms.REFUSED as refusal:
        told = Told(refusal=refusal)
    return to_self.piece(desk, told) or await _page(desk, draft, {}, told=told)


async def _send(desk: Desk, draft: Draft) -> int:
    country = desk.box.config.locale.country
    phone = await desk.box.db.read(whom.phone, desk.user.id, draft.whom, country=country)
    names = await desk.box.db.read(own.names, desk.user.id)

    def verb(tx: Tx) -> int:
        carried = file_forms.carried(tx, desk, draft.media_id, as_document=draft.as_document)
        alone = carried is not None and not draft.message.strip()
        return outbox.send(
            tx,
            desk.user.id,
            phone=phone.digits,
            template=None if alone else template.by_hand(draft.message, names),
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
        state = await desk.box.db.read(_whole, desk)
        attached = await desk.box.db.read(file_forms.known, desk.user.id, draft.media_id)
        allowed = await desk.box.db.read(file_forms.allowed, desk)
        meant = await desk.box.db.read(whom.meant, desk.user.id, draft.whom) if "phone" in errors else []
    except Unavailable as damage:
        if damage.code != db.DAMAGED:
            raise
        return desk.page("home/hurt.html", status=damage.status, here="home")
    if not draft.device_label:
        draft = replace(draft, device_label=_sender(state["devices"]))
    return desk.page(
        "home/page.html",
        status=refusal.status if refusal else told.status if told else 200,
        told=told,
        here="home",
        draft=draft,
        attached=attached,
        meant=meant,
        errors=errors,
        offline=refusal is not None and refusal.code == "device_not_ready",
        **allowed,
        **state,
    )


def _sender(owned: list[devices.Device]) -> str:
    """The phone that a new message should go from: the first that may send, if there is one."""
    return next((one.label for one in owned if one.ready and not one.number_changed), devices.PRIMARY)


def _counter(rows: Rows, desk: Desk, now: datetime) -> dict[str, Any]:
    """What selling asks of this reader: accounts and payments of the owner, a plan of a customer."""
    config, owner = desk.box.config, desk.user.role == "owner"
    sells = config.billing.enabled
    standing = subscriptions.standing(rows, desk.user.id, enabled=sells, now=now)
    return {
        "to_approve": states.to_approve(rows) if owner and config.registration == "approval" else 0,
        "to_check": payments.waiting(rows) if owner and sells else 0,
        "plan_over": standing if standing.paused(now) else None,
    }


def _state(rows: Rows, desk: Desk) -> dict[str, Any]:
    user, now, config = desk.user, desk.voice.now, desk.box.config
    owned = devices.list_of(rows, user.id)
    waits = explaining.groups(rows, user.id, config=config, now=now)
    wrong = _wrong(rows, desk)
    midnight = _midnight(desk)
    allowances = [(one, line.allowance(rows, one, config=config, now=now)) for one in owned]
    reached = dict(log.reached(rows, user.id, midnight, now + timedelta(days=1)))
    moving = any(one.state in ("starting", "qr") for one in owned) or any(
        one.reason in (None, "gap", "in_doubt", "in_line") for one in waits
    )
    return {
        "devices": owned,
        "none_arrive": {one.id for one in owned if one.linked and answers.none_arrive(rows, one.id, now=now)},
        "waits": waits,
        "waiting_total": sum(one.count for one in waits),
        "most_counted": explaining.MOST_COUNTED,
        "wrong": wrong,
        "named": naming.names(rows, user.id, [*(one.first.phone for one in waits), *wrong.phones]),
        "today": Today(reached, allowances),
        "running": [one for status in RUNNING for one in _campaigns(rows, user.id, status)][:SHOWN_RUNNING],
        "unseen": inbox.unseen(rows, user.id),
        "to_read": reviews.waiting(rows) if user.role == "owner" and config.judges_content else 0,
        "no_backup": user.role == "owner" and nightly.alarms(config, now=now),
        "tray": inbox.in_tray(rows, user.id),
        **_counter(rows, desk, now),
        "poll": "2s" if moving else "8s",
    }


def _whole(rows: Rows, desk: Desk) -> dict[str, Any]:
    new = changes.news(rows, desk.voice.language) if desk.user.role == "owner" else None
    return {**_state(rows, desk), **picking.offered(rows, desk), "changes": new}


def _campaigns(rows: Rows, user_id: int, status: campaigns.Status) -> list[campaigns.Campaign]:
    return campaigns.page(rows, user_id, status=status, per_page=SHOWN_RUNNING).campaigns


def _wrong(rows: Rows, desk: Desk) -> Wrong:
    user = desk.user
    yesterday = _midnight(desk) - timedelta(days=1)
    return Wrong(
        clock=machine_clock.is_wrong(rows),
        unsure=log.page(rows, user.id, log.Wanted(status="unknown"), per_page=SHOWN_WRONG),
        failed=log.recent(
            rows, user.id, "failed", since=yesterday, until=desk.voice.now + timedelta(days=1), most=SHOWN_WRONG
        ),
        parked=webhook_log.count(rows, user.id, status="parked"),
        failing_since=endpoints.get(rows, user.id).failing_since,
    )


def _midnight(desk: Desk) -> datetime:
    zone = desk.voice.zone
    return times.day_start(times.local_day(desk.voice.now, zone), zone)


router = Mount(
    path="/",
    route_handlers=[home, live, today, find, send, send_to_self, preview, confirm_clock, changes_seen],
    dependencies={"tickets": Kept(lambda _: Tickets()).provide},
)
