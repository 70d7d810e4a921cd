"""What a decision of the gate rests on: plain data that one query fills."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from wabox.devices.rules import Rules
from wabox.fence import Reason as FenceReason

AccountState = Literal["pending", "active", "suspended", "locked"]

CampaignState = Literal["scheduled", "sending", "paused", "completed", "stopped", "failed"]

LinkState = Literal["not_started", "starting", "qr", "ready", "disconnected"]


@dataclass(frozen=True, slots=True)
class Account:
    """The sender. daily_cap: the plan's, over all devices, 0 = none; sent_today: over all devices."""

    state: AccountState = "active"
    plan_expires_at: datetime | None = None
    daily_cap: int = 0
    sent_today: int = 0


@dataclass(frozen=True, slots=True)
class Device:
    """The sending device, as the database shows it.

    first_linked_at: the first link ever of this phone; None = not known, which is day 1.
    over_plan: the plan allows fewer linked devices than there are, and this one is beyond.
    locked, lock_until: WhatsApp lets it begin no new chats; without an end, nobody knows until when. capped,
    cap_until: the same, for it has begun as many as WhatsApp allows. cold_rests_until: WhatsApp refused some in a
    row, without a word. checks_rest_until: WhatsApp wants fewer questions about numbers.
    number_changed: it is linked with another number than the one its owner wants it to send from.
    filled_hour_at: when the hourly_cap-th latest message of this number went, None if there are fewer
    (newest first, offset hourly_cap - 1): the hour is full until 60 minutes after it.
    """

    state: LinkState = "ready"
    detail: str | None = None
    locked: bool = False
    lock_until: datetime | None = None
    capped: bool = False
    cap_until: datetime | None = None
    cold_rests_until: datetime | None = None
    checks_rest_until: datetime | None = None
    first_linked_at: datetime | None = None
    next_send_at: datetime | None = None
    sent_today: int = 0
    new_chats_today: int = 0
    filled_hour_at: datetime | None = None
    over_plan: bool = False
    number_changed: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """The message. campaign: its campaign's state, None for a single one.

    recipient_today: campaign messages this phone got today. number_check_at: when WhatsApp may be asked
    again whether the number exists. system: wabox's own confirmation of an opt-out or opt-in.
    in_review: a person shall read it first. consented: a consent of this person is on record.
    cancel_asked: its owner took it back while it was on its way. cold: to somebody whom a limited account may not
    write to. unchecked: WhatsApp must be asked whether the number exists.
    """

    campaign: CampaignState | None = None
    scheduled_for: datetime | None = None
    expires_at: datetime | None = None
    is_new_chat: bool = False
    recipient_today: int = 0
    number_check_at: datetime | None = None
    opted_out: bool = False
    system: bool = False
    in_review: bool = False
    consented: bool = False
    cancel_asked: bool = False
    cold: bool = False
    unchecked: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a decision rests on. counted_on: the local day of all `…_today` counts.

    fenced: what holds the whole box.
    """

    rules: Rules
    counted_on: date
    account: Account = Account()
    device: Device = Device()
    message: Message = Message()
    fenced: FenceReason | None = None
    clock_ok: bool = True
    database_ok: bool = True
