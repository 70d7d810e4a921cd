from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from wabox.contacts import columns, exporting, fields
from wabox.contacts.columns import Columns, guarded, unguarded
from wabox.contacts.stored import Consent, Contact
from wabox.errors import Invalid

NOON = datetime(2025, 11, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    [
        "01711123456",
        "1711123456",
        "8801711123456",
        "+880 1711-123456",
        "০১৭১১১২৩৪৫৬",
        "০১৭১১-123456",
        "'01711123456",
        '="01711123456"',
        "tel:+8801711123456",
        "8801711123456.0",
        "8801711123456,00",
        "8.801711123456E+12",
        "8,801711123456e12",
        "1.711123456E+09",
        "8801711123456@c.us",
        "8801711123456@s.whatsapp.net",
        " 01711123456\u200e ",
        "(017) 1112 3456",
    ],
)
def test_a_number_is_recovered_from_what_a_spreadsheet_made_of_it(cell: str) -> None:
    assert columns.phone_of(cell, country="BD").digits == "8801711123456"


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("", "no phone number"),
        ("  ", "no phone number"),
        ("'", "no phone number"),
        ("8.80171E+12", "cut this number off .8.80171E.12"),
        ("8,80171E+12", "cut this number off"),
        ("1.71112E+09", "cut this number off"),
        ("Ali", "only digits"),
        ("01711123456, 01811123456", "only digits"),
        ("123", "7 to 15 digits"),
        ("#REF!", "only digits"),
        ("01711123456" * 20, "not that long"),
    ],
)
def test_a_number_that_cannot_be_known_is_refused_with_the_reason(cell: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        columns.phone_of(cell, country="BD")


@pytest.mark.parametrize(
    ("header", "row", "found"),
    [
        ("Phone,Name,Tag,Custom", "01711000001,Ali,vip,x", Columns(0, 1, 3, 2)),
        ("Customer Name;Mobile No.;Notes;Groups", "Ali;01711000001;x;vip", Columns(1, 0, 2, 3)),
        ("নাম,মোবাইল নম্বর,মন্তব্য,গ্রুপ", "রহিম,০১৭১১০০০০০১,x,vip", Columns(1, 0, 2, 3)),
        ("গ্রাহকের নাম,ফোন নাম্বার", "রহিম,০১৭১১০০০০০১", Columns(1, 0)),
        ("ID,WhatsApp number,Phone,Full name", "1,01711000001,,Ali", Columns(1, 3)),
        ("Phone,WhatsApp", "Nokia,01711000001", Columns(1)),
        ("First Name,Phone 1 - Type,Phone 1 - Value", "Ali,Mobile,01711000001", Columns(2, 0)),
        ("a,b,c", "Ali,01711000001,x", Columns(1)),
        ("Name,Phone", "Ali,", Columns(1, 0)),
    ],
)
def test_columns_are_guessed_from_names_and_contents(header: str, row: str, found: Columns) -> None:
    delimiter = ";" if ";" in header else ","
    assert columns.guess(header.split(delimiter), [row.split(delimiter)]) == found


def test_columns_are_guessed_without_a_header() -> None:
    assert columns.guess(None, [("1", "রহিম", "01711000001"), ("2", "Ali", "8801711000002")]) == Columns(2, 1)
    assert columns.guess(None, [("a", "b")]) is None
    assert columns.guess(["a", "b"], [("1", "2")]) is None


@pytest.mark.parametrize(
    ("chosen", "field"), [(Columns(3), "phone"), (Columns(-1), "phone"), (Columns(0, 0), "phone")]
)
def test_columns_must_be_there_and_used_once(chosen: Columns, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        columns.checked(chosen, 3)
    assert field in refused.value.details


def test_a_row_says_what_its_cells_say_and_empty_ones_say_nothing() -> None:
    chosen = Columns(0, 1, 2, 3)
    full = columns.draft(
        ("01711000001", " Ali  Khan ", "'=1+1", "VIP; dhaka, vip|eid"),
        chosen,
        country="BD",
        tags=("all",),
        consent=None,
    )
    assert (full.name, full.custom, full.tags) == ("Ali Khan", "=1+1", ("VIP", "dhaka", "eid", "all"))
    assert full.add_tags
    bare = columns.draft(("01711000001", "", " "), chosen, country="BD", consent=None)
    assert (bare.name, bare.custom, bare.tags, bare.consent) == (UNSET, UNSET, UNSET, UNSET)


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (("01711000001", "x" * 201), "A name has at most 200"),
        (("01711000001", "x", "x" * 1_001), "custom text has at most 1,000"),
        (("01711000001", "x", "x", "x" * 65), "A tag has at most 64"),
        (("01711000001", "x", "x", "x", "x" * 5_000), "more than 4,096"),
        ((), "no phone number"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_the_reason(cells: tuple[str, ...], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        columns.draft(cells, Columns(0, 1, 2, 3), country="BD", consent=None)


# -- out ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "＝1", "＋1", "－1", "＠x", "'=1"],
)
def test_nothing_that_is_exported_can_become_a_formula(text: str) -> None:
    assert guarded(text) == f"'{text}"
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["", "Ali", "a=b", "'quoted'", "''", "০১৭", "1-2", "👍"])
def test_harmless_text_is_exported_as_it_is(text: str) -> None:
    assert guarded(text) == text
    assert unguarded(text) == text


@given(st.text())
def test_guarding_loses_nothing(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).lstrip(" \u00a0\u3000").startswith(columns.FORMULA)


@given(st.text(max_size=80))
def test_any_cell_is_a_phone_or_refused(cell: str) -> None:
    try:
        assert columns.phone_of(cell, country="BD").digits.isdigit()
    except Invalid as refusal:
        assert refusal.sentence


@given(
    st.lists(st.text(max_size=20), max_size=5), st.lists(st.lists(st.text(max_size=20), max_size=5), max_size=5)
)
def test_any_table_gets_a_guess_that_fits_it(header: list[str], sample: list[list[str]]) -> None:
    guessed = columns.guess(header, sample)
    if guessed is not None:
        columns.checked(guessed, max(len(header), *(len(cells) for cells in sample), 1))


def test_an_export_is_read_back_as_it_was() -> None:
    contact = Contact(
        id=1,
        phone="8801711000001",
        flagged=False,
        name='=HYPERLINK("http://evil.example")',
        custom='two\nlines, "quoted"; ০১',
        tags=("VIP", "Eid sale"),
        fields=(),
        consent=Consent("order", NOON),
        opted_out=True,
        last_out_at=NOON,
        last_in_at=None,
        created_at=NOON,
        updated_at=NOON,
    )
    whole = "".join(exporting.pieces([[contact], []]))
    assert whole.startswith("\ufeffphone,name,")
    header, row = csv.reader(io.StringIO(whole.removeprefix("\ufeff")))
    assert row[1] == '\'=HYPERLINK("http://evil.example")'
    assert row[4:7] == ["yes", "order", "2025-11-03T12:00:00+00:00"]
    guessed = columns.guess(header, [row])
    assert guessed is not None
    back = columns.draft(row, guessed, country="BD", consent=None)
    assert (back.phone.digits, back.name, back.custom) == (contact.phone, contact.name, contact.custom)
    assert back.tags == fields.tags(contact.tags)
