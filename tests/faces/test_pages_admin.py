"""The owner looks after accounts: states with their reasons, links, and the record of everything."""

from __future__ import annotations

import csv
import io

import pytest

from tests.cast import Stage
from tests.faces.conftest import OpenTab
from tests.faces.scene import PASSWORD
from tests.faces.tab import Tab, csrf_of, words

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

NEW = "seven blue kites over dhaka"
PAGES = ("/admin/users", "/admin/users/2", "/admin/audit", "/admin/audit.csv", "/admin/mail")


def api(tab: Tab, key: str) -> tuple[int, str]:
    answer = tab.ask("GET", "/api/v1/devices", headers={"X-API-Key": key})
    return answer.status_code, answer.json().get("code", "")


def test_the_owners_pages_are_not_there_for_others(asha: Tab, bilal: Tab) -> None:
    for path in PAGES:
        assert asha.get(path).status_code == 200, path
        assert bilal.get(path).status_code == 404, path
    for what in ("approve", "suspend", "lock", "unlock", "link", "delete"):
        assert bilal.post(f"/admin/users/2/{what}", {"reason": "me"}).status_code == 404


def test_a_suspended_account_may_look_and_not_act(shop: Stage, asha: Tab, bilal: Tab) -> None:
    assert asha.post("/admin/users/2/suspend", {"reason": " "}).status_code == 422
    assert asha.post("/admin/users/2/suspend", {"reason": "Unpaid"}).status_code == 303
    assert api(bilal, shop.bilal.key) == (403, "account_suspended")
    assert bilal.get("/messages").status_code == 200
    assert bilal.post("/settings/key").status_code == 403
    assert "Unpaid" in words(asha.get("/admin/users/2").text)
    assert asha.post("/admin/users/2/resume").status_code == 303
    assert api(bilal, shop.bilal.key)[0] == 200


def test_a_locked_account_is_out_at_once_until_it_is_unlocked(
    shop: Stage, open_tab: OpenTab, asha: Tab, bilal: Tab
) -> None:
    asha.post("/admin/users/2/lock", {"reason": "A transaction id used twice"})
    assert bilal.get("/").headers["location"] == "/login"
    assert api(bilal, shop.bilal.key) == (403, "account_locked")
    assert open_tab().log_in("bilal@example.com").status_code == 403
    assert asha.post("/admin/users/2/unlock").status_code == 303
    assert open_tab().log_in("bilal@example.com").status_code == 303
    actions = "select group_concat(action) from audit where action like 'account.%' and user_id = 1"
    assert shop.value(actions) == "account.locked,account.unlocked"


def test_a_pending_account_is_approved(shop: Stage, asha: Tab, bilal: Tab) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set state = 'pending' where id = 2"))
    assert api(bilal, shop.bilal.key) == (403, "account_pending")
    assert "Approve" in words(asha.get("/admin/users/2").text)
    asha.post("/admin/users/2/approve")
    assert api(bilal, shop.bilal.key)[0] == 200
    assert asha.post("/admin/users/2/approve").status_code == 422


def test_the_owner_cannot_be_locked_out(asha: Tab) -> None:
    for what in ("suspend", "lock"):
        answer = asha.post(f"/admin/users/1/{what}", {"reason": "oops"})
        assert (answer.status_code, "stays as it is" in words(answer.text)) == (422, True)
    assert asha.get("/").status_code == 200


def test_nobody_and_nothing_are_404(asha: Tab) -> None:
    for path in ("/admin/users/99", "/admin/users/0", f"/admin/users/{2**63}"):
        assert asha.get(path).status_code == 404
    assert asha.post("/admin/users/99/lock", {"reason": "x"}).status_code == 404
    assert asha.post("/admin/users/2/promote").status_code == 404


def test_a_link_from_the_owner_sets_a_password_once(open_tab: OpenTab, asha: Tab, bilal: Tab) -> None:
    page = asha.post("/admin/users/2/link").text
    path = page.split('<code id="link"')[1].split(">")[1].split("<")[0].removeprefix("http://127.0.0.1:8470")
    chen = open_tab()
    fields = {"_csrf": csrf_of(chen.get(path).text), "password": NEW, "again": NEW}
    assert chen.ask("POST", path, data=fields).status_code == 303
    assert chen.get(path).status_code == 404
    assert bilal.get("/").status_code == 303
    assert open_tab().log_in("bilal@example.com", PASSWORD).status_code == 401
    assert open_tab().log_in("bilal@example.com", NEW).status_code == 303
    assert path.removeprefix("/reset/") not in asha.get("/admin/audit").text


