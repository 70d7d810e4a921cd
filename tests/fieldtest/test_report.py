"""A report names nobody, whatever it is told; two reports are told apart."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wabox.fieldtest import shown
from wabox.fieldtest.report import HIDDEN, Found, Report, Result, version

PRIVATE = [
    "8801711000001",
    "+880 1711-000001",
    "8801711000001@c.us",
    "3EB0A1B2C3D4E5F6A7B8C9",
    "true_8801711000001@c.us_3EB0A1B2C3D4E5F6A7B8C9",
    "2@AbCdEf0123456789,xyz",
    "192.168.17.20",
    "fe80::1ff:fe23:4567:890a",
    "দোকান",
    "eyJhbGciOiJIUzI1NiJ9.e30.abc123456",
    1711000001,
    1_764_000_000,
]


@pytest.mark.parametrize("private", PRIVATE)
def test_private_things_are_hidden_wherever_they_stand(private: object) -> None:
    report = Report()
    assert report.safe(private) == HIDDEN
    assert report.safe([{"a": private}]) == [{"a": HIDDEN}]
    assert HIDDEN in report.safe({str(private): 1})


@pytest.mark.parametrize(
    "plain", ["ready", "at 0.2 s", "ERROR_UNKNOWN", "WAWebConnModel.Conn.on", "not_entered", 12.5, 3, None, True]
)
def test_plain_facts_stay(plain: object) -> None:
    assert Report().safe(plain) == plain


def test_what_is_kept_out_is_hidden_though_it_looks_plain() -> None:
    report = Report()
    report.keep_out("Asha", None, "")
    assert report.safe("Asha's shop") == HIDDEN
    assert report.safe("shop") == "shop"


@given(st.text(alphabet="0123456789", min_size=5), st.text(), st.text())
def test_no_number_passes(number: str, before: str, after: str) -> None:
    assert not re.search(r"\d{5}", json.dumps(Report().safe(before + number + after)))


def test_tags_are_the_same_within_a_report_and_never_across() -> None:
    one, other = Report(), Report()
    assert one.tag("x") == one.tag("x")
    assert len(one.tag("x")) == 4
    assert {one.tag(n) for n in range(5)} != {other.tag(n) for n in range(5)}


def test_a_version_is_a_version() -> None:
    assert version("2.3000.1049833609") == "2.3000.1049833609"
    assert version("8801711000001") == version(None) == version("1.2 of Asha") == "unknown"


def a_report(**seen: Any) -> dict[str, Any]:
    report = Report()
    report.about = {"sandbox": seen.pop("sandbox", True), "page": "2.3000.1", "day": "2026-11-26"}
    step = Found(7, "send")
    step.add("acks", seen.pop("result", "PASS"), (13,), report.safe(seen))
    report.steps.append(step)
    return report.data()


def test_two_reports_differ_in_results_and_words_not_in_numbers() -> None:
    assert shown.differences(a_report(by="lid", seconds=1), a_report(by="lid", seconds=9)) == []
    assert shown.differences(a_report(by="lid"), a_report(by="phone")) == ["7. acks, by: lid | phone"]
    assert shown.differences(a_report(), a_report(result="FAIL")) == ["7. acks: PASS | FAIL"]
    assert len(shown.differences(a_report(), {**a_report(), "steps": []})) == 1


def test_only_the_real_whatsapp_fills_the_column() -> None:
    assert "nothing goes into" in shown.text(a_report())
    assert "13  2.3000.1, 2026-11-26" in shown.text(a_report(sandbox=False))
    assert "Seen false: 13" in shown.text(a_report(sandbox=False, result="FAIL"))


def test_a_step_fails_if_any_check_does() -> None:
    step = Found(1, "x")
    results = [step.result]
    for result in get_args(Result)[:3]:
        step.add("a", result, (), {})
        results.append(step.result)
    assert results == ["NOT SEEN", "PASS", "FAIL", "FAIL"]
    assert Found(2, "y", skipped="not asked for").result == "SKIPPED"
