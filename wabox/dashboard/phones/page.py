"""The phones: accept the disclaimer, link a device by QR or code, restart it, log it out, delete it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post

from wabox.accounts import audit, users
from wabox.billing import subscriptions
from wabox.contacts import phones
from wabox.dashboard.frame.desk import Desk
from wabox.db import Rows, Tx
from wabox.devices import doctor, orders, qr
from wabox.devices import stored as devices
from wabox.errors import Forbidden, Invalid, Refusal, Unavailable
from wabox.languages import later
from wabox.messages import answers, chats, leaving, line, outbox, template
from wabox.mounting import Mount

TEST = later("A test from wabox: it works.")
NOT_READY = later("This phone cannot send now; link it first, then send the test.")


@dataclass(frozen=True, slots=True)
class Card:
    """A device as its card shows it. image: its QR as a PNG. none_arrive: its last messages reach nobody.

    unscanned: it has shown codes for so long that something keeps the phone from using them.
    just_linked: it is ready, and nothing went from it since it was linked.
    """

    device: devices.Device
    allowance: line.Allowance
    image: str | None
    none_arrive: bool
    unscanned: bool
    just_linked: bool


@get("/whatsapp")
async def page(desk: Desk) -> Response[str]:
    """The devices; before anything else, the disclaimer."""
    if not desk.user.accepted_disclaimer:
        return await _ask_to_accept(desk)
    return await _page(desk)


@get("/whatsapp/live")
async def live(desk: Desk) -> Response[str]:
    """The cards, as they are now."""
    return desk.page("phones/_devices.html", **await _cards(desk))


@post("/whatsapp/disclaimer")
async def accept(desk: Desk) -> Response[str]:
    """The disclaimer is accepted, with time and address. begin: the first phone opens, to show its code."""
    form = await desk.form()
    if not form.ticked("understood"):
        wrong = {"understood": later("Tick the box if you agree; without it no phone can be linked.")}
        return await _ask_to_accept(desk, wrong)
    await desk.box.db.write(_accept, desk, form.text("version"), begin=form.ticked("begin"))
    return desk.go("/whatsapp", said="accepted")


async def _ask_to_accept(desk: Desk, errors: dict[str, str] | None = None) -> Response[str]:
    return desk.page(
        "phones/disclaimer.html",
        status=422 if errors else 200,
        here="whatsapp",
        text=users.DISCLAIMER,
        paragraphs=paragraphs,
        version=users.DISCLAIMER_VERSION,
        begins=await desk.box.db.read(_first_phone, desk.user.id) is not None,
        errors=errors or {},
    )


def _first_phone(rows: Rows, user_id: int) -> devices.Device | None:
    """The phone of who has none linked yet, and none that opens."""
    owned = devices.list_of(rows, user_id)
    return owned[0] if owned and not any(one.linked or one.wanted or one.linked_at for one in owned) else None


def paragraphs(text: str) -> list[str | list[str]]:
    """A plain text's paragraphs; one whose lines begin with `- ` as a list of its points."""
    found: list[str | list[str]] = []
    for block in text.split("\n\n"):
        if block.startswith("- "):
            found.append([" ".join(point.split()) for point in block[2:].split("\n- ")])
        else:
            found.append(" ".join(block.split()))
    return found


def _accept(tx: Tx, desk: Desk, version: str, *, begin: bool) -> None:
    now = desk.box.now()
    if users.accept_disclaimer(tx, desk.user.id, version=version, ip=desk.ip, now=now):
        audit.note(tx, user_id=desk.user.id, action="disclaimer.accepted", subject=version, ip=desk.ip, now=now)
    first = _first_phone(tx, desk.user.id) if begin else None
    if first is not None:
        orders.start(tx, first)
        audit.note(tx, user_id=desk.user.id, action="device.started", subject=first.label, ip=desk.ip, now=now)


@post("/whatsapp/devices")
async def add(desk: Desk) -> Response[str]:
    """A new device, not started."""
    _check_accepted(desk)
    label = (await desk.form()).text("device_label")[:200]
    try:
        await desk.box.db.write(_create, desk, label)
    except Invalid as wrong:
        return await _page(desk, status=422, label=label, errors=wrong.details or {"device_label": wrong.sentence})
    return desk.go("/whatsapp", said="device_added")


def _create(tx: Tx, desk: Desk, label: str) -> None:
    now = desk.box.now()
    most = subscriptions.most_devices(tx, desk.user.id, config=desk.box.config, now=now)
    made = orders.create(tx, desk.user.id, label, most=most, now=now)
    audit.note(tx, user_id=desk.user.id, action="device.added", subject=made.label, ip=desk.ip, now=now)


@post("/whatsapp/devices/{label:str}/start")
async def start(label: str, desk: Desk) -> Response[str]:
    """A session shall be open."""
    return await _act(desk, label, orders.start, "device_started")


@post("/whatsapp/devices/{label:str}/restart")
async def restart(label: str, desk: Desk) -> Response[str]:
    """The session shall be opened again."""
    return await _act(desk, label, orders.restart, "device_restarted")


@post("/whatsapp/devices/{label:str}/logout")
async def log_out(label: str, desk: Desk) -> Response[str]:
    """The link shall be given up."""
    return await _act(desk, label, orders.logout, "device_logged_out")


