"""The ground of a field test: the driver on one device, its journal, the people, the report, and what was sent."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from wabox.fieldtest.journal import Journal
from wabox.fieldtest.people import People
from wabox.fieldtest.report import Found, Report, Result
from wabox.fieldtest.tempo import Tempo
from wabox.whatsapp import processes
from wabox.whatsapp.driver import Enclosed, Handed, Link, LookedUp, Receipt, Resolved, SessionLost, SessionSpec
from wabox.whatsapp.gateway import Gateway
from wabox.whatsapp.page import Page, PageHung, PageLost
from wabox.whatsapp.profile import Profile

T = TypeVar("T")
MESSAGES = 25
_TRIES_SECONDS = 30
_KB = 1024


class UsedUp(Exception):
    """The test has sent as many messages as it may."""


class Missed(Exception):
    """The step cannot go on: what it stands on is not there. fails: it should have been."""

    def __init__(self, why: str, *, fails: bool = False) -> None:
        super().__init__(why)
        self.fails = fails


class Field:
    """What every step has in hand. All that it says to WhatsApp goes through here and is counted."""

    def __init__(
        self,
        gateway: Gateway,
        journal: Journal,
        people: People,
        tempo: Tempo,
        *,
        profiles: Path,
        spec: SessionSpec,
        temporary: bool,
        overnight: bool = False,
    ) -> None:
        self.gateway, self.journal, self.people, self.tempo = gateway, journal, people, tempo
        self.report = Report()
        self.spec = spec
        self.temporary = temporary
        self.overnight = overnight
        self.messages = 0
        self.linked_at: float | None = None
        self.step = Found(0, "")
        self.kept: dict[str, Any] = {}  # what one step leaves for a later one
        self._profiles = profiles

    # what a step says

    def check(self, name: str, good: bool | None, /, *assumes: int, **seen: Any) -> None:  # noqa: FBT001
        """One thing was looked at. good: None if it could not be seen."""
        result: Result = "NOT SEEN" if good is None else "PASS" if good else "FAIL"
        self.step.add(name, result, assumes, self.report.safe(seen))

    # the device

    @property
    def link(self) -> Link:
        """What the device shows now."""
        links = [one for one in self.journal.all(Link) if one.device_id == self.spec.device_id]
        return links[-1] if links else Link(self.spec.device_id, self.spec.session, "not_started")

    @property
    def lives(self) -> bool:
        """It is linked, whatever its page does just now."""
        return self.link.detail != "logged_out" and self.link.state != "qr"

    def open(self) -> int:
        """The device is opened under a number that it never had; the mark from before."""
        mark = self.journal.mark()
        self.spec = replace(self.spec, session=self.spec.session + 1)
        self.gateway.open(self.spec)
        return mark

    def shows(self, wanted: Callable[[Link], bool], *, since: int, seconds: float) -> Link | None:
        """The device came to show this since then."""
        mine = self.spec.device_id
        return self.journal.wait(
            Link, lambda link: link.device_id == mine and wanted(link), since=since, seconds=seconds
        )

    def ready_again(self, since: int) -> Link | None:
        """The device has come back, in sync, without a QR in between; or what it shows instead of that."""
        return self.shows(
            lambda link: (
                (link.state == "ready" and link.synced) or link.state == "qr" or link.detail == "logged_out"
            ),
            since=since,
            seconds=self.tempo.ready,
        )

    def kill_browser(self) -> int:
        """The device's browser is killed; the mark from before."""
        mark = self.journal.mark()
        processes.end_browsers_of(self.profile.directory)
        self.shows(lambda link: link.state != "ready", since=mark, seconds=self.tempo.acks)
        return mark

    @property
    def profile(self) -> Profile:
        """The device's directory."""
        return Profile(self._profiles, self.spec.profile)

    def memory(self) -> int | None:
        """MB that the device's browser has, shared ones counted in part; None if the machine does not say."""
        total = 0
        for pid in processes.browsers_of(self.profile.directory):
            for one in processes.family(pid):
                with suppress(OSError, StopIteration, ValueError):
                    lines = (Path("/proc") / str(one) / "smaps_rollup").read_text().splitlines()
                    total += int(next(line.split()[1] for line in lines if line.startswith("Pss:")))
        return total // _KB or None

    # the page

    def page(self, work: Callable[[Page], Awaitable[T]], seconds: float = 20) -> T | None:
        """What the page answers; None if there is none or it does not answer."""
        try:
            return self.gateway.examine(self.spec.device_id, work, seconds)
        except (SessionLost, PageLost, PageHung):
            return None

    def ask(self, script: str, question: Any = None, seconds: float = 20) -> Any:
        """What a script answers in the page; None as above."""
        return self.page(lambda page: page.run(script, question, seconds), seconds)

    def began(self) -> float | None:
        """When the document in the page began; another one says another moment."""
        found = self.ask("() => performance.timeOrigin")
        return float(found) if isinstance(found, int | float) else None

    # messages

    def chat(self) -> str:
        """Where messages to B go. Raises Missed."""
        if "chat" not in self.kept:
            self.kept["chat"] = self._chat_of(self.people.phones.b)
        return str(self.kept["chat"])

    def own_chat(self) -> str:
        """Where messages to A itself go. Raises Missed."""
        return self._chat_of(self.people.phones.a)

    def resolve(self, phone: str) -> Resolved:
        """Whether a number is on WhatsApp; once more if the page was away."""
        until = time.monotonic() + _TRIES_SECONDS
        while True:
            try:
                found = self.gateway.resolve(self.spec.device_id, phone)
            except SessionLost:
                if time.monotonic() > until:
                    raise Missed("the device is not ready", fails=True) from None
                self.journal.rest(0.5)
                continue
            self.report.keep_out(found.chat_id, *found.other_chat_ids)
            return found

    def new_message(self, what: str) -> tuple[str, str]:
        """An id and a text, counted. Raises UsedUp."""
        if self.messages >= MESSAGES:
            raise UsedUp
        self.messages += 1
        message_id, text = "3EB0" + secrets.token_hex(9).upper(), f"wabox field test {self.messages}: {what}"
        self.report.keep_out(message_id, text)
        return message_id, text

    def hand_over(self, chat: str, message_id: str, text: str, file: Enclosed | None = None) -> Handed:
        """What became of it. Raises Missed if the page was never asked."""
        try:
            return self.gateway.hand_over(self.spec.device_id, chat, message_id, text, file)
        except SessionLost:
            raise Missed("the device is not ready", fails=True) from None

    def asked(self, ask: Callable[[], T]) -> T:
        """What the driver answers. Raises Missed if it cannot."""
        try:
            return ask()
        except SessionLost:
            raise Missed("the device is not ready", fails=True) from None

    def look_up(self, message_id: str, chat: str, anchor: tuple[str, str] | None = None) -> LookedUp:
        """What the page's history says. Raises Missed."""
        try:
            return self.gateway.look_up(self.spec.device_id, message_id, (chat,), anchor)
        except SessionLost:
            raise Missed("the history gave no answer", fails=True) from None

    def ack(self, message_id: str, ack: int, *, since: int, seconds: float | None = None) -> Receipt | None:
        """A receipt of at least this."""
        return self.journal.wait(
            Receipt,
            lambda one: one.message_id == message_id and one.ack >= ack,
            since=since,
            seconds=self.tempo.acks if seconds is None else seconds,
        )

    def _chat_of(self, phone: str) -> str:
        found = self.resolve(phone)
        if found.answer != "yes" or found.chat_id is None:
            raise Missed("the phone's number was not found on WhatsApp", fails=True)
        return found.chat_id
