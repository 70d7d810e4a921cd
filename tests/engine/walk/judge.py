"""May a message go at this moment: a model of its own, kept by what people asked for, not by wabox's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.engine.walk.whatsapp import HandedOver, WhatsApp

DHAKA = ZoneInfo("Asia/Dhaka")


@dataclass(slots=True)
class Sending:
    """`[sending]` of a walk. Caps of 0 are none; quiet: hours of the day, from and to over midnight."""

    gap: int = 5
    daily: int = 0
    hourly: int = 0
    new_chats: int = 0
    quiet: tuple[int, int] | None = None

    def settings(self) -> dict[str, object]:
        """As wabox.toml says it."""
        quiet = [] if self.quiet is None else [f"{hour:02d}:00" for hour in self.quiet]
        return {
            "gap_seconds": [self.gap, self.gap],
            "daily_cap": self.daily,
            "hourly_cap": self.hourly,
            "new_chats_per_day": self.new_chats,
            "quiet_hours": quiet,
        }


@dataclass(slots=True)
class Asked:
    """One message as somebody asked for it."""

    phone: str
    not_before: datetime | None = None
    expires_at: datetime | None = None
    campaign: int | None = None
    cancelled: bool = False
    file: bytes | None = None


@dataclass(slots=True)
class Judge:
    """texts: {text: what was asked}; every text of a walk is one message to one person.

    sends_as: {device: the number that its owner wants it to send from}. What is known and opened is a number's.
    """

    whatsapp: WhatsApp
    sending: Sending
    texts: dict[str, Asked] = field(default_factory=dict)
    campaigns: dict[int, str] = field(default_factory=dict)
    opted_out: set[str] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    known: set[tuple[str | None, str]] = field(default_factory=set)
    opened: dict[tuple[str | None, str], datetime] = field(default_factory=dict)
    sends_as: dict[int, str] = field(default_factory=dict)
    owes: dict[str, str | None] = field(default_factory=dict)

    def why_not(self, attempt: HandedOver) -> str | None:
        """What forbids this hand-over, None if nothing does."""
        if self.whatsapp.has(attempt.message_id):
            return "WhatsApp has it already"
        if attempt.device_id in self.removed:
            return "its device is removed"
        if attempt.account != self.sends_as.get(attempt.device_id):
            return "another number is linked, and its owner has not said that it goes on"
        asked, now = self.texts.get(attempt.text), attempt.at
        if asked is None:  # a confirmation of wabox's own: paced, counted, never silenced
            return self._over(attempt, None, now)
        if attempt.file != asked.file:
            return "its file is not the one that was asked for"
        return self._forbidden(asked, now) or self._quiet(now) or self._over(attempt, asked.phone, now)

    def wrote(self, account: str | None, phone: str) -> None:
        """A person wrote to this number: a message to them opens no chat."""
        self.known.add((account, phone))

    def took(self, last: Sequence[HandedOver]) -> None:
        """The server has taken some of these: chats that nobody knew before are open."""
        for one in last:
            asked = self.texts.get(one.text)
            chat = (one.account, asked.phone if asked else "")
            if asked is not None and self.whatsapp.has(one.message_id) and chat not in self.known:
                self.opened.setdefault(chat, one.at)

    def _forbidden(self, asked: Asked, now: datetime) -> str | None:
        if asked.cancelled:
            return "it is cancelled"
        if asked.campaign is not None and self.campaigns[asked.campaign] != "running":
            return f"its campaign is {self.campaigns[asked.campaign]}"
        if asked.phone in self.opted_out:
            return "the person wants nothing more"
        if asked.expires_at is not None and now >= asked.expires_at:
            return "it has expired"
        if asked.not_before is not None and now < asked.not_before:
            return "its time has not come"
        return None

    def _quiet(self, now: datetime) -> str | None:
        if self.sending.quiet is None:
            return None
        begins, ends = self.sending.quiet
        hour = now.astimezone(DHAKA).hour
        return "quiet hours" if hour >= begins or hour < ends else None

    def _over(self, attempt: HandedOver, phone: str | None, now: datetime) -> str | None:
        """A lower bound: only what the server took of other messages counts."""
        midnight = now.astimezone(DHAKA).replace(hour=0, minute=0, second=0, microsecond=0)
        went = {
            one.message_id: one.at
            for one in self.whatsapp.log
            if one.account == attempt.account
            and one.message_id != attempt.message_id
            and self.whatsapp.has(one.message_id)
        }
        if 0 < self.sending.daily <= sum(at >= midnight for at in went.values()):
            return "daily cap"
        if 0 < self.sending.hourly <= sum(at > now - timedelta(hours=1) for at in went.values()):
            return "hourly cap"
        chat = (attempt.account, phone or "")
        if phone is None or chat in self.known or chat in self.opened:
            return None
        fresh = sum(at >= midnight for (account, _), at in self.opened.items() if account == attempt.account)
        return "new chats" if 0 < self.sending.new_chats <= fresh else None
