"""A person at the terminal: told what to do on which phone, with a count-down; Enter goes on, s skips."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable
from typing import Any

import segno

from wabox.fieldtest.people import Answer, Deed, Phones

_WORDS: dict[Deed, str] = {
    "scan": "Phone A: WhatsApp > Linked devices > Link a device, and scan the code above.",
    "b_closes": "Phone B: close WhatsApp (leave the chat, go to the home screen).",
    "b_reads": "Phone B: open the chat with phone A and leave it open.",
    "b_writes": "Phone B: write to phone A exactly this: {text}",
    "b_edits": "Phone B: edit the message that you wrote last, so that it reads: {text}",
    "b_deletes": "Phone B: delete the message that you wrote last, for everybody.",
    "b_pictures": "Phone B: send phone A a photo, a poll, and a reaction to any message.",
    "b_blocks": "Phone B: block phone A.",
    "b_unblocks": "Phone B: unblock phone A.",
    "b_hides_reading": "Phone B: Settings > Privacy > Read receipts: off. Leave the chat.",
    "b_shows_reading": "Phone B: Settings > Privacy > Read receipts: on.",
    "b_vanishing": "Phone B: in the chat with phone A, Disappearing messages: 24 hours.",
    "b_lasting": "Phone B: in the chat with phone A, Disappearing messages: off.",
    "a_writes": "Phone A: write to phone B, on the phone itself: {text}",
    "a_away": "Phone A: flight mode on.",
    "a_back": "Phone A: flight mode off.",
    "network_off": "This machine: pull its network cable, or switch its Wi-Fi off. {seconds} s will do.",
    "network_on": "This machine: put the network back.",
    "a_removes": "Phone A: WhatsApp > Linked devices: log out the newest device.",
}
_HINT = "    Enter when it is done, s to skip"


class Terminal:
    """People for a run with two phones. stopped: the test was broken off, nobody is asked any more."""

    def __init__(self, phones: Phones, stopped: Callable[[], bool]) -> None:
        self.phones = phones
        self._stopped = stopped

    def say(self, line: str) -> None:
        """As in People."""
        print(line, flush=True)  # noqa: T201 - this is the terminal

    def show_qr(self, text: str) -> None:
        """As in People."""
        segno.make(text, error="l", micro=False).terminal(sys.stdout, compact=True)
        sys.stdout.flush()

    def do(self, deed: Deed, text: str = "", *, seconds: float = 120) -> Answer:
        """As in People. The scan is asked for once a code; the device itself says when it is done."""
        if deed not in _WORDS:
            return "cannot"
        self.say("    " + _WORDS[deed].format(text=text, seconds=round(seconds)))
        if deed == "scan":
            return "skipped" if self._key(0.1) == "s" else "done"
        key = self._key(max(seconds, 120))
        return "skipped" if key == "s" else "done"

    def how_many(self, text: str, message_id: str) -> int | None:
        """As in People."""
        said = self._line(f"    Phone B: how many messages say “{text}”? Type 0, 1, 2 …, or Enter if unsure: ")
        return int(said) if said.isdigit() else None

    def is_unread(self, text: str) -> bool | None:
        """As in People."""
        said = self._line("    Phone A: is the chat with phone B marked as unread? y, n, or Enter if unsure: ")
        return {"y": True, "n": False}.get(said[:1].lower())

    def agree(self, question: str) -> bool:
        """As in People."""
        return self._line(f"{question} [y/N] ").lower().startswith("y")

    def details(self) -> dict[str, Any]:
        """As in People."""
        return {"sandbox": False}

    def _key(self, seconds: float) -> str:
        """The line that is typed, until it is or the count-down ends."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._stopped():
            if sys.stdout.isatty() and seconds > 1:
                print(f"\r{_HINT} ({round(left)} s) ", end="", flush=True)  # noqa: T201
            if select.select([sys.stdin], [], [], min(left, 1))[0]:
                return sys.stdin.readline().strip().lower()
        print()  # noqa: T201
        return ""

    def _line(self, question: str) -> str:
        print(question, end="", flush=True)  # noqa: T201
        while not self._stopped():
            if select.select([sys.stdin], [], [], 1)[0]:
                return sys.stdin.readline().strip()
        return ""
