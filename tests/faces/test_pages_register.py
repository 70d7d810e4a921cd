"""Registration: off, by approval, open; with and without a mail server; nobody learns who has an account."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import webs
from tests.cast import Stage, stage
from tests.faces.scene import PASSWORD
from tests.faces.tab import Tab, csrf_of, words
from wabox.accounts import mail, passwords, terms, users

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

HASH = passwords.hashed(PASSWORD)
GOOD = "seven blue kites over dhaka"
MAIL = {"host": "127.0.0.1", "port": 1}
Opened = tuple[Stage, Callable[..., Tab]]


@pytest.fixture
def open_box(tmp_path: Path) -> Iterator[Callable[..., Opened]]:

    def made(**sections: dict[str, Any]) -> Opened:
        box = stage(tmp_path, **sections)
        for person in (box.asha, box.bilal):
            box.box.db.write_now(users.set_password, person.id, HASH)
        opened.callback(box.close)
        client = opened.enter_context(webs.client(box.box))
        return box, lambda email=None: Tab(client, email, "http://testserver.local")

    with ExitStack() as opened:
        yield made


def register(tab: Tab, email: str = "chen@example.com", **fields: str) -> tuple[int, str]:
    page = tab.get("/register")
    body = {"email": email, "password": GOOD, "again": GOOD, "terms": terms.VERSION, **fields}
    answer = tab.ask("POST", "/register", data={"_csrf": csrf_of(page.text), **body})
    return answer.status_code, words(answer.text)


def state(box: Stage) -> str:
    return str(box.value("select state from users where email = 'chen@example.com'"))


def letter(box: Stage) -> str:
    mail_id = box.value("select max(id) from mails")
    found = box.box.db.read_here(mail.letter, mail_id, seal=box.box.seal)
    assert found is not None
    return found.body


def test_off_there_is_no_such_page_and_no_word_of_it(chen: Tab) -> None:
    for path in ("/register", "/terms", "/verify/" + "x" * 43):
        assert chen.get(path).status_code == 404
    assert "egister" not in words(chen.get("/login").text)


def test_open_without_mail_an_account_is_active_at_once(open_box: Callable[..., Opened]) -> None:
    box, open_tab = open_box(accounts={"registration": "open"})
    assert register(open_tab())[0] == 200
    assert state(box) == "active"
    row = "select version || ' ' || ip || ' ' || at from terms_acceptances order by id desc limit 1"
    assert box.value(row) == f"{terms.VERSION} testclient {box.hands.now().isoformat(timespec='microseconds')}"
    assert box.value("select label from devices where user_id = 3") == "primary"
    tab = open_tab()
    assert tab.log_in("chen@example.com", GOOD).status_code == 303
    assert "wbx_" in tab.post("/settings/key").text


def test_the_zone_of_the_form_is_the_customers(open_box: Callable[..., Opened]) -> None:
    quiet = {"quiet_hours": ["21:00", "08:00"]}
    box, open_tab = open_box(accounts={"registration": "open"}, sending=quiet)
    assert "Quiet: 21:00 – 08:00, Asia/Dhaka" in words(open_tab().get("/register").text)
    status, page = register(open_tab(), timezone="Mars/Base")
    assert status == 422 and "Choose a time zone like Asia/Dhaka." in page
    assert register(open_tab(), timezone="Asia/Kathmandu")[0] == 200
    assert box.value("select timezone from users where id = 3") == "Asia/Kathmandu"
    tab = open_tab()
    tab.log_in("chen@example.com", GOOD)
    assert "21:00 – 08:00 Asia/Kathmandu" in words(tab.get("/settings").text)


def test_with_mail_the_address_is_confirmed_first(open_box: Callable[..., Opened]) -> None:
    box, open_tab = open_box(accounts={"registration": "open"}, smtp=MAIL)
    tab = open_tab()
    register(tab)
    assert state(box) == "pending"
    waiting = open_tab()
    waiting.log_in("chen@example.com", GOOD)
    assert "not active yet" in words(waiting.get("/").text)
    assert waiting.post("/settings/key").status_code == 403
    found = re.search(r"(/verify/\S+)", letter(box))
    assert found
    page = tab.get(found.group(1))
    assert state(box) == "pending"
    answer = tab.ask("POST", found.group(1), data={"_csrf": csrf_of(page.text)})
    assert answer.headers["location"] == "/login?said=verified"
    assert state(box) == "active"
    assert tab.get(found.group(1)).status_code == 404


def test_a_mail_server_of_the_page_lets_addresses_be_confirmed_too(open_box: Callable[..., Opened]) -> None:
    box, open_tab = open_box(accounts={"registration": "open"})
    given = {
        "host": "smtp.example.com",
        "port": "465",
        "tls": "tls",
        "user": "",
        "password": "",
        "sender": "a@b.co",
    }
    assert open_tab("asha@example.com").post("/admin/mail/server", given).status_code == 303
    register(open_tab())
    assert state(box) == "pending" and "/verify/" in letter(box)


def test_by_approval_the_owner_says_yes(open_box: Callable[..., Opened]) -> None:
    box, open_tab = open_box(accounts={"registration": "approval"})
    register(open_tab())
    assert state(box) == "pending"
    asha = open_tab("asha@example.com")
    assert "chen@example.com Waits" in words(asha.get("/admin/users").text)
    asha.post("/admin/users/3/approve")
    assert state(box) == "active"


def test_a_known_address_gets_the_same_answer_and_its_owner_a_mail(open_box: Callable[..., Opened]) -> None:
    box, open_tab = open_box(accounts={"registration": "open"}, smtp=MAIL)
    new, known = register(open_tab()), register(open_tab(), "Bilal@example.com")
    assert new == known
    assert box.value("select count(*) from users") == 3
    assert "tried to register" in letter(box)
    assert open_tab().log_in("bilal@example.com", GOOD).status_code == 401


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"terms": ""}, "Read the terms"),
        ({"terms": "2020-01"}, "Read the terms"),
        ({"email": "nobody"}, "e-mail address like"),
        ({"password": "short", "again": "short"}, "at least 12"),
        ({"again": "something else"}, "two passwords differ"),
    ],
)
def test_what_is_missing_is_said(open_box: Callable[..., Opened], fields: dict[str, str], said: str) -> None:
    box, open_tab = open_box(accounts={"registration": "open"})
    status, text = register(open_tab(), **fields)
    assert (status, said in text) == (422, True)
    assert box.value("select count(*) from users") == 2


def test_accounts_are_not_made_by_the_hundred(open_box: Callable[..., Opened]) -> None:
    box, open_tab = open_box(accounts={"registration": "open"})
    tab = open_tab()
    answers = [register(tab, f"chen{number}@example.com")[0] for number in range(11)]
    assert answers == [200] * 10 + [429]


def test_the_terms_are_there_to_read_in_both_languages(open_box: Callable[..., Opened]) -> None:
    _, open_tab = open_box(accounts={"registration": "open"})
    tab = open_tab()
    page = words(tab.get("/terms").text)
    assert terms.VERSION in page
    assert all(text.split(".")[0] in page for text in terms.TERMS)
    assert "সেবার শর্ত" in words(tab.get("/terms?lang=bn").text)


def test_billing_alone_lets_people_register_by_approval(open_box: Callable[..., Opened]) -> None:
    box, open_tab = open_box(billing={"enabled": True})
    assert register(open_tab())[0] == 200
    assert state(box) == "pending"


def test_a_box_with_customers_that_nobody_may_join_still_shows_its_terms(open_box: Callable[..., Opened]) -> None:
    _, open_tab = open_box(billing={"enabled": True}, accounts={"registration": "off"})
    assert open_tab().get("/register").status_code == 404
    assert open_tab().get("/terms").status_code == 200


def test_who_has_not_accepted_the_present_terms_is_asked_before_anything_else(
    open_box: Callable[..., Opened],
) -> None:
    box, open_tab = open_box(billing={"enabled": True})
    bilal = open_tab("bilal@example.com")
    box.box.db.write_now(lambda tx: tx.run("update terms_acceptances set version = 'of old'"))
    answer = bilal.ask("GET", "/messages")
    assert (answer.status_code, answer.headers["location"]) == (303, "/terms")
    page = bilal.get("/terms")
    assert "The terms have changed since you accepted them." in words(page.text)
    late = bilal.ask("POST", "/terms", data={"_csrf": csrf_of(page.text), "version": "of old"})
    assert late.status_code == 422
    box.hands.forward(minutes=1)
    done = bilal.ask("POST", "/terms", data={"_csrf": csrf_of(page.text), "version": terms.VERSION})
    assert done.headers["location"] == "/?said=terms_accepted"
    assert bilal.get("/messages").status_code == 200
    assert "You accepted these terms" in words(bilal.get("/terms").text)
    asha = open_tab("asha@example.com")
    assert asha.get("/messages").status_code == 200  # the owner accepts nothing from herself
    shown = words(asha.get(f"/admin/users/{box.bilal.id}").text)
    assert f"Terms accepted version {terms.VERSION}" in shown
