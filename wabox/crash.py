"""Crash points: where a test may ask the process to die as a power cut would kill it.

`WABOX_CRASH=step:n` in the environment kills the process with SIGKILL when the step is reached for the
n-th time. It may name a file instead, by its whole path: what is in it counts from when it is there, so a life
need not end for the next plan. Honoured only when `[whatsapp] url` is on loopback. Steps, in a message's order:
accepted (before the commit), queued (after it, before the 202), resolved, claimed (before the commit), armed (id
stored, not handed over), entered (a moment after the page was given it), uploading (a second after it was given a
file), acked (before it is recorded), recorded, posted (a webhook was taken, not yet recorded). Of what is done to
a message that went: deed_tried (counted, nobody was asked), deed_asked (a moment after the page was),
deed_answered (not yet recorded), deed_recorded; taken_back (a campaign is to be deleted, and its first piece
begun).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping
from pathlib import Path

STEPS = (
    "accepted",
    "queued",
    "resolved",
    "claimed",
    "armed",
    "entered",
    "uploading",
    "acked",
    "recorded",
    "posted",
)
DEED_STEPS = (
    "deed_tried",
    "deed_asked",
    "deed_answered",
    "deed_recorded",
    "taken_back",
)

_plan: dict[str, int] = {}
_comes: list[Path] = []  # the file with a plan that is not yet read
_lock = threading.Lock()


def arm(environment: Mapping[str, str], *, loopback: bool) -> None:
    """Read the plan from the environment; without one, or off loopback, no point ever fires."""
    _plan.clear()
    _comes.clear()
    said = environment.get("WABOX_CRASH", "") if loopback else ""
    if said.startswith("/"):
        _comes.append(Path(said))
    else:
        _take(said)


def _take(said: str) -> None:
    step, _, count = said.strip().partition(":")
    if step in (*STEPS, *DEED_STEPS):
        _plan[step] = int(count) if count.isdigit() else 1


def _is_planned(step: str) -> bool:
    if _comes:
        with _lock:
            if _comes and _comes[0].exists():
                _take(_comes.pop().read_text(encoding="ascii"))
    return step in _plan


def point(step: str) -> None:
    """Die here if this is the planned step and time."""
    if not _is_planned(step):
        return
    with _lock:
        _plan[step] -= 1
        due = _plan[step] == 0
    if due:
        os.kill(os.getpid(), signal.SIGKILL)


def point_soon(step: str, seconds: float) -> None:
    """As `point`, a moment later, while the caller goes on."""
    if _is_planned(step):
        timer = threading.Timer(seconds, point, (step,))
        timer.daemon = True
        timer.start()
