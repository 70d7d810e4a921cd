"""Who guesses at a log-in: from elsewhere, from next door, with a stolen cookie. The owner still gets in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pyotp
import pytest
from httpx import Cookies, Response
from litestar import Litestar
from litestar.testing import TestClient

from tests import webs
from tests.cast import Stage
from tests.faces.scene import PASSWORD
from tests.faces.tab import Tab, csrf_of
from wabox.accounts import passwords, totp
from wabox.accounts.passwords import Verdict
from wabox.dashboard.frame.desk import Desk

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

BASE = "http://testserver.local"
HOME, NEXT_DOOR, ELSEWHERE = "203.0.113.9", "203.0.113.10", "198.51.100.7"
ASHA = "asha@example.com"
GOOD = "seven blue kites over dhaka"


class Place(Tab):
    """A browser at an address of the internet."""

    def __init__(self, client: TestClient[Litestar], ip: str) -> None:
        self.ip = ip
        super().__init__(client, None, BASE)

    def ask(self, method: str, path: str, **more: Any) -> Response:
        return super().ask(method, path, **{**more, "headers": {"X-From": self.ip, **more.get("headers", {})}})

    def guess(self, n: int, email: str = ASHA) -> list[int]:
        """The answers to so many wrong passwords."""
        return [self.log_in(email, f"guess number {number}").status_code for number in range(n)]

    @property
    def known_by(self) -> str:
        return self.cookies["wabox_browser"]


Sit = Callable[[str], Place]


@pytest.fixture
def sit(shop: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sit]:
    """A new browser there. Passwords are compared at once, so that many can be tried."""

    def verify(stored: str | None, password: str) -> Verdict:
        return Verdict(ok=stored is not None and password == PASSWORD)

    monkeypatch.setattr(Desk, "ip", property(lambda desk: desk.request.headers.get("x-from", "")))
    monkeypatch.setattr("wabox.accounts.passwords.verify", verify)
    with webs.client(shop.box) as client:
        yield lambda ip: Place(client, ip)


@pytest.fixture
def home(sit: Sit) -> Place:
    """asha's browser, which has logged in before and is logged out."""
    made = sit(HOME)
    assert made.log_in(ASHA).status_code == 303
    assert made.post("/logout").status_code == 303
    return made


def test_twenty_wrong_passwords_from_elsewhere_do_not_keep_the_owner_out(sit: Sit, home: Place) -> None:
    assert sit(ELSEWHERE).guess(22) == [401] * 20 + [429] * 2
    for n in range(8):  # and from everywhere else
        assert sit(f"198.51.100.{100 + n}").guess(3) == [429] * 3
    assert home.log_in(ASHA).status_code == 303


def test_twenty_from_the_same_network_do_not_keep_the_known_browser_out(sit: Sit, home: Place) -> None:
    assert sit(HOME).guess(22) == [401] * 20 + [429] * 2
    assert sit(HOME).log_in(ASHA).status_code == 429
    assert home.log_in(ASHA).status_code == 303


def test_from_the_known_network_the_owner_gets_in_with_a_new_browser(sit: Sit, home: Place) -> None:
    assert sit(ELSEWHERE).guess(21)[-1] == 429
    assert sit(NEXT_DOOR).log_in(ASHA).status_code == 429
    assert sit(HOME).log_in(ASHA).status_code == 303


def test_a_lid_on_the_box_that_strangers_keep_down_is_none_for_who_is_known(sit: Sit, home: Place) -> None:
    answers = [sit(f"192.0.2.{n}").log_in(f"nobody{n}@example.com", "guess").status_code for n in range(110)]
    assert answers == [401] * 100 + [429] * 10
    assert sit(ELSEWHERE).log_in("bilal@example.com").status_code == 429
    assert home.log_in(ASHA).status_code == 303


def test_a_stolen_cookie_has_twenty_tries_and_dies_when_its_owner_logs_in(sit: Sit, home: Place) -> None:
    thief = sit(ELSEWHERE)
    thief.cookies.set("wabox_browser", home.known_by, domain="testserver.local")
    assert thief.guess(25) == [401] * 20 + [429] * 5
    moved = sit(NEXT_DOOR)
    moved.cookies = Cookies(thief.cookies)
    assert moved.guess(2) == [429] * 2
    stolen = home.known_by
    assert home.log_in(ASHA).status_code == 303  # from the known network
    assert home.known_by != stolen
    assert thief.guess(2) == [429] * 2
    home.post("/logout")
    assert home.guess(20) == [401] * 20


def test_a_stolen_cookie_opens_no_page_and_no_other_account(sit: Sit, home: Place) -> None:
    thief = sit(ELSEWHERE)
    thief.cookies.set("wabox_browser", home.known_by, domain="testserver.local")
    assert thief.get("/messages").headers["location"].startswith("/login")
    assert sit(NEXT_DOOR).guess(20, "bilal@example.com") == [401] * 20
    assert thief.guess(1, "bilal@example.com") == [429]


