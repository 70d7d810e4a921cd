"""The line of messages before a device: what all of them share at one moment, as `gate.decide` wants it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import cast

from wabox import fence, times
from wabox.billing import subscriptions
from wabox.config import Config
from wabox.contacts import suppression
from wabox.db import Row, Rows
from wabox.devices import limits, rules
from wabox.devices import stored as devices
from wabox.messages import chats, facts, gate
from wabox.times import day_start, local_day
from wabox.whatsapp.driver import NewChats


@dataclass(frozen=True, slots=True)
class Line:
    """What all messages of one device share at one moment.

    campaigns: of the user, running. counted: how far `explaining` has walked the line, by campaign and priority.
    counted_new: the same of new people alone, by `foreseeing`.
    own_new_chats_per_day: the rules' own cap, before WhatsApp's share is taken for it.
    without: the id of a message that counts in no cap, 0 = none: it was handed over before, and is judged anew.
    """

    device: devices.Device
    shared: facts.Facts
    now: datetime
    new_chats_full: bool
    midnight: datetime
    campaigns: tuple[int, ...]
    counted: dict[tuple[int | None, int], tuple[int, int]] = field(default_factory=dict)
    counted_new: dict[tuple[int | None, int], tuple[int, int]] = field(default_factory=dict)
    without: int = 0
    own_new_chats_per_day: int = 0

    def facts_for(self, rows: Rows, row: Row) -> facts.Facts:
        """What the gate judges of one message. row: of MESSAGE."""
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
                consented=bool(row["consented"]),
                cancel_asked=bool(row["cancel_asked"]),
                cold=bool(row["cold"]),
                unchecked=self._unchecked(rows, row),
            ),
        )

    def _unchecked(self, rows: Rows, row: Row) -> bool:
        """Whether the number must be asked about; looked at only while questions have a pace of their own."""
        rests = self.device.checks_rest_until
        if rests is None or rests <= self.now:
            return False
        return chats.known(rows, self.device, row["phone"], now=self.now) is None

    def _recipient_today(self, rows: Rows, row: Row) -> int:
        """Campaign messages this person got today; asked only where there is a cap."""
        if not self.shared.rules.recipient_per_day or row["campaign_id"] is None:
            return 0
        counted = rows.value(
            """select count(*) from messages where user_id = :user_id and phone = :phone
               and campaign_id is not null and spent_at >= :midnight and id <> :without
               and status <> 'failed'""",
            without=self.without,
            user_id=row["user_id"],
            phone=row["phone"],
            midnight=times.stored(self.midnight),
        )
        return int(counted)

    def passable(self) -> str:
        """SQL: what may stand at the head. Wants :device_id and :campaign_id."""
        return _PASSABLE + (_KNOWN_CHATS if self.new_chats_full else "")


MESSAGE = f"""select m.id, m.user_id, m.device_id, m.phone, m.campaign_id, m.priority, m.is_system,
    m.scheduled_for, m.expires_at, m.held_until, m.held_reason, m.in_review, m.cancel_asked, c.status as campaign,
    not {chats.KNOWN} as new_chat, {chats.COLD} as cold, {suppression.CLAUSE} as opted_out,
    (m.phone glob '*@*' or exists (select 1 from contacts who where who.user_id = m.user_id
     and who.phone = m.phone and who.consent_at is not null)) as consented
    from messages m left join campaigns c on c.id = m.campaign_id"""  # noqa: S608 - this house's constants

# What may stand at the head of a device's line: a message held only by itself stands beside it. One question
# for the single messages and one for each running campaign, so that a paused one costs nothing.
_PASSABLE = """m.device_id = :device_id and m.in_review = 0 and m.campaign_id is :campaign_id
    and m.status = 'queued' and m.held_until is null"""
_KNOWN_CHATS = " and m.new_chat = 0"  # a hint, for the index; whoever stands at the head is asked of `chats`


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a device may send today. warmup_day: 1 to 7, None after it. daily_cap: None = no cap.

    warmup: whether a new number of its is warmed up.

    over_plan: nothing, for the plan allows fewer linked devices and this one is beyond.
    """

    warmup_day: int | None
    daily_cap: int | None
    sent_today: int
    warmup: bool
    over_plan: bool = False


def allowance(rows: Rows, device: devices.Device, *, config: Config, now: datetime) -> Allowance:
    """The device's share of today, as the gate sees it."""
    line = of_device(rows, device, config=config, now=now)
    shared, wanted, seen = line.shared, line.shared.rules, line.shared.device
    linked = wanted.warmup and seen.first_linked_at is not None
    return Allowance(
        warmup_day=gate.warmup_day(now, seen.first_linked_at, wanted.zone) if linked else None,
        daily_cap=gate.effective_daily_cap(now, seen, shared.account, wanted),
        sent_today=seen.sent_today or _sent_today(rows, device, line.midnight),
        over_plan=seen.over_plan,
        warmup=wanted.warmup,
    )


def _sent_today(rows: Rows, device: devices.Device, midnight: datetime) -> int:
    """What its number sent today, where no cap asked for it; only today's part of an index is read."""
    return int(
        rows.value(
            """select count(*) from messages
               where user_id = :user_id and account = :account and spent_at >= :midnight""",
            user_id=device.user_id,
            account=device.phone or "",
            midnight=times.stored(midnight),
        )
    )


def has_sent(rows: Rows, device_id: int, *, since: datetime | None) -> bool:
    """Whether anything was handed over from the device since then; ever, without a moment."""
    return bool(
        rows.value(
            "select exists (select 1 from messages where device_id = :id and spent_at >= :since)",
            id=device_id,
            since="" if since is None else times.stored(since),
        )
    )


