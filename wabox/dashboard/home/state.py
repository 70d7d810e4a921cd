"""What stands on Home: the phones, what needs a person, what goes and waits, and today's numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from wabox import changes, times
from wabox.accounts import states
from wabox.backup import nightly
from wabox.billing import payments, subscriptions
from wabox.campaigns import repeats
from wabox.campaigns import stored as campaigns
from wabox.checkup import machine_clock
from wabox.contacts import inbox, naming
from wabox.content import reviews
from wabox.dashboard.frame import picking
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.home import first
from wabox.db import Rows
from wabox.devices import stored as devices
from wabox.messages import answers, explaining, line, log
from wabox.messages.explaining import Group
from wabox.webhooks import endpoints
from wabox.webhooks import log as webhook_log

SHOWN_WRONG = 3
SHOWN_CAMPAIGNS = 3  # of each kind
GOING: tuple[campaigns.Status, ...] = ("sending", "paused", "scheduled")


@dataclass(frozen=True, slots=True)
class Today:
    """Since the user's midnight. yesterday: the day before. allowances: what each phone may still send."""

    reached: dict[str, int]
    yesterday: dict[str, int]
    allowances: list[tuple[devices.Device, line.Allowance]]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What a person should look at. failed: since yesterday's midnight; unsure: until it is settled."""

    clock: bool
    unsure: log.Page
    failed: log.Page
    parked: int
    failing_since: datetime | None

    @property
    def phones(self) -> list[str]:
        """Of the messages among it."""
        return [one.phone for page in (self.unsure, self.failed) for one in page.messages]


@dataclass(frozen=True, slots=True)
class Held:
    """A campaign or a repeating one that wabox itself paused. at: the address of its page. why: a sentence."""

    name: str
    why: str
    at: str


def _counter(rows: Rows, desk: Desk, now: datetime) -> dict[str, Any]:
    """What selling asks of this reader: accounts and payments of the owner, a plan of a customer."""
    config, owner = desk.box.config, desk.user.role == "owner"
    sells = config.billing.enabled
    standing = subscriptions.standing(rows, desk.user.id, enabled=sells, now=now)
    return {
        "to_approve": states.to_approve(rows) if owner and config.registration == "approval" else 0,
        "to_check": payments.waiting(rows) if owner and sells else 0,
        "plan_over": standing if standing.paused(now) else None,
    }


def now(rows: Rows, desk: Desk) -> dict[str, Any]:
    """What changes by itself, as the templates name it."""
    user, at, config = desk.user, desk.voice.now, desk.box.config
    owned = devices.list_of(rows, user.id)
    waits = explaining.groups(rows, user.id, config=config, now=at)
    lines = _by_reason(waits)
    wrong = _wrong(rows, desk)
    midnight = _midnight(desk)
    moving = any(one.state in ("starting", "qr") for one in owned) or any(
        one.reason in (None, "gap", "in_doubt", "in_line") for one in waits
    )
    return {
        "devices": owned,
        "none_arrive": {one.id for one in owned if one.linked and answers.none_arrive(rows, one.id, now=at)},
        "waits": lines,
        "waiting_total": sum(one.count for one in waits),
        "most_counted": explaining.MOST_COUNTED,
        "wrong": wrong,
        "held": _held(rows, user.id),
        "most_held": SHOWN_WRONG,
        "named": naming.names(rows, user.id, [*(one.first.phone for one in lines), *wrong.phones]),
        "today": Today(
            dict(log.reached(rows, user.id, midnight, at + timedelta(days=1))),
            dict(log.reached(rows, user.id, midnight - timedelta(days=1), midnight)),
            [(one, line.allowance(rows, one, config=config, now=at)) for one in owned],
        ),
        "campaigns": _campaigns(rows, user.id, since=midnight),
        "unseen": inbox.unseen(rows, user.id),
        "unseen_of": inbox.unseen_of_one(rows, user.id),
        "to_read": reviews.waiting(rows) if user.role == "owner" and config.judges_content else 0,
        "no_backup": user.role == "owner" and nightly.alarms(config, now=at),
        "tray": inbox.in_tray(rows, user.id),
        **_counter(rows, desk, at),
        "poll": "2s" if moving else "8s",
    }


def whole(rows: Rows, desk: Desk) -> dict[str, Any]:
    """All of the page but what was typed."""
    new = changes.news(rows, desk.voice.language) if desk.user.role == "owner" else None
    return {
        **now(rows, desk),
        **picking.offered(rows, desk),
        "changes": new,
        "first": first.steps(rows, desk),
    }


def _by_reason(waits: list[Group]) -> list[Group]:
    """A group for each reason, of all phones and campaigns, in the order in which they go."""
    found: dict[str | None, list[Group]] = {}
    for one in waits:
        found.setdefault(one.reason, []).append(one)
    return [_joined(alike) for alike in found.values()]


def _joined(alike: list[Group]) -> Group:
    """until: when the first of them goes; done_at: when the last has gone, if that is known of each."""
    until = [one.until for one in alike if one.until is not None]
    done = [one.done_at for one in alike if one.done_at is not None]
    return replace(
        alike[0],
        until=min(until) if len(until) == len(alike) else None,
        done_at=max(done) if len(done) == len(alike) else None,
        count=sum(one.count for one in alike),
    )


def _campaigns(rows: Rows, user_id: int, *, since: datetime) -> list[campaigns.Campaign]:
    """Those that go, stand or are planned, and those that ended since then."""

    def of(status: campaigns.Status) -> list[campaigns.Campaign]:
        return campaigns.page(rows, user_id, status=status, per_page=SHOWN_CAMPAIGNS).campaigns

    ended = [one for one in of("completed") if one.finished_at is not None and one.finished_at >= since]
    return [*(one for status in GOING for one in of(status)), *ended]


def _held(rows: Rows, user_id: int) -> list[Held]:
    once = campaigns.standing_still(rows, user_id)
    return [
        *(Held(name, campaigns.REASONS.get(why, ""), f"/campaigns/{number}") for number, name, why in once),
        *(
            Held(one.name, repeats.REASONS.get(one.status_reason or "", ""), f"/campaigns/repeats/{one.id}")
            for one in repeats.standing_still(rows, user_id)
        ),
    ]


def _wrong(rows: Rows, desk: Desk) -> Wrong:
    user = desk.user
    yesterday = _midnight(desk) - timedelta(days=1)
    return Wrong(
        clock=machine_clock.is_wrong(rows),
        unsure=log.page(rows, user.id, log.Wanted(status="unknown"), per_page=SHOWN_WRONG),
        failed=log.recent(
            rows, user.id, "failed", since=yesterday, until=desk.voice.now + timedelta(days=1), most=SHOWN_WRONG
        ),
        parked=webhook_log.count(rows, user.id, status="parked"),
        failing_since=endpoints.get(rows, user.id).failing_since,
    )


def _midnight(desk: Desk) -> datetime:
    zone = desk.voice.zone
    return times.day_start(times.local_day(desk.voice.now, zone), zone)
