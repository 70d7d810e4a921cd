"""A driver without a browser, for the engine's tests: the same protocol, outcomes as the test says.

The protocol half behaves as WhatsApp does on a good day. The scripting half below it is the phone,
the people and the bad days. Events are given on the thread that caused them, before a call returns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Literal

from wabox.whatsapp.driver import (
    RESTRICTED,
    Detail,
    Event,
    Handed,
    Inbound,
    Link,
    LinkState,
    LookedUp,
    OnEvent,
    Pairing,
    Receipt,
    Resolved,
    SessionLost,
    SessionSpec,
)

Outcome = Literal[
    "acked",  # the server took it and said so
    "refused",  # the server said no; surely not sent
    "restricted",  # the server said no, and limits the account from now on; surely not sent
    "not_entered",  # the page never stored it; surely not sent
    "lost_answer",  # in doubt; the server has it, history says ack 1
    "stuck",  # in doubt; only the page has it, history says ack 0
    "vanished",  # in doubt; neither has it, history says nothing
    "session_lost",  # SessionLost before the page was asked; surely not sent
]


@dataclass(frozen=True, slots=True)
class Taken:
    """A message as the server took it. copies: how often this id reached the server."""

    device_id: int
    chat_id: str
    message_id: str
    text: str
    copies: int = 1


@dataclass(slots=True)
class _Profile:
    """What a profile directory would hold: the link, and the page's history."""

    phone: str | None = None
    name: str | None = None
    history: dict[tuple[str, str], int] = field(default_factory=dict)


