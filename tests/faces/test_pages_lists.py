"""Lists as shops have them, through the page: uploaded, begun as the page guesses, and the contacts compared."""

from __future__ import annotations

import asyncio
import io
import os
import re
import time
import zipfile
from html.parser import HTMLParser

import pytest
from httpx import Response

from tests.cast import Stage
from tests.faces.tab import Tab, words
from tests.nouns.test_lists import LISTS, WANTED
from tests.nouns.test_sheets import PEOPLE, xlsx
from wabox.contacts import own
from wabox.contacts import stored as contacts
from wabox.contacts.lists import imports, uploads
from wabox.contacts.lists.columns import OTHER_NUMBERS
from wabox.db import Rows
from wabox.engine import importing
from wabox.engine.importing import Importing, Imports
from wabox.engine.workers import Workers

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
Person = tuple[str, str | None, tuple[str, ...], str | None]  # phone, name, tags, further numbers


class _Form(HTMLParser):
    """What a browser would send of the page's fields."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        name, value = said.get("name"), said.get("value") or ""
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select is not None:
            if "selected" in said or self._select not in self.sent:
                self.sent[self._select] = [value]
        elif tag == "input" and name and (said.get("type") != "checkbox" or "checked" in said):
            self.sent.setdefault(name, []).append(value)


def form_of(page: str) -> dict[str, list[str]]:
    form = _Form()
    form.feed(page)
    form.sent.pop("_csrf", None)
    return form.sent


def upload(tab: Tab, name: str, data: bytes) -> Response:
    return tab.ask("POST", "/contacts/import", data={"_csrf": tab.csrf}, files={"file": (name, data)})


def uploaded(tab: Tab, name: str, data: bytes) -> str:
    answer = upload(tab, name, data)
    assert answer.status_code == 303, words(answer.text)
    return str(answer.headers["location"])


def begun(tab: Tab, shop: Stage, path: str, **more: list[str]) -> None:
    """As the page's form stands, and through to its end."""
    answer = tab.post(f"{path}/start", {**form_of(tab.get(path).text), **more})
    assert answer.headers["location"].endswith("said=import_started")
    running = Importing(shop.box)
    while running.step(int(path.rsplit("/", 1)[1])):
        pass


def people(shop: Stage) -> list[Person]:
    """Who is among the contacts."""

    def ask(rows: Rows) -> list[Person]:
        found = rows.all("select * from contacts order by phone")
        ids = [row["id"] for row in found]
        tags, held = contacts.tags_of(rows, ids), own.texts_of(rows, ids)
        return [
            (row["phone"], row["name"], tags.get(row["id"], ()), held.get(row["id"], {}).get(OTHER_NUMBERS))
            for row in found
        ]

    return shop.box.db.read_here(ask)


@pytest.mark.parametrize("name", sorted(WANTED))
def test_a_list_comes_in_as_the_page_guesses(asha: Tab, shop: Stage, name: str) -> None:
    begun(asha, shop, uploaded(asha, name, (LISTS / name).read_bytes()))
    assert people(shop) == sorted(WANTED[name])
    assert shop.value("select refused from imports") == 0


def test_an_address_book_and_a_sheet_of_outlook_come_in(asha: Tab, shop: Stage) -> None:
    begun(asha, shop, uploaded(asha, "iphone.vcf", (LISTS / "iphone.vcf").read_bytes()))
    name = "outlook-landline-and-mobile-all-filled.csv"
    begun(asha, shop, uploaded(asha, name, (LISTS / name).read_bytes()))
    found = people(shop)
    assert found[0] == ("8801711000100", "P0 X", ("VIP",), "+880 2-9550100, +880 2-9550200")
    assert found[-1] == ("8801711000311", "Shirin Akter", (), None)


def test_each_row_tells_what_was_changed_and_the_page_counts_them(asha: Tab) -> None:
    rows = "".join(f"1711000{n:03},Ali{n},Khan\n" for n in range(25))
    data = f"Phone,First Name,Last Name\n{rows}০১৮১১০০০২০১,Rina,#N/A\n".encode()
    page = asha.get(uploaded(asha, "x.csv", data)).text
    said = words(page)
    assert "The 0 in front, which a spreadsheet took away, is back: 25 rows" in said
    assert "The name is joined from several columns: 25 rows" in said
    assert "Digits of another script are read: 1 row" in said
    assert "Means nothing, and is left out: 1 row" in said
    assert "1711000000 → becomes +880 1711-000000" in said
    assert "Ali0 + Khan → becomes Ali0 Khan" in said
    assert page.count('class="repairs"') == 20  # of the rows that are shown


