"""Two-step log-in through the pages, and the list of what was done."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest

from tests.cast import Stage
from tests.faces.conftest import OpenTab
from tests.faces.scene import PASSWORD
from tests.faces.tab import Tab, csrf_of, words
from wabox.accounts import passwords, sessions

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def switch_on(shop: Stage, tab: Tab) -> tuple[pyotp.TOTP, list[str]]:
    assert tab.post("/settings/security/totp").status_code == 303
    page = tab.get("/settings/security").text
    assert 'src="data:image/png' in page
    app = pyotp.TOTP(page.split('id="totp-secret"')[1].split(">")[1].split("<")[0])
    fields = {"code": app.at(shop.hands.now()), "present2": PASSWORD}
    page = tab.post("/settings/security/totp/confirm", fields).text
    codes = re.findall(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}", page)
    assert len(codes) == 10
    assert not set(codes) & set(re.findall(r"[A-Z2-7-]{19}", tab.get("/settings/security").text))
    shop.hands.forward(minutes=5)
    return app, codes


def type_code(tab: Tab, code: str) -> int:
    page = tab.get("/login/code?next=/messages&lang=en")
    answer = tab.ask("POST", "/login/code", data={"_csrf": csrf_of(page.text), "code": code, "next": "/messages"})
    assert (answer.status_code == 303) == (answer.headers.get("location") == "/messages")
    return answer.status_code


def test_a_new_password_that_a_reset_has_overtaken_is_not_taken(
    shop: Stage, asha: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine, was = passwords.hashed, shop.value("select password_hash from users where id = 1")

    def overtaken(password: str) -> str:
        shop.box.db.write_now(sessions.end_all, shop.asha.id)
        return genuine(password)

    monkeypatch.setattr("wabox.accounts.passwords.hashed", overtaken)
    fields = {
        "present": PASSWORD,
        "password": "seven blue kites over dhaka",
        "again": "seven blue kites over dhaka",
    }
    assert asha.post("/settings/password", fields).headers["location"] == "/login"
    assert shop.value("select password_hash from users where id = 1") == was


def test_with_it_a_password_alone_lets_nobody_in(shop: Stage, open_tab: OpenTab, asha: Tab) -> None:
    app, codes = switch_on(shop, asha)
    tab = open_tab()
    assert tab.ask("GET", "/login/code").headers["location"] == "/login"
    first = tab.get("/login")
    body = {"_csrf": csrf_of(first.text), "email": "asha@example.com", "password": PASSWORD, "next": "/messages"}
    answer = tab.ask("POST", "/login", data=body)
    assert answer.headers["location"] == "/login/code?next=/messages&lang=en"
    assert tab.get("/").headers["location"] == "/login"
    assert type_code(tab, "000000") == 401
    code = app.at(shop.hands.now())
    assert type_code(tab, code) == 303
    assert tab.get("/").status_code == 200
    other = open_tab()
    assert (
        other.ask("POST", "/login", data={**body, "_csrf": csrf_of(other.get("/login").text)}).status_code == 303
    )
    assert type_code(other, code) == 401
    assert type_code(other, codes[3]) == 303
    again = open_tab()
    again.ask("POST", "/login", data={**body, "_csrf": csrf_of(again.get("/login").text)})
    assert type_code(again, codes[3]) == 401
    actions = shop.value("select group_concat(action) from audit where user_id = 1 and action like '%code%'")
    assert actions == "login.code_failed,login.code_failed,login.code_failed"


def halfway(open_tab: OpenTab) -> Tab:
    tab = open_tab()
    body = {
        "_csrf": csrf_of(tab.get("/login").text),
        "email": "asha@example.com",
        "password": PASSWORD,
        "next": "/",
    }
    assert tab.ask("POST", "/login", data=body).headers["location"].startswith("/login/code")
    return tab


def test_guessing_codes_comes_to_an_end(shop: Stage, open_tab: OpenTab, asha: Tab) -> None:
    app, _ = switch_on(shop, asha)
    seen = []
    for _ in range(3):
        tab = halfway(open_tab)
        for guess in range(5):
            page = tab.get("/login/code")
            if page.status_code == 200:
                fields = {"_csrf": csrf_of(page.text), "code": f"{guess:06}"}
                seen.append(tab.ask("POST", "/login/code", data=fields).status_code)
    assert seen == [401] * 10 + [429] * 5
    assert type_code(halfway(open_tab), app.at(shop.hands.now())) == 429
    shop.hands.forward(hours=1)
    assert type_code(halfway(open_tab), app.at(shop.hands.now())) == 303


def test_five_wrong_codes_ask_for_the_password_again(shop: Stage, open_tab: OpenTab, asha: Tab) -> None:
    switch_on(shop, asha)
    tab = halfway(open_tab)
    for guess in range(5):
        assert type_code(tab, f"{guess:06}") == 401
    assert tab.get("/login/code").headers["location"] == "/login"


@pytest.mark.parametrize("change", ["late", "password", "locked"])
def test_half_a_login_does_not_outlive_its_account(shop: Stage, open_tab: OpenTab, asha: Tab, change: str) -> None:
    app, _ = switch_on(shop, asha)
    tab = halfway(open_tab)
    page = tab.get("/login/code").text
    if change == "late":
        shop.hands.at += timedelta(minutes=6)
    else:
        column = "password_hash = 'other'" if change == "password" else "state = 'locked'"
        shop.box.db.write_now(lambda tx: tx.run(f"update users set {column} where id = 1"))
    code = app.at(shop.hands.now())
    answer = tab.ask("POST", "/login/code", data={"_csrf": csrf_of(page), "code": code})
    assert (answer.status_code, answer.headers.get("location")) in ((401, None), (303, "/login?said=code_late"))
    assert tab.get("/").status_code == 303


def test_switching_off_takes_password_and_code(shop: Stage, open_tab: OpenTab, asha: Tab) -> None:
    app, _ = switch_on(shop, asha)
    path, code = "/settings/security/totp/off", app.at(shop.hands.now())
    assert asha.post(path, {"present2": "wrong", "code": code}).status_code == 422
    assert asha.post(path, {"present2": PASSWORD, "code": "000000"}).status_code == 422
    assert asha.post(path, {"present2": PASSWORD, "code": code}).status_code == 303
    assert shop.value("select count(*) from totp") == 0
    assert open_tab("asha@example.com").get("/").status_code == 200


def test_new_recovery_codes_take_password_and_code(shop: Stage, asha: Tab) -> None:
    app, codes = switch_on(shop, asha)
    path = "/settings/security/totp/codes"
    assert asha.post(path, {"present2": PASSWORD, "code": "000000"}).status_code == 422
    page = asha.post(path, {"present2": PASSWORD, "code": app.at(shop.hands.now())}).text
    fresh = set(re.findall(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}", page))
    assert len(fresh) == 10 and not fresh & set(codes)


def test_a_wrong_first_code_leaves_it_off_and_the_same_secret_on_the_page(shop: Stage, asha: Tab) -> None:
    asha.post("/settings/security/totp")
    before = asha.get("/settings/security").text.split('id="totp-secret"')[1].split("<")[0]
    answer = asha.post("/settings/security/totp/confirm", {"code": "000000", "present2": PASSWORD})
    assert answer.status_code == 422
    assert answer.text.split('id="totp-secret"')[1].split("<")[0] == before
    assert shop.value("select confirmed_at from totp") is None


def test_everybody_sees_what_was_done_with_their_own_account(shop: Stage, asha: Tab, bilal: Tab) -> None:
    asha.post("/settings/key")
    asha.post("/settings/keys", {"name": "Till 1", "scopes": ["send"]})
    seen = words(asha.get("/settings/security").text)
    assert "API key replaced" in seen and "API key made Till 1" in seen and "Logged in" in seen
    others = words(bilal.get("/settings/security").text)
    assert "Till 1" not in others and "Logged in" in others


def test_logging_out_is_on_record(shop: Stage, asha: Tab) -> None:
    asha.post("/logout")
    assert shop.value("select action from audit order by id desc limit 1") == "logout"


def test_an_account_is_deleted_by_its_user_with_password_and_code(
    shop: Stage, open_tab: OpenTab, bilal: Tab
) -> None:
    app, _ = switch_on(shop, bilal)
    path, sure = "/settings/security/delete", {"sure": "1"}
    assert "Delete my account" in words(bilal.get("/settings/security").text)
    for fields in (
        {"present3": "wrong horse", **sure, "code3": app.at(shop.hands.now())},
        {"present3": PASSWORD, "code3": app.at(shop.hands.now())},
        {"present3": PASSWORD, **sure, "code3": "000000"},
        {"present3": PASSWORD, **sure},
    ):
        assert bilal.post(path, fields).status_code == 422
    done = bilal.post(path, {"present3": PASSWORD, **sure, "code3": app.at(shop.hands.now())})
    assert done.headers["location"] == "/login?said=account_closed"
    assert bilal.get("/").headers["location"] == "/login"
    assert open_tab().log_in("bilal@example.com").status_code == 401
    answer = bilal.ask("GET", "/api/v1/devices", headers={"X-API-Key": shop.bilal.key})
    assert answer.status_code == 401
    assert shop.value("select count(*) from audit where action = 'account.closed' and user_id = 2") == 1


def test_the_owner_has_no_way_to_delete_the_box(asha: Tab) -> None:
    assert "Delete my account" not in words(asha.get("/settings/security").text)
    answer = asha.post("/settings/security/delete", {"present3": PASSWORD, "sure": "1"})
    assert answer.status_code == 422
    assert asha.get("/").status_code == 200
