"""The fields a user has given their contacts, and the values in them, as rows.

A field is found by its name and kept by its id, so that a new name needs no contact to be written. Other kinds of
values are other keys: a change of kind reads every value anew, or is refused with those that do not fit.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from wabox import times
from wabox.contacts import own_values
from wabox.contacts.own_values import MOST_FIELDS, Display, Field, Held, Key, Kind, Sent
from wabox.db import Row, Rows, Tx, reader
from wabox.errors import Invalid, NotFound

MOST_SHOWN = 5  # values that are named where many do not fit

_field = reader(Field)


@dataclass(frozen=True, slots=True)
class Counted:
    """A field and how many contacts have a value in it."""

    field: Field
    contacts: int


def every(rows: Rows, user_id: int) -> list[Field]:
    """The user's fields, by name."""
    return [
        _field(row)
        for row in rows.all("select * from contact_fields where user_id = :id order by name", id=user_id)
    ]


def names(rows: Rows, user_id: int) -> tuple[str, ...]:
    """What the user's fields are called, for `template.parse`."""
    found = rows.all("select name from contact_fields where user_id = :id order by name", id=user_id)
    return tuple(row["name"] for row in found)


def counted(rows: Rows, user_id: int) -> list[Counted]:
    """The user's fields by name, each with how many contacts have it."""
    found = rows.all(
        """select f.*, (select count(*) from field_values v where v.field_id = f.id) as n
           from contact_fields f where f.user_id = :id order by f.name""",
        id=user_id,
    )
    return [Counted(_field(row), row["n"]) for row in found]


def of_user(rows: Rows, user_id: int, name: str) -> Field:
    """The user's field of this name. Raises NotFound."""
    row = rows.one("select * from contact_fields where user_id = :id and name = :name", id=user_id, name=name)
    if row is None:
        raise NotFound("not_found", "There is no such field; GET /fields lists yours.")
    return _field(row)


def by_id(rows: Rows, user_id: int, field_id: int) -> Field:
    """The user's field. Raises NotFound, for somebody else's too."""
    row = rows.one("select * from contact_fields where user_id = :user and id = :id", user=user_id, id=field_id)
    if row is None:
        raise NotFound("not_found", "There is no such field; GET /fields lists yours.")
    return _field(row)


def create(
    tx: Tx,
    user_id: int,
    *,
    name: str,
    kind: Kind = "text",
    display: Display | None = None,
    currency: str,
    now: datetime,
) -> Field:
    """The field stands; no contact has it yet. currency: of the box, for one shown as money.

    Raises Invalid `bad_field`, `name_taken`, or `too_many_fields` over MOST_FIELDS.
    """
    own_values.named(name)
    shown = own_values.shown_as(kind, display)
    there = names(tx, user_id)
    if name in there:
        raise _taken(name)
    if len(there) >= MOST_FIELDS:
        sentence = f"There are at most {MOST_FIELDS} fields of your own; remove one first."
        raise Invalid("too_many_fields", sentence, details={"name": sentence})
    field_id = tx.insert(
        """insert into contact_fields (user_id, name, kind, display, currency, created_at)
           values (:user_id, :name, :kind, :display, :currency, :now)""",
        user_id=user_id,
        name=name,
        kind=kind,
        display=shown,
        currency=currency if shown == "money" else None,
        now=times.stored(now),
    )
    return by_id(tx, user_id, field_id)


def change(
    tx: Tx,
    user_id: int,
    field_id: int,
    *,
    name: str | None = None,
    kind: Kind | None = None,
    display: Display | None = None,
    currency: str,
    now: datetime,
) -> Field:
    """The field with these changes; None leaves as it is. Of another kind, every value is read anew.

    Raises NotFound; Invalid `bad_field`, `name_taken`, or `values_do_not_fit` with how many and some of them.
    Whoever asks has made sure that nothing that runs counts on the field: `texts.renaming`.
    """
    before = by_id(tx, user_id, field_id)
    name, kind = before.name if name is None else name, kind or before.kind
    if name != before.name:
        own_values.named(name)
        if name in names(tx, user_id):
            raise _taken(name)
    shown = own_values.shown_as(kind, display or (before.display if kind == before.kind else None))
    if kind != before.kind:
        _read_anew(tx, before, kind)
    if (name, kind) != (before.name, before.kind):
        _touch(tx, field_id, now)
    tx.run(
        """update contact_fields set name = :name, kind = :kind, display = :display, currency = :currency
           where id = :id and user_id = :user_id""",
        id=field_id,
        user_id=user_id,
        name=name,
        kind=kind,
        display=shown,
        currency=(before.currency or currency) if shown == "money" else None,
    )
    return by_id(tx, user_id, field_id)


def remove(tx: Tx, user_id: int, field_id: int, *, now: datetime) -> int:
    """The field is gone, and what contacts had in it; of how many. Raises NotFound. As `change` for what runs."""
    by_id(tx, user_id, field_id)
    _touch(tx, field_id, now)
    had = tx.run("delete from field_values where field_id = :id and user_id = :user", id=field_id, user=user_id)
    tx.run("delete from contact_fields where id = :id and user_id = :user", id=field_id, user=user_id)
    return had


