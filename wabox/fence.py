"""The box's own hold: one row that says that this box sends nothing, since when and why.

quarantined: it was restored or copied, and whoever has it must first say what goes. moved_away: another box has
taken over, and this one sends nothing until `wabox unmove`; or it is just being packed for it (`moving`). While
the row stands no browser opens, no webhook or mail is posted, and nothing that waits comes to an end: all of it
may have happened elsewhere meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast, get_args

import msgspec

from wabox import times
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.languages import later

Reason = Literal["quarantined", "moved_away"]
REASONS: tuple[Reason, ...] = get_args(Reason)
Why = Literal["restored", "moved_here", "copied", "moving", "moved", "unmoved"]

KEY, GAP = "fence", "gap"
GAP_MATTERS = timedelta(days=90)
HELD = later("This box is held already; open Settings, Held.")
FREE = later("This box is not held; there is nothing to release.")
PACKING = later("This box is being packed; wait until that is done.")

# Why, for people. other: a machine and directory, or a file; behind: since when the data is behind.
SAID: dict[Why, str] = {
    "restored": later("This box was restored from a backup, so it sends nothing until you say what goes."),
    "moved_here": later("This box was moved here, so it sends nothing until you say what goes."),
    "copied": later("This box's data was copied from another place, so it sends nothing until you say what goes."),
    "unmoved": later("This box was moved away and called back, so it sends nothing until you say what goes."),
    "moving": later("This box is being packed for another machine, so it sends nothing meanwhile."),
    "moved": later("This box was moved to another machine, so it sends nothing any more."),
}


@dataclass(frozen=True, slots=True)
class Fence:
    """since: when it was set. behind: what happened after this moment the data does not know, if that is known.

    other: the other box, as people would name it: its machine and directory; "" if there is none.
    """

    reason: Reason
    why: Why
    since: datetime
    behind: datetime | None = None
    other: str = ""


def of(rows: Rows) -> Fence | None:
    """What holds the whole box, or None."""
    text = rows.value("select value from box where key = :key", key=KEY)
    if text is None:
        return None
    told = msgspec.json.decode(text)
    return Fence(
        cast(Reason, told["reason"]),
        cast(Why, told["why"]),
        times.read(told["since"]),
        times.read_or_none(told["behind"]),
        told["other"],
    )


def reason(rows: Rows) -> Reason | None:
    """Why no message goes, or None: what the gate asks."""
    found = of(rows)
    return None if found is None else found.reason


def quarantine(
    tx: Tx,
    why: Literal["restored", "moved_here", "copied", "unmoved"],
    *,
    behind: datetime | None,
    other: str = "",
    now: datetime,
) -> None:
    """Nothing goes until `lift`. What holds a box already holds its copies, too."""
    if why != "copied" or of(tx) is None:
        _put(tx, Fence("quarantined", why, now, behind, other))
        if behind is not None and why != "moved_here":
            said = {"behind": times.stored(behind), "until": times.stored(now)}
            _keep(tx, GAP, said)


@dataclass(frozen=True, slots=True)
class Gap:
    """What happened between these moments these data do not know: it may have happened elsewhere."""

    behind: datetime
    until: datetime


def gap(rows: Rows, *, now: datetime) -> Gap | None:
    """The latest, while it may still matter to somebody who looks at what came then; None: there is none."""
    text = rows.value("select value from box where key = :key", key=GAP)
    if text is None:
        return None
    told = msgspec.json.decode(text)
    found = Gap(times.read(told["behind"]), times.read(told["until"]))
    return found if now - found.until < GAP_MATTERS else None


def begin_moving(tx: Tx, *, now: datetime) -> None:
    """The box sends nothing while it is packed. Raises Invalid `held` if something holds it already."""
    if of(tx) is not None:
        raise Invalid("held", HELD)
    _put(tx, Fence("moved_away", "moving", now, now))


def end_moving(tx: Tx) -> bool:
    """What was begun holds no more: no file of it has its name. False: nothing was begun, or it is moved."""
    found = of(tx)
    if found is None or found.why != "moving":
        return False
    tx.run("delete from box where key = :key", key=KEY)
    return True


def move_away(tx: Tx, *, to: str, now: datetime) -> None:
    """Another box has taken over. to: the file it was packed into."""
    _put(tx, Fence("moved_away", "moved", now, now, to))


def lift(tx: Tx, kind: Reason) -> Fence:
    """The box works again. Returns what held it. Raises as `held_as`."""
    found = held_as(tx, kind)
    tx.run("delete from box where key = :key", key=KEY)
    return found


def held_as(rows: Rows, kind: Reason) -> Fence:
    """What holds the box. Raises Invalid `not_held`, or `wrong_state` if it is held for the other reason."""
    found = of(rows)
    if found is None:
        raise Invalid("not_held", FREE)
    if found.why == "moving":
        raise Invalid("wrong_state", PACKING)
    if found.reason != kind:
        cure = "wabox unmove" if found.reason == "moved_away" else "wabox release"
        raise Invalid("wrong_state", f"This box is held because it is {found.reason}; use {cure}.")
    return found


def _put(tx: Tx, fence: Fence) -> None:
    said = {
        "reason": fence.reason,
        "why": fence.why,
        "since": times.stored(fence.since),
        "behind": times.stored_or_none(fence.behind),
        "other": fence.other,
    }
    _keep(tx, KEY, said)


def _keep(tx: Tx, key: str, said: Mapping[str, object]) -> None:
    tx.run(
        "insert or replace into box (key, value) values (:key, :value)",
        key=key,
        value=msgspec.json.encode(said).decode(),
    )
