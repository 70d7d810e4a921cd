"""Columns of a file that become fields: what is offered, what goes in, what is refused, and back again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from tests.nouns.test_csv_imports import counts, run, upload
from wabox.accounts.users import User
from wabox.contacts import exporting, own, segments, writing
from wabox.contacts import stored as contacts
from wabox.contacts.lists import guessing, imports, own_columns
from wabox.contacts.lists.columns import Columns
from wabox.contacts.lists.own_columns import Offer, OwnColumn
from wabox.contacts.own_values import Kind
from wabox.db import Tx
from wabox.errors import Invalid

SHEET = """Name,Mobile,City,Due (Tk),জন্মদিন,Code
রহিম,01711000001,ঢাকা,"৳১,২৫০",২৫/০৪/১৯৯০,007
Bina,01711000002,,0,,12
Chen,01711000003,Sylhet,soon,3/5/2001,13
Dina,01711000004,Khulna,-5.50,5/25/2001,14
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where uploads lie."""
    return tmp_path / "imports"


def offered(tx: Tx, user: User, header: list[str], *rows: list[str]) -> dict[int, Offer]:
    found = own_columns.offers(
        header,
        rows,
        width=len(header),
        used=(0,),
        chosen=(),
        fields={one.name: one for one in own.every(tx, user.id)},
    )
    return {one.column.place: one for one in found}


def held(tx: Tx, user: User) -> dict[str, dict[str, object]]:
    page = contacts.page(tx, user.id, contacts.Wanted())
    return {one.phone[-1]: {each.field.name: each.plain for each in one.fields} for one in page.contacts}


@pytest.mark.parametrize(
    ("head", "cells", "name", "kind"),
    [
        ("City", ["Dhaka", ""], "city", "text"),
        ("শহর", ["ঢাকা"], "city", "text"),
        ("Date of Birth", ["25/04/1990"], "birthday", "date"),
        ("জন্ম তারিখ", ["২৫/০৪/১৯৯০"], "birthday", "date"),
        ("Due (Tk)", ["1,250", "৫০০/-"], "due_tk", "number"),
        ("Size / Colour", ["M"], "size_colour", "text"),
        ("Tags", ["x"], "column_2", "text"),
        ("2nd phone", ["01811000000"], "nd_phone", "text"),
        ("Order no", ["1234567890"], "order_no", "text"),
        ("Code", ["007", "12"], "code", "text"),
        ("Mixed", ["12", "n/a"], "mixed", "text"),
        ("মাপ", ["M"], "column_2", "text"),
        ("", [], "column_2", "text"),
        ("A" * 60, ["x"], "a" * 32, "text"),
    ],
)
def test_a_column_is_offered_under_a_fitting_name_and_kind(
    tx: Tx, asha: User, head: str, cells: list[str], name: str, kind: Kind
) -> None:
    found = offered(tx, asha, ["Phone", head], *[["01711000001", cell] for cell in cells])[1]
    assert (found.column.name, found.column.kind, found.chosen) == (name, kind, False)
    assert list(found.examples) == [cell for cell in cells if cell]


def test_months_first_are_seen_where_days_cannot_be(tx: Tx, asha: User) -> None:
    found = offered(tx, asha, ["Phone", "Born"], ["x", "4/5/1990"], ["x", "4/25/1990"])[1]
    assert (found.column.kind, found.column.month_first) == ("date", True)
    mixed = offered(tx, asha, ["Phone", "Born"], ["x", "25/4/1990"], ["x", "4/25/1990"])[1]
    assert mixed.column.kind == "text"


def test_no_two_offers_have_one_name(tx: Tx, asha: User) -> None:
    found = offered(tx, asha, ["Phone", "City", "Town", "City"], ["x", "a", "b", "c"])
    assert len({one.column.name for one in found.values()}) == 3


def chosen(found: Columns, *own_ones: OwnColumn) -> Columns:
    return msgspec.structs.replace(found, fields=own_ones)


def choose(tx: Tx, user: User, import_id: int, found: Columns) -> None:
    imports.choose(tx, user.id, import_id, chosen=found, header_row=1, tag=None, consent_by=None)


@pytest.mark.parametrize("batch", [1, 500])
def test_columns_that_are_asked_for_become_fields(
    batch: int, tx: Tx, asha: User, directory: Path, now: datetime
) -> None:
    found = upload(tx, asha, directory, now, SHEET)
    assert found.columns == Columns(1, 0)
    wanted = (OwnColumn("city", 2), OwnColumn("due", 3, "number"), OwnColumn("birthday", 4, "date"))
    choose(tx, asha, found.id, chosen(Columns(1, 0), *wanted))
    assert own.names(tx, asha.id) == ()
    found = run(tx, found, directory, now, batch=batch)
    assert counts(found) == (2, 0, 0, 2)
    assert held(tx, asha) == {"1": {"city": "ঢাকা", "due": 1250, "birthday": "1990-04-25"}, "2": {"due": 0}}
    reasons = {one.line: one.reason for one in imports.refusals(tx, asha.id, found.id)}
    assert set(reasons) == {4, 5}
    assert "due is no number: “soon”" in reasons[4] and "birthday is no date: “5/25/2001”" in reasons[5]
    again = run(tx, upload(tx, asha, directory, now, SHEET), directory, now)
    assert counts(again)[:2] == (1, 0), "what nobody asked for is left alone, but for columns of known names"


def test_an_empty_cell_says_nothing(tx: Tx, asha: User, directory: Path, now: datetime) -> None:
    writing.upsert(tx, asha.id, phone="8801711000001", fields={"city": "Dhaka", "size": "M"}, now=now)
    found = upload(tx, asha, directory, now, "phone,city\n01711000001,\n")
    run(tx, found, directory, now)
    assert held(tx, asha) == {"1": {"city": "Dhaka", "size": "M"}}


@pytest.mark.parametrize(
    "wrong",
    [
        OwnColumn("City", 2),
        OwnColumn("name", 2),
        OwnColumn("city", 0),
        OwnColumn("city", 9),
        OwnColumn("city", -1),
    ],
)
def test_a_column_that_cannot_be_a_field_is_named(
    wrong: OwnColumn, tx: Tx, asha: User, directory: Path, now: datetime
) -> None:
    found = upload(tx, asha, directory, now, SHEET)
    with pytest.raises(Invalid) as refused:
        choose(tx, asha, found.id, chosen(Columns(1, 0), wrong))
    assert set(refused.value.details) == {f"own_{wrong.place}"}
    with pytest.raises(Invalid):
        choose(tx, asha, found.id, chosen(Columns(1, 0), OwnColumn("city", 2), OwnColumn("city", 3)))


def test_a_field_that_is_there_keeps_its_kind(tx: Tx, asha: User, directory: Path, now: datetime) -> None:
    own.create(tx, asha.id, name="due", kind="text", currency="BDT", now=now)
    found = upload(tx, asha, directory, now, SHEET)
    choose(tx, asha, found.id, chosen(Columns(1, 0), OwnColumn("due", 3, "number")))
    assert counts(run(tx, found, directory, now)) == (4, 0, 0, 0)
    assert held(tx, asha)["3"] == {"due": "soon"}


def test_one_field_too_many_starts_nothing(tx: Tx, asha: User, directory: Path, now: datetime) -> None:
    for number in range(50):
        own.create(tx, asha.id, name=f"f{number}", currency="BDT", now=now)
    found = upload(tx, asha, directory, now, SHEET)
    choose(tx, asha, found.id, chosen(Columns(1, 0), OwnColumn("city", 2)))
    with pytest.raises(Invalid) as refused:
        imports.start(tx, asha.id, found.id, now=now)
    assert refused.value.code == "too_many_fields"


def exported(tx: Tx, user: User) -> str:
    found = exporting.batch(tx, user.id, segments.EVERYBODY)
    return "".join(exporting.pieces([found], own.names(tx, user.id)))


def test_an_export_read_back_is_the_same(tx: Tx, asha: User, bilal: User, directory: Path, now: datetime) -> None:
    kinds: tuple[tuple[str, Kind], ...] = (
        ("due", "number"),
        ("birthday", "date"),
        ("story", "text"),
        ("type", "text"),
    )
    for user in (asha, bilal):
        for name, kind in kinds:
            own.create(tx, user.id, name=name, kind=kind, currency="BDT", now=now)
    rows: list[dict[str, object]] = [
        {"due": -5.5, "birthday": "--04-25", "story": '=HYPERLINK("x")', "type": "VIP"},
        {"due": 1250, "birthday": "1990-04-05", "story": "two\nlines; a, b"},
        {"story": "'quoted", "type": "+880"},
        {},
    ]
    for number, fields in enumerate(rows, 1):
        phone = f"880171100000{number}"
        writing.upsert(tx, asha.id, phone=phone, fields=fields, tags=("a",), now=now)  # type: ignore[arg-type]
    text = exported(tx, asha)
    found = run(tx, upload(tx, bilal, directory, now, text), directory, now)
    assert counts(found) == (4, 0, 0, 0)
    assert held(tx, bilal) == held(tx, asha)
    again = run(tx, upload(tx, asha, directory, now, text), directory, now)
    assert counts(again) == (0, 0, 4, 0)


def test_a_guess_leaves_columns_of_own_fields_alone() -> None:
    header = ["phone", "notes", "custom"]
    guessed = guessing.guess(header, [["01711000001", "a", "b"]], (OwnColumn("notes", 1),), country="BD")
    assert guessed == Columns(0, None, 2, None, (OwnColumn("notes", 1),))
