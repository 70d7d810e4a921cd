"""People: one row a user and phone, with a set of tags, a free text, and consent.

A contact may be deleted; that somebody must not be written to is kept apart, in `suppression`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import UNSET, UnsetType

from wabox.contacts import fields, identities
from wabox.contacts.people import COLUMNS, Consent, Contact, contacts_of
from wabox.contacts.phones import Phone
from wabox.contacts.writing import Draft, write
from wabox.db import Rows, Tx
from wabox.errors import Invalid, NotFound

MOST_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the list; None = all. tag: any of a contact's. text: in name, phone, custom or a tag."""

    tag: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Contacts, newest first. total: of all pages. next_cursor: for the page after this, None at the end."""

    contacts: list[Contact]
    total: int
    next_cursor: int | None


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag and how many contacts have it."""

    tag: str
    contacts: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What a call with many rows did. created: new people. updated: rows that met one, changed or not."""

    created: int
    updated: int
    total: int


def of_user(rows: Rows, user_id: int, contact_id: int) -> Contact:
    """The user's contact. Raises NotFound, for somebody else's too."""
    row = rows.one(
        f"select {COLUMNS} from contacts c where c.id = :id and c.user_id = :user_id",  # noqa: S608
        id=contact_id,
        user_id=user_id,
    )
    if row is None:
        raise NotFound("not_found", "There is no such contact; GET /contacts lists yours.")
    return contacts_of(rows, [row])[0]


def by_phone(rows: Rows, user_id: int, phone: str) -> Contact | None:
    """The user's contact with this phone. phone: digits."""
    row = rows.one(
        f"select {COLUMNS} from contacts c where c.phone = :phone and c.user_id = :user_id",  # noqa: S608
        phone=phone,
        user_id=user_id,
    )
    return None if row is None else contacts_of(rows, [row])[0]


def values(contact: Contact) -> dict[str, str]:
    """What a template may say of this person."""
    return {"name": contact.name or "", "custom": contact.custom or "", "phone": contact.phone}


def values_for(rows: Rows, user_id: int, phone: str) -> tuple[int | None, dict[str, str]]:
    """The id of the contact with this phone, if there is one, and what a template may say. One quick query."""
    row = rows.one(
        "select id, name, custom from contacts where user_id = :user_id and phone = :phone",
        user_id=user_id,
        phone=phone,
    )
    if row is None:
        return None, {"phone": identities.number(phone) or ""}
    return row["id"], {"name": row["name"] or "", "custom": row["custom"] or "", "phone": phone}


def has_consented(rows: Rows, user_id: int, phone: str) -> bool:
    """Whether a consent of this person is on record. phone: the address; who hides it wrote first."""
    if identities.is_hidden(phone):
        return True
    found = rows.value(
        "select 1 from contacts where user_id = :user_id and phone = :phone and consent_at is not null",
        user_id=user_id,
        phone=phone,
    )
    return found is not None


def some(rows: Rows, user_id: int, contact_ids: list[int]) -> list[Contact]:
    """Those of these contacts that are the user's, in the order given."""
    found = rows.all(
        f"""select {COLUMNS} from contacts c where c.user_id = :user_id
            and c.id in (select value from json_each(:ids))""",  # noqa: S608
        user_id=user_id,
        ids=json.dumps(contact_ids),
    )
    order = {contact_id: place for place, contact_id in enumerate(contact_ids)}
    return sorted(contacts_of(rows, found), key=lambda contact: order[contact.id])


def page(
    rows: Rows, user_id: int, wanted: Wanted, *, number: int = 1, per_page: int = 50, cursor: int | None = None
) -> Page:
    """One page of the user's contacts. With a cursor, the number is not looked at and any depth is fast."""
    source, column, params = _filtered(user_id, wanted)
    total = int(rows.value(f"select count(*) from {source}", **params))  # noqa: S608
    found = rows.all(
        f"""select {COLUMNS} from contacts c where c.id in (
              select {column} from {source} and {column} < ifnull(:cursor, 9e18)
              order by {column} desc limit :limit offset :offset)
            order by c.id desc""",  # noqa: S608
        cursor=cursor,
        limit=per_page + 1,
        offset=0 if cursor is not None else (number - 1) * per_page,
        **params,
    )
    contacts = contacts_of(rows, found[:per_page])
    return Page(contacts, total, contacts[-1].id if len(found) > per_page else None)


def tags(rows: Rows, user_id: int) -> list[Tag]:
    """Every tag the user's contacts have, as the oldest of them spells it, by name."""
    return [
        Tag(row["tag"], row["n"])
        for row in rows.all(
            """select n, (select t.tag from contact_tags t where t.user_id = :user_id and t.key = g.key
                          order by t.contact_id limit 1) as tag
               from (select key, count(*) as n from contact_tags where user_id = :user_id group by key) g
               order by g.key""",
            user_id=user_id,
        )
    ]


