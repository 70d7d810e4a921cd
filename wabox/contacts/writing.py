"""Writes people down, one or a thousand: what exists is read in two queries, only what differs is written.

A draft leaves a field as it is (UNSET), clears it (None) or sets it. Within one call later drafts of the
same phone go over earlier ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from msgspec import UNSET, UnsetType

from wabox import times
from wabox.contacts import fields
from wabox.contacts import stored as contacts
from wabox.contacts.phones import Phone
from wabox.contacts.stored import Consent, Contact
from wabox.db import Rows, Tx
from wabox.errors import Invalid, NotFound

Outcome = Literal["created", "updated", "unchanged"]

MOST_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written of the person with this phone; name, custom and tags as `fields` cleaned them.

    add_tags: tags are added to those the contact has, instead of replacing them.
    """

    phone: Phone
    name: str | None | UnsetType = UNSET
    custom: str | None | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    consent: Consent | None | UnsetType = UNSET
    add_tags: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """What a call with many rows did. created: new people. updated: rows that met one, changed or not."""

    created: int
    updated: int
    total: int


@dataclass(frozen=True, slots=True)
class _State:
    """All of a contact that a draft can change."""

    flagged: bool
    name: str | None
    custom: str | None
    tags: tuple[str, ...]
    consent: Consent | None


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
    contact = contacts.by_phone(tx, user_id, phone)
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
    contact = contacts.of_user(tx, user_id, contact_id)
    phone = Phone(contact.phone, contact.flagged)
    write(tx, user_id, [Draft(phone, name, custom, tags, consent)], now=now)
    return contacts.of_user(tx, user_id, contact_id)


def remove(tx: Tx, user_id: int, contact_id: int) -> None:
    """The contact and its tags are gone; the log, and whether it may be written to, stay. Raises NotFound."""
    gone = tx.run("delete from contacts where id = :id and user_id = :user_id", id=contact_id, user_id=user_id)
    if not gone:
        raise NotFound("not_found", "There is no such contact; GET /contacts lists yours.")


def write(tx: Tx, user_id: int, drafts: Iterable[Draft], *, now: datetime) -> dict[str, Outcome]:
    """All drafts are written; what became of each phone."""
    wanted: dict[str, Draft] = {}
    for draft in drafts:
        before = wanted.get(draft.phone.digits)
        wanted[draft.phone.digits] = draft if before is None else _over(before, draft)
    known = _known(tx, user_id, list(wanted))
    new = {phone: _applied(None, draft) for phone, draft in wanted.items() if phone not in known}
    changed: dict[int, tuple[_State, _State]] = {}
    for phone, (contact_id, state) in known.items():
        after = _applied(state, wanted[phone])
        if after != state:
            changed[contact_id] = (state, after)
    _insert(tx, user_id, new, now)
    _update(tx, user_id, changed, now)
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
            found.append("unchanged" if _applied(state, draft) == state else "updated")
    return found


def _over(before: Draft, after: Draft) -> Draft:
    """The two as one: as if they had been written one after the other."""
    tags, add = after.tags, after.add_tags
    if tags is UNSET:
        tags, add = before.tags, before.add_tags
    elif add and not isinstance(before.tags, UnsetType) and not isinstance(tags, UnsetType):
        tags, add = _joined(before.tags, tags), before.add_tags
    return Draft(
        phone=after.phone,
        name=before.name if after.name is UNSET else after.name,
        custom=before.custom if after.custom is UNSET else after.custom,
        tags=tags,
        consent=before.consent if after.consent is UNSET else after.consent,
        add_tags=add,
    )


def _applied(state: _State | None, draft: Draft) -> _State:
    """The contact after the draft. None: there is none yet."""
    state = state or _State(draft.phone.flagged, None, None, (), None)
    return replace(
        state,
        name=state.name if isinstance(draft.name, UnsetType) else draft.name,
        custom=state.custom if isinstance(draft.custom, UnsetType) else draft.custom,
        tags=_tags(state.tags, draft),
        consent=_consent(state.consent, draft.consent),
    )


def _tags(before: tuple[str, ...], draft: Draft) -> tuple[str, ...]:
    if isinstance(draft.tags, UnsetType):
        return before
    return _joined(before, draft.tags) if draft.add_tags else draft.tags


def _joined(before: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    there = {fields.key(tag) for tag in before}
    joined = (*before, *(tag for tag in more if fields.key(tag) not in there))
    return joined[: fields.MOST_TAGS]


def _consent(before: Consent | None, wanted: Consent | None | UnsetType) -> Consent | None:
    """The same consent said again keeps its first date; an import's word does not replace a better one."""
    if isinstance(wanted, UnsetType):
        return before
    if before is None or wanted is None:
        return wanted
    if wanted.source == "import_attested":
        return before
    same = replace(wanted, at=before.at) == before
    return before if same and before.at <= wanted.at else wanted


def _known(rows: Rows, user_id: int, phones: list[str]) -> dict[str, tuple[int, _State]]:
    found = rows.all(
        """select id, phone, flagged, name, custom, consent_source, consent_at, consent_by, consent_note
           from contacts where user_id = :user_id and phone in (select value from json_each(:phones))""",
        user_id=user_id,
        phones=json.dumps(phones),
    )
    tagged = contacts.tags_of(rows, [row["id"] for row in found]) if found else {}
    return {
        row["phone"]: (
            row["id"],
            _State(
                bool(row["flagged"]),
                row["name"],
                row["custom"],
                tagged.get(row["id"], ()),
                contacts.consent_of(row),
            ),
        )
        for row in found
    }


def _insert(tx: Tx, user_id: int, new: dict[str, _State], now: datetime) -> None:
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
                                 consent_note, last_out_at, last_in_at, created_at, updated_at)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
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


def _update(tx: Tx, user_id: int, changed: dict[int, tuple[_State, _State]], now: datetime) -> None:
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
