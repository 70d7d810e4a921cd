"""A reseller's box seen from outside: owner and customers with browsers of their own, a mail server, a calendar.

Nothing here knows the inside of wabox: pages are clicked, the API is asked, mails are read, phones are looked at.
Time moves by `[testing] clock_offset_seconds` and a restart, and only forward.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from playwright.sync_api import APIResponse, Browser, BrowserContext, Page

from tests.asking import PLAIN
from tests.journeys.box import EMAIL, PASSWORD, PHONE, Shop, decoded, free_port, until
from tests.pictures import drawn

DAY = 86_400
SECRET = "seven blue kites over dhaka"  # every customer's password
BKASH = "Send to 01700000000 (personal)."
PNG = drawn("png")
STAYS = 0.2  # seconds between two questions about what comes and stays


class Postbox:
    """A real mail server on loopback, and what it took."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.port = free_port()
        self._server = Controller(self, hostname="127.0.0.1", port=self.port)
        self._server.start()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep it."""
        assert isinstance(envelope.content, bytes)
        self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def to(self, email: str, about: str = "") -> list[EmailMessage]:
        """What came for this address, with this in the subject."""
        return [one for one in list(self.taken) if one["to"] == email and about in str(one["subject"])]

    def links_to(self, email: str, path: str) -> list[str]:
        """Every link of this kind that was mailed to the address."""
        texts = [one.get_content() for one in self.to(email)]
        return [link for text in texts for link in re.findall(rf"http\S*({path}\S+)", text)]

    def close(self) -> None:
        """It listens no more."""
        self._server.stop()


@dataclass(slots=True)
class Person:
    """Somebody with a browser at an address of their own. key: for the API, once there is one."""

    market: Market
    email: str
    password: str
    context: BrowserContext
    ip: str
    key: str = ""
    phones: dict[str, str] = field(default_factory=dict)

    # with the browser

    @property
    def page(self) -> Page:
        """The window, opened when it is first looked at."""
        return self.context.pages[0] if self.context.pages else self.context.new_page()

    def go(self, path: str) -> Page:
        """The page, logged in if it asks for that."""
        self.page.goto(self.market.url + path)
        if "/login" in self.page.url and not path.startswith("/login"):
            self.log_in()
            self.page.goto(self.market.url + path)
        return self.page

    def log_in(self) -> str:
        """Through the form; what the page says afterwards."""
        self.page.goto(self.market.url + "/login")
        self.page.fill("#email", self.email)
        self.page.fill("#password", self.password)
        self.page.click("main .button-main")
        return self.read()

    def read(self) -> str:
        """What stands on the page, once it is there: after a click it may have no body yet."""
        self.page.wait_for_load_state()
        return self.page.locator("body").inner_text()

    def sees(self, path: str) -> str:
        """What stands on that page."""
        self.go(path)
        return self.read()

    def hears(self, path: str) -> str:
        """What is sent for that page, without drawing it: for who asks again and again. Logged in if it asks."""
        answer = self.context.request.get(self.market.url + path)
        if "/login" in answer.url:
            self.log_in()
            answer = self.context.request.get(self.market.url + path)
        return answer.text()

    def token(self, page: str = "/settings") -> str:
        """What the forms of that page carry."""
        found = re.search(r'name="_csrf" value="([^"]*)"', self.hears(page))
        return found[1] if found else ""

    def post(self, path: str, fields: dict[str, Any], *, page: str = "/settings") -> APIResponse:
        """A form sent without the page: as fast, as often and as odd as one likes. Redirects are not followed."""
        return self.context.request.post(
            self.market.url + path, multipart={"_csrf": self.token(page), **fields}, max_redirects=0
        )

    def press(self, path: str, **fields: str) -> APIResponse:
        """A form of the ordinary kind sent without the page."""
        return self.context.request.post(
            self.market.url + path, form={"_csrf": self.token(), **fields}, max_redirects=0
        )

    def rush(self, path: str, forms: list[dict[str, str]], *, files: bool = False) -> list[int]:
        """All these forms at the same moment, a thread each; the answers' codes."""
        token = self.token()
        jar = {str(one["name"]): str(one["value"]) for one in self.context.cookies()}
        together = threading.Barrier(len(forms))

        def one(fields: dict[str, str]) -> int:
            told = {"_csrf": token, **fields}
            body = {"files": {name: (None, text) for name, text in told.items()}} if files else {"data": told}
            with httpx.Client(cookies=jar, **PLAIN, timeout=60) as client:
                together.wait()
                return client.post(
                    self.market.url + path, headers={"X-Forwarded-For": self.ip}, **body
                ).status_code

        with ThreadPoolExecutor(len(forms)) as threads:
            return list(threads.map(one, forms))

    def fill_in(self, path: str, *, page: str = "", **fields: str) -> APIResponse:
        """A form sent with its hidden fields and its boxes ticked, without drawing its page, by default `path`."""
        given = r'<input type="(?:hidden|checkbox)"\s+name="(\w+)"\s+value="([^"]*)"'
        form = {**dict(re.findall(given, self.hears(page or path))), **fields}
        answer = self.context.request.post(self.market.url + path, form=form)
        assert answer.ok, answer.text()
        return answer

    # a new customer's way in

    def register(self) -> None:
        """Form, terms, the mail's link, log-in."""
        postbox = self.market.postbox
        before = len(postbox.links_to(self.email, "/verify/"))
        self.page.goto(self.market.url + "/register")
        self.page.fill("#email", self.email)
        self.page.fill("#password", self.password)
        self.page.fill("#again", self.password)
        self.page.check("input[name=terms]")
        self.page.click("main .button-main")
        links = until(
            lambda: postbox.links_to(self.email, "/verify/")[before:], 20, what=f"{self.email} gets a mail"
        )
        self.page.goto(self.market.url + links[0])
        self.page.click("main .button-main")
        self.log_in()

    def arrive(self) -> None:
        """All of that, a key and the disclaimer, by the same forms without drawing a page."""
        both = {"email": self.email, "password": self.password}
        self.fill_in("/register", **both, again=self.password)
        links = until(
            lambda: self.market.postbox.links_to(self.email, "/verify/"), 20, what=f"{self.email} gets a mail"
        )
        self.fill_in(links[-1])
        self.fill_in("/login", **both)
        shown = self.fill_in("/settings/key", page="/settings/keys").text()
        self.key = str(re.findall(r'id="key"[^>]*>([^<]+)<', shown)[0]).strip()
        self.fill_in("/whatsapp/disclaimer", page="/whatsapp")

    def make_key(self) -> None:
        """From the settings."""
        self.go("/settings/keys").click("form[action='/settings/key'] button")
        self.key = self.page.locator("#key").inner_text()

    def accept_disclaimer(self) -> None:
        """On /whatsapp."""
        self.go("/whatsapp").check("input[name=understood]")
        self.page.click("main .button-main")

    def pay(self, plan: str, txid: str, amount: str = "", provider: str = "bkash", picture: bytes = b"") -> str:
        """Through the form; what the page says afterwards."""
        self.go("/billing").click(f"a[aria-label$=': {plan}']")
        self.page.select_option("#provider", provider)
        if amount:
            self.page.fill("#amount", amount)
        self.page.fill("#txid", txid)
        self.page.fill("#sender", "01711000001")
        if picture:
            shot = {"name": "../../shot.png", "mimeType": "image/png", "buffer": picture}
            self.page.set_input_files("#receipt", shot)  # type: ignore[arg-type]
        self.page.click("main .button-main")
        return self.read()

    # with the API

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One request with the key."""
        sent = {"X-API-Key": self.key, "X-Forwarded-For": self.ip, **headers}
        return httpx.request(
            method, f"{self.market.url}/api/v1{path}", json=body, headers=sent, timeout=20, **PLAIN
        )

    def get(self, path: str) -> Any:
        """The answer's JSON; it must be a success."""
        answer = self.call("GET", path)
        assert answer.is_success, answer.text
        return answer.json()

    def link(self, phone: str, label: str = "primary") -> None:
        """The phone's camera reads the picture; the device is ready."""
        assert self.call("POST", f"/devices/{label}/start").status_code == 202

        def linked() -> bool:
            shown = self.get(f"/devices/{label}/qr")["qr"]
            text = decoded(shown) if shown else ""
            return bool(text) and self.market.scan(text, phone)

        until(linked, 60, what=f"{self.email} scans", pause=STAYS)
        self.phones[label] = phone
        self.is_ready(label)

    def device(self, label: str = "primary") -> dict[str, Any]:
        """As GET /devices shows it."""
        found: list[dict[str, Any]] = self.get("/devices")["devices"]
        return next(one for one in found if one["device_label"] == label)

    def is_ready(self, label: str = "primary") -> None:
        """Waits until the device is ready."""
        what = f"{label} of {self.email} is ready"
        until(lambda: self.device(label)["state"] == "ready", 60, what=what, pause=STAYS)

    def send(self, phone: str, text: str = "Hello", label: str = "primary") -> int:
        """A 202's job id."""
        body = {"phone": phone, "message": text, "device_label": label}
        answer = self.call("POST", "/send", body)
        assert answer.status_code == 202, answer.text
        return int(answer.json()["job_id"])

    def message(self, job_id: int) -> dict[str, Any]:
        """As GET /messages/{job_id} shows it."""
        found: dict[str, Any] = self.get(f"/messages/{job_id}")
        return found

    def arrives(self, job_id: int) -> None:
        """Waits until the message has arrived."""
        there = ("delivered", "read")
        what = f"message {job_id} arrives"
        until(lambda: self.message(job_id)["status"] in there, 40, what=what, pause=STAYS)

    def waits(self, job_id: int) -> str | None:
        """Why the message waits."""
        shown = self.message(job_id)
        assert shown["status"] == "queued", shown
        reason: str | None = shown["wait_reason"]
        return reason

    @property
    def credits(self) -> int | None:
        """What is left."""
        found: int | None = self.get("/reports/summary")["credits"]
        return found


