"""Importing a file on pages: upload, columns, every row's fate, progress, and the refused rows."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from httpx import Response

from tests.cast import Stage
from tests.faces.tab import Tab, words
from tests.nouns.test_sheets import PEOPLE, xlsx
from wabox.contacts import suppression, writing
from wabox.contacts.lists import csv_files, imports
from wabox.contacts.stored import Consent
from wabox.engine.importing import Importing

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

FILE = """Customer name,Mobile no,Group,Notes
Rina Akter,1711300001,VIP;Dhaka,blue
রহিম,০১৯১১২২২৩৩৩,নতুন,
=cmd|' /C calc'!A0,8.80171E+12,VIP,broken
Karim,01711300006,,old customer
Karim again,01711300006,,twice
"""


def upload(tab: Tab, content: bytes | str = FILE, name: str = "people.csv", **fields: str) -> Response:
    data = content.encode() if isinstance(content, str) else content
    body = {"_csrf": tab.csrf, **fields}
    return tab.ask("POST", "/contacts/import", data=body, files={"file": (name, data, "text/csv")})


def uploaded(tab: Tab, content: bytes | str = FILE) -> str:
    answer = upload(tab, content)
    assert answer.status_code == 303, words(answer.text)
    return str(answer.headers["location"])


def columns(**more: str) -> dict[str, str]:
    chosen = {"column_phone": "1", "column_name": "0", "column_tag": "2", "column_custom": "3", "header_row": "1"}
    return {**chosen, **more}


def run(shop: Stage, path: str) -> None:
    """The engine's part."""
    importing = Importing(shop.box)
    while importing.step(int(path.rsplit("/", 1)[1])):
        pass


def test_a_file_is_uploaded_looked_at_and_imported(asha: Tab, shop: Stage) -> None:
    path = uploaded(asha)
    said = words(asha.get(path).text)
    assert "2: Mobile no" in said
    assert "+880 1711-300001" in said and "+880 1911-222333" in said
    assert "A spreadsheet has cut this number off" in said
    assert "The same phone number is in line 5" in said
    assert shop.value("select count(*) from contacts") == 0
    answer = asha.post(f"{path}/start", columns(tag="Eid 2026", agreed="1"))
    assert answer.headers["location"] == f"{path}?said=import_started"
    assert "0 of 5 rows" in words(asha.get(f"{path}/live").text)
    run(shop, path)
    said = words(asha.get(path).text)
    assert "All 5 rows are read" in said and "3 New" in said or "New 3" in said
    assert shop.value("select count(*) from contacts where user_id = :id", id=shop.asha.id) == 3
    assert shop.value("select count(*) from contact_tags where tag = 'Eid 2026'") == 3
    assert shop.value("select distinct consent_source || consent_by from contacts") == (
        "import_attestedasha@example.com"
    )


def test_the_refused_rows_come_back_as_a_file_with_reasons(asha: Tab, shop: Stage) -> None:
    path = uploaded(asha)
    asha.post(f"{path}/start", columns())
    run(shop, path)
    answer = asha.get(f"{path}/refused.csv")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0] == ["line", "reason", "Customer name", "Mobile no", "Group", "Notes"]
    assert [row[0] for row in rows[1:]] == ["4", "6"]
    assert rows[1][2].startswith("'=cmd")
    assert "attachment" in answer.headers["content-disposition"]


def test_importing_the_same_file_again_changes_nothing(asha: Tab, shop: Stage) -> None:
    for _ in range(2):
        path = uploaded(asha)
        asha.post(f"{path}/start", columns())
        run(shop, path)
    assert shop.value("select unchanged from imports order by id desc limit 1") == 3
    assert shop.value("select count(*) from contacts") == 3


def test_other_columns_show_another_fate_at_once(asha: Tab, shop: Stage) -> None:
    path = uploaded(asha)
    answer = asha.post(f"{path}/columns", columns(column_phone="3"), headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "Two fields use this column" in words(answer.text)
    answer = asha.post(
        f"{path}/columns", columns(column_phone="3", column_custom=""), headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "There is no phone number in this row" in words(answer.text)
    assert asha.post(f"{path}/columns", columns()).headers["location"] == path


@pytest.mark.parametrize("column", ["", "99", "-1", "x", "1e9"])
def test_a_column_that_is_not_there_is_refused(asha: Tab, shop: Stage, column: str) -> None:
    path = uploaded(asha)
    assert asha.post(f"{path}/start", columns(column_phone=column)).status_code == 422
    assert shop.value("select status from imports") == "uploaded"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no rows"),
        (b"PK\x03\x04rest", "packed"),
        (b"<table><tr><td>01711000001</td></tr></table>", "web page"),
        (b"[{}]", "JSON file"),
        (b"%PDF-1.7", "PDF"),
        (b"\x00\x01\x02" * 100, "no text file"),
        (b"name,phone\n", "only a header"),
    ],
)
def test_what_is_no_csv_file_is_refused_with_the_reason(
    asha: Tab, shop: Stage, content: bytes, sentence: str
) -> None:
    answer = upload(asha, content)
    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert shop.value("select count(*) from imports") == 0


