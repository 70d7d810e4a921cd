"""Two worlds to try a driver in: one without a browser, one with a real Chromium on the sandbox.

Either has phones to scan with, people who write, and bad weather. A world waits for events, never
for time to pass.
"""

from __future__ import annotations

import asyncio
import base64
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvloop

from tests import browsers
from tests.asking import PLAIN
from wabox.sandbox.server import Sandbox
from wabox.whatsapp.driver import (
    Attached,
    Card,
    Driver,
    Event,
    Inbound,
    Instead,
    Joined,
    Link,
    LinkState,
    NewChats,
    Pairing,
    PhoneUsed,
    Place,
    Poll,
    QuotaStatus,
    Reaction,
    Receipt,
    SentCard,
    SessionLost,
    SessionSpec,
    Timelock,
    Withdrawn,
)
from wabox.whatsapp.fake import FakeDriver, Outcome
from wabox.whatsapp.gateway import Gateway
from wabox.whatsapp.patience import Limits
from wabox.whatsapp.profile import Profile
from wabox.whatsapp.silence import Silence

T = TypeVar("T")
E = TypeVar("E", Link, Receipt, Inbound, Joined, PhoneUsed, Pairing, Reaction, Withdrawn)
PATIENCE = 40.0

QUICK = Limits(
    heartbeat=0.5,
    answer=2.5,
    margin=1.5,
    qr_confirm=1,
    retry=0.5,
    look=0.25,
    gate=20,
    leaving=6,
    hand_over=2,
    download=3,
    revoke=3,
    resolve=5,
    reprobe=3,
    stable=0.2,
    failed_after=20,
    socket_grace=1,
    pauses=(0, 0, 0.5, 1, 2),
    notice=0.5,
    dialog=1.5,
)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as its recipient has it; sha256 of the bytes that came."""

    text: str
    kind: str | None = None
    mime: str | None = None
    filename: str | None = None
    bytes: int | None = None
    sha256: str | None = None


class Diary:
    """Every event, in order; whoever waits for one is told."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._news = threading.Condition()

    def note(self, event: Event) -> None:
        """The driver's on_event."""
        with self._news:
            self._events.append(event)
            self._news.notify_all()

    def mark(self) -> int:
        """Now, as a place to wait from."""
        with self._news:
            return len(self._events)

    def all(self, kind: type[E], since: int = 0) -> list[E]:
        """Events of a kind so far."""
        with self._news:
            return [event for event in self._events[since:] if isinstance(event, kind)]

    def everything(self, since: int = 0) -> list[Event]:
        """All events so far."""
        with self._news:
            return self._events[since:]

    def wait(
        self,
        kind: type[E],
        wanted: Callable[[E], bool],
        since: int = 0,
        seconds: float = PATIENCE,
    ) -> E:
        """The first such event after `since`; fails the test if none comes."""
        with self._news:
            found = self._news.wait_for(
                lambda: next((e for e in self.all(kind, since) if wanted(e)), None), seconds
            )
        assert found is not None, f"no such {kind.__name__}; got {self.all(kind, since)}"
        return found


