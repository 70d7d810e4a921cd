from __future__ import annotations

import io
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from wabox.contacts.lists import csv_files, layouts, uploads
from wabox.contacts.lists.sheets import sheets
from wabox.errors import Invalid

TYPES = """<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"""
SCHEMAS = "http://schemas.openxmlformats.org"
RELS = f'<Relationships xmlns="{SCHEMAS}/package/2006/relationships">{{}}</Relationships>'
REL = f'<Relationship Id="{{}}" Type="{SCHEMAS}/officeDocument/2006/relationships/{{}}" Target="{{}}"/>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
FORMATS = '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
STYLES = f'<styleSheet xmlns="{MAIN}">{FORMATS}</styleSheet>'


def cell(place: str, value: object) -> str:
    """A cell of a sheet's XML. A text, a number, a truth, or a day as ("day", its number)."""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, tuple):
        return f'<c r="{place}" s="1"><v>{value[1]}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def xlsx(**tables: list[list[object]]) -> bytes:
    """A workbook with these sheets."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", TYPES)
        packed.writestr("_rels/.rels", RELS.format(REL.format("r1", "officeDocument", "xl/workbook.xml")))
        listed = "".join(
            f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(tables, start=1)
        )
        space = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
        packed.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{MAIN}" {space}><sheets>{listed}</sheets></workbook>'
        )
        rels = "".join(REL.format(f"r{n}", "worksheet", f"worksheets/s{n}.xml") for n in range(1, len(tables) + 1))
        packed.writestr("xl/_rels/workbook.xml.rels", RELS.format(rels + REL.format("st", "styles", "styles.xml")))
        packed.writestr("xl/styles.xml", STYLES)
        for n, rows in enumerate(tables.values(), start=1):
            lines = "".join(
                f'<row r="{y}">'
                + "".join(cell(f"{chr(64 + x)}{y}", one) for x, one in enumerate(row, 1))
                + "</row>"
                for y, row in enumerate(rows, 1)
            )
            packed.writestr(
                f"xl/worksheets/s{n}.xml", f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData></worksheet>'
            )
    return out.getvalue()


PEOPLE: list[list[object]] = [
    ["Name", "Mobile", "Due", "Since", "VIP"],
    ["রহিম", 1711000201, 1250.5, ("day", 46327), True],
    ["Bina & Co", "01711000202", 3, "", ""],
]


@pytest.mark.heavy("opens a workbook in a process of its own")
def test_a_workbook_is_read_as_it_is_written() -> None:
    (found,) = sheets(xlsx(People=PEOPLE))
    assert found.data.decode().splitlines() == [
        "Name,Mobile,Due,Since,VIP",
        "রহিম,1711000201,1250.5,2026-11-01,yes",
        "Bina & Co,01711000202,3",
    ]


@pytest.mark.heavy("opens a workbook in a process of its own")
def test_of_several_sheets_the_one_with_the_numbers_is_taken_and_the_others_are_kept(tmp_path: Path) -> None:
    file, examined, layout = uploads.taken(
        tmp_path, xlsx(Notes=[["nothing", "here"], ["x", "y"]], People=PEOPLE, Empty=[]), "BD"
    )
    assert (layout.names or ())[:2] == ("Name", "Mobile")
    assert [one.name for one in layout.sheets] == ["Notes", "People"]
    assert next(one.file for one in layout.sheets if one.name == "People") == file
    assert (tmp_path / file).read_bytes() == examined.content
    _, again, laid = uploads.another_sheet(tmp_path, layout, layout.sheets[0].file, "BD")
    assert (again.sample[0].cells, laid.total) == (("nothing", "here"), 1)


@pytest.mark.heavy("opens workbooks in processes of their own")
@pytest.mark.parametrize(
    ("data", "says"),
    [
        (xlsx(Empty=[]), "no rows"),
        (xlsx(People=PEOPLE)[:700], "cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "cannot be read"),
        (b"PK\x03\x04xl/workbook" + bytes(100), "cannot be read"),
    ],
)
def test_what_is_no_sound_workbook_is_refused_with_what_to_do(data: bytes, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        sheets(data)


@pytest.mark.heavy("opens a workbook in a process of its own")
def test_a_small_file_cannot_fill_the_memory() -> None:
    far = xlsx(People=PEOPLE)
    with zipfile.ZipFile(io.BytesIO(far)) as before:
        parts = {one.filename: before.read(one) for one in before.infolist()}
    sheet = parts["xl/worksheets/s1.xml"].replace(b'r="A1"', b'r="XFD1048576"')
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in {**parts, "xl/worksheets/s1.xml": sheet}.items():
            packed.writestr(name, content)
    with pytest.raises(Invalid, match="too large|cannot be read"):
        sheets(out.getvalue())


CARDS = r"""BEGIN:VCARD
VERSION:2.1
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E0=A6=B0=E0=A6=B9=E0=A6=BF=E0=A6=AE
TEL;HOME:029550100
TEL;CELL:01711000301
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Simon
TEL;VALUE=uri;TYPE=cell:tel:+880-1711-000302
CATEGORIES:VIP,Dhaka
BDAY:19900425
NOTE:long\, text
END:VCARD
BEGIN:VCARD
VERSION:3.0
item1.TEL;type=pref:+880 1711-000303
item1.X-ABLabel:_$!<Mobile>!$_
N:Grouped;Mia;;;
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:Broken
TEL;;;=:::
END:VCARD
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_an_address_book_is_a_table(encoding: str, ends: str) -> None:
    (found,) = sheets(CARDS.replace("\n", ends).encode(encoding))
    rows = [row.cells for row in csv_files.examine(found.data).sample]
    assert [row[0] for row in rows[1:]] == ["রহিম", "Simon", "Mia Grouped", "Broken"]
    assert rows[1][2:4] == ("01711000301", "029550100")  # the mobile first
    assert rows[2][4:8] == ("VIP; Dhaka", "long, text", "", "19900425")
    assert layouts.laid_out(csv_files.examine(found.data), country="BD").total == 4


def test_what_is_neither_is_one_table_as_it_is() -> None:
    assert [one.data for one in sheets(b"phone\n01711000001\n")] == [b"phone\n01711000001\n"]
    assert [one.data for one in sheets("phone\n01711000001\n".encode("utf-16"))] != []
