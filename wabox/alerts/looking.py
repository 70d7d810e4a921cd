"""Looks in the rows for what ails: phones, webhooks, campaigns, and what waits for the owner."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from wabox.accounts import users
from wabox.accounts.users import User
from wabox.alerts import stored
from wabox.alerts.kinds import Ill, Key, Kind, Look
from wabox.billing import payments
from wabox.campaigns import repeats
from wabox.campaigns import stored as campaigns
from wabox.content import reviews
from wabox.db import Rows
from wabox.devices import sentences
from wabox.devices import stored as devices
from wabox.devices.stored import Device
from wabox.errors import NotFound
from wabox.webhooks import endpoints

WEBHOOK_AFTER = timedelta(hours=1)
PATIENCE = timedelta(minutes=15)  # what mends itself often enough: a page that does not load
ABOUT_DEVICE = "device {}"  # of a customer, to the owner; no label has a space
_GONE = ("logged_out", "passkey_required", "checkpoint", "action_required", "conflict", "number_changed")
_TOLD = ("active", "suspended")

Finding = Ill | bool | None  # True = well, False = it is gone, None = nobody knows
Seen = Mapping[Kind, Finding]


def look(rows: Rows, seen: Seen, *, now: datetime) -> Look:
    """What ails whom. seen: of the box, what no row says: how it ails, True = well, None = nobody knows.

    What is not in `seen` is not looked at and stays as it is.
    """
    found = _Found()
    owner = users.owner(rows)
    people = [one for one in users.everyone(rows) if one.closed_at is None and one.state in _TOLD]
    for user in people:
        _of_user(rows, found, user, now)
    if owner is not None:
        _of_box(rows, found, owner, seen)
        for user in people:
            if user.id != owner.id:
                _of_customer(rows, found, owner, user)
    return Look(found.ill, frozenset(found.well), frozenset(found.unsure))


def while_clock_is_wrong(rows: Rows, *, wrong: bool) -> Look | None:
    """Of nothing but the clock can be said anything while it is wrong; None: it is right, look at everything."""
    owner = users.owner(rows)
    if not wrong or owner is None:
        return None
    key = Key(owner.id, "clock_wrong")
    return Look({key: Ill()}, unsure=frozenset(one.key for one in stored.lasting(rows) if one.key != key))


def named(rows: Rows, words: Mapping[str, str]) -> Mapping[str, str]:
    """The words, with how a customer's phone is called: looked up each time, for no alert keeps it."""
    if "device" not in words:
        return words
    try:
        device = devices.by_id(rows, int(words["device"]))
    except NotFound:
        return {**words, "label": f"#{words['device']}"}
    user = users.by_id(rows, device.user_id)
    return {**words, "label": device.label if user is None else f"{device.label} ({user.email})"}


class _Found:
    def __init__(self) -> None:
        self.ill: dict[Key, Ill] = {}
        self.well: set[Key] = set()
        self.unsure: set[Key] = set()

    def put(self, key: Key, what: Finding) -> None:
        """This was found of it."""
        if isinstance(what, Ill):
            self.ill[key] = what
        elif what is None:
            self.unsure.add(key)
        elif what:
            self.well.add(key)


def _of_user(rows: Rows, found: _Found, user: User, now: datetime) -> None:
    for device in devices.list_of(rows, user.id):
        found.put(Key(user.id, "phone_down", device.label), _phone(device))
        found.put(Key(user.id, "engine_incompatible", device.label), _engine(device, device.label))
    found.put(Key(user.id, "webhook_failing"), _webhook(rows, user.id, now))
    for campaign_id, name, reason in campaigns.standing_still(rows, user.id):
        words = {"name": name, "why": campaigns.REASONS.get(reason, ""), "id": str(campaign_id)}
        found.put(Key(user.id, "campaign_held", str(campaign_id)), Ill(words))
    _of_repeats(rows, found, user)


def _of_repeats(rows: Rows, found: _Found, user: User) -> None:
    """Repeating campaigns that wabox paused: told as campaigns are."""
    for one in repeats.standing_still(rows, user.id):
        why = repeats.REASONS.get(one.status_reason or "", "")
        place = f"repeats/{one.id}"
        found.put(Key(user.id, "campaign_held", place), Ill({"name": one.name, "why": why, "id": place}))


def _phone(device: Device) -> Finding:
    if device.down and device.detail not in ("engine_incompatible", "trying_again"):
        gone = device.state == "qr" or device.remark in _GONE
        words = {"label": device.label, "why": sentences.advice(device)}
        return Ill(words, timedelta() if gone else PATIENCE)
    if device.ready:
        return True
    return None if device.wanted else False


def _engine(device: Device, label: str) -> Finding:
    if device.wanted and device.detail == "engine_incompatible":
        return Ill({"label": label, "missing": device.detail_text or ""})
    return True if device.ready else None if device.wanted else False


def _of_customer(rows: Rows, found: _Found, owner: User, user: User) -> None:
    """Only who runs the box can bring another engine."""
    for device in devices.list_of(rows, user.id):
        what = _engine(device, device.label)
        if isinstance(what, Ill):
            what = Ill({"device": str(device.id), "missing": what.words["missing"]})
        found.put(Key(owner.id, "engine_incompatible", ABOUT_DEVICE.format(device.id)), what)


def _webhook(rows: Rows, user_id: int, now: datetime) -> Finding:
    endpoint = endpoints.get(rows, user_id)
    if endpoint.failing_since is None:
        return endpoint.enabled
    return Ill() if now - endpoint.failing_since >= WEBHOOK_AFTER else None


def _of_box(rows: Rows, found: _Found, owner: User, seen: Seen) -> None:
    here: dict[Kind, Finding] = {
        "clock_wrong": True,
        "disk_full": None,
        "backup": None,
        "review_waits": Ill() if reviews.something_waits(rows) else False,
        "payment_to_check": Ill() if payments.waiting(rows) else False,
        **seen,
    }
    for kind, what in here.items():
        found.put(Key(owner.id, kind), what)
