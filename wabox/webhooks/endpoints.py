"""Knows where a user's events go, which ones were asked for, and the secret that signs them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import UNSET, UnsetType

from wabox.accounts.sealing import Seal, SealBroken
from wabox.db import Row, Rows, Tx
from wabox.errors import Invalid
from wabox.times import read_or_none, stored, stored_or_none
from wabox.webhooks import deliveries, signing, targets
from wabox.webhooks.targets import Allow

DEFAULT_EVENTS = ("delivery.sent", "delivery.failed", "delivery.skipped")
EVENTS = (
    *DEFAULT_EVENTS,
    "delivery.delivered",
    "delivery.read",
    "delivery.unknown",
    "delivery.cancelled",
    "message.received",
    "message.edited",
    "message.reaction",
    "message.revoked",
    "device.state",
    "contact.opted_out",
    "media.ready",
    "box.alert",
)
BOTH_SIGN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A user's webhook as people see it. url: None = switched off; failing_since: None = all is well."""

    url: str | None
    events: tuple[str, ...]
    failing_since: datetime | None

    @property
    def enabled(self) -> bool:
        """Whether events are owed to it."""
        return self.url is not None


@dataclass(frozen=True, slots=True)
class Address:
    """What a post needs. secret: None when this box's key does not open it; previous_secret: signs too."""

    url: str
    secret: str | None
    previous_secret: str | None
    failing: bool


def get(rows: Rows, user_id: int) -> Endpoint:
    """The user's webhook; one that was never set is switched off."""
    row = _row(rows, user_id)
    return _endpoint(row) if row else Endpoint(None, DEFAULT_EVENTS, None)


def put(
    tx: Tx,
    user_id: int,
    *,
    url: str | None | UnsetType = UNSET,
    rotate_secret: bool = False,
    events: Sequence[str] | None = None,
    allow: Allow,
    seal: Seal,
    now: datetime,
) -> tuple[Endpoint, str | None]:
    """The webhook is as asked; the secret comes back only if this made or rotated it.

    url: None switches it off and drops what is owed; UNSET leaves it. It is judged by its text alone, the
    address behind it at each post. events: the whole list, None leaves it. For 24 hours after a rotation
    the old secret signs as well. What waits for a retry goes to a new url at once. Raises Invalid.
    """
    before = _row(tx, user_id)
    was = _endpoint(before) if before else Endpoint(None, DEFAULT_EVENTS, None)
    if isinstance(url, str):
        targets.parse_url(url, allow)
    to = was.url if isinstance(url, UnsetType) else url
    wanted = was.events if events is None else _events(events)
    secret = signing.make_secret() if rotate_secret or before is None else None
    if before is None:
        _insert(tx, user_id, now)
    tx.run(
        """
        update webhooks set url = :url, events = :events, updated_at = :now,
            failing_since = case when url is :url then failing_since end
        where user_id = :user_id
        """,
        user_id=user_id,
        url=to,
        events=json.dumps(wanted),
        now=stored(now),
    )
    if secret is not None:
        _store_secret(tx, user_id, secret, before, seal=seal, now=now)
    if to is None:
        deliveries.drop(tx, user_id)
    elif to != was.url:
        deliveries.hurry(tx, user_id, now)
    return get(tx, user_id), secret


def address(rows: Rows, user_id: int, *, seal: Seal, now: datetime) -> Address | None:
    """Where and with which secrets to post now; None while the webhook is switched off."""
    row = _row(rows, user_id)
    if row is None or row["url"] is None:
        return None
    until = read_or_none(row["previous_until"])
    previous = row["previous_secret"] if until is not None and now < until else None
    return Address(
        url=row["url"],
        secret=_open(seal, user_id, row["secret"]),
        previous_secret=_open(seal, user_id, previous),
        failing=row["failing_since"] is not None,
    )


def _row(rows: Rows, user_id: int) -> Row | None:
    return rows.one(
        """
        select url, events, failing_since, secret, previous_secret, previous_until
        from webhooks where user_id = :user_id
        """,
        user_id=user_id,
    )


def _endpoint(row: Row) -> Endpoint:
    return Endpoint(row["url"], tuple(json.loads(row["events"])), read_or_none(row["failing_since"]))


def _events(asked: Sequence[str]) -> tuple[str, ...]:
    """The events in their usual order, each once. Raises Invalid naming the first unknown one."""
    for at, event in enumerate(asked):
        if event not in EVENTS:
            raise Invalid(
                "unknown_event",
                "There is no such event; see details for the ones there are.",
                details={f"events[{at}]": "Use any of " + ", ".join(EVENTS) + "."},
            )
    return tuple(event for event in EVENTS if event in asked)


def _insert(tx: Tx, user_id: int, now: datetime) -> None:
    tx.insert(
        """
        insert into webhooks (user_id, secret, events, created_at, updated_at)
        values (:user_id, '', '[]', :now, :now)
        """,
        user_id=user_id,
        now=stored(now),
    )


def _store_secret(tx: Tx, user_id: int, secret: str, before: Row | None, *, seal: Seal, now: datetime) -> None:
    """The new secret is sealed in; the one before stays for a day."""
    tx.run(
        """
        update webhooks set secret = :secret, previous_secret = :previous, previous_until = :until
        where user_id = :user_id
        """,
        user_id=user_id,
        secret=seal.close(secret, about=_about(user_id)),
        previous=before["secret"] if before else None,
        until=stored_or_none(now + BOTH_SIGN if before else None),
    )


def _open(seal: Seal, user_id: int, sealed: str | None) -> str | None:
    if sealed is None:
        return None
    try:
        return seal.open(sealed, about=_about(user_id))
    except SealBroken:
        return None


def _about(user_id: int) -> str:
    return f"webhook {user_id}"
