"""All that the stand-in WhatsApp knows: accounts, linked devices, messages, open pages, what is due.

It has no clock and no sockets: every verb takes `now` (epoch seconds), what pages shall hear is put
in `outgoing`, and `advance` does what has come due. `linking` and `mail` hold the verbs.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import secrets
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from wabox.sandbox.faults import Faults

Push = dict[str, Any]


class Account(msgspec.Struct):
    """A phone on WhatsApp. on: a phone that is off gets nothing delivered and reads nothing.

    unread: with whom it has chats that show as unread.
    """

    phone: str
    lid: str
    name: str
    on: bool = True
    devices_made: int = 0
    unread: list[str] = msgspec.field(default_factory=list)


class Companion(msgspec.Struct):
    """A linked device of an account."""

    id: str
    secret: str
    phone: str
    device: int
    linked_at: float
    seen_at: float = 0


class Queued(msgspec.Struct):
    """An event that a linked device has not confirmed yet. later: nor been told of, until it next connects."""

    companion: str
    seq: int
    event: Push
    later: bool = False


class Message(msgspec.Struct):
    """One message as the server took it. copies: how often this id was handed over.

    media: `{kind, mime, filename, bytes, sha256}` of its file; of what people write it may be the kind alone.
    enclosed: `{location: …}`, `{contact: …}`, of several `{contacts: […]}`, or `{poll: …}`, which it is instead
    of a text.
    quote: what it answers to, `{id, own, kind, text}`; own: of the linked phone that gets it.
    revoked: its sender has deleted it for everyone, and nothing of what it said is left.
    edited: its text is not the first. reactions: the emoji that each phone put to it. votes: what each chose, of a
    poll.
    """

    id: str
    sender: str
    to: str
    text: str
    at: float
    kind: Literal["sent", "inbound"]
    media: dict[str, Any] | None = None
    enclosed: dict[str, Any] | None = None
    copies: int = 1
    ack: int = 1
    revoked: bool = False
    edited: bool = False
    reactions: dict[str, str] = msgspec.field(default_factory=dict)
    votes: dict[str, list[str]] = msgspec.field(default_factory=dict)
    quote: dict[str, Any] | None = None


class Page(msgspec.Struct):
    """An open page. waiting: the phone that scanned while a passkey is asked for. unanswered: boxes."""

    id: str
    opened_at: float
    greeted: bool = False
    ref: str | None = None
    refs_shown: int = 0
    ref_epoch: int = 0
    idle: bool = False
    code: str | None = None
    code_phone: str | None = None
    code_until: float = 0
    companion: str | None = None
    conflicted: bool = False
    waiting: tuple[str, str] | None = None
    dead: bool = False
    unanswered: set[int] = msgspec.field(default_factory=set)


Record = Account | Companion | Queued | Message | Faults


class Kept(msgspec.Struct):
    """What outlives the process when the sandbox has a data directory. queued: by device, oldest first."""

    accounts: dict[str, Account] = msgspec.field(default_factory=dict)
    companions: dict[str, Companion] = msgspec.field(default_factory=dict)
    queued: dict[str, list[Queued]] = msgspec.field(default_factory=dict)
    messages: list[Message] = msgspec.field(default_factory=list)
    faults: Faults = msgspec.field(default_factory=Faults)


class World:
    """The state and its few primitives.

    tokens: (account, person who has written to it). written: (account, person it has written to). questions:
    when an account asked about numbers, lately. announced: ends of limits that pages will be told of.
    unsaved: records changed since somebody last wrote them down, by kind and id; None = gone.
    """

    def __init__(self, kept: Kept | None = None) -> None:
        self.kept = kept or Kept()
        self.pages: dict[str, Page] = {}
        self.outgoing: list[tuple[str, Push]] = []
        self.closing: list[str] = []
        self.away_until = 0.0  # a storm's end
        self.uploaded: dict[str, int] = {}  # sha256 of the files that are here, with their bytes
        self.gathered: dict[str, list[Push]] = {}  # receipts to a sender that are told together
        self.unsaved: dict[tuple[str, str], Record | None] = {}
        self.by_id = {(each.sender, each.id): each for each in self.kept.messages}
        self.phone_of_lid = {each.lid: each.phone for each in self.kept.accounts.values()}
        self.tokens = {(each.to, each.sender) for each in self.kept.messages}
        self.written = {(each.sender, each.to) for each in self.kept.messages if each.kind == "sent"}
        self.questions: dict[str, list[float]] = {}
        self.announced: set[int] = set()
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers = itertools.count()
        self._last_seq: dict[str, int] = {}

    @property
    def faults(self) -> Faults:
        """The faults in force."""
        return self.kept.faults

    def keep(self, kind: str, record_id: str, record: Record | None) -> None:
        """This record will be written down before any page hears of it."""
        self.unsaved[(kind, record_id)] = record

    def keep_message(self, message: Message) -> None:
        """The message as it is now will be written down."""
        self.keep("message", f"{message.sender}/{message.id}", message)

    def strikes(self, fault: str) -> bool:
        """Whether this fault strikes now; a counted one is used up by one."""
        struck = self.faults.strikes(fault)
        if struck:
            self.keep("faults", "", self.faults)
        return struck

    def later(self, at: float, action: Callable[[float], None]) -> None:
        """The action runs, with that time, in the first `advance` at or after `at`."""
        heapq.heappush(self._due, (at, next(self._numbers), action))

    def next_due(self) -> float | None:
        """When `advance` has something to do, or None."""
        return self._due[0][0] if self._due else None

    def advance(self, now: float) -> None:
        """All that was due by now has happened."""
        while self._due and self._due[0][0] <= now:
            at, _, action = heapq.heappop(self._due)
            action(at)

    def push(self, page_id: str, message: Push) -> None:
        """The page will hear this, unless its channel is dead."""
        page = self.pages.get(page_id)
        if page is not None and page.dead:
            return
        self.outgoing.append((page_id, message))

    def is_on_whatsapp(self, phone: str) -> bool:
        """Any number is, except those ending in 0000 and those a fault names."""
        return not phone.endswith("0000") and phone not in self.faults.not_on_whatsapp

    def account(self, phone: str, name: str | None = None) -> Account:
        """The account of a phone, made on first mention; a name given replaces the old one."""
        known = self.kept.accounts.get(phone)
        if known is None:
            lid = str(10**14 + int(hashlib.sha256(phone.encode()).hexdigest(), 16) % (9 * 10**14))
            known = Account(phone=phone, lid=lid, name=name or f"Phone {phone[-4:]}")
            self.kept.accounts[phone] = known
            self.phone_of_lid[lid] = phone
            self.keep("account", phone, known)
        elif name and name != known.name:
            known.name = name
            self.keep("account", phone, known)
        return known

    def phone_behind(self, user: str, server: str) -> str | None:
        """The phone a wid names, by number or by LID."""
        return user if server == "c.us" else self.phone_of_lid.get(user)

    def companions_of(self, phone: str) -> list[Companion]:
        """The linked devices of a phone."""
        return [each for each in self.kept.companions.values() if each.phone == phone]

    def page_of(self, companion_id: str) -> Page | None:
        """The page on which this linked device is in use now."""
        for page in self.pages.values():
            if page.companion == companion_id and not page.conflicted:
                return page
        return None

    def enqueue(self, companion: Companion, event: Push, *, now: bool = True) -> None:
        """The device will get this event, now or when it next connects; it confirms each."""
        line = self.kept.queued.setdefault(companion.id, [])
        last = max(self._last_seq.get(companion.id, 0), line[-1].seq if line else 0)
        self._last_seq[companion.id] = last + 1
        entry = Queued(companion.id, last + 1, event, later=not now)
        line.append(entry)
        self.keep("queued", _place(entry), entry)
        page = self.page_of(companion.id)
        if page is not None and now:
            self.push(page.id, {"op": "event", "seq": entry.seq, "event": event})

    def dequeue(self, companion_id: str, seq: int | None = None) -> None:
        """The device needs the events that it was told of up to seq no more; all of them without a seq."""
        line = self.kept.queued.pop(companion_id, [])
        rest = [each for each in line if seq is not None and (each.seq > seq or each.later)]
        left = {each.seq for each in rest}
        for entry in line:
            if entry.seq not in left:
                self.keep("queued", _place(entry), None)
        if rest:
            self.kept.queued[companion_id] = rest


def _place(entry: Queued) -> str:
    return f"{entry.companion}/{entry.seq:012}"


def fresh_token(size: int = 16) -> str:
    """An unguessable name."""
    return secrets.token_hex(size)
