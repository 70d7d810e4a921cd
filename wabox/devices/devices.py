"""A device: what the owner wants of it, what its page shows, and how old its number is.

`wanted` says whether a session shall be open, and `session` is its number: each start, restart and logout
begins a new one, and what an older session still says of itself is dropped. `command` is what else was asked:
it stands until the driver says that it is done. A logout comes before whatever is wanted next: a device that
is started meanwhile opens when the old link is gone.
The engine carries all of it out and writes back what the page shows. States: not_started, starting, qr,
ready, disconnected. `linked` is true from the first `ready` until the link is known to be gone.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from wabox import times
from wabox.billing import trials
from wabox.db import Row, Rows, Tx
from wabox.devices import endings, idling, limits, numbers
from wabox.errors import Invalid, NotFound, Unavailable
from wabox.webhooks import deliveries
from wabox.whatsapp import logouts
from wabox.whatsapp.driver import Detail, Limits, Link, LinkState, Pairing, SessionSpec

LABEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)
PROFILE = re.compile(r"[0-9a-f]{32}")  # as `create` names them
PRIMARY = "primary"
PAIRING_PATIENCE = timedelta(seconds=90)
GONE = ("logged_out", "passkey_required")
ENDED = ("logged_out", "trying_again", "storage_full")
LEAVING = ("logout", "forget")
RESTRICTED = "restricted"  # the detail of a ready device whose account may begin no new chats
QR_GRACE = timedelta(seconds=2)  # the driver looks once a second
LOGOUT_TRIES = 28  # with the gaps below: about a day
LOGOUT_GAP, LONGEST_LOGOUT_GAP = timedelta(minutes=1), timedelta(hours=1)

_SENTENCES: dict[str, str] = {
    "reconnecting": "The connection to WhatsApp is on its way back. Messages wait and go by themselves.",
    "conflict": "WhatsApp Web is open somewhere else for this link. Restart the device to use it here.",
    "passkey_required": "WhatsApp wants this account's passkey before it links, and wabox has none. It leaves "
    "the page alone meanwhile; the doctor says what you can do.",
    "checkpoint": "WhatsApp wants to be sure that this account is yours, and messages wait. Open WhatsApp on "
    "the phone and follow what it asks.",
    "action_required": "WhatsApp Web shows a box that wants an answer, and messages wait: look at it in the "
    "doctor.",
    "number_changed": "Another number was linked in place of the one before. Nothing goes from it until you say "
    "that it may, or log it out.",
    "engine_incompatible": "WhatsApp Web has changed, and wabox does not know this version yet. "
    "Messages wait; update wabox.",
    "browser_missing": "There is no Chromium on this machine. Install it with ./install.sh setup.",
    "browser_failed": "Chromium does not start or keeps ending. Run wabox doctor.",
    "page_failed": "WhatsApp Web does not load. Check the internet connection of the box.",
    "run_as_root": "wabox runs as root, where Chromium has no sandbox. Run it as its own user: "
    "sudo ./install.sh service.",
    "storage_full": "The disk of the box is full. Free some space: the link is kept, and messages wait.",
}

_NO_PAGE = "The device's page does not come up: see its detail, and ask for a code once its QR code is there."
_PROVING = (
    "The phone proves itself just now: restart nothing, and follow what it shows. A code can be asked for once "
    "that step is over, after ten minutes at most, and the QR code is back."
)
_GOES_ON = "WhatsApp Web shows a box that wants an answer: look at it in the doctor. Messages go on meanwhile."


@dataclass(frozen=True, slots=True)
class Device:
    """One phone's place in wabox. phone: digits of the linked account, or of the last one.

    sends_as: digits of the number that its owner wants it to send from, None before the first link.
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

    @property
    def ready(self) -> bool:
        """Whether the page shows a linked, synced account that may send."""
        return self.state == "ready"

    @property
    def number_changed(self) -> bool:
        """Whether it is linked with another number than its owner wants it to send from: nothing goes."""
        return self.linked and self.sends_as is not None and self.phone != self.sends_as

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
        return SessionSpec(self.id, self.session, self.profile, self.phone if self.linked else None)

    @property
    def leaving(self) -> bool:
        """Whether it is being logged out: nothing else is done with it before."""
        return self.command in LEAVING

    @property
    def leaves_anyway(self) -> bool:
        """Whether the next try gives the link up even if WhatsApp cannot be told."""
        return self.logout_tries >= (1 if self.wanted else LOGOUT_TRIES)


