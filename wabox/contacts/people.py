"""What a contact is, and how it is read from its rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from wabox import times
from wabox.db import Row, Rows

ConsentSource = Literal["in_person", "web_form", "order", "wrote_first", "import_attested", "other"]


@dataclass(frozen=True, slots=True)
class Consent:
    """That this person agreed to be written to. by: who wrote it down. note: how, in words."""

    source: ConsentSource
    at: datetime
    by: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """A person as a user knows them.

    phone: digits. flagged: no numbering plan knows that number. tags: in the order they were written.
    opted_out: asked not to be written to. last_out_at, last_in_at: of messages, on any device.
    """

    id: int
    phone: str
    flagged: bool
    name: str | None
    custom: str | None
    tags: tuple[str, ...]
    consent: Consent | None
    opted_out: bool
    last_out_at: datetime | None
    last_in_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def tag(self) -> str | None:
        """The first tag."""
        return self.tags[0] if self.tags else None


COLUMNS = """c.*, exists (select 1 from suppressions s
    where s.user_id = c.user_id and s.phone_hash = phone_hash(c.phone)) as opted_out"""


def contacts_of(rows: Rows, found: list[Row]) -> list[Contact]:
    """Rows of COLUMNS as contacts, with their tags."""
    tagged = tags_of(rows, [row["id"] for row in found])
    return [_contact(row, tagged.get(row["id"], ())) for row in found]


def tags_of(rows: Rows, contact_ids: list[int]) -> Mapping[int, tuple[str, ...]]:
    """The tags of these contacts, in order; nothing for one without."""
    found: dict[int, tuple[str, ...]] = {}
    for row in rows.all(
        """select contact_id, tag from contact_tags where contact_id in (select value from json_each(:ids))
           order by contact_id, position""",
        ids=json.dumps(contact_ids),
    ):
        found[row["contact_id"]] = (*found.get(row["contact_id"], ()), row["tag"])
    return found


def consent_of(row: Row) -> Consent | None:
    """The consent that stands in a row of contacts."""
    if row["consent_at"] is None:
        return None
    source = cast(ConsentSource, row["consent_source"])
    return Consent(source, times.read(row["consent_at"]), row["consent_by"], row["consent_note"])


def _contact(row: Row, tagged: tuple[str, ...]) -> Contact:
    return Contact(
        id=row["id"],
        phone=row["phone"],
        flagged=bool(row["flagged"]),
        name=row["name"],
        custom=row["custom"],
        tags=tagged,
        consent=consent_of(row),
        opted_out=bool(row["opted_out"]),
        last_out_at=times.read_or_none(row["last_out_at"]),
        last_in_at=times.read_or_none(row["last_in_at"]),
        created_at=times.read(row["created_at"]),
        updated_at=times.read(row["updated_at"]),
    )
