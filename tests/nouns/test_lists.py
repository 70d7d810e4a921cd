"""Lists as shops have them, from the programs that write them: each is read with the guessed columns."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from wabox.accounts.users import User
from wabox.contacts.drafts import Draft
from wabox.contacts.lists import imports, intake, uploads
from wabox.contacts.lists.columns import OTHER_NUMBERS
from wabox.db import Tx
from wabox.errors import Invalid

LISTS = Path(__file__).parent / "lists"
Read = tuple[str, str | None, tuple[str, ...], str | None]  # phone, name, tags, further numbers


def read(tx: Tx, user: User, directory: Path, now: datetime, data: bytes) -> tuple[imports.Import, list[Draft]]:
    """The import of a file, and what its rows say with the columns that were guessed."""
    file, examined, layout = uploads.taken(directory, data, "BD")
    found = imports.create(
        tx, user.id, name="x", file=file, examined=examined, layout=layout, country="BD", now=now
    )
    seen = intake.preview(tx, directory, found, country="BD", now=now)
    assert [one.reason for one in seen if one.reason] == []
    return found, [one.draft for one in seen if one.draft is not None]


def short(draft: Draft) -> Read:
    name = draft.name if isinstance(draft.name, str) else None
    tags = draft.tags if isinstance(draft.tags, tuple) else ()
    others = draft.fields.get(OTHER_NUMBERS)
    return draft.phone.digits, name, tags, None if others is None else str(others)


WANTED: dict[str, list[Read]] = {
    "facebook-lead-ads.tsv": [
        ("8801711000501", "Shirin Akter", (), None),
        ("8801711000502", "Karim Mia", (), None),
    ],
    "google-new-first-last-labels.csv": [
        ("8801711000111", "Shirin Akter", (), None),
        ("8801711000112", "Karim Mia", ("VIP",), "+880 1811-000112"),
        ("8801711000113", None, (), "+880 1911-000113"),
    ],
    "google-new-tags-triple-colon.csv": [
        ("8801711000761", "Shirin Akter", ("Wholesale", "Dhaka"), None),
        ("8801711000762", "Karim Mia", ("Wholesale",), None),
    ],
    "merged-title-rows-above-header.csv": [
        ("8801711000201", "Shirin", (), None),
        ("8801711000202", "Karim", (), None),
    ],
    "notes-4097-unmapped-column.csv": [
        ("8801711000791", "Shirin", (), None),
        ("8801711000792", "Karim", (), None),
    ],
    "outlook-full-export-92-columns.csv": [
        ("8801711000821", "Shirin Akter", (), None),
        ("8801711000822", "Karim", (), None),
    ],
    "serial-number-column-named-number.csv": [
        ("8801711000731", "Shirin", (), None),
        ("8801711000732", "Karim", (), None),
    ],
    "spaces-and-quotes-psql.csv": [
        ("8801711000741", "Shirin", (), None),
        ("8801711000742", "Karim", (), None),
    ],
    "tags-with-comma-from-own-export.csv": [
        ("8801711000771", "Shirin", ("VIP, Dhaka",), None),
        ("8801711000772", "Karim", ("VIP",), None),
    ],
    "utf8-bengali-one-cut-character.csv": [
        ("8801711000451", "নাসরিন আক্তার", (), None),
        ("8801711000452", "করিম মিয়া", (), None),
        ("8801711000453", "রিন\ufffd", (), None),
    ],
}


@pytest.mark.parametrize("name", sorted(WANTED))
def test_a_list_from_another_program_comes_in(
    tx: Tx, asha: User, tmp_path: Path, now: datetime, name: str
) -> None:
    _, drafts = read(tx, asha, tmp_path, now, (LISTS / name).read_bytes())
    assert [short(draft) for draft in drafts] == WANTED[name]


def test_outlooks_mobile_is_written_to_and_its_landlines_are_kept(
    tx: Tx, asha: User, tmp_path: Path, now: datetime
) -> None:
    data = (LISTS / "outlook-landline-and-mobile-all-filled.csv").read_bytes()
    found, drafts = read(tx, asha, tmp_path, now, data)
    assert found.columns is not None
    assert found.layout.first[found.columns.phone] == "Mobile Phone"
    assert short(drafts[0]) == ("8801711000100", "P0 X", ("VIP",), "+880 2-9550100, +880 2-9550200")


def test_an_address_book_of_a_phone_comes_in(tx: Tx, asha: User, tmp_path: Path, now: datetime) -> None:
    _, drafts = read(tx, asha, tmp_path, now, (LISTS / "iphone.vcf").read_bytes())
    assert [short(draft) for draft in drafts] == [("8801711000311", "Shirin Akter", (), None)]


def test_a_spoilt_character_is_told_of_where_it_stands(tx: Tx, asha: User, tmp_path: Path, now: datetime) -> None:
    data = (LISTS / "utf8-bengali-one-cut-character.csv").read_bytes()
    found, _ = read(tx, asha, tmp_path, now, data)
    seen = intake.preview(tx, tmp_path, found, country="BD", now=now)
    assert (found.layout.spoilt, [[repair.kind for repair in one.repairs] for one in seen]) == (
        1,
        [[], [], ["spoilt"]],
    )


def test_the_owner_may_choose_another_row_for_the_names(tx: Tx, asha: User, tmp_path: Path, now: datetime) -> None:
    data = (LISTS / "merged-title-rows-above-header.csv").read_bytes()
    found, _ = read(tx, asha, tmp_path, now, data)
    assert found.columns is not None
    assert (found.layout.header_row, found.total) == (4, 2)
    words = {"chosen": found.columns, "tag": None, "consent_by": None}
    for row, first, total in ((2, "Printed on 01/11/2026", 3), (None, "Printed on 01/11/2026", 5), (4, "SL", 2)):
        found = imports.choose(tx, asha.id, found.id, header_row=row, **words)  # type: ignore[arg-type]
        assert (found.layout.first[0], found.total) == (first, total) if row else found.total == total
    with pytest.raises(Invalid, match="first rows"):
        imports.choose(tx, asha.id, found.id, header_row=99, **words)  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="no rows below"):
        imports.choose(tx, asha.id, found.id, header_row=6, **words)  # type: ignore[arg-type]


NAMES: dict[str, str] = {
    "First Name,Last Name,Email,Phone\nShirin,Akter,a@b.cd,01711000201": "Shirin Akter",
    "Last Name;First Name;Phone\nAkter;Shirin;01711000201": "Shirin Akter",
    "Given Name,Additional Name,Family Name,Phone 1 - Value\nShirin,Jahan,Akter,01711000201": "Shirin Jahan Akter",
    "Name,Given Name,Family Name,Phone 1 - Value\nShirin Akter,Shirin,Akter,01711000201": "Shirin Akter",
    "Name,Given Name,Family Name,Phone 1 - Value\n,Shirin,Akter,01711000201": "Shirin Akter",
    "billing_first_name,billing_last_name,billing_phone\nShirin,Akter,01711000201": "Shirin Akter",
    "প্রথম নাম,শেষ নাম,মোবাইল\nশিরিন,আক্তার,০১৭১১০০০২০১": "শিরিন আক্তার",
    "Surname,Mobile\nAkter,01711000201": "Akter",
    "Prénom;Nom;Téléphone\nShirin;Akter;01711000201": "Shirin Akter",
    "Nom;Téléphone\nShirin Akter;01711000201": "Shirin Akter",
    "Cognome;Nome;Cellulare\nAkter;Shirin;01711000201": "Shirin Akter",
    "Particulars,Mobile No,Closing Balance\nShirin Akter,01711000201,5": "Shirin Akter",
    "first_name,company,phone\nShirin,Akter Stores,01711000201": "Shirin",
    "First Name,Last Name,Phone\nShirin,,01711000201": "Shirin",
    "First Name,Last Name,Phone\n,,01711000201": "",
    "Phonetic First Name,First Name,Last Name,Nickname,Phone\nx,Shirin,Akter,Shiri,01711000201": "Shirin Akter",
    "Full Name,First Name,Last Name,Phone\nShirin A.,Shirin,Akter,01711000201": "Shirin A.",
}  # fmt: skip


@pytest.mark.parametrize("text", NAMES)
def test_a_name_in_parts_is_one_name(tx: Tx, asha: User, tmp_path: Path, now: datetime, text: str) -> None:
    _, drafts = read(tx, asha, tmp_path, now, text.encode())
    assert [one.name or "" for one in drafts] == [NAMES[text]]
