"""The list of what OWASP asks at its first level: none is left out, and each test that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.some import some

ROOT = Path(__file__).parents[2]
LIST = (ROOT / "wabox" / "docs" / "asvs.md").read_text(encoding="utf-8")
LEVEL_1 = """
    1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.1 1.3.2 1.5.1 2.1.1 2.2.1 2.2.2 2.3.1 3.2.1 3.2.2 3.3.1 3.4.1 3.4.2 3.5.1
    3.5.2 3.5.3 4.1.1 4.4.1 5.2.1 5.2.2 5.3.1 5.3.2 6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.3.1
    6.3.2 6.4.1 6.4.2 7.2.1 7.2.2 7.2.3 7.2.4 7.4.1 7.4.2 8.1.1 8.2.1 8.2.2 8.3.1 9.1.1 9.1.2 9.1.3 9.2.1 10.4.1
    10.4.2 10.4.3 10.4.4 10.4.5 11.3.1 11.3.2 11.4.1 12.1.1 12.2.1 12.2.2 13.4.1 14.2.1 14.3.1 15.1.1 15.2.1 15.3.1
"""


def test_every_requirement_of_level_1_has_its_row() -> None:
    rows = re.findall(r"(?m)^\| ([0-9]+\.[0-9]+\.[0-9]+) \| (.+?) \|(.*)\|$", LIST)
    assert [number for number, _, _ in rows] == LEVEL_1.split()
    untested = [number for number, how, test in rows if not test.strip() and not how.startswith("n/a: ")]
    assert untested == ["6.4.2", "12.2.2", "15.1.1", "15.2.1"]


def test_every_test_that_the_list_names_is_there() -> None:
    written = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", LIST))
    assert len(named) > 40
    assert {name for name in named if f"def {name}(" not in written} == set()


def test_every_file_that_the_list_names_is_there() -> None:
    for name in some(re.findall(r"`((?:accounts|dashboard)/[\w/]+\.py)`", LIST)):
        assert (ROOT / "wabox" / name).is_file(), name
