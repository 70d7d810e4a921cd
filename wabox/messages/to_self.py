"""Sends who writes a text what one person would read: from a phone of theirs to that phone's own number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from wabox.contacts import stored as contacts
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.errors import Unavailable
from wabox.languages import later
from wabox.messages import carrying, outbox, stored
from wabox.messages.carrying import Carried
from wabox.messages.template import NOTHING, Template

NOT_READY = later("No phone of yours can send now; link one first, then send the test.")


@dataclass(frozen=True, slots=True)
class Sent:
    """The message that was accepted. phone: digits of the number it goes to. goes: it was not skipped at once."""

    message_id: int
    phone: str
    goes: bool


def send(
    tx: Tx,
    user_id: int,
    *,
    template: Template | None,
    values: Mapping[str, str],
    carried: Carried | None = None,
    now: datetime,
    device_label: str = devices.PRIMARY,
    ip: str | None = None,
) -> Sent:
    """The text is in the log as any message of theirs, to the phone's own number; no campaign counts it.

    values: those of the person who would read it. device_label: from which phone, if it can send; else from the
    first that can. Raises Unavailable `device_not_ready`, and as `outbox.accept`.
    """
    device = _ready(tx, user_id, device_label)
    assert device.phone is not None
    text = (template or NOTHING) if carried is None else carrying.with_text(carried, template)
    contact_id, _ = contacts.values_for(tx, user_id, device.phone)
    message_id = outbox.accept(
        tx,
        device,
        phone=device.phone,
        template=text,
        values=values,
        contact_id=contact_id,
        carried=carried,
        now=now,
        source="dashboard",
        ip=ip,
    )
    return of_user(tx, user_id, message_id)


def of_user(rows: Rows, user_id: int, message_id: int) -> Sent:
    """What `send` told of this message, as it stands now. Raises NotFound."""
    message = stored.of_user(rows, user_id, message_id)
    return Sent(message.id, message.phone, message.status != "skipped")


def _ready(rows: Rows, user_id: int, label: str) -> devices.Device:
    owned = devices.list_of(rows, user_id)
    able = [one for one in owned if one.ready and one.phone is not None and not one.number_changed]
    if not able:
        raise Unavailable("device_not_ready", NOT_READY)
    return next((one for one in able if one.label == label), able[0])