def count(rows: Rows, user_id: int) -> int:
    """How many contacts the user has."""
    return int(rows.value("select count(*) from contacts where user_id = :user_id", user_id=user_id))


def upsert(
    tx: Tx,
    user_id: int,
    *,
    phone: str,
    flagged: bool = False,
    name: str | None | UnsetType = UNSET,
    custom: str | None | UnsetType = UNSET,
    tags: tuple[str, ...] | UnsetType = UNSET,
    consent: Consent | None | UnsetType = UNSET,
    now: datetime,
) -> tuple[Contact, bool]:
    """The contact with this phone stands; True if it is new.

    phone, flagged: as `phones.parse` gave them. A field left UNSET stays as it is, None clears it. Name,
    custom and tags: as `fields` cleaned them.
    """
    draft = Draft(Phone(phone, flagged), name, custom, tags, consent)
    outcome = write(tx, user_id, [draft], now=now)[phone]
    contact = by_phone(tx, user_id, phone)
    assert contact is not None
    return contact, outcome == "created"


def bulk(tx: Tx, user_id: int, drafts: Sequence[Draft], *, now: datetime) -> Counts:
    """All of them stand. A phone that comes twice is one contact: created once, then updated.

    Raises Invalid `too_many` over MOST_AT_ONCE.
    """
    if len(drafts) > MOST_AT_ONCE:
        sentence = f"Send at most {MOST_AT_ONCE:,} contacts in one call."
        raise Invalid("too_many", sentence, details={"contacts": sentence})
    outcomes = write(tx, user_id, drafts, now=now)
    created = sum(outcome == "created" for outcome in outcomes.values())
    return Counts(created, len(drafts) - created, len(drafts))


def patch(
    tx: Tx,
    user_id: int,
    contact_id: int,
    *,
    name: str | None | UnsetType = UNSET,
    custom: str | None | UnsetType = UNSET,
    tags: tuple[str, ...] | UnsetType = UNSET,
    consent: Consent | None | UnsetType = UNSET,
    now: datetime,
) -> Contact:
    """The contact with these changes. Raises NotFound."""
    contact = of_user(tx, user_id, contact_id)
    phone = Phone(contact.phone, contact.flagged)
    write(tx, user_id, [Draft(phone, name, custom, tags, consent)], now=now)
    return of_user(tx, user_id, contact_id)


def remove(tx: Tx, user_id: int, contact_id: int) -> None:
    """The contact and its tags are gone; the log, and whether it may be written to, stay. Raises NotFound."""
    gone = tx.run("delete from contacts where id = :id and user_id = :user_id", id=contact_id, user_id=user_id)
    if not gone:
        raise NotFound("not_found", "There is no such contact; GET /contacts lists yours.")


def _filtered(user_id: int, wanted: Wanted) -> tuple[str, str, dict[str, Any]]:
    """A source with its conditions, the column that holds the contact's id, and the parameters."""
    params: dict[str, Any] = {"user_id": user_id}
    if wanted.tag is not None:
        params["tag"] = fields.key(unicodedata.normalize("NFC", " ".join(wanted.tag.split())))
    if wanted.text is None or not wanted.text.strip():
        if wanted.tag is None:
            return "contacts f where f.user_id = :user_id", "f.id", params
        return "contact_tags t where t.user_id = :user_id and t.key = :tag", "t.contact_id", params
    params |= _sought(wanted.text)
    tagged = "" if wanted.tag is None else f" and f.id in ({_TAGGED})"
    return f"contacts f where f.user_id = :user_id{tagged} and {_FOUND}", "f.id", params


_TAGGED = "select contact_id from contact_tags where user_id = :user_id and key = :tag"
_FOUND = """(instr(lower(f.name), :text) > 0 or instr(lower(f.custom), :text) > 0
    or (:digits <> '' and instr(f.phone, :digits) > 0)
    or f.id in (select contact_id from contact_tags where user_id = :user_id and instr(key, :key) > 0))"""
_WHOLE_NUMBER = 8  # digits; in so long a search zeros in front are a prefix, not a part of the number
_IN_A_PHONE = re.compile(r"[\s()+./-]+")


def _sought(text: str) -> dict[str, str]:
    """The search as it is compared: with names as SQLite lowers them, with phones by their digits."""
    cleaned = " ".join(text.split())
    bare = _IN_A_PHONE.sub("", cleaned)
    digits = [unicodedata.decimal(character, None) for character in bare]
    number = "" if None in digits else "".join(str(digit) for digit in digits)
    if len(number) >= _WHOLE_NUMBER:
        number = number.lstrip("0")
    lowered = "".join(one.lower() if one.isascii() else one for one in cleaned)
    return {"text": lowered, "digits": number, "key": fields.key(unicodedata.normalize("NFC", cleaned))}