_COLUMNS = """select d.*, p.first_linked_at from devices d
    left join linked_phones p on p.user_id = d.user_id and p.phone = d.phone"""


# What else is asked waits for a logout that was asked before; that one is due at once, for the device is wanted.
_THEN = """command = case when command in ('logout', 'forget') then command else :then end, logout_due_at = null"""


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


def create(tx: Tx, user_id: int, label: str, *, most: int, now: datetime) -> Device:
    """A new device, not started. most: how many the user may have.

    Raises Invalid `bad_label`, `label_taken`, `too_many_devices`.
    """
    if not LABEL.fullmatch(label):
        sentence = "A label is 1 to 32 of a-z, 0-9, - and _, and begins with a letter or digit."
        raise Invalid("bad_label", sentence, details={"device_label": sentence})
    there = [device.label for device in list_of(tx, user_id)]
    if label in there:
        sentence = "You already have a device of this label; choose another."
        raise Invalid("label_taken", sentence, details={"device_label": sentence})
    if len(there) >= most:
        raise Invalid("too_many_devices", f"You may have {most} devices; delete one first.")
    device_id = tx.insert(
        """insert into devices (user_id, label, profile, created_at)
           values (:user_id, :label, :profile, :now)""",
        user_id=user_id,
        label=label,
        profile=secrets.token_hex(16),
        now=times.stored(now),
    )
    return by_id(tx, device_id)


def create_primary(tx: Tx, user_id: int, *, now: datetime) -> Device:
    """The device every user has."""
    return create(tx, user_id, PRIMARY, most=1, now=now)


def remove(tx: Tx, device: Device, *, now: datetime) -> None:
    """The device is gone for its user; the engine logs it out and wipes its profile.

    Raises Invalid `primary_stays`.
    """
    if device.label == PRIMARY:
        raise Invalid("primary_stays", "The device primary always stays; log it out instead.")
    give_up(tx, device, now=now)


def give_up(tx: Tx, device: Device, *, now: datetime) -> None:
    """As `remove`, also for primary: its user is leaving."""
    tx.run(
        """update devices set removed_at = :now, wanted = 0, session = session + 1, command = 'forget',
           logout_tries = 0, logout_due_at = null, linked = 0, qr = null, state = 'not_started'
           where id = :id and removed_at is null""",
        id=device.id,
        now=times.stored(now),
    )


def start(tx: Tx, device: Device) -> Device:
    """A session shall be open. Already open: nothing changes."""
    if device.wanted and device.detail != "logged_out":
        return device
    tx.run(
        f"""update devices set wanted = 1, session = session + 1, state = 'starting', detail = null,
           detail_text = null, qr = null, {_THEN} where id = :id""",  # noqa: S608
        id=device.id,
        then=None,
    )
    return by_id(tx, device.id)


def restart(tx: Tx, device: Device) -> Device:
    """The session shall be closed and opened again."""
    tx.run(
        f"""update devices set wanted = 1, session = session + 1, state = 'starting', qr = null,
           detail = case when linked = 1 then 'reconnecting' else null end, detail_text = null,
           pairing_reason = null, {_THEN} where id = :id""",  # noqa: S608
        id=device.id,
        then="restart",
    )
    return by_id(tx, device.id)


def logout(tx: Tx, device: Device) -> Device:
    """The link shall be given up at WhatsApp and the session closed."""
    tx.run(
        """update devices set wanted = 0, session = session + 1, command = 'logout', logout_tries = 0,
           logout_due_at = null, linked = 0, synced = 0, qr = null, state = 'not_started', detail = null,
           detail_text = null, pairing_phone = null, pairing_code = null, pairing_reason = null where id = :id""",
        id=device.id,
    )
    return by_id(tx, device.id)


