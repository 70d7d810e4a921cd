"""Sets the rules of the box and of a phone; what they forbid holds from the next claim on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from wabox import times
from wabox.accounts.users import User
from wabox.billing import subscriptions
from wabox.config import Config
from wabox.db import Tx
from wabox.devices import bounds, limits, rules
from wabox.devices import stored as devices
from wabox.devices.rules import Own
from wabox.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Change:
    """What became of it. told: {rule: [before, after]}, plain JSON for the record; empty if nothing changed."""

    own: Own
    told: dict[str, object]


def set_box(tx: Tx, by: User, given: Mapping[str, Any], *, config: Config, now: datetime) -> Change:
    """The box's own rules are these where given, None = as wabox.toml says; every phone without own ones obeys.

    given: values by the names of Own. Raises Forbidden `not_the_owner`; Invalid as `bounds.check`.
    """
    if by.role != "owner":
        raise Forbidden("not_the_owner", "Whoever runs this box sets its rules; set those of your own phones.")
    before = rules.own_of_box(tx)
    after, names = _with(before, given, now)
    bounds.check(after, names, box=Own(), config=config, owner=True)
    if not names:
        return Change(before, {})
    phones = [row["id"] for row in tx.all("select id from devices where removed_at is null")]
    gaps = {phone: rules.gap_of(tx, phone, config=config) for phone in phones}
    text = rules.written(after)
    if text is None:
        tx.run("delete from box where key = :key", key=rules.BOX)
    else:
        tx.run(
            """insert into box (key, value) values (:key, :text)
               on conflict (key) do update set value = excluded.value""",
            key=rules.BOX,
            text=text,
        )
    for phone in phones:
        _pause_anew(tx, phone, gaps[phone], config, now)
    return Change(after, _told(before, after, names))


def set_phone(
    tx: Tx, by: User, device: devices.Device, given: Mapping[str, Any], *, config: Config, now: datetime
) -> Change:
    """The phone's own rules are these where given, None = as the box's; they go before the box's.

    Raises Invalid as `bounds.check`.
    """
    before = rules.read(device.rules)
    after, names = _with(before, given, now)
    plan = subscriptions.standing(tx, device.user_id, enabled=config.billing.enabled, now=now)
    bounds.check(
        after,
        names,
        box=rules.own_of_box(tx),
        config=config,
        plan_cap=plan.daily_cap,
        owner=by.role == "owner",
    )
    if not names:
        return Change(before, {})
    gap = rules.gap_of(tx, device.id, config=config)
    tx.run("update devices set rules = :text where id = :id", id=device.id, text=rules.written(after))
    _pause_anew(tx, device.id, gap, config, now)
    return Change(after, _told(before, after, names))


def _with(before: Own, given: Mapping[str, Any], now: datetime) -> tuple[Own, list[str]]:
    """What would be set then, and what of it is new. Dates that are over everywhere are forgotten."""
    after = msgspec.structs.replace(before, **given)
    if after.quiet_hours == {}:
        after = msgspec.structs.replace(after, quiet_hours=None)
    if after.days_off is not None:
        yesterday = (now - timedelta(days=1)).date()
        dates = tuple(day for day in after.days_off.dates if day >= yesterday)
        after = msgspec.structs.replace(after, days_off=msgspec.structs.replace(after.days_off, dates=dates))
    return after, [name for name in rules.NAMES if getattr(before, name) != getattr(after, name)]


def _told(before: Own, after: Own, names: list[str]) -> dict[str, object]:
    return {name: [msgspec.to_builtins(getattr(one, name)) for one in (before, after)] for name in names}


def _pause_anew(tx: Tx, device_id: int, before: tuple[float, float], config: Config, now: datetime) -> None:
    """A longer pause counts from the last message, whose own was drawn from the one before; so does a shorter."""
    after = rules.gap_of(tx, device_id, config=config)
    last = tx.value("select max(spent_at) from messages where device_id = :id and spent_at >= ''", id=device_id)
    if after == before or last is None:
        return
    until = limits.next_send_at(times.read(last), after)
    if after[0] > before[0] or after[1] > before[1]:
        limits.rest(tx, device_id, until)
    else:
        limits.rest_no_longer(tx, device_id, max(until, now))
