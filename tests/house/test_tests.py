"""No test that cannot fail: every file of the tests is read by `vacuous`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house import vacuous

TESTS = Path(__file__).parents[1]

# file::function: why what is found there can fail all the same
ALLOWED: dict[str, str] = {}


# file::function of tests that assert nothing themselves: why they can fail all the same
QUIET: dict[str, str] = {}


def texts() -> dict[str, str]:
    """Every file of the tests; benches print, and judge by themselves."""
    paths = [path for path in sorted(TESTS.rglob("*.py")) if "bench" not in path.parts]
    return {str(path.relative_to(TESTS)): path.read_text(encoding="utf-8") for path in paths}


@pytest.mark.heavy("reads every file of the tests")
def test_every_test_can_fail() -> None:
    found = [one for name, text in texts().items() for one in vacuous.read(text, name)]
    bad = [str(one) for one in found if one.where not in ALLOWED]
    assert bad == [], "wrap what is looped over in tests.some.some(…), or assert whatever the condition"
    assert sorted(ALLOWED.keys() - {one.where for one in found}) == [], "no longer needed"


@pytest.mark.heavy("reads every file of the tests")
def test_every_test_asserts_something() -> None:
    assert [one for one in vacuous.idle(texts()) if one not in QUIET] == []


def test_a_test_that_asserts_nothing_is_found() -> None:
    text = "def helps(): assert 1 == box()\ndef test_one(): helps()\ndef test_two(): box()\n"
    assert vacuous.idle({"it.py": text}) == ["it.py::test_two"]


def test_no_page_is_waited_for_by_a_script_that_our_policy_blocks() -> None:
    """Playwright evaluates it itself the first time; each further look is an eval in the page."""
    name = "wait_for_" + "function"
    assert [file for file, text in texts().items() if name in text] == [], "wait with `until` and page.evaluate"


CONTENT_WITH_THE_PAGE_BEFORE = re.compile(
    r"\.(?:click|tap)\([^\n]*\)\n[^\n]*(?:state=\"detached\"|wait_for_load_state\()"
)


def test_what_follows_a_click_is_not_waited_for_on_the_page_before() -> None:
    """The page that was left lacks it too, and has loaded long ago: such a wait is over before it begins."""
    assert CONTENT_WITH_THE_PAGE_BEFORE.search('page.click("a")\n    page.wait_for_load_state()')
    found = [file for file, text in texts().items() if CONTENT_WITH_THE_PAGE_BEFORE.search(text)]
    assert found == [], "press it in `turning(page)` or in `page.expect_response(…)`"


def what(*lines: str, head: str = "def test_it(box, wanted):") -> list[str]:
    """What is found in a function of these lines."""
    return [one.what for one in vacuous.read("\n".join([head, *("    " + line for line in lines)]), "it.py")]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["answer = box.ask()", "if answer.ok:", "    assert answer.id"], "under an if"),
        (["for one in box.rows():", "    assert one.id"], "in a loop over what may be empty"),
        (["rows = box.rows()", "assert all(one.id for one in rows)"], "of all of what may be none"),
        (["rows = box.rows()", "assert not rows", "for one in rows:", "    assert one.id"], "in a loop"),
        (["try:", "    assert box.ask()", "except OSError:", "    pass"], "where its failure is passed over"),
        (["try:", "    box.ask()", "except OSError as error:", "    assert error.errno"], "in an except"),
        (["with suppress(OSError):", "    assert box.ask()"], "where its failure is suppressed"),
        (["assert box.ask() or True"], "what is always true"),
        (["assert (box.ask(), 'what it says')"], "what is always true"),
        (["assert wanted.id == wanted.id"], "what is always true"),
        (
            [
                "while box.ask():",
                "    if box.late:",
                "        pass",
                "    for one in box.rows():",
                "        assert one",
            ],
            "in a loop",
        ),
    ],
)
def test_what_cannot_fail_is_found(lines: list[str], told: str) -> None:
    (found,) = what(*lines)
    assert told in found


@pytest.mark.parametrize(
    "lines",
    [
        ["if wanted is None:", "    assert box.ask() is None"],
        ["for number in (1, 2):", "    if number == 2:", "        assert box.ask()"],
        ["for one in some(box.rows()):", "    assert one.id"],
        ["rows = box.rows()", "assert len(rows) == 3", "for one in rows:", "    assert one.id"],
        ["for name, row in ROWS.items():", "    assert box.ask(name) == row"],
        ["answer = box.ask()", "if answer.ok:", "    assert answer.id", "else:", "    assert answer.error"],
        ["assert box.ask() == box.ask()"],
        ["assert all(one.id for one in some(box.rows()))"],
        [
            "try:",
            "    found = box.ask()",
            "except OSError as error:",
            "    assert error.errno",
            "else:",
            "    assert found",
        ],
    ],
)
def test_what_can_fail_is_left_alone(lines: list[str]) -> None:
    assert what(*lines) == []


def test_hypothesis_comes_to_both_sides() -> None:
    lines = ["if box.ask():", "    assert wanted"]
    assert what(*lines, head="@given(st.text())\ndef test_it(box, wanted):") == []
    assert what(*lines) == ["asserts only under an if"]
