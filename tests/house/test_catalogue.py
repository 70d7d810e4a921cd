"""The fault catalogue: every row of wabox/docs/faults.md has a test that carries its number."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
CATALOGUE = TESTS.parent / "wabox" / "docs" / "faults.md"
ROWS = {
    1: "killed before stored",
    2: "killed before the 202",
    3: "killed when claimed",
    4: "killed when armed",
    5: "killed while the chat is looked for",
    6: "killed when entered",
    7: "killed before recorded",
    8: "killed after recorded",
    9: "killed after a post",
    10: "killed at random",
    11: "power loss",
    12: "power loss across files",
    13: "SIGTERM",
    14: "Chromium killed",
    15: "Playwright killed",
    16: "page hangs",
    17: "page crashes",
    18: "page reloads",
    19: "page changed",
    20: "logged out",
    21: "opened elsewhere",
    22: "second process",
    23: "not on WhatsApp",
    24: "network lost",
    25: "stuck on the clock",
    26: "disk full",
    27: "database locked",
    28: "database damaged",
    29: "log grows",
    30: "clock jumps",
    31: "daylight saving",
    32: "zone of the machine",
    33: "receiver away",
    34: "receiver slow",
    35: "receiver redirects",
    36: "receiver answers too much",
    37: "receiver's address private",
    38: "receiver took it, box died",
    39: "mail server",
    40: "one key many times",
    41: "burst",
    42: "control while sending",
    43: "stop with one in hand",
    44: "plan, lock, credits in mid-campaign",
    45: "payment twice",
    46: "key rotated",
    47: "secret rotated",
    48: "backup while sending",
    49: "older backup restored",
    50: "upgrade killed",
    51: "upgrade with one in doubt",
    52: "poison",
}
LATER: dict[int, str] = {}
NAMED = re.compile(r"(?<![a-z])rows?[ _](\d+(?:(?:-|, | and |_and_)\d+)*)", re.IGNORECASE)


def rows_in(text: str) -> set[int]:
    """`Row 7`, `rows 1-9`, `Rows 14 and 22`, `test_row_7_…`."""
    found: set[int] = set()
    for listed in NAMED.findall(text):
        for part in re.split(r", | and |_and_", listed):
            first, _, last = part.partition("-")
            found |= set(range(int(first), int(last or first) + 1))
    return found


@functools.cache
def carried() -> dict[int, list[str]]:
    """{row: the tests that carry its number}."""
    found: dict[int, list[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        for test in _tests(ast.parse(path.read_text(encoding="utf-8"))):
            for row in rows_in(f"{test.name} {ast.get_docstring(test) or ''}"):
                found.setdefault(row, []).append(f"{path.name}::{test.name}")
    return found


def _tests(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node


def test_every_row_has_a_test_that_carries_its_number() -> None:
    found = carried()
    assert [f"{row} {name}" for row, name in ROWS.items() if row not in found and row not in LATER] == []
    assert found.keys() <= ROWS.keys()


def test_what_is_tested_is_not_left_for_later() -> None:
    assert sorted(LATER.keys() & carried().keys()) == []


def test_the_catalogue_has_these_rows() -> None:
    rows = re.findall(r"(?m)^\| (\d+) \| (.+) \| (.+) \|$", CATALOGUE.read_text(encoding="utf-8"))
    assert [int(number) for number, _, _ in rows] == list(ROWS)
    assert list(ROWS) == list(range(1, 53))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("Row 17: a page", {17}),
        ("Rows 1-9, each", set(range(1, 10))),
        ("Rows 14 and 22", {14, 22}),
        ("rows 3, 5 and 7-9", {3, 5, 7, 8, 9}),
        ("test_row_28_is_named", {28}),
        ("two rows, 20 of them", set()),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, rows: set[int]) -> None:
    assert rows_in(text) == rows
