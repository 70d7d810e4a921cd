"""What wabox exports it reads back, contact by contact, whatever names, tags and texts hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from tests import fresh
from tests.examples import tries
from wabox.accounts import users
from wabox.accounts.users import User
from wabox.contacts import exporting, fields, own, segments, suppression, writing
from wabox.contacts.lists import columns, csv_files, guessing, imports, intake, layouts, uploads
from wabox.contacts.phones import Phone
from wabox.contacts.stored import Consent, Contact
from wabox.db import Tx, connect
from wabox.errors import Invalid

NOON = datetime(2025, 11, 3, 12, 0, tzinfo=UTC)
PIECES = (
    *(
        ",",
        ";",
        "|",
        " ::: ",
        ":::",
        '"',
        '""',
        '"a"; b',
        'a"b',
        "'",
        "''",
        "\\",
        '\\"',
        "a\\",
        "\t",
        "\n",
        "\r\n",
    ),
    *("=1+1", "'=1", "''=", "' =", "+880", "-1", "@x", "\uff1d1", "* myContacts", "* x", "#", "yes", "no", "1e5"),
    *(
        "VIP, Dhaka",
        "01711000001",
        "8801711000099",
        "ক্ষ",
        "রহিম; করিম",
        "مرحبا",
        "\u202eabc\u202c",
        "👩‍👩‍👧",
        "🙏",
    ),
    *("e\u0301", "\ufeff", "\u200d", "\u00a0", "\ufffd", "\x1a", "\x08", "\u2028", " ", "a"),
)
PEOPLE = st.lists(
    st.tuples(
        st.lists(st.lists(st.sampled_from(PIECES), max_size=4).map("".join), max_size=5),
        st.one_of(st.lists(st.sampled_from(PIECES), max_size=4).map("".join), st.text(max_size=20)),
        st.one_of(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), st.text(max_size=40)),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)
People = list[tuple[list[str], str, str, bool]]


def tags(texts: list[str]) -> tuple[str, ...]:
    kept = []
    for text in texts:
        try:
            kept.append(fields.tag(text))
        except Invalid:  # nothing is left of it
            continue
    return fields.tags(kept)


def contact(number: int, texts: list[str], name: str, custom: str, opted_out: bool) -> Contact:  # noqa: FBT001
    return Contact(
        id=number,
        phone=f"88017110{number:05d}",
        flagged=False,
        name=fields.name(name),
        custom=fields.custom(custom),
        tags=tags(texts),
        fields=(),
        consent=None,
        opted_out=opted_out,
        last_out_at=None,
        last_in_at=None,
        created_at=NOON,
        updated_at=NOON,
    )


@settings(max_examples=tries(800), deadline=None)
@given(PEOPLE)
def test_an_export_says_the_same_when_it_is_read(people: People) -> None:
    given_out = [contact(number, *one) for number, one in enumerate(people, 1)]
    examined = csv_files.examine("".join(exporting.pieces([given_out])).encode())
    layout = layouts.laid_out(examined, country="BD")
    rows = [row.cells for row in examined.sample[1:]]
    guessed = guessing.guess(layout.names, rows, country="BD")
    assert guessed is not None
    read = [
        columns.draft(row, guessed, country="BD", consent=None, ours=guessing.is_ours(layout.names))
        for row in rows
    ]
    assert [
        (
            one.phone.digits,
            None if one.name is UNSET else one.name,
            None if one.custom is UNSET else one.custom,
            () if one.tags is UNSET else one.tags,
            one.opted_out,
        )
        for one in read
    ] == [(one.phone, one.name, one.custom, one.tags, one.opted_out) for one in given_out]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Tx]:
    """A transaction on another box, with another key."""
    fresh.database(tmp_path / "other.db")
    connection = connect(tmp_path / "other.db", functions={"phone_hash": suppression.hasher(b"o" * 32)})
    connection.execute("begin immediate")
    yield Tx(connection)
    connection.close()


def exported(tx: Tx, user: User) -> str:
    found = exporting.batch(tx, user.id, segments.EVERYBODY)
    return "".join(exporting.pieces([found], own.names(tx, user.id)))


@pytest.mark.parametrize("country", ["BD", "IN"])
def test_everybody_of_one_box_is_the_same_on_another(
    tx: Tx, asha: User, other: Tx, tmp_path: Path, now: datetime, country: str
) -> None:
    agreed = Consent("order", now, "asha@example.com", 'by "phone", at\nnoon')
    for number, piece in enumerate(PIECES):
        phone = f"88017110{number:05d}"
        draft = writing.Draft(
            Phone(phone, flagged=False),
            name=fields.name(f"{piece} Rina"),
            custom=fields.custom(f"{piece}x{piece}"),
            tags=tags([piece, f"a{piece}b", f"{piece}c", f"d{piece}"]),
            consent=agreed if number % 3 else None,
            fields={"note_of_mine": f"{piece}z"},
        )
        writing.write(tx, asha.id, [draft], now=now)
        if number % 2:
            suppression.opt_out(tx, asha.id, phone, source="word", now=now)
    for digits, flagged in (("9607712345", False), ("5215512345678", True), ("1711000201", True)):
        writing.write(
            tx, asha.id, [writing.Draft(Phone(digits, flagged=flagged))], now=now
        )  # more than one reading
    there = exported(tx, asha)
    bilal = users.create(other, email="bilal@example.com", password_hash="x", now=now)
    own.create(other, bilal.id, name="note_of_mine", kind="text", currency="", now=now)
    file, examined, layout = uploads.taken(tmp_path, there.encode(), country)
    found = imports.create(
        other, bilal.id, name="x", file=file, examined=examined, layout=layout, country=country, now=now
    )
    imports.start(other, bilal.id, found.id, now=now)
    with intake.Reading(tmp_path, imports.by_id(other, found.id), country=country, now=now) as reading:
        batch = reading.batch(imports.by_id(other, found.id))
    assert batch.refused == ()
    assert intake.write(other, batch, now=now)
    for phone in batch.silenced:
        suppression.opt_out(other, bilal.id, phone, source="import", now=now)
    assert exported(other, bilal) == there
