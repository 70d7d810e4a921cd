"""A whole campaign deleted for everyone: of each message that had gone, it is asked as for one alone.

The wish is one row; the messages are begun piece by piece, by whoever asked and by the engine, which goes on after
a crash. How each is deleted, and why it may not be, is in `messages/deeds.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wabox import times
from wabox.campaigns.stored import Campaign, by_id, of_user
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.messages import revoking
from wabox.messages.stored import REACHED

PIECE = 250


@dataclass(frozen=True, slots=True)
class Standing:
    """What becomes of a campaign's messages that arrived; each is in one of these, given_up aside.

    possible: may be asked for now. waiting: still to be deleted. not_possible: {code: how many}.
    given_up: the same of what was asked for in vain; what of it is possible again counts there, too.
    """

    possible: int
    waiting: int
    deleted: int
    too_old: int
    not_possible: dict[str, int]
    given_up: dict[str, int]

    @property
    def gone(self) -> int:
        """How many arrived."""
        return self.possible + self.waiting + self.deleted + self.too_old + sum(self.not_possible.values())


def ask(tx: Tx, user_id: int, campaign_id: int, *, now: datetime) -> Campaign:
    """What has gone of it, and is young enough, is still to be deleted for everyone. Asking again is fine.

    What goes after this is not meant; asking again means that, too, and tries once more what was given up.
    Raises NotFound; Invalid `wrong_state` when nothing has gone.
    """
    campaign = of_user(tx, user_id, campaign_id)
    if campaign.revoke_after is not None:
        return campaign
    if not campaign.sent:
        raise Invalid("wrong_state", "Nothing of this campaign has gone. What still waits you can stop.")
    tx.run(
        "update campaigns set revoke_asked_at = :now, revoke_after = 0 where id = :id",
        id=campaign_id,
        now=times.stored(now),
    )
    piece(tx, campaign_id, now=now)
    return by_id(tx, campaign_id)


def piece(tx: Tx, campaign_id: int, *, now: datetime, most: int = PIECE) -> int:
    """A piece of what is wanted is asked for; returns how many messages were looked at, 0 when none is left."""
    next_of = """select * from (select m.id from campaigns c cross join messages m on m.campaign_id = c.id
        and m.status = '{}' and m.id > c.revoke_after where c.id = :id order by m.id limit :most)"""
    rows = tx.all(
        " union all ".join(map(next_of.format, REACHED)) + " order by id limit :most", id=campaign_id, most=most
    )
    found = [row["id"] for row in rows]
    revoking.ask_with_others(tx, found, now=now)
    tx.run(
        "update campaigns set revoke_after = :after where id = :id and revoke_after is not null",
        id=campaign_id,
        after=found[-1] if len(found) == most else None,
    )
    return len(found)


def left(rows: Rows) -> tuple[int, ...]:
    """Ids of campaigns of which something is still to be asked for."""
    return tuple(row["id"] for row in rows.all("select id from campaigns where revoke_after is not null"))


def standing(rows: Rows, campaign: Campaign, *, now: datetime) -> Standing:
    """How far it is, and what asking for it now would do."""
    found = revoking.fates(rows, campaign.id, now=now)
    given_up = rows.all(
        """select revoke_error as error, count(*) as n from messages where campaign_id = :id
           and revoke_asked_at is not null and revoke_error is not null group by revoke_error""",
        id=campaign.id,
    )
    return Standing(
        possible=found.pop("possible", 0),
        waiting=found.pop("waiting", 0),
        deleted=found.pop("deleted", 0),
        too_old=found.pop("revoke_too_late", 0),
        not_possible=found,
        given_up={row["error"]: row["n"] for row in given_up},
    )
