"""A box walks at random through what may befall it; after each step everything that wabox promises holds.

WABOX_LONG=1 walks longer, another way each time.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.engine.walk import unmended
from tests.engine.walk.rules import Box, Campaigning, Everything, Files, Opting, Singles
from tests.engine.walk.short import Bills, Chats, Limits, Numbers, Pace, Recovery, Rooms
from tests.engine.walk.wording import Wording

MET = (
    "queued",
    "sent",
    "cancelled",
    "skipped expired",
    "skipped opted_out",
    "skipped blocked_by_you",
    "failed refused",
    "unknown history_lost",
    "campaign sending",
    "campaign paused",
    "file sent",
    "deleted for everyone",
    "removed",
)
LONG = bool(os.environ.get("WABOX_LONG"))


def walk(
    machine: type[Box],
    boxes: int,
    *,
    steps: int,
    random: bool = False,
    phases: Sequence[Phase] = tuple(Phase),
) -> None:
    """So many boxes walk so many steps: the same ones each time, unless `random`."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=boxes,
            stateful_step_count=steps,
            derandomize=not random,
            database=None,
            deadline=None,
            phases=phases,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


class All(Wording, Everything):
    """And own fields and stored texts."""


class Watched(Everything):
    """With a list of its own of how messages ended."""

    met = Counter()


class Worded(Wording, Files, Opting, Singles, Campaigning):
    """Fields and stored texts, with what carries them, and a list of its own."""

    met = Counter()


@pytest.mark.heavy("some fifty boxes walk thirty steps")
def test_whatever_befalls_fields_and_stored_texts_messages_say_what_was_so() -> None:
    Worded.met.clear()
    wanted = {"with a field", "campaign sending", "file sent", "removed", "skipped opted_out"}
    for number in range(8):
        walk(seed(number)(Worded), 30, steps=30)
        if wanted <= set(Worded.met):
            break
    assert wanted - set(Worded.met) == set(), "the walk leads nowhere near these"


@pytest.mark.heavy("a hundred boxes walk forty steps; WABOX_LONG=1 walks longer")
def test_whatever_befalls_a_box_its_promises_hold() -> None:
    Watched.met.clear()
    for walks, number in enumerate((1, 3, 0, 2, 4, 5, 6, 7), start=1):  # each other ways, the same ones each time
        walk(seed(number)(Watched), 50, steps=40)
        if walks > 1 and set(MET) <= set(Watched.met):
            break
    assert set(MET) - set(Watched.met) == set(), "the walk leads nowhere near these"


@pytest.mark.heavy("twenty boxes walk ten steps")
@pytest.mark.parametrize("machine", [Rooms, Chats, Numbers, Pace, Recovery, Limits, Bills])
def test_its_promises_hold_where_they_were_once_broken(machine: type[Box]) -> None:
    walk(machine, 20, steps=10)


@pytest.mark.skipif(not LONG, reason="takes a quarter of an hour; run with WABOX_LONG=1")
def test_whatever_befalls_a_box_its_promises_hold_for_long() -> None:
    walk(All, 3_000, steps=50, random=True)


@pytest.mark.heavy("boxes walk until the fault is met")
@pytest.mark.parametrize(
    ("undo", "machine", "found", "saying"),
    [
        (unmended.rooms, Rooms, ZeroDivisionError, "by zero"),
        (unmended.reserve, Rooms, AssertionError, "reserved for nobody"),
        (unmended.known_chats, Chats, AssertionError, "although: new chats"),
        (unmended.numbers, Numbers, AssertionError, "although: another number"),
        (unmended.settling, Pace, AssertionError, "settling touched"),
        (unmended.recovery, Recovery, AssertionError, "although: it has expired"),
        (unmended.pinning, Bills, AssertionError, "waits without its file"),
        (unmended.wording, Wording, AssertionError, "says a field that is gone"),
    ],
    ids=["13a", "13a-credits", "13b", "numbers", "13d", "1", "files", "wording"],
)
def test_the_walk_finds_it_without_its_mend(
    undo: Callable[[pytest.MonkeyPatch], None],
    machine: type[Box],
    found: type[Exception],
    saying: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undo(monkeypatch)
    with pytest.raises(found, match=saying):
        walk(machine, 200, steps=10, phases=[Phase.generate])