def test_accounts_are_found_by_a_part_of_the_address(asha: Tab) -> None:
    page = asha.get("/admin/users?q=BILAL").text
    assert "/admin/users/2" in page and "/admin/users/1" not in page
    assert "Nobody found" in words(asha.get("/admin/users?q=%25").text)
    assert asha.get("/admin/users?before=x").status_code == 200


def test_the_record_is_searched_by_who_what_and_where(asha: Tab, bilal: Tab) -> None:
    bilal.post("/settings/keys", {"name": "Till 7", "scopes": ["send"]})
    asha.post("/admin/users/2/suspend", {"reason": "Unpaid"})
    for q, there, gone in (
        ("till 7", "API key made", "Account suspended"),
        ("UNPAID", "Account suspended: Unpaid", "API key made"),
        ("account.", "Account suspended", "Logged in"),
        ("testclient", "Logged in", "nothing of that"),
    ):
        seen = words(asha.get(f"/admin/audit?q={q}").text)
        assert there.split(":")[0] in seen and gone not in seen, q
    assert "Nothing found" in words(asha.get("/admin/audit?q=%25").text)


def test_the_record_as_a_file_holds_no_formula_and_no_secret(shop: Stage, asha: Tab) -> None:
    key = asha.post("/settings/keys", {"name": "=HYPERLINK(1)", "scopes": ["send"]}).text
    shown = key.split('<code id="key"')[1].split(">")[1].split("<")[0]
    shop.box.db.write_now(
        lambda tx: tx.insert(
            "insert into audit (action, subject, at) values ('x', '=1+1', '2026-03-10T00:00:00+00:00')"
        )
    )
    answer = asha.get("/admin/audit.csv")
    assert answer.headers["content-disposition"].startswith('attachment; filename="audit-')
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0] == ["at", "who", "action", "subject", "details", "ip"]
    assert rows[1][2] == "audit.exported"
    assert rows[2][3] == "'=1+1"
    assert {row[1] for row in rows[1:]} == {"asha@example.com", "wabox"}
    assert shown not in answer.text
    found = csv.reader(io.StringIO(asha.get("/admin/audit.csv?q=key.issued").text))
    assert [row[2] for row in found][1:] == ["key.issued"]


def test_accounts_are_under_settings_and_not_in_the_menu(asha: Tab, bilal: Tab) -> None:
    assert "/admin/users" in asha.get("/settings/box").text
    assert bilal.get("/settings/box").status_code == 404
    assert "/settings/box" not in bilal.get("/settings").text
    assert "/admin/users" not in asha.get("/").text
    assert "/admin" not in bilal.get("/settings").text


def test_the_owner_makes_an_account_whose_link_sets_the_first_password(open_tab: OpenTab, asha: Tab) -> None:
    for wrong in ("", "no address", "bilal@example.com"):
        answer = asha.post("/admin/users", {"email": wrong})
        assert (answer.status_code, "aria-invalid" in answer.text) == (422, True), wrong
    page = asha.post("/admin/users", {"email": "Dina@Example.com "}).text
    path = page.split('<code id="link"')[1].split(">")[1].split("<")[0].removeprefix("http://127.0.0.1:8470")
    assert "dina@example.com" in words(page) and "Active" in words(page)
    assert path not in asha.get("/admin/users/3").text  # shown once
    dina = open_tab()
    form = csrf_of(dina.get(path).text)
    assert dina.ask("POST", path, data={"_csrf": form, "password": NEW, "again": NEW}).status_code == 303
    assert dina.log_in("dina@example.com", NEW).status_code == 303
    assert dina.get("/whatsapp").status_code == 200


def test_only_the_owner_makes_accounts(shop: Stage, bilal: Tab) -> None:
    assert bilal.post("/admin/users", {"email": "dina@example.com"}).status_code == 404
    assert shop.value("select count(*) from users") == 2


def test_the_owner_deletes_an_account_for_good(shop: Stage, asha: Tab, bilal: Tab) -> None:
    assert "Delete the account" in words(asha.get("/admin/users/2").text)
    assert asha.post("/admin/users/2/delete").headers["location"] == "/admin/users/2?said=account_closed"
    page = words(asha.get("/admin/users/2").text)
    assert "deleted-2" in page and "Deleted" in page
    assert "Unlock" not in page and "Link for a new password" not in page
    assert api(bilal, shop.bilal.key)[0] == 401
    assert bilal.get("/").headers["location"] == "/login"
    assert asha.post("/admin/users/2/unlock").status_code == 422
    assert asha.post("/admin/users/1/delete").status_code == 422
    assert "Account deleted" in words(asha.get("/admin/audit?q=bilal").text)
