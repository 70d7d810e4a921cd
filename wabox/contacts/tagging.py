"""Tags of many people at once: put, taken away, renamed, joined with another. Each verb does a part of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from wabox import times
from wabox.contacts import fields
from wabox.db import Rows, Tx

MOST_AT_ONCE = 500  # contacts in one transaction


def put(tx: Tx, user_id: int, contact_ids: Iterable[int], tag: str, *, now: datetime) -> int:
    """These contacts have the tag, if they have room for one; how many had it not. Raises Invalid `bad_tag`."""
    tag = fields.tag(tag)
    ids = tx.all(
        """select c.id, (select ifnull(max(t.position), -1) + 1 from contact_tags t
             where t.contact_id = c.id) as place
           from contacts c where c.user_id = :user_id and c.id in (select value from json_each(:ids))
             and not exists (select 1 from contact_tags t where t.contact_id = c.id and t.key = :key)
             and (select count(*) from contact_tags t where t.contact_id = c.id) < :most""",
        user_id=user_id,
        ids=json.dumps(list(contact_ids)),
        key=fields.key(tag),
        most=fields.MOST_TAGS,
    )
    tx.many(
        "insert into contact_tags (contact_id, user_id, tag, key, position) values (?, ?, ?, ?, ?)",
        [(row["id"], user_id, tag, fields.key(tag), row["place"]) for row in ids],
    )
    _changed(tx, [row["id"] for row in ids], now)
    return len(ids)


def take(tx: Tx, user_id: int, contact_ids: Iterable[int], tag: str, *, now: datetime) -> int:
    """None of these contacts has the tag; how many had it."""
    having = tx.all(
        """select contact_id from contact_tags where user_id = :user_id and key = :key
           and contact_id in (select value from json_each(:ids))""",
        user_id=user_id,
        key=_key(tag),
        ids=json.dumps(list(contact_ids)),
    )
    return _without(tx, [row["contact_id"] for row in having], _key(tag), now)


def rename(tx: Tx, user_id: int, tag: str, to: str, *, now: datetime) -> int:
    """Up to MOST_AT_ONCE who had the tag have the other one instead, which they may have had; how many.

    To be asked until it says 0. In between both tags are there, and whoever asks again goes on. Raises Invalid
    `bad_tag`.
    """
    to = fields.tag(to)
    old, new = _key(tag), fields.key(to)
    ids = [
        row["contact_id"]
        for row in tx.all(
            """select contact_id from contact_tags where user_id = :user_id and key = :old
               and (:old <> :new or tag <> :to) limit :most""",
            user_id=user_id,
            old=old,
            new=new,
            to=to,
            most=MOST_AT_ONCE,
        )
    ]
    tx.run(
        """delete from contact_tags where key = :old and :old <> :new and contact_id in (
             select contact_id from contact_tags where key = :new
             and contact_id in (select value from json_each(:ids)))""",
        old=old,
        new=new,
        ids=json.dumps(ids),
    )
    tx.run(
        """update contact_tags set tag = :to, key = :new
           where key = :old and contact_id in (select value from json_each(:ids))""",
        to=to,
        new=new,
        old=old,
        ids=json.dumps(ids),
    )
    _changed(tx, ids, now)
    return len(ids)


def drop(tx: Tx, user_id: int, tag: str, *, now: datetime) -> int:
    """Up to MOST_AT_ONCE who had the tag have it no more; how many. To be asked until it says 0."""
    ids = tx.all(
        "select contact_id from contact_tags where user_id = :user_id and key = :key limit :most",
        user_id=user_id,
        key=_key(tag),
        most=MOST_AT_ONCE,
    )
    return _without(tx, [row["contact_id"] for row in ids], _key(tag), now)


def having(rows: Rows, user_id: int, tag: str) -> int:
    """How many of the user's contacts have the tag."""
    return int(
        rows.value(
            "select count(*) from contact_tags where user_id = :user_id and key = :key",
            user_id=user_id,
            key=_key(tag),
        )
    )


def having_beside(rows: Rows, user_id: int, tag: str, contact_ids: Iterable[int]) -> bool:
    """Whether somebody who is none of these has the tag."""
    found = rows.value(
        """select 1 from contact_tags where user_id = :user_id and key = :key
           and contact_id not in (select value from json_each(:ids)) limit 1""",
        user_id=user_id,
        key=_key(tag),
        ids=json.dumps(list(contact_ids)),
    )
    return found is not None


def _key(tag: str) -> str:
    return fields.key(fields.tag(tag))


def _without(tx: Tx, contact_ids: list[int], key: str, now: datetime) -> int:
    tx.run(
        """delete from contact_tags where key = :key and contact_id in (select value from json_each(:ids))""",
        key=key,
        ids=json.dumps(contact_ids),
    )
    _changed(tx, contact_ids, now)
    return len(contact_ids)


def _changed(tx: Tx, contact_ids: list[int], now: datetime) -> None:
    tx.run(
        "update contacts set updated_at = :now where id in (select value from json_each(:ids))",
        now=times.stored(now),
        ids=json.dumps(contact_ids),
    )
