"""Writes people down, one or a thousand: what exists is read in two queries, only what differs is written.

Within one call later drafts of the same phone go over earlier ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from msgspec import UNSET, UnsetType

from wabox import times
from wabox.contacts import fields, own
from wabox.contacts import stored as contacts
from wabox.contacts.drafts import Draft as Draft
from wabox.contacts.drafts import State, applied, over
from wabox.contacts.own_values import Field, Sent
from wabox.contacts.phones import Phone
from wabox.contacts.stored import Consent, Contact
from wabox.db import Rows, Tx
from wabox.errors import Invalid, NotFound

Outcome = Literal["created", "updated", "unchanged"]

MOST_AT_ONCE = 1_000
MOST_WRONG = 50


@dataclass(frozen=True, slots=True)
class Counts:
    """What a call with many rows did. created: new people. updated: rows that met one, changed or not."""

    created: int
    updated: int
    total: int


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
    fields: Mapping[str, Sent] | None = None,
    now: datetime,
) -> tuple[Contact, bool]:
    """The contact with this phone stands; True if it is new.

    phone, flagged: as `phones.parse` gave them. A field left UNSET stays as it is, None clears it. Name,
    custom and tags: as `fields` cleaned them.
    """
    draft = Draft(Phone(phone, flagged), name, custom, tags, consent, fields=fields or {})
    outcome = write(tx, user_id, [draft], now=now)[phone]
    contact = contacts.by_phone(tx, user_id, phone)
    assert contact is not None
    return contact, outcome == "created"


def bulk(tx: Tx, user_id: int, drafts: Sequence[Draft], *, now: datetime) -> Counts:
    """All of them stand. A phone that comes twice is one contact: created once, then updated.

    Raises Invalid `too_many` over MOST_AT_ONCE, or what is wrong with own fields, each by its row.
    """
    if len(drafts) > MOST_AT_ONCE:
        sentence = f"Send at most {MOST_AT_ONCE:,} contacts in one call."
        raise Invalid("too_many", sentence, details={"contacts": sentence})
    details: dict[str, str] = {}
    for number, draft in enumerate(drafts):
        if not draft.fields:
            continue
        try:
            own.understood(own.ready(tx, user_id, [draft.fields], now=now), draft.fields)
        except Invalid as wrong:
            details |= {f"contacts[{number}].{name}": why for name, why in wrong.details.items()}
        if len(details) >= MOST_WRONG:
            break
    if details:
        raise Invalid("invalid", f"Something is wrong with {', '.join(details)}; see details.", details=details)
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
    fields: Mapping[str, Sent] | None = None,
    now: datetime,
) -> Contact:
    """The contact with these changes. Raises NotFound; Invalid as `write`."""
    contact = contacts.of_user(tx, user_id, contact_id)
    phone = Phone(contact.phone, contact.flagged)
    write(tx, user_id, [Draft(phone, name, custom, tags, consent, fields=fields or {})], now=now)
    return contacts.of_user(tx, user_id, contact_id)


def remove(tx: Tx, user_id: int, contact_id: int) -> None:
    """The contact and its tags are gone; the log, and whether it may be written to, stay. Raises NotFound."""
    gone = tx.run("delete from contacts where id = :id and user_id = :user_id", id=contact_id, user_id=user_id)
    if not gone:
        raise NotFound("not_found", "There is no such contact; GET /contacts lists yours.")


def remove_many(tx: Tx, user_id: int, contact_ids: Iterable[int]) -> int:
    """As `remove`, those of these contacts that are there; how many."""
    return tx.run(
        "delete from contacts where user_id = :user_id and id in (select value from json_each(:ids))",
        user_id=user_id,
        ids=json.dumps(list(contact_ids)),
    )


def write(tx: Tx, user_id: int, drafts: Iterable[Draft], *, now: datetime) -> dict[str, Outcome]:
    """All drafts are written; what became of each phone. Raises Invalid as `own.ready` and `own.understood`."""
    wanted: dict[str, Draft] = {}
    drafts = list(drafts)
    named = own.ready(tx, user_id, [draft.fields for draft in drafts], now=now)
    for draft in drafts:
        draft = replace(draft, fields=own.understood(named, draft.fields))
        before = wanted.get(draft.phone.digits)
        wanted[draft.phone.digits] = draft if before is None else over(before, draft)
    known = _known(tx, user_id, list(wanted), has_fields=bool(named))
    new = {phone: applied(None, draft) for phone, draft in wanted.items() if phone not in known}
    changed: dict[int, tuple[State, State]] = {}
    for phone, (contact_id, state) in known.items():
        after = applied(state, wanted[phone])
        if after != state:
            changed[contact_id] = (state, after)
    _insert(tx, user_id, new, named, now)
    _update(tx, user_id, changed, named, now)
    return {
        phone: "created" if phone in new else "updated" if known[phone][0] in changed else "unchanged"
        for phone in wanted
    }


def foreseen(rows: Rows, user_id: int, drafts: Sequence[Draft]) -> list[Outcome]:
    """What `write` would answer for each, as things stand; each phone at most once."""
    known = _known(rows, user_id, [draft.phone.digits for draft in drafts])
    found: list[Outcome] = []
    for draft in drafts:
        _, state = known.get(draft.phone.digits, (0, None))
        if state is None:
            found.append("created")
        else:
            found.append("unchanged" if applied(state, draft) == state else "updated")
    return found


def _known(
    rows: Rows, user_id: int, phones: list[str], *, has_fields: bool = True
) -> dict[str, tuple[int, State]]:
    found = rows.all(
        """select id, phone, flagged, name, custom, consent_source, consent_at, consent_by, consent_note
           from contacts where user_id = :user_id and phone in (select value from json_each(:phones))""",
        user_id=user_id,
        phones=json.dumps(phones),
    )
    ids = [row["id"] for row in found]
    tagged, held = (
        contacts.tags_of(rows, ids) if found else {},
        own.texts_of(rows, ids) if found and has_fields else {},
    )
    return {
        row["phone"]: (
            row["id"],
            State(
                bool(row["flagged"]),
                row["name"],
                row["custom"],
                tagged.get(row["id"], ()),
                contacts.consent_of(row),
                held.get(row["id"], {}),
            ),
        )
        for row in found
    }


def _insert(tx: Tx, user_id: int, new: dict[str, State], named: Mapping[str, Field], now: datetime) -> None:
    """New people; what wabox knows of their chats already is theirs from the start."""
    if not new:
        return
    first = int(tx.value("select seq from sqlite_sequence where name = 'contacts'") or 0) + 1
    met = {
        row["phone"]: (row["last_out_at"], row["last_in_at"])
        for row in tx.all(
            """select phone, max(last_out_at) as last_out_at, max(last_in_at) as last_in_at from chats
               where user_id = :user_id and phone in (select value from json_each(:phones)) group by phone""",
            user_id=user_id,
            phones=json.dumps(list(new)),
        )
    }
    at = times.stored(now)
    tx.many(
        """insert into contacts (id, user_id, phone, flagged, name, custom, consent_source, consent_at, consent_by,
                                 consent_note, last_out_at, last_in_at, created_at, updated_at, is_out)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, exists (
             select 1 from suppressions s where s.user_id = ?2 and s.phone_hash = phone_hash(?3)))""",
        [
            (
                *(first + number, user_id, phone, int(state.flagged), state.name, state.custom),
                *_consent_columns(state.consent),
                *met.get(phone, (None, None)),
                *(at, at),
            )
            for number, (phone, state) in enumerate(new.items())
        ],
    )
    _insert_tags(tx, user_id, {first + number: state.tags for number, state in enumerate(new.values())})
    own.put(
        tx, user_id, named, {first + number: one.fields for number, one in enumerate(new.values()) if one.fields}
    )


def _update(
    tx: Tx, user_id: int, changed: dict[int, tuple[State, State]], named: Mapping[str, Field], now: datetime
) -> None:
    if not changed:
        return
    at = times.stored(now)
    tx.many(
        """update contacts set name = ?, custom = ?, consent_source = ?, consent_at = ?, consent_by = ?,
           consent_note = ?, updated_at = ? where id = ?""",
        [
            (after.name, after.custom, *_consent_columns(after.consent), at, contact_id)
            for contact_id, (_, after) in changed.items()
        ],
    )
    retagged = {one: after.tags for one, (before, after) in changed.items() if before.tags != after.tags}
    tx.run(
        "delete from contact_tags where contact_id in (select value from json_each(:ids))",
        ids=json.dumps(list(retagged)),
    )
    _insert_tags(tx, user_id, retagged)
    refilled = {one: after.fields for one, (before, after) in changed.items() if before.fields != after.fields}
    own.put(tx, user_id, named, refilled)


def _insert_tags(tx: Tx, user_id: int, tagged: dict[int, tuple[str, ...]]) -> None:
    rows: list[tuple[Any, ...]] = [
        (contact_id, user_id, tag, fields.key(tag), position)
        for contact_id, tags in tagged.items()
        for position, tag in enumerate(tags)
    ]
    tx.many("insert into contact_tags (contact_id, user_id, tag, key, position) values (?, ?, ?, ?, ?)", rows)


def _consent_columns(consent: Consent | None) -> tuple[str | None, ...]:
    if consent is None:
        return (None, None, None, None)
    return (consent.source, times.stored(consent.at), consent.by, consent.note)
