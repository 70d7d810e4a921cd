"""Every page about an account in a real Chromium: of strangers, of people in each state, of the owner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, Page

from tests import browsers
from tests.cast import Stage, stage
from tests.faces.scene import PASSWORD, SECTIONS
from tests.faces.windows import address, chromium, judge, turning, window
from wabox import closing
from wabox.accounts import links, passwords, states, terms, totp, users
from wabox.accounts.registration import Rule
from wabox.accounts.states import Actor, Move
from wabox.db import Tx
from wabox.devices import orders

__all__ = ["address", "chromium"]  # fixtures

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.skipif(browsers.SHELL is None, reason="there is no chromium on this machine"),
]

OPEN: dict[str, dict[str, Any]] = {
    "accounts": {"registration": "approval"},
    "smtp": {"host": "127.0.0.1", "port": 1},
}
REASON = "Many people wrote that they never asked for the messages. Tell us where the numbers come from."
LONG = "a.customer.with.quite.a.long.address@a-shop-with-a-long-name.example"
MOVES: dict[str, tuple[Move, ...]] = {
    "pia@example.com": (),
    "paul@example.com": ("approve",),
    "dina@example.com": ("approve",),
    "sam@example.com": ("approve", "suspend"),
    "lina@example.com": ("lock",),
    LONG: ("approve", "lock", "unlock"),
    "cleo@example.com": ("approve",),
}


@pytest.fixture(scope="module")
def password_hash() -> str:
    return passwords.hashed(PASSWORD)


@dataclass(slots=True)
class Town:
    """People in every state, and the tokens of links that wait. clock: of bilal's second factor."""

    shop: Stage
    people: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    clock: pyotp.TOTP = field(default_factory=lambda: pyotp.TOTP(pyotp.random_base32()))

    def code(self) -> str:
        """The app's code of now; each is good once, so the clock goes on."""
        self.shop.hands.forward(minutes=1)
        return self.clock.at(self.shop.hands.now())


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    """asha's box, on which people may register."""
    made = stage(tmp_path, **SECTIONS, **OPEN)
    yield made
    made.close()


@pytest.fixture
def town(shop: Stage, password_hash: str) -> Town:
    made = Town(shop)
    shop.box.db.write_now(_settle, made, password_hash)
    return made


def _settle(tx: Tx, town: Town, password_hash: str) -> None:
    shop, now = town.shop, town.shop.hands.now()
    by = Actor(shop.asha.id, "203.0.113.1")
    for person in (shop.asha, shop.bilal):
        users.set_password(tx, person.id, password_hash)
    for email, moves in MOVES.items():
        user = users.create(tx, email=email, password_hash=password_hash, now=now)
        town.people[email] = user.id
        tx.run("update users set state = 'pending' where id = :id", id=user.id)
        orders.create_primary(tx, user.id, now=now)
        if email != "dina@example.com":
            terms.accept(tx, user.id, ip="203.0.113.9", now=now)
        if email not in ("pia@example.com", "paul@example.com"):
            tx.run("update users set verified_at = created_at where id = :id", id=user.id)
        for what in moves:
            states.move(
                tx, user.id, what, by=by, reason=REASON, asked=Rule(approval=True, verification=True), now=now
            )
    closing.close(tx, town.people["cleo@example.com"], by=by, now=now)
    town.tokens["verify"] = links.make(tx, "verify", town.people["pia@example.com"], timedelta(days=2), now)
    town.tokens["reset"] = links.make(tx, "reset", town.people["sam@example.com"], timedelta(hours=1), now)
    totp.start(tx, shop.bilal.id, seal=shop.box.seal, now=now)
    offer = totp.offer(tx, shop.bilal.id, "bilal@example.com", seal=shop.box.seal)
    assert offer is not None
    town.clock = pyotp.TOTP(offer.secret)
    totp.confirm(tx, shop.bilal.id, town.clock.at(now), seal=shop.box.seal, now=now)


