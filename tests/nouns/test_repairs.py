"""Whatever reading a row changes or guesses is told, with what stood there and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from wabox.accounts.users import User
from wabox.contacts.lists import imports, intake, uploads
from wabox.contacts.lists.columns import Columns, draft
from wabox.contacts.lists.own_columns import OwnColumn
from wabox.contacts.lists.repairs import KINDS, Repair, of_row
from wabox.db import Tx
from wabox.errors import Invalid

COLUMNS = Columns(0, 1, tag=3, more_phones=(4,), more_names=(2,), fields=(OwnColumn("due", 5, "number"),))
MOBILE = "+880 1711-000201"


def told(
    *cells: str, columns: Columns = COLUMNS, country: str = "BD", ours: bool = False
) -> list[tuple[str, str, str]]:
    try:
        made = draft(cells, columns, country=country, consent=None, ours=ours)
    except Invalid:
        made = None
    found = of_row(cells, columns, made, country=country, ours=ours)
    return [(one.kind, one.before, one.after) for one in found]


@pytest.mark.parametrize(
    ("cell", "kinds"),
    [
        ("01711000201", []),
        ("+880 1711-000201", []),
        ("8801711000201", []),
        ("(01711) 000 201", []),
        ("1711000201", ["zero"]),
        ("01711000201.0", ["point"]),
        ("1711000201.0", ["point", "zero"]),
        ("8.801711000201E+12", ["power"]),
        ("০১৭১১০০০২০১", ["digits"]),
        ("১৭১১০০০২০১", ["digits", "zero"]),
        ("+880 (0)1711 000201", ["trunk"]),
        ("tel:+8801711000201", ["marks"]),
        ("p:+8801711000201", ["marks"]),
        ("https://wa.me/8801711000201", ["marks"]),
        ('="01711000201"', ["marks"]),
        ("01711000201 / 01811000201", ["several"]),
        ("01711000201, 029550100", ["several"]),
    ],
)
def test_a_number_that_is_read_otherwise_than_it_stands(cell: str, kinds: list[str]) -> None:
    assert told(cell) == [(kind, cell, MOBILE) for kind in kinds]


def test_a_number_of_a_country_without_a_zero_in_front() -> None:
    assert told("2025550123", country="US") == [("country", "2025550123", "+1 202-555-0123")]


def test_a_number_that_no_plan_knows() -> None:
    assert told("99912345678") == [("unknown", "99912345678", "+99912345678")]


def test_a_number_in_another_column_is_one_of_several() -> None:
    assert told("029550100", "Ali", "", "", "1711000201") == [
        ("several", "029550100 · 1711000201", MOBILE),
        ("zero", "1711000201", MOBILE),
    ]


def test_names_tags_and_values() -> None:
    assert told("01711000201", "Shirin", "Akter", "VIP; Dhaka", "", "1,250.50") == [
        ("joined", "Shirin + Akter", "Shirin Akter"),
        ("tags", "VIP; Dhaka", "VIP · Dhaka"),
        ("value", "1,250.50", "1250.5"),
    ]
    assert told("01711000201", "Shirin", "", "VIP", "", "1250.5") == []
    assert told("01711000201", "", "", "* myContacts") == [("tags", "* myContacts", "")]
    assert told("01711000201", '"Ali') == [("quote", '"Ali', "Ali")]


@pytest.mark.parametrize("text", ["#N/A", "#REF!", "#WERT!", "#¡VALOR!", "NULL", r"\N", "nan", "N/A", "(null)"])
def test_what_means_nothing_is_left_out(text: str) -> None:
    assert told("01711000201", text) == [("nothing", text, "")]
    assert draft(("01711000201", text), COLUMNS, country="BD", consent=None).name is not text
    assert told("01711000201", "Ali", text) == [("nothing", text, "")]


@pytest.mark.parametrize("text", ["Null", "Nan", "#vip", "#1", "Nadia", "None Akter"])
def test_what_may_be_a_name_or_a_tag_is_kept(text: str) -> None:
    assert told("01711000201", text) == []


def test_what_wabox_wrote_is_read_letter_for_letter() -> None:
    assert told("8801711000201", "NULL", ours=True) == []
    assert draft(("8801711000201", "NULL"), COLUMNS, country="BD", consent=None, ours=True).name == "NULL"


def test_a_spoilt_cell_is_told_of_in_a_refused_row_too() -> None:
    assert told("12", "Ri\ufffd") == [("spoilt", "Ri\ufffd", "Ri\ufffd")]


def test_of_a_file_the_first_rows_are_told_and_all_are_counted(
    tx: Tx, asha: User, tmp_path: Path, now: object
) -> None:
    rows = "".join(f"1711{n:06},A{n}\n" for n in range(60)) + "".join(f"01811{n:06},B{n}\n" for n in range(60))
    file, examined, layout = uploads.taken(tmp_path, f"Phone,Name\n{rows}".encode(), "BD")
    found = imports.create(
        tx,
        asha.id,
        name="x",
        file=file,
        examined=examined,
        layout=layout,
        country="BD",
        now=now,  # type: ignore[arg-type]
    )
    seen = intake.preview(tx, tmp_path, found, country="BD", now=now)  # type: ignore[arg-type]
    assert seen[0].repairs == (Repair("zero", "1711000000", "+880 1711-000000"),)
    all_of_it = intake.repaired(tmp_path, found, country="BD")
    assert (all_of_it.rows, dict(all_of_it.kinds), all_of_it.is_all) == (120, {"zero": 60}, True)
    part = intake.repaired(tmp_path, found, country="BD", most=30)
    assert (part.rows, dict(part.kinds), part.is_all) == (30, {"zero": 30}, False)


def test_every_kind_has_words() -> None:
    from wabox.dashboard.names.contacts import REPAIRS  # noqa: PLC0415  the noun knows no page

    assert set(REPAIRS) == set(KINDS)
