"""The seller's logo on invoices: drawn anew, small, without what a file says beside its picture."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

from wabox.billing import screenshots
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.pictures import looking

MOST_BYTES = screenshots.MOST_BYTES
_KEY = "invoice_logo"
_DAMAGED = "The picture is damaged or moves; save it anew and give that."


def drawn(data: bytes) -> bytes:
    """The picture as a small WebP, drawn anew. Takes seconds. Raises Invalid `bad_receipt`, named `logo`."""
    try:
        kind = screenshots.kind_of(data)
        with tempfile.TemporaryDirectory(prefix="wabox-logo-") as place:
            small = Path(place) / "logo"
            looking.look(data, kind, most_pixels=screenshots.MOST_PIXELS, small_to=small)
            return small.read_bytes()
    except (looking.TooLarge, looking.Unreadable, OSError):
        raise Invalid("bad_receipt", _DAMAGED, details={"logo": _DAMAGED}) from None
    except Invalid as wrong:
        raise Invalid(wrong.code, wrong.sentence, details={"logo": wrong.sentence}) from None


def keep(tx: Tx, small: bytes) -> None:
    """Invoices show it from now on, those of before too."""
    tx.run(
        "insert or replace into box (key, value) values (:key, :value)",
        key=_KEY,
        value=base64.b64encode(small).decode("ascii"),
    )


def drop(tx: Tx) -> None:
    """Invoices show none."""
    tx.run("delete from box where key = :key", key=_KEY)


def address(rows: Rows) -> str:
    """The logo as an address that carries it; "" if there is none."""
    value = rows.value("select value from box where key = :key", key=_KEY)
    return f"data:image/webp;base64,{value}" if value else ""
