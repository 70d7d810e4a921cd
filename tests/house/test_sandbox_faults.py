"""The sandbox's faults: each is in the catalogue, and wabox itself lives through each of them in a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from wabox.sandbox.faults import Faults

TESTS = Path(__file__).parents[1]
CATALOGUE = (TESTS.parent / "wabox" / "docs" / "faults.md").read_text(encoding="utf-8")
NAMES = set(Faults.__struct_fields__)
WABOX_SIDE = ("contract", "journeys", "fieldtest")


def catalogued() -> list[str]:
    """Names in the first column of the sandbox's table, in order."""
    table = CATALOGUE.partition("## What the sandbox can make go wrong")[2]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return re.findall(r"`(\w+)`", " ".join(first))


def used_in(tree: ast.AST) -> set[str]:
    """Faults that this code puts in force: a keyword of `weather`, or a name in an object of its own."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "weather":
            found |= {keyword.arg for keyword in node.keywords if keyword.arg is not None}
        elif isinstance(node, ast.Dict):
            found |= {
                one.value for one in node.keys if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
    return found & NAMES


def test_every_fault_is_in_the_catalogue_once_and_nothing_else() -> None:
    names = catalogued()
    assert sorted(names) == sorted(NAMES)


def test_wabox_itself_is_tried_in_every_fault() -> None:
    paths = [path for room in WABOX_SIDE for path in sorted((TESTS / room).rglob("*.py"))]
    assert len(paths) > 10
    used = {name for path in paths for name in used_in(ast.parse(path.read_text(encoding="utf-8")))}
    assert NAMES - used == set()


def test_what_the_control_api_alone_sets_does_not_count() -> None:
    assert used_in(ast.parse("world.weather(storm=None)\nhttp.put('/x', json={'sync_end': 1})")) == {
        "storm",
        "sync_end",
    }
    assert used_in(ast.parse("storm = 'storm'\ntest_storm(storm)\nother(storm=1)")) == set()