def test_guessing_over_many_accounts_from_one_network_ends_at_twenty_an_hour(shop: Stage, sit: Sit) -> None:
    place = sit(ELSEWHERE)
    answers = [place.guess(1, f"person{n}@example.com")[0] for n in range(25)]
    assert answers == [401] * 20 + [429] * 5
    shop.hands.forward(hours=1)
    assert place.guess(21, "bilal@example.com") == [401] * 20 + [429]


def test_the_cookie_of_a_known_browser_no_script_reads_and_no_site_sends(sit: Sit) -> None:
    sets = sit(HOME).log_in(ASHA).headers.get_list("set-cookie")
    cookie = next(one for one in sets if one.startswith("wabox_browser="))
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Max-Age=31536000" in cookie
    safe = sit(HOME)
    safe._base = BASE.replace("http", "https")
    sets = safe.log_in(ASHA).headers.get_list("set-cookie")
    assert any(one.startswith("__Host-wabox_browser=") and "Secure" in one for one in sets)


def test_logging_out_leaves_the_browser_known_and_nothing_else(home: Place) -> None:
    home.get("/login?said=logged_out")
    assert {name for name in home.cookies if name.startswith("wabox")} == {"wabox_browser", "wabox_form"}
    home.log_in(ASHA)
    assert home.post("/logout").headers["clear-site-data"] == '"cache", "storage"'


def known(shop: Stage) -> int:
    return int(shop.value("select count(*) from known_browsers where user_id = 1"))


def test_a_new_password_is_trusted_by_no_other_browser(shop: Stage, sit: Sit, home: Place) -> None:
    other = sit(ELSEWHERE)
    other.log_in(ASHA)
    home.log_in(ASHA)
    assert known(shop) == 2
    fields = {"present": PASSWORD, "password": GOOD, "again": GOOD}
    assert home.post("/settings/password", fields).status_code == 303
    assert known(shop) == 1
    assert sit(NEXT_DOOR).guess(20) == [401] * 20
    assert other.guess(1) == [429]
    home.post("/logout")
    assert home.guess(1) == [401]


def test_ending_all_other_log_ins_ends_what_their_browsers_are_known_by(
    shop: Stage, sit: Sit, home: Place
) -> None:
    sit(ELSEWHERE).log_in(ASHA)
    home.log_in(ASHA)
    assert home.post("/settings/sessions/end").status_code == 303
    assert known(shop) == 1


def noted(shop: Stage, action: str) -> list[tuple[int | None, str | None]]:
    sql = "select user_id, ip from audit where action = :action order by id"
    return [
        (row["user_id"], row["ip"]) for row in shop.box.db.read_here(lambda rows: rows.all(sql, action=action))
    ]


def test_refused_tries_are_on_record_once_and_not_without_end(shop: Stage, sit: Sit, home: Place) -> None:
    place = sit(ELSEWHERE)
    assert place.guess(60)[-1] == 429
    assert noted(shop, "login.throttled") == [(1, ELSEWHERE)]
    assert len(noted(shop, "login.failed")) == 20
    shop.hands.forward(hours=1)
    place.guess(3)
    assert noted(shop, "login.throttled") == [(1, ELSEWHERE)] * 2
    home.log_in(ASHA)
    assert "Log-ins refused for a while: too many tries" in home.get("/settings/security").text


def test_guesses_at_nobody_do_not_fill_the_record(shop: Stage, sit: Sit) -> None:
    for n in range(150):
        sit(f"192.0.2.{n}").log_in(f"nobody{n}@example.com", "guess")
    assert len(noted(shop, "login.failed") + noted(shop, "login.throttled")) == 60


# -- the second step ---------------------------------------------------------------------------------


def second_step(shop: Stage) -> pyotp.TOTP:
    """It is on for asha."""
    box, now = shop.box, shop.hands.now()
    box.db.write_now(totp.start, 1, seal=box.seal, now=now)
    offer = box.db.read_here(totp.offer, 1, ASHA, seal=box.seal)
    assert offer is not None
    clock = pyotp.TOTP(offer.secret)
    box.db.write_now(totp.confirm, 1, clock.at(now), seal=box.seal, now=now)
    shop.hands.forward(minutes=2)
    return clock


def half(place: Place) -> Place:
    """The password is typed."""
    body = {"_csrf": csrf_of(place.get("/login").text), "email": ASHA, "password": PASSWORD, "next": "/"}
    assert place.ask("POST", "/login", data=body).headers["location"].startswith("/login/code")
    return place


def type_code(place: Place, code: str) -> int:
    page = place.get("/login/code")
    if page.status_code != 200:
        page = half(place).get("/login/code")
    fields = {"_csrf": csrf_of(page.text), "code": code, "next": "/"}
    return place.ask("POST", "/login/code", data=fields).status_code