def test_an_upload_without_a_file_or_a_token_is_refused(asha: Tab, shop: Stage) -> None:
    assert asha.post("/contacts/import").status_code == 422
    for body in ({}, {"_csrf": "x" * 43}):
        answer = asha.ask("POST", "/contacts/import", data=body, files={"file": ("a.csv", b"phone\n01711222333")})
        assert answer.status_code == 403
    elsewhere = asha.ask("POST", "/contacts", data={"_csrf": asha.csrf}, files={"file": ("a.csv", b"x")})
    assert elsewhere.status_code == 403
    broken = asha.ask(
        "POST",
        "/contacts/import",
        content=b"--x\r\nnonsense",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert broken.status_code in (403, 422)
    assert shop.value("select count(*) from imports") == 0


def test_only_this_form_takes_a_large_body(asha: Tab, shop: Stage) -> None:
    rows = "".join(f"88017{n:08d},{'x' * 40}\n" for n in range(60_000))
    assert len(rows) > 2 * shop.box.config.limits.body_kilobytes * 1024
    assert upload(asha, "phone,name\n" + rows).status_code == 303
    assert upload(asha, b"x" * (csv_files.MOST_BYTES + 70_000)).status_code == 413
    large = {"Content-Type": "application/x-www-form-urlencoded"}
    assert asha.ask("POST", "/contacts", content=b"a=" + rows.encode(), headers=large).status_code == 413


def test_an_import_is_cancelled(asha: Tab, shop: Stage) -> None:
    path = uploaded(asha)
    asha.post(f"{path}/cancel")
    assert shop.value("select status from imports") == "cancelled"
    assert asha.get(path).status_code == 200
    assert asha.post(f"{path}/start", columns()).status_code == 422


def test_importing_lets_nobody_who_opted_out_back_in(asha: Tab, shop: Stage) -> None:
    shop.box.db.write_now(suppression.opt_out, shop.asha.id, "8801711300006", source="word", now=shop.hands.now())
    path = uploaded(asha)
    assert "Opted out" in words(asha.get(path).text)
    asha.post(f"{path}/start", columns(agreed="1"))
    run(shop, path)
    assert shop.box.db.read_here(suppression.is_out, shop.asha.id, "8801711300006")


def test_bilal_finds_none_of_it(asha: Tab, bilal: Tab, shop: Stage) -> None:
    path = uploaded(asha)
    for end in ("", "/live", "/refused.csv"):
        assert bilal.get(path + end).status_code == 404
    for end in ("/columns", "/start", "/cancel"):
        assert bilal.post(path + end, columns()).status_code == 404
    assert "people.csv" not in bilal.get("/contacts/import").text
    assert "people.csv" in asha.get("/contacts/import").text
    assert shop.value("select status from imports") == "uploaded"


def test_a_files_texts_are_never_markup(asha: Tab) -> None:
    attack = "<script>alert(1)</script>"
    answer = upload(asha, f'phone,"{attack}"\n01711222333,"{attack}"\n', name=f"{attack}.csv")
    page = asha.get(str(answer.headers["location"])).text
    assert "<script>alert" not in page
    assert len(re.findall("&lt;script&gt;", page)) >= 2


def started(tab: Tab, shop: Stage, content: bytes | str) -> str:
    """Uploaded, and run with the columns that were guessed, as the page's own form sends them."""
    path = uploaded(tab, content)
    page = tab.get(path).text
    form: dict[str, Any] = {
        name: (re.findall(r'value="([^"]*)"\s+selected', part) or [""])[0]
        for name, part in re.findall(r'<select id="[^"]*"\s+name="([a-z_]+)"[^>]*>(.*?)</select>', page, re.S)
    }
    boxes = re.findall(r'<input type="checkbox"\s+name="([a-z_0-9]+)"\s+value="([^"]*)"\s+checked', page)
    for name, value in boxes:
        form.setdefault(name, []).append(value)
    form |= dict(re.findall(r'name="(own_name_[0-9]+)"[^>]*?value="([^"]*)"', page, re.S))
    assert tab.post(f"{path}/start", form).status_code == 303
    run(shop, path)
    return path


def test_an_import_opts_out_whom_the_list_says_and_nobody_in(asha: Tab, shop: Stage) -> None:
    shop.box.db.write_now(suppression.opt_out, shop.asha.id, "8801711000903", source="word", now=shop.hands.now())
    started(
        asha,
        shop,
        "name,phone,Unsubscribed\nA,01711000901,yes\nB,01711000902,no\nC,01711000903,no\nD,01711000904,\n"
        "E,01711000905,no\nE again,01711000905,unsubscribed\n",
    )
    phones = [f"880171100090{n}" for n in range(1, 6)]
    out = [shop.box.db.read_here(suppression.is_out, shop.asha.id, phone) for phone in phones]
    assert out == [True, False, True, False, True]
    assert shop.value("select distinct source from suppressions where source <> 'word'") == "import"


def test_a_no_to_messages_opts_out_and_a_yes_nobody_in(asha: Tab, shop: Stage) -> None:
    shop.box.db.write_now(suppression.opt_out, shop.asha.id, "8801711000913", source="word", now=shop.hands.now())
    people = "A,01711000911,no\nB,01711000912,yes\nC,01711000913,yes\nD,01711000914,\n"
    text = f"name,phone,Accepts SMS Marketing\n{people}"
    path = uploaded(asha, text)
    page = words(asha.get(path).text)
    assert "Wants messages" in page
    assert "A yes opts nobody in" in page
    started(asha, shop, text)
    phones = [f"880171100091{n}" for n in range(1, 5)]
    out = [shop.box.db.read_here(suppression.is_out, shop.asha.id, phone) for phone in phones]
    assert out == [True, False, True, False]


def test_an_own_export_comes_back_as_it_was_in_another_account(asha: Tab, bilal: Tab, shop: Stage) -> None:
    started(asha, shop, FILE.replace("VIP;Dhaka", '"""VIP, Dhaka"";Eid"'))
    now = shop.hands.now()
    agreed = Consent("order", now, "asha@example.com", "by phone")
    shop.box.db.write_now(writing.upsert, shop.asha.id, phone="8801711300001", consent=agreed, now=now)
    shop.box.db.write_now(suppression.opt_out, shop.asha.id, "8801711300006", source="word", now=now)
    there = asha.get("/contacts/export.csv").text
    started(bilal, shop, there)
    here = bilal.get("/contacts/export.csv").text

    def kept(text: str) -> dict[str, dict[str, str]]:
        rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
        gone = {"last_sent_at", "last_received_at", "created_at", "person_id"}
        return {row["phone"]: {key: value for key, value in row.items() if key not in gone} for row in rows}

    theirs = {phone: row for phone, row in kept(here).items() if phone in kept(there)}
    assert theirs == kept(there)
    assert kept(there)["8801711300001"]["tags"] == '"VIP, Dhaka"; Eid'
    assert kept(here)["8801711300006"]["opted_out"] == "yes"


@pytest.mark.heavy("opens a workbook in a process of its own")
def test_a_sheet_of_a_workbook_is_chosen(asha: Tab, shop: Stage) -> None:
    path = uploaded(asha, xlsx(Dhaka=PEOPLE, Sylhet=[["Contact", "Who"], ["01911000301", "Chen"]]))
    page = asha.get(path).text
    assert "রহিম" in page and "Chen" not in page
    files = dict(re.findall(r'<option value="([0-9a-f]{32}\.csv)"[^>]*>(\w+)</option>', page))
    sylhet = next(file for file, name in files.items() if name == "Sylhet")
    assert asha.post(f"{path}/columns", {"sheet": sylhet, "column_phone": "1"}).status_code == 303
    page = asha.get(path).text
    assert "Chen" in page and "রহিম" not in page
    number = int(path.rsplit("/", 1)[1])
    found = shop.box.db.read_here(imports.by_id, number)
    assert (found.file, found.columns and found.columns.phone) == (sylhet, 0)
    assert asha.post(f"{path}/columns", {"sheet": "../../secret.key", "column_phone": "0"}).status_code == 303
    assert shop.box.db.read_here(imports.by_id, number).file == sylhet
    assert shop.box.db.read_here(imports.needed_files) == set(files)
    asha.post(f"{path}/start", {"sheet": sylhet, "column_phone": "0", "column_name": "1", "header_row": "1"})
    run(shop, path)
    assert shop.value("select name from contacts where phone = '8801911000301'") == "Chen"
    assert "Chen" not in shop.value("select dialect from imports where id = :id", id=number)