class Market:
    """The box with its people."""

    def __init__(self, shop: Shop, postbox: Postbox, chromium: Browser) -> None:
        self.shop, self.postbox, self.chromium = shop, postbox, chromium
        self.days = 0.0
        self._people = 0
        self.owner = self._person(EMAIL, PASSWORD, "127.0.0.1")
        self.owner.key = shop.http.headers["X-API-Key"]

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.shop.port}"

    def _person(self, email: str, password: str, ip: str) -> Person:
        context = self.chromium.new_context(extra_http_headers={"X-Forwarded-For": ip}, reduced_motion="reduce")
        context.set_default_timeout(10_000)
        return Person(self, email, password, context, ip)

    def stranger(self, name: str, *, ip: str = "") -> Person:
        """Somebody new, who has not been here."""
        self._people += 1
        return self._person(f"{name}{self._people}@example.com", SECRET, ip or f"203.0.113.{self._people}")

    def customer(self, name: str, *, ip: str = "", phone: str = "") -> Person:
        """Somebody registered, with a key and the disclaimer accepted; phone: linked too."""
        made = self.stranger(name, ip=ip)
        made.arrive()
        if phone:
            made.link(phone)
        return made

    def id_of(self, person: Person) -> int:
        """The number of the account on the owner's pages."""
        shown = self.owner.hears(f"/admin/users?q={person.email}")
        return int(re.findall(rf'href="/admin/users/(\d+)"[^>]*>[^<]*{re.escape(person.email)}', shown)[0])

    def plan(self, name: str, price: str, **fields: str) -> None:
        """The owner makes a plan through the page."""
        page = self.owner.go("/admin/plans")
        for key, value in {"name": name, "price": price, **fields}.items():
            if key == "trial":
                page.check("input[name=trial]")
            else:
                page.fill(f"#{key}", value)
        page.click("main form[action='/admin/plans'] .button-main")
        page.wait_for_selector("main .notice-good")

    def approve(self, txid: str) -> None:
        """The owner looks and says yes."""
        page = self.owner.go("/admin/payments")
        card = page.locator(f"li.card:has(code:text-is('{txid}'))")
        card.locator("button.button-main[popovertarget]").click()
        card.locator(".dialog:popover-open .button-main").click()
        page.wait_for_selector("main .notice-good")

    def reject(self, txid: str, reason: str, *, false: int = 0) -> None:
        """The owner looks and says no. false: 1 = and calls it a false claim."""
        page = self.owner.go("/admin/payments")
        card = page.locator(f"li.card:has(code:text-is('{txid}'))")
        card.locator("summary").click()
        card.locator("input[name=reason]").fill(reason)
        if false:
            card.locator("input[name=is_false]").check()
        card.locator("button.button-bad").click()
        page.wait_for_selector("main .notice")

    def restart(self) -> None:
        """wabox stops and starts again."""
        self.shop.program.terminate()
        self.shop.start()

    def forward(self, days: float) -> None:
        """So many days later, after a restart."""
        self.days += days
        text = self.shop.config.read_text(encoding="utf-8")
        moved = re.sub(r"clock_offset_seconds = -?\d+", f"clock_offset_seconds = {int(self.days * DAY)}", text)
        self.shop.config.write_text(moved, encoding="utf-8")
        self.restart()

    def scan(self, qr: str, phone: str) -> bool:
        """The phone scans this; False if the picture was renewed meanwhile."""
        body = {"phone": phone, "name": "Shop", "qr": qr}
        answer = httpx.post(f"{self.shop.whatsapp.url}/sandbox/link", json=body, timeout=20, **PLAIN)
        return answer.is_success

    def says(self, phone: str, to: str, text: str) -> None:
        """Somebody writes to a linked phone."""
        self.shop.whatsapp.ask("POST", "inbound", {"from": phone, "to": to, "text": text})

    def got(self, sender: str) -> list[tuple[str, str]]:
        """(who, what) of all that left this phone; nothing may have gone twice."""
        found = [one for one in self.shop.whatsapp.messages() if one["from"] == sender]
        assert [one for one in found if one["copies"] != 1] == []
        return [(one["to"], one["text"]) for one in found]

    def each_once(self, sender: str, people: list[str]) -> None:
        """Everybody got exactly one message from this phone, and nobody else any."""
        assert Counter(to for to, _ in self.got(sender)) == Counter(people)

    def still(self, sender: str, seconds: float = 2.0) -> None:
        """Nothing leaves this phone for a while."""
        before = self.got(sender)
        time.sleep(seconds)
        assert self.got(sender) == before  # what has left stays on this list

    def gone(self, person: Person) -> None:
        """The account is deleted by the owner, so that its browser is closed before the next story."""
        self.owner.press(f"/admin/users/{self.id_of(person)}/delete")
        person.context.close()

    def link_owner(self) -> None:
        """The owner's own phone is linked."""
        if self.owner.device()["state"] != "ready":
            self.owner.link(PHONE)