def ask_pairing_code(tx: Tx, device: Device, phone: str) -> Device:
    """WhatsApp shall be asked for a code to link this phone; it appears in `pairing_code`.

    A device that is not started is started. Raises Invalid `already_linked`, and Unavailable `device_not_ready`
    for one whose page does not come up.
    """
    if device.linked:
        raise Invalid("already_linked", "This device is linked; log it out first to link another phone.")
    numbers.check_free(tx, phone)
    device = start(tx, device)
    if device.state not in ("qr", "starting"):
        raise Unavailable(
            "device_not_ready",
            _PROVING if device.detail == "passkey_required" else _NO_PAGE,
            retry_after=60,
        )
    tx.run(
        f"""update devices set pairing_phone = :phone, pairing_code = null, pairing_reason = null,
           pairing_expires_at = null, {_THEN} where id = :id""",  # noqa: S608
        id=device.id,
        then="pair",
        phone=phone,
    )
    return by_id(tx, device.id)


def code_is_void(tx: Tx, device: Device) -> bool:
    """Whether the number that a code is wanted for has been linked since it was asked; then none is wanted."""
    void = device.pairing_phone is not None and numbers.is_linked(tx, device.pairing_phone)
    if void:
        numbers.void_codes(tx, device.pairing_phone or "")
    return void


def command_done(tx: Tx, device: Device) -> None:
    """What was asked is done, unless something else was asked since; a code that waited for it is asked for."""
    tx.run(
        """update devices set logout_tries = 0, logout_due_at = null,
           command = case when command in ('logout', 'forget') and wanted = 1 and pairing_phone is not null
               then 'pair' end
           where id = :id and command = :command
             and (command <> 'pair' or (session = :session and pairing_phone is :phone))""",
        id=device.id,
        command=device.command,
        session=device.session,
        phone=device.pairing_phone,
    )


def logout_failed(tx: Tx, device: Device, *, now: datetime) -> None:
    """WhatsApp could not be told; the next try is due after a gap that grows, or at once if it is wanted again."""
    gap = min(LOGOUT_GAP * 2 ** min(device.logout_tries, 10), LONGEST_LOGOUT_GAP)
    tx.run(
        """update devices set logout_tries = logout_tries + 1,
           logout_due_at = case when wanted = 1 then null else :due end
           where id = :id and command in ('logout', 'forget')""",
        id=device.id,
        due=times.stored(now + gap),
    )


def stuck_logouts(rows: Rows) -> int:
    """How many devices wait to be logged out because WhatsApp could not be told."""
    return int(
        rows.value("select count(*) from devices where command in ('logout', 'forget') and logout_tries > 0")
    )


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


def forget_again(tx: Tx, profiles: Collection[str]) -> None:
    """The removed devices of these profiles are logged out and wiped, though it counted as done."""
    for profile in profiles:
        tx.run(
            """update devices set command = 'forget', logout_tries = 0, logout_due_at = null
               where profile = :profile and removed_at is not null and command is null""",
            profile=profile,
        )


def all_starting(tx: Tx) -> None:
    """wabox itself has started: no page has been seen yet."""
    tx.run(
        """update devices set state = 'starting', synced = 0, qr = null, detail_text = null,
           detail = case when linked = 1 then 'reconnecting' else null end
           where wanted = 1 and removed_at is null"""
    )


def saw(tx: Tx, link: Link, *, now: datetime) -> bool:
    """Write down what the page shows. Returns whether the state, its detail or its limits changed.

    An event of a session that nobody wants any more, or of one before it, is dropped: the race is between the
    last word of the old session and whoever pressed start. A change owes `device.state`. A device that the
    phone has removed is wanted no longer: its driver has closed it, and start begins anew.
    """
    device = by_id(tx, link.device_id)
    if not device.wanted or device.removed_at or link.session != device.session:
        return False
    linked = _is_linked(device, link)
    fresh = link.state == "ready" and not (device.linked and link.phone in (None, device.phone))
    if fresh:
        _begin_epoch(tx, device, link, now)
    _write_link(tx, device, link, linked=linked, now=now)
    if link.state == "ready" or not linked:  # a page on its way back tells nothing of them; they hold
        limits.write(tx, device.id, link.limits)
    after = by_id(tx, device.id)
    changed = (device.state, device.remark) != (after.state, after.remark)
    changed = changed or limits.are_news(device.limits, after.limits)
    if after.idle_no_more(now):
        idling.note(tx, device.id, None)
        changed = True
    if changed:
        owe_state(tx, by_id(tx, device.id), now=now)
    return changed


