"""What a person says to what waits for their eye: a message goes on or is skipped, a campaign too, as one.

Everything is a guarded update, so that two people at once do no harm, and all of it is on record. A long
campaign is gone through piece by piece: the verbs say how many entries they settled, and are asked again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from wabox.accounts import audit
from wabox.campaigns import control
from wabox.content import reviews, rules
from wabox.content.rules import Actor
from wabox.db import Row, Rows, Tx, reader
from wabox.errors import Invalid, NotFound
from wabox.media import stored as media
from wabox.media.stored import Media
from wabox.messages import outbox, stored
from wabox.messages.stored import Enclosed

PIECE = 500
LONGEST_SAID = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the queue: a message, or all of a campaign that wait for the same. id: the oldest review's.

    text: the message's, or the campaign's as it was written. names: the rules', as people know them.
    phone: of a single message. count: messages in it; 0 for a campaign that has not begun. media: the file that
    goes with it. enclosed: the place, card or poll that it is instead of a text.
    """

    id: int
    user_id: int
    email: str
    campaign_id: int | None
    campaign: str | None
    phone: str | None
    text: str
    names: tuple[str, ...]
    reason: str
    since: datetime
    count: int
    media: Media | None
    enclosed: Enclosed | None


def queue(rows: Rows, *, after: int = 0, most: int = 50) -> list[Entry]:
    """What waits, the oldest first. after: the last id of the page before."""
    found = rows.all(
        """select r.id, r.user_id, u.email, r.campaign_id, c.name as campaign, r.rules, r.reason, r.since, g.n,
             iif(r.campaign_id is null, m.phone, null) as phone,
             iif(r.message_id is null, c.message, m.text) as text,
             iif(r.message_id is null, c.media_id, m.media_id) as media_id,
             iif(r.message_id is null, c.media_name, m.media_name) as media_name, m.enclosed
           from (select * from (select id, 1 as n from reviews
                   where decision is null and campaign_id is null and id > :after order by id limit :most)
                 union all
                 select min(id), count(message_id) from reviews
                   where decision is null and campaign_id is not null group by campaign_id, rules) g
           join reviews r on r.id = g.id join users u on u.id = r.user_id
           left join messages m on m.id = r.message_id left join campaigns c on c.id = r.campaign_id
           where r.id > :after order by r.id limit :most""",
        after=after,
        most=most,
    )
    files = media.named(rows, (row["media_id"] for row in found))
    return [
        replace(_entry(row), media=files[row["media_id"]].called(row["media_name"]))
        if row["media_id"]
        else _entry(row)
        for row in found
    ]


def file_of(rows: Rows, review_id: int) -> Media:
    """The file that waits for the eye of whoever runs the box, whoever's it is. Raises NotFound."""
    found = next((one for one in queue(rows, after=review_id - 1, most=1) if one.id == review_id), None)
    if found is None or found.media is None:
        raise NotFound("not_found", "There is no such entry any more; load the page again.")
    return found.media


def approve(tx: Tx, review_id: int, *, by: Actor, now: datetime) -> int:
    """It goes on its way; returns how many entries were settled now, 0 when nothing is left. Raises NotFound.

    Of a campaign: all that waits for the same rules, and those rules hold it no more.
    """
    row = _known(tx, review_id)
    keys = tuple(json.loads(row["rules"]))
    if row["campaign_id"] is not None:
        reviews.let_pass(tx, row["campaign_id"], row["user_id"], keys, now=now)
    return _settle(tx, row, "yes", None, by, now)


def deny(tx: Tx, review_id: int, reason: str, *, by: Actor, now: datetime) -> int:
    """It never goes, and its sender reads why; credits come back. As `approve`. Raises Invalid `reason_needed`."""
    said = " ".join(reason.split())
    if not said or len(said) > LONGEST_SAID or not said.isprintable():
        sentence = f"Say why, in up to {LONGEST_SAID} characters; the sender reads it."
        raise Invalid("reason_needed", sentence, details={"reason": sentence})
    return _settle(tx, _known(tx, review_id), "no", said, by, now)


def _known(rows: Rows, review_id: int) -> Row:
    row = rows.one("select * from reviews where id = :id", id=review_id)
    if row is None:
        raise NotFound("not_found", "There is no such entry any more; load the page again.")
    return row


def _settle(tx: Tx, row: Row, decision: reviews.Decision, said: str | None, by: Actor, now: datetime) -> int:
    """The next piece of what belongs to this entry."""
    settled = 0
    for one in _alike(tx, row):
        if reviews.decide(tx, one["id"], decision, said=said, by=by.user_id, now=now):
            settled += 1
            _MOVES[decision](tx, one, said, now)
    if settled:
        _note(tx, row, decision, said, settled, by, now)
    return settled


def _alike(rows: Rows, row: Row) -> list[Row]:
    if row["campaign_id"] is None:
        return [row] if row["decision"] is None else []
    return rows.all(
        """select * from reviews where decision is null and campaign_id = :campaign_id and rules = :rules
           order by id limit :most""",
        campaign_id=row["campaign_id"],
        rules=row["rules"],
        most=PIECE,
    )


def _go_on(tx: Tx, row: Row, said: str | None, now: datetime) -> None:
    if row["message_id"] is not None:
        tx.run("update messages set in_review = 0 where id = :id and status = 'queued'", id=row["message_id"])
    else:
        control.read_and_fine(tx, row["campaign_id"])


def _end(tx: Tx, row: Row, said: str | None, now: datetime) -> None:
    if row["message_id"] is not None:
        outbox.skip(tx, stored.by_id(tx, row["message_id"]), "content_refused", now=now, text=said)
    else:
        control.read_and_refused(tx, row["campaign_id"], now=now)


_MOVES: dict[reviews.Decision, Callable[[Tx, Row, str | None, datetime], None]] = {"yes": _go_on, "no": _end}


def _note(tx: Tx, row: Row, decision: str, said: str | None, n: int, by: Actor, now: datetime) -> None:
    subject = f"message {row['message_id']}" if row["campaign_id"] is None else f"campaign {row['campaign_id']}"
    details: dict[str, object] = {
        "name": subject,
        "user_id": row["user_id"],
        "rules": json.loads(row["rules"]),
        "n": n,
        **({"reason": said} if said else {}),
    }
    action = "review.passed" if decision == "yes" else "review.refused"
    audit.note(tx, user_id=by.user_id, action=action, subject=subject, details=details, ip=by.ip, now=now)


_entry = reader(
    Entry,
    text=lambda row: row["text"] or "",
    names=lambda row: tuple(rules.called(key) for key in json.loads(row["rules"])),
    count="n",
    media=lambda _: None,
    enclosed=lambda row: stored.read_enclosed(row["enclosed"]),
)
