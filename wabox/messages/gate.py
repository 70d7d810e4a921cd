"""May this message go now, and if not, why and until when: one pure function gates and explains.

Every gate answers for one moment: open, or closed until a moment that it knows, or closed until
somebody does something. `decide` asks them in the order of wabox/docs/contract.md#when-a-message-may-go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from wabox.devices.rules import Rules
from wabox.messages import reasons
from wabox.messages.facts import Account, AccountState, Device, Facts, Message
from wabox.messages.reasons import Reason
from wabox.quiet import MOST_STEPS
from wabox.times import day_start, local_day

WARMUP = (20, 40, 70, 110, 150, 200, 250)


@dataclass(frozen=True, slots=True)
class Go:
    """It may go now."""


@dataclass(frozen=True, slots=True)
class Wait:
    """It waits. until: aware UTC, None where nobody can know. detail: the device's, if it is its fault."""

    until: datetime | None
    reason: Reason
    detail: str | None = None

    @property
    def others_pass(self) -> bool:
        """Whether messages behind this one may go before it."""
        return self.reason in reasons.OTHERS_PASS


@dataclass(frozen=True, slots=True)
class Drop:
    """It never goes: the status and error code that end it."""

    status: Literal["skipped", "cancelled"]
    error: Literal["expired", "opted_out", "no_consent", "campaign_stopped"] | None


Decision = Go | Wait | Drop


@dataclass(frozen=True, slots=True)
class _Closed:
    reason: Reason
    until: datetime | None = None


_Gate = Callable[[datetime, Facts], _Closed | None]

_ACCOUNT_CLOSED: dict[AccountState, Reason] = {
    "pending": "account_pending",
    "suspended": "account_suspended",
    "locked": "account_locked",
}

# Beyond this a wait is not worth a calendar, and local times near year 9999 would overflow.
_FAR = datetime(9000, 1, 1, tzinfo=UTC)


def decide(now: datetime, facts: Facts) -> Decision:
    """Whether the message may go at `now`, else why not and until when.

    now: aware. The reason is the first closed gate in order. `until` is the earliest moment at which all
    gates are open if nothing else changes, not only the first: a cap that opens at midnight inside quiet
    hours waits until they end. So deciding again at `until` on the same facts says Go (or Drop, if the
    message expires before), and at no moment between. `expires_at` does not shorten a wait. A wrong clock
    drops nothing, a damaged database neither, nor a box that is held.
    """
    now = now.astimezone(UTC)
    drop = _dropped(now, facts)
    if drop is not None:
        return drop
    first = _first_closed(now, facts)
    if first is None:
        return Go()
    detail = facts.device.detail if first.reason == "device_not_ready" else None
    return Wait(_all_open_at(now, facts), first.reason, detail)


def own_wait(now: datetime, facts: Facts) -> Wait | None:
    """Why this message would wait even at the head of its line; None if nothing holds only itself.

    `until` is as in `decide`, with all gates.
    """
    now = now.astimezone(UTC)
    for gate in _GATES:
        closed = gate(now, facts)
        if closed is not None and closed.reason in reasons.OTHERS_PASS:
            return Wait(_all_open_at(now, facts), closed.reason)
    return None


def closed_for_device(now: datetime, device: Device) -> list[Reason]:
    """Which reasons of OF_DEVICE hold the device's cold or unchecked messages at this moment."""
    asked: Message = Message(cold=True, unchecked=True)
    facts = Facts(rules=Rules(zone=ZoneInfo("UTC")), counted_on=now.date(), device=device, message=asked)
    return [closed.reason for gate in _LIMITS if (closed := gate(now, facts)) is not None]


def warmup_day(now: datetime, first_linked_at: datetime | None, zone: ZoneInfo) -> int | None:
    """The day of the ramp, 1 to 7, in local calendar days from the first link; None after it."""
    if first_linked_at is None:
        return 1
    day = (local_day(now, zone) - local_day(first_linked_at, zone)).days + 1
    return max(day, 1) if day <= len(WARMUP) else None


