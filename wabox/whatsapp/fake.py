"""A driver without a browser, for the engine's tests: the same protocol, outcomes as the test says.

The protocol half behaves as WhatsApp does on a good day. The scripting half below it is the phone,
the people and the bad days. Events are given on the thread that caused them, before a call returns.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from threading import RLock
from typing import Any, Literal

from wabox.whatsapp import logouts
from wabox.whatsapp.driver import (
    BLOCKED,
    CAPPED,
    FILE_GONE,
    FILE_TOO_LARGE,
    TIMELOCK,
    TOO_MANY,
    UPLOAD_ERROR,
    UPLOAD_STUCK,
    Attached,
    Checkup,
    Detail,
    Downloaded,
    Edited,
    Enclosed,
    Event,
    File,
    Handed,
    Inbound,
    Instead,
    Joined,
    Limits,
    Link,
    LinkState,
    LookedUp,
    NewChats,
    OnEvent,
    Pairing,
    PhoneUsed,
    Place,
    QuotaStatus,
    Quoted,
    Reacted,
    Reaction,
    Receipt,
    Resolved,
    Revoked,
    SentCard,
    SentPoll,
    SessionLost,
    SessionSpec,
    Timelock,
    Withdrawn,
    is_written,
)

Outcome = Literal[
    "acked",  # the server took it and said so
    "refused",  # the server said no; surely not sent
    "limited",  # the server said no, and the page found out that the account is limited; surely not sent
    "refused_later",  # the server took it, and said no a moment after
    "not_entered",  # the page never stored it; surely not sent
    "lost_answer",  # in doubt; the server has it, history says ack 1
    "stuck",  # in doubt; only the page has it, history says ack 0
    "refused_late",  # in doubt; the server said no to this attempt, history says ack -1
    "vanished",  # in doubt; neither has it, history says nothing
    "session_lost",  # SessionLost before the page was asked; surely not sent
    "upload_stuck",  # the file's upload never ended; surely not sent, history says ack 0
    "upload_stuck_late",  # the same, of a page that stores a message after its upload; history says nothing
    "upload_lost",  # in doubt; the page died in mid-upload, history says ack 0
    "upload_lost_late",  # the same, of a page that stores a message after its upload; history says nothing
    "upload_error",  # the file was not taken; surely not sent
    "file_too_large",  # the page takes no such file; surely not sent
]

EditOutcome = Literal["edited", "lost_answer", "refused", "failed", "session_lost"]
ReactOutcome = Literal["reacted", "lost_answer", "refused", "failed", "session_lost"]
EngineFault = Literal["lacks", "slow", "no_look_up"]
RevokeOutcome = Literal[
    "revoked",
    "refused",  # the page would not
    "failed",  # nothing happened
    "lost_answer",  # it is deleted, and nobody said so
    "session_lost",  # the page was never asked
]


MOST_BYTES = 64 * 1024 * 1024  # of a file that is no document
_KINDS = {"voice": "ptt"}  # wa-js's types, where they are others
_BEFORE_THE_SERVER = (
    "not_entered",
    "upload_stuck",
    "upload_stuck_late",
    "upload_lost",
    "upload_lost_late",
    "upload_error",
    "file_too_large",
)

PICTURE = b"\x89PNG\r\n\x1a\n" + b"a page"


@dataclass(frozen=True, slots=True)
class Taken:
    """A message as the server took it. copies: how often this id reached the server. sha256: of its file.

    enclosed: the place, card or poll that it is instead of a text.
    """

    device_id: int
    chat_id: str
    message_id: str
    text: str
    copies: int = 1
    file: File | None = None
    sha256: str | None = None
    enclosed: Instead | None = None


@dataclass(slots=True)
class _Profile:
    """What a profile directory would hold: the link, and the page's history."""

    phone: str | None = None
    name: str | None = None
    history: dict[tuple[str, str], int] = field(default_factory=dict)
    over: tuple[str | None, datetime] | None = (
        None  # why and when its link ended, while nobody has opened it since
    )


