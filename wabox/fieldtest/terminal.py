"""A person at the terminal: told what to do on which phone, with a count-down; Enter goes on, s skips.

All of it is said on stderr, so that stdout has the report alone.
"""

from __future__ import annotations

import io
import os
import select
import sys
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import segno

from wabox.fieldtest.journal import Stopped
from wabox.fieldtest.people import Answer, Deed, Phones, Sight

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
_SIGHTS: dict[Sight, str] = {
    "place": "did a place on the map come, with a name?",
    "gone": "does it say there now that the message was deleted?",
    "edited": "does a message read now “{text}”, and that it was edited?",
    "emoji": "is there a {text} at the message before?",
}
_HINT = "    Enter when it is done, s to skip"
_WHITE_ON_BLACK, _PLAIN = "\x1b[97;40m", "\x1b[0m"  # else a code is inverted on a light terminal


class Terminal:
    """People for a run with two phones. stopped: the test was broken off, nobody is asked any more."""

    def __init__(self, phones: Phones, stopped: Callable[[], bool]) -> None:
        self.phones = phones
        self._stopped = stopped
        self._typed = b""
        self._closed = False

    def say(self, line: str) -> None:
        """As in People."""
        self._print(line + "\n")

    def show_qr(self, text: str) -> None:
        """As in People."""
        drawn = io.StringIO()
        segno.make(text, error="l", micro=False).terminal(drawn, compact=True)
        colours = (_WHITE_ON_BLACK, _PLAIN) if sys.stderr.isatty() else ("", "")
        self._print("".join(line.join(colours) + "\n" for line in drawn.getvalue().splitlines()))

    def do(self, deed: Deed, text: str = "", *, seconds: float = 120) -> Answer:
        """As in People. The scan is asked for once a code; the device itself says when it is done."""
        if deed not in _WORDS:
            return "cannot"
        self.say("    " + _WORDS[deed].format(text=text, seconds=round(seconds)))
        if deed == "scan":
            return "skipped" if self._typed_line(0.1) == "s" else "done"
        key = self._key(max(seconds, 120))
        return "done" if key is not None and key != "s" else "skipped"

    def how_many(self, text: str, message_id: str) -> int | None:
        """As in People."""
        said = self._line(f"    Phone B: how many messages say “{text}”? Type 0, 1, 2 …, or Enter if unsure: ")
        return int(said) if said.isdecimal() and len(said) < 4 else None

    def is_unread(self, text: str) -> bool | None:
        """As in People."""
        said = self._line("    Phone A: is the chat with phone B marked as unread? y, n, or Enter if unsure: ")
        return {"y": True, "n": False}.get(said[:1].lower())

    def is_plain(self, message_id: str) -> bool | None:
        """As in People."""
        said = self._line(
            "    Phone B: a grey picture came. Is there no text below it? y, n, or Enter if unsure: "
        )
        return {"y": True, "n": False}.get(said[:1].lower())

    def sees(self, sight: Sight, message_id: str, text: str = "") -> bool | None:
        """As in People."""
        said = self._line(f"    Phone B: {_SIGHTS[sight].format(text=text)} y, n, or Enter if unsure: ")
        return {"y": True, "n": False}.get(said[:1].lower())

    def agree(self, question: str) -> bool:
        """As in People."""
        return self._line(f"    {question} [y/N] ").lower().startswith("y")

    def details(self) -> dict[str, Any]:
        """As in People."""
        return {"sandbox": False}

    def _key(self, seconds: float) -> str | None:
        """The line that is typed; None if the count-down ends before: nobody knows then what was done."""
        self._forget_what_was_typed()
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._closed:
            if sys.stderr.isatty():
                self._print(f"\r{_HINT} ({round(left)} s) ")
            line = self._typed_line(min(left, 1))
            if line is not None:
                return line.lower()
        self._print("\n")
        return None

    def _line(self, question: str) -> str:
        self._forget_what_was_typed()
        self._print(question)
        while not self._closed:
            line = self._typed_line(1)
            if line is not None:
                return line
        return ""

    def _typed_line(self, seconds: float) -> str | None:
        """A whole line, if one is there by then. Raises Stopped."""
        if self._stopped():
            raise Stopped
        if b"\n" not in self._typed and not self._closed and select.select([sys.stdin], [], [], seconds)[0]:
            more = os.read(sys.stdin.fileno(), 4096)
            self._closed = not more
            self._typed += more
        if b"\n" not in self._typed:
            return None
        line, _, self._typed = self._typed.partition(b"\n")
        return line.decode(errors="replace").strip()

    def _forget_what_was_typed(self) -> None:
        """Enter once too often is no answer to what is asked next."""
        if sys.stdin.isatty():
            self._typed = b""
            with suppress(termios.error):
                termios.tcflush(sys.stdin, termios.TCIFLUSH)

    @staticmethod
    def _print(text: str) -> None:
        print(text, end="", file=sys.stderr, flush=True)  # noqa: T201 - this is the terminal
