"""The devices of a user: list, add, remove, and the life of their links."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import Parameter
from msgspec import Struct

from wabox import times
from wabox.accounts.keys import Caller
from wabox.api import idempotency, record, strict, wire
from wabox.api.guard import disclaimer_guard
from wabox.api.strict import StrictRequest
from wabox.billing import subscriptions
from wabox.box import Box
from wabox.contacts import phones
from wabox.db import Rows, Tx
from wabox.devices import doctor, limits, orders, qr, sentences
from wabox.devices import stored as devices
from wabox.messages import answers, chats, leaving, line, reasons
from wabox.mounting import Mount
from wabox.whatsapp.driver import Checkup, Detail, LinkState, QuotaStatus


class Timelock(Struct):
    """WhatsApp lets the account write to nobody new. type: its own name for that; until: null = not told."""

    type: str
    until: wire.Time | None


class NewChats(Struct):
    """How many people the account has begun to write to in WhatsApp's cycle, of how many; not wabox's own cap."""

    status: QuotaStatus
    used: int
    total: int
    resets_at: wire.Time | None


class Limits(Struct):
    """What WhatsApp says that the account may not do; it binds only people who never wrote to it.

    timelock: null = none. new_chats: null = no such limit, or WhatsApp does not say.
    """

    timelock: Timelock | None
    new_chats: NewChats | None


class Idle(Struct):
    """WhatsApp may soon drop the link: nobody seems to use the `phone`, or the `box` is not connected to WhatsApp.

    since: the last sign that wabox has seen. until: from then on it may be dropped. text: in words, with the cure.
    """

    who: Literal["phone", "box"]
    since: wire.Time
    until: wire.Time
    text: str


class Device(Struct):
    """A device. warmup_day: 1 to 7, null after it. effective_daily_cap: today's, null = no cap.

    detail: a code that says more than the state; detail_text: the same in words, with the cure.
    limits: null = the page does not tell them.
    reason: WhatsApp's own name for why it ended the session (`unknown_companion`, …), with the details
    `logged_out`, `trying_again` and `storage_full`; null if it gave none.
    none_arrive: WhatsApp takes its messages, and none of the last 15 has reached anybody within half an hour.
    qr_made_at, qr_expires_at: since when WhatsApp shows the code of `/qr`, and until when a phone can use it; null
    where there is no living code, or its page does not tell.
    previous_phone: with the detail `number_changed`, the number it sent from before; else null.
    idle: a warning some days before WhatsApp drops the link for want of use; null = none.
    """

    device_label: str
    phone_number: str | None
    state: LinkState
    ready: bool
    warmup_enabled: bool
    warmup_day: int | None
    effective_daily_cap: int | None
    detail: Detail | Literal["number_changed", "over_plan", "restricted"] | None
    detail_text: str | None
    limits: Limits | None
    previous_phone: str | None = None
    reason: str | None = None
    none_arrive: bool = False
    qr_made_at: wire.Time | None = None
    qr_expires_at: wire.Time | None = None
    idle: Idle | None = None


class Devices(Struct):
    """The user's devices, primary first."""

    devices: list[Device]
    count: int
    max_allowed: int


class NewDevice(Struct, forbid_unknown_fields=True):
    """Label: 1 to 32 of a-z, 0-9, - and _, beginning with a letter or digit."""

    device_label: wire.Label


class LinkedNumber(Struct, forbid_unknown_fields=True):
    """The number that is linked now, as `phone_number` shows it."""

    phone_number: wire.Phone


class Qr(Struct):
    """qr: a PNG as a data URL while the device waits for its scan and a living code is there, else null."""

    qr: str | None


class Found(Struct):
    """One thing that was looked at. value: a version, a name or a code, as it is."""

    code: str
    status: Literal["good", "note", "bad"]
    sentence: str
    value: str | None


class DeviceCheckup(Struct):
    """What stands between a phone and its link. next_step: in words; null if nothing is to be done."""

    device_label: str
    state: LinkState
    detail: Detail | Literal["number_changed"] | None
    next_step: str | None
    findings: list[Found]


class PairingPhone(Struct, forbid_unknown_fields=True):
    """The number of the phone that will be linked."""

    phone: wire.Phone


class PairingCode(Struct):
    """code: 8 characters to type into the phone; null until WhatsApp has given it.

    reason: why there is none: `no_code` (WhatsApp gave none), `not_waiting_for_link`, `number_linked` (the number
    was linked meanwhile), `expired`. Both null: WhatsApp is being asked, or no code is asked for; a
    request that was refused asks for none, and a device that was linked or logged out since waits for none.
    """

    code: str | None
    expires_at: wire.Time | None = None
    reason: str | None = None


Removable = Annotated[
    str,
    Parameter(
        description="The device's label; `primary` always stays.",
        schema_extra={"pattern": wire.LABEL_PATTERN, "not": {"const": devices.PRIMARY}},
    ),
]


