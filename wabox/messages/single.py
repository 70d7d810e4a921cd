"""One message to one person, as POST /send, the page's form and the inbox's reply all send it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from wabox.billing import ledger
from wabox.contacts import identities, suppression
from wabox.contacts import stored as contacts
from wabox.db import Rows, Tx
from wabox.devices import pace
from wabox.devices import stored as devices
from wabox.errors import Invalid
from wabox.messages import carrying, chats, outbox
from wabox.messages.carrying import Carried
from wabox.messages.enclosed import Enclosed
from wabox.messages.template import NOTHING, Template


def send(
    tx: Tx,
    user_id: int,
    *,
    phone: str,
    template: Template | None,
    now: datetime,
    device_label: str = devices.PRIMARY,
    queue_if_offline: bool = False,
    scheduled_for: datetime | None = None,
    expires_at: datetime | None = None,
    require_consent: bool,
    variables: Mapping[str, str] | None = None,
    carried: Carried | None = None,
    instead: Enclosed | None = None,
    ip: str | None = None,
) -> int:
    """The message is in the log: queued, or skipped at once for somebody who must not be written to. Its job id.

    phone: the address, digits or the hidden id of somebody who wrote first. Name, custom and the user's own
    fields come from the contact with that phone, unless `variables` say otherwise. queue_if_offline: also for a
    device that is not linked. Raises, in this order, NotFound for the device, InsufficientCredits,
    Unavailable `device_not_ready`; Invalid for a text that renders empty or too long, or `content_refused`.
    carried: the file that goes with it; without one there is a template. instead: a place or card, alone.
    require_consent: `[guards]`. ip: of the sender, for the record of a refusal.
    """
    device = devices.by_label(tx, user_id, device_label)
    consented = not require_consent or contacts.has_consented(tx, user_id, phone)
    if consented and not suppression.is_out(tx, user_id, phone):
        ledger.require(tx, user_id, 1)
    if not queue_if_offline:
        pace.check_sendable(device)
    text = carrying.with_text(carried, template) if instead is None else NOTHING
    contact_id, values = contacts.values_for(tx, user_id, phone, text.own, text.language)
    return outbox.accept(
        tx,
        device,
        phone=phone,
        template=text,
        values={**values, **(variables or {})},
        contact_id=contact_id,
        now=now,
        scheduled_for=scheduled_for,
        expires_at=expires_at,
        consented=consented,
        carried=carried,
        instead=instead,
        ip=ip,
    )


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who wrote first: where they are written to, and from which of the user's phones."""

    address: str
    device_label: str


def recipient(rows: Rows, user_id: int, person_id: int, *, device_label: str | None = None) -> Recipient:
    """The person, to be answered. Raises NotFound; Invalid `never_wrote`, or `wrote_elsewhere`.

    device_label: the wanted phone; else the one they wrote to last. Somebody without a number can be reached only
    in a chat that they began.
    """
    person = identities.by_id(rows, user_id, person_id)
    begun = chats.begun(rows, user_id, person.address)
    if not begun:
        sentence = "This person has not written to you; send to a phone number."
        raise Invalid("never_wrote", sentence, details={"person_id": sentence})
    if device_label is not None:
        device = devices.by_label(rows, user_id, device_label)
        if person.phone is None and device.id not in begun:
            sentence = "This person's number is hidden, and they have not written to this phone; leave it out."
            raise Invalid("wrote_elsewhere", sentence, details={"device_label": sentence})
        return Recipient(person.address, device_label)
    owned = {one.id: one.label for one in devices.list_of(rows, user_id)}
    label = next((owned[one] for one in begun if one in owned), None)
    if label is None and person.phone is None:
        sentence = "The phone that this person wrote to is no longer here, and their number is hidden."
        raise Invalid("wrote_elsewhere", sentence, details={"person_id": sentence})
    return Recipient(person.address, label or devices.PRIMARY)
