"""Whose turn it is before a device: the engine's claim, and what leaves the line on the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wabox import times
from wabox.config import Config
from wabox.content import refusals, reviews
from wabox.content import rules as rules_in_force
from wabox.content.rules import Verdict
from wabox.db import Row, Rows, Tx
from wabox.devices import devices
from wabox.messages import gate, outbox, stored
from wabox.messages.line import MESSAGE, Line, of_device

MOST_ASIDE = 100  # messages one claim may put aside


def claim_next(tx: Tx, device_id: int, *, config: Config, now: datetime) -> stored.Message | gate.Wait | None:
    """queued → sending for the head of the device's line, if the gate says so in this transaction.

    Returns the claimed message, or why the head waits, or None if nobody stands in line. What can never
    go is dropped on the way, what a person shall read first is put aside: some of them at once, and the rest
    at the next turn, so that nobody waits long for this transaction.
    """
    line = of_device(tx, devices.by_id(tx, device_id), config=config, now=now)
    aside = 0
    while aside < MOST_ASIDE and (row := _head(tx, line)) is not None:
        decision = gate.decide(now, line.facts_for(tx, row))
        if isinstance(decision, gate.Wait):
            if not decision.others_pass or decision.until is None:
                return decision
            outbox.hold(tx, row["id"], until=decision.until, reason=decision.reason)
            continue
        if isinstance(decision, gate.Go):
            if _put_aside(tx, row["id"], now):
                aside += 1
                continue
            claimed = outbox.claim(tx, row["id"], now=now)
            assert claimed
            return stored.by_id(tx, row["id"])
        _drop(tx, row["id"], decision, now)
    return None


def _head(rows: Rows, line: Line) -> Row | None:
    """Single messages before campaigns; among running campaigns, what was queued first."""
    heads = []
    for campaign_id in (None, *line.campaigns):
        row = rows.one(
            f"{MESSAGE} where {line.passable()} order by m.priority desc, m.id limit 1",
            device_id=line.device.id,
            campaign_id=campaign_id,
            now=times.stored(line.now),
        )
        if row is not None and campaign_id is None:
            return row
        if row is not None:
            heads.append(row)
    return min(heads, key=lambda row: (-row["priority"], row["id"]), default=None)


def _put_aside(tx: Tx, message_id: int, now: datetime) -> bool:
    """Whether the text may not go now: a rule may be younger than the message."""
    message = stored.by_id(tx, message_id)
    verdict = judged(tx, message)
    if verdict is None:
        return False
    if verdict.action == "hold":
        return outbox.into_review(tx, message, verdict, now=now)
    refusals.count(tx, message.user_id, verdict, now=now)
    return outbox.skip(tx, message, "content_refused", now=now, text=verdict.reason)


def judged(rows: Rows, message: stored.Message) -> Verdict | None:
    """What the rules in force say of the message; what a person let go is held no more, but may be refused."""
    if message.system or not rules_in_force.in_force(rows):
        return None
    verdict = rules_in_force.verdict(rows, message.text, reviews.passed(rows, message.campaign_id))
    if verdict is not None and verdict.action == "hold" and reviews.has_passed(rows, message.id):
        return None
    return verdict


def _drop(tx: Tx, message_id: int, decision: gate.Drop, now: datetime) -> None:
    message = stored.by_id(tx, message_id)
    if decision.status == "skipped":
        outbox.skip(tx, message, decision.error, now=now)
    else:
        outbox.cancel(tx, message, now=now, error=decision.error)


@dataclass(frozen=True, slots=True)
class Due:
    """A line that may have something to move. newest: the user's newest message when it was looked at.

    sign: what a wait rests on, as far as it is cheap to ask; another sign, another answer.
    """

    device_id: int
    user_id: int
    newest: int
    sign: tuple[object, ...]


def devices_due(rows: Rows, *, now: datetime) -> list[Due]:
    """Devices that have something to send or to look up, and whose gap is over."""
    found = rows.all(
        """select d.id, d.user_id, coalesce((select max(id) from messages where user_id = d.user_id), 0) as newest,
             d.state, d.detail, d.linked, d.synced, d.link_epoch, d.restricted_until, d.next_send_at,
             u.state as account, u.timezone, (select value from box where key = 'clock_wrong') as clock_wrong,
             (select group_concat(id) from campaigns where user_id = d.user_id and status = 'sending') as running,
             m.id as doubtful, m.rest_until, m.doubt_stage, m.recoveries
           from devices d join users u on u.id = d.user_id
           left join messages m on m.device_id = d.id and m.status = 'sending'
           where d.wanted = 1 and d.removed_at is null and (m.id is not null
             or ((d.next_send_at is null or d.next_send_at <= :now) and d.state = 'ready' and
                 exists (select 1 from messages m where m.device_id = d.id and m.status = 'queued'
                         and m.in_review = 0)))""",
        now=times.stored(now),
    )
    return [Due(row["id"], row["user_id"], row["newest"], tuple(row)[3:]) for row in found]


def has_news(rows: Rows, seen: Due) -> bool:
    """Whether a message has come into this line since it was looked at."""
    found = rows.value(
        """select 1 from messages where user_id = :user_id and id > :newest and device_id = :device_id limit 1""",
        user_id=seen.user_id,
        newest=seen.newest,
        device_id=seen.device_id,
    )
    return found is not None
