"""What is assumed of WhatsApp: each point names its code and its step, each step and each check its points."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.some import some
from wabox.fieldtest.steps import STEPS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "wabox"
DOC = (PACKAGE / "docs" / "whatsapp.md").read_text(encoding="utf-8")
ROWS = {
    int(row[0]): row
    for line in DOC.splitlines()
    if (row := [cell.strip() for cell in line.strip("|").split("|")]) and row[0].isdigit() and len(row) == 6
}
UNTRIED = {25, 37, 41, 42, 44, 46, 47, 50, 51, 52}  # manners, weeks, rare luck; cards, polls, what people send


def places(cell: str) -> list[tuple[str, str]]:
    return [
        (path.replace("shim/", "whatsapp/shim/", 1) if path.startswith("shim/") else path, name)
        for path, name in re.findall(r"`([\w/.-]+):(\w+)`", cell)
    ]


def test_assumptions_are_numbered_without_a_gap() -> None:
    assert sorted(ROWS) == list(range(1, len(ROWS) + 1))
    assert len(ROWS) >= 25


@pytest.mark.parametrize("number", sorted(ROWS))
def test_every_assumption_names_code_that_exists(number: int) -> None:
    found = places(ROWS[number][2])
    assert found, ROWS[number][2]
    for path, name in some(found):
        text = (PACKAGE / path).read_text(encoding="utf-8")
        said = re.search(rf"(?m)^\s*(?:async )?(?:def|class|const|let|function) {name}\b|^{name}\b", text)
        assert said, f"{path} has no {name}"


def test_every_assumption_names_its_steps_and_every_step_its_assumptions() -> None:
    named = {number: set(map(int, re.findall(r"\d+", row[4]))) for number, row in ROWS.items() if row[4] != "none"}
    stepped = {number: {step.number for step in STEPS if number in step.assumes} for number in named}
    assert named == stepped
    assert set(ROWS) - set(named) == UNTRIED
    assert all(step.assumes for step in STEPS)


def test_the_steps_are_twenty_in_half_an_hour() -> None:
    assert [step.number for step in STEPS] == list(range(1, 21))
    minutes = [step.minute for step in STEPS]
    assert minutes == sorted(minutes)
    assert minutes[-1] < 30


def test_readme_and_contributing_point_to_the_list() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    untested = readme.partition("## What has not been tested")[2].partition("\n## ")[0]
    assert "wabox/docs/whatsapp.md" in untested
    assert "wabox fieldtest" in untested
    assert "wabox/docs/whatsapp.md" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
