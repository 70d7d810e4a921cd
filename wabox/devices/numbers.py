"""Which number a device is linked with, and whether that is the one its owner wants it to send from."""

from __future__ import annotations

from wabox.db import Rows, Tx
from wabox.errors import Invalid


def check_free(rows: Rows, phone: str) -> None:
    """Raises Invalid `number_linked` if a device of this box, whosever it is, is linked to this number.

    A pairing code for it may revoke that link at WhatsApp.
    """
    if rows.value("select 1 from devices where phone = :phone and linked = 1 and removed_at is null", phone=phone):
        sentence = (
            "This number is linked already, and a code for it could end that link. Scan the QR code instead."
        )
        raise Invalid("number_linked", sentence, details={"phone": sentence})


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
        sentence = (
            "This is not the number that is linked now. Look at the device again, then say which one goes on."
        )
        raise Invalid("wrong_number", sentence, details={"phone_number": sentence})