def _is_linked(device: Device, link: Link) -> bool:
    if link.state == "ready":
        return True
    if link.state == "qr" or link.detail == "logged_out":
        return False
    return device.linked


def _write_link(tx: Tx, device: Device, link: Link, *, linked: bool, now: datetime) -> None:
    tx.run(
        """update devices set state = :state, detail = :detail, detail_text = :detail_text, linked = :linked,
           wanted = case when :detail is 'logged_out' then 0 else wanted end,
           synced = :synced, phone = case when :state = 'ready' then coalesce(:phone, phone) else phone end,
           pushname = coalesce(:pushname, pushname),
           logout_reason = case when :state = 'ready' then null when :ended then :reason else logout_reason end,
           qr_at = case when :qr is null then null when qr is :qr then qr_at else coalesce(:qr_at, :now) end,
           qr = :qr, qr_until = :qr_until, detail_until = :until, compare_code = :compare,
           seen_at = :now,
           connected_at = case when 'ready' in (state, :state) then :now else connected_at end,
           pairing_code = case when :state = 'qr' then pairing_code end,
           pairing_reason = case when :state in ('qr', 'starting') then pairing_reason end,
           command = case when command = 'restart' then null else command end
           where id = :id""",
        id=device.id,
        state=link.state,
        detail=link.detail,
        detail_text=link.detail_text,
        linked=int(linked),
        synced=int(link.synced),
        phone=link.phone,
        pushname=link.pushname,
        ended=int(link.detail in ENDED),
        reason=link.reason,
        qr=link.qr,
        qr_at=times.stored_or_none(link.qr_at),
        qr_until=times.stored_or_none(link.qr_until),
        until=times.stored_or_none(link.until),
        compare=link.compare,
        now=times.stored(now),
    )


def _begin_epoch(tx: Tx, device: Device, link: Link, now: datetime) -> None:
    """A new link has its own history: what was in doubt under the old one cannot be looked up.

    The first number ever is the one that the owner wants it to send from; each later one needs their word.
    """
    tx.run(
        """update devices set link_epoch = link_epoch + 1, linked_at = :now, anchor_chat_id = null,
           anchor_message_id = null, cold_refusals = 0, cold_rests_until = null, checks_gap_seconds = 0,
           checks_rest_until = null, phone = :phone, sends_as = coalesce(sends_as, :phone) where id = :id""",
        id=device.id,
        phone=link.phone,
        now=times.stored(now),
    )
    idling.began(tx, device.id, now=now)
    tx.run(
        """insert or ignore into linked_phones (user_id, phone, first_linked_at)
           values (:user_id, :phone, :now)""",
        user_id=device.user_id,
        phone=link.phone or "",
        now=times.stored(now),
    )
    if link.phone:
        numbers.void_codes(tx, link.phone)
        trials.linked(tx, device.user_id, link.phone, now=now)


def owe_state(tx: Tx, device: Device, *, now: datetime) -> None:
    """The webhook hears of what the device shows now."""
    payload = {
        "event": "device.state",
        "device_label": device.label,
        "phone": device.phone,
        "previous_phone": device.previous_phone,
        "state": device.state,
        "reason": device.reason,
        "detail": device.remark or (RESTRICTED if is_restricted(device, now) else None),
        "limits": limits.shown(device.limits, now),
        "idle": idling.shown(device.warning(now)),
        "at": times.wire(now),
    }
    deliveries.owe(tx, user_id=device.user_id, event="device.state", payload=payload, now=now, device_id=device.id)


def paired(tx: Tx, pairing: Pairing) -> None:
    """The code WhatsApp gave, or why it gave none; not if another session was asked for since."""
    tx.run(
        """update devices set pairing_code = :code, pairing_reason = :reason, pairing_expires_at = :expires_at
           where id = :id and session = :session and pairing_phone is not null""",
        id=pairing.device_id,
        session=pairing.session,
        code=pairing.code,
        reason=pairing.reason if pairing.code is None else None,
        expires_at=times.stored_or_none(pairing.expires_at),
    )


