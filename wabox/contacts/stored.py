"""A contact: its row, and how contacts are found, listed and counted."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from wabox import languages, times
from wabox.contacts import conditions, fields, identities, own, own_values
from wabox.contacts.conditions import Condition
from wabox.contacts.own_values import Held
from wabox.db import Row, Rows, reader
from wabox.errors import NotFound

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
    fields: what they have in the user's own fields, by name. opted_out: asked not to be written to.
    last_out_at, last_in_at: of messages, on any device.
    """

    id: int
    phone: str
    flagged: bool
    name: str | None
    custom: str | None
    tags: tuple[str, ...]
    fields: tuple[Held, ...]
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the list; None = all. tag: any of a contact's.

    text: in name, phone, custom, a tag or a field of the user's own; `city:dhaka` looks in that field only.
    field: what must hold of one of those, `is` or `empty`. phone: digits. updated_since: what the contact is,
    not when it was written to, has changed at this moment or later. consented: one is on record. wrote: to us,
    ever. written_to: ever. namesakes: somebody else has just this name.
    """

    tag: str | None = None
    text: str | None = None
    field: Condition | None = None
    phone: str | None = None
    opted_out: bool | None = None
    updated_since: datetime | None = None
    consented: bool | None = None
    wrote: bool | None = None
    written_to: bool | None = None
    namesakes: bool = False


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
    """One page of the user's contacts. With a cursor, the number is not looked at and any depth is fast.

    Raises Invalid `bad_segment` for a field that there is not, or a value that is none of its kind.
    """
    source, column, params = _filtered(user_id, wanted)
    if wanted.field is not None:
        known = {one.name: one for one in own.every(rows, user_id)}
        holds, more = conditions.clause(known, wanted.field, 0, None)
        source, params = f"{source} and {holds.replace('c.id', column, 1)}", params | more
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


def ids(rows: Rows, user_id: int, wanted: Wanted, *, after: int = 0, until: int, most: int) -> list[int]:
    """The ids of the user's contacts that are wanted, ascending, from behind one id up to another."""
    source, column, params = _filtered(user_id, wanted)
    found = rows.all(
        f"""select {column} as id from {source} and {column} > :after and {column} <= :until
            order by {column} limit :most""",  # noqa: S608
        after=after,
        until=until,
        most=most,
        **params,
    )
    return [row["id"] for row in found]


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


def newest(rows: Rows, user_id: int) -> int:
    """The highest id of the user's contacts; 0 without any."""
    return int(rows.value("select ifnull(max(id), 0) from contacts where user_id = :user_id", user_id=user_id))


def count(rows: Rows, user_id: int) -> int:
    """How many contacts the user has."""
    return int(rows.value("select count(*) from contacts where user_id = :user_id", user_id=user_id))


def values(contact: Contact, language: str = languages.FIRST) -> dict[str, str]:
    """What a template may say of this person. language: of the text, for numbers and dates."""
    return {
        "name": contact.name or "",
        "custom": contact.custom or "",
        "phone": contact.phone,
        **{one.field.name: one.said(language) for one in contact.fields},
    }


def values_for(
    rows: Rows, user_id: int, phone: str, own_names: Collection[str] = (), text: str = ""
) -> tuple[int | None, dict[str, str]]:
    """The id of the contact with this phone, if there is one, and what a template may say. One quick query.

    own_names: the user's fields that the text uses; with any, it is two, and they are said in its language.
    """
    row = rows.one(
        "select id, name, custom from contacts where user_id = :user_id and phone = :phone",
        user_id=user_id,
        phone=phone,
    )
    if row is None:
        return None, {"phone": identities.number(phone) or ""}
    said = own.said(rows, [row["id"]], languages.of(text)).get(row["id"], {}) if own_names else {}
    return row["id"], {"name": row["name"] or "", "custom": row["custom"] or "", "phone": phone, **said}


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