def effective_daily_cap(now: datetime, device: Device, account: Account, rules: Rules) -> int | None:
    """The least of the plan's cap, the device's and its warm-up's today; None = no cap."""
    caps = [cap for cap in (account.daily_cap, rules.daily_cap) if cap]
    ramp = _ramp(now, device, rules)
    return min([*caps, *([] if ramp is None else [ramp])], default=None)


def _dropped(now: datetime, facts: Facts) -> Drop | None:
    message = facts.message
    if facts.fenced or not (facts.clock_ok and facts.database_ok):
        return None
    if message.cancel_asked:
        return Drop("cancelled", None)
    if message.campaign in ("stopped", "failed"):
        return Drop("cancelled", "campaign_stopped")
    if message.opted_out and not message.system:
        return Drop("skipped", "opted_out")
    if facts.rules.require_consent and not message.consented and not message.system:
        return Drop("skipped", "no_consent")
    if message.expires_at is not None and now >= message.expires_at:
        return Drop("skipped", "expired")
    return None


def _first_closed(moment: datetime, facts: Facts) -> _Closed | None:
    return next((closed for gate in _GATES if (closed := gate(moment, facts)) is not None), None)


def _all_open_at(now: datetime, facts: Facts) -> datetime | None:
    """The fixed point. Each round goes to the latest moment that a closed gate names: before it that gate
    is closed, so no good moment is jumped over. All gates but quiet hours and days off stay open once they
    opened, so the rounds end; if those leave no time at all, nobody can know.
    """
    moment = now
    for _ in range(MOST_STEPS):
        if moment >= _FAR:
            break
        closed = [found for gate in _GATES if (found := gate(moment, facts)) is not None]
        if not closed:
            return moment
        known = [found.until for found in closed if found.until is not None]
        if len(known) < len(closed):
            return None
        moment = max(known).astimezone(UTC)
    return moment if moment >= _FAR else None


def _database(moment: datetime, facts: Facts) -> _Closed | None:
    return None if facts.database_ok else _Closed("database_damaged")


def _quarantine(moment: datetime, facts: Facts) -> _Closed | None:
    return _Closed("quarantined") if facts.fenced == "quarantined" else None


def _moved_away(moment: datetime, facts: Facts) -> _Closed | None:
    return _Closed("moved_away") if facts.fenced == "moved_away" else None


def _clock(moment: datetime, facts: Facts) -> _Closed | None:
    return None if facts.clock_ok else _Closed("clock_wrong")


def _account(moment: datetime, facts: Facts) -> _Closed | None:
    reason = _ACCOUNT_CLOSED.get(facts.account.state)
    return None if reason is None else _Closed(reason)


def _plan(moment: datetime, facts: Facts) -> _Closed | None:
    expires = facts.account.plan_expires_at
    return None if expires is None or moment < expires else _Closed("plan_expired")


def _over_plan(moment: datetime, facts: Facts) -> _Closed | None:
    return _Closed("over_plan") if facts.device.over_plan else None


def _device(moment: datetime, facts: Facts) -> _Closed | None:
    return None if facts.device.state == "ready" else _Closed("device_not_ready")


def _timelock(moment: datetime, facts: Facts) -> _Closed | None:
    device = facts.device
    if not (device.locked and facts.message.cold):
        return None
    return _until(moment, device.lock_until, "restricted") if device.lock_until else _Closed("restricted")


def _number_changed(moment: datetime, facts: Facts) -> _Closed | None:
    return _Closed("number_changed") if facts.device.number_changed else None


def _quota(moment: datetime, facts: Facts) -> _Closed | None:
    device = facts.device
    if not (device.capped and facts.message.cold):
        return None
    ends = device.cap_until
    return _until(moment, ends, "new_chats_capped") if ends else _Closed("new_chats_capped")


def _refusals(moment: datetime, facts: Facts) -> _Closed | None:
    return _until(moment, facts.device.cold_rests_until, "new_chats_refused") if facts.message.cold else None


