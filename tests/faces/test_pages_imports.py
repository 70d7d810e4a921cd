"""Importing a file on pages: upload, columns, every row's fate, progress, and the refused rows."""

from __future__ import annotations

import csv
import io
import re

import pytest
from httpx import Response

from tests.cast import Stage
from tests.faces.tab import Tab, words
from wabox.contacts import csv_files, suppression
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
    chosen = {"column_phone": "1", "column_name": "0", "column_tag": "2", "column_custom": "3", "has_header": "1"}
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
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"\x00\x01\x02" * 100, "no text file"),
        (b"name,phone\n", "only a header"),
        (b'name,phone\n"Rina,01711\n', "quotation mark"),
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
