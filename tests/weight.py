"""No test is heavy without a reason.

A slow or busy machine is no failure, so a test's weight is the seconds of a processor that it takes, in this
process and in the children that it has waited for. Rooms with real browsers and boxes are not weighed: what they
wait for is other programs.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
MOST_SECONDS = 2.0
ROUNDS, ROUNDS_SECONDS = 2_000_000, 0.04  # what the machine takes for which the limit was set
CROWDED = 2.0
REAL = (
    "clients/",
    "contract/",
    "faces/*_browser.py",
    "fieldtest/test_on_sandbox.py",
    "journeys/",
    "power/",
    "sandbox/test_page.py",
    "sandbox/test_page_faults.py",
    "sandbox/test_phones_page.py",
    "systemd/",
)


@contextmanager
def weighed(item: pytest.Item, *, most_seconds: float = MOST_SECONDS) -> Generator[None]:
    """Fails a test that passes, if it was heavy and is not marked."""
    before = _seconds()
    yield
    found = _seconds() - before
    allowed = most_seconds * _slowness() if found > most_seconds else most_seconds
    mark = item.get_closest_marker("heavy")
    if mark is not None and not any(mark.args):
        pytest.fail("say why it may be heavy")
    if mark is None and found > allowed and not is_real(item.path):
        pytest.fail(f"took {found:.1f} s of a processor, and {allowed:.1f} s are allowed: see tests/weight.py")


def is_real(path: Path) -> bool:
    """Whether this file's tests start browsers, boxes or pull plugs."""
    name = path.relative_to(TESTS)
    return any(str(name).startswith(one) if one.endswith("/") else name.match(one) for one in REAL)


def _slowness() -> float:
    """How many times as long as that machine this one takes now; never less than 1.

    Where more runs than there are processors, caches are shared, and a test may take twice as long as alone.
    """
    before = time.process_time()
    for _ in range(ROUNDS):
        pass
    crowded = os.getloadavg()[0] > (os.cpu_count() or 1)
    return max(CROWDED if crowded else 1.0, (time.process_time() - before) / ROUNDS_SECONDS)


def _seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
