"""Which number a device is linked with, and whether that is the one its owner wants it to send from."""

from __future__ import annotations

from wabox.db import Rows, Tx
from wabox.errors import Invalid

_OTHER = "This is not the number that is linked now. Look at the device again, then say which one goes on."
_NONE = "No phone is linked to this device, so no number can go on: link one first."


def check_free(rows: Rows, phone: str) -> None:
    """Raises Invalid `number_linked` if a device of this box, whosever it is, is linked to this number.

    A pairing code for it may revoke that link at WhatsApp.
    """
    if is_linked(rows, phone):
        sentence = (
            "This number is linked already, and a code for it could end that link. Scan the QR code instead."
        )
        raise Invalid("number_linked", sentence, details={"phone": sentence})


def is_linked(rows: Rows, phone: str) -> bool:
    """Whether a device of this box, whosever it is, is linked to this number."""
    return bool(
        rows.value("select 1 from devices where phone = :phone and linked = 1 and removed_at is null", phone=phone)
    )


def void_codes(tx: Tx, phone: str) -> None:
    """The number is linked now: nobody asks WhatsApp for a code for it, and no code for it is shown."""
    tx.run(
        """update devices set pairing_code = null, pairing_reason = 'number_linked', pairing_expires_at = null,
           pairing_phone = null, command = case when command = 'pair' then null else command end
           where pairing_phone = :phone and linked = 0""",
        phone=phone,
    )


def send_from(tx: Tx, device_id: int, phone: str) -> None:
    """The device sends from this number, which is linked now. Saying it again is fine.

    Raises Invalid `wrong_number` for any other: the owner must have seen which one they let go on.
    """
    moved = tx.run(
        "update devices set sends_as = :phone where id = :id and linked = 1 and phone = :phone",
        id=device_id,
        phone=phone,
    )
    if not moved:
        linked = tx.value("select 1 from devices where id = :id and linked = 1", id=device_id)
        sentence = _OTHER if linked else _NONE
        raise Invalid("wrong_number", sentence, details={"phone_number": sentence})