class World(ABC):
    """A driver and what surrounds it."""

    driver: Driver

    def __init__(self) -> None:
        self.diary = Diary()
        self._devices = count(1)
        self._sessions = count(1)
        self._phones = count(8801711000001)

    def spec(self, *, phone: str | None = None) -> SessionSpec:
        """A device that nobody used before."""
        device_id = next(self._devices)
        return SessionSpec(device_id, next(self._sessions), f"profile-{device_id}", phone)

    def restart(self, spec: SessionSpec) -> SessionSpec:
        """The device is opened under a number that no session had before."""
        fresh = replace(spec, session=next(self._sessions))
        self.driver.open(fresh)
        return fresh

    def numbers(self, device_id: int, since: int = 0) -> list[int]:
        """Of the sessions that told of this device, in order, each once."""
        events = [event for event in self.diary.everything(since) if event.device_id == device_id]
        return list(dict.fromkeys(event.session for event in events))

    def new_phone(self) -> str:
        """A number that nobody used before."""
        return str(next(self._phones))

    def link_is(self, device_id: int, state: LinkState, since: int = 0) -> Link:
        """Waits until the device is in this state."""
        return self.diary.wait(Link, lambda link: link.device_id == device_id and link.state == state, since)

    def synced(self, device_id: int, since: int = 0) -> Link:
        """Waits until the device is ready and has caught up."""
        return self.diary.wait(
            Link,
            lambda link: link.device_id == device_id and link.state == "ready" and link.synced,
            since,
        )

    def well(self, device_id: int) -> None:
        """Waits until the last word on this device is that it is ready: doubts may have renewed its page."""

        def is_well() -> bool:
            told = [link for link in self.diary.all(Link) if link.device_id == device_id]
            return bool(told) and told[-1].state == "ready" and told[-1].synced

        self.diary.wait(Link, lambda _link: is_well())

    def linked(self, phone: str | None = None) -> tuple[SessionSpec, str]:
        """A new device, linked to a new phone, ready and synced."""
        spec, phone = self.spec(), phone or self.new_phone()
        self.driver.open(spec)
        link = self.link_is(spec.device_id, "qr")
        assert link.qr is not None
        self.scan(spec.device_id, phone, link.qr)
        self.synced(spec.device_id)
        return spec, phone

    def receipt(self, message_id: str, ack: int) -> Receipt:
        """Waits for this acknowledgement."""
        return self.diary.wait(Receipt, lambda one: (one.message_id, one.ack) == (message_id, ack))

    def pairing(self, device_id: int) -> Pairing:
        """Waits for a word on a pairing code."""
        return self.diary.wait(Pairing, lambda one: one.device_id == device_id)

    @abstractmethod
    def scan(self, device_id: int, phone: str, qr: str) -> None:
        """The phone scans this QR text."""

    @abstractmethod
    def unlink(self, device_id: int, phone: str) -> None:
        """The phone removes this linked device."""

    @abstractmethod
    def write(self, device_id: int, phone: str, person: str, text: str) -> None:
        """A person writes to the linked phone."""

    @abstractmethod
    def write_file(
        self, device_id: int, phone: str, person: str, text: str, attached: Attached, content: bytes
    ) -> None:
        """A person sends this file to the linked phone."""

    @abstractmethod
    def write_instead(
        self, device_id: int, phone: str, person: str, instead: Place | tuple[SentCard, ...]
    ) -> None:
        """A person sends a place or contact cards to the linked phone."""

    @abstractmethod
    def notice(self, device_id: int, phone: str, person: str, kind: str, chat: str, text: str) -> None:
        """The linked phone is shown something of this type that nobody wrote. chat: as the sandbox calls it."""

    @abstractmethod
    def vote(self, device_id: int, phone: str, person: str, message_id: str, option: str) -> None:
        """The person chooses this of a poll of the account's."""

    @abstractmethod
    def use_phone(self, device_id: int, phone: str, person: str) -> None:
        """Somebody writes to a person on the linked phone itself."""

    @abstractmethod
    def edit(self, device_id: int, phone: str, person: str, text: str, edited: str) -> None:
        """A person writes, and soon makes something else of it."""

    @abstractmethod
    def copies(self, message_id: str) -> int:
        """How often the server was given this message."""

    @abstractmethod
    def arrived(self, message_id: str) -> Arrived | None:
        """What the recipient got under this id."""

    @abstractmethod
    def enclosed(self, message_id: str) -> Instead | None:
        """What the recipient got under this id instead of a text."""

    @abstractmethod
    def reactions(self, message_id: str) -> list[str]:
        """The emoji that the account has put to this message."""

    @abstractmethod
    def person_reacts(self, spec: SessionSpec, phone: str, person: str, message_id: str, emoji: str) -> None:
        """The person puts it to a message of the account's; empty takes it back."""

    @abstractmethod
    def revoked(self, message_id: str) -> bool:
        """Whether the recipient sees only that there was a message."""

    @abstractmethod
    def read(self, device_id: int, message_id: str) -> None:
        """The recipient's phone gets and shows the message."""

    @abstractmethod
    def moment_later(self) -> None:
        """What the server says a moment after a hand-over is said."""

    def lose_network(self, device_id: int) -> None:
        """WhatsApp cannot be reached, and the device shows it."""
        mark = self.diary.mark()
        self.weather(offline=True)
        self.link_is(device_id, "starting", mark)

    @abstractmethod
    def links(self, phone: str) -> int:
        """How many devices the phone lists as linked."""

    @abstractmethod
    def kept(self, spec: SessionSpec) -> bool:
        """Whether anything of the device's link is on the disk."""

    @abstractmethod
    def weather(self, **faults: Any) -> None:
        """What goes wrong from now on, in the sandbox's words."""

    @abstractmethod
    def calm(self) -> None:
        """Nothing goes wrong any more."""

    @abstractmethod
    def close(self) -> None:
        """The world ends."""


