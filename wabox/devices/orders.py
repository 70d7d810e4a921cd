"""What is asked of a device: that it is there, open, open anew, linked by a code, logged out, gone.

The engine carries all of it out. A logout comes before whatever is wanted next: a device that is started
meanwhile opens when the old link is gone.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from wabox import times
from wabox.db import Rows, Tx
from wabox.devices import numbers, sentences
from wabox.devices import stored as devices
from wabox.errors import Invalid, Unavailable

LABEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)
PROFILE = re.compile(r"[0-9a-f]{32}")  # as `create` names them
LOGOUT_GAP, LONGEST_LOGOUT_GAP = timedelta(minutes=1), timedelta(hours=1)
_LINKED = "This device is linked; log it out first to link another phone."

# What else is asked waits for a logout that was asked before; that one is due at once, for the device is wanted.
_THEN = """command = case when command in ('logout', 'forget') then command else :then end, logout_due_at = null"""


def create(tx: Tx, user_id: int, label: str, *, most: int, now: datetime) -> devices.Device:
    """A new device, not started. most: how many the user may have.

    Raises Invalid `bad_label`, `label_taken`, `too_many_devices`.
    """
    if not LABEL.fullmatch(label):
        sentence = "A label is 1 to 32 of a-z, 0-9, - and _, and begins with a letter or digit."
        raise Invalid("bad_label", sentence, details={"device_label": sentence})
    there = [device.label for device in devices.list_of(tx, user_id)]
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
    return devices.by_id(tx, device_id)


def create_primary(tx: Tx, user_id: int, *, now: datetime) -> devices.Device:
    """The device every user has."""
    return create(tx, user_id, devices.PRIMARY, most=1, now=now)


def remove(tx: Tx, device: devices.Device, *, now: datetime) -> None:
    """The device is gone for its user; the engine logs it out and wipes its profile.

    Raises Invalid `primary_stays`.
    """
    if device.label == devices.PRIMARY:
        raise Invalid("primary_stays", "The device primary always stays; log it out instead.")
    give_up(tx, device, now=now)


def give_up(tx: Tx, device: devices.Device, *, now: datetime) -> None:
    """As `remove`, also for primary: its user is leaving."""
    tx.run(
        """update devices set removed_at = :now, wanted = 0, session = session + 1, command = 'forget',
           logout_tries = 0, logout_due_at = null, linked = 0, qr = null, state = 'not_started'
           where id = :id and removed_at is null""",
        id=device.id,
        now=times.stored(now),
    )


def start(tx: Tx, device: devices.Device) -> devices.Device:
    """A session shall be open. Already open: nothing changes."""
    if device.wanted and device.detail != "logged_out":
        return device
    tx.run(
        f"""update devices set wanted = 1, session = session + 1, state = 'starting', detail = null,
           detail_text = null, qr = null, {_THEN} where id = :id""",  # noqa: S608
        id=device.id,
        then=None,
    )
    return devices.by_id(tx, device.id)


def restart(tx: Tx, device: devices.Device) -> devices.Device:
    """The session shall be closed and opened again."""
    tx.run(
        f"""update devices set wanted = 1, session = session + 1, state = 'starting', qr = null,
           detail = case when linked = 1 then 'reconnecting' else null end, detail_text = null,
           pairing_reason = null, {_THEN} where id = :id""",  # noqa: S608
        id=device.id,
        then="restart",
    )
    return devices.by_id(tx, device.id)


def logout(tx: Tx, device: devices.Device) -> devices.Device:
    """The link shall be given up at WhatsApp and the session closed."""
    tx.run(
        """update devices set wanted = 0, session = session + 1, command = 'logout', logout_tries = 0,
           logout_due_at = null, linked = 0, synced = 0, qr = null, state = 'not_started', detail = null,
           detail_text = null, pairing_phone = null, pairing_code = null, pairing_reason = null where id = :id""",
        id=device.id,
    )
    return devices.by_id(tx, device.id)


def ask_pairing_code(tx: Tx, device: devices.Device, phone: str) -> devices.Device:
    """WhatsApp shall be asked for a code to link this phone; it appears in `pairing_code`.

    A device that is not started is started. Raises Invalid `already_linked`, and Unavailable `device_not_ready`
    for one whose page does not come up.
    """
    if device.linked:
        needless = f"This device is linked and needs no code. {sentences.advice(device)}"
        raise Invalid("already_linked", _LINKED if device.remark is None else needless)
    numbers.check_free(tx, phone)
    device = start(tx, device)
    if device.state not in ("qr", "starting"):
        raise Unavailable(
            "device_not_ready",
            f"{sentences.advice(device)} Ask for a code once the QR code is there.",
            retry_after=60,
        )
    tx.run(
        f"""update devices set pairing_phone = :phone, pairing_code = null, pairing_reason = null,
           pairing_expires_at = null, {_THEN} where id = :id""",  # noqa: S608
        id=device.id,
        then="pair",
        phone=phone,
    )
    return devices.by_id(tx, device.id)


def code_is_void(tx: Tx, device: devices.Device) -> bool:
    """Whether the number that a code is wanted for has been linked since it was asked; then none is wanted."""
    void = device.pairing_phone is not None and numbers.is_linked(tx, device.pairing_phone)
    if void:
        numbers.void_codes(tx, device.pairing_phone or "")
    return void


def command_done(tx: Tx, device: devices.Device) -> None:
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


def logout_failed(tx: Tx, device: devices.Device, *, now: datetime) -> None:
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


def forget_again(tx: Tx, profiles: Collection[str]) -> None:
    """The removed devices of these profiles are logged out and wiped, though it counted as done."""
    for profile in profiles:
        tx.run(
            """update devices set command = 'forget', logout_tries = 0, logout_due_at = null
               where profile = :profile and removed_at is not null and command is null""",
            profile=profile,
        )
