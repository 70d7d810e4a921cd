"""Who waits, is suspended or locked: the page that says why, the mails about it, and what still works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import webs
from tests.cast import Stage, stage
from tests.faces.scene import PASSWORD
from tests.faces.tab import Tab, csrf_of, words
from wabox.accounts import audit, mail, passwords, terms, users

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

HASH = passwords.hashed(PASSWORD)
ASKED: dict[str, dict[str, Any]] = {
    "accounts": {"registration": "approval"},
    "smtp": {"host": "127.0.0.1", "port": 1},
}
Opened = tuple[Stage, Callable[..., Tab]]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """A box where new accounts need approval and a confirmed address; asha and bilal have passwords."""
    made = stage(tmp_path, **ASKED)
    for person in (made.asha, made.bilal):
        made.box.db.write_now(users.set_password, person.id, HASH)
    with webs.client(made.box) as client:
        yield made, lambda email=None: Tab(client, email, "http://testserver.local")
    made.close()


def register(tab: Tab) -> None:
    fields = {"email": "chen@example.com", "password": PASSWORD, "again": PASSWORD, "terms": terms.VERSION}
    page = tab.get("/register")
    assert tab.ask("POST", "/register", data={"_csrf": csrf_of(page.text), **fields}).status_code == 200


def letters(made: Stage) -> list[tuple[str, str]]:
    """Every mail that waits: its subject and text, oldest first."""

    def read(rows: Any) -> list[tuple[str, str]]:
        found = [mail.letter(rows, one, seal=made.box.seal) for one in mail.due(rows, made.box.now())]
        return [(one.subject, one.body) for one in found if one is not None]

    return made.box.db.read_here(read)


def state(made: Stage, user_id: int) -> str:
    return str(made.value("select state from users where id = :id", id=user_id))


def test_an_approved_account_still_waits_for_its_address(opened: Opened) -> None:
    made, open_tab = opened
    chen, asha = open_tab(), open_tab("asha@example.com")
    register(chen)
    assert "not confirmed yet" in words(asha.get("/admin/users/3").text)
    asha.post("/admin/users/3/approve")
    page = words(asha.get("/admin/users/3").text)
    assert state(made, 3) == "pending"
    assert "You approved this account" in page
    assert asha.post("/admin/users/3/approve").status_code == 422
    subject, body = letters(made)[-1]
    assert subject == "Your wabox account is approved" and "still to be confirmed" in body
    link = next(part for part in letters(made)[0][1].split() if "/verify/" in part)
    token = link.rpartition("/")[2]
    assert chen.log_in("chen@example.com").status_code == 303
    assert chen.post(f"/verify/{token}").status_code == 303
    assert state(made, 3) == "active"


def test_who_waits_reads_what_is_missing_and_may_have_the_link_again(opened: Opened) -> None:
    made, open_tab = opened
    chen = open_tab()
    register(chen)
    assert chen.log_in("chen@example.com").headers["location"] == "/account"
    page = words(chen.get("/account").text)
    assert "Your address is to be confirmed" in page and "is to approve your account" in page
    assert "asha@example.com" in page
    before = len(letters(made))
    answers = [chen.post("/account/confirm").status_code for _ in range(4)]
    assert answers == [303, 303, 303, 429]
    assert len(letters(made)) == before + 3
    assert chen.post("/contacts", {"phone": "8801711000001"}).status_code == 403


def test_suspended_with_a_reason_one_may_look_and_take_contacts_along(opened: Opened) -> None:
    made, open_tab = opened
    asha, bilal = open_tab("asha@example.com"), open_tab("bilal@example.com")
    made.box.db.write_now(users.set_language, 2, "bn")
    asha.post("/admin/users/2/suspend", {"reason": "complaints came in"})
    made.box.db.write_now(users.set_language, 2, "en")
    subject, body = letters(made)[-1]
    assert subject == "আপনার wabox অ্যাকাউন্ট স্থগিত" and "complaints came in" in body and "asha@example.com" in body
    page = words(bilal.get("/account").text)
    assert "complaints came in" in page and "Export your contacts" in page
    assert bilal.get("/contacts/export.csv").status_code == 200
    assert bilal.get("/").status_code == 200
    assert "complaints came in" in words(bilal.get("/settings/security").text)
    asha.post("/admin/users/2/resume")
    assert letters(made)[-1][0] == "Your wabox account is active again"
    assert bilal.get("/account").headers["location"] == "/"


def test_locked_one_learns_why_but_only_with_the_right_password(opened: Opened) -> None:
    made, open_tab = opened
    asha = open_tab("asha@example.com")
    asha.post("/admin/users/2/lock", {"reason": "three false payments"})
    assert letters(made)[-1][0] == "Your wabox account is locked"
    wrong = open_tab().log_in("bilal@example.com", "not the password of bilal")
    assert wrong.status_code == 401 and "locked" not in words(wrong.text)
    right = open_tab().log_in("bilal@example.com")
    page = words(right.text)
    assert right.status_code == 403 and "three false payments" in page and "asha@example.com" in page
    asha.post("/admin/users/2/unlock")
    assert state(made, 2) == "active"
    assert open_tab().log_in("bilal@example.com").status_code == 303


def test_unlocking_approves_nobody(opened: Opened) -> None:
    made, open_tab = opened
    asha = open_tab("asha@example.com")
    register(open_tab())
    asha.post("/admin/users/3/lock", {"reason": "looks odd"})
    asha.post("/admin/users/3/unlock")
    assert state(made, 3) == "pending"


def test_ones_own_record_shows_what_the_owner_did_and_not_from_where(opened: Opened) -> None:
    made, open_tab = opened
    asha, bilal = open_tab("asha@example.com"), open_tab("bilal@example.com")
    asha.post("/admin/users/2/suspend", {"reason": "late in the day"})
    asha.post("/admin/users/2/resume")
    page = words(bilal.get("/settings/security").text)
    assert "Account suspended" in page and "Account active again" in page and "late in the day" in page
    assert "asha@example.com" not in page
    rows = made.box.db.read_here(audit.about, 2)
    assert [(one.user_id, one.ip) for one in rows if one.action == "account.suspended"] == [(None, None)]
