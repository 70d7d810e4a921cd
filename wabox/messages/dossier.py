"""What a user's box holds of the people who wrote, as lines of a file: of everybody, or all of one person.

A line is an object with the same fields everywhere. `received` is what somebody wrote, `sent` what went to them,
`person` who they are here. Files stand in it by their id, for GET /media/{id}/content, as long as they are here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from wabox import times
from wabox.contacts import identities, suppression
from wabox.contacts import stored as contacts
from wabox.contacts.stored import Contact
from wabox.db import Row, Rows
from wabox.errors import NotFound
from wabox.whatsapp.driver import kind_told

AT_ONCE = 500
Line = dict[str, Any]
# Of what was written, either way; as they stand in a table.
COLUMNS = (
    *(
        "line",
        "at",
        "phone",
        "person_id",
        "name",
        "device_label",
        "message_id",
        "kind",
        "text",
        "instead",
        "quoted",
    ),
    *("media_id", "filename", "mime", "bytes", "sha256", "file_state", "status", "campaign_id"),
    *("delivered_at", "read_at", "edited_at", "revoked_at", "emoji_of_theirs", "emoji_of_ours"),
)
_RECEIVED = """
    select i.id, i.phone, i.at, i.kind, i.text, i.instead, i.quoted, i.edited_at, i.revoked_at, d.label,
      coalesce(c.name, i.name, p.name, '@' || p.username) as called, p.id as person_id,
      f.state as file_state, f.filename, f.mime, f.bytes, m.id as media_id, m.sha256, m.removed_at,
      (select r.emoji from reactions r where r.inbox_id = i.id and r.ours = 1) as ours
    from inbox i left join devices d on d.id = i.device_id
    left join contacts c on c.user_id = i.user_id and c.phone = i.phone
    left join people p on p.user_id = i.user_id and p.phone = i.phone and p.joined_to is null
    left join inbox_files f on f.inbox_id = i.id left join media m on m.id = f.media_id
    where i.user_id = :user_id and i.id > :after {whose} order by i.id limit :most"""
_SENT = """
    select s.*, d.label, m.sha256, m.mime, m.bytes, m.filename, m.removed_at,
      (select r.emoji from reactions r where r.message_id = s.id and r.ours = 0) as theirs,
      (select r.emoji from reactions r where r.message_id = s.id and r.ours = 1) as ours
    from messages s left join devices d on d.id = s.device_id left join media m on m.id = s.media_id
    where s.user_id = :user_id and s.phone = :phone and s.id > :after order by s.id limit :most"""


def address_of(rows: Rows, user_id: int, *, phone: str | None, person_id: int | None) -> str:
    """Under which address the person stands. phone: digits. Raises NotFound for one of whom nothing is held."""
    if person_id is not None:
        return identities.by_id(rows, user_id, person_id).address
    assert phone is not None
    check_held(rows, user_id, phone)
    return phone


def check_held(rows: Rows, user_id: int, address: str) -> None:
    """Nothing happens if anything is held of who has this address. Raises NotFound."""
    held = rows.value(
        """select exists (select 1 from contacts where user_id = :user_id and phone = :phone)
             or exists (select 1 from inbox where user_id = :user_id and phone = :phone)
             or exists (select 1 from messages where user_id = :user_id and phone = :phone)
             or exists (select 1 from people where user_id = :user_id and phone = :phone)
             or exists (select 1 from chats where user_id = :user_id and phone = :phone)
             or exists (select 1 from suppressions
                        where user_id = :user_id and phone_hash = phone_hash(:phone))""",
        user_id=user_id,
        phone=address,
    )
    if not held:
        raise NotFound("not_found", "Nothing is held of this person.")


def received(rows: Rows, user_id: int, address: str | None = None, *, after: int = 0) -> list[Line]:
    """What people wrote, or this person alone, the oldest first: the next lines; none at the end.

    after: the `message_id` of the last line there was. One call a batch, so that no reader is held.
    """
    whose = "" if address is None else "and i.phone = :phone"
    found = rows.all(
        _RECEIVED.format(whose=whose), user_id=user_id, phone=address or "", after=after, most=AT_ONCE
    )
    return [_received(row) for row in found]


def sent(rows: Rows, user_id: int, address: str, *, after: int = 0) -> list[Line]:
    """What was written to this person, likewise."""
    found = rows.all(_SENT, user_id=user_id, phone=address, after=after, most=AT_ONCE)
    return [_sent(row) for row in found]


def person(rows: Rows, user_id: int, address: str) -> Line:
    """Who the person at this address is here: the contact with its fields and consent, and each opt-out."""
    known = identities.find(rows, user_id, address)
    contact = None if identities.is_hidden(address) else contacts.by_phone(rows, user_id, address)
    chats = rows.one(
        """select max(last_out_at) as out_at, max(last_in_at) as in_at from chats
           where user_id = :user_id and phone = :phone""",
        user_id=user_id,
        phone=address,
    )
    return {
        "line": "person",
        "phone": identities.number(address),
        "person_id": None if known is None else known.id,
        "calls_themselves": None if known is None else known.name,
        "username": None if known is None else known.username,
        "opted_out": suppression.is_out(rows, user_id, address),
        "opt_outs": _changes(rows, user_id, address),
        "last_sent_at": None if chats is None else _wire(chats["out_at"]),
        "last_received_at": None if chats is None else _wire(chats["in_at"]),
        "contact": None if contact is None else _contact(contact),
    }


def deed(address: str | None) -> str:
    """What it is on record as, to have taken this out."""
    return "inbox.exported" if address is None else "person.exported"


def written(lines: list[Line]) -> str:
    """The lines as JSON, one object a line."""
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines)


def cells(line: Line) -> Iterator[str]:
    """A `received` or `sent` line as a row under COLUMNS."""
    for name in COLUMNS:
        value = line[name]
        yield "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _received(row: Row) -> Line:
    return _line(
        row,
        line="received",
        at=_wire(row["at"]),
        person_id=row["person_id"],
        name=row["called"],
        message_id=row["id"],
        kind=kind_told(row["kind"]),
        instead=None if row["instead"] is None else json.loads(row["instead"]),
        quoted=None if row["quoted"] is None else _quoted(json.loads(row["quoted"])),
        revoked_at=_wire(row["revoked_at"]),
        media_id=row["media_id"] if row["removed_at"] is None else None,
        file_state="removed" if row["removed_at"] else row["file_state"],
        emoji_of_ours=row["ours"],
    )


def _quoted(kept: Line) -> Line:
    return {name: kept[name] for name in ("own", "kind", "text")}


def _sent(row: Row) -> Line:
    return _line(
        row,
        line="sent",
        at=_wire(row["sent_at"] or row["queued_at"]),
        message_id=row["id"],
        kind=row["media_kind"] or ("text" if row["enclosed"] is None else json.loads(row["enclosed"])["kind"]),
        instead=None if row["enclosed"] is None else json.loads(row["enclosed"]),
        media_id=row["media_id"] if row["removed_at"] is None else None,
        filename=row["media_name"] or row["filename"],
        file_state=None if row["media_id"] is None else "removed" if row["removed_at"] else "here",
        status=row["status"],
        campaign_id=row["campaign_id"],
        delivered_at=_wire(row["delivered_at"]),
        read_at=_wire(row["read_at"]),
        revoked_at=_wire(row["revoked_at"]),
        emoji_of_theirs=row["theirs"],
        emoji_of_ours=row["ours"],
    )


def _line(row: Row, **known: object) -> Line:
    """The line with all fields, null for what it does not have."""
    both = {
        "phone": identities.number(row["phone"]),
        "device_label": row["label"],
        "text": row["text"],
        "filename": row["filename"],
        "mime": row["mime"],
        "bytes": row["bytes"],
        "sha256": row["sha256"],
        "edited_at": _wire(row["edited_at"]),
    }
    return dict.fromkeys(COLUMNS) | both | known


def _contact(contact: Contact) -> Line:
    consent = contact.consent
    return {
        "id": contact.id,
        "name": contact.name,
        "custom": contact.custom,
        "tags": list(contact.tags),
        "fields": {one.field.name: one.plain for one in contact.fields},
        "consent": None
        if consent is None
        else {"source": consent.source, "at": times.wire(consent.at), "by": consent.by, "note": consent.note},
        "created_at": times.wire(contact.created_at),
        "updated_at": times.wire(contact.updated_at),
    }


def _changes(rows: Rows, user_id: int, address: str) -> list[Line]:
    found = rows.all(
        """select change, source, at from suppression_log
           where user_id = :user_id and phone_hash = phone_hash(:phone) order by id""",
        user_id=user_id,
        phone=address,
    )
    return [{"change": row["change"], "source": row["source"], "at": _wire(row["at"])} for row in found]


def _wire(at: str | None) -> str | None:
    return None if at is None else times.wire(times.read(at))