def contacts_of(rows: Rows, found: list[Row]) -> list[Contact]:
    """Rows of COLUMNS as contacts, with their tags and fields."""
    ids = [row["id"] for row in found]
    tagged, held = tags_of(rows, ids), own.held_by(rows, ids)
    contact = reader(
        Contact,
        tags=lambda row: tagged.get(row["id"], ()),
        fields=lambda row: held.get(row["id"], ()),
        consent=consent_of,
    )
    return [contact(row) for row in found]


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


def _filtered(user_id: int, wanted: Wanted) -> tuple[str, str, dict[str, Any]]:
    """A source with its conditions, the column that holds the contact's id, and the parameters."""
    params: dict[str, Any] = {"user_id": user_id}
    clauses = [""]
    if wanted.phone is not None:
        clauses.append("f.phone = :is_phone")
        params["is_phone"] = wanted.phone
    if wanted.opted_out is not None:
        clauses.append("f.is_out = :is_out")
        params["is_out"] = int(wanted.opted_out)
    if wanted.updated_since is not None:
        clauses.append("f.updated_at >= :updated_since")
        params["updated_since"] = times.stored(wanted.updated_since)
    clauses += [clause for clause, holds in _plain(wanted) if holds]
    if wanted.text is not None and wanted.text.strip():
        clauses.append(_FOUND)
        params |= _sought(wanted.text)
    if wanted.tag is not None:
        params["tag"] = fields.key(unicodedata.normalize("NFC", " ".join(wanted.tag.split())))
        if clauses == [""]:
            return "contact_tags t where t.user_id = :user_id and t.key = :tag", "t.contact_id", params
        clauses.append(f"f.id in ({_TAGGED})")
    # few have changed lately: not all are to be walked through by their ids
    column = "f.id" if wanted.updated_since is None else "+f.id"
    return f"contacts f where f.user_id = :user_id{' and '.join(clauses)}", column, params


def _plain(wanted: Wanted) -> list[tuple[str, bool]]:
    """Conditions without a value of their own, and whether each is asked for."""
    return [
        ("f.consent_at is not null", wanted.consented is True),
        ("f.consent_at is null", wanted.consented is False),
        ("f.last_in_at is not null", wanted.wrote is True),
        ("f.last_in_at is null", wanted.wrote is False),
        ("f.last_out_at is not null", wanted.written_to is True),
        ("f.last_out_at is null", wanted.written_to is False),
        (_NAMESAKES, wanted.namesakes),
    ]


_NAMESAKES = """f.name collate nocase in (select name from contacts
    where user_id = :user_id and name <> '' group by name collate nocase having count(*) > 1)"""

_TAGGED = "select contact_id from contact_tags where user_id = :user_id and key = :tag"

_FOUND = """(instr(lower(f.name), :text) > 0 or instr(lower(f.custom), :text) > 0
    or (:digits <> '' and instr(f.phone, :digits) > 0)
    or f.id in (select contact_id from contact_tags where user_id = :user_id and instr(key, :key) > 0)
    or f.id in (select v.contact_id from contact_fields d join field_values v on v.field_id = d.id
                where d.user_id = :user_id and d.kind <> 'number' and instr(v.key, :key) > 0)
    or f.id in (select v.contact_id from contact_fields d join field_values v on v.field_id = d.id
                where d.user_id = :user_id and d.kind = 'number' and instr(v.value, :plain) > 0)
    or f.id in (select v.contact_id from contact_fields d join field_values v on v.field_id = d.id
                where d.user_id = :user_id and d.name = :field
                and instr(iif(d.kind = 'number', v.value, v.key), :part) > 0))"""

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
    field, _, part = cleaned.partition(":")
    return {
        "text": lowered,
        "digits": number,
        "key": fields.key(unicodedata.normalize("NFC", cleaned)),
        "plain": cleaned,
        "field": field.strip() if part.strip() else "",
        "part": own_values.folded(part.strip()),
    }