def waiting(rows: Rows, device_id: int, *, most: int) -> int:
    """How many messages wait before the device, counted up to `most`."""
    return int(
        rows.value(
            """select count(*) from
                 (select 1 from messages where device_id = :id and status = 'queued' limit :most)""",
            id=device_id,
            most=most,
        )
    )


def of_device(rows: Rows, device: devices.Device, *, config: Config, now: datetime, without: int = 0) -> Line:
    """The device's line at this moment. without: a message whose own earlier attempt counts in no cap."""
    user = rows.one("select state, timezone from users where id = :id", id=device.user_id)
    assert user is not None
    wanted = rules.of_phone(rows, device.rules, config=config, zone=config.zone_named(user["timezone"]))
    today = local_day(now, wanted.zone)
    midnight = day_start(today, wanted.zone)
    told = limits.in_force(device.limits, now) or limits.NOTHING
    own_new_chats = wanted.new_chats_per_day
    counts = _counts(rows, device, wanted, now, midnight, without, asked=told.new_chats is not None)
    wanted = replace(wanted, new_chats_per_day=_share(wanted.new_chats_per_day, told.new_chats, counts[1], now))
    standing = subscriptions.standing(rows, device.user_id, enabled=config.billing.enabled, now=now)
    seen = facts.Device(
        state=device.state,
        detail=device.detail,
        locked=told.timelock is not None,
        lock_until=told.timelock.until if told.timelock else None,
        capped=told.capped,
        cap_until=told.new_chats.resets_at if told.new_chats else None,
        cold_rests_until=device.cold_rests_until,
        checks_rest_until=device.checks_rest_until,
        first_linked_at=device.first_linked_at,
        next_send_at=device.next_send_at,
        sent_today=counts[0],
        new_chats_today=counts[1],
        filled_hour_at=counts[2],
        over_plan=_over_plan(rows, device, standing),
        number_changed=device.number_changed,
    )
    account = _account(rows, device.user_id, user["state"], standing, midnight, without)
    clock_ok = rows.value("select 1 from box where key = 'clock_wrong'") is None
    shared = facts.Facts(
        rules=wanted,
        counted_on=today,
        account=account,
        device=seen,
        fenced=fence.reason(rows),
        clock_ok=clock_ok,
        database_ok=not rows.damaged,
    )
    full = 0 < wanted.new_chats_per_day <= seen.new_chats_today
    running = rows.all(
        "select id from campaigns where user_id = :user_id and status = 'sending'", user_id=device.user_id
    )
    campaigns = tuple(row["id"] for row in running)
    return Line(
        device, shared, now, full, midnight, campaigns, without=without, own_new_chats_per_day=own_new_chats
    )


def _share(own: int, quota: NewChats | None, begun_today: int, now: datetime) -> int:
    """New chats a day: the box's own cap, or an even share of what WhatsApp leaves, if less; 0 = any number."""
    if quota is None or quota.capped or quota.resets_at is None:
        return own
    days = max(-(-(quota.resets_at - now) // timedelta(days=1)), 1)
    share = max((quota.total - quota.used + begun_today) // days, 1)
    return min(own, share) if own else share


def _over_plan(rows: Rows, device: devices.Device, standing: subscriptions.Standing) -> bool:
    """Whether a plan for fewer phones leaves this linked one out. The box's own limit stops no phone."""
    if standing.most_devices is None or not device.linked:
        return False
    return device.id not in devices.within(rows, device.user_id, standing.most_devices)


def _account(
    rows: Rows, user_id: int, state: str, standing: subscriptions.Standing, midnight: datetime, without: int
) -> facts.Account:
    """The sender, with what the plan in force allows."""
    return facts.Account(
        state=cast(facts.AccountState, state),
        plan_expires_at=standing.paid_until,
        daily_cap=standing.daily_cap,
        sent_today=_sent_by_all(rows, user_id, midnight, without) if standing.daily_cap else 0,
    )


def _sent_by_all(rows: Rows, user_id: int, midnight: datetime, without: int) -> int:
    """What all devices of the user sent today. One that was claimed counts: it may be armed any moment."""
    counted = rows.value(
        """select (select count(*) from devices d join messages m on m.device_id = d.id
                   where d.user_id = :user_id and m.spent_at >= :midnight and m.id <> :without)
                + (select count(*) from devices d join messages m on m.device_id = d.id
                   where d.user_id = :user_id and m.status = 'sending' and m.spent_at is null
                   and m.id <> :without)""",
        without=without,
        user_id=user_id,
        midnight=times.stored(midnight),
    )
    return int(counted)


def _counts(
    rows: Rows,
    device: devices.Device,
    wanted: rules.Rules,
    now: datetime,
    midnight: datetime,
    without: int,
    *,
    asked: bool,
) -> tuple[int, int, datetime | None]:
    """Sent today, new chats today, and when the hour was filled; only where there is a cap, or `asked`.

    All of them are of the number that the device is linked with, whatever device it sent from.
    """
    sent, fresh, mine = 0, 0, {"user_id": device.user_id, "account": device.phone or "", "without": without}
    if asked or wanted.daily_cap or wanted.warmup or wanted.new_chats_per_day:
        row = rows.one(
            """select count(*), coalesce(sum(new_chat), 0) from messages
               where user_id = :user_id and account = :account and spent_at >= :midnight and id <> :without""",
            **mine,
            midnight=times.stored(midnight),
        )
        assert row is not None
        sent, fresh = row[0], row[1]
    filled = None
    if wanted.hourly_cap:
        filled = rows.value(
            """select spent_at from messages where user_id = :user_id and account = :account
               and spent_at > :since and id <> :without order by spent_at desc limit 1 offset :n""",
            **mine,
            since=times.stored(now - timedelta(hours=1)),
            n=wanted.hourly_cap - 1,
        )
    return sent, fresh, times.read_or_none(filled)