def _campaign(moment: datetime, facts: Facts) -> _Closed | None:
    if facts.message.campaign == "paused":
        return _Closed("campaign_paused")
    if facts.message.campaign == "scheduled" and facts.message.scheduled_for is None:
        return _Closed("scheduled")
    return None


def _review(moment: datetime, facts: Facts) -> _Closed | None:
    return _Closed("content_review") if facts.message.in_review else None


def _schedule(moment: datetime, facts: Facts) -> _Closed | None:
    return _until(moment, facts.message.scheduled_for, "scheduled")


def _day_off(moment: datetime, facts: Facts) -> _Closed | None:
    rules = facts.rules
    ends = None if facts.message.system else rules.quiet.day_off_end(moment, rules.zone)
    return None if ends is None else _Closed("day_off", ends)


def _quiet(moment: datetime, facts: Facts) -> _Closed | None:
    rules = facts.rules
    ends = None if facts.message.system else rules.quiet.hours_end(moment, rules.zone)
    return None if ends is None else _Closed("quiet_hours", ends)


def _daily(moment: datetime, facts: Facts) -> _Closed | None:
    account, device, rules = facts.account, facts.device, facts.rules
    if _over(account.sent_today, account.daily_cap) or _over(device.sent_today, rules.daily_cap):
        closed = _until_next_day(moment, facts, "daily_cap")
        if closed is not None:
            return closed
    ramp = _ramp(moment, device, rules)
    if ramp is not None and device.sent_today >= ramp:
        return _until_next_day(moment, facts, "warmup")
    return None


def _new_chats(moment: datetime, facts: Facts) -> _Closed | None:
    if facts.message.is_new_chat and _over(facts.device.new_chats_today, facts.rules.new_chats_per_day):
        return _until_next_day(moment, facts, "new_chat_cap")
    return None


def _hourly(moment: datetime, facts: Facts) -> _Closed | None:
    filled = facts.device.filled_hour_at
    if not facts.rules.hourly_cap or filled is None:
        return None
    return _until(moment, filled + timedelta(hours=1), "hourly_cap")


def _recipient(moment: datetime, facts: Facts) -> _Closed | None:
    message = facts.message
    if message.campaign is not None and _over(message.recipient_today, facts.rules.recipient_per_day):
        return _until_next_day(moment, facts, "recipient_cap")
    return None


def _gap(moment: datetime, facts: Facts) -> _Closed | None:
    return _until(moment, facts.device.next_send_at, "gap")


def _number(moment: datetime, facts: Facts) -> _Closed | None:
    return _until(moment, facts.message.number_check_at, "number_check")


def _checks(moment: datetime, facts: Facts) -> _Closed | None:
    rests = facts.device.checks_rest_until
    return _until(moment, rests, "too_many_checks") if facts.message.unchecked else None


_LIMITS: tuple[_Gate, ...] = (_timelock, _quota, _refusals, _checks)

_GATES: tuple[_Gate, ...] = (
    _database,
    _quarantine,
    _moved_away,
    _clock,
    _account,
    _plan,
    _over_plan,
    _device,
    _number_changed,
    _timelock,
    _quota,
    _refusals,
    _campaign,
    _review,
    _schedule,
    _day_off,
    _quiet,
    _daily,
    _new_chats,
    _hourly,
    _recipient,
    _gap,
    _number,
    _checks,
)


def _until(moment: datetime, opens: datetime | None, reason: Reason) -> _Closed | None:
    return None if opens is None or moment >= opens else _Closed(reason, opens)


def _until_next_day(moment: datetime, facts: Facts, reason: Reason) -> _Closed | None:
    """Closed until the counts no longer count: the local midnight after the day they were taken on."""
    return _until(moment, day_start(facts.counted_on + timedelta(days=1), facts.rules.zone), reason)


def _over(count: int, cap: int) -> bool:
    return 0 < cap <= count


def _ramp(moment: datetime, device: Device, rules: Rules) -> int | None:
    day = warmup_day(moment, device.first_linked_at, rules.zone) if rules.warmup else None
    return None if day is None else WARMUP[day - 1]
