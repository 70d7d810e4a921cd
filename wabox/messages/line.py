"""The line of messages before a device: whose turn it is, and why and until when everybody else waits.

Reads the facts for `gate.decide`, for the engine's claim and for the explanation on API and pages alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import cast

from wabox import times
from wabox.billing import subscriptions
from wabox.config import Config
from wabox.contacts import suppression
from wabox.content import refusals, reviews
from wabox.content import rules as rules_in_force
from wabox.content.rules import Verdict
from wabox.db import Row, Rows, Tx
from wabox.devices import devices
from wabox.messages import facts, gate, outbox, statuses
from wabox.messages.localtime import day_start, local_day

MOST_ASIDE = 100  # messages one claim may put aside
MOST_COUNTED = 10_000  # ahead of a message; beyond it, the exact number helps nobody
LEAST_SECONDS = 0.5  # what handing over one message takes, without any gap


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a message waits. until: aware UTC, None where nobody can know. reason: a code of facts.Reason.

    ahead: messages of this device that go first. expected_at: an estimate, for those behind the head.
    """

    reason: facts.Reason | None = None
    until: datetime | None = None
    detail: str | None = None
    ahead: int | None = None
    expected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    """What all messages of one device share at one moment."""

    device: devices.Device
    shared: facts.Facts
    now: datetime
    new_chats_full: bool
    midnight: datetime
    campaigns: tuple[int, ...]  # of the user, running
    counted: dict[tuple[int | None, int], tuple[int, int]] = field(default_factory=dict)  # see _counted

    def facts_for(self, rows: Rows, row: Row) -> facts.Facts:
        checked = row["held_until"] if row["held_reason"] == "number_check" else None
        return replace(
            self.shared,
            message=facts.Message(
                campaign=cast("facts.CampaignState | None", row["campaign"]),
                scheduled_for=times.read_or_none(row["scheduled_for"]),
                expires_at=times.read_or_none(row["expires_at"]),
                is_new_chat=bool(row["new_chat"]),
                recipient_today=self._recipient_today(rows, row),
                number_check_at=times.read_or_none(checked),
                opted_out=bool(row["opted_out"]),
                system=bool(row["is_system"]),
                in_review=bool(row["in_review"]),
            ),
        )

    def _recipient_today(self, rows: Rows, row: Row) -> int:
        """Campaign messages this person got today; asked only where there is a cap."""
        if not self.shared.rules.recipient_per_day or row["campaign_id"] is None:
            return 0
        counted = rows.value(
            """select count(*) from messages where user_id = :user_id and phone = :phone
               and campaign_id is not null and spent_at >= :midnight""",
            user_id=row["user_id"],
            phone=row["phone"],
            midnight=times.stored(self.midnight),
        )
        return int(counted)

    def passable(self) -> str:
        return _PASSABLE + (_KNOWN_CHATS if self.new_chats_full else "")


_MESSAGE = f"""select m.id, m.user_id, m.device_id, m.phone, m.campaign_id, m.priority, m.is_system,
    m.scheduled_for, m.expires_at, m.held_until, m.held_reason, m.new_chat, m.in_review, c.status as campaign,
    {suppression.CLAUSE} as opted_out
    from messages m left join campaigns c on c.id = m.campaign_id"""  # noqa: S608 - this house's constants

# What may stand at the head of a device's line: a message held only by itself lets the others pass. One
# question for the single messages and one for each running campaign, so that a paused one costs nothing.
_PASSABLE = """m.device_id = :device_id and m.in_review = 0 and m.campaign_id is :campaign_id
    and m.status = 'queued'
    and (m.scheduled_for is null or m.scheduled_for <= :now)
    and (m.held_until is null or m.held_until <= :now)"""
_KNOWN_CHATS = " and m.new_chat = 0"