@get("/devices", responses=wire.errors(), summary="Your devices")
async def list_devices(box: Box, caller: Caller) -> Devices:
    """Every device with its live state."""
    return await box.db.read(_all, box, caller.user.id, box.now())


@post("/devices", responses=wire.errors(409), status_code=201, summary="Add a device")
async def add(data: NewDevice, request: StrictRequest, box: Box, caller: Caller) -> Response[Device]:
    """A new device, not started. Start it, then poll its QR."""

    def create(tx: Tx) -> Device:
        now = box.now()
        most = subscriptions.most_devices(tx, caller.user.id, config=box.config, now=now)
        made = orders.create(tx, caller.user.id, data.device_label, most=most, now=now)
        record.by(request, box, caller)(tx, "device.added", subject=made.label)
        return on_wire(tx, box, made, now)

    return await idempotency.once(box, request, caller, create, kind=Device, status=201)


@delete("/devices/{device_label:str}", status_code=204, responses=wire.errors(404), summary="Remove a device")
async def remove(device_label: Removable, request: Request[Any, Any, Any], box: Box, caller: Caller) -> None:
    """Log it out and forget it. What waits on it is cancelled. `primary` always stays."""

    def verb(tx: Tx) -> None:
        device = devices.by_label(tx, caller.user.id, device_label)
        leaving.device_removed(tx, device, now=box.now())
        record.by(request, box, caller)(tx, "device.deleted", subject=device.label)

    await box.db.write(verb)


@post(
    "/devices/{device_label:str}/start",
    status_code=202,
    guards=[disclaimer_guard],
    responses=wire.errors(404),
    summary="Start",
)
async def start(
    device_label: wire.LabelInPath, request: Request[Any, Any, Any], box: Box, caller: Caller
) -> Device:
    """Open its session. A device that was never linked goes to `qr`."""
    return await _act(_Ask(request, box, caller, "device.started"), device_label, orders.start)


@post(
    "/devices/{device_label:str}/restart",
    status_code=202,
    guards=[disclaimer_guard],
    responses=wire.errors(404),
    summary="Restart",
)
async def restart(
    device_label: wire.LabelInPath, request: Request[Any, Any, Any], box: Box, caller: Caller
) -> Device:
    """Close its session and open it again; the link stays."""
    return await _act(_Ask(request, box, caller, "device.restarted"), device_label, orders.restart)


@post(
    "/devices/{device_label:str}/logout",
    status_code=202,
    guards=[disclaimer_guard],
    responses=wire.errors(404),
    summary="Log out",
)
async def logout(
    device_label: wire.LabelInPath, request: Request[Any, Any, Any], box: Box, caller: Caller
) -> Device:
    """Give the link up at WhatsApp; linking again needs a new QR."""
    return await _act(_Ask(request, box, caller, "device.logged_out"), device_label, orders.logout)


@post(
    "/devices/{device_label:str}/go-on",
    status_code=202,
    guards=[disclaimer_guard],
    responses=wire.errors(404),
    summary="Go on from another number",
)
async def go_on(
    data: LinkedNumber, device_label: wire.LabelInPath, request: StrictRequest, box: Box, caller: Caller
) -> Device:
    """Let a device with the detail `number_changed` send from the number that is linked now.

    Say which one that is: if yet another was linked meanwhile, nothing changes. What waited for the number
    before goes from this one. To have none of it, log the device out.
    """
    phone = strict.in_field("phone_number", phones.parse, data.phone_number, country=box.config.locale.country)

    def ask(tx: Tx, device: devices.Device) -> devices.Device:
        return chats.go_on(tx, device, phone.digits, now=box.now())

    return await _act(_Ask(request, box, caller, "device.went_on"), device_label, ask)


@get(
    "/devices/{device_label:str}/qr",
    responses=wire.errors(404),
    summary="The QR code",
    opt={"scope_to_read": "devices"},
)
async def get_qr(device_label: wire.LabelInPath, box: Box, caller: Caller) -> Response[Qr]:
    """Poll every 2 to 3 s until it is null and the device is ready; the code renews itself."""
    device = await box.db.read(devices.by_label, caller.user.id, device_label)
    shown = device.living_qr(box.now())
    drawn = None if shown is None else await asyncio.to_thread(qr.png_data_url, shown)
    return Response(Qr(drawn), headers={"Cache-Control": "no-store"})


@get("/devices/{device_label:str}/checkup", responses=wire.errors(404), summary="What hinders the link")
async def check_up(device_label: wire.LabelInPath, box: Box, caller: Caller) -> Response[DeviceCheckup]:
    """Browser, site, clock, page, QR code, passkey, boxes on the page: what was found just now, and what to do."""
    device = await box.db.read(devices.by_label, caller.user.id, device_label)
    seen = Checkup() if box.sights is None else await asyncio.to_thread(box.sights.checkup, device.id)
    report = doctor.examine(device, seen, now=box.now())
    found = [Found(one.code, one.status, one.sentence, one.value) for one in report.findings]
    answer = DeviceCheckup(device.label, device.state, device.remark, report.next_step, found)
    return Response(answer, headers={"Cache-Control": "no-store"})