def test_guessing_codes_elsewhere_does_not_keep_the_owner_out(shop: Stage, sit: Sit, home: Place) -> None:
    clock = second_step(shop)
    thief = half(sit(ELSEWHERE))
    assert [type_code(thief, f"{n:06}") for n in range(12)] == [401] * 10 + [429] * 2
    assert noted(shop, "login.throttled") == [(1, ELSEWHERE)]
    assert type_code(half(home), clock.at(shop.hands.now())) == 303
    assert home.get("/messages").status_code == 200


def test_a_stolen_cookie_guesses_no_more_codes_than_ten_an_hour(shop: Stage, sit: Sit, home: Place) -> None:
    second_step(shop)
    thief = sit(ELSEWHERE)
    thief.cookies.set("wabox_browser", home.known_by, domain="testserver.local")
    half(thief)
    assert [type_code(thief, f"{n:06}") for n in range(12)] == [401] * 10 + [429] * 2


# -- sessions ----------------------------------------------------------------------------------------


def test_a_log_in_ends_the_session_whose_cookie_came_with_it(shop: Stage, sit: Sit) -> None:
    place, copy = sit(HOME), sit(HOME)
    place.log_in(ASHA)
    copy.cookies = Cookies(place.cookies)
    assert copy.get("/messages").status_code == 200
    page = place.get("/settings")
    body = {"_csrf": csrf_of(page.text), "email": "bilal@example.com", "password": PASSWORD, "next": "/"}
    assert place.ask("POST", "/login", data=body).status_code == 303
    assert place.get("/messages").status_code == 200
    assert copy.get("/messages").status_code == 303
    assert shop.value("select count(*) from sessions") == 1


DEEDS = {
    "password": ("/settings/password", {"present": PASSWORD, "password": GOOD, "again": GOOD}),
    "codes": ("/settings/security/totp/codes", {"present2": PASSWORD}),
    "off": ("/settings/security/totp/off", {"present2": PASSWORD}),
    "on": ("/settings/security/totp/confirm", {"present2": PASSWORD}),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_whoever_shows_the_password_anew_goes_on_under_a_new_token_alone(shop: Stage, sit: Sit, deed: str) -> None:
    place, copy, other = sit(HOME), sit(HOME), sit(ELSEWHERE)
    for one in (place, other):
        assert one.log_in(ASHA).status_code == 303
    copy.cookies = Cookies(place.cookies)
    if deed == "on":
        place.post("/settings/security/totp")
        offer = shop.box.db.read_here(totp.offer, 1, ASHA, seal=shop.box.seal)
        assert offer is not None
        clock = pyotp.TOTP(offer.secret)
    else:
        clock = second_step(shop)
    path, fields = DEEDS[deed]
    code = clock.at(shop.hands.now())
    wrong = {**fields, "code": code, "present": "wrong", "present2": "wrong"}
    assert place.post(path, wrong).status_code == 422
    assert copy.get("/messages").status_code == other.get("/messages").status_code == 200
    assert place.post(path, {**fields, "code": code}).status_code in (200, 303)
    assert place.get("/messages").status_code == 200
    assert place.post("/settings/locale", {"language": "en"}).status_code == 303
    assert copy.get("/messages").status_code == other.get("/messages").status_code == 303


def test_the_page_with_new_codes_has_forms_that_work(shop: Stage, sit: Sit) -> None:
    place = sit(HOME)
    place.log_in(ASHA)
    clock = second_step(shop)
    fields = {"present2": PASSWORD, "code": clock.at(shop.hands.now())}
    page = place.post("/settings/security/totp/codes", fields)
    place.csrf = csrf_of(page.text)
    assert "This one" in page.text
    assert place.post("/settings/locale", {"language": "bn"}).status_code == 303


@pytest.mark.parametrize("deed", ["codes", "off", "on"])
def test_what_a_reset_has_overtaken_switches_nothing(
    shop: Stage, sit: Sit, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    place = sit(HOME)
    place.log_in(ASHA)
    if deed == "on":
        place.post("/settings/security/totp")
        offer = shop.box.db.read_here(totp.offer, 1, ASHA, seal=shop.box.seal)
        assert offer is not None
        clock = pyotp.TOTP(offer.secret)
    else:
        clock = second_step(shop)
    before = shop.value("select group_concat(code_hash) || count(*) from recovery_codes")
    on = shop.value("select confirmed_at from totp")

    def overtaken(_stored: str | None, _password: str) -> Verdict:
        shop.box.db.write_now(lambda tx: tx.run("delete from sessions"))
        return replace(Verdict(ok=True))

    monkeypatch.setattr(passwords, "verify", overtaken)
    path, fields = DEEDS[deed]
    answer = place.post(path, {**fields, "code": clock.at(shop.hands.now())})
    assert answer.headers["location"] == "/login"
    assert shop.value("select group_concat(code_hash) || count(*) from recovery_codes") == before
    assert shop.value("select confirmed_at from totp") == on
