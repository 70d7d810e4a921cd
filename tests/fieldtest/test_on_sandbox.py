"""The whole field test on a sandbox: all PASS in fair weather, FAIL at its step where an assumption is false."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from tests import browsers
from tests.fieldtest.private import VERSIONS, names_nobody, shaped
from tests.some import some
from wabox import datadir
from wabox.fieldtest import place
from wabox.fieldtest.journal import Journal
from wabox.fieldtest.played import Played
from wabox.fieldtest.steps import STEPS
from wabox.fieldtest.tempo import FAST

LONG = pytest.mark.skipif(not os.environ.get("WABOX_LONG"), reason="WABOX_LONG=1 tries each fault")


def tried(people: Played, profiles: Path, only: Collection[int] = ()) -> dict[str, Any]:
    try:
        report = asyncio.run(
            place.tried(people.url, browsers.SHELL, people, FAST, Journal(), profiles=profiles, only=only)
        )
        names_nobody(report.data(), people)
    finally:
        people.close()
    return report.data()


def results(report: dict[str, Any]) -> dict[int, str]:
    return {step["number"]: step["result"] for step in report["steps"]}


def test_every_step_passes_on_the_sandbox(tmp_path: Path) -> None:
    settings = tmp_path / "wabox.toml"
    settings.write_text(f'[whatsapp]\nchromium = "{browsers.SHELL}"\n')
    words = [sys.executable, "-m", "wabox", "fieldtest", "--sandbox", "--json", "--config", str(settings)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=110, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert results(report) == {step.number: "PASS" for step in STEPS}
    for step, found in some(zip(STEPS, report["steps"], strict=True)):
        assert {number for check in found["checks"] for number in check["assumptions"]} <= set(step.assumes)
    assert report["about"]["messages"] <= 25
    told = done.stdout
    for name in some(VERSIONS):
        told = told.replace(str(report["about"][name]), "")
    shaped(told)


A, B = "8801711000001", "8801711000002"
STORE = "WAWebUserPrefsIndexedDBStorage.userPrefsIdb"
ASKS = [{"role": "dialog", "text": "Which of these?", "button": ["One", "Other"]}]

# What is assumed and not so -> the fault, and the first step that must fail for it, after all before have passed.
FAULTS: dict[str, tuple[int, dict[str, Any]]] = {
    "a binding is gone": (1, {"missing_exports": ["WAWebQueryExistsJob.queryWidExists"]}),
    "a dead QR is not renewed": (2, {"qr_rotations": 1, "refresh_qr": "none"}),
    "linking wants a passkey": (3, {"passkey_gate": True}),
    "the first sync does not end": (3, {"sync": {"seconds": 60, "stall_at": 40}}),
    "a box wants an answer": (4, {"dialogs": ASKS}),
    "the limits are kept elsewhere": (5, {"missing_exports": [STORE]}),
    "who writes by a LID stays cold by number": (5, {"hidden_number": [B]}),
    "a number there is said not to be": (6, {"exists_lies": True}),
    "questions are rationed": (6, {"exists_rate": 4}),
    "no question is answered": (6, {"exists_error": True}),
    "nothing is delivered": (7, {"deliver_ms": None}),
    "the server refuses": (7, {"send_error": True}),
    "a deletion is not done": (7, {"revoke_lost": True}),
    "a changed text is not taken": (7, {"edit_lost": True}),
    "an emoji is not taken": (7, {"react_lost": True}),
    "a reload ends the link": (8, {"reload_revokes": True}),
    "the server delivers a second copy": (9, {"duplicate_ids": "deliver"}),
    "a page forgets its messages": (10, {"forgets": True}),
    "what B writes cannot be read": (11, {"ciphertext_ms": 60_000}),
    "what came meanwhile is not handed over": (12, {"offline_withheld": True}),
    "vanishing messages are gone at once": (13, {"vanish_ms": 0}),
    "nobody may write to oneself": (14, {"blocked_by_me": [A]}),
    "a linked device needs its phone": (15, {"needs_phone": True}),
    "another window keeps the link": (16, {"conflict": True}),
    "the clocks differ": (17, {"skew_s": 120}),
    "service workers are needed": (18, {"service_worker": "required"}),
    "a code ends other links": (19, {"pair_code_revokes": "any"}),
    "a removal is not told": (20, {"unlink_untold": True}),
}
STRIKES_LATER = {"another window keeps the link"}  # nothing could be linked with it


class Struck(Played):
    """People on a sandbox where something goes wrong only when the step begins."""

    def __init__(self, url: str, step: int, faults: dict[str, Any]) -> None:
        super().__init__(url)
        self._step, self._then = f"{step:2}. ", faults

    def say(self, line: str) -> None:
        if line.startswith(self._step):
            self.weather(**self._then)


@LONG
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", FAULTS)
def test_a_false_assumption_fails_at_its_step_and_none_before(name: str, tmp_path: Path) -> None:
    step, faults = FAULTS[name]
    with place.sandbox() as url:
        later = name in STRIKES_LATER
        people = Struck(url, step, faults) if later else Played(url, faults=faults)
        found = results(tried(people, tmp_path, range(1, step + 1)))
    assert [found[number] for number in range(1, step)] == ["PASS"] * (step - 1), found
    assert found[step] == "FAIL", found


def test_questions_that_nobody_answers_fail_their_step(tmp_path: Path) -> None:
    """The one false assumption that is tried each time: two answers that say nothing were once the same answer."""
    step, faults = FAULTS["no question is answered"]
    with place.sandbox() as url:
        report = tried(Played(url, faults=faults), tmp_path, (1, 3, step))
    found = report["steps"][step - 1]
    assert found["result"] == "FAIL"
    assert {check["name"]: check["result"] for check in found["checks"]} == {
        "yes and no": "NOT SEEN",
        "the same five times": "FAIL",
        "quiet": "NOT SEEN",
        "chat": "NOT SEEN",
    }


def test_every_step_has_a_fault_that_fails_it() -> None:
    assert {step for step, _ in FAULTS.values()} == {step.number for step in STEPS}


def test_a_device_of_a_box_that_runs_is_refused(tmp_path: Path) -> None:
    data = datadir.prepare(tmp_path / "data")
    settings = tmp_path / "wabox.toml"
    settings.write_text(f'[data]\ndir = "{data.path}"\n')
    words = [sys.executable, "-m", "wabox", "fieldtest", "--device", "1", "--config", str(settings)]
    words += ["--phone-a", "8801711000001", "--phone-b", "8801711000002"]
    with datadir.held(data, what="wabox serve"):
        done = subprocess.run(words, input="y\n", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "in use by `wabox serve`" in done.stderr
