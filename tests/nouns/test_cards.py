"""Address books as phones and programs write them: every card is a row, whatever is wrong with another."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wabox.contacts.lists import cards, csv_files
from wabox.contacts.lists.sheets import sheets

PHOTO = base64.b64encode(random.Random(1).randbytes(300)).decode()
FOLDED_PHOTO = "\n".join(PHOTO[n : n + 74] for n in range(0, len(PHOTO), 74))
SHIRIN = (
    "=E0=A6=B6=E0=A6=BF=E0=A6=B0=E0=A6=BF=E0=A6=A8=20=\n=E0=A6=86=E0=A6=95=E0=A7=8D=\n=E0=A6=A4=E0=A6=BE=E0=A6=B0"
)


def card(*lines: str, version: str = "2.1") -> str:
    return "\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD"]) + "\n"


def read(data: str | bytes) -> list[tuple[str, ...]]:
    """Name and numbers of each card."""
    (sheet,) = sheets(data if isinstance(data, bytes) else data.encode())
    head, *rows = (row.cells for row in csv_files.examine(sheet.data, sheet.encoding).sample)
    phones = [place for place, name in enumerate(head) if name.startswith("Phone")]
    return [(row[0], *(row[place] for place in phones if place < len(row) and row[place])) for row in rows]


KINDS: dict[str, tuple[str, list[tuple[str, ...]]]] = {
    "a name in folded quoted-printable": (
        card(f"FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{SHIRIN}", "TEL;CELL:01711000301"),
        [("শিরিন আক্তার", "01711000301")],
    ),
    "a name in parts, folded": (
        card(f"N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:;{SHIRIN};;;", "TEL;CELL:01711000301"),
        [("শিরিন আক্তার", "01711000301")],
    ),
    "a picture whose lines are not indented": (
        card("FN:Shirin", f"PHOTO;ENCODING=BASE64;JPEG:{FOLDED_PHOTO}", "", "TEL;CELL:01711000301"),
        [("Shirin", "01711000301")],
    ),
    "a picture whose lines are": (
        card("FN:Shirin", "PHOTO;TYPE=JPEG;ENCODING=b:" + FOLDED_PHOTO.replace("\n", "\n "), "TEL:01711000301"),
        [("Shirin", "01711000301")],
    ),
    "a picture at an address": (
        card("FN:Shirin", "PHOTO;VALUE=uri:https://example.com/a:b.jpg", "TEL:01711000301", version="4.0"),
        [("Shirin", "01711000301")],
    ),
    "a name in base64": (
        card("FN;ENCODING=b;CHARSET=utf-8:" + base64.b64encode("রিনা".encode()).decode(), "TEL:01711000301"),
        [("রিনা", "01711000301")],
    ),
    "quoted-printable in another charset": (
        card("FN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Jos=E9", "TEL:01711000301"),
        [("José", "01711000301")],
    ),
    "an agent inside": (
        card(
            "FN:Boss", "AGENT:", "BEGIN:VCARD", "FN:Clerk", "TEL:01711000399", "END:VCARD", "TEL;CELL:01711000301"
        ),
        [("Boss", "01711000301")],
    ),
    "an agent on one line": (
        card(r"FN:Boss", r"AGENT:BEGIN:VCARD\nFN:Clerk\nTEL:01711000399\nEND:VCARD\n", "TEL;CELL:01711000301"),
        [("Boss", "01711000301")],
    ),
    "a group with a label": (
        card(
            *("FN:Rina", "item1.TEL:029550100", "item1.X-ABLabel:Shop", "item2.TEL:01711000301"),
            "item2.X-ABLabel:_$!<Mobile>!$_",
            version="3.0",
        ),
        [("Rina", "01711000301", "029550100")],
    ),
    "a fax comes last": (
        card("FN:Rina", "TEL;TYPE=WORK,FAX:029550101", "TEL;TYPE=WORK:029550100", version="3.0"),
        [("Rina", "029550100", "029550101")],
    ),
    "an address of a number": (
        card("FN:Rina", 'TEL;VALUE=uri;PREF=1;TYPE="voice,cell":tel:+880-1711-000301;ext=5', version="4.0"),
        [("Rina", "+880-1711-000301")],
    ),
    "no FN but parts": (
        card("N:Akter;Shirin;Jahan;Dr;", "TEL:01711000301"),
        [("Dr Shirin Jahan Akter", "01711000301")],
    ),
    "an empty FN beside parts": (
        card("FN:", "N:Akter;Shirin;;;", "TEL:01711000301"),
        [("Shirin Akter", "01711000301")],
    ),
    "only a firm": (
        card("FN:", "N:;;;;", "ORG:Akter Stores;", "TEL:01711000301"),
        [("Akter Stores", "01711000301")],
    ),
    "escapes": (
        card(r"FN:Akter\, Shirin\; Ltd", "TEL:01711000301", version="3.0"),
        [("Akter, Shirin; Ltd", "01711000301")],
    ),
    "a note over lines that are not folded": (
        card("FN:Rina", "NOTE:first line", "second line of it", "TEL:01711000301"),
        [("Rina", "01711000301")],
    ),
    "more numbers than fingers": (
        card("FN:Rina", *(f"TEL:0171100030{n}" for n in range(7))),
        [("Rina", *(f"0171100030{n}" for n in range(7)))],
    ),
    "a card that never ends": (
        "BEGIN:VCARD\nFN:Cut\nTEL:01711000300\n" + card("FN:Rina", "TEL:01711000301"),
        [("Cut", "01711000300"), ("Rina", "01711000301")],
    ),
    "a file cut off": (
        card("FN:Rina", "TEL:01711000301")
        + "BEGIN:VCARD\nFN:Last\nTEL:01711000302\nNOTE;ENCODING=QUOTED-PRINTABLE:a=\n",
        [("Rina", "01711000301"), ("Last", "01711000302")],
    ),
    "nonsense in a card": (
        card("FN:Odd", "TEL;;;=:::", ":::", ";;", "\x07\x08", 'X;Y="open:z', "TEL:01711000300")
        + card("FN:Rina", "TEL:01711000301"),
        [("Odd", "::", "01711000300"), ("Rina", "01711000301")],
    ),
    "an agent that never ends": (
        "BEGIN:VCARD\nFN:Boss\nTEL:01711000300\nAGENT:\nBEGIN:VCARD\nFN:Clerk\nEND:VCARD\n"
        + card("FN:Rina", "TEL:01711000301"),
        [("Boss", "01711000300"), ("Rina", "01711000301")],
    ),
    "small letters": (
        "begin:vcard\nversion:3.0\nfn:Rina\ntel;type=cell:01711000301\nend:vcard\n",
        [("Rina", "01711000301")],
    ),
    "a number of WhatsApp's own kind": (
        card("FN:Rina", "item1.TEL;waid=8801711000301:+880 1711-000301", "item1.X-ABLabel:Mobile", version="3.0"),
        [("Rina", "+880 1711-000301")],
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_every_kind_of_card_is_read(kind: str, ends: str) -> None:
    text, wanted = KINDS[kind]
    assert read(text.replace("\n", ends)) == wanted


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_a_book_in_any_encoding_is_read(encoding: str) -> None:
    assert read(card("FN:রিনা", "TEL:01711000301").encode(encoding)) == [("রিনা", "01711000301")]


def test_cards_name_the_encoding_of_their_bytes() -> None:
    book = card("FN;CHARSET=WINDOWS-1251:Иван", "TEL:01711000301").encode("cp1251")
    assert read(book) == [("Иван", "01711000301")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_card_loses_no_neighbour(kind: str) -> None:
    before, after = card("FN:Ali", "TEL:01711000401"), card("FN:Bina", "TEL:01711000402")
    names = [row[0] for row in read(before + KINDS[kind][0] + after)]
    assert (names[0], names[-1]) == ("Ali", "Bina")
    assert len(names) == 2 + len(KINDS[kind][1])


@given(st.text(max_size=300).map(lambda text: f"BEGIN:VCARD\n{text}\nEND:VCARD\n"))
@settings(max_examples=200)
def test_any_text_in_a_card_is_a_table(text: str) -> None:
    table = cards.table(text)
    assert {len(row) for row in table} == {len(table[0])}
