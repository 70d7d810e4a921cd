"""What the stand-in WhatsApp allows an account: new chats under a timelock or a cap, people it knows, questions.

A chat is cold until its person has written to the account: then the account has that person's token. The real
server refuses what is cold with a code that the page does not pass on, and the page learns of limits aside.
"""

from __future__ import annotations

from typing import Any

from wabox.sandbox.faults import Capping
from wabox.sandbox.world import World

LOCKED = 463
CAPPED = "UserReachedMaxMonthlyLimitForNewMessages"
MINUTE = 60.0


def told(world: World, phone: str, now: float) -> dict[str, Any]:
    """What a page of this account is told by itself: limits, people who wrote, people it has blocked."""
    faults = world.faults
    hidden = faults.timelock_silent
    return {
        "timelock": None if hidden else timelock(world, now),
        "capping": capping(world, now),
        "tokens": sorted(one for me, person in world.tokens if me == phone for one in _names(world, person)),
        "blocked": faults.blocked_by_me,
    }


def _names(world: World, person: str) -> tuple[str, str]:
    return person, world.account(person).lid


def timelock(world: World, now: float) -> dict[str, Any] | None:
    """The lock in force, as the page keeps it; its end in milliseconds."""
    lock = world.faults.timelock
    if lock is None or (lock.until is not None and lock.until <= now):
        return None
    kept: dict[str, Any] = {"state": "VISIBLE", "enforcement_type": lock.type}
    return kept if lock.until is None else {**kept, "time_enforcement_ends": lock.until * 1000}


def capping(world: World, now: float) -> dict[str, Any] | None:
    """The cap of the cycle that runs, as the page keeps it; times in seconds."""
    cap = _of_cycle(world, now)
    if cap is None:
        return None
    endless = cap.total < 0
    return {
        "capping_status": _status(cap),
        "total_quota": cap.total,
        "used_quota": -1 if endless else cap.used,
        "cycle_start_timestamp": cap.cycle_start,
        "cycle_end_timestamp": cap.cycle_end,
        "server_sent_timestamp": int(now),
        "mv_status": cap.mv,
        "ote_status": cap.ote,
    }


def refusal(world: World, me: str, phone: str, now: float) -> dict[str, Any] | None:
    """Why the server refuses a message of this account to this person; None if no limit stands against it."""
    cold = phone != me and (me, phone) not in world.tokens
    nack = world.faults.nack
    if nack is not None and (cold or nack.chats == "all"):
        return {"refused": "ERROR_UNKNOWN", "code": CAPPED if nack.code == "capped" else LOCKED}
    unsaid = world.faults.timelock_silent and world.faults.timelock is None
    if cold and (unsaid or timelock(world, now) is not None):
        return {"refused": "ERROR_UNKNOWN"}
    cap = _of_cycle(world, now)
    if cold and cap is not None and _status(cap) == "CAPPED":
        return {"refused": "ERROR_UNKNOWN", "code": CAPPED}
    return None


def begun(world: World, me: str, phone: str, now: float) -> None:
    """The account has written to somebody for the first time: that counts, if the person never wrote to it."""
    cap = _of_cycle(world, now)
    if cap is None or cap.total < 0 or phone == me or (me, phone) in world.tokens:
        return
    cap.used += 1
    world.keep("faults", "", world.faults)
    tell(world, now)


def tell(world: World, now: float) -> None:
    """Every linked page hears what is true of its account now, and once more when a lock or a cycle ends."""
    for page in world.pages.values():
        companion = world.kept.companions.get(page.companion or "")
        if companion is not None:
            world.push(page.id, {"op": "limits", **told(world, companion.phone, now)})
    lock, cap = world.faults.timelock, world.faults.capping
    for end in (lock.until if lock else None, cap.cycle_end if cap else None):
        if end is not None and end > now and end not in world.announced:
            world.announced.add(end)
            world.later(end, lambda at: tell(world, at))


def too_many_questions(world: World, me: str, now: float) -> bool:
    """Whether this account asks about numbers faster than `exists_rate` allows; else the question counts."""
    rate = world.faults.exists_rate
    asked = [at for at in world.questions.get(me, []) if at > now - MINUTE]
    world.questions[me] = asked
    if 0 < rate <= len(asked):
        return True
    asked.append(now)
    return False


def _status(cap: Capping) -> str:
    if cap.status is not None:
        return cap.status
    if cap.total < 0:
        return "NONE"
    marks = ((1, "CAPPED"), (0.8, "SECOND_WARNING"), (0.5, "FIRST_WARNING"))
    return next((name for part, name in marks if cap.used >= part * cap.total), "NONE")


def _of_cycle(world: World, now: float) -> Capping | None:
    """The cap, of a new cycle of the same length where one has ended."""
    cap = world.faults.capping
    if cap is None or cap.cycle_end > now:
        return cap
    length = max(cap.cycle_end - cap.cycle_start, 1)
    passed = int((now - cap.cycle_end) // length) + 1
    cap.cycle_start = cap.cycle_end + (passed - 1) * length
    cap.cycle_end += passed * length
    cap.used, cap.status = 0, None
    world.keep("faults", "", world.faults)
    return cap