@post("/whatsapp/devices/{label:str}/go-on")
async def go_on(label: str, desk: Desk) -> Response[str]:
    """What waits goes from the number that is linked now."""
    phone = (await desk.form()).text("phone_number")[:20]

    def go(tx: Tx, device: devices.Device) -> None:
        chats.go_on(tx, device, phone, now=desk.box.now())

    try:
        return await _act(desk, label, go, "device_went_on")
    except Invalid:
        found = await desk.box.db.read(devices.by_label, desk.user.id, label)
        return desk.go("/whatsapp", said="other_number" if found.linked else "none_linked")


@post("/whatsapp/devices/{label:str}/test")
async def test(label: str, desk: Desk) -> Response[str]:
    """A message goes from the phone to its own number; its page follows it."""
    _check_accepted(desk)
    text = desk.voice.say(TEST)

    def send(tx: Tx) -> int:
        device = devices.by_label(tx, desk.user.id, label)
        if not device.ready or device.phone is None:
            raise Unavailable("device_not_ready", NOT_READY)
        return outbox.send(
            tx,
            desk.user.id,
            phone=device.phone,
            template=template.plain(text),
            now=desk.box.now(),
            device_label=device.label,
            queue_if_offline=False,
            require_consent=False,
            source="dashboard",
            ip=desk.ip,
        )

    return desk.go(f"/messages/{await desk.box.db.write(send)}", said="queued")


@post("/whatsapp/devices/{label:str}/delete")
async def delete(label: str, desk: Desk) -> Response[str]:
    """The device is gone; what waited on it is cancelled."""

    def remove(tx: Tx, device: devices.Device) -> None:
        leaving.device_removed(tx, device, now=desk.box.now())

    return await _act(desk, label, remove, "device_deleted")


@post("/whatsapp/devices/{label:str}/pairing-code")
async def pair(label: str, desk: Desk) -> Response[str]:
    """WhatsApp is asked for a code that links this phone."""
    typed = (await desk.form()).text("phone")[:64]
    try:
        phone = phones.parse(typed, country=desk.box.config.locale.country)
        return await _act(
            desk, label, lambda tx, device: orders.ask_pairing_code(tx, device, phone.digits), "code_asked"
        )
    except Refusal as refusal:
        if refusal.status not in (422, 503):
            raise
        return await _page(desk, status=refusal.status, pairing={label: (typed, refusal.sentence)})


async def _act(desk: Desk, label: str, verb: Callable[[Tx, devices.Device], object], said: str) -> Response[str]:
    _check_accepted(desk)

    def act(tx: Tx) -> None:
        device = devices.by_label(tx, desk.user.id, label)
        verb(tx, device)
        action = "device." + said.removeprefix("device_")  # also code_asked
        audit.note(tx, user_id=desk.user.id, action=action, subject=device.label, ip=desk.ip, now=desk.box.now())

    await desk.box.db.write(act)
    return desk.go("/whatsapp", said=said)


def _check_accepted(desk: Desk) -> None:
    if not desk.user.accepted_disclaimer:
        raise Forbidden(
            "disclaimer_required", later("Accept the disclaimer on the page WhatsApp first, then try again.")
        )


async def _page(
    desk: Desk,
    *,
    status: int = 200,
    label: str = "",
    errors: dict[str, str] | None = None,
    pairing: dict[str, tuple[str, str]] | None = None,
) -> Response[str]:
    return desk.page(
        "phones/page.html",
        status=status,
        here="whatsapp",
        label=label,
        errors=errors or {},
        pairing=pairing or {},
        **await _cards(desk),
    )


async def _cards(desk: Desk) -> dict[str, Any]:
    found, most = await desk.box.db.read(_allowances, desk)
    cards = []
    for device, allowance, none_arrive, just_linked in found:
        code = device.living_qr(desk.voice.now)
        image = None if code is None else await asyncio.to_thread(qr.png_data_url, code)
        cards.append(Card(device, allowance, image, none_arrive, await _is_unscanned(desk, device), just_linked))
    moving = any(card.device.state in ("starting", "qr") for card in cards)
    return {"cards": cards, "most": most, "poll": "2s" if moving else "5s"}


async def _is_unscanned(desk: Desk, device: devices.Device) -> bool:
    if device.state != "qr" or desk.box.sights is None:
        return False
    seen = await asyncio.to_thread(desk.box.sights.checkup, device.id)
    return doctor.is_unscanned(seen)


def _allowances(rows: Rows, desk: Desk) -> tuple[list[tuple[devices.Device, line.Allowance, bool, bool]], int]:
    config, now = desk.box.config, desk.voice.now
    found = [
        (
            device,
            line.allowance(rows, device, config=config, now=now),
            device.linked and answers.none_arrive(rows, device.id, now=now),
            device.ready and not line.has_sent(rows, device.id, since=device.linked_at),
        )
        for device in devices.list_of(rows, desk.user.id)
    ]
    return found, subscriptions.most_devices(rows, desk.user.id, config=config, now=now)


router = Mount(
    path="/", route_handlers=[page, live, accept, add, start, restart, log_out, go_on, test, delete, pair]
)
