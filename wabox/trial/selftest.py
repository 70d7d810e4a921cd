"""An engine on a pretend WhatsApp of its own: linked, asked, sent through, killed in the midst, written to.

wa-js 4.0.0 has every binding, links, sends and is acknowledged, and fails only where a message is looked up that
is not there: in recovery after a crash. So a trial that does less proves nothing.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from wabox.sandbox.server import Sandbox
from wabox.trial.events import Events, Failed
from wabox.whatsapp import processes
from wabox.whatsapp.driver import File, Handed, Inbound, Link, LookedUp, Receipt, SessionLost, SessionSpec, WaJs
from wabox.whatsapp.gateway import Gateway
from wabox.whatsapp.patience import Limits

SHOP, PERSON, NOBODY = "8801711000001", "8801711000002", "8801711000000"
SLOW_SECONDS = 120.0  # a browser that starts, on a small machine
SOON_SECONDS = 20.0
LIMITS = Limits(heartbeat=0.5, look=0.25, hand_over=6, reprobe=3600)
# 16 x 16 dots, all grey.
GREY = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAAAAAA6mKC9AAAAD0lEQVR42mNoQAMMI1sAAAUMgAHjM1mKAAAAAElFTkSuQmCC"

Said = Callable[[str], None]


async def run(engines: Path, wanted: WaJs, chromium: str | None, place: Path, said: Said) -> tuple[str, ...]:
    """The engine passed every step; what its page lacks beside. said: is told of each. Raises Failed.

    engines: where it lies. place: a private directory for the browser's profile.
    """
    sandbox = Sandbox(port=0)
    await sandbox.start()
    events = Events()
    gateway = Gateway(sandbox.url, chromium, place, events.note, limits=LIMITS, engines=engines)
    await gateway.start()
    try:
        bench = _Bench(gateway, events, sandbox.url, place, wanted)
        return await asyncio.to_thread(bench.run, said)
    finally:
        await gateway.stop()
        await sandbox.stop()


class _Bench:
    """One run. Its steps block, in a thread beside the driver's loop."""

    def __init__(self, gateway: Gateway, events: Events, url: str, place: Path, wanted: WaJs) -> None:
        self._gateway = gateway
        self._events = events
        self._http = httpx.Client(base_url=url, timeout=SOON_SECONDS, trust_env=False)
        self._place = place
        self._spec = SessionSpec(1, 1, "trial", None, wanted)
        self._chat = ""
        self._anchor = ("", "")

    def run(self, said: Said) -> tuple[str, ...]:
        """All steps, in their order."""
        steps = (self.link, self.exists, self.send, self.look_up, self.kill, self.picture, self.inbound)
        with self._http:
            for step in steps:
                name = step.__name__
                said(name)
                try:
                    step()
                except SessionLost as lost:
                    raise Failed(name, str(lost)) from None
            return self._gateway.checkup(1).lacks

    def link(self) -> None:
        """A QR comes, a phone scans it, the page is ready and has caught up."""
        self._gateway.open(self._spec)
        shown = self._shows(lambda link: link.qr is not None, since=0)
        mark = self._events.mark()
        self._ask("POST", "link", {"phone": SHOP, "name": "Shop", "qr": shown.qr})
        self._shows(lambda link: link.state == "ready" and link.synced, since=mark)

    def exists(self) -> None:
        """A number that is there, and one that is not."""
        found = self._gateway.resolve(1, PERSON)
        if found.answer != "yes" or found.chat_id is None:
            raise Failed("exists", str(found.reason))
        self._chat = found.chat_id
        if (nobody := self._gateway.resolve(1, NOBODY)).answer != "no":
            raise Failed("exists", f"{nobody.answer} of nobody")

    def send(self) -> None:
        """A text goes, under its id, and its receipts come."""
        mark, message_id = self._events.mark(), _new_id()
        self._acked("send", self._gateway.hand_over(1, self._chat, message_id, "one"))
        self._anchor = (self._chat, message_id)
        receipt = self._events.wait(
            Receipt, lambda one: one.message_id == message_id and one.ack >= 2, since=mark, seconds=SOON_SECONDS
        )
        if receipt is None:
            raise Failed("ack", "no receipt came")

    def look_up(self) -> None:
        """What is there is found; what is not there is not, and that is no error."""
        there = self._find("look_up", self._anchor[1])
        if there.ack is None or there.ack < 1:
            raise Failed("look_up", f"ack {there.ack}")
        absent = self._find("look_up_absent", _new_id())
        if absent.ack is not None or not absent.anchor_found:
            raise Failed("look_up_absent", f"ack {absent.ack}, anchor {absent.anchor_found}")

    def kill(self) -> None:
        """The browser dies in the midst of a hand-over; the second one under the same id makes one message."""
        self._ask("PUT", "faults", {"blackhole": 1})
        message_id = _new_id()
        handed = self._gateway.hand_over(1, self._chat, message_id, "two")
        if handed.outcome != "in_doubt":
            raise Failed("kill", f"{handed.outcome} of what nobody got")
        mark = self._events.mark()
        processes.end_browsers_of(self._place / self._spec.profile)
        away = self._events.wait(Link, lambda link: link.state != "ready", since=mark, seconds=SLOW_SECONDS)
        if away is None:
            raise Failed("kill", "the browser did not die")
        self._shows(lambda link: link.state == "ready" and link.synced, since=mark)
        self._ask("PUT", "faults", {"blackhole": 0})
        if (found := self._find("kill", message_id)).ack not in (None, 0):
            raise Failed("kill", f"ack {found.ack} of what nobody got")
        self._acked("kill", self._gateway.hand_over(1, self._chat, message_id, "two"))
        copies = [one["copies"] for one in self._messages() if str(one["id"]).endswith(message_id)]
        if copies != [1]:
            raise Failed("kill", f"copies {copies}")

    def picture(self) -> None:
        """A file goes up and arrives as what it is."""
        path = self._place / "picture"
        path.write_bytes(base64.b64decode(GREY))
        message_id = _new_id()
        file = File(path, "image", "image/png", "grey.png", path.stat().st_size)
        self._acked("picture", self._gateway.hand_over(1, self._chat, message_id, "", file))
        kinds = [one.get("media", {}).get("kind") for one in self._messages() if message_id in str(one["id"])]
        if kinds != ["image"]:
            raise Failed("picture", f"it came as {kinds}")

    def inbound(self) -> None:
        """What a person writes is heard."""
        mark = self._events.mark()
        self._ask("POST", "inbound", {"from": PERSON, "to": SHOP, "text": "hello"})
        heard = self._events.wait(
            Inbound, lambda one: one.text == "hello" and one.phone == PERSON, since=mark, seconds=SOON_SECONDS
        )
        if heard is None:
            raise Failed("inbound", "nothing was heard")

    def _shows(self, wanted: Callable[[Link], bool], *, since: int) -> Link:
        return shows(self._events, wanted, since=since, seconds=SLOW_SECONDS)

    def _find(self, step: str, message_id: str) -> LookedUp:
        try:
            return self._gateway.look_up(1, message_id, (self._chat,), self._anchor)
        except SessionLost as lost:
            raise Failed(step, str(lost)) from None

    def _acked(self, step: str, handed: Handed) -> None:
        if handed.outcome != "acked":
            raise Failed(step, f"{handed.outcome} {handed.reason or ''}".strip())

    def _messages(self) -> list[dict[str, Any]]:
        found = self._http.get("/sandbox/messages", params={"to": PERSON}).raise_for_status().json()
        return list(found["messages"])

    def _ask(self, method: str, verb: str, body: dict[str, Any]) -> None:
        self._http.request(method, f"/sandbox/{verb}", json=body).raise_for_status()


def shows(events: Events, wanted: Callable[[Link], bool], *, since: int, seconds: float) -> Link:
    """The device came to show this. Raises Failed `bindings` with the names, or with what it shows instead."""
    link = events.wait(
        Link,
        lambda one: wanted(one) or one.detail == "engine_incompatible",
        since=since,
        seconds=seconds,
    )
    if link is None:
        last = events.wait(Link, lambda one: one.detail_text is not None, since=since, seconds=0)
        raise Failed("ready", (last.detail_text if last else None) or f"not within {seconds:g} s")
    if link.detail == "engine_incompatible":
        raise Failed("bindings", link.detail_text or "")
    return link


def _new_id() -> str:
    return "3EB0" + secrets.token_hex(9).upper()