def rules(config: Config, timezone: str | None = None) -> facts.Rules:
    """`[sending]` and `[guards]` as the gate wants them. timezone: the user's own, else the shop's."""
    sending = config.sending
    return facts.Rules(
        zone=config.zone if timezone is None else config.zone_named(timezone),
        quiet_hours=sending.quiet_hours,
        daily_cap=sending.daily_cap,
        hourly_cap=sending.hourly_cap,
        new_chats_per_day=sending.new_chats_per_day,
        recipient_per_day=config.guards.campaign_messages_per_day,
        warmup=sending.warmup,
    )


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a device may send today. warmup_day: 1 to 7, None after it. daily_cap: None = no cap.

    over_plan: nothing, for the plan allows fewer linked devices and this one is beyond.
    """

    warmup_day: int | None
    daily_cap: int | None
    sent_today: int
    over_plan: bool = False


def allowance(rows: Rows, device: devices.Device, *, config: Config, now: datetime) -> Allowance:
    """The device's share of today, as the gate sees it."""
    shared = _line(rows, device, config=config, now=now).shared
    wanted, seen = shared.rules, shared.device
    linked = wanted.warmup and seen.first_linked_at is not None
    return Allowance(
        warmup_day=gate.warmup_day(now, seen.first_linked_at, wanted.zone) if linked else None,
        daily_cap=gate.effective_daily_cap(now, seen, shared.account, wanted),
        sent_today=seen.sent_today,
        over_plan=seen.over_plan,
    )


def claim_next(tx: Tx, device_id: int, *, config: Config, now: datetime) -> outbox.Message | gate.Wait | None:
    """queued → sending for the head of the device's line, if the gate says so in this transaction.

    Returns the claimed message, or why the head waits, or None if nobody stands in line. What can never
    go is dropped on the way, what a person shall read first is put aside: some of them at once, and the rest
    at the next turn, so that nobody waits long for this transaction.
    """
    line = _line(tx, devices.by_id(tx, device_id), config=config, now=now)
    aside = 0
    while aside < MOST_ASIDE and (row := _head(tx, line)) is not None:
        decision = gate.decide(now, line.facts_for(tx, row))
        if isinstance(decision, gate.Wait):
            if not decision.others_pass or decision.until is None:
                return decision
            outbox.hold(tx, row["id"], until=decision.until, reason=decision.reason)
            continue
        if isinstance(decision, gate.Go):
            if _put_aside(tx, row["id"], now):
                aside += 1
                continue
            claimed = outbox.claim(tx, row["id"], now=now)
            assert claimed
            return outbox.by_id(tx, row["id"])
        _drop(tx, row["id"], decision, now)
    return None


def explain(
    rows: Rows,
    messages: Iterable[outbox.Message],
    *,
    config: Config,
    now: datetime,
    most_ahead: int = MOST_COUNTED,
) -> dict[int, Waiting]:
    """{message id: why it waits} for those of the messages that are queued or in doubt.

    most_ahead: how far to count who goes first; 1 is enough, and quickest, for the reason alone.
    """
    lines: dict[int, _Line] = {}
    found: dict[int, Waiting] = {}
    for message in sorted((one for one in messages if one.status in statuses.OPEN), key=lambda one: one.id):
        if message.device_id not in lines:
            device = devices.by_id(rows, message.device_id)
            lines[message.device_id] = _line(rows, device, config=config, now=now)
        found[message.id] = _explain(rows, lines[message.device_id], message, config, most_ahead)
    return found


def _explain(rows: Rows, line: _Line, message: outbox.Message, config: Config, most_ahead: int) -> Waiting:
    if message.status == "sending":
        doubtful = message.recoveries or message.rest_until or message.doubt_stage
        return Waiting("in_doubt", message.rest_until) if doubtful else Waiting()
    row = rows.one(f"{_MESSAGE} where m.id = :id", id=message.id)
    assert row is not None
    wanted = line.facts_for(rows, row)
    own = gate.own_wait(line.now, wanted)
    if own is not None:
        return Waiting(own.reason, own.until, own.detail, expected_at=own.until)
    ahead = _ahead(rows, line, row, most_ahead)
    if ahead:
        return Waiting("in_line", None, ahead=ahead, expected_at=_expected(line, ahead, config))
    decision = gate.decide(line.now, wanted)
    if isinstance(decision, gate.Wait):
        return Waiting(decision.reason, decision.until, decision.detail, ahead=0, expected_at=decision.until)
    if isinstance(decision, gate.Go) and (verdict := judged(rows, message)) and verdict.action == "hold":
        return Waiting("content_review", ahead=0)
    return Waiting(ahead=0, expected_at=line.now)


