"""Contacts as a CSV file that spreadsheets open safely: no cell can become a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from wabox import times
from wabox.contacts import segments
from wabox.contacts import stored as contacts
from wabox.contacts.lists import cells as cell_texts
from wabox.contacts.segments import Segment
from wabox.contacts.stored import COLUMNS, Contact
from wabox.db import Rows

AT_ONCE = 500
HEADER = (
    *("phone", "name", "tags", "custom", "opted_out", "consent_source", "consent_at", "last_sent_at"),
    *("last_received_at", "created_at", "person_id", "consent_by", "consent_note"),
)


def batch(rows: Rows, user_id: int, segment: Segment, *, after: int = 0) -> list[Contact]:
    """The next contacts of an export, by id; none at its end. One call a batch, so that no reader is held."""
    where, params = segments.where(rows, user_id, segment)
    found = rows.all(
        f"select {COLUMNS} from contacts c where {where} and c.id > :after order by c.id limit :most",  # noqa: S608
        after=after,
        most=AT_ONCE,
        **params,
    )
    return contacts.contacts_of(rows, found)


def cells(contact: Contact, own: Sequence[str] = ()) -> tuple[str, ...]:
    """The contact as a row under HEADER and the names in `own`, the user's own fields.

    phone: digits without a plus; person_id only for those without one.
    """
    consent = contact.consent
    held = {one.field.name: one.text for one in contact.fields}
    return (
        contact.phone,
        contact.name or "",
        cell_texts.tags_text(contact.tags),
        contact.custom or "",
        "yes" if contact.opted_out else "no",
        "" if consent is None else consent.source,
        "" if consent is None else times.wire(consent.at),
        times.wire_or_none(contact.last_out_at) or "",
        times.wire_or_none(contact.last_in_at) or "",
        times.wire(contact.created_at),
        "",
        *(("", "") if consent is None else (consent.by or "", consent.note or "")),
        *(held.get(name, "") for name in own),
    )


@dataclass(frozen=True, slots=True)
class Hidden:
    """Somebody who wrote and whose number WhatsApp hides. Times as stored."""

    person_id: int
    called: str
    opted_out: bool
    last_out_at: str | None
    last_in_at: str | None
    created_at: str


def hidden(rows: Rows, user_id: int, *, after: int = 0) -> list[Hidden]:
    """The next of those people, by id; none at the end."""
    found = rows.all(
        """select p.id, coalesce(p.name, '@' || p.username, '') as called, p.created_at,
             exists (select 1 from suppressions s where s.user_id = p.user_id
                     and s.phone_hash = phone_hash(p.phone)) as opted_out,
             (select max(k.last_out_at) from chats k where k.user_id = p.user_id and k.phone = p.phone) as out_at,
             (select max(k.last_in_at) from chats k where k.user_id = p.user_id and k.phone = p.phone) as in_at
           from people p where p.user_id = :user_id and p.joined_to is null and p.phone glob '*@*'
           and p.id > :after order by p.id limit :most""",
        user_id=user_id,
        after=after,
        most=AT_ONCE,
    )
    return [
        Hidden(
            row["id"],
            row["called"],
            bool(row["opted_out"]),
            row["out_at"],
            row["in_at"],
            row["created_at"],
        )
        for row in found
    ]


def cells_of_hidden(one: Hidden, own: Sequence[str] = ()) -> tuple[str, ...]:
    """As `cells`, without a phone and without fields."""
    times_of = [
        times.wire(times.read(at)) if at else "" for at in (one.last_out_at, one.last_in_at, one.created_at)
    ]
    flags = ("yes" if one.opted_out else "no", "", "")
    return ("", one.called, "", "", *flags, *times_of, str(one.person_id), "", "", *("" for _ in own))


def text(rows: Iterable[Sequence[str]], *, start: bool) -> str:
    """Rows as CSV, every cell safe. start: with the mark by which spreadsheets know UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL)
    writer.writerows([cell_texts.guarded(cell) for cell in row] for row in rows)
    return ("\ufeff" if start else "") + out.getvalue()


def pieces(batches: Iterable[list[Contact]], own: Sequence[str] = ()) -> Iterator[str]:
    """A whole export, a piece a batch."""
    yield text([(*HEADER, *own)], start=True)
    for batch in batches:
        yield text([cells(contact, own) for contact in batch], start=False)
