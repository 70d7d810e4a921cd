"""Counts for the reports what stood in the log before there were such counts: a piece at a time, newest first.

An answer is found in the inbox by the rule of `replies`; opt-outs in the record of them, without the phone; what
retention had removed, in the counts of each quarter of an hour, without phone, campaign and source.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

from wabox import times
from wabox.campaigns.replies import BLAMED_FOR
from wabox.db import Rows, Tx
from wabox.messages import counting
from wabox.messages.counting import LEFT, NONE

PIECE = 500
_OUTS = "report_outs_left"  # in `box`: the newest opt-out that is not counted yet, if there is one
_OF_QUARTERS = ("sent", "delivered", "read", "failed", "skipped", "cancelled")


def is_complete(rows: Rows) -> bool:
    """Whether everything is counted."""
    return rows.value("select 1 from box where key in (:left, :outs) limit 1", left=LEFT, outs=_OUTS) is None


def catch_up(tx: Tx, *, most: int = PIECE) -> int:
    """A piece more is counted; 0 once nothing is left."""
    outs = _mark(tx, _OUTS)
    if outs is not None:
        _count_outs(tx, outs)
        tx.run("delete from box where key = :key", key=_OUTS)
        return 1
    left = _mark(tx, LEFT)
    if left is None:
        return 0
    found = tx.all("select id from messages where id <= :left order by id desc limit :most", left=left, most=most)
    ids = [row["id"] for row in found]
    if not ids:
        _count_forgotten(tx)
        tx.run("delete from box where key = :key", key=LEFT)
        return 1
    _find_answers(tx, ids)
    counting.add(tx, counting.parts(tx, counting.seen(tx, ids)))
    tx.run("update box set value = :left where key = :key", left=str(ids[-1] - 1), key=LEFT)
    return len(ids)


def _mark(rows: Rows, key: str) -> int | None:
    found = rows.value("select value from box where key = :key", key=key)
    return None if found is None else int(found)


def _find_answers(tx: Tx, message_ids: list[int]) -> None:
    """The first answer within its time to the campaign that wrote last before it."""
    tx.run(
        """update messages as m set replied_at = (
             select min(i.at) from inbox i where i.user_id = m.user_id and i.phone = m.phone and i.automatic = 0
             and i.verdict is not 'opt_out' and i.at >= m.spent_at
             and julianday(i.at) <= julianday(m.spent_at) + :days
             and not exists (select 1 from messages later where later.user_id = m.user_id
               and later.phone = m.phone and later.campaign_id is not null and later.spent_at > m.spent_at
               and later.spent_at <= i.at and later.status <> 'failed'))
           where id in (select value from json_each(:ids)) and campaign_id is not null
           and spent_at is not null and replied_at is null and status <> 'failed'""",
        ids=json.dumps(message_ids),
        days=BLAMED_FOR / timedelta(days=1),
    )


def _count_outs(tx: Tx, last: int) -> None:
    """Who asked by a word, and still wants no messages: one for each person, whatever ids they have."""
    for row in tx.all(
        """select distinct s.user_id, s.campaign_id, s.at from suppressions s
           join suppression_log l on l.user_id = s.user_id and l.phone_hash = s.phone_hash and l.change = 'out'
           and l.at = s.at and l.id <= :last where s.source = 'word'""",
        last=last,
    ):
        counting.opted_out(tx, row["user_id"], NONE, row["campaign_id"], now=times.read(row["at"]))


def _count_forgotten(tx: Tx) -> None:
    """Of days before the oldest row that is left, what the quarters of an hour know beyond the rows."""
    before = tx.value("select value from box where key = 'messages_forgotten_to'")
    if before is None:
        return
    known: Counter[tuple[int, str, str]] = Counter()
    for row in tx.all(
        """select user_id, bucket, status, n from message_counts where bucket < :before
           and status in (select value from json_each(:columns))""",
        before=before,
        columns=json.dumps(_OF_QUARTERS),
    ):
        known[row["user_id"], counting.day_of(tx, row["user_id"], row["bucket"]), row["status"]] += row["n"]
    for (user_id, day, column), n in known.items():
        counted = tx.value(
            f"select sum({column}) from report_counts where user_id = :user_id and day = :day",  # noqa: S608 - _OF_QUARTERS
            user_id=user_id,
            day=day,
        )
        if n > (counted or 0):
            key = ("report_counts", user_id, NONE, day, NONE, "other", column)
            counting.add(tx, {key: n - (counted or 0)})