def _line(rows: Rows, device: devices.Device, *, config: Config, now: datetime) -> _Line:
    user = rows.one("select state, timezone from users where id = :id", id=device.user_id)
    assert user is not None
    wanted = rules(config, user["timezone"])
    today = local_day(now, wanted.zone)
    midnight = day_start(today, wanted.zone)
    counts = _counts(rows, device.id, wanted, now, midnight)
    standing = subscriptions.standing(rows, device.user_id, enabled=config.billing.enabled, now=now)
    seen = facts.Device(
        state=device.state,
        detail=device.detail,
        restricted_until=device.restricted_until,
        first_linked_at=device.first_linked_at,
        next_send_at=device.next_send_at,
        sent_today=counts[0],
        new_chats_today=counts[1],
        filled_hour_at=counts[2],
        over_plan=_over_plan(rows, device, standing),
    )
    account = _account(rows, device.user_id, user["state"], standing, midnight)
    clock_ok = rows.value("select 1 from box where key = 'clock_wrong'") is None
    shared = facts.Facts(rules=wanted, counted_on=today, account=account, device=seen, clock_ok=clock_ok)
    full = 0 < wanted.new_chats_per_day <= seen.new_chats_today
    running = rows.all(
        "select id from campaigns where user_id = :user_id and status = 'sending'", user_id=device.user_id
    )
    return _Line(device, shared, now, full, midnight, tuple(row["id"] for row in running))


def _over_plan(rows: Rows, device: devices.Device, standing: subscriptions.Standing) -> bool:
    """Whether a plan for fewer phones leaves this linked one out. The box's own limit stops no phone."""
    if standing.most_devices is None or not device.linked:
        return False
    return device.id not in devices.within(rows, device.user_id, standing.most_devices)


def _account(
    rows: Rows, user_id: int, state: str, standing: subscriptions.Standing, midnight: datetime
) -> facts.Account:
    """The sender, with what the plan in force allows."""
    return facts.Account(
        state=cast(facts.AccountState, state),
        plan_expires_at=standing.paid_until,
        daily_cap=standing.daily_cap,
        sent_today=_sent_by_all(rows, user_id, midnight) if standing.daily_cap else 0,
    )


def _sent_by_all(rows: Rows, user_id: int, midnight: datetime) -> int:
    """What all devices of the user sent today. One that was claimed counts: it may be armed any moment."""
    counted = rows.value(
        """select (select count(*) from devices d join messages m on m.device_id = d.id
                   where d.user_id = :user_id and m.spent_at >= :midnight)
                + (select count(*) from devices d join messages m on m.device_id = d.id
                   where d.user_id = :user_id and m.status = 'sending' and m.spent_at is null)""",
        user_id=user_id,
        midnight=times.stored(midnight),
    )
    return int(counted)


def _counts(
    rows: Rows, device_id: int, wanted: facts.Rules, now: datetime, midnight: datetime
) -> tuple[int, int, datetime | None]:
    """Sent today, new chats today, and when the hour was filled; asked only where there is a cap."""
    sent = fresh = 0
    if wanted.daily_cap or wanted.warmup or wanted.new_chats_per_day:
        row = rows.one(
            """select count(*), coalesce(sum(new_chat), 0) from messages
               where device_id = :device_id and spent_at >= :midnight""",
            device_id=device_id,
            midnight=times.stored(midnight),
        )
        assert row is not None
        sent, fresh = row[0], row[1]
    filled = None
    if wanted.hourly_cap:
        filled = rows.value(
            """select spent_at from messages where device_id = :device_id and spent_at > :since
               order by spent_at desc limit 1 offset :n""",
            device_id=device_id,
            since=times.stored(now - timedelta(hours=1)),
            n=wanted.hourly_cap - 1,
        )
    return sent, fresh, times.read_or_none(filled)


def _head(rows: Rows, line: _Line) -> Row | None:
    """Single messages before campaigns; among running campaigns, what was queued first."""
    heads = []
    for campaign_id in (None, *line.campaigns):
        row = rows.one(
            f"{_MESSAGE} where {line.passable()} order by m.priority desc, m.id limit 1",
            device_id=line.device.id,
            campaign_id=campaign_id,
            now=times.stored(line.now),
        )
        if row is not None and campaign_id is None:
            return row
        if row is not None:
            heads.append(row)
    return min(heads, key=lambda row: (-row["priority"], row["id"]), default=None)


def _ahead(rows: Rows, line: _Line, row: Row, most: int) -> int:
    single = row["campaign_id"] is None
    counted = 0
    for campaign_id in (None,) if single else (None, *line.campaigns):
        counted += _counted(rows, line, campaign_id, row, most)
    busy = rows.value(
        "select 1 from messages where device_id = :device_id and status = 'sending'",
        device_id=line.device.id,
    )
    return min(counted, most) + (1 if busy else 0)


