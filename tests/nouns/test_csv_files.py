from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wabox.contacts import csv_files
from wabox.contacts.csv_files import MOST_COLUMNS, MOST_ROWS, examine, looks_like_phone, rows
from wabox.errors import Invalid

PLAIN = "phone,name\n01711000001,রহিম\n01711000002,Zoë\n"


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_every_usual_encoding_is_read(encoding: str, named: str) -> None:
    found = examine(PLAIN.encode(encoding))
    assert (found.encoding, found.content.decode()) == (named, PLAIN)
    assert found.data == [("01711000001", "রহিম"), ("01711000002", "Zoë")]


def test_what_is_not_utf_8_is_read_as_windows_wrote_it() -> None:
    found = examine("phone,name\n01711000001,Zoë – “Café”\n".encode("cp1252"))
    assert (found.encoding, found.data[0][1]) == ("cp1252", "Zoë – “Café”")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(ends: str) -> None:
    assert examine(PLAIN.replace("\n", ends).encode()).content.decode() == PLAIN


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    text = f"Name{delimiter}Mobile\nRahman, Karim{delimiter}01711000001\nA; B | C{delimiter}01711000002\n"
    rowed = io.StringIO()
    csv.writer(rowed, delimiter=delimiter, lineterminator="\n").writerows(
        line.split(delimiter, 1) if delimiter not in "," else line.rsplit(",", 1) for line in text.splitlines()
    )
    found = examine(rowed.getvalue().encode())
    assert found.delimiter == delimiter
    assert found.data[0] == ("Rahman, Karim", "01711000001")


def test_excels_own_line_names_the_delimiter_and_is_no_row() -> None:
    found = examine(b"sep=;\nphone;name\n01711000001;a,b,c,d\n")
    assert (found.delimiter, found.header, found.data) == (";", ("phone", "name"), [("01711000001", "a,b,c,d")])


def test_a_first_row_with_a_phone_is_no_header() -> None:
    found = examine(b"01711000001,Ali\n01711000002,Bina\n")
    assert (found.header, found.rows, len(found.data)) == (None, 2, 2)


def test_one_column_is_enough() -> None:
    assert examine(b"01711000001\n01711000002\n").rows == 2


def test_rows_are_counted_as_a_spreadsheet_does() -> None:
    found = examine(b'phone,note\n\n01711000001,"two\nlines"\n,\n01711000002,x\n')
    assert [row.number for row in found.sample] == [1, 3, 5]
    assert found.rows == 3
    assert found.sample[1].cells == ("01711000001", "two\nlines")


def test_the_end_of_a_row_is_its_place_in_the_file() -> None:
    content = examine(PLAIN.encode()).content
    ends = [row.end for row in rows(io.BytesIO(content), ",")]
    assert ends[-1] == len(content)
    assert content[ends[0] : ends[1]].decode() == "01711000001,রহিম\n"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no rows"),
        (b"\n\n ,\n", "no rows"),
        (b"phone,name\n", "only a header"),
        (b"PK\x03\x04....", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0....", "old Excel workbook"),
        (b"\x1f\x8b....", "packed"),
        (b"%PDF-1.4", "PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20, "no text file"),
        (b"a,b\n1\0,2\n" + b"x" * 5_000, "no text file"),
        ("phone\n01711000001".encode("utf-16") + b"\x00", "damaged"),
        (b'phone,name\n01711000001,"Ali\n01711000002,Bina\n', "never closed"),
        (b'phone,name\n01711000001,"Ali\n' + b"01711000002,Bina\n" * 500, "stray quotation mark"),
        (b"," * MOST_COLUMNS + b"\n", "no rows"),
        (b"1," * MOST_COLUMNS + b"1\n", f"{MOST_COLUMNS + 1} columns"),
        (b"phone\n" + b"1" * 300_000, "cannot be read"),
    ],
)
def test_what_cannot_be_imported_is_refused_with_what_to_do(data: bytes, says: str) -> None:
    with pytest.raises(Invalid, match=says) as refused:
        examine(data)
    assert refused.value.code == "bad_csv"


def test_a_file_has_at_most_a_hundred_thousand_rows() -> None:
    full = b"phone\n" + b"01711000001\n" * MOST_ROWS
    assert examine(full).rows == MOST_ROWS + 1
    with pytest.raises(Invalid, match="more than 100,000 rows"):
        examine(full + b"01711000001\n")


def test_a_file_has_at_most_twenty_five_megabytes() -> None:
    with pytest.raises(Invalid, match="larger than 25 MB"):
        examine(b"x" * (csv_files.MOST_BYTES + 1))


@pytest.mark.parametrize(
    "cell",
    [
        "01711000001",
        "+880 1711-000001",
        "(017) 11000001",
        "০১৭১১০০০০০১",
        "8.80171E+12",
        "'01711000001",
        '="0171100001"',
    ],
)
def test_this_looks_like_a_phone(cell: str) -> None:
    assert looks_like_phone(cell)


@pytest.mark.parametrize("cell", ["", "Phone", "12", "2024-01", "Ali 01711000001", "a" * 100, "1" * 100])
def test_this_does_not_look_like_a_phone(cell: str) -> None:
    assert not looks_like_phone(cell)


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
@settings(max_examples=300)
def test_any_bytes_at_all_are_read_or_refused(data: bytes) -> None:
    try:
        found = examine(data)
    except Invalid as refusal:
        assert refusal.sentence
    else:
        assert sum(not row.is_blank for row in rows(io.BytesIO(found.content), found.delimiter)) == found.rows


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cc"]), max_size=12)


@given(st.lists(st.lists(cells, min_size=2, max_size=4), min_size=1, max_size=8), st.sampled_from(",;\t|"))
@settings(max_examples=200)
def test_what_a_csv_writer_wrote_comes_back(table: list[list[str]], delimiter: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(table)
    back = rows(io.BytesIO(written.getvalue().replace("\r\n", "\n").encode()), delimiter)
    assert [list(row.cells) for row in back] == table


@pytest.mark.parametrize(
    "data",
    [b'"' * 1_000_000, b'"\n' * 300_000, b",\n" * 100_000, b"\n" * 200_000, b'a"b,' * 9 + b'""\n' * 100_000],
)
def test_strange_files_are_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        examine(data)
