"""A person at a terminal goes through the field test: reads what is asked, does it on the phones, types."""

from __future__ import annotations

import codecs
import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy
import pytest

from tests.fieldtest.private import names_nobody
from wabox.fieldtest import place, terminal
from wabox.fieldtest.people import Deed, Phones
from wabox.fieldtest.played import Played
from wabox.fieldtest.steps import STEPS
from wabox.fieldtest.terminal import Terminal

RUN = "from wabox.cli import fieldtest as it; it.PEOPLE = it.FAST; it.command()"
LIGHT = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}


def test_every_deed_but_the_impossible_one_has_words() -> None:
    assert set(get_args(Deed)) - set(terminal._WORDS) == {"swallow"}


class Owner:
    """Has both phones in hand, and a terminal in which the test runs."""

    def __init__(self, people: Played, config: Path, *words: str) -> None:
        self.people, self.screen, self.read = people, "", 0
        self.unwilling = False  # does nothing but scan, and says nothing
        self.tty, theirs = pty.openpty()
        self.letters = codecs.getincrementaldecoder("utf-8")()
        command = [sys.executable, "-c", RUN, "--json", "--config", str(config), *words]
        command += ["--phone-a", f"+{people.phones.a}", "--phone-b", people.phones.b]
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, text=True, start_new_session=True
        )
        os.close(theirs)
        self.deeds = {
            deed: re.compile(re.sub(r"\\{\w+\\}", "(.+?)", re.escape(said)) + r"\r?\n.*?to skip", re.S)
            for deed, said in terminal._WORDS.items()
            if deed != "scan"
        }

    def goes_through_it(self, seconds: float) -> dict[str, Any]:
        """The report that is printed in the end."""
        until = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < until, self.screen[-2000:]
            if select.select([self.tty], [], [], 0.1)[0]:
                try:
                    self.screen += self.letters.decode(os.read(self.tty, 65_536))
                except OSError:  # the other end is closed
                    break
            self._answers()
        assert self.process.stdout is not None
        said = self.process.stdout.read()
        self.process.wait(30)
        report: dict[str, Any] = json.loads(said)
        return report

    def ends(self) -> None:
        """Nothing of it is left."""
        self.process.kill()
        self.process.wait()
        os.close(self.tty)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _answers(self) -> None:
        asked = self.screen[self.read :]
        found = [(match.end(), act) for match, act in self._understood(asked)]
        if found:
            end, act = min(found, key=lambda one: one[0])
            self.read += end
            act()

    def _understood(self, asked: str) -> list[tuple[re.Match[str], Callable[[], None]]]:
        known: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]] = [
            (re.compile(r"people agree\? \[y/N\]: "), lambda _: "y"),
            (re.compile(r"Go on\? \[y/N\] "), lambda _: "y"),
            (re.compile(r"how many messages say “(.+?)”\?.*?unsure: "), self._counts),
            (re.compile(r"as unread\?.*?unsure: "), self._looks),
            (re.compile(r"no text below it\?.*?unsure: "), self._sees_a_picture),
            (re.compile(r"scan the code above\."), self._scans),
            *((pattern, self._does(deed)) for deed, pattern in self.deeds.items()),
        ]
        understood: list[tuple[re.Match[str], Callable[[], None]]] = []
        for pattern, answer in known:
            if match := pattern.search(asked):
                understood.append((match, partial(self._types, answer, match)))
        return understood

    def _types(self, answer: Callable[[re.Match[str]], str | None], asked: re.Match[str]) -> None:
        line = answer(asked)
        if line is not None:
            os.write(self.tty, line.encode() + b"\n")

    def _does(self, deed: Deed) -> Callable[[re.Match[str]], str]:
        def answer(match: re.Match[str]) -> str:
            if self.unwilling:
                return "s"
            text = match[1] if match.groups() and deed != "network_off" else ""
            return "" if self.people.do(deed, text.strip()) == "done" else "s"

        return answer

    def _counts(self, match: re.Match[str]) -> str:
        if self.unwilling:
            return ""
        got = self.people.messages(self.people.phones.b)
        return str([one["text"] for one in got].count(match[1]))

    def _looks(self, _: re.Match[str]) -> str:
        return "" if self.unwilling else "y" if self.people.is_unread("") else "n"

    def _sees_a_picture(self, _: re.Match[str]) -> str:
        last = self.people.messages(self.people.phones.b)[-1]["id"]
        return "" if self.unwilling else "y" if self.people.is_plain(last) else "n"

    def _scans(self, _: re.Match[str]) -> None:
        lines = re.findall(r"\x1b\[97;40m(.*?)\x1b\[0m", self.screen[: self.read])
        high = (len(lines[-1]) + 1) // 2  # as high as wide, and two rows stand in a line
        self.people.do("scan", read_code(lines[-high:]))