@dataclass(slots=True)
class People:
    """What the page knows of people, by phone. hidden: whose number it does not know; they have a LID.

    files: that they have sent, by chat and id. files_expired: WhatsApp has them no more.
    """

    lids: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    usernames: dict[str, str] = field(default_factory=dict)
    businesses: set[str] = field(default_factory=set)
    files: dict[tuple[str, str], tuple[Attached, bytes]] = field(default_factory=dict)
    files_expired: bool = False


@dataclass(slots=True)
class Put:
    """Emoji of ours, by the message's id. written: chat and id of what people wrote. ends: of the next ones.

    texts: what ours were changed to; edits: how often one was; edit_ends: of the next ones.
    """

    written: set[tuple[str, str]] = field(default_factory=set)
    emoji: dict[str, str] = field(default_factory=dict)
    ends: deque[ReactOutcome] = field(default_factory=deque)
    texts: dict[str, str] = field(default_factory=dict)
    edits: int = 0
    edit_ends: deque[EditOutcome] = field(default_factory=deque)


class FakeDriver:
    """Keeps the Driver protocol; people, phones and faults are played by the test.

    gate: whoever scans waits there until `answer_passkeys`, if it is there.
    """

    gate: dict[int, tuple[str, str]] | None = None
    refuse_reason = "error_unknown"
    failing_orders = 0  # so many orders to open come to nothing, as on a full disk

    def __init__(self, on_event: OnEvent, *, now: Callable[[], datetime] | None = None) -> None:
        self._on_event = on_event
        self._now = now or (lambda: datetime.now(UTC))
        self._lock = RLock()
        self._profiles: dict[str, _Profile] = {}
        self._specs: dict[int, SessionSpec] = {}
        self._known: dict[int, SessionSpec] = {}
        self._ended: dict[int, int] = {}  # logged out by the phone, under this number
        self._orphaned: list[str] = []  # phones whose link was given up without their knowing
        self._held: list[tuple[SessionSpec, Callable[[], None]]] = []
        self._links: dict[int, Link] = {}
        self._plan: deque[Outcome] = deque()
        self._qr_count = self._reply_count = self._look_ups_failed = 0
        self._away: dict[int, list[Receipt | Inbound | Withdrawn | Joined | PhoneUsed]] = {}
        self._on_its_way: list[Callable[[], None]] = []
        self.taken: dict[str, Taken] = {}
        self.handed: list[tuple[int, str, str, str]] = []
        self.asked: list[tuple[int, str]] = []
        self.not_on_whatsapp, self.existence_unknown = set[str](), set[str]()
        self.every_existence_unknown = self.too_many_checks = False  # or WhatsApp wants fewer questions
        self.blocked: set[str] = set()  # phones that the owner has blocked
        self.wrote: set[str] = set()  # phones that a limited account may still write to, for they wrote to it
        self.held: list[tuple[int, str]] = []  # (device, message id) that the page did not let in
        self._limits: dict[int, Limits] = {}
        self.people = People()
        self.revoked: dict[str, int] = {}  # ids of what was deleted for everyone, and how often
        self.revokes: deque[RevokeOutcome] = deque()  # how the next deletions end
        # nobody can be logged out there; logouts are under way until `finish_logouts`
        self.whatsapp_away = self.hold_logouts = False
        self.strange_profiles: dict[str, datetime] = {}  # on the disk, of no device; when they were used
        # what is wrong with pages that have this engine, by its SHA-256; "" is wabox's own
        self.bad_engines: dict[str, EngineFault] = {}
        self.before_hand_over: Callable[[int, str], None] | None = None

    @property
    def lids(self) -> dict[str, str]:
        """LIDs by phone."""
        return self.people.lids

    # the protocol

    def opened(self) -> dict[int, int]:
        """Every order is carried out at once, but a held logout."""
        with self._lock:
            there = {**self._ended, **{number: spec.session for number, spec in self._specs.items()}}
            for spec, _ in self._held:
                there.pop(spec.device_id, None)
            return there

    def open(self, spec: SessionSpec) -> None:
        """Opens at once: ready if the profile is linked, else a QR; or the order fails, as the test says."""
        with self._lock:
            if self.failing_orders:
                self.failing_orders -= 1
                return
            if self.opened().get(spec.device_id) == spec.session:
                return
            self._ended.pop(spec.device_id, None)
            self._specs[spec.device_id] = self._known[spec.device_id] = spec
            profile = self._profiles.setdefault(spec.profile, _Profile())
            profile.over = None
        detail: Detail | None = "reconnecting" if profile.phone else None
        self._show(Link(spec.device_id, spec.session, "starting", detail, phone=profile.phone))
        self._settle(spec.device_id)

    def close(self, device_id: int) -> None:
        """Closes at once; the profile keeps its link."""
        with self._lock:
            self._ended.pop(device_id, None)
            spec = self._specs.pop(device_id, None)
        if spec is not None:
            self._show(Link(device_id, spec.session, "not_started"))

    def log_out(self, spec: SessionSpec, *, forget: bool = False, anyway: bool = False) -> Future[bool]:
        """Unlinks and closes at once, or as `whatsapp_away` and `hold_logouts` say."""
        future: Future[bool] = Future()

        def carry_out() -> None:
            future.set_result(self._log_out(spec, anyway=anyway))

        if self.hold_logouts:
            self._held.append((spec, carry_out))
        else:
            carry_out()
        return future

    def kept(self) -> set[str]:
        """Those that hold a link, or did until lately, and what the test has put there."""
        with self._lock:
            there = {name for name, one in self._profiles.items() if one.phone is not None or one.over is not None}
            return there | set(self.strange_profiles)

    def discard(self, profiles: Collection[str], *, unused_since: datetime) -> list[str]:
        """As `strange_profiles` says when they were used."""
        old = [one for one in sorted(profiles) if self.strange_profiles.get(one, self._now()) < unused_since]
        for name in old:
            del self.strange_profiles[name]
        return old

    def forget_ended(self, *, before: datetime, dead_before: datetime | None = None) -> list[str]:
        """As in Driver."""
        with self._lock:
            over = {name: one.over for name, one in self._profiles.items() if one.over is not None}
            gone = sorted(
                name for name, (why, at) in over.items() if logouts.is_over(why, at, before, dead_before)
            )
            for name in gone:
                self._profiles[name].over = None
        return gone

    def ask_pairing_code(self, spec: SessionSpec, phone: str) -> Future[None]:
        """Answers with a code if the device shows a QR."""
        future: Future[None] = Future()
        link = self.link(spec.device_id)
        if link.state == "qr" and link.session == spec.session:
            expires_at = self._now() + timedelta(minutes=3)
            self._emit(Pairing(spec.device_id, spec.session, "ABCD1234", expires_at))
        else:
            self._emit(Pairing(spec.device_id, spec.session, None, None, "not_waiting_for_link"))
        future.set_result(None)
        return future

    def resolve(self, device_id: int, phone: str) -> Resolved:
        """As `not_on_whatsapp`, `existence_unknown` and `lids` say; yes by default."""
        self._profile(device_id)
        with self._lock:
            self.asked.append((device_id, phone))
        if self.too_many_checks:
            return Resolved("unknown", reason=TOO_MANY)
        if self.every_existence_unknown or phone in self.existence_unknown:
            return Resolved("unknown")
        if phone in self.not_on_whatsapp:
            return Resolved("no")
        warm = phone in self.wrote if device_id in self._limits else None
        if lid := self.lids.get(phone):
            return Resolved("yes", f"{lid}@lid", (f"{phone}@c.us",), warm)
        return Resolved("yes", f"{phone}@c.us", warm=warm)

    def hand_over(
        self, device_id: int, chat_id: str, message_id: str, text: str, enclosed: Enclosed | None = None
    ) -> Handed:
        """As the next planned outcome says; `acked` by default. What the page itself holds uses up no plan."""
        profile = self._profile(device_id)
        if self.before_hand_over is not None:
            self.before_hand_over(device_id, message_id)
        with self._lock:
            against = self._against(device_id, self._phone_in(chat_id))
            if against is not None and max(profile.history.get((chat_id, message_id), 0), 0) == 0:
                self.held.append((device_id, message_id))
                return against
            taken = _as_taken(Taken(device_id, chat_id, message_id, text), enclosed)
            if isinstance(taken, str):
                return Handed("refused", taken, self._now())
            outcome = self._plan.popleft() if self._plan else "acked"
            if outcome == "session_lost":
                raise SessionLost("planned")
            self.handed.append((device_id, chat_id, message_id, text))
            self._count(device_id, chat_id, profile, outcome)
            handed = self._play(outcome, profile, taken)
        if handed.outcome == "acked":
            self._emit(Receipt(device_id, self._number(device_id), message_id, chat_id, 1, self._now()))
        if outcome == "refused_later":
            self._on_its_way.append(partial(self.ack, device_id, message_id, -1))
        return handed

    def let_pass(self) -> None:
        """What the server says a moment after a hand-over is said."""
        waiting, self._on_its_way = self._on_its_way, []
        for say in waiting:
            say()

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
        if self._fault(device_id) == "no_look_up":
            self._look_ups_failed += 1
            if self._look_ups_failed >= 3:
                self._incompatible(device_id, "find")
            raise SessionLost("the page cannot be asked for a message")
        with self._lock:
            acks = [profile.history[k] for c in chat_ids if (k := (c, message_id)) in profile.history]
            return LookedUp(max(acks, default=None), anchor is not None and anchor in profile.history)

    def download(self, device_id: int, chat_id: str, message_id: str, into: Path, most: int) -> Downloaded:
        """As `people.files` and `people.files_expired` say."""
        self._profile(device_id)
        media, content = self.people.files.get((chat_id, message_id), (None, b""))
        if media is None:
            return Downloaded("missing")
        if max(media.bytes or 0, len(content)) > most:
            return Downloaded("too_large", max(media.bytes or 0, len(content)))
        if self.people.files_expired:
            return Downloaded("expired")
        into.write_bytes(content)
        return Downloaded("here", len(content))

    def revoke(self, device_id: int, message_id: str, chat_ids: tuple[str, ...]) -> Revoked:
        """As the next of `revokes` says; `revoked` by default."""
        profile = self._profile(device_id)
        with self._lock:
            if not any((chat, message_id) in profile.history for chat in chat_ids):
                return Revoked("missing")
            planned = self.revokes.popleft() if self.revokes else "revoked"
            if planned in ("revoked", "lost_answer"):
                self.revoked[message_id] = self.revoked.get(message_id, 0) + 1
            if planned == "session_lost":
                raise SessionLost("planned")
        if planned == "lost_answer":
            return Revoked("failed", "timeout")
        return Revoked(planned, None if planned == "revoked" else "planned")

    def edit(self, device_id: int, message_id: str, chat_ids: tuple[str, ...], text: str) -> Edited:
        """As the next of `put.edit_ends` says; `edited` by default."""
        profile = self._profile(device_id)
        with self._lock:
            if not any((chat, message_id) in profile.history for chat in chat_ids):
                return Edited("missing")
            if self.put.texts.get(message_id) == text:
                return Edited("edited")
            planned = self.put.edit_ends.popleft() if self.put.edit_ends else "edited"
            if planned == "session_lost":
                raise SessionLost("planned")
            if planned in ("edited", "lost_answer"):
                self.put.texts[message_id] = text
                self.put.edits += 1
        if planned == "lost_answer":
            return Edited("failed", "timeout")
        return Edited(planned, None if planned == "edited" else "planned")

    @cached_property
    def put(self) -> Put:
        """What was put to messages, and made of them."""
        return Put()

    def react(
        self, device_id: int, message_id: str, chat_ids: tuple[str, ...], emoji: str, *, own: bool
    ) -> Reacted:
        """As the next of `put.ends` says; `reacted` by default."""
        profile = self._profile(device_id)
        with self._lock:
            known = profile.history if own else self.put.written
            if not any((chat, message_id) in known for chat in chat_ids):
                return Reacted("missing")
            planned = self.put.ends.popleft() if self.put.ends else "reacted"
            if planned == "session_lost":
                raise SessionLost("planned")
            if planned in ("reacted", "lost_answer"):
                self.put.emoji[message_id] = emoji
        if planned == "lost_answer":
            return Reacted("failed", "timeout")
        return Reacted(planned, None if planned == "reacted" else "planned")

    def person_reacts(self, device_id: int, message_id: str, chat_id: str, emoji: str, *, own: bool) -> None:
        """The person of this chat puts an emoji to a message; an empty one takes it back."""
        self._emit(
            Reaction(device_id, self._number(device_id), message_id, chat_id, own, by_us=False, emoji=emoji)
        )

    def checkup(self, device_id: int) -> Checkup:
        """A page in good health, if it is open."""
        if device_id not in self._specs:
            return Checkup()
        dialog = self.link(device_id).detail == "action_required"
        return Checkup("Chromium 141", "web.whatsapp.com", "2.3000.1", "4.6.0", dialog=dialog, pressable=dialog)

    def picture(self, device_id: int) -> bytes:
        """Always the same."""
        self._open(device_id)
        return PICTURE

    def press(self, device_id: int) -> bool:
        """The dialog goes."""
        self._open(device_id)
        there = self.link(device_id).detail == "action_required"
        if there:
            self.recover(device_id)
        return there

    def _open(self, device_id: int) -> None:
        if device_id not in self._specs:
            raise SessionLost("not open")

    # what a test may do: the phone

    def link(self, device_id: int) -> Link:
        """What this device shows now."""
        with self._lock:
            return self._links.get(device_id, Link(device_id, self._number(device_id), "not_started"))

    def scan(self, device_id: int, phone: str, name: str = "Shop") -> None:
        """The phone scans the device's QR: it is linked, ready and synced, or waits for its passkey."""
        if self.gate is not None:
            self.gate[device_id] = (phone, name)
            number, until = self._number(device_id), self._now() + timedelta(minutes=10)
            self._show(Link(device_id, number, "disconnected", "passkey_required", until=until, compare="4F7K2M"))
            return
        with self._lock:
            profile = self._profiles[self._known[device_id].profile]
            profile.phone, profile.name = phone, name
            profile.history.clear()
        self._settle(device_id)

    def link_as(self, device_id: int, phone: str) -> None:
        """The account of the linked phone changes its number, and the open page says so."""
        with self._lock:
            self._profiles[self._known[device_id].profile].phone = phone
        self._settle(device_id)

    def unlink(self, device_id: int, reason: str | None = "unknown_companion") -> None:
        """WhatsApp logs this device out: closed, its history gone; or, as the reason says, to be tried again."""
        number, phone = self._number(device_id), self.link(device_id).phone
        if not logouts.ends(reason):
            detail: Detail = "storage_full" if logouts.kind(reason) == "storage" else "trying_again"
            self._show(Link(device_id, number, "disconnected", detail, phone=phone, reason=reason))
            return
        with self._lock:
            spec = self._specs.pop(device_id, None)
            if spec is not None:
                self._ended[device_id] = spec.session
                self._end(spec)
                self._profiles[spec.profile].over = (reason, self._now())
        self._show(Link(device_id, number, "disconnected", "logged_out", reason=reason))

    def renew_qr(self, device_id: int) -> None:
        """WhatsApp rotates the QR text."""
        self._show(Link(device_id, self._number(device_id), "qr", **self._next_qr()))

    def let_qr_die(self, device_id: int) -> None:
        """The last of six codes is over, and no new one is there yet."""
        self._show(Link(device_id, self._number(device_id), "qr"))

    def answer_passkeys(self) -> None:
        """The people at the gate have proved who they are."""
        waiting, self.gate = self.gate, None
        for device_id, (phone, name) in (waiting or {}).items():
            self.scan(device_id, phone, name)

    def linked(self, profile: str) -> bool:
        """Whether this profile holds a link."""
        with self._lock:
            return profile in self._profiles and self._profiles[profile].phone is not None

    def listed(self, phone: str) -> int:
        """How many devices this phone lists as linked; one that it could not be told of stays."""
        with self._lock:
            there = sum(profile.phone == phone for profile in self._profiles.values())
            return there + self._orphaned.count(phone)

    # what a test may do: the box

    def finish_logouts(self) -> None:
        """What `hold_logouts` held is carried out."""
        self.hold_logouts, held, self._held = False, self._held, []
        for _, carry_out in held:
            carry_out()

    def killed(self) -> None:
        """wabox was killed: sessions and orders under way are gone, the profiles are not."""
        with self._lock:
            self._specs.clear()
            self._ended.clear()
            self._links.clear()
            self._held.clear()

    # what a test may do: the weather

    def show(
        self,
        device_id: int,
        state: LinkState,
        detail: Detail | None = None,
        *,
        synced: bool = False,
    ) -> None:
        """The page shows this from now on, until `recover` or another call of `show`."""
        phone, number = self.link(device_id).phone, self._number(device_id)
        limits = self._limits.get(device_id) if state == "ready" else None
        self._show(Link(device_id, number, state, detail, phone=phone, synced=synced, limits=limits))

    def limit(
        self, device_id: int, *, timelock: Timelock | None = None, new_chats: NewChats | None = None
    ) -> None:
        """WhatsApp limits the account so from now on, and the page tells it; without any, that it is free."""
        self._limits[device_id] = Limits(timelock, new_chats)
        if self.link(device_id).state == "ready":
            self._settle(device_id)

    def untold(self, device_id: int) -> None:
        """The page tells nothing of limits any more."""
        self._limits.pop(device_id, None)
        self._settle(device_id)

    def recover(self, device_id: int) -> None:
        """The page is back to what its profile says: ready or a QR."""
        self._settle(device_id)

    def lose_whatsapp(self) -> None:
        """WhatsApp cannot be reached: linked devices reconnect, nobody can be logged out there."""
        self.whatsapp_away = True
        for device_id in self._specs:
            if self.link(device_id).state == "ready":
                self.show(device_id, "starting", "reconnecting")

    def find_whatsapp(self) -> None:
        """It is back."""
        self.whatsapp_away = False
        for device_id in self._specs:
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
        self._deliver(Receipt(device_id, self._number(device_id), message_id, key[0], ack, self._now()))

    def write(
        self,
        device_id: int,
        phone: str,
        text: str,
        *,
        name: str | None = None,
        media: Attached | None = None,
        content: bytes = b"",
        instead: Place | tuple[SentCard, ...] = (),
        kind: str | None = None,
        poll: SentPoll | None = None,
        quoted: Quoted | None = None,
    ) -> Inbound:
        """A person writes to the linked account; it comes when the device is ready. The event.

        media, content: the file that comes with it, as told and as it is. instead: a place or cards, and no text.
        kind: what else it is.
        """
        with self._lock:
            self._reply_count += 1
            self.wrote.add(phone)
            chat_id = f"{lid}@lid" if (lid := self.lids.get(phone)) else f"{phone}@c.us"
            message_id = f"3A{self._reply_count:018X}"
        inbound = Inbound(
            device_id,
            self._number(device_id),
            message_id,
            chat_id,
            None if phone in self.people.hidden else phone,
            name,
            text,
            kind or (_KINDS.get(media.kind, media.kind) if media else _kind_of(instead)),
            self._now(),
            media=media,
            place=instead if isinstance(instead, Place) else None,
            cards=() if isinstance(instead, Place) else instead,
            poll=poll,
            quoted=quoted,
            lid=lid,
            username=self.people.usernames.get(phone),
            business=phone in self.people.businesses,
        )
        self.put.written.add((chat_id, message_id))
        if media is not None:
            self.people.files[(chat_id, message_id)] = (media, content)
        self._deliver(inbound)
        return inbound

    def notice(self, device_id: int, chat_id: str, kind: str, text: str) -> None:
        """Something of this type that nobody wrote stands in the chat from now on."""
        with self._lock:
            self._reply_count += 1
            message_id = f"3A{self._reply_count:018X}"
        phone = chat_id.partition("@")[0]
        number = self._number(device_id)
        if is_written(chat_id, kind):
            self._deliver(Inbound(device_id, number, message_id, chat_id, phone, None, text, kind, self._now()))

    def use_phone(self, device_id: int, at: datetime | None = None) -> PhoneUsed:
        """Something is written on the account's own phone. The event."""
        used = PhoneUsed(device_id, self._number(device_id), at or self._now())
        self._deliver(used)
        return used

    def person_edits(self, message: Inbound, text: str) -> Inbound:
        """Its writer changes what they wrote. The event."""
        edited = replace(message, text=text, edited=True)
        self._deliver(edited)
        return edited

    def person_deletes(self, message: Inbound) -> Withdrawn:
        """Its writer deletes for everyone what they wrote. The event."""
        gone = Withdrawn(message.device_id, message.session, message.message_id, message.chat_id)
        self.people.files.pop((message.chat_id, message.message_id), None)
        self._deliver(gone)
        return gone

    def reveal(self, device_id: int, phone: str) -> Joined:
        """The page learns whose number this is. The event."""
        self.people.hidden.discard(phone)
        number, username = self._number(device_id), self.people.usernames.get(phone)
        joined = Joined(device_id, number, self.lids[phone], phone, username)
        self._deliver(joined)
        return joined

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
        fault = self._fault(device_id)
        if fault == "lacks":
            self._incompatible(device_id, "addAndSendMsgToChat")
            return
        if profile.phone is None:
            self._show(Link(device_id, self._number(device_id), "qr", **self._next_qr()))
            return
        if self.whatsapp_away or fault == "slow":
            return
        phone, name = profile.phone, profile.name
        number = self._number(device_id)
        limits = self._limits.get(device_id)
        self._show(Link(device_id, number, "ready", phone=phone, pushname=name, synced=True, limits=limits))
        with self._lock:
            waiting = self._away.pop(device_id, [])
        for event in waiting:
            self._emit(event)

    def _fault(self, device_id: int) -> EngineFault | None:
        engine = self._known[device_id].engine
        return self.bad_engines.get(engine.sha256 if engine is not None else "")

    def _incompatible(self, device_id: int, name: str) -> None:
        text = f"WhatsApp Web 2.3000.1 lacks {name}, which wa-js needs."
        self._show(Link(device_id, self._number(device_id), "disconnected", "engine_incompatible", text))

    def _deliver(self, event: Receipt | Inbound | Withdrawn | Joined | PhoneUsed) -> None:
        """Now if the device is ready, else when it is: WhatsApp keeps it until then."""
        with self._lock:
            if self.link(event.device_id).state != "ready":
                self._away.setdefault(event.device_id, []).append(event)
                return
        self._emit(event)

    def _log_out(self, spec: SessionSpec, *, anyway: bool) -> bool:
        with self._lock:
            there = self._specs.get(spec.device_id, spec)
            self._known[spec.device_id] = there
            profile = self._profiles.setdefault(spec.profile, _Profile())
        if self.whatsapp_away and profile.phone is not None and not anyway:
            self.close(spec.device_id)
            return False
        with self._lock:
            if self.whatsapp_away and profile.phone is not None:
                self._orphaned.append(profile.phone)
            self._specs.pop(spec.device_id, None)
            self._end(there)
            self._ended.pop(spec.device_id, None)
        self._show(Link(spec.device_id, there.session, "disconnected", "logged_out"))
        return True

    def _end(self, spec: SessionSpec) -> None:
        self._profiles[spec.profile] = _Profile()
        self._away.pop(spec.device_id, None)

    def _number(self, device_id: int) -> int:
        with self._lock:
            return self._known[device_id].session if device_id in self._known else 0

    def _next_qr(self) -> dict[str, Any]:
        with self._lock:
            self._qr_count += 1
            text, now = f"2@fake{self._qr_count},noise,identity,secret", self._now()
        return {"qr": text, "qr_at": now, "qr_until": now + timedelta(seconds=60)}

    def _phone_in(self, chat_id: str) -> str:
        user = chat_id.split("@")[0]
        return next((phone for phone, lid in self.lids.items() if lid == user), user)

    def _against(self, device_id: int, phone: str) -> Handed | None:
        """Why the page lets nothing in for this person just now."""
        if phone in self.blocked:
            return Handed("held", BLOCKED, self._now())
        limits = self._limits.get(device_id, Limits())
        if phone in self.wrote:
            return None
        lock, cap = limits.timelock, limits.new_chats
        if lock is not None and (lock.until is None or lock.until > self._now()):
            return Handed("held", TIMELOCK, self._now(), lock.until)
        if cap is not None and cap.capped and not (cap.resets_at and cap.resets_at <= self._now()):
            return Handed("held", CAPPED, self._now(), cap.resets_at)
        return None

    def _count(self, device_id: int, chat_id: str, profile: _Profile, outcome: Outcome) -> None:
        """WhatsApp counts a new chat, and warns at half and at four fifths of what it allows."""
        limits = self._limits.get(device_id)
        known = self._phone_in(chat_id) in self.wrote or any(chat == chat_id for chat, _ in profile.history)
        if limits is None or limits.new_chats is None or outcome not in ("acked", "lost_answer") or known:
            return
        used, total = limits.new_chats.used + 1, limits.new_chats.total
        status: QuotaStatus = "none"
        marks: tuple[tuple[float, QuotaStatus], ...] = (
            (0.5, "first_warning"),
            (0.8, "second_warning"),
            (1, "capped"),
        )
        for part, name in marks:
            status = name if used >= part * total else status
        self.limit(
            device_id, timelock=limits.timelock, new_chats=replace(limits.new_chats, status=status, used=used)
        )

    def _play(self, outcome: Outcome, profile: _Profile, message: Taken) -> Handed:
        key = (message.chat_id, message.message_id)
        if outcome in ("refused", "limited"):
            profile.history[key] = -1
            lock = self._limits.get(message.device_id, Limits()).timelock
            if outcome == "limited":
                return Handed("refused", TIMELOCK, self._now(), lock.until if lock else None)
            return Handed("refused", self.refuse_reason, self._now())
        if outcome in _BEFORE_THE_SERVER:
            return self._play_before(outcome, profile, key)
        if outcome in ("acked", "lost_answer", "refused_later"):
            seen = self.taken.get(message.message_id)
            self.taken[message.message_id] = replace(seen, copies=seen.copies + 1) if seen else message
            profile.history[key] = max(1, profile.history.get(key, 0))
        if outcome in ("acked", "refused_later"):
            return Handed("acked", at=self._now())
        if outcome == "refused_late":
            profile.history[key] = -1
        if outcome == "stuck":
            profile.history.setdefault(key, 0)
        return Handed("in_doubt", "no_answer", self._now())

    def _play_before(self, outcome: Outcome, profile: _Profile, key: tuple[str, str]) -> Handed:
        if outcome == "not_entered":
            return Handed("not_entered", "chat_not_found", self._now())
        if outcome == "file_too_large":
            return Handed("refused", FILE_TOO_LARGE, self._now())
        if outcome == "upload_error":
            profile.history[key] = -1
            return Handed("refused", UPLOAD_ERROR, self._now())
        if outcome in ("upload_stuck", "upload_lost"):
            profile.history.setdefault(key, 0)
        if outcome in ("upload_lost", "upload_lost_late"):
            return Handed("in_doubt", "page_lost", self._now())
        return Handed("refused", UPLOAD_STUCK, self._now())

    def _show(self, link: Link) -> None:
        with self._lock:
            if self._links.get(link.device_id) == link:
                return
            self._links[link.device_id] = link
        self._emit(link)

    def _emit(self, event: Event) -> None:
        self._on_event(event)