OUTCOMES: dict[str, Outcome] = {
    "drop_ack": "lost_answer",
    "blackhole": "stuck",
    "send_error": "refused",
    "late_nack_ms": "refused_later",
    "upload_error": "upload_error",
}


class FakeWorld(World):
    """No browser: the fake driver plays all parts."""

    def __init__(self) -> None:
        super().__init__()
        self.fake = FakeDriver(self.diary.note)
        self.driver = self.fake

    def scan(self, device_id: int, phone: str, qr: str) -> None:
        self.fake.scan(device_id, phone)

    def unlink(self, device_id: int, phone: str) -> None:
        self.fake.unlink(device_id)

    def write(self, device_id: int, phone: str, person: str, text: str) -> None:
        self.fake.write(device_id, person, text)

    def write_file(
        self, device_id: int, phone: str, person: str, text: str, attached: Attached, content: bytes
    ) -> None:
        self.fake.write(device_id, person, text, media=attached, content=content)

    def write_instead(
        self, device_id: int, phone: str, person: str, instead: Place | tuple[SentCard, ...]
    ) -> None:
        self.fake.write(device_id, person, "", instead=instead)

    def notice(self, device_id: int, phone: str, person: str, kind: str, chat: str, text: str) -> None:
        chats = {"whatsapp": "0@c.us", "status": "status@broadcast", "group": "1203@g.us"}
        chats |= {"person": f"{person}@c.us", "newsletter": "1203@newsletter"}
        self.fake.notice(device_id, chats[chat], kind, text)

    def vote(self, device_id: int, phone: str, person: str, message_id: str, option: str) -> None:
        """Here nobody is told."""

    def use_phone(self, device_id: int, phone: str, person: str) -> None:
        self.fake.use_phone(device_id)

    def edit(self, device_id: int, phone: str, person: str, text: str, edited: str) -> None:
        self.fake.person_edits(self.fake.write(device_id, person, text), edited)

    def _hide(self, phones: set[str]) -> None:
        shown = self.fake.people.hidden - phones
        self.fake.people.hidden |= phones
        for phone in phones:
            self.fake.lids.setdefault(phone, f"9{phone}")
        for device_id in self.fake.opened():
            for phone in shown:
                self.fake.reveal(device_id, phone)

    def copies(self, message_id: str) -> int:
        taken = self.fake.taken.get(message_id)
        return taken.copies if taken else 0

    def arrived(self, message_id: str) -> Arrived | None:
        taken = self.fake.taken.get(message_id)
        if taken is None or taken.file is None:
            return None if taken is None else Arrived(self.fake.put.texts.get(message_id, taken.text))
        file = taken.file
        return Arrived(taken.text, file.kind, file.mime, file.filename, file.bytes, taken.sha256)

    def enclosed(self, message_id: str) -> Instead | None:
        taken = self.fake.taken.get(message_id)
        return None if taken is None else taken.enclosed

    def reactions(self, message_id: str) -> list[str]:
        put = self.fake.put.emoji.get(message_id)
        return [put] if put else []

    def person_reacts(self, spec: SessionSpec, phone: str, person: str, message_id: str, emoji: str) -> None:
        self.fake.person_reacts(spec.device_id, message_id, f"{person}@c.us", emoji, own=True)

    def revoked(self, message_id: str) -> bool:
        return message_id in self.fake.revoked

    def read(self, device_id: int, message_id: str) -> None:
        for ack in (2, 3):
            self.fake.ack(device_id, message_id, ack)

    def moment_later(self) -> None:
        self.fake.let_pass()

    def links(self, phone: str) -> int:
        return self.fake.listed(phone)

    def kept(self, spec: SessionSpec) -> bool:
        return self.fake.linked(spec.profile)

    def weather(self, **faults: Any) -> None:
        match faults:
            case {"offline": True}:
                self.fake.lose_whatsapp()
            case {"exists_error": True}:
                self.fake.every_existence_unknown = True
            case {"ciphertext_ms": int()}:
                pass  # here nothing is ever told before it can be read
            case {"hidden_number": list(phones)}:
                self._hide(set(phones))
            case {"not_on_whatsapp": list(phones)}:
                self.fake.not_on_whatsapp |= set(phones)
            case {"revoke_lost": _} | {"react_lost": _} | {"edit_lost": _}:
                self.fake.put.edit_ends.extend(["failed"] * int(faults.get("edit_lost", 0)))
                self.fake.revokes.extend(["failed"] * int(faults.get("revoke_lost", 0)))
                self.fake.put.ends.extend(["refused"] * int(faults.get("react_lost", 0)))
            case {"media_expired": _} | {"media_entry": _}:
                self._files(faults)
            case _:
                self._limits(faults)

    def _files(self, faults: dict[str, Any]) -> None:
        self.fake.people.files_expired = "media_expired" in faults
        if "upload_stuck" in faults:  # elsewhere it does not show when a message is stored
            entered = faults["media_entry"] == "early" and faults["upload_stuck"] != "preparing"
            self.fake.plan("upload_stuck" if entered else "upload_stuck_late")

    def _limits(self, faults: dict[str, Any]) -> None:
        match faults:
            case {"timelock": {"type": str(kind), "until": until}}:
                self._limit_all(timelock=Timelock(kind, _moment(until)))
            case {"capping": {"total": int(total), "used": int(used), "cycle_end": str(end)}}:
                status: QuotaStatus = "capped" if used >= total else "none"
                self._limit_all(new_chats=NewChats(status, used, total, _moment(end)))
            case {"nack": {"code": 463}}:
                self.fake.plan("limited")
            case {"blocked_by_me": list(phones)}:
                self.fake.blocked |= set(phones)
            case {"exists_rate": int()}:
                self.fake.too_many_checks = True
            case {"logout_reason": str(reason)}:
                for device_id in [one for one in self.fake.opened() if self.fake.link(one).state == "ready"]:
                    self.fake.unlink(device_id, reason)
            case _:
                outcomes = [OUTCOMES[name] for name in faults if name in OUTCOMES]
                assert outcomes, f"the fake knows no {faults}"
                self.fake.plan(*outcomes)

    def _limit_all(self, timelock: Timelock | None = None, new_chats: NewChats | None = None) -> None:
        for device_id in [one for one in self.fake.opened() if self.fake.link(one).state == "ready"]:
            self.fake.limit(device_id, timelock=timelock, new_chats=new_chats)

    def calm(self) -> None:
        self.fake.not_on_whatsapp.clear()
        self.fake.every_existence_unknown = self.fake.too_many_checks = False
        self.fake.blocked.clear()
        self.fake.people.files_expired = False
        if self.fake.whatsapp_away:
            self.fake.find_whatsapp()
        self._limit_all()
        for device_id in self.fake.opened():
            if self.fake.link(device_id).reason is not None and self.fake.link(device_id).detail != "logged_out":
                self.fake.recover(device_id)

    def close(self) -> None:
        return


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