def _counted(rows: Rows, line: _Line, campaign_id: int | None, row: Row, most: int) -> int:
    """How many of these go before the row, at most so many.

    Messages are asked for in the order of their ids, so that each counts on from the one before it: a page
    of a long line walks that line once.
    """
    place = (campaign_id, row["priority"])
    last, before = line.counted.get(place, (0, 0))
    if before < most:
        higher = "" if last else "m.priority > :priority or"
        before += rows.value(
            f"""select count(*) from (select 1 from messages m where {line.passable()}
                and ({higher} (m.priority = :priority and m.id >= :last and m.id < :id)) limit :most)""",  # noqa: S608
            device_id=line.device.id,
            campaign_id=campaign_id,
            now=times.stored(line.now),
            priority=row["priority"],
            last=last,
            id=row["id"],
            most=most - before,
        )
    line.counted[place] = (row["id"], before)
    return before


def foresee(rows: Rows, device: devices.Device, count: int, *, config: Config, now: datetime) -> datetime:
    """When `count` more messages would have gone from a linked device, at today's pace and caps."""
    line = _line(rows, device, config=config, now=now)
    waiting = rows.value(
        """select count(*) from messages m left join campaigns c on c.id = m.campaign_id
           where m.device_id = :id and m.status = 'queued' and m.in_review = 0
           and (c.status is null or c.status = 'sending')""",
        id=device.id,
    )
    return _after(line, line.now, waiting + count, config)


def _expected(line: _Line, ahead: int, config: Config) -> datetime | None:
    """An estimate for one behind the head: the head's moment, then its pace."""
    head = gate.decide(line.now, line.shared)
    start = line.now if not isinstance(head, gate.Wait) else head.until
    return None if start is None else _after(line, start, ahead, config)


def _after(line: _Line, start: datetime, count: int, config: Config) -> datetime:
    """`count` mean gaps after the start, and what today's cap leaves for later days."""
    low, high = config.sending.gap_seconds
    pace = timedelta(seconds=max((low + high) / 2, LEAST_SECONDS))
    wanted = line.shared.rules
    if wanted.hourly_cap:
        pace = max(pace, timedelta(hours=1) / wanted.hourly_cap)
    cap = gate.effective_daily_cap(line.now, line.shared.device, line.shared.account, wanted)
    if cap is None:
        return start + pace * count
    left = max(cap - line.shared.device.sent_today, 0)
    if count < left:
        return start + pace * count
    days, rest = divmod(count - left, cap)
    return start + timedelta(days=days + 1) + pace * rest


def _put_aside(tx: Tx, message_id: int, now: datetime) -> bool:
    """Whether the text may not go now: a rule may be younger than the message."""
    message = outbox.by_id(tx, message_id)
    verdict = judged(tx, message)
    if verdict is None:
        return False
    if verdict.action == "hold":
        return outbox.into_review(tx, message, verdict, now=now)
    refusals.count(tx, message.user_id, verdict, now=now)
    return outbox.skip(tx, message, "content_refused", now=now, text=verdict.reason)


def judged(rows: Rows, message: outbox.Message) -> Verdict | None:
    """What the rules in force say of the message; what a person let go is held no more, but may be refused."""
    if message.system:
        return None
    verdict = rules_in_force.verdict(rows, message.text, reviews.passed(rows, message.campaign_id))
    if verdict is not None and verdict.action == "hold" and reviews.has_passed(rows, message.id):
        return None
    return verdict


def _drop(tx: Tx, message_id: int, decision: gate.Drop, now: datetime) -> None:
    message = outbox.by_id(tx, message_id)
    if decision.status == "skipped":
        outbox.skip(tx, message, decision.error, now=now)
    else:
        outbox.cancel(tx, message, now=now, error=decision.error)


def devices_due(rows: Rows, *, now: datetime) -> list[int]:
    """Ids of devices that have something to send or to look up, and whose gap is over."""
    return [
        row["id"]
        for row in rows.all(
            """select d.id from devices d where d.wanted = 1 and d.removed_at is null and (
                 exists (select 1 from messages m where m.device_id = d.id and m.status = 'sending')
                 or ((d.next_send_at is null or d.next_send_at <= :now) and d.state = 'ready' and
                     exists (select 1 from messages m where m.device_id = d.id and m.status = 'queued'
                             and m.in_review = 0)))""",
            now=times.stored(now),
        )
    ]