# -- values ------------------------------------------------------------------------------------------


def ready(tx: Tx, user_id: int, sent: Iterable[Mapping[str, Sent]], *, now: datetime) -> dict[str, Field]:
    """The user's fields by name. A name that is new becomes a field: of numbers for a number, else of text.

    A value that is taken away makes no field. Raises as `create`, with `fields.<name>` in the details.
    """
    there = {field.name: field for field in every(tx, user_id)}
    for values in sent:
        for name, value in values.items():
            if name in there:
                continue
            kind: Kind = "text" if isinstance(value, str) else "number"
            try:
                own_values.named(name)
                if value is not None and own_values.read(name, kind, value) is not None:
                    there[name] = create(tx, user_id, name=name, kind=kind, currency="", now=now)
            except Invalid as wrong:
                wrong.details = {f"fields.{name[:64]}": wrong.sentence}
                raise
    return there


def understood(fields: Mapping[str, Field], values: Mapping[str, Sent]) -> dict[str, str | None]:
    """The values as they are kept, None for one that is taken away. Raises Invalid `bad_value`.

    fields: as `ready` gave them; a name that is not among them has no value to take away.
    """
    return {
        name: own_values.read(name, fields[name].kind if name in fields else "text", value)
        for name, value in values.items()
    }


def texts_of(rows: Rows, contact_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """{contact: {name: value as it is kept}}; nothing for one without."""
    return {
        contact_id: {one.field.name: one.text for one in held}
        for contact_id, held in held_by(rows, contact_ids).items()
    }


def held_by(rows: Rows, contact_ids: Collection[int]) -> dict[int, tuple[Held, ...]]:
    """{contact: what they have in fields, by name}; nothing for one without."""
    found: dict[int, list[Held]] = {}
    known: dict[int, Field] = {}
    for row in rows.all(
        """select v.contact_id, v.value, f.* from field_values v join contact_fields f on f.id = v.field_id
           where v.contact_id in (select value from json_each(:ids)) order by v.contact_id, f.name""",
        ids=json.dumps(list(contact_ids)),
    ):
        if row["id"] not in known:
            known[row["id"]] = _field(row)
        found.setdefault(row["contact_id"], []).append(Held(known[row["id"]], row["value"]))
    return {contact_id: tuple(held) for contact_id, held in found.items()}


def said(rows: Rows, contact_ids: Collection[int], language: str) -> dict[int, dict[str, str]]:
    """{contact: {name: the value as a text in this language says it}}."""
    return {
        contact_id: {one.field.name: one.said(language) for one in held}
        for contact_id, held in held_by(rows, contact_ids).items()
    }


def put(tx: Tx, user_id: int, fields: Mapping[str, Field], values: Mapping[int, Mapping[str, str]]) -> None:
    """These contacts have these values and no others. values: {contact: {name: as it is kept}}."""
    if not values:
        return
    tx.run(
        "delete from field_values where user_id = :user and contact_id in (select value from json_each(:ids))",
        user=user_id,
        ids=json.dumps(list(values)),
    )
    tx.many(
        "insert into field_values (contact_id, field_id, user_id, value, key) values (?, ?, ?, ?, ?)",
        [
            (contact_id, fields[name].id, user_id, text, own_values.key(fields[name].kind, text))
            for contact_id, held in values.items()
            for name, text in held.items()
        ],
    )


def _touch(tx: Tx, field_id: int, now: datetime) -> None:
    """Who has a value in the field has changed."""
    tx.run(
        """update contacts set updated_at = :now
           where id in (select contact_id from field_values where field_id = :id)""",
        id=field_id,
        now=times.stored(now),
    )


def _read_anew(tx: Tx, field: Field, kind: Kind) -> None:
    """Every value as one of this kind. Raises Invalid `values_do_not_fit`."""
    unfit: list[str] = []
    count = 0
    again: list[tuple[str, Key, int, Key, str]] = []
    for row in tx.all(
        "select key, value, count(*) as n from field_values where field_id = :id group by key, value", id=field.id
    ):
        text = _as(field.name, kind, row)
        if text is None:
            unfit.append(row["value"])
            count += row["n"]
        else:
            again.append((text, own_values.key(kind, text), field.id, row["key"], row["value"]))
    if unfit:
        shown = ", ".join(f"“{one[:30]}”" for one in unfit[:MOST_SHOWN])
        sentence = f"{count} values are no {kind}s, like {shown}; change them first."
        raise Invalid("values_do_not_fit", sentence, details={"kind": sentence})
    tx.many("update field_values set value = ?, key = ? where field_id = ? and key = ? and value = ?", again)


def _as(name: str, kind: Kind, row: Row) -> str | None:
    try:
        return own_values.read(name, kind, cast(str, row["value"]))
    except Invalid:
        return None


def _taken(name: str) -> Invalid:
    sentence = f"There is a field {name} already; choose another name."
    return Invalid("name_taken", sentence, details={"name": sentence})
