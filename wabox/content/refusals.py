"""Knows how often an account's messages were refused, and puts it on record: never the text.

An account can be refused many times a second, so the record has a line an hour for each rule, and a count.
"""

from __future__ import annotations

from datetime import datetime

from wabox import times
from wabox.accounts import audit
from wabox.content import rules
from wabox.content.judging import Verdict
from wabox.db import Rows, Tx
from wabox.errors import Invalid

CHANGE = "Change the message, then send it again."


def refusal(user_id: int, verdict: Verdict, *, ip: str | None, now: datetime) -> Invalid:
    """What a sender is told; raising it leaves nothing behind but the record of it."""
    own = not verdict.rules[0].startswith("builtin:")
    stop = "" if verdict.reason.endswith((".", "!", "?", "।")) else "."
    sentence = f"{verdict.reason}{stop} {CHANGE}" if own else verdict.reason
    made = Invalid("content_refused", sentence, details={"message": verdict.reason})
    made.leaves = lambda tx: count(tx, user_id, verdict, ip=ip, now=now)
    return made


def count(tx: Tx, user_id: int, verdict: Verdict, *, ip: str | None = None, n: int = 1, now: datetime) -> None:
    """n more messages of the account were refused; the first of an hour is in the audit too."""
    key = {"user_id": user_id, "hour": times.stored(_hour(now)), "rule": verdict.rules[0]}
    known = tx.run(
        "update content_refusals set n = n + :n where user_id = :user_id and hour = :hour and rule = :rule",
        n=n,
        **key,
    )
    if known:
        return
    tx.run("insert into content_refusals (user_id, hour, rule, n) values (:user_id, :hour, :rule, :n)", n=n, **key)
    details = {"name": rules.called(verdict.rules[0]), "reason": verdict.reason}
    audit.note(
        tx, user_id=user_id, action="content.refused", subject=verdict.rules[0], details=details, ip=ip, now=now
    )


def counted(rows: Rows, user_id: int, *, since: datetime) -> int:
    """How many of the account's texts were refused since then: by a rule, in whole hours, or by a person."""
    found = rows.value(
        """select coalesce((select sum(n) from content_refusals where user_id = :user_id and hour >= :hour), 0)
             + (select count(*) from reviews
                where user_id = :user_id and decision = 'no' and decided_at >= :since)""",
        user_id=user_id,
        hour=times.stored(_hour(since)),
        since=times.stored(since),
    )
    return int(found)


def forget(tx: Tx, *, before: datetime) -> int:
    """Counts of that age are gone."""
    return tx.run("delete from content_refusals where hour < :before", before=times.stored(before))


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
