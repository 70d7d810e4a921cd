from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wabox.contacts.lists import layouts
from wabox.contacts.lists.cells import looks_like_phone
from wabox.contacts.lists.csv_files import MOST_COLUMNS, MOST_PLAIN, MOST_ROWS, Examined, examine, rows
from wabox.contacts.lists.dialects import Dialect
from wabox.errors import Invalid


def data(found: Examined) -> list[tuple[str, ...]]:
    """The rows of the sample below the header."""
    layout = layouts.laid_out(found, country="BD")
    return [row.cells for row in found.sample if not layout.has_header or row.number > layout.header_row]


def header(found: Examined) -> tuple[str, ...] | None:
    return layouts.laid_out(found, country="BD").names


PLAIN = "phone,name\n01711000001,রহিম\n01711000002,Zoë\n"


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("utf-32", "utf-32"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_every_usual_encoding_is_read(encoding: str, named: str) -> None:
    found = examine(PLAIN.encode(encoding))
    assert (found.encoding, found.content.decode()) == (named, PLAIN)
    assert data(found) == [("01711000001", "রহিম"), ("01711000002", "Zoë")]


def test_what_is_not_utf_8_is_read_as_windows_wrote_it() -> None:
    found = examine("phone,name\n01711000001,Zoë – “Café”\n".encode("cp1252"))
    assert (found.encoding, data(found)[0][1]) == ("cp1252", "Zoë – “Café”")


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
    assert found.dialect.delimiter == delimiter
    assert data(found)[0] == ("Rahman, Karim", "01711000001")


def test_excels_own_line_names_the_delimiter_and_is_no_row() -> None:
    found = examine(b"sep=;\nphone;name\n01711000001;a,b,c,d\n")
    assert (found.dialect.delimiter, header(found), data(found)) == (
        ";",
        ("phone", "name"),
        [("01711000001", "a,b,c,d")],
    )


def test_a_first_row_with_a_phone_is_no_header() -> None:
    found = examine(b"01711000001,Ali\n01711000002,Bina\n")
    assert (header(found), found.rows, len(data(found))) == (None, 2, 2)


def test_one_column_is_enough() -> None:
    assert examine(b"01711000001\n01711000002\n").rows == 2


def test_rows_are_counted_as_a_spreadsheet_does() -> None:
    found = examine(b'phone,note\n\n01711000001,"two\nlines"\n,\n01711000002,x\n')
    assert [row.number for row in found.sample] == [1, 3, 5]
    assert found.rows == 3
    assert found.sample[1].cells == ("01711000001", "two\nlines")


def test_the_end_of_a_row_is_its_place_in_the_file() -> None:
    content = examine(PLAIN.encode()).content
    ends = [row.end for row in rows(io.BytesIO(content), Dialect(","))]
    assert ends[-1] == len(content)
    assert content[ends[0] : ends[1]].decode() == "01711000001,রহিম\n"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no rows"),
        (b"\n\n ,\n", "no rows"),
        (b"phone,name\n", "only a header"),
        (b"Rar!\x1a\x07\x01\x00", "packed"),
        (b"7z\xbc\xaf\x27\x1c", "packed"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (b"GIF89a", "picture"),
        (b"{\\rtf1 01711000001}", "text document"),
        (b"<html><table><tr><td>01711000001</td></tr></table></html>", "web page"),
        (b"\n <!DOCTYPE html><p>01711000001", "web page"),
        (b'<?xml version="1.0"?><Workbook/>', "XML file"),
        (b'[{"phone": "01711000001"}]', "JSON file"),
        (b'{"contacts": []}', "JSON file"),
        (b"\x1f\x8b....", "packed"),
        (b"%PDF-1.4", "PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20, "picture"),
        (b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 20, "program"),
        (b"a\0b\0\0c," * 500 + b"x" * 5_000, "no text file"),
        (b"," * MOST_COLUMNS + b"\n", "no rows"),
        (b"1," * MOST_COLUMNS + b"1\n", f"{MOST_COLUMNS + 1:,} columns"),
    ],
)
def test_what_cannot_be_imported_is_refused_with_what_to_do(data: bytes, says: str) -> None:
    with pytest.raises(Invalid, match=says) as refused:
        layouts.laid_out(examine(data), country="BD")
    assert refused.value.code == "bad_csv"


def test_a_file_has_at_most_a_hundred_thousand_rows() -> None:
    full = b"phone\n" + b"01711000001\n" * MOST_ROWS
    assert layouts.laid_out(examine(full), country="BD").total == MOST_ROWS
    with pytest.raises(Invalid, match="more than 100,000 rows"):
        layouts.laid_out(examine(full + b"01711000001\n"), country="BD")
    with pytest.raises(Invalid, match="more than 100,000 rows"):
        examine(full * 2)


def test_what_a_file_unpacks_to_has_a_limit() -> None:
    with pytest.raises(Invalid, match="larger than 25 MB"):
        examine(b"x" * (MOST_PLAIN + 1))


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


@pytest.mark.parametrize("size", [4_097, 150_000, 600_000])
def test_a_cell_that_nobody_asks_for_may_be_as_big_as_it_likes(size: int) -> None:
    for filler in ("x" * size, '"' + "line, of text\n" * (size // 14) + '"'):
        found = examine(f"phone,note,name\n01711000001,{filler},Ali\n01711000002,,Bina\n".encode())
        assert [(cells[0], cells[2]) for cells in data(found)] == [("01711000001", "Ali"), ("01711000002", "Bina")]


def test_a_file_may_have_three_hundred_columns() -> None:
    names = ",".join(f"c{n}" for n in range(299)) + ",Mobile\n"
    found = examine((names + "," * 299 + "01711000001\n").encode())
    assert layouts.laid_out(found, country="BD").width == 300


@pytest.mark.parametrize("stray", [b"\xe9", b"\xe0\xa6", b"\xff", b"\x80"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_byte_spoils_one_cell(stray: bytes, place: int) -> None:
    names = ["নাসরিন", "করিম", "রিনা"]
    rows_of = [f"{name},0171100000{n}".encode() for n, name in enumerate(names)]
    rows_of[place] = rows_of[place].replace(b",", stray + b",")
    found = examine(b"Name,Phone\n" + b"\n".join(rows_of) + b"\n")
    assert (found.encoding, found.spoilt) == ("utf-8", 1)
    assert [cells[0] for cells in data(found)] == [
        name + "\ufffd" if n == place else name for n, name in enumerate(names)
    ]


def test_what_stood_there_as_a_replacement_is_not_counted_as_spoilt_now() -> None:
    found = examine("Name,Phone\nরিন\ufffd,01711000001\n".encode())
    assert (found.spoilt, data(found)[0][0]) == (0, "রিন\ufffd")


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1252", ["José", "Zoë", "François", "Ana"]),
        ("cp1252", ["Müller"]),
        ("cp1251", ["Иван Петров", "Мария", "Сергей"]),
        ("cp1253", ["Γιώργος", "Μαρία Παπαδοπούλου", "Ελένη"]),
        ("cp1256", ["محمد علي", "فاطمة", "أحمد"]),
        ("gb18030", ["王小明", "李华", "张伟"]),
        ("big5", ["王大明", "林志玲"]),
    ],
)
def test_what_is_older_than_utf_8_is_read_by_what_the_whole_file_says(encoding: str, names: list[str]) -> None:
    text = "phone,name\n" + "".join(f"0171100{n:04},{name}\n" for n, name in enumerate(names))
    assert [cells[1] for cells in data(examine(text.encode(encoding)))] == names


@pytest.mark.parametrize(
    "text",
    [
        '"Shirin" , "01711000741" , "likes red, blue"\n"Karim" , "01711000742" , "ok"\n',
        '"Shirin", "01711000741", "likes red, blue"\n"Karim", "01711000742", "ok"\n',
        '"Shirin" ;"01711000741" ;"likes red, blue"\n"Karim" ;"01711000742" ;"ok"\n',
        "'Shirin','01711000741','likes red, blue'\n'Karim','01711000742','ok'\n",
        '"Shirin" | "01711000741" | "likes red, blue"\n"Karim" | "01711000742" | "ok"\n',
    ],
)
def test_every_way_of_quoting_is_read(text: str) -> None:
    mark = next(one for one in ";|," if text.count(one) > 3)
    found = examine((mark.join(["name", "phone", "note"]) + "\n" + text).encode())
    assert [[cell.strip() for cell in cells] for cells in data(found)] == [
        ["Shirin", "01711000741", "likes red, blue"],
        ["Karim", "01711000742", "ok"],
    ]


def test_a_quotation_mark_may_be_escaped_by_a_backslash() -> None:
    found = examine(
        b'name,phone,note\n"Shirin","01711000741","a \\"red\\", blue one"\n"Karim","01711000742","C:"\n'
    )
    assert [cells[2] for cells in data(found)] == ['a "red", blue one', "C:"]
    plain = examine(b'name,phone,note\n"Shirin","01711000741","C:\\"\n"Karim","01711000742","D:\\"\n')
    assert [cells[2] for cells in data(plain)] == ["C:\\", "D:\\"]


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
@settings(max_examples=300)
def test_any_bytes_at_all_are_read_or_refused(data: bytes) -> None:
    try:
        found = examine(data)
    except Invalid as refusal:
        assert refusal.sentence
    else:
        assert sum(not row.is_blank for row in rows(io.BytesIO(found.content), found.dialect)) == found.rows


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cc"]), max_size=12)


@given(st.lists(st.lists(cells, min_size=2, max_size=4), min_size=1, max_size=8), st.sampled_from(",;\t|"))
@settings(max_examples=200)
def test_what_a_csv_writer_wrote_comes_back(table: list[list[str]], delimiter: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(table)
    back = rows(io.BytesIO(written.getvalue().replace("\r\n", "\n").encode()), Dialect(delimiter))
    assert [list(row.cells) for row in back] == table


@pytest.mark.parametrize(
    "data",
    [b'"' * 1_000_000, b'"\n' * 300_000, b",\n" * 100_000, b"\n" * 200_000, b'a"b,' * 9 + b'""\n' * 100_000],
)
def test_strange_files_are_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        layouts.laid_out(examine(data), country="BD")