class LoopThread:
    """An event loop in a thread of its own, as `run` has one."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="main-loop")
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], seconds: float = PATIENCE) -> T:
        """The work's result, from outside."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class ChromiumWorld(World):
    """A real Chromium drives the sandbox."""

    def __init__(self, profiles: Path, limits: Limits = QUICK, *, chromium: str | None = browsers.SHELL) -> None:
        super().__init__()
        self.profiles = profiles
        self.sandbox_thread = LoopThread()
        self.thread = LoopThread()
        self.sandbox = Sandbox(port=0)
        self.sandbox_thread.run(self.sandbox.start())
        self.url = self.sandbox.url
        self.http = httpx.Client(base_url=self.url, timeout=10, **PLAIN)
        self.gateway = Gateway(self.url, chromium, profiles, self.diary.note, limits=limits)
        self.driver = self.gateway
        self.thread.run(self.gateway.start())

    def scan(self, device_id: int, phone: str, qr: str) -> None:
        self.post("/sandbox/link", phone=phone, name="Shop", qr=qr)

    def unlink(self, device_id: int, phone: str) -> None:
        self.post("/sandbox/unlink", phone=phone)

    def write(self, device_id: int, phone: str, person: str, text: str) -> None:
        self.post("/sandbox/inbound", **{"from": person, "to": phone, "text": text})

    def write_file(
        self, device_id: int, phone: str, person: str, text: str, attached: Attached, content: bytes
    ) -> None:
        media = {
            "base64": base64.b64encode(content).decode(),
            "mime": attached.mime,
            "filename": attached.filename,
            "voice": attached.kind == "voice",
        }
        self.post("/sandbox/inbound", **{"from": person, "to": phone, "text": text, "media": media})

    def write_instead(
        self, device_id: int, phone: str, person: str, instead: Place | tuple[SentCard, ...]
    ) -> None:
        if isinstance(instead, Place):
            given: dict[str, object] = {"location": asdict(instead)}
        else:
            cards = [{"name": one.name, "phone": one.phones[0], "phones": one.phones[1:]} for one in instead]
            given = {"contacts": cards}
        self.post("/sandbox/inbound", **{"from": person, "to": phone, **given})

    def notice(self, device_id: int, phone: str, person: str, kind: str, chat: str, text: str) -> None:
        shown = {"from": person, "to": phone, "kind": kind, "chat": chat, "text": text}
        self.post("/sandbox/notice", **shown)

    def vote(self, device_id: int, phone: str, person: str, message_id: str, option: str) -> None:
        self.post("/sandbox/vote", **{"from": person, "to": phone, "id": message_id, "options": [option]})

    def use_phone(self, device_id: int, phone: str, person: str) -> None:
        self.post("/sandbox/outbound", **{"from": phone, "to": person, "text": "I come at six"})

    def edit(self, device_id: int, phone: str, person: str, text: str, edited: str) -> None:
        self.weather(edit={"after_ms": 300, "text": edited})
        self.write(device_id, phone, person, text)
        self.weather(edit=None)

    def copies(self, message_id: str) -> int:
        answer = self.http.get("/sandbox/messages").raise_for_status().json()
        found = [one for one in answer["messages"] if one["id"].endswith(message_id)]
        return sum(one["copies"] for one in found)

    def arrived(self, message_id: str) -> Arrived | None:
        answer = self.http.get("/sandbox/messages").raise_for_status().json()
        found = [one for one in answer["messages"] if one["id"].endswith(message_id)]
        return Arrived(found[0]["text"], **(found[0].get("media") or {})) if found else None

    def enclosed(self, message_id: str) -> Instead | None:
        answer = self.http.get("/sandbox/messages").raise_for_status().json()
        for one in answer["messages"]:
            if one["id"].endswith(message_id) and one["text"] == "":
                if "location" in one:
                    return Place(**one["location"])
                if "poll" in one:
                    asked = one["poll"]
                    return Poll(asked["question"], tuple(asked["options"]), asked["many"])
                return Card(**one["contact"]) if "contact" in one else None
        return None

    def reactions(self, message_id: str) -> list[str]:
        asked: list[dict[str, str]] = [
            {},
            *({"to": one["phone"]} for one in self.http.get("/sandbox/state").json()["phones"]),
        ]
        every = [self.http.get("/sandbox/messages", params=one).raise_for_status().json() for one in asked]
        found = [one for answer in every for one in answer["messages"] if one["id"] == message_id]
        return [put["emoji"] for put in found[0].get("reactions", [])]

    def person_reacts(self, spec: SessionSpec, phone: str, person: str, message_id: str, emoji: str) -> None:
        body = {"from": person, "to": phone, "id": message_id, "emoji": emoji}
        self.http.post("/sandbox/react", json=body).raise_for_status()

    def revoked(self, message_id: str) -> bool:
        answer = self.http.get("/sandbox/messages").raise_for_status().json()
        found = [one for one in answer["messages"] if one["id"] == message_id]
        return found[0].get("revoked") is True and found[0]["text"] == ""

    def read(self, device_id: int, message_id: str) -> None:
        """The sandbox's phones read by themselves."""

    def links(self, phone: str) -> int:
        phones = self.http.get("/sandbox/state").raise_for_status().json()["phones"]
        return sum(len(one["devices"]) for one in phones if one["phone"] == phone)

    def pages(self) -> list[str]:
        """Ids of the pages that the sandbox has open."""
        return [one["id"] for one in self.http.get("/sandbox/state").raise_for_status().json()["pages"]]

    def kept(self, spec: SessionSpec) -> bool:
        return Profile(self.profiles, spec.profile).note is not None

    def weather(self, **faults: Any) -> None:
        self.http.put("/sandbox/faults", json=faults).raise_for_status()

    def calm(self) -> None:
        """Another day: what had no answer before counts no more towards a dead channel."""
        self.http.delete("/sandbox/faults").raise_for_status()
        for session in list(self.gateway._sessions.values()):
            session.silence = Silence(session.limits, session._time)

    def moment_later(self) -> None:
        """Time passes by itself."""

    def post(self, path: str, **body: Any) -> None:
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text

    def close(self) -> None:
        self.thread.run(self.gateway.stop(10))
        self.http.close()
        self.sandbox_thread.run(self.sandbox.stop())
        self.thread.close()
        self.sandbox_thread.close()


def once_there(world: World, shop: tuple[SessionSpec, str], ask: Callable[[], T]) -> T:
    """The answer, once the page is there to give it: two doubts in a row renew it."""
    for _ in range(3):
        world.well(shop[0].device_id)
        try:
            return ask()
        except SessionLost:
            continue
    raise AssertionError("the page does not come back")
