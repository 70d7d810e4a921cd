"""Set-up, log in, log out, and everything about one's own log-in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient

from tests import webs
from tests.cast import NOON, Stage, settings
from tests.faces.conftest import OpenTab
from tests.faces.scene import PASSWORD
from tests.faces.tab import Tab, csrf_of, words
from wabox import config, datadir, open_box
from wabox.accounts import links, passwords, users
from wabox.accounts.sealing import Seal
from wabox.box import Box
from wabox.db import Database

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

GOOD = "seven blue kites over dhaka"


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Box]:
    """A box without an owner."""
    data = datadir.prepare(tmp_path / "data")
    key = datadir.secret_key(data)
    open_box.upgrade(data)
    database = Database(data.database)
    database.start()
    yield Box(config=config.parse(settings(), base=tmp_path), db=database, seal=Seal(key), now=lambda: NOON)
    database.stop()


@pytest.fixture
def visitor(fresh: Box) -> Iterator[TestClient[Litestar]]:
    with webs.client(fresh) as made:
        yield made


def _link(box: Box) -> str:
    return "/setup/" + box.db.write_now(links.make, "setup", None, timedelta(hours=24), box.now())


def _fill(visitor: TestClient[Litestar], path: str, **fields: str) -> object:
    csrf = csrf_of(visitor.get(path).text)
    body = {"_csrf": csrf, "email": "Asha@Example.com", "password": GOOD, "again": GOOD, **fields}
    return visitor.post(path, data=body, follow_redirects=False)


def _press(visitor: TestClient[Litestar], path: str, *, at: str, **fields: str) -> Response:
    return visitor.post(path, data={"_csrf": csrf_of(visitor.get(at).text), **fields})


def test_without_an_owner_every_page_says_where_the_link_is(visitor: TestClient[Litestar]) -> None:
    for path in ("/", "/login", "/messages", "/docs"):
        answer = visitor.get(path)
        assert answer.url.path == "/setup"
        assert "wabox setup-link" in answer.text


def test_the_zone_of_the_form_is_the_owners(fresh: Box, visitor: TestClient[Litestar]) -> None:
    path = _link(fresh)
    wrong = _fill(visitor, path, timezone="Mars/Base")
    assert wrong.status_code == 422  # type: ignore[attr-defined]
    assert "Choose a time zone like Asia/Dhaka." in wrong.text  # type: ignore[attr-defined]
    assert _fill(visitor, path, timezone="Asia/Dhaka").status_code == 303  # type: ignore[attr-defined]
    zone = fresh.db.read_here(lambda rows: rows.value("select timezone from users"))
    assert zone == "Asia/Dhaka"
    assert "Quiet hours" in words(visitor.get("/settings").text)


def test_a_wrong_link_is_not_the_form(visitor: TestClient[Litestar]) -> None:
    answer = visitor.get("/setup/" + "x" * 43)
    assert answer.status_code == 404
    assert "password" not in answer.text


def test_the_link_makes_the_owner_and_leads_to_the_phone_which_begins_when_all_is_accepted(
    fresh: Box, visitor: TestClient[Litestar]
) -> None:
    def value(query: str) -> object:
        return fresh.db.read_here(lambda rows: rows.value(query))

    path = _link(fresh)
    answer = _fill(visitor, path)
    assert answer.status_code == 303  # type: ignore[attr-defined]
    assert answer.headers["location"] == "/whatsapp"  # type: ignore[attr-defined]
    assert value("select email || role from users") == "asha@example.comowner"
    assert value("select label || wanted from devices") == "primary0"
    assert value("select count(*) from api_keys") == 0  # made where a program wants one
    assert "wbx_" in words(_press(visitor, "/settings/key", at="/settings").text)
    page = visitor.get("/whatsapp").text
    assert "Accept and show the code" in page and "Step 2 of 3" in page
    sent = {"version": users.DISCLAIMER_VERSION, "understood": "1", "begin": "1"}
    assert _press(visitor, "/whatsapp/disclaimer", at="/whatsapp", **sent).url.path == "/whatsapp"
    assert value("select label || wanted || state from devices") == "primary1starting"
    again = visitor.get(path, follow_redirects=False)
    assert again.headers["location"] == "/login"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "nobody"}, "e-mail address like"),
        ({"password": "short", "again": "short"}, "at least 12 characters"),
        ({"password": "password1234", "again": "password1234"}, "first that anybody would try"),
        ({"again": "another long password"}, "two passwords differ"),
    ],
)
def test_set_up_says_what_is_wrong_and_stays_open(
    fresh: Box, visitor: TestClient[Litestar], fields: dict[str, str], said: str
) -> None:
    path = _link(fresh)
    answer = _fill(visitor, path, **fields)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert said in words(answer.text)  # type: ignore[attr-defined]
    assert visitor.get(path).status_code == 200


def test_set_up_in_bengali_makes_a_bengali_user(fresh: Box, visitor: TestClient[Litestar]) -> None:
    assert _fill(visitor, _link(fresh) + "?lang=bn").status_code == 303  # type: ignore[attr-defined]
    assert fresh.db.read_here(lambda rows: rows.value("select language from users")) == "bn"
    assert '<html lang="bn">' in visitor.get("/whatsapp").text


def test_login_answers_the_same_for_a_wrong_name_and_a_wrong_password(open_tab: OpenTab) -> None:
    tab = open_tab()
    pages = [tab.log_in(email, "not the password").text for email in ("asha@example.com", "chen@example.com")]
    assert "E-mail or password is wrong" in pages[0]
    clean = [page.replace("asha@", "@").replace("chen@", "@") for page in pages]
    assert clean[0] == clean[1]


def test_login_is_throttled_before_anything_is_hashed(open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    from wabox.accounts.passwords import Verdict  # noqa: PLC0415

    def verify(_stored: str | None, password: str) -> Verdict:
        hashed.append(password)
        return Verdict(ok=False)

    monkeypatch.setattr("wabox.accounts.passwords.verify", verify)
    tab = open_tab()
    answers = [tab.log_in("asha@example.com", f"guess {number}") for number in range(22)]
    assert [one.status_code for one in answers] == [401] * 20 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 0
    assert len(hashed) == 20


@pytest.mark.parametrize("change", ["password_hash = 'another'", "state = 'locked'"])
def test_a_log_in_that_a_change_overtakes_opens_nothing(
    shop: Stage, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    genuine = passwords.verify

    def overtaken(stored: str | None, password: str) -> passwords.Verdict:
        verdict = genuine(stored, password)
        shop.box.db.write_now(lambda tx: tx.run(f"update users set {change} where id = 1"))
        return verdict

    monkeypatch.setattr("wabox.accounts.passwords.verify", overtaken)
    assert open_tab().log_in("asha@example.com").status_code == 401
    assert shop.value("select count(*) from sessions") == 0


def test_a_session_is_a_cookie_no_script_reads_and_no_site_sends(open_tab: OpenTab) -> None:
    plain = open_tab().log_in("asha@example.com").headers["set-cookie"]
    assert "wabox_session=" in plain and "HttpOnly" in plain and "SameSite=strict" in plain
    assert "Secure" not in plain
    safe = open_tab(base="https://testserver.local").log_in("asha@example.com").headers["set-cookie"]
    assert safe.startswith("__Host-wabox_session=") and "Secure" in safe and "Path=/" in safe


def test_the_database_does_not_hold_the_cookie(shop: Stage, asha: Tab) -> None:
    token = asha.cookies["wabox_session"]
    assert shop.value("select count(*) from sessions where token_hash = :token", token=token) == 0


def test_logging_out_ends_the_session_on_the_box(asha: Tab) -> None:
    token = asha.cookies["wabox_session"]
    assert asha.post("/logout").headers["location"] == "/login?said=logged_out"
    asha.cookies.set("wabox_session", token, domain="testserver.local")
    assert asha.get("/").status_code == 303


def test_an_idle_session_ends(shop: Stage, asha: Tab) -> None:
    shop.hands.forward(hours=11)
    assert asha.get("/").status_code == 200
    shop.hands.forward(hours=11)
    assert asha.get("/").status_code == 200
    shop.hands.forward(hours=13)
    assert asha.get("/").status_code == 303


def test_a_locked_account_is_told_so_only_with_its_password(shop: Stage, open_tab: OpenTab) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set state = 'locked' where id = 1"))
    tab = open_tab()
    assert "wrong" in words(tab.log_in("asha@example.com", "not the password").text)
    answer = tab.log_in("asha@example.com")
    assert answer.status_code == 403
    assert "locked" in words(answer.text)


def test_changing_the_password_ends_the_other_sessions(open_tab: OpenTab, asha: Tab) -> None:
    other = open_tab("asha@example.com")
    fields = {"present": PASSWORD, "password": GOOD, "again": GOOD}
    assert asha.post("/settings/password", fields).status_code == 303
    assert asha.get("/").status_code == 200
    assert other.get("/").status_code == 303
    assert open_tab().log_in("asha@example.com", GOOD).status_code == 303
    assert open_tab().log_in("asha@example.com").status_code == 401


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"present": "wrong"}, "not your present password"),
        ({"password": "asha@example.com", "again": "asha@example.com"}, "first that anybody would try"),
        ({"again": "else"}, "two passwords differ"),
    ],
)
def test_a_password_that_will_not_do_changes_nothing(
    open_tab: OpenTab, asha: Tab, fields: dict[str, str], said: str
) -> None:
    answer = asha.post("/settings/password", {"present": PASSWORD, "password": GOOD, "again": GOOD, **fields})
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert open_tab().log_in("asha@example.com").status_code == 303


def test_guessing_the_present_password_is_throttled(asha: Tab) -> None:
    fields = {"present": "guess", "password": GOOD, "again": GOOD}
    answers = [asha.post("/settings/password", fields).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


def test_one_other_session_or_all_can_be_ended(shop: Stage, open_tab: OpenTab, asha: Tab) -> None:
    others = [open_tab("asha@example.com") for _ in range(3)]
    page = asha.get("/settings/security").text
    assert page.count('name="session"') == 3
    first = page.split('name="session" value="')[1].split('"')[0]
    asha.post("/settings/sessions/end", {"session": first})
    assert sorted(tab.get("/").status_code for tab in others) == [200, 200, 303]
    asha.post("/settings/sessions/end")
    assert [tab.get("/").status_code for tab in others] == [303] * 3
    assert asha.get("/").status_code == 200


def test_a_new_key_is_shown_once_and_the_old_one_is_dead(shop: Stage, asha: Tab) -> None:
    page = asha.post("/settings/key").text
    key = page.split('<code id="key"')[1].split(">")[1].split("<")[0]
    assert key.startswith("wbx_")
    headers = {"X-API-Key": key}
    assert asha.ask("GET", "/api/v1/devices", headers=headers).status_code == 200
    assert asha.ask("GET", "/api/v1/devices", headers={"X-API-Key": shop.asha.key}).status_code == 401
    later = asha.get("/settings/keys").text
    assert key not in later
    assert key[:12] in later


def test_language_and_time_zone_are_the_users_own(shop: Stage, asha: Tab, bilal: Tab) -> None:
    asha.post("/settings/locale", {"language": "bn", "timezone": "Europe/Berlin"})
    assert '<html lang="bn">' in asha.get("/").text
    assert '<html lang="en">' in bilal.get("/").text
    assert shop.value("select timezone from users where id = 1") == "Europe/Berlin"
    assert asha.post("/settings/locale", {"language": "xx"}).status_code == 422
    assert asha.post("/settings/locale", {"timezone": "Mars/Base"}).status_code == 422


def _made_key(page: str) -> str:
    return page.split('<code id="key"')[1].split(">")[1].split("<")[0]


def test_a_named_key_is_made_shown_once_and_revoked(shop: Stage, asha: Tab) -> None:
    page = asha.post("/settings/keys", {"name": "Till  1", "scopes": ["send", "read"]})
    key = _made_key(page.text)
    headers = {"X-API-Key": key}
    assert asha.ask("GET", "/api/v1/devices", headers=headers).status_code == 200
    assert asha.ask("GET", "/api/v1/keys", headers=headers).status_code == 200
    assert asha.ask("POST", "/api/v1/devices", headers=headers, json={}).json()["code"] == "scope_missing"
    listed = asha.get("/settings/keys").text
    assert key not in listed
    assert "Till 1" in listed and key[:12] in listed and "testclient" in listed
    key_id = shop.value("select id from api_keys where name = 'Till 1'")
    assert asha.post(f"/settings/keys/{key_id}/revoke").headers["location"] == "/settings/keys?said=key_revoked"
    assert asha.ask("GET", "/api/v1/devices", headers=headers).status_code == 401
    assert asha.post(f"/settings/keys/{key_id}/revoke").status_code == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "", "scopes": ["send"]}, "Give the key a name"),
        ({"name": "main", "scopes": ["send"]}, "a key of this name already"),
        ({"name": "till"}, "Tick at least one thing"),
        ({"name": "till", "scopes": ["everything"]}, "Choose from send"),
    ],
)
def test_a_named_key_that_cannot_be_made_keeps_the_form(asha: Tab, fields: dict[str, object], said: str) -> None:
    answer = asha.post("/settings/keys", fields)
    assert answer.status_code == 422
    assert said in words(answer.text)


def test_the_main_key_and_other_peoples_keys_are_not_revoked(shop: Stage, asha: Tab, bilal: Tab) -> None:
    main = shop.value("select id from api_keys where user_id = 1")
    assert asha.post(f"/settings/keys/{main}/revoke").status_code == 422
    assert bilal.post(f"/settings/keys/{main}/revoke").status_code == 404
    assert asha.ask("GET", "/api/v1/devices", headers={"X-API-Key": shop.asha.key}).status_code == 200


@pytest.mark.parametrize(
    ("spoken", "language"),
    [
        ("bn-BD,bn;q=0.9,en;q=0.8", "bn"),
        ("en-GB,en;q=0.9,bn;q=0.5", "en"),
        ("fr-FR, bn;q=0.4", "bn"),
        ("bn;q=0, en", "en"),
        ("bn;q=zwei", "en"),
        ("zh", "en"),
        ("", "en"),
    ],
)
def test_who_is_not_known_yet_is_met_in_the_browsers_language(chen: Tab, spoken: str, language: str) -> None:
    page = chen.get("/login", headers={"Accept-Language": spoken}).text
    assert f'<html lang="{language}">' in page
    assert '<html lang="en">' in chen.get("/login?lang=en", headers={"Accept-Language": spoken}).text
