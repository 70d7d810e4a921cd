"""A device: its row and how it is found.

`wanted` says whether a session shall be open, and `session` is its number: each start, restart and logout
begins a new one, and what an older session still says of itself is dropped. `command` is what else was asked:
it stands until the driver says that it is done. States: not_started, starting, qr, ready, disconnected.
`linked` is true from the first `ready` until the link is known to be gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from wabox import times
from wabox.db import Row, Rows, reader
from wabox.devices import idling, limits
from wabox.errors import NotFound
from wabox.whatsapp import logouts
from wabox.whatsapp.driver import Detail, Limits, LinkState, SessionSpec, WaJs

PRIMARY = "primary"
PAIRING_PATIENCE = timedelta(seconds=90)
ENDED = ("logged_out", "trying_again", "storage_full")
GONE = ("logged_out", "passkey_required")
LEAVING = ("logout", "forget")
QR_GRACE = timedelta(seconds=2)  # the driver looks once a second
LOGOUT_TRIES = 28  # with the gaps below: about a day


@dataclass(frozen=True, slots=True)
class Device:
    """One phone's place in wabox. phone: digits of the linked account, or of the last one.

    sends_as: digits of the number that its owner wants it to send from, None before the first link.
    engine: the wa-js that its page gets, None for wabox's own. rules: its own, as `rules.written`.
    """

    id: int
    user_id: int
    label: str
    profile: str
    wanted: bool
    session: int
    command: str | None
    state: LinkState
    detail: Detail | None
    detail_text: str | None
    linked: bool
    synced: bool
    phone: str | None
    sends_as: str | None
    pushname: str | None
    logout_reason: str | None
    qr: str | None
    qr_at: datetime | None
    qr_until: datetime | None
    detail_until: datetime | None
    compare_code: str | None
    limits: Limits | None
    signs: idling.Signs
    cold_rests_until: datetime | None
    checks_rest_until: datetime | None
    link_epoch: int
    linked_at: datetime | None
    seen_at: datetime | None
    first_linked_at: datetime | None
    next_send_at: datetime | None
    anchor: tuple[str, str] | None
    pairing_phone: str | None
    pairing_code: str | None
    pairing_reason: str | None
    pairing_expires_at: datetime | None
    logout_tries: int
    logout_due_at: datetime | None
    created_at: datetime
    removed_at: datetime | None
    engine: WaJs | None
    rules: str | None

    @property
    def ready(self) -> bool:
        """Whether the page shows a linked, synced account that may send."""
        return self.state == "ready"

    @property
    def may_ever_send(self) -> bool:
        """Whether it is linked, so that what waits on it will go some day."""
        return self.wanted and self.linked and self.detail not in GONE

    @property
    def number_changed(self) -> bool:
        """Whether it is linked with another number than its owner wants it to send from: nothing goes."""
        return self.linked and self.sends_as is not None and self.phone != self.sends_as

    @property
    def down(self) -> bool:
        """Whether it sent once and does not now, and will not without somebody."""
        if self.number_changed:
            return True
        comes_back = self.ready or self.state == "starting" or self.detail == "reconnecting"
        ended = self.detail == "logged_out"  # by the phone or by WhatsApp, not here
        return (self.wanted or ended) and self.first_linked_at is not None and not comes_back

    @property
    def previous_phone(self) -> str | None:
        """The number that it sent from before, while another one is linked and waits for its owner's word."""
        return self.sends_as if self.number_changed else None

    @property
    def remark(self) -> Detail | Literal["number_changed"] | None:
        """What more there is to say of its state: what its page shows, else that its number has changed."""
        return self.detail or ("number_changed" if self.number_changed else None)

    def living_qr(self, now: datetime) -> str | None:
        """The QR text, if a phone can still use it."""
        over = self.qr_until is not None and now > self.qr_until + QR_GRACE
        return self.qr if self.state == "qr" and not over else None

    def idle(self, now: datetime) -> idling.Idle | None:
        """Who has given no sign for so long that WhatsApp may drop the link."""
        if not self.linked or self.removed_at is not None:
            return None
        away = self.state not in ("ready", "starting")
        return self.signs.idle(connected=self.ready and self.synced, away=away, now=now)

    def warning(self, now: datetime) -> idling.Idle | None:
        """What its owner is told of that: not before the hourly look has found it, once the page has caught up."""
        idle = self.idle(now)
        return idle if idle is not None and idle.who == self.signs.told else None

    def idle_no_more(self, now: datetime) -> bool:
        """Whether what its owner was told is over. While its page is not well nobody knows, and it stands."""
        told, idle = self.signs.told, self.idle(now)
        known = not self.linked or (self.ready and self.synced)
        return told is not None and known and (idle is None or idle.who != told)

    @property
    def reason(self) -> str | None:
        """WhatsApp's own name for why it ended the session, while that is what the device shows."""
        if self.detail == "storage_full" and logouts.kind(self.logout_reason) != "storage":
            return None
        return self.logout_reason if self.detail in ENDED else None

    @property
    def spec(self) -> SessionSpec:
        """What the driver needs to hold this device's session."""
        return SessionSpec(self.id, self.session, self.profile, self.phone if self.linked else None, self.engine)

    @property
    def leaving(self) -> bool:
        """Whether it is being logged out: nothing else is done with it before."""
        return self.command in LEAVING

    @property
    def leaves_anyway(self) -> bool:
        """Whether the next try gives the link up even if WhatsApp cannot be told."""
        return self.logout_tries >= (1 if self.wanted else LOGOUT_TRIES)