def read_code(lines: list[str]) -> str:
    """What a phone reads from the half blocks of a terminal."""
    rows = [[LIGHT[letter][half] for letter in line] for line in lines for half in (0, 1)]
    picture = numpy.kron(numpy.array(rows), numpy.full((8, 8), 255)).astype(numpy.uint8)
    text, _, _ = cv2.QRCodeDetectorAruco().detectAndDecode(picture)
    assert text
    return text


@pytest.fixture
def config(tmp_path: Path) -> Path:
    settings = tmp_path / "wabox.toml"
    settings.write_text(f'[data]\ndir = "{tmp_path / "data"}"\n')
    return settings


def gone_through(config: Path, *words: str, seconds: float, unwilling: bool = False) -> dict[str, Any]:
    with place.sandbox() as url:
        config.write_text(config.read_text() + f'\n[whatsapp]\nurl = "{url}"\n')
        people = Played(url)
        owner = Owner(people, config, *words)
        owner.unwilling = unwilling
        try:
            report = owner.goes_through_it(seconds)
            names_nobody(report, people)
        finally:
            people.close()
            owner.ends()
    assert report["about"]["sandbox"] is False
    return report


@pytest.mark.heavy("a program of its own goes through the steps, with a browser")
def test_a_person_goes_through_some_steps(config: Path) -> None:
    steps = (1, 3, 11, 20)
    report = gone_through(config, *(word for number in steps for word in ("--step", str(number))), seconds=60)
    found = {step["number"]: step["result"] for step in report["steps"] if step["result"] != "SKIPPED"}
    assert found == dict.fromkeys(steps, "PASS"), report


@pytest.mark.skipif(not os.environ.get("WABOX_LONG"), reason="WABOX_LONG=1 goes through all")
@pytest.mark.heavy("a program of its own goes through the steps, with a browser")
def test_a_person_goes_through_every_step(config: Path) -> None:
    report = gone_through(config, seconds=200)
    assert {step["number"]: step["result"] for step in report["steps"]} == {one.number: "PASS" for one in STEPS}


@pytest.mark.skipif(not os.environ.get("WABOX_LONG"), reason="WABOX_LONG=1 goes through all")
@pytest.mark.heavy("a program of its own goes through the steps, with a browser")
def test_who_does_nothing_but_scan_makes_no_step_fail(config: Path) -> None:
    report = gone_through(config, seconds=200, unwilling=True)
    found = {step["number"]: step["result"] for step in report["steps"]}
    assert [number for number, result in found.items() if result == "FAIL"] == []
    assert [found[number] for number in (15, 17, 20)] == ["SKIPPED"] * 3
    assert found[3] == found[7] == found[18] == "PASS"


def test_what_nobody_confirms_counts_as_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, theirs = os.pipe()
    os.write(theirs, b"\ns\n2\nabc\ny\n")
    os.close(theirs)
    people = Terminal(Phones("8801711000001", "8801711000002"), lambda: False)
    with os.fdopen(mine) as stdin, monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", stdin)
        assert people.do("b_reads") == "done"
        assert people.do("b_reads") == "skipped"
        assert people.how_many("x", "y") == 2
        assert people.how_many("x", "y") is None
        assert people.is_unread("x") is True
        assert people.do("b_reads") == "skipped", "stdin is closed"
        assert not people.agree("Go on?")
        assert people.do("swallow") == "cannot"
