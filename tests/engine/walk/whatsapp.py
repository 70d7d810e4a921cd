"""WhatsApp in a walk: it outlives wabox, has its own log of every hand-over, and tells its news when it likes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from wabox.whatsapp.driver import Enclosed, Event, File, Handed, OnEvent, Receipt
from wabox.whatsapp.fake import FakeDriver, Outcome, Taken


@dataclass(frozen=True, slots=True)
class HandedOver:
    """One attempt, as WhatsApp's page saw it. account: the number it would go from. file: its bytes."""

    device_id: int
    message_id: str
    text: str
    at: datetime
    account: str | None
    file: bytes | None = None


class Killed(BaseException):
    """wabox died here; whatever catches exceptions catches no death."""


class WhatsApp(FakeDriver):
    """asked_for: before each hand-over. entered: WhatsApp has decided, and wabox has heard nothing yet."""

    def __init__(self, on_event: OnEvent, *, now: Callable[[], datetime]) -> None:
        super().__init__(self._tell, now=now)
        self._write_down = on_event
        self._clock = now
        self._news: list[Event] = []
        self.slow = False
        self.log: list[HandedOver] = []
        self.uploads: list[Outcome] = []  # how the next files end
        self.asked_for: Callable[[HandedOver], None] = lambda attempt: None
        self.entered: Callable[[], None] = lambda: None

    def hand_over(
        self, device_id: int, chat_id: str, message_id: str, text: str, enclosed: Enclosed | None = None
    ) -> Handed:
        file = enclosed.path.read_bytes() if isinstance(enclosed, File) else None
        attempt = HandedOver(device_id, message_id, text, self._clock(), self.link(device_id).phone, file)
        if file is not None and self.uploads:
            self.plan(self.uploads.pop(0))
        self.asked_for(attempt)
        self.log.append(attempt)
        was, self.slow = self.slow, True
        try:
            handed = super().hand_over(device_id, chat_id, message_id, text, enclosed)
            if handed.outcome == "held":  # nothing was entered: no attempt
                self.log.remove(attempt)
            self.entered()
        finally:
            self.slow = was
        if not was:
            self.tell(0)
        return handed

    def has(self, message_id: str | None) -> bool:
        """Whether the server took it."""
        return message_id in self.taken

    def without_ack(self) -> list[tuple[int, str]]:
        """Device and id of what only an open page has."""
        return [
            (device_id, message_id)
            for device_id, spec in self._specs.items()
            if self.link(device_id).state == "ready"
            for (_, message_id), ack in self._profiles[spec.profile].history.items()
            if ack == 0
        ]

    def acknowledged(self) -> list[tuple[int, str]]:
        """Device and id of what the server took from an open page."""
        return [
            (device_id, message_id)
            for device_id, spec in self._specs.items()
            if self.link(device_id).state == "ready"
            for (_, message_id), ack in self._profiles[spec.profile].history.items()
            if ack > 0
        ]

    def push(self, device_id: int, message_id: str, ack: int) -> None:
        """What the page had kept goes through, or is refused, or is delivered and read."""
        if ack > 0 and message_id not in self.taken:
            one = next(one for one in self.log if one.message_id == message_id)
            self.taken[message_id] = Taken(device_id, "", message_id, one.text)
        self.ack(device_id, message_id, ack)

    def drop(self, message_id: str) -> None:
        """A person has taken it out of the page: it will never go."""
        for profile in self._profiles.values():
            profile.history = {key: ack for key, ack in profile.history.items() if key[1] != message_id}

    # the news

    def tell(self, seed: int) -> None:
        """What was slow arrives: links in their order, receipts in any, some of them twice."""
        news, self._news = self._news, []
        receipts = [one for one in news if isinstance(one, Receipt)]
        some = random.Random(seed)
        receipts += some.sample(receipts, len(receipts) // 2)
        some.shuffle(receipts)
        for one in [one for one in news if not isinstance(one, Receipt)] + receipts:
            self._write_down(one)

    def die(self, *, reboot: bool, unflushed: int) -> None:
        """wabox and its browsers are gone. What a page had not written yet is lost; if the machine went, more.

        A page writes a message down before it sends it, so only a machine's death loses what the server has.
        unflushed: so many of each page's last messages.
        """
        news, self._news = self._news, []
        self.killed()
        for profile in self._profiles.values():
            for key in list(profile.history)[len(profile.history) - unflushed :] if unflushed else ():
                if reboot or profile.history[key] == 0:
                    del profile.history[key]
        kept = {message_id for profile in self._profiles.values() for _, message_id in profile.history}
        for one in news:  # what the page still has it tells again when it is back
            if isinstance(one, Receipt) and one.message_id in kept:
                self._away.setdefault(one.device_id, []).append(one)

    def _tell(self, event: Event) -> None:
        if self.slow:
            self._news.append(event)
        else:
            self._write_down(event)
