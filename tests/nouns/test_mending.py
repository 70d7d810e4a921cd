"""Tables that are hardly one: marks without a twin, lines of names and numbers, bytes that belong to nothing."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wabox.contacts.lists import csv_files, dialects, guessing, layouts, mending
from wabox.contacts.lists.columns import draft
from wabox.contacts.lists.csv_files import examine
from wabox.contacts.lists.dialects import Dialect
from wabox.errors import Invalid


def people(data: str | bytes) -> list[tuple[str, str]]:
    """Who is in the file with the guessed columns; ("", reason) for a row that is refused."""
    examined = examine(data if isinstance(data, bytes) else data.encode())
    layout = layouts.laid_out(examined, country="BD")
    rows = [row.cells for row in examined.sample if not layout.has_header or row.number > layout.header_row]
    columns = guessing.guess(layout.names, rows, country="BD")
    assert columns is not None
    found = []
    for cells in rows:
        try:
            one = draft(cells, columns, country="BD", consent=None)
        except Invalid as wrong:
            found.append(("", wrong.sentence))
        else:
            found.append((one.phone.digits[-3:], one.name if isinstance(one.name, str) else ""))
    return found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Shirin Akter 01711000201\nKarim 01711000202\n", [("201", "Shirin Akter"), ("202", "Karim")]),
        ("01711000201 Shirin Akter\n01711000202 Karim\n", [("201", "Shirin Akter"), ("202", "Karim")]),
        ("শিরিন ০১৭১১০০০২০১\nকরিম ০১৭১১০০০২০২\n", [("201", "শিরিন"), ("202", "করিম")]),
        ("Name Mobile\nShirin Akter 01711000201\n", [("201", "Shirin Akter")]),
        ("Name          Mobile        Area\nShirin Akter  01711000201   Dhaka\n", [("201", "Shirin Akter")]),
        ("1. Shirin - 01711000201\n2) Karim: +880 1711-000202 (VIP)\n", [("201", "Shirin"), ("202", "Karim")]),
        ("• Shirin → 01711 000201\n• Karim → 01711 000202\n", [("201", "Shirin"), ("202", "Karim")]),
        ("Shirin 34 01711000201\nKarim 22 01711000202\n", [("201", "Shirin 34"), ("202", "Karim 22")]),
        (
            "Rahman, Karim 01711000201\nAkter, Rina 01711000202\n",
            [("201", "Rahman, Karim"), ("202", "Akter, Rina")],
        ),
        ("Shirin, Mobile: 01711000201\nKarim, Mobile: 01711000202\n", [("201", "Shirin"), ("202", "Karim")]),
        ("Shirin 01711000201 / 01811000201\n", [("201", "Shirin")]),
        ("Shirin Akter: 01711-000201\nKarim: 01711-000202\n", [("201", "Shirin Akter"), ("202", "Karim")]),
        ("01711000201, 01711000202, 01711000203", [("201", ""), ("202", ""), ("203", "")]),
    ],
)
def test_lines_of_names_and_numbers_are_a_list(text: str, wanted: list[tuple[str, str]]) -> None:
    assert people(text) == wanted


HEAD = "name,phone,area\n"
ROWS = ["Ali,01711000201,Dhaka", "Bina,01711000202,Sylhet", "Chen,01711000203,Khulna", "Dora,01711000204,Bogura"]
ALL = [("201", "Ali"), ("202", "Bina"), ("203", "Chen"), ("204", "Dora")]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("mark", ['"{}', '{}"', '"{}"x', '""{}', '{}" pipe'])
def test_a_stray_quotation_mark_spoils_its_own_row_at_most(place: int, mark: str) -> None:
    rows = list(ROWS)
    rows[place] = mark.format(rows[place].partition(",")[0]) + "," + rows[place].partition(",")[2]
    found = people(HEAD + "\n".join(rows) + "\n")
    assert [one for n, one in enumerate(found) if n != place] == [one for n, one in enumerate(ALL) if n != place]
    assert found[place][0] == ALL[place][0]


def test_two_stray_marks_swallow_nothing_between_them() -> None:
    assert (
        people(HEAD + '"Ali,01711000201,x\nBina,01711000202,x\nChen",01711000203,x\nDora,01711000204,x\n') == ALL
    )


def test_a_file_in_which_every_row_has_a_stray_mark_is_read() -> None:
    assert people(HEAD + "\n".join(f'"{row}' for row in ROWS)) == ALL


def test_text_over_several_lines_stays_one_cell() -> None:
    text = HEAD + 'Ali,01711000201,"House 1,\nRoad 2,\nDhaka"\nBina,01711000202,"say ""hi"",\nthen go"\n'
    assert mending.closed(text, Dialect(",")) == text
    assert people(text) == ALL[:2]


def test_rows_are_counted_as_before() -> None:
    found = examine((HEAD + '"Ali,01711000201,x\n\nBina,01711000202,"x\ny"\nChen,01711000203,x\n').encode())
    assert [row.number for row in csv_files.rows(io.BytesIO(found.content), found.dialect)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "^", "~"])
@pytest.mark.parametrize("line", ["sep={}\n", '"sep={}"\n', "SEP={}\r\n", "\ufeffsep={}\n", ""])
def test_what_parts_the_cells_is_found_or_named(mark: str, line: str) -> None:
    assert people(line.format(mark) + f"name{mark}phone\nAli{mark}01711000201\n") == ALL[:1]


@pytest.mark.parametrize(
    "data",
    [
        b"name,phone\nAli\0\0\0\0,01711000201\nBina,01711000202\n" + bytes(512),
        b"\xef\xbb\xbfname,phone\nAli,01711000201\n\xef\xbb\xbfBina,01711000202\n",
        '\ufeffname,phone\n\ufeff"Ali","01711000201"\nBina,\ufeff01711000202\n'.encode(),
        b"name,phone\r\nAli,01711000201\rBina,01711000202\r\r\n",
        "name,phone\nAli,01711000201\nBina,01711000202\n".encode("utf-16-le"),
        "name,phone\nAli,01711000201\nBina,01711000202\n".encode("utf-16-be")[:-1],
        "name,phone\nAli,01711000201\nBina,01711000202\n".encode("utf-32"),
    ],
)
def test_bytes_that_belong_to_nothing_spoil_nothing(data: bytes) -> None:
    assert people(data) == ALL[:2]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_of_bengali_without_its_mark_is_read(encoding: str) -> None:
    text = "নাম,মোবাইল\nনাসরিন আক্তার,০১৭১১০০০২০১\nকরিম মিয়া,০১৭১১০০০২০২\n"
    assert people(text.encode(encoding)) == [("201", "নাসরিন আক্তার"), ("202", "করিম মিয়া")]


def test_a_zero_byte_within_a_name_is_one_character_that_could_not_be_read() -> None:
    found = examine(b"name,phone\nA\0li,01711000201\nBina,01711000202\n")
    assert (found.spoilt, found.sample[1].cells[0]) == (1, "A\ufffdli")


def test_twenty_rows_of_titles_above_the_names_are_no_people() -> None:
    found = examine(("Report,,\n" + "x,y,z\n" * 20 + "SL,Name,Mobile\n1,Ali,01711000201\n").encode())
    layout = layouts.laid_out(found, country="BD")
    assert (layout.names, layout.total) == (("SL", "Name", "Mobile"), 1)


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=10)


@given(
    st.lists(cells, min_size=2, max_size=4),
    st.sampled_from([Dialect(","), Dialect("\t"), Dialect(";", escaped=True)]),
)
@settings(max_examples=200)
def test_a_mended_row_is_read_as_it_was_meant(row: list[str], dialect: Dialect) -> None:
    assert list(dialect.read([dialect.written(row)])) == [row]


@given(st.text(alphabet='ab01,"\n', max_size=80))
@settings(max_examples=300)
def test_no_text_loses_a_line_in_mending(text: str) -> None:
    bare, dialect = dialects.of(text)
    mended = mending.closed(bare, dialect)
    assert mended.count("\n") == bare.count("\n")
    for line in {line for line in bare.split("\n") if '"' not in line}:
        assert line in mended.split("\n")
