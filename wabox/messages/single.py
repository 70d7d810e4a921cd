"""One message to one person, as POST /send, the page's form and the inbox's reply all send it."""

from __future__ import annotations

from datetime import datetime

from wabox.billing import ledger
from wabox.contacts import contacts, suppression
from wabox.db import Tx
from wabox.devices import devices
from wabox.messages import outbox
from wabox.messages.template import Template


def send(
    tx: Tx,
    user_id: int,
    *,
    phone: str,
    template: Template,
    now: datetime,
    device_label: str = devices.PRIMARY,
    queue_if_offline: bool = False,
    scheduled_for: datetime | None = None,
    expires_at: datetime | None = None,
    require_consent: bool,
    ip: str | None = None,
) -> int:
    """The message is in the log: queued, or skipped at once for somebody who must not be written to. Its job id.

    phone: digits. Name and custom come from the contact with that phone. queue_if_offline: also for a
    device that is not linked. Raises, in this order, NotFound for the device, InsufficientCredits,
    Unavailable `device_not_ready`; Invalid for a text that renders empty or too long, or `content_refused`.
    require_consent: `[guards]`. ip: of the sender, for the record of a refusal.
    """
    device = devices.by_label(tx, user_id, device_label)
    consented = not require_consent or contacts.has_consented(tx, user_id, phone)
    if consented and not suppression.is_out(tx, user_id, phone):
        ledger.require(tx, user_id, 1)
    if not queue_if_offline:
        devices.check_sendable(device)
    contact_id, values = contacts.values_for(tx, user_id, phone)
    return outbox.accept(
        tx,
        device,
        phone=phone,
        template=template,
        values=values,
        contact_id=contact_id,
        now=now,
        scheduled_for=scheduled_for,
        expires_at=expires_at,
        consented=consented,
        ip=ip,
    )
