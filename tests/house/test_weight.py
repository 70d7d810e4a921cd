"""The law of weight can fail."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests import weight
from tests.weight import TESTS, is_real, weighed

BURN = "import time\nwhile time.process_time() < 0.3: pass"


def burn() -> None:
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass


def test_a_test_that_takes_too_long_fails(request: pytest.FixtureRequest) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"took 0\.\d s"), weighed(request.node, most_seconds=0.05):
        burn()


def test_what_its_children_take_counts(request: pytest.FixtureRequest) -> None:
    with pytest.raises(pytest.fail.Exception, match="took"), weighed(request.node, most_seconds=0.05):
        subprocess.run([sys.executable, "-c", BURN], check=True)


@pytest.mark.heavy("only to be tried here")
def test_a_mark_with_a_reason_lets_it_be_heavy(request: pytest.FixtureRequest) -> None:
    with weighed(request.node, most_seconds=0.05):
        burn()
    assert request.node.get_closest_marker("heavy").args


def test_a_mark_without_a_reason_fails(request: pytest.FixtureRequest) -> None:
    request.node.add_marker(pytest.mark.heavy)
    with pytest.raises(pytest.fail.Exception, match="say why"), weighed(request.node):
        pass
    request.node.own_markers.clear()


def test_a_slower_machine_has_more_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight, "ROUNDS_SECONDS", 0.0001)
    before = time.process_time()
    with weighed(request.node, most_seconds=0.05):
        burn()
    assert time.process_time() - before > 0.05


def test_a_failure_is_told_as_it_is(request: pytest.FixtureRequest) -> None:
    with pytest.raises(ValueError, match="itself"), weighed(request.node, most_seconds=0.05):
        burn()
        raise ValueError("itself")


@pytest.mark.parametrize(
    ("file", "real"),
    [
        ("journeys/terms/test_3_free_trial.py", True),
        ("faces/test_pages_browser.py", True),
        ("sandbox/test_page.py", True),
        ("faces/test_pages.py", False),
        ("sandbox/test_control.py", False),
    ],
)
def test_rooms_of_browsers_are_not_weighed(file: str, real: bool) -> None:  # noqa: FBT001
    assert (TESTS / file).exists()
    assert is_real(TESTS / file) is real
