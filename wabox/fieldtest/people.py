"""The people's part of a field test: what somebody must do on a phone, or say of what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

# What may be asked of the people. B is the second phone; A is the one that is linked.
Deed = Literal[
    "scan",  # A scans the QR that is shown (text: the QR)
    "b_closes",  # the app on B is closed, so that nothing is read
    "b_reads",  # B opens the chat with A, and leaves it open
    "b_writes",  # B writes `text` to A
    "b_edits",  # B changes its last message to `text`
    "b_deletes",  # B deletes its last message for everybody
    "b_pictures",  # B sends a photo, a reaction, a poll
    "b_blocks",
    "b_unblocks",
    "b_hides_reading",  # B switches its read receipts off
    "b_shows_reading",
    "b_vanishing",  # 24-hour messages on, in the chat with A
    "b_lasting",  # and off again
    "a_writes",  # somebody writes `text` to B on A itself
    "a_away",  # A in flight mode
    "a_back",
    "network_off",  # the box's own network, where the test cannot switch it by itself
    "network_on",
    "swallow",  # the next message is lost on its way (only a pretend WhatsApp can)
    "a_removes",  # A removes this linked device
]
# What phone B may show of a message: a place on the map, that it was deleted, a new text, an emoji.
Sight = Literal["place", "gone", "edited", "emoji"]
Answer = Literal["done", "skipped", "cannot"]


@dataclass(frozen=True, slots=True)
class Phones:
    """The two numbers, as digits. nobody: a number that was never given out."""

    a: str
    b: str
    nobody: str = "12025550143"


class People(Protocol):
    """Whoever has the phones: a person at the terminal, or the sandbox's control API."""

    phones: Phones

    def say(self, line: str) -> None:
        """The people read this."""

    def show_qr(self, text: str) -> None:
        """The people see this QR code, instead of one before."""

    def do(self, deed: Deed, text: str = "", *, seconds: float = 120) -> Answer:
        """It was done. cannot: nobody here can do that; skipped: they would not."""

    def how_many(self, text: str, message_id: str) -> int | None:
        """So many messages of this text came on phone B; None if nobody says."""

    def is_unread(self, text: str) -> bool | None:
        """Phone A still shows B's message of this text as unread; None if nobody says."""

    def is_plain(self, message_id: str) -> bool | None:
        """The picture that came last on phone B has no text below it; None if nobody says."""

    def sees(self, sight: Sight, message_id: str, text: str = "") -> bool | None:
        """Phone B shows this of the message, with this text or emoji; None if nobody says."""

    def agree(self, question: str) -> bool:
        """A plain yes."""

    def details(self) -> dict[str, Any]:
        """What the report says of who played: no name."""
