"""Knows what every page says first: the one worst thing with its cure, and how much waits for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wabox import fence
from wabox.accounts import states
from wabox.accounts.users import User
from wabox.backup import nightly
from wabox.billing import payments, subscriptions
from wabox.box import Box
from wabox.checkup import machine_clock
from wabox.contacts import inbox
from wabox.dashboard.names import admin, faults, phones
from wabox.dashboard.names.shown import Tone
from wabox.db import Rows
from wabox.devices import stored as devices
from wabox.errors import Unavailable
from wabox.languages import later
from wabox.messages import line
from wabox.webhooks import endpoints

MOST_COUNTED = 999
HELD = "/admin/held"
MAIN = "inbox"  # what the title of the tab counts


@dataclass(frozen=True, slots=True)
class Strip:
    """One sentence and where its cure is. who: the phone that it is about, "" = none.

    at: paths whose pages show this themselves. waiting: messages that it holds, 0 = nobody counts them.
    """

    tone: Tone
    icon: str
    text: str
    href: str = ""
    action: str = ""
    who: str = ""
    at: tuple[str, ...] = ()
    waiting: int = 0

    def stands_on(self, path: str) -> bool:
        """Whether the page at this path needs to be told."""
        return not any(path == one or (one != "/" and path.startswith(f"{one}/")) for one in self.at)


_AT_PLANS = ("/", "/billing")
_PLANLESS = Strip(
    "warn", "coins", later("Nothing is sent without a plan."), "/billing", later("Choose a plan"), at=_AT_PLANS
)
_PLAN_OVER = Strip(
    "warn", "coins", later("Your plan is over: nothing is sent."), "/billing", later("Renew it"), at=_AT_PLANS
)


@dataclass(frozen=True, slots=True)
class Pulse:
    """What changes on every page. counts: {place of the menu: how much waits there}, nothing that is zero."""

    strip: Strip | None = None
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether the owner is told that the whole box is held."""
        return self.strip is not None and self.strip.href == HELD

    @property
    def unread(self) -> int:
        """How many messages nobody has looked at."""
        return self.counts.get(MAIN, 0)


def of(box: Box, user: User, now: datetime) -> Pulse:
    """The pulse of this user's pages. What cannot be read in a damaged database is left out."""
    try:
        return Pulse(_box(box, user), {}) if box.db.damaged else box.db.read_here(_pulse, box, user, now)
    except Unavailable:
        return Pulse(_box(box, user), {})


def _pulse(rows: Rows, box: Box, user: User, now: datetime) -> Pulse:
    down = [one for one in devices.list_of(rows, user.id) if one.down]
    counts = {
        "inbox": inbox.unseen(rows, user.id, most=MOST_COUNTED + 1),
        "whatsapp": len(down),
        **(_owners(rows, box) if user.role == "owner" else {}),
    }
    worst = _box(box, user) or _held(rows, user) or _account(user) or _rest(rows, box, user, now, down)
    return Pulse(worst, {place: count for place, count in counts.items() if count})


def _owners(rows: Rows, box: Box) -> dict[str, int]:
    return {
        "payments": payments.waiting(rows) if box.config.billing.enabled else 0,
        "accounts": states.to_approve(rows) if box.config.registration == "approval" else 0,
    }


def _box(box: Box, user: User) -> Strip | None:
    """The box's database or disk."""
    owner = user.role == "owner"
    cure: Any = {"href": "/admin/health", "action": later("What was found")} if owner else {}
    if box.db.damaged:
        return Strip("bad", "alert", faults.DAMAGED if owner else faults.DAMAGED_FOR_OTHERS, **cure)
    if box.db.failing is not None:
        return Strip("bad", "alert", faults.failing(box.db.failing_code), **cure)
    return None


def _held(rows: Rows, user: User) -> Strip | None:
    """The box's own hold."""
    held = fence.of(rows)
    if held is None:
        return None
    if user.role != "owner":
        return Strip("bad", "lock", admin.FENCE_FOR_OTHERS)
    action = later("What waits, and what to do")
    return Strip("bad", "lock", admin.FENCE[held.why], HELD, action, at=(HELD,))


def _account(user: User) -> Strip | None:
    """The account's own state."""
    if user.state == "pending":
        text = later("Your account is not active yet. Until then nothing can be sent.")
        return Strip("warn", "clock", text, "/account", later("What is missing"))
    if user.state == "suspended":
        text = later("Your account is suspended: you can look, but nothing is sent.")
        return Strip("warn", "pause", text, "/account", later("Why"))
    return None


def _rest(rows: Rows, box: Box, user: User, now: datetime, down: list[devices.Device]) -> Strip | None:
    """What keeps messages from going, then what fails beside them."""
    if machine_clock.is_wrong(rows):
        text = later("The clock of this machine looks wrong, so nothing is sent.")
        return Strip("bad", "clock", text, "/", later("Have a look"), at=("/",))
    standing = subscriptions.standing(rows, user.id, enabled=box.config.billing.enabled, now=now)
    if standing.paused(now):
        return _PLANLESS if standing.none else _PLAN_OVER
    if down:
        return _phone(rows, down[0])
    return _beside(rows, box, user, now)


def _phone(rows: Rows, device: devices.Device) -> Strip:
    shown = phones.state(device)
    return Strip(
        shown.tone,
        shown.icon,
        shown.word,
        phones.cure(device),
        phones.step_ahead(device) or later("Have a look"),
        who=device.label,
        at=("/", "/whatsapp"),
        waiting=line.waiting(rows, device.id, most=MOST_COUNTED + 1),
    )


def _beside(rows: Rows, box: Box, user: User, now: datetime) -> Strip | None:
    if endpoints.get(rows, user.id).failing_since is not None:
        text = later("Your webhook does not answer.")
        return Strip("warn", "webhook", text, "/webhooks", later("Have a look"), at=("/", "/webhooks"))
    if user.role == "owner" and nightly.alarms(box.config, now=now):
        text = later("Something is wrong with your backups.")
        return Strip("warn", "alert", text, "/admin/backups", later("What to do"), at=("/", "/admin/backups"))
    return None