class FakeDriver:
    """Keeps the Driver protocol; people, phones and faults are played by the test."""

    def __init__(self, on_event: OnEvent, *, now: Callable[[], datetime] | None = None) -> None:
        self._on_event = on_event
        self._now = now or (lambda: datetime.now(UTC))
        self._lock = RLock()
        self._profiles: dict[str, _Profile] = {}
        self._specs: dict[int, SessionSpec] = {}
        self._known: dict[int, SessionSpec] = {}
        self._links: dict[int, Link] = {}
        self._plan: deque[Outcome] = deque()
        self._qr_count = 0
        self._reply_count = 0
        self._away: dict[int, list[Receipt | Inbound]] = {}
        self.taken: dict[str, Taken] = {}
        self.handed: list[tuple[int, str, str, str]] = []
        self.asked: list[tuple[int, str]] = []
        self.not_on_whatsapp: set[str] = set()
        self.existence_unknown: set[str] = set()
        self.every_existence_unknown = False
        self.lids: dict[str, str] = {}
        self.refuse_reason = "error_unknown"
        self.failing_orders = 0  # so many orders to open come to nothing, as on a full disk
        self.before_hand_over: Callable[[int, str], None] | None = None

    # the protocol

    def opened(self) -> set[int]:
        """Those with a session; every order is carried out at once."""
        with self._lock:
            return set(self._specs)

    def open(self, spec: SessionSpec) -> None:
        """Opens at once: ready if the profile is linked, else a QR; or the order fails, as the test says."""
        with self._lock:
            if self.failing_orders:
                self.failing_orders -= 1
                return
            if spec.device_id in self._specs:
                return
            self._specs[spec.device_id] = self._known[spec.device_id] = spec
            profile = self._profiles.setdefault(spec.profile, _Profile())
        detail: Detail | None = "reconnecting" if profile.phone else None
        self._show(Link(spec.device_id, "starting", detail, phone=profile.phone))
        self._settle(spec.device_id)

    def close(self, device_id: int) -> None:
        """Closes at once; the profile keeps its link."""
        with self._lock:
            if self._specs.pop(device_id, None) is None:
                return
        self._show(Link(device_id, "not_started"))

    def restart(self, device_id: int) -> None:
        """Closes and opens; a device that is not open stays so."""
        with self._lock:
            spec = self._specs.pop(device_id, None)
        if spec is not None:
            self.open(spec)

    def logout(self, device_id: int, *, forget: bool = False) -> None:
        """Unlinks and closes."""
        self._unlink(device_id)

    def ask_pairing_code(self, device_id: int, phone: str) -> None:
        """Answers with a code if the device shows a QR."""
        link = self.link(device_id)
        if link.state != "qr":
            self._emit(Pairing(device_id, None, None, "not_waiting_for_link"))
            return
        self._emit(Pairing(device_id, "ABCD1234", self._now() + timedelta(minutes=3)))

    def resolve(self, device_id: int, phone: str) -> Resolved:
        """As `not_on_whatsapp`, `existence_unknown` and `lids` say; yes by default."""
        self._profile(device_id)
        with self._lock:
            self.asked.append((device_id, phone))
        if self.every_existence_unknown or phone in self.existence_unknown:
            return Resolved("unknown")
        if phone in self.not_on_whatsapp:
            return Resolved("no")
        if lid := self.lids.get(phone):
            return Resolved("yes", f"{lid}@lid", (f"{phone}@c.us",))
        return Resolved("yes", f"{phone}@c.us")

    def hand_over(self, device_id: int, chat_id: str, message_id: str, text: str) -> Handed:
        """As the next planned outcome says; `acked` by default."""
        profile = self._profile(device_id)
        if self.before_hand_over is not None:
            self.before_hand_over(device_id, message_id)
        with self._lock:
            outcome = self._plan.popleft() if self._plan else "acked"
            if outcome == "session_lost":
                raise SessionLost("planned")
            if outcome == "restricted":
                self.show(device_id, "ready", "restricted", synced=True)
            elif self.link(device_id).detail == "restricted" and outcome in ("acked", "refused"):
                outcome = "restricted"  # as WhatsApp does: whatever is handed over now is refused
            self.handed.append((device_id, chat_id, message_id, text))
            handed = self._play(outcome, profile, Taken(device_id, chat_id, message_id, text))
        if handed.outcome == "acked":
            self._emit(Receipt(device_id, message_id, chat_id, 1, self._now()))
        return handed

    def look_up(
        self,
        device_id: int,
        message_id: str,
        chat_ids: tuple[str, ...],
        anchor: tuple[str, str] | None,
    ) -> LookedUp:
        """As the profile's history says."""
        profile = self._profile(device_id)
        if not self.link(device_id).synced:
            raise SessionLost("not synced yet")
        with self._lock:
            acks = [profile.history[k] for c in chat_ids if (k := (c, message_id)) in profile.history]
            return LookedUp(max(acks, default=None), anchor is not None and anchor in profile.history)

    # what a test may do: the phone

    def link(self, device_id: int) -> Link:
        """What this device shows now."""
        with self._lock:
            return self._links.get(device_id, Link(device_id, "not_started"))

    def scan(self, device_id: int, phone: str, name: str = "Shop") -> None:
        """The phone scans the device's QR: it is linked, ready and synced."""
        with self._lock:
            profile = self._profiles[self._known[device_id].profile]
            profile.phone, profile.name = phone, name
            profile.history.clear()
        self._settle(device_id)

    def unlink(self, device_id: int) -> None:
        """The phone removes this linked device: logged out, closed, its history gone."""
        self._unlink(device_id)

    def renew_qr(self, device_id: int) -> None:
        """WhatsApp rotates the QR text."""
        self._show(Link(device_id, "qr", qr=self._next_qr()))

    # what a test may do: the weather

    def show(
        self,
        device_id: int,
        state: LinkState,
        detail: Detail | None = None,
        *,
        until: datetime | None = None,
        synced: bool = False,
    ) -> None:
        """The page shows this from now on, until `recover` or another call of `show`."""
        phone = self.link(device_id).phone
        self._show(Link(device_id, state, detail, phone=phone, until=until, synced=synced))

    def recover(self, device_id: int) -> None:
        """The page is back to what its profile says: ready or a QR."""
        self._settle(device_id)

    def plan(self, *outcomes: Outcome) -> None:
        """The next hand-overs, of any device, end like this, in this order."""
        with self._lock:
            self._plan.extend(outcomes)

    def lose_history(self, device_id: int) -> None:
        """The page forgets all messages, while its link stays."""
        with self._lock:
            self._profiles[self._known[device_id].profile].history.clear()

    # what a test may do: the other people

    def ack(self, device_id: int, message_id: str, ack: int) -> None:
        """WhatsApp acknowledges a message that is in the page's history."""
        with self._lock:
            profile = self._profiles[self._known[device_id].profile]
            key = next(k for k in profile.history if k[1] == message_id)
            profile.history[key] = max(ack, profile.history[key]) if ack >= 0 else ack
        self._deliver(Receipt(device_id, message_id, key[0], ack, self._now()))

    def write(self, device_id: int, phone: str, text: str, *, name: str | None = None) -> Inbound:
        """A person writes to the linked account; it comes when the device is ready. The event."""
        with self._lock:
            self._reply_count += 1
            chat_id = f"{lid}@lid" if (lid := self.lids.get(phone)) else f"{phone}@c.us"
            message_id = f"3A{self._reply_count:018X}"
        inbound = Inbound(device_id, message_id, chat_id, phone, name, text, "chat", self._now())
        self._deliver(inbound)
        return inbound

    # inside

    def _profile(self, device_id: int) -> _Profile:
        """The profile of a device that is ready, else SessionLost."""
        with self._lock:
            if self.link(device_id).state != "ready" or device_id not in self._specs:
                raise SessionLost("not ready")
            return self._profiles[self._known[device_id].profile]

    def _settle(self, device_id: int) -> None:
        with self._lock:
            profile = self._profiles[self._known[device_id].profile]
        if profile.phone is None:
            self._show(Link(device_id, "qr", qr=self._next_qr()))
            return
        phone, name = profile.phone, profile.name
        self._show(Link(device_id, "ready", phone=phone, pushname=name, synced=True))
        with self._lock:
            waiting = self._away.pop(device_id, [])
        for event in waiting:
            self._emit(event)

    def _deliver(self, event: Receipt | Inbound) -> None:
        """Now if the device is ready, else when it is: WhatsApp keeps it until then."""
        with self._lock:
            if self.link(event.device_id).state != "ready":
                self._away.setdefault(event.device_id, []).append(event)
                return
        self._emit(event)

    def _unlink(self, device_id: int) -> None:
        with self._lock:
            spec = self._specs.pop(device_id, None)
            if spec is not None:
                self._profiles[spec.profile] = _Profile()
            self._away.pop(device_id, None)
        self._show(Link(device_id, "disconnected", "logged_out"))

    def _next_qr(self) -> str:
        with self._lock:
            self._qr_count += 1
            return f"2@fake{self._qr_count},noise,identity,secret"

    def _play(self, outcome: Outcome, profile: _Profile, message: Taken) -> Handed:
        key = (message.chat_id, message.message_id)
        if outcome in ("refused", "restricted"):
            profile.history[key] = -1
            reason = RESTRICTED if outcome == "restricted" else self.refuse_reason
            return Handed("refused", reason, self._now())
        if outcome == "not_entered":
            return Handed("not_entered", "chat_not_found", self._now())
        if outcome in ("acked", "lost_answer"):
            seen = self.taken.get(message.message_id)
            self.taken[message.message_id] = replace(seen, copies=seen.copies + 1) if seen else message
            profile.history[key] = max(1, profile.history.get(key, 0))
        if outcome == "acked":
            return Handed("acked", at=self._now())
        if outcome == "stuck":
            profile.history.setdefault(key, 0)
        return Handed("in_doubt", "no_answer", self._now())

    def _show(self, link: Link) -> None:
        with self._lock:
            if self._links.get(link.device_id) == link:
                return
            self._links[link.device_id] = link
        self._emit(link)

    def _emit(self, event: Event) -> None:
        self._on_event(event)
