"""Knows what people are alerted of, and how often again while it lasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, get_args

Kind = Literal[
    "phone_down",
    "engine_incompatible",
    "webhook_failing",
    "campaign_held",
    "clock_wrong",
    "disk_full",
    "backup",
    "review_waits",
    "payment_to_check",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Of the box itself: only its owner hears of them.
OF_BOX: tuple[Kind, ...] = ("clock_wrong", "disk_full", "backup", "review_waits", "payment_to_check")

_DAY = timedelta(days=1)
_DAILY = (_DAY,) * 6
_WEEK = timedelta(days=7)
FLAPS = timedelta(hours=1)  # what comes again so soon after it was told waits until that is over


@dataclass(frozen=True, slots=True)
class Key:
    """What ails whom. about: the phone's label (a customer's: its id), the campaign's id; "" = only one."""

    user_id: int
    kind: Kind
    about: str = ""


@dataclass(frozen=True, slots=True)
class Ill:
    """words: for the text about it. after: how long it must last before it is told."""

    words: Mapping[str, str] = field(default_factory=dict)
    after: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Look:
    """What was found: what is ill, what is well, and of what nobody can say just now. All else is gone."""

    ill: Mapping[Key, Ill]
    well: frozenset[Key] = frozenset()
    unsure: frozenset[Key] = frozenset()


def gap(kind: Kind, times: int) -> timedelta:
    """How long after having been told so often it is told again: daily for a week, then weekly.

    Of a phone also after the first hour.
    """
    gaps = ((FLAPS,) if kind == "phone_down" else ()) + _DAILY
    return gaps[times - 1] if times <= len(gaps) else _WEEK


def of_role(role: str) -> tuple[Kind, ...]:
    """The kinds that somebody in this role may hear of."""
    return KINDS if role == "owner" else tuple(kind for kind in KINDS if kind not in OF_BOX)
