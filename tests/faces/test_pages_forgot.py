"""A forgotten password: the link by mail, used once, and nobody learns who has an account."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import webs
from tests.cast import Stage, stage
from tests.faces.scene import SECTIONS, dress
from tests.faces.tab import Tab, csrf_of, words
from wabox.accounts import mail

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

NEW = "seven blue kites over dhaka"
Open = Callable[..., Tab]


@pytest.fixture
def posted(tmp_path: Path) -> Iterator[tuple[Stage, Open]]:
    """asha's box with a mail server, and tabs on it."""
    made = stage(tmp_path, **SECTIONS, smtp={"host": "127.0.0.1", "port": 1})
    dress(made)
    with webs.client(made.box) as client:
        yield made, lambda email=None: Tab(client, email, "http://testserver.local")
    made.close()


def ask(tab: Tab, email: str) -> tuple[int, str]:
    page = tab.get("/login/forgot")
    answer = tab.ask("POST", "/login/forgot", data={"_csrf": csrf_of(page.text), "email": email})
    return answer.status_code, words(answer.text)


def link(made: Stage) -> str:
    """The path in the last mail owed."""
    mail_id = made.value("select max(id) from mails")
    letter = made.box.db.read_here(mail.letter, mail_id, seal=made.box.seal)
    assert letter is not None
    found = re.search(r"http://127\.0\.0\.1:8470(/reset/\S+)", letter.body)
    assert found
    return found.group(1)


def fill(tab: Tab, path: str, **fields: str) -> int:
    page = tab.get(path)
    if page.status_code != 200:
        return page.status_code
    body = {"_csrf": csrf_of(page.text), "password": NEW, "again": NEW, **fields}
    return tab.ask("POST", path, data=body).status_code


def test_the_link_sets_the_password_once_and_ends_every_login(posted: tuple[Stage, Open]) -> None:
    made, open_tab = posted
    logged_in, tab = open_tab("asha@example.com"), open_tab()
    assert ask(tab, " Asha@Example.com")[0] == 200
    path = link(made)
    assert fill(tab, path, again="another one entirely") == 422
    assert fill(tab, path, password="short", again="short") == 422
    assert fill(tab, path) == 303
    assert logged_in.get("/").status_code == 303
    assert fill(tab, path) == 404
    assert open_tab().log_in("asha@example.com").status_code == 401
    assert open_tab().log_in("asha@example.com", NEW).status_code == 303


def test_what_is_said_does_not_tell_who_has_an_account(posted: tuple[Stage, Open]) -> None:
    made, open_tab = posted
    answers = {ask(open_tab(), email) for email in ("asha@example.com", "chen@example.com", "no address")}
    assert len(answers) == 1
    assert made.value("select count(*) from mails") == 1


def test_a_new_link_kills_the_old_and_an_hour_kills_both(posted: tuple[Stage, Open]) -> None:
    made, open_tab = posted
    tab = open_tab()
    ask(tab, "asha@example.com")
    first = link(made)
    ask(tab, "asha@example.com")
    second = link(made)
    assert tab.get(first).status_code == 404
    assert tab.get(second).status_code == 200
    made.hands.forward(minutes=61)
    assert tab.get(second).status_code == 404


def test_nobody_is_flooded(posted: tuple[Stage, Open]) -> None:
    made, open_tab = posted
    tab = open_tab()
    assert [ask(tab, "asha@example.com")[0] for _ in range(4)] == [200, 200, 200, 429]
    assert [ask(tab, f"nobody{number}@example.com")[0] for number in range(8)] == [200] * 7 + [429]
    assert made.value("select count(*) from mails") == 3


def test_a_locked_account_gets_no_link_and_an_old_one_is_dead(posted: tuple[Stage, Open]) -> None:
    made, open_tab = posted
    tab = open_tab()
    ask(tab, "asha@example.com")
    made.box.db.write_now(lambda tx: tx.run("update users set state = 'locked' where id = 1"))
    assert fill(tab, link(made)) == 404
    ask(tab, "asha@example.com")
    assert made.value("select count(*) from mails") == 1


def test_the_database_holds_no_link(posted: tuple[Stage, Open]) -> None:
    made, open_tab = posted
    ask(open_tab(), "asha@example.com")
    token = link(made).removeprefix("/reset/")

    def dump(rows: object) -> str:
        tables = rows.all("select name from sqlite_master where type = 'table'")  # type: ignore[attr-defined]
        return repr([tuple(row) for one in tables for row in rows.all(f"select * from {one['name']}")])  # type: ignore[attr-defined]

    assert token not in made.box.db.read_here(dump)


def test_the_owner_sees_what_became_of_mails_and_nobody_else_does(posted: tuple[Stage, Open]) -> None:
    made, open_tab = posted
    ask(open_tab(), "bilal@example.com")
    page = words(open_tab("asha@example.com").get("/admin/mail").text)
    assert "A new password for wabox" in page and "bilal@example.com" in page and "On its way" in page
    assert open_tab("bilal@example.com").get("/admin/mail").status_code == 404
    made.box.db.write_now(mail.skip, now=made.hands.now())
    assert mail.NO_SERVER in words(open_tab("asha@example.com").get("/admin/mail").text)


def test_without_a_mail_server_the_command_is_told_instead(chen: Tab, asha: Tab) -> None:
    assert chen.get("/login/forgot").headers["location"] == "/login"
    assert "wabox user set-password" in chen.get("/login").text
    assert "No mail server is set" in words(asha.get("/admin/mail").text)


def test_a_bengali_user_gets_a_bengali_mail(posted: tuple[Stage, Open]) -> None:
    made, open_tab = posted
    made.box.db.write_now(lambda tx: tx.run("update users set language = 'bn'"))
    ask(open_tab(), "asha@example.com")
    assert made.value("select subject from mails") == "wabox-এর নতুন পাসওয়ার্ড"
    assert link(made)
