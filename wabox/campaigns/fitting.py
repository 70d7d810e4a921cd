"""Whose own data makes a campaign's text too long, or leaves nothing of it: for them alone it would fail."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wabox.contacts import own
from wabox.db import Rows
from wabox.messages.spintax import VARIABLES
from wabox.messages.template import Misfit as Misfit
from wabox.messages.template import Template

PIECE = 2_000
MOST_ADDED = 40  # characters, where a number or a date is said in words


@dataclass(frozen=True, slots=True)
class Unfit:
    """A person, and why some way of drawing the text cannot go to them."""

    contact_id: int
    phone: str
    name: str | None
    why: Misfit


def unfit(rows: Rows, user_id: int, message: Template, ids: Sequence[int]) -> list[Unfit]:
    """Those of these contacts that the text does not fit, in the order of `ids`.

    Nobody is looked at where even the longest values would fit and the text has words of its own.
    """
    if (
        not ids
        or message.misfit({}) is None
        and message.longest(_longest(rows, user_id, message, ids)) <= message.most
    ):
        return []
    found: list[Unfit] = []
    for at in range(0, len(ids), PIECE):
        found += _of_piece(rows, user_id, message, ids[at : at + PIECE])
    return found


def _of_piece(rows: Rows, user_id: int, message: Template, ids: Sequence[int]) -> list[Unfit]:
    held = own.said(rows, ids, message.language) if message.own else {}
    found = []
    for row in rows.all(
        """select c.id, c.phone, c.name, c.custom from json_each(:ids) j join contacts c on c.id = j.value
           where c.user_id = :user_id order by j.key""",
        user_id=user_id,
        ids=json.dumps(list(ids)),
    ):
        values = {"name": row["name"] or "", "custom": row["custom"] or "", "phone": row["phone"]}
        why = message.misfit({**values, **held.get(row["id"], {})})
        if why is not None:
            found.append(Unfit(row["id"], row["phone"], row["name"], why))
    return found


def _longest(rows: Rows, user_id: int, message: Template, ids: Sequence[int]) -> Mapping[str, int]:
    """Of each variable, what no value of these people is longer than."""
    row = rows.one(
        """select max(length(name)) as name, max(length(custom)) as custom, max(length(phone)) as phone
           from contacts where user_id = :user_id and id in (select value from json_each(:ids))""",
        user_id=user_id,
        ids=json.dumps(list(ids)),
    )
    assert row is not None
    own_ones = rows.all(
        """select f.name, max(length(v.value)) as n from contact_fields f join field_values v on v.field_id = f.id
           where f.user_id = :user_id and f.name in (select value from json_each(:names)) group by f.name""",
        user_id=user_id,
        names=json.dumps(message.own),
    )
    return {
        **{name: row[name] or 0 for name in VARIABLES},
        **{one["name"]: one["n"] + MOST_ADDED for one in own_ones},
    }
