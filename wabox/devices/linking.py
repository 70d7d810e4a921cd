"""What a device's page shows, written down: its state, its link, its code; the webhook hears of a change."""

from __future__ import annotations

from datetime import datetime

from wabox import fence, times
from wabox.billing import trials
from wabox.db import Tx
from wabox.devices import idling, limits, numbers, sentences
from wabox.devices import stored as devices
from wabox.webhooks import deliveries
from wabox.whatsapp.driver import Link, Pairing

RESTRICTED = "restricted"  # the detail of a ready device whose account may begin no new chats


def saw(tx: Tx, link: Link, *, now: datetime) -> bool:
    """Write down what the page shows. Returns whether the state, its detail or its limits changed.

    An event of a session that nobody wants any more, or of one before it, is dropped: the race is between the
    last word of the old session and whoever pressed start. A change owes `device.state`. A device that the
    phone has removed is wanted no longer: its driver has closed it, and start begins anew.
    """
    device = devices.by_id(tx, link.device_id)
    if not device.wanted or device.removed_at or link.session != device.session:
        return False
    linked = _is_linked(device, link)
    fresh = link.state == "ready" and not (device.linked and link.phone in (None, device.phone))
    if fresh:
        _begin_epoch(tx, device, link, now)
    _write_link(tx, device, link, linked=linked, now=now)
    if link.state == "ready" or not linked:  # a page on its way back tells nothing of them; they hold
        limits.write(tx, device.id, link.limits)
    after = devices.by_id(tx, device.id)
    changed = (device.state, device.remark) != (after.state, after.remark)
    changed = changed or limits.are_news(device.limits, after.limits)
    if after.idle_no_more(now):
        idling.note(tx, device.id, None)
        changed = True
    if changed:
        owe_state(tx, devices.by_id(tx, device.id), now=now)
    return changed


def all_starting(tx: Tx) -> None:
    """wabox itself has started: no page has been seen yet. On a box that is held none will be."""
    tx.run(
        """update devices set state = :state, synced = 0, qr = null, detail_text = null,
           detail = case when linked = 1 and :state = 'starting' then 'reconnecting' else null end
           where wanted = 1 and removed_at is null""",
        state="starting" if fence.of(tx) is None else "disconnected",
    )


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


def owe_state(tx: Tx, device: devices.Device, *, now: datetime) -> None:
    """The webhook hears of what the device shows now."""
    payload = {
        "event": "device.state",
        "device_label": device.label,
        "phone": device.phone,
        "previous_phone": device.previous_phone,
        "state": device.state,
        "reason": device.reason,
        "detail": device.remark or (RESTRICTED if devices.is_restricted(device, now) else None),
        "detail_text": sentences.sentence(device),
        "limits": limits.shown(device.limits, now),
        "idle": idling.shown(device.warning(now)),
        "at": times.wire(now),
    }
    deliveries.owe(tx, user_id=device.user_id, event="device.state", payload=payload, now=now, device_id=device.id)


def _is_linked(device: devices.Device, link: Link) -> bool:
    if link.state == "ready":
        return True
    if link.state == "qr" or link.detail == "logged_out":
        return False
    return device.linked


def _write_link(tx: Tx, device: devices.Device, link: Link, *, linked: bool, now: datetime) -> None:
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
        ended=int(link.detail in devices.ENDED),
        reason=link.reason,
        qr=link.qr,
        qr_at=times.stored_or_none(link.qr_at),
        qr_until=times.stored_or_none(link.qr_until),
        until=times.stored_or_none(link.until),
        compare=link.compare,
        now=times.stored(now),
    )


def _begin_epoch(tx: Tx, device: devices.Device, link: Link, now: datetime) -> None:
    """A new link has its own history: what was in doubt under the old one cannot be looked up.

    The first number ever is the one that the owner wants it to send from; each later one needs their word.
    """
    limits.linked(tx, device.id, link.phone)
    tx.run(
        """update devices set link_epoch = link_epoch + 1, linked_at = :now, anchor_chat_id = null,
           anchor_message_id = null, phone = :phone, sends_as = coalesce(sends_as, :phone) where id = :id""",
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
