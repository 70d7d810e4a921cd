"""The whole field test on a sandbox: all PASS in fair weather, FAIL at its step where an assumption is false."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.some import some
from wabox import datadir
from wabox.fieldtest import place
from wabox.fieldtest.journal import Journal
from wabox.fieldtest.played import Played
from wabox.fieldtest.steps import STEPS
from wabox.fieldtest.tempo import FAST

LONG = pytest.mark.skipif(not os.environ.get("WABOX_LONG"), reason="WABOX_LONG=1 tries each fault")


def tried(
    url: str, profiles: Path, faults: dict[str, Any] | None = None, only: tuple[int, ...] = ()
) -> dict[str, Any]:
    people = Played(url, faults=faults)
    try:
        report = asyncio.run(place.tried(url, None, people, FAST, Journal(), profiles=profiles, only=only))
    finally:
        people.close()
    return report.data()


def results(report: dict[str, Any]) -> dict[int, str]:
    return {step["number"]: step["result"] for step in report["steps"]}


def test_every_step_passes_on_the_sandbox(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "wabox", "fieldtest", "--sandbox", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=110, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert results(report) == {step.number: "PASS" for step in STEPS}
    for step, found in some(zip(STEPS, report["steps"], strict=True)):
        assert {number for check in found["checks"] for number in check["assumptions"]} <= set(step.assumes)
    assert report["about"]["messages"] <= 25
    versions = {report["about"][name] for name in ("page", "chromium")}
    told = done.stdout
    for one in some(versions):
        told = told.replace(one, "")
    assert not re.search(r"\d{6}|3EB0|3A[0-9A-F]{6}|@c\.us|@lid|wabox field test \d|Shop|Phone 0", told)


# {fault: the steps that must fail for it}. Only these steps and what they need are run.
FAULTS: dict[str, tuple[dict[str, Any], tuple[int, ...], tuple[int, ...]]] = {
    "a binding is gone": ({"missing_exports": ["WAWebQueryExistsJob.queryWidExists"]}, (1,), (1,)),
    "nothing is delivered": ({"deliver_ms": None}, (1, 3, 7), (7,)),
    "the server refuses": ({"send_error": True}, (1, 3, 7), (7,)),
    "the server delivers a second copy": ({"duplicate_ids": "deliver"}, (1, 3, 9), (9,)),
    "no answer on numbers": ({"exists_lies": True}, (1, 3, 6), (6,)),
}


@LONG
@pytest.mark.parametrize("name", FAULTS)
def test_a_false_assumption_fails_at_its_step(name: str, tmp_path: Path) -> None:
    faults, only, wanted = FAULTS[name]
    with place.sandbox() as url:
        found = results(tried(url, tmp_path, faults, only))
    assert {number for number, result in found.items() if result == "FAIL"} == set(wanted), found


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