@post(
    "/devices/{device_label:str}/pairing-code",
    status_code=202,
    guards=[disclaimer_guard],
    responses=wire.errors(404),
    summary="Ask for a pairing code",
)
async def ask_pairing_code(
    data: PairingPhone, device_label: wire.LabelInPath, request: StrictRequest, box: Box, caller: Caller
) -> PairingCode:
    """Link by a code instead of a scan; starts the device if need be.

    The code comes with GET on the same path after a moment.
    """
    phone = strict.in_field("phone", phones.parse, data.phone, country=box.config.locale.country)

    def ask(tx: Tx, device: devices.Device) -> devices.Device:
        return orders.ask_pairing_code(tx, device, phone.digits)

    await _act(_Ask(request, box, caller, "device.code_asked"), device_label, ask)
    return PairingCode(code=None)


@get(
    "/devices/{device_label:str}/pairing-code",
    responses=wire.errors(404),
    summary="The pairing code",
    opt={"scope_to_read": "devices"},
)
async def get_pairing_code(device_label: wire.LabelInPath, box: Box, caller: Caller) -> Response[PairingCode]:
    """The code, once WhatsApp has given it, and until when it holds."""
    device = await box.db.read(devices.by_label, caller.user.id, device_label)
    expired = device.pairing_expires_at is not None and device.pairing_expires_at <= box.now()
    code = None if expired else device.pairing_code
    expires_at = times.wire_or_none(device.pairing_expires_at) if code else None
    reason = "expired" if expired else (device.pairing_reason or "").partition(":")[0] or None
    return Response(PairingCode(code, expires_at, reason), headers={"Cache-Control": "no-store"})


@dataclass(frozen=True, slots=True)
class _Ask:
    """Who asks a device, and what that is on record as."""

    request: Request[Any, Any, Any]
    box: Box
    caller: Caller
    action: str


async def _act(asked: _Ask, label: str, verb: Callable[[Tx, devices.Device], devices.Device]) -> Device:
    """Ask something of a device and show it."""
    box = asked.box

    def act(tx: Tx) -> Device:
        device = devices.by_label(tx, asked.caller.user.id, label)
        answered = verb(tx, device)
        record.by(asked.request, box, asked.caller)(tx, asked.action, subject=device.label)
        return on_wire(tx, box, answered, box.now())

    return await box.db.write(act)


def _all(rows: Rows, box: Box, user_id: int, now: datetime) -> Devices:
    found = [on_wire(rows, box, device, now) for device in devices.list_of(rows, user_id)]
    most = subscriptions.most_devices(rows, user_id, config=box.config, now=now)
    return Devices(devices=found, count=len(found), max_allowed=most)


def on_wire(rows: Rows, box: Box, device: devices.Device, now: datetime) -> Device:
    """A device as the API shows it."""
    ramp = line.allowance(rows, device, config=box.config, now=now)
    told = limits.shown(device.limits, now) if device.linked else None
    more = _more(device, ramp, now)
    scannable = device.living_qr(now) is not None
    return Device(
        device_label=device.label,
        phone_number=device.phone if device.linked else None,
        state=device.state,
        ready=device.ready,
        warmup_enabled=ramp.warmup,
        warmup_day=ramp.warmup_day,
        effective_daily_cap=ramp.daily_cap,
        detail=device.remark or more,
        detail_text=sentences.sentence(device) or (reasons.of(more) if more else None),
        limits=None if told is None else msgspec.convert(told, Limits),
        previous_phone=device.previous_phone,
        reason=device.reason,
        none_arrive=device.linked and answers.none_arrive(rows, device.id, now=now),
        qr_made_at=times.wire_or_none(device.qr_at) if scannable else None,
        qr_expires_at=times.wire_or_none(device.qr_until) if scannable else None,
        idle=_idle(device, now),
    )


def _idle(device: devices.Device, now: datetime) -> Idle | None:
    told = device.warning(now)
    if told is None:
        return None
    return Idle(told.who, times.wire(told.since), times.wire(told.until), told.sentence)


def _more(
    device: devices.Device, ramp: line.Allowance, now: datetime
) -> Literal["over_plan", "restricted"] | None:
    """What holds messages of a device that is well."""
    if ramp.over_plan:
        return "over_plan"
    return "restricted" if devices.is_restricted(device, now) else None


router = Mount(
    path="",
    route_handlers=[
        list_devices,
        add,
        remove,
        start,
        restart,
        logout,
        go_on,
        get_qr,
        check_up,
        ask_pairing_code,
        get_pairing_code,
    ],
    tags=["Devices"],
    opt={"scope": "devices"},
)
