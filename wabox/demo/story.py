"""Tells the demo: a sandbox phone is linked, a first message and a first campaign go, each state as it comes."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from wabox.demo import picture
from wabox.demo.children import Child

T = TypeVar("T")
SHOP_PHONE = "8801700000001"
FRIEND_PHONE = "8801711000001"
TEXT = "Hello from wabox! This is your first message, with a picture."
TAG = "demo"
PEOPLE = (
    ("8801711000002", "Rina Akter", "honey and ghee"),
    ("8801711000003", "Karim Mia", "rice and lentils"),
    ("8801711000004", "আয়েশা বেগম", "তাজা আম"),
)
CAPTION = "{Hello|Dear} {name}! This week at our shop: {custom}."
EVERY_SECONDS = 0.2
START_SECONDS = 40.0
LINK_SECONDS = 90.0
SEND_SECONDS = 90.0
ARRIVED = ("delivered", "read")
LOST = ("failed", "skipped", "cancelled", "unknown")


class DemoFailed(Exception):
    """The reason, in a sentence."""


class Story:
    """One run. say: prints a line for the person who watches."""

    def __init__(
        self, *, url: str, sandbox_url: str, api_key: str, children: list[Child], say: Callable[[str], None]
    ) -> None:
        self._box = httpx.Client(
            base_url=f"{url}/api/v1", headers={"X-API-Key": api_key}, timeout=10, trust_env=False
        )
        self._url = url
        self._sandbox = httpx.Client(base_url=sandbox_url, timeout=10, trust_env=False)
        self._children = children
        self._say = say

    def close(self) -> None:
        """No connection is left."""
        self._box.close()
        self._sandbox.close()

    def tell(self, *, campaign: bool) -> None:
        """The first message was delivered, and so was a campaign if that is told too. Raises DemoFailed."""
        self.wait_for_start()
        self.link()
        media_id = self.send()
        if campaign:
            self.write_to_many(media_id)

    def wait_for_start(self) -> None:
        """Both processes answer."""
        self._until(lambda: self._answers(self._sandbox, "/sandbox/state"), "the sandbox", START_SECONDS)
        self._say(f"The sandbox, a pretend WhatsApp, runs at {self._sandbox.base_url}".rstrip("/"))
        self._until(lambda: self._answers(self._box, f"{self._url}/healthz"), "wabox", START_SECONDS)
        self._say(f"wabox runs at {self._url}")

    def link(self) -> None:
        """The sandbox phone is linked: it scanned the code that wabox shows."""
        self._ask(self._box, "POST", "/devices/primary/start")
        seen = ""
        scanned = None
        until = time.monotonic() + LINK_SECONDS
        while time.monotonic() < until:
            device = self._ask(self._box, "GET", "/devices")["devices"][0]
            if device["state"] != seen:
                seen = device["state"]
                self._say(f"Device primary: {seen}")
            if device["ready"]:
                return
            if seen == "disconnected":
                raise DemoFailed(f"The device is disconnected: {device['detail_text'] or device['detail']}")
            if seen == "qr":
                scanned = self._scan(scanned)
            self._rest()
        raise DemoFailed(f"The device was not ready after {LINK_SECONDS:.0f} s; it is {seen}.")

    def send(self) -> int:
        """A message with a picture went to a sandbox person and arrived there. Returns the picture's id."""
        media = {"base64": base64.b64encode(picture.shop()).decode(), "filename": "shop.png"}
        sent = self._ask(self._box, "POST", "/send", {"phone": FRIEND_PHONE, "message": TEXT, "media": media})
        job, seen = sent["job_id"], ""
        until = time.monotonic() + SEND_SECONDS
        while time.monotonic() < until:
            message = self._ask(self._box, "GET", f"/messages/{job}")
            if message["status"] != seen:
                seen = message["status"]
                self._say(f"Message {job}: {seen}")
            if seen in ARRIVED:
                return int(message["media"]["media_id"])
            if seen in LOST:
                raise DemoFailed(f"The message is {seen}: {message['error_text'] or message['error']}")
            self._rest()
        why = message["wait_reason"]
        raise DemoFailed(f"The message was not delivered after {SEND_SECONDS:.0f} s; it is {seen} ({why}).")

    def write_to_many(self, media_id: int) -> None:
        """A campaign with the picture and a caption for each went to some sandbox people, and arrived there."""
        for phone, name, custom in PEOPLE:
            contact = {"phone": phone, "name": name, "custom": custom, "tag": TAG}
            self._ask(self._box, "POST", "/contacts", contact)
        body = {"name": "First campaign", "tag": TAG, "message": CAPTION, "media": {"id": media_id}}
        campaign_id = self._ask(self._box, "POST", "/campaigns", body)["id"]
        said = ""
        until = time.monotonic() + SEND_SECONDS
        while time.monotonic() < until:
            found = self._ask(self._box, "GET", f"/campaigns/{campaign_id}")
            line = f"Campaign {campaign_id}: {found['status']}, {found['delivered']} of {found['total']} delivered"
            if line != said:
                said = line
                self._say(said)
            if found["delivered"] == found["total"]:
                return
            if found["status"] in ("failed", "paused", "stopped"):
                raise DemoFailed(f"The campaign is {found['status']}: {found['status_reason']}")
            self._rest()
        raise DemoFailed(f"The campaign did not arrive after {SEND_SECONDS:.0f} s. {said}.")

    def check_lives(self) -> None:
        """Raises DemoFailed when a process has ended."""
        for child in self._children:
            if not child.lives:
                raise DemoFailed(f"{child.name} has ended. Its last words:\n{child.last_words()}")

    def _scan(self, scanned: str | None) -> str | None:
        """The phone scans the page's code, once for each code. Returns the last one scanned."""
        if self._ask(self._box, "GET", "/devices/primary/qr")["qr"] is None:
            return scanned
        pages = self._ask(self._sandbox, "GET", "/sandbox/state")["pages"]
        codes = [page["qr"] for page in pages if page["state"] == "qr" and page["qr"]]
        if not codes or codes[0] == scanned:
            return scanned
        body = {"phone": SHOP_PHONE, "name": "Demo shop", "qr": codes[0]}
        answer = self._sandbox.post("/sandbox/link", json=body)
        if answer.status_code == 422:
            return scanned  # the code was renewed between the two questions
        answer.raise_for_status()
        self._say(f"The sandbox phone {SHOP_PHONE} scans the QR code")
        return str(codes[0])

    def _until(self, true: Callable[[], bool], what: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not true():
            if time.monotonic() > until:
                raise DemoFailed(f"{what} did not answer after {seconds:.0f} s.")
            self._rest()

    def _answers(self, client: httpx.Client, path: str) -> bool:
        try:
            return client.get(path).status_code == 200
        except httpx.HTTPError:
            return False

    def _ask(self, client: httpx.Client, method: str, path: str, body: object = None) -> Any:
        try:
            answer = client.request(method, path, json=body)
        except httpx.HTTPError as error:
            self.check_lives()
            raise DemoFailed(f"{method} {path} was not answered: {error}") from None
        if answer.is_error:
            raise DemoFailed(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json()

    def _rest(self) -> None:
        self.check_lives()
        time.sleep(EVERY_SECONDS)