def test_repairs_follow_the_columns_that_are_chosen(asha: Tab) -> None:
    path = uploaded(asha, "x.csv", b"Phone,First Name,Last Name\n01711000201,Rina,Akter\n")
    page = asha.get(path).text
    assert "joined from several" in words(page)
    form = form_of(page)
    del form["more_names"]
    answer = asha.post(f"{path}/columns", form, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "joined from several" not in words(answer.text)


GREEK = "Phone,Name\n01711000201,Γιώργος\n"


def test_another_encoding_is_chosen_and_the_rows_are_shown_in_it(asha: Tab, shop: Stage) -> None:
    path = uploaded(asha, "x.csv", "Phone,Name\n01711000201,Zoë\n".encode("cp850"))
    page = asha.get(path).text
    assert "Zoë" not in page
    assert "Found: " in words(page)
    answer = asha.post(f"{path}/columns", {**form_of(page), "encoding": ["cp850"]})
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    page = asha.get(path).text
    assert "Zoë" in page
    assert form_of(page)["encoding"] == ["cp850"]
    begun(asha, shop, path)
    assert people(shop) == [("8801711000201", "Zoë", (), None)]


def test_what_is_chosen_and_not_seen_yet_is_shown_before_it_begins(asha: Tab, shop: Stage) -> None:
    path = uploaded(asha, "x.csv", GREEK.encode("cp1253"))
    for encoding in ("cp1255", "cp1253"):
        form = {**form_of(asha.get(path).text), "encoding": [encoding]}
        assert asha.post(f"{path}/start", form).headers["location"] == path
        assert shop.value("select status from imports") == "uploaded"
    assert "Γιώργος" in asha.get(path).text


def test_an_address_book_is_read_in_another_encoding_too(asha: Tab, shop: Stage) -> None:
    book = "BEGIN:VCARD\nFN:Γιώργος\nTEL:01711000201\nEND:VCARD\n".encode("cp1253")
    path = uploaded(asha, "x.vcf", book)
    form = {**form_of(asha.get(path).text), "encoding": ["cp1253"]}
    assert asha.post(f"{path}/columns", form).status_code == 303
    assert "Γιώργος" in asha.get(path).text


def test_an_encoding_that_makes_no_list_of_it_changes_nothing(asha: Tab, shop: Stage) -> None:
    path = uploaded(asha, "x.csv", "Phone,Name\n01711000201,Zoë\n".encode())
    before = shop.value("select dialect || file || encoding from imports")
    form = form_of(asha.get(path).text)
    for encoding in ("utf-16-le", "utf-7", "../x", "hex", ""):
        asha.post(f"{path}/columns", {**form, "encoding": [encoding]}, headers={"HX-Request": "true"})
    shown = asha.post(f"{path}/columns", {**form, "encoding": ["utf-8"]})
    assert shown.status_code == 303
    assert "Zoë" in asha.get(path).text
    assert shop.value("select encoding from imports") == "utf-8"
    assert before.startswith("{")


@pytest.mark.parametrize("data", [b"Phone,Name\n01711000201,Ali\n", xlsx(People=PEOPLE)])
@pytest.mark.heavy("opens a workbook in a process of its own")
def test_where_all_encodings_come_to_the_same_none_is_offered(asha: Tab, data: bytes) -> None:
    page = asha.get(uploaded(asha, "x", data)).text
    assert 'name="encoding"' not in page


def test_bilal_reads_no_file_of_asha_in_another_way(asha: Tab, bilal: Tab, shop: Stage) -> None:
    path = uploaded(asha, "x.csv", GREEK.encode("cp1253"))
    before = shop.value("select encoding from imports")
    answer = bilal.post(f"{path}/columns", {"encoding": ["cp1255"], "column_phone": ["0"]})
    assert answer.status_code == 404
    assert shop.value("select encoding from imports") == before


def test_killed_before_it_is_stored_a_reading_leaves_a_file_that_is_swept(asha: Tab, shop: Stage) -> None:
    path = uploaded(asha, "x.csv", GREEK.encode("cp1253"))
    directory = importing.directory(shop.box)
    found = shop.box.db.read_here(imports.by_id, int(path.rsplit("/", 1)[1]))
    orphan, _, _ = uploads.read_as(directory, found.layout, "cp1255", "BD")  # and the process dies here
    assert {one.name for one in directory.iterdir()} == {found.file, found.layout.original, orphan}
    for one in directory.iterdir():
        os.utime(one, (time.time() - 90_000,) * 2)
    asyncio.run(Imports(shop.box, Workers(shop.box.config.data.dir / "queue.db", {})).tidy())
    assert {one.name for one in directory.iterdir()} == {found.file, found.layout.original}
    assert "+880 1711-000201" in asha.get(path).text
    begun(asha, shop, path)
    for one in directory.iterdir():
        os.utime(one, (time.time() - 90_000,) * 2)
    asyncio.run(Imports(shop.box, Workers(shop.box.config.data.dir / "queue.db", {})).tidy())
    assert list(directory.iterdir()) == []


def hidden(data: bytes, sheet: str) -> bytes:
    """The workbook with this sheet hidden."""

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w") as after:
        for part in before.infolist():
            content = before.read(part)
            if part.filename == "xl/workbook.xml":
                content = content.replace(f'name="{sheet}"'.encode(), f'name="{sheet}" state="hidden"'.encode())
            after.writestr(part, content)
    return out.getvalue()


@pytest.mark.heavy("opens a workbook in a process of its own")
def test_a_hidden_sheet_comes_last_and_is_named(asha: Tab) -> None:
    book = hidden(xlsx(Old=PEOPLE * 3, Now=[["Name", "Phone"], ["Ali", "01711000201"]]), "Old")
    page = asha.get(uploaded(asha, "x.xlsx", book)).text
    names = re.findall(r'<option value="[0-9a-f]{32}\.csv"[^>]*>([^<]*)</option>', page)
    assert names == ["Now", "Old (hidden)"]
    assert "Ali" in page