@dataclass(slots=True)
class Eye:
    """Looks at each page it is shown."""

    page: Page
    address: str
    language: str

    def go(self, path: str, name: str) -> None:
        """To a page; a stranger says the language in the address."""
        self.page.goto(self.address + path)
        self.see(name)

    def see(self, name: str) -> None:
        """The page as it stands is sound."""
        over = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert over <= 0, f"{name} is {over} px too wide"
        assert judge(self.page) == [], name
        assert self.page.locator("html").get_attribute("lang") == self.language, name

    def press(self, name: str) -> None:
        """The page's main button, and what comes of it."""
        with turning(self.page):
            self.page.locator("main button.button-main:visible").first.click()
        self.see(name)

    def log_in(self, email: str, name: str) -> None:
        self.page.goto(f"{self.address}/login?lang={self.language}")
        self.page.fill("#email", email)
        self.page.fill("#password", PASSWORD)
        self.press(name)


def strangers(eye: Eye, town: Town) -> None:
    lang = f"?lang={eye.language}"
    for path, name in (("/login", "login"), ("/terms", "terms"), ("/register", "register")):
        eye.go(path + lang, name)
    eye.page.fill("#email", "newcomer@example.com")
    eye.page.fill("#password", "short")
    eye.page.locator("form").first.evaluate("form => form.noValidate = true")
    eye.press("register-wrong")
    eye.page.fill("#password", PASSWORD + " and a boat")
    eye.page.fill("#again", PASSWORD + " and a boat")
    eye.page.check("input[name=terms]")
    eye.press("register-done")
    eye.go("/login/forgot" + lang, "forgot")
    eye.page.fill("#email", "nobody@example.com")
    eye.press("forgot-sent")
    for kind, token in town.tokens.items():
        eye.go(f"/{kind}/{token}{lang}", kind)
    eye.go(f"/reset/{'x' * 43}{lang}", "dead-link")
    eye.log_in("lina@example.com", "locked")


def customers(eye: Eye, town: Town, email: str) -> None:
    """What each sees who may not do everything, and bilal's two steps."""
    name = email.partition("@")[0]
    eye.log_in(email, f"{name}-arrives")
    if email == "bilal@example.com":
        eye.page.fill("#code", "000000")
        eye.press("code-wrong")
        eye.page.fill("#code", town.code())
        eye.press("bilal-is-in")
        eye.go("/settings/security", "security-on")
        return
    if email == LONG:
        eye.go("/settings/security", "security-off")
        with turning(eye.page):
            eye.page.locator("form[action='/settings/security/totp'] button").click()
        eye.see("security-offer")
        found = re.search(r"\b[A-Z2-7]{32}\b", eye.page.content())
        assert found
        eye.page.fill("#code", pyotp.TOTP(found.group()).at(town.shop.hands.now()))
        eye.page.fill("#present2", PASSWORD)
        with turning(eye.page):
            eye.page.locator("form[action='/settings/security/totp/confirm'] button").click()
        eye.see("security-codes")
        return
    eye.go("/account" if name != "dina" else "/terms", f"{name}-account")


def owners(eye: Eye, town: Town) -> None:
    eye.log_in("asha@example.com", "asha-arrives")
    for path in ("/admin/users", "/admin/audit", "/admin/mail", "/terms"):
        eye.go(path, "owner" + path.replace("/", "-"))
    for email, user_id in town.people.items():
        eye.go(f"/admin/users/{user_id}", "owner-" + email.partition("@")[0])


@pytest.mark.parametrize(("width", "language"), [(360, "en"), (1280, "bn")])
def test_every_page_about_an_account_is_sound(
    chromium: Browser, address: str, town: Town, width: int, language: str
) -> None:
    town.shop.box.db.write_now(lambda tx: tx.run("update users set language = :language", language=language))
    scheme = "light" if width == 360 else "dark"
    heard: list[str] = []
    for email in (None, *("pia@example.com", "sam@example.com", "dina@example.com"), "bilal@example.com", LONG):
        with window(chromium, width, color_scheme=scheme) as (_, page, said):
            eye = Eye(page, address, language)
            strangers(eye, town) if email is None else customers(eye, town, email)
            heard += said
    with window(chromium, width, color_scheme=scheme) as (_, page, said):
        owners(Eye(page, address, language), town)
        heard += said
    assert [one for one in heard if "the server responded with a status of" not in one] == []