def anchored(tx: Tx, device_id: int, anchor: tuple[str, str]) -> None:
    """WhatsApp has this message, the device's latest: while it is in the history, the history is whole."""
    tx.run(
        "update devices set anchor_chat_id = :chat, anchor_message_id = :message where id = :id",
        id=device_id,
        chat=anchor[0],
        message=anchor[1],
    )


def rest(tx: Tx, device_id: int, until: datetime) -> None:
    """The device sends nothing before this moment, nor before one that was set already."""
    tx.run(
        "update devices set next_send_at = max(coalesce(next_send_at, ''), :until) where id = :id",
        id=device_id,
        until=times.stored(until),
    )


def check_sendable(device: Device) -> None:
    """Raises Unavailable `device_not_ready` if the device is not linked, so nothing would ever go."""
    if device.wanted and device.linked and device.detail not in GONE:
        return
    raise Unavailable(
        "device_not_ready",
        f"The device {device.label} is not linked to WhatsApp: link it on the page /whatsapp, then send again, "
        'or send with "queue_if_offline": true.',
        retry_after=60,
    )


def is_restricted(device: Device, now: datetime) -> bool:
    """Whether WhatsApp lets this linked account begin no new chats just now."""
    told = limits.in_force(device.limits, now) if device.ready else None
    return told is not None and told.timelock is not None


def said_of(remark: str) -> str:
    """What this detail means, with its cure, whatever else the page says; "" if there is nothing to say."""
    return _SENTENCES.get(remark, "")


def sentence(device: Device) -> str | None:
    """The detail in words, with its cure; None if there is nothing to say."""
    if device.remark is None:
        return None
    if device.detail in ("logged_out", "trying_again") or device.reason is not None:
        return endings.sentence(device.reason, over=device.detail == "logged_out")
    if device.detail == "action_required" and device.ready:
        return device.detail_text or _GOES_ON
    return device.detail_text or _SENTENCES.get(device.remark)


def _device(row: Row) -> Device:
    anchor = (row["anchor_chat_id"], row["anchor_message_id"])
    return Device(
        id=row["id"],
        user_id=row["user_id"],
        label=row["label"],
        profile=row["profile"],
        wanted=bool(row["wanted"]),
        session=row["session"],
        command=row["command"],
        state=cast(LinkState, row["state"]),
        detail=cast("Detail | None", row["detail"]),
        detail_text=row["detail_text"],
        linked=bool(row["linked"]),
        synced=bool(row["synced"]),
        phone=row["phone"],
        sends_as=row["sends_as"],
        pushname=row["pushname"],
        logout_reason=row["logout_reason"],
        qr=row["qr"],
        qr_at=times.read_or_none(row["qr_at"]),
        qr_until=times.read_or_none(row["qr_until"]),
        detail_until=times.read_or_none(row["detail_until"]),
        compare_code=row["compare_code"],
        limits=limits.of_row(row),
        signs=idling.of_row(row),
        cold_rests_until=times.read_or_none(row["cold_rests_until"]),
        checks_rest_until=times.read_or_none(row["checks_rest_until"]),
        link_epoch=row["link_epoch"],
        linked_at=times.read_or_none(row["linked_at"]),
        seen_at=times.read_or_none(row["seen_at"]),
        first_linked_at=times.read_or_none(row["first_linked_at"]),
        next_send_at=times.read_or_none(row["next_send_at"]),
        anchor=anchor if anchor[1] else None,
        pairing_phone=row["pairing_phone"],
        pairing_code=row["pairing_code"],
        pairing_reason=row["pairing_reason"],
        pairing_expires_at=times.read_or_none(row["pairing_expires_at"]),
        logout_tries=row["logout_tries"],
        logout_due_at=times.read_or_none(row["logout_due_at"]),
        created_at=times.read(row["created_at"]),
        removed_at=times.read_or_none(row["removed_at"]),
    )
