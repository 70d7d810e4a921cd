"""Who had the message for their date: nobody has it of one campaign twice a year, whatever the date becomes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta

from wabox.db import Rows, Tx

PIECE = 500
ONCE_IN = timedelta(days=300)  # a date that is put right by some weeks still comes next year


def left(rows: Rows, repeat_id: int | None, contact_ids: Sequence[int], day: date) -> list[int]:
    """Those of them who had none of it within the last 300 days, and more."""
    had = rows.all(
        """select contact_id from repeat_people where repeat_id = :repeat and day > :since and day <> :day
           and contact_id in (select value from json_each(:ids))""",
        repeat=repeat_id,
        since=(day - ONCE_IN).isoformat(),
        day=day.isoformat(),
        ids=json.dumps(list(contact_ids)),
    )
    gone = {row["contact_id"] for row in had}
    return [one for one in contact_ids if one not in gone]


def note(tx: Tx, repeat_id: int | None, contact_ids: Sequence[int], day: date) -> None:
    """These have it with the run of this day, as long as there is the campaign."""
    tx.run(
        """insert into repeat_people (user_id, repeat_id, contact_id, day)
           select r.user_id, r.id, c.id, :day from repeats r, contacts c
           where r.id = :repeat and c.user_id = r.user_id
           and c.id in (select value from json_each(:ids))
           on conflict do update set day = max(day, excluded.day)""",
        repeat=repeat_id,
        day=day.isoformat(),
        ids=json.dumps(list(contact_ids)),
    )


def forget(tx: Tx, repeat_id: int, *, most: int = PIECE) -> bool:
    """A piece of who had it is forgotten. False: nothing is left."""
    gone = tx.run(
        """delete from repeat_people where (repeat_id, contact_id) in
             (select repeat_id, contact_id from repeat_people where repeat_id = :repeat limit :most)""",
        repeat=repeat_id,
        most=most,
    )
    return gone > 0