def _as_taken(message: Taken, enclosed: Enclosed | None) -> Taken | str:
    """What the server gets of it, or why the page does not let its file in."""
    if not isinstance(enclosed, File):
        return replace(message, enclosed=_as_shown(enclosed))
    sha256 = _sha256(enclosed)
    if sha256 is None:
        return FILE_GONE
    if enclosed.kind != "document" and enclosed.bytes > MOST_BYTES:
        return FILE_TOO_LARGE
    return replace(message, file=enclosed, sha256=sha256)


def _as_shown(enclosed: Instead | None) -> Instead | None:
    """A place without a name is shown under its address."""
    if isinstance(enclosed, Place) and not enclosed.name:
        return replace(enclosed, name=enclosed.address, address=None)
    return enclosed


def _sha256(file: File) -> str | None:
    """Of the file's bytes as they are now; None if they are not those it was given with."""
    try:
        with file.path.open("rb") as bytes_:
            found = hashlib.file_digest(bytes_, "sha256").hexdigest()
            return found if bytes_.tell() == file.bytes else None
    except OSError:
        return None


def _kind_of(instead: Place | tuple[SentCard, ...]) -> str:
    if isinstance(instead, Place):
        return "location"
    return ("chat", "vcard")[len(instead)] if len(instead) < 2 else "multi_vcard"
