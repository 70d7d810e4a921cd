"""The twenty steps in order, each with its assumptions of docs/whatsapp.md, and how they are run."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from wabox.fieldtest import ending_steps, hearing_steps, linking_steps, page_steps, sending_steps
from wabox.fieldtest.field import Field, Missed, UsedUp
from wabox.fieldtest.report import Found


@dataclass(frozen=True, slots=True)
class Step:
    """One step. minute: when it begins, with people. alone: it needs no link."""

    number: int
    name: str
    minute: int
    run: Callable[[Field], None]
    assumes: tuple[int, ...]
    alone: bool = False


STEPS = (
    Step(1, "the page opens", 0, page_steps.page, (1, 19, 20), alone=True),
    Step(2, "the QR waits", 1, linking_steps.qr, (4,), alone=True),
    Step(3, "phone A scans", 4, linking_steps.link, (2, 3, 19), alone=True),
    Step(4, "dialogs", 6, page_steps.dialogs, (21,)),
    Step(5, "limits", 7, page_steps.limits, (26, 27)),
    Step(6, "number checks", 8, page_steps.numbers, (7, 8, 9)),
    Step(7, "send", 9, sending_steps.send, (2, 9, 13, 14, 38, 39, 40, 43, 45, 48, 49)),
    Step(8, "the page's own reload", 10, linking_steps.own_reload, (5, 28)),
    Step(9, "one id twice", 13, sending_steps.twice, (10,)),
    Step(10, "the browser dies", 14, sending_steps.killed, (5, 9, 11, 12, 15, 16)),
    Step(11, "phone B writes", 16, hearing_steps.hear, (17, 18, 22, 32, 36)),
    Step(12, "the box was off", 18, hearing_steps.sweep, (3, 5)),
    Step(13, "phone B withholds", 19, sending_steps.withheld, (12, 13, 14)),
    Step(14, "to oneself", 21, sending_steps.to_self, (9, 30)),
    Step(15, "phone A is away", 22, sending_steps.phone_away, (31,)),
    Step(16, "a second window", 24, ending_steps.conflict, (24,)),
    Step(17, "the network", 25, ending_steps.network, (33, 34)),
    Step(18, "memory", 27, ending_steps.memory, (5, 19, 23)),
    Step(19, "a pairing code", 28, linking_steps.code, (29,)),
    Step(20, "phone A removes it", 29, ending_steps.removed, (6, 35)),
)


def run(field: Field, only: Collection[int] = ()) -> None:
    """Every step has been run, or says why it was not. Raises Stopped."""
    for step in STEPS:
        found = Found(step.number, step.name)
        field.report.steps.append(found)
        field.step = found
        if only and step.number not in only:
            found.skipped = "not asked for"
            continue
        if not step.alone and not field.lives:
            found.skipped = "the device is not linked"
            continue
        field.people.say(f"{step.number:2}. {step.name}")
        _run(step, field, found)
        field.people.say(f"    {found.result}" + (f": {found.skipped}" if found.skipped else ""))


def _run(step: Step, field: Field, found: Found) -> None:
    began = time.monotonic()
    try:
        step.run(field)
    except Missed as missed:
        found.skipped = str(missed)
        if missed.fails:
            field.check("goes to its end", False)
    except UsedUp:
        found.skipped = "the messages are used up"
    finally:
        found.seconds = time.monotonic() - began