_COLUMNS = """select d.*, p.first_linked_at, n.version as engine_version, n.sha256 as engine_sha256 from devices d
    left join linked_phones p on p.user_id = d.user_id and p.phone = d.phone
    left join device_engines e on e.device_id = d.id left join engines n on n.id = e.engine_id"""


def list_of(rows: Rows, user_id: int) -> list[Device]:
    """The user's devices, primary first, then by age."""
    return [
        _device(row)
        for row in rows.all(
            f"{_COLUMNS} where d.user_id = :user_id and d.removed_at is null order by d.label <> :primary, d.id",
            user_id=user_id,
            primary=PRIMARY,
        )
    ]


def within(rows: Rows, user_id: int, most: int) -> set[int]:
    """Ids of the linked devices that a plan for so many lets send: primary first, then who was linked first."""
    found = rows.all(
        """select id from devices where user_id = :user_id and removed_at is null and linked = 1
           order by label <> :primary, linked_at, id limit :most""",
        user_id=user_id,
        primary=PRIMARY,
        most=most,
    )
    return {row["id"] for row in found}


def by_label(rows: Rows, user_id: int, label: str) -> Device:
    """The user's device of this label. Raises NotFound, also for a label that could not exist."""
    row = rows.one(
        f"{_COLUMNS} where d.user_id = :user_id and d.label = :label and d.removed_at is null",
        user_id=user_id,
        label=label,
    )
    if row is None:
        raise NotFound("not_found", "There is no such device; GET /devices lists yours.")
    return _device(row)


def by_id(rows: Rows, device_id: int) -> Device:
    """The device, removed or not. For the engine, which has ids from the database itself."""
    row = rows.one(f"{_COLUMNS} where d.id = :id", id=device_id)
    if row is None:
        raise NotFound("not_found", "There is no such device.")
    return _device(row)


def wanted(rows: Rows) -> list[Device]:
    """Every device whose session shall be open."""
    return [_device(row) for row in rows.all(f"{_COLUMNS} where d.wanted = 1 and d.removed_at is null")]


def commanded(rows: Rows) -> list[Device]:
    """Every device that something is asked of, the removed ones too."""
    return [_device(row) for row in rows.all(f"{_COLUMNS} where d.command is not null")]


def profile_of(rows: Rows, device_id: int) -> str | None:
    """The profile of a device that is linked; None if there is no such device."""
    found = rows.one(
        "select profile from devices where id = :id and linked = 1 and removed_at is null", id=device_id
    )
    return None if found is None else str(found["profile"])


def profiles(rows: Rows) -> dict[str, bool]:
    """{profile: whether its device is removed and nothing more is asked of it} of every device there ever was."""
    found = rows.all("select profile, removed_at is not null and command is null as over from devices")
    return {row["profile"]: bool(row["over"]) for row in found}


def is_restricted(device: Device, now: datetime) -> bool:
    """Whether WhatsApp lets this linked account begin no new chats just now."""
    told = limits.in_force(device.limits, now) if device.ready else None
    return told is not None and told.timelock is not None


def _signs(row: Row) -> idling.Signs:
    phone, box = (times.read_or_none(row[name]) for name in ("phone_silent_since", "connected_at"))
    return idling.Signs(phone, box, row["idle_told"])


def _anchor(row: Row) -> tuple[str, str] | None:
    return (row["anchor_chat_id"], row["anchor_message_id"]) if row["anchor_message_id"] else None


def _engine(row: Row) -> WaJs | None:
    return WaJs(row["engine_version"], row["engine_sha256"]) if row["engine_sha256"] else None


_device = reader(Device, limits=limits.of_row, signs=_signs, anchor=_anchor, engine=_engine)
