"""An audience under a name: a segment that is kept, counted when somebody looks, and meant anew at each launch.

Names are the user's own and unique, however they are spelled. A tag or a field with a new name is followed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from wabox import times
from wabox.contacts import fields, segments
from wabox.contacts.conditions import Condition
from wabox.contacts.segments import Segment
from wabox.db import Row, Rows, Tx
from wabox.errors import Invalid, NotFound
from wabox.languages import later

MOST = 50
MOST_NAME = 100


@dataclass(frozen=True, slots=True)
class Audience:
    """One of them. kept: its segment as `segments.write` has it."""

    id: int
    user_id: int
    name: str
    kept: str
    created_at: datetime
    updated_at: datetime

    @property
    def segment(self) -> Segment:
        """Who is meant."""
        return segments.read(self.kept)


def of_user(rows: Rows, user_id: int, audience_id: int) -> Audience:
    """The user's. Raises NotFound, for somebody else's too."""
    row = rows.one(
        "select * from saved_audiences where id = :id and user_id = :user_id", id=audience_id, user_id=user_id
    )
    if row is None:
        raise NotFound("not_found", "There is no such audience; GET /audiences lists yours.")
    return _read(row)


def known(rows: Rows, user_id: int, audience_id: int | None) -> Audience | None:
    """The user's; None for what is none, or gone."""
    try:
        return None if audience_id is None else of_user(rows, user_id, audience_id)
    except NotFound:
        return None


def every(rows: Rows, user_id: int) -> list[Audience]:
    """The user's, by name."""
    found = rows.all("select * from saved_audiences where user_id = :id order by name_key, id", id=user_id)
    return [_read(row) for row in found]


def add(tx: Tx, user_id: int, name: str, segment: Segment, *, now: datetime) -> Audience:
    """It is kept. now: aware. Raises Invalid `invalid`, `name_taken`, `too_many_audiences`, or as
    `segments.where`.
    """
    name = _named(tx, user_id, name, but=0)
    if tx.value("select count(*) from saved_audiences where user_id = :id", id=user_id) >= MOST:
        sentence = later("You have 50 audiences, which is the most; delete one first.")
        raise Invalid("too_many_audiences", sentence, details={"name": sentence})
    segments.where(tx, user_id, segment, today=now.date())
    audience_id = tx.insert(
        """insert into saved_audiences (user_id, name, name_key, segment, created_at, updated_at)
           values (:user_id, :name, :key, :segment, :now, :now)""",
        user_id=user_id,
        name=name,
        key=fields.key(name),
        segment=segments.write(segment),
        now=times.stored(now),
    )
    return of_user(tx, user_id, audience_id)


def change(
    tx: Tx, user_id: int, audience_id: int, *, name: str | None, segment: Segment | None, now: datetime
) -> Audience:
    """It is called so, or means these people; None leaves as it is. Raises NotFound, else as `add`.

    Campaigns that are planned for it follow: `campaigns.following`.
    """
    before = of_user(tx, user_id, audience_id)
    name = before.name if name is None else _named(tx, user_id, name, but=audience_id)
    segment = before.segment if segment is None else segment
    segments.where(tx, user_id, segment, today=now.date())
    tx.run(
        """update saved_audiences set name = :name, name_key = :key, segment = :segment, updated_at = :now
           where id = :id and user_id = :user_id""",
        id=audience_id,
        user_id=user_id,
        name=name,
        key=fields.key(name),
        segment=segments.write(segment),
        now=times.stored(now),
    )
    return of_user(tx, user_id, audience_id)


def remove(tx: Tx, user_id: int, audience_id: int) -> None:
    """It is gone; its people stay. Raises NotFound. That nothing counts on it, whoever asks has made sure."""
    of_user(tx, user_id, audience_id)
    tx.run("delete from saved_audiences where id = :id and user_id = :user_id", id=audience_id, user_id=user_id)


def asking(rows: Rows, user_id: int, key: str) -> Audience | None:
    """The first that asks for the tag with this key."""
    return next((one for one in every(rows, user_id) if key in segments.keys(one.segment)), None)


def retagged(segment: Segment, tag: str, to: str) -> Segment:
    """The same people, once the tag is called otherwise, or joined with another."""
    old = fields.key(tag)

    def anew(tags: tuple[str, ...]) -> tuple[str, ...]:
        named = [to if fields.key(one) == old else one for one in tags]
        return tuple({fields.key(one): one for one in named}.values())

    return msgspec.structs.replace(
        segment,
        tags_any=anew(segment.tags_any),
        tags_all=anew(segment.tags_all),
        tags_none=anew(segment.tags_none),
    )


def refielded(segment: Segment, name: str, to: str) -> Segment:
    """The same people, once the field is called otherwise."""

    def anew(one: Condition) -> Condition:
        return msgspec.structs.replace(one, field=to) if one.field == name else one

    return msgspec.structs.replace(segment, fields=tuple(anew(one) for one in segment.fields))


def rewrite(tx: Tx, user_id: int, anew: Callable[[Segment], Segment]) -> None:
    """Each of the user's means what `anew` makes of it."""
    for one in every(tx, user_id):
        kept = segments.write(anew(one.segment))
        if kept != one.kept:
            tx.run("update saved_audiences set segment = :kept where id = :id", kept=kept, id=one.id)


def _named(rows: Rows, user_id: int, name: str, *, but: int) -> str:
    """The name, clean. Raises Invalid."""
    clean = fields.name(name[: 2 * fields.MOST_NAME]) or ""
    if not clean:
        sentence = later("Give the audience a name; it is found by it.")
    elif len(clean) > MOST_NAME:
        sentence = later("A name has at most 100 characters.")
    else:
        there = rows.value(
            "select id from saved_audiences where user_id = :id and name_key = :key",
            id=user_id,
            key=fields.key(clean),
        )
        if there in (None, but):
            return clean
        sentence = later("You have an audience of this name; choose another one.")
        raise Invalid("name_taken", sentence, details={"name": sentence})
    raise Invalid("invalid", sentence, details={"name": sentence})


def _read(row: Row) -> Audience:
    return Audience(
        row["id"],
        row["user_id"],
        row["name"],
        row["segment"],
        times.read(row["created_at"]),
        times.read(row["updated_at"]),
    )
