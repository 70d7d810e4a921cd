"""Knows what waits for a person's eye and what they said: open -> yes | no, or over, when it ended otherwise.

A review names a message, or a campaign that has not begun, or a message of a campaign. It keeps ids and the
rule, never a second copy of the text. What moves the message or the campaign is theirs (`messages`, `campaigns`).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal

from wabox import times
from wabox.content import rules
from wabox.content.judging import Verdict
from wabox.db import Rows, Tx

Decision = Literal["yes", "no"]


def ask(
    tx: Tx, user_id: int, verdict: Verdict, *, message_id: int | None, campaign_id: int | None, now: datetime
) -> None:
    """A person shall look at it. Asking again while it waits changes nothing."""
    tx.run(
        """insert or ignore into reviews (user_id, message_id, campaign_id, rules, reason, since)
           values (:user_id, :message_id, :campaign_id, :rules, :reason, :now)""",
        user_id=user_id,
        message_id=message_id,
        campaign_id=campaign_id,
        rules=json.dumps(verdict.rules),
        reason=verdict.reason,
        now=times.stored(now),
    )


def was_asked(rows: Rows, campaign_id: int) -> bool:
    """Whether a person was ever asked to look at this campaign."""
    return rows.value("select 1 from reviews where campaign_id = :id limit 1", id=campaign_id) is not None


def decide(
    tx: Tx, review_id: int, decision: Decision, *, said: str | None = None, by: int | None, now: datetime
) -> bool:
    """open -> yes or no. False: somebody was quicker, or it is over."""
    moved = tx.run(
        """update reviews set decision = :decision, said = :said, decided_by = :by, decided_at = :now
           where id = :id and decision is null""",
        id=review_id,
        decision=decision,
        said=said,
        by=by,
        now=times.stored(now),
    )
    return moved == 1


def let_pass(tx: Tx, campaign_id: int, user_id: int, keys: tuple[str, ...], *, now: datetime) -> None:
    """These rules do not hold this campaign any more. user_id: whose campaign it is."""
    tx.many(
        "insert or ignore into content_passes (campaign_id, rule, user_id, at) values (?, ?, ?, ?)",
        [(campaign_id, key, user_id, times.stored(now)) for key in keys],
    )


def something_waits(rows: Rows) -> bool:
    """Whether a person should look at anything."""
    return rows.value("select 1 from reviews where decision is null limit 1") is not None


def waiting(rows: Rows, *, most: int = 1_000) -> int:
    """How many entries the queue has, a campaign being one; single messages up to `most`."""
    found = rows.value(
        """select (select count(*) from (select 1 from reviews
                     where decision is null and campaign_id is null limit :most))
                + (select count(*) from (select distinct campaign_id, rules from reviews
                     where decision is null and campaign_id is not null))""",
        most=most,
    )
    return int(found)


def said_of(rows: Rows, campaign_id: int) -> str | None:
    """Why a person did not let this campaign go."""
    found: str | None = rows.value(
        """select said from reviews where campaign_id = :id and decision = 'no' and message_id is null
           order by id desc limit 1""",
        id=campaign_id,
    )
    return found


def switch(tx: Tx, *, enabled: bool, now: datetime) -> None:
    """At every start. Where texts are not judged any more, nothing is left waiting for it."""
    rules.switch(tx, enabled=enabled)
    if enabled or not something_waits(tx):
        return
    tx.run("update messages set in_review = 0 where in_review = 1 and status = 'queued'")
    tx.run(
        "update campaigns set status_reason = null where status = 'paused' and status_reason = 'content_review'"
    )
    tx.run("update reviews set decision = 'over', decided_at = :now where decision is null", now=times.stored(now))


def forget(tx: Tx, *, before: datetime) -> int:
    """Decided ones of that age are gone, unless their message still waits."""
    return tx.run(
        """delete from reviews where decided_at < :before and not exists (
             select 1 from messages m where m.id = reviews.message_id and m.status in ('queued', 'sending'))""",
        before=times.stored(before),
    )
