"""What billing owes to time: credits that stop being unlimited, renewal invoices, notices, forgotten pictures."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from wabox.accounts import users
from wabox.billing import invoices, notices, payments, plans, screenshots, subscriptions
from wabox.billing.notices import Due
from wabox.box import Box
from wabox.checkup import machine_clock
from wabox.contacts import suppression
from wabox.db import Tx
from wabox.devices import rules
from wabox.devices import stored as devices
from wabox.devices.stored import Device
from wabox.engine.backoff import Backoff
from wabox.letters import billing as letters
from wabox.letters import writing
from wabox.messages import outbox, template

log = structlog.get_logger()

LOOK_EVERY = timedelta(minutes=1)


class Billing:
    """Looks each minute; nothing at all where billing is off."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._looked_at: datetime | None = None
        self._failed = Backoff()

    async def tick(self) -> None:
        """Settle what time has changed, then tell whose plan is near its end; nothing while the clock is wrong."""
        box, now = self._box, self._box.now()
        if not box.config.billing.enabled or box.db.read_here(machine_clock.is_wrong):
            return
        if box.db.read_here(subscriptions.unsettled, now=now):
            await box.db.write(subscriptions.settle, now=now)
        if self._looked_at is not None and abs(now - self._looked_at) < LOOK_EVERY:
            return
        self._looked_at = now
        for due in await box.db.read(notices.due, days=box.config.billing.notice_days, now=now):
            if not self._failed.rests(due.period.id):
                with self._failed.apart("end of a plan", due.period.id):
                    await box.db.write(remind, box, due, now)

    async def tidy(self) -> None:
        """Pictures of payments that were never written down go."""
        await asyncio.to_thread(self._sweep)

    def _sweep(self) -> None:
        directory = self._box.config.data.dir / "receipts"
        for name in screenshots.old_ones(directory):
            if not self._box.db.read_here(payments.has_receipt, name):
                screenshots.drop(directory, name)


def remind(tx: Tx, box: Box, due: Due, now: datetime) -> None:
    """The renewal has its invoice, and the user is told by mail and WhatsApp: each once, in one transaction."""
    period, days = due.period, box.config.billing.notice_days
    owner, user = users.owner(tx), users.by_id(tx, period.user_id)
    if owner is None or user is None:
        return
    plan = notices.renewed_by(tx, period)
    if plan is not None:
        invoices.renewal(tx, period, plan, seller=invoices.seller_of(tx, box.config, owner), now=now)
    if due.days is None:
        return
    open_number = notices.open_renewal(tx, period)
    invoice = None if open_number is None else invoices.by_number(tx, open_number)
    subject, text = letters.plan_ends(box, user, plans.by_id(tx, period.plan_id), period, invoice, now=now)
    if notices.mark(tx, period, "mail", due.days, days, now=now):
        writing.owe_written(tx, writing.to(box, user), subject, text)
        log.info("plan ends soon", user_id=user.id, days=due.days)
    device = devices.by_label(tx, owner.id, devices.PRIMARY)
    if device.linked and notices.mark(tx, period, "whatsapp", due.days, days, now=now):
        _write_on_whatsapp(tx, box, owner, user, device, text, now)


def _write_on_whatsapp(
    tx: Tx, box: Box, owner: users.User, user: users.User, device: Device, text: str, now: datetime
) -> None:
    """From the owner's primary phone to the number the user linked; outside its quiet hours and days off."""
    phone = next((one.phone for one in devices.list_of(tx, user.id) if one.phone), None)
    if phone is None or suppression.is_out(tx, owner.id, phone):
        return
    zone = box.config.zone_named(owner.timezone)
    opens = rules.of_phone(tx, device.rules, config=box.config, zone=zone).quiet.opens(now, zone)
    if opens is None:  # the rules leave no time at all
        return
    outbox.accept(
        tx,
        device,
        phone=phone,
        template=template.parse(_literal(text)),
        values={},
        now=now,
        scheduled_for=None if opens == now else opens,
        system=True,
    )


def _literal(text: str) -> str:
    """The text so that nothing in it is a variable or an alternative."""
    return "".join("\\" + one if one in "{}\\" else one for one in text)
