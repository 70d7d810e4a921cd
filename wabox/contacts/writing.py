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
from wabox.contacts import fields, people
from wabox.contacts.people import Consent
from wabox.contacts.phones import Phone
from wabox.db import Rows, Tx

Outcome = Literal["created", "updated", "unchanged"]


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
class _State:
    """All of a contact that a draft can change."""

    flagged: bool
    name: str | None
    custom: str | None
    tags: tuple[str, ...]
    consent: Consent | None


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
    tagged = people.tags_of(rows, [row["id"] for row in found]) if found else {}
    return {
        row["phone"]: (
            row["id"],
            _State(
                bool(row["flagged"]),
                row["name"],
                row["custom"],
                tagged.get(row["id"], ()),
                people.consent_of(row),
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
