"""Whom a campaign did not reach and why: to be read, and to be written to again.

Messages that are unsure may have arrived: they are told, and never among those to write to again. Nor is anybody
who wants no more messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wabox import times
from wabox.campaigns import stored as campaigns
from wabox.contacts import suppression
from wabox.db import Rows
from wabox.messages.stored import Status

PIECE = 500


@dataclass(frozen=True, slots=True)
class Missed:
    """A person who did not get it. message_id: where to go on. error: a code of the message, "" for none.

    phone: their address; "" for somebody who was erased. at: when it ended, None if that is not known.
    """

    message_id: int
    phone: str
    name: str | None
    status: Status
    error: str
    text: str
    at: datetime | None


def some(rows: Rows, user_id: int, campaign_id: int, *, after: int = 0, most: int = PIECE) -> list[Missed]:
    """The next of them by the number of their message. Raises NotFound for a campaign that is not the user's."""
    found = rows.all(
        """select m.id, m.phone, m.status, m.error, m.error_text, m.finished_at, c.name from messages m
           left join contacts c on c.id = m.contact_id and c.user_id = m.user_id
           where m.id in (select id from messages where campaign_id = :id and id > :after
             and status in ('failed', 'skipped', 'unknown') order by id limit :most) order by m.id""",
        id=campaigns.of_user(rows, user_id, campaign_id).id,
        after=after,
        most=most,
    )
    return [
        Missed(
            row["id"],
            row["phone"],
            row["name"],
            row["status"],
            row["error"] or "",
            row["error_text"] or "",
            times.read_or_none(row["finished_at"]),
        )
        for row in found
    ]


def again(rows: Rows, user_id: int, campaign_id: int, *, error: str | None = None) -> list[int]:
    """Ids of the contacts to write to again, ascending. error: only whom it did not reach for this reason.

    Whom a later campaign reached, or may have, or is to reach, is none of them: it may have been the second try.

    Raises NotFound for a campaign that is not the user's.
    """
    return [
        row["id"]
        for row in rows.all(
            f"""select c.id from messages m join contacts c on c.id = m.contact_id and c.user_id = m.user_id
                where m.campaign_id = :id and m.status in ('failed', 'skipped')
                and (:error is null or ifnull(m.error, '') = :error) and not {suppression.CLAUSE}
                and not exists (select 1 from messages l where l.user_id = m.user_id and l.phone = m.phone
                  and l.id > m.id and l.campaign_id is not null
                  and l.status in ('queued', 'sending', 'sent', 'delivered', 'read', 'unknown'))
                order by c.id""",  # noqa: S608 - this house's constant
            id=campaigns.of_user(rows, user_id, campaign_id).id,
            error=error,
        )
    ]
