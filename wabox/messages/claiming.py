"""Whose turn it is before a device: the engine's claim, and what leaves the line on the way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from time import monotonic

from wabox import times
from wabox.config import Config
from wabox.content import judging, refusals
from wabox.db import Row, Rows, Tx
from wabox.devices import stored as devices
from wabox.messages import answers, chats, gate, handing, outbox, reasons, stored
from wabox.messages.line import MESSAGE, Line, of_device

MOST_ASIDE = 200  # messages one claim may put aside
LOOKED_AT_AGAIN = timedelta(minutes=5)  # what waits for an end that nobody knows
MOST_SECONDS = 0.02  # and for how long, since everybody else's writes wait meanwhile


@dataclass(frozen=True, slots=True)
class Again:
    """So many were put aside that the rest is left to the next claim; it may be made at once."""


def claim_next(
    tx: Tx, device_id: int, *, config: Config, now: datetime
) -> stored.Message | gate.Wait | Again | None:
    """queued → sending for the head of the device's line, if the gate says so in this transaction.

    Returns the claimed message, or why the head waits, or None if nobody stands in line. What can never
    go is dropped on the way, what waits for itself alone is put aside: some of them at once, and the rest
    at the next claim, so that nobody waits long for this transaction. At least one is looked at, however slow
    the machine is.
    """
    ends = inf
    began = monotonic()
    line = of_device(tx, devices.by_id(tx, device_id), config=config, now=now)
    aside = _judge_refused(tx, line) + _back_in_line(tx, device_id, now) + _limits_open(tx, line)
    while (row := _head(tx, line)) is not None:
        if aside >= MOST_ASIDE or monotonic() > ends:
            return Again()
        ends = began + MOST_SECONDS
        decision = gate.decide(now, line.facts_for(tx, row))
        if isinstance(decision, gate.Wait):
            if not decision.others_pass or (decision.until is None and decision.reason not in reasons.OF_DEVICE):
                return decision
            aside += _hold(tx, line, row, decision)
        elif isinstance(decision, gate.Drop):
            aside += _drop(tx, row["id"], decision, now)
        elif _put_aside(tx, row["id"], now):
            aside += 1
        else:
            claimed = handing.claim(tx, row["id"], now=now)
            assert claimed
            return stored.by_id(tx, row["id"])
    return Again() if aside >= MOST_ASIDE else None


def to_ask(rows: Rows, device_id: int, *, config: Config, now: datetime) -> str | None:
    """The number that WhatsApp must be asked about before the next message can go, as it looks; None: none.

    A guess that moves nothing: `claim_next` asks the gate itself, and may come to another message.
    """
    device = devices.by_id(rows, device_id)
    line = of_device(rows, device, config=config, now=now)
    row = _head(rows, line)
    if row is None or chats.remembered(rows, device, row["phone"], now=now) is not None:
        return None
    may_go = isinstance(gate.decide(now, line.facts_for(rows, row)), gate.Go)
    may_go = may_go and judging.judged(rows, stored.by_id(rows, row["id"])) is None
    return row["phone"] if may_go else None


def _judge_refused(tx: Tx, line: Line) -> int:
    """What WhatsApp refused without a word why waits as everybody new does, or has failed in time. How many."""
    closed = set(gate.closed_for_device(line.now, line.shared.device)) & set(reasons.FOR_NEW)
    if not closed:
        return answers.refused_for_good(tx, line.device.id, now=line.now, since=line.now)
    all_new = closed == {"new_chats_refused"}
    return answers.refused_with_others(tx, line.device.id, now=line.now, all_new=all_new)


def _back_in_line(tx: Tx, device_id: int, now: datetime) -> int:
    """Those whose own wait is over stand in line again: singles first, then who waited longest. How many."""
    released = 0
    for priority in stored.RANKS:
        released += tx.run(
            """update messages set held_until = null, held_reason = null where id in (
                 select id from messages where device_id = :device_id and priority = :priority
                 and status = 'queued' and held_until <= :now order by held_until limit :most)""",
            device_id=device_id,
            priority=priority,
            now=times.stored(now),
            most=MOST_ASIDE - released,
        )
    return released


def _limits_open(tx: Tx, line: Line) -> int:
    """What was put aside for a limit of the device stands in line again as soon as that is over. How many."""
    closed: list[reasons.Reason] = gate.closed_for_device(line.now, line.shared.device)
    if line.new_chats_full:
        closed.append("new_chat_cap")
    return tx.run(
        """update messages set held_until = null, held_reason = null where id in (
             select id from messages where device_id = :device_id and status = 'queued'
             and held_reason in (select value from json_each(:over)) order by priority desc, id limit :most)""",
        device_id=line.device.id,
        over=json.dumps([one for one in (*reasons.OF_DEVICE, "new_chat_cap") if one not in closed]),
        most=MOST_ASIDE,
    )


def judge_caps_anew(tx: Tx) -> int:
    """wabox has started, perhaps with other caps: a piece of what they hold stands in line again. How many."""
    return tx.run(
        """update messages set held_until = null, held_reason = null where id in (
             select id from messages where status = 'queued' and held_until is not null
             and held_reason in ('recipient_cap', 'new_chat_cap') limit 2000)"""
    )


def _head(rows: Rows, line: Line) -> Row | None:
    """Single messages before campaigns; among running campaigns, what was queued first."""
    heads = []
    for campaign_id in (None, *line.campaigns):
        row = rows.one(
            f"{MESSAGE} where {line.passable()} order by m.priority desc, m.id limit 1",
            device_id=line.device.id,
            campaign_id=campaign_id,
        )
        if row is not None and campaign_id is None:
            return row
        if row is not None:
            heads.append(row)
    return min(heads, key=lambda row: (-row["priority"], row["id"]), default=None)


def _hold(tx: Tx, line: Line, row: Row, wait: gate.Wait) -> int:
    """The message waits beside the line; where many wait for the same, so do all of the next ones. How many."""
    until = wait.until or line.now + LOOKED_AT_AGAIN
    outbox.hold(tx, row["id"], until=until, reason=wait.reason)
    alike = _ALIKE.get(wait.reason)
    if alike is None:
        return 1
    month, day = line.now - chats.YES_LASTS, line.now - chats.NO_LASTS
    asked: dict[str, object] = {
        "recipient_cap": {"midnight": times.stored(line.midnight), "cap": line.shared.rules.recipient_per_day},
        "too_many_checks": {
            "epoch": line.device.link_epoch,
            "yes_since": times.stored(month),
            "no_since": times.stored(day),
        },
    }.get(wait.reason, {})
    return 1 + tx.run(
        f"""update messages set held_until = :until, held_reason = :reason where id in (
              select id from (select m.id, m.user_id, m.device_id, m.phone from messages m where {line.passable()}
                              order by m.priority desc, m.id limit :most) m where {alike})""",  # noqa: S608 - constants
        device_id=line.device.id,
        campaign_id=row["campaign_id"],
        until=times.stored(until),
        reason=wait.reason,
        most=MOST_ASIDE,
        **asked,
    )


# SQL: which of the next messages m wait for the same as the one at the head.
_ALIKE: dict[reasons.Reason, str] = {
    "recipient_cap": """(select count(*) from messages seen where seen.user_id = m.user_id
        and seen.phone = m.phone and seen.campaign_id is not null and seen.spent_at >= :midnight
        and seen.status <> 'failed') >= :cap""",
    "restricted": chats.COLD,
    "new_chats_capped": chats.COLD,
    "new_chats_refused": chats.COLD,
    "too_many_checks": """not exists (select 1 from numbers k where k.device_id = m.device_id and k.phone = m.phone
        and k.link_epoch = :epoch and k.checked_at > iif(k.answer = 'yes', :yes_since, :no_since))""",
}


def _put_aside(tx: Tx, message_id: int, now: datetime) -> bool:
    """Whether the text may not go now: a rule may be younger than the message."""
    message = stored.by_id(tx, message_id)
    verdict = judging.judged(tx, message)
    if verdict is None:
        return False
    if verdict.action == "hold":
        return outbox.into_review(tx, message, verdict, now=now)
    refusals.count(tx, message.user_id, verdict, now=now)
    return outbox.skip(tx, message, "content_refused", now=now, text=verdict.reason)


def _drop(tx: Tx, message_id: int, decision: gate.Drop, now: datetime) -> int:
    message = stored.by_id(tx, message_id)
    if decision.status == "skipped":
        assert decision.error is not None
        return int(outbox.skip(tx, message, decision.error, now=now))
    return int(outbox.cancel(tx, message, now=now, error=decision.error))


@dataclass(frozen=True, slots=True)
class Due:
    """A line that may have something to move. newest: the user's newest message when it was looked at.

    sign: what a wait rests on, as far as it is cheap to ask; another sign, another answer.
    """

    device_id: int
    user_id: int
    newest: int
    sign: tuple[object, ...]


def in_hand(rows: Rows) -> bool:
    """Whether a message of any device is being handed over, or in doubt."""
    found = rows.one(
        "select 1 from devices d cross join messages m on m.device_id = d.id and m.status = 'sending' limit 1"
    )
    return found is not None


def devices_due(rows: Rows, *, now: datetime) -> list[Due]:
    """Devices that have something to look up or delete, or to send and their gap is over."""
    found = rows.all(
        """select d.id, d.user_id, coalesce((select max(id) from messages where user_id = d.user_id), 0) as newest,
             d.state, d.detail, d.linked, d.synced, d.link_epoch, d.next_send_at, d.lock_type, d.lock_until,
             d.quota_status, d.quota_resets_at, d.cold_rests_until, d.checks_rest_until, d.phone, d.sends_as,
             d.rules, u.state as account, u.timezone,
             (select value from box where key = 'clock_wrong') as clock_wrong,
             (select value from box where key = 'fence') as fenced,
             (select value from box where key = 'sending_rules') as box_rules,
             (select group_concat(id) from campaigns where user_id = d.user_id and status = 'sending') as running,
             m.id as doubtful, m.rest_until, m.doubt_stage, m.recoveries,
             d.next_revoke_at, (d.next_revoke_at is null or d.next_revoke_at <= :now) and exists (
               select 1 from messages r where r.device_id = d.id and r.revoke_bulk in (0, 1)
               and r.revoke_due_at <= :now)
               or exists (select 1 from reactions e where e.device_id = d.id and e.due_at <= :now)
               or exists (select 1 from messages c where c.device_id = d.id and c.edit_due_at <= :now) as revoking,
             (select count(*) from reactions e where e.device_id = d.id and e.due_at is not null) as reacting,
             (select min(c.edit_due_at) from messages c where c.device_id = d.id
               and c.edit_due_at is not null) as editing
           from devices d join users u on u.id = d.user_id
           left join messages m on m.device_id = d.id and m.status = 'sending'
           where d.wanted = 1 and d.removed_at is null and (m.id is not null or (revoking and d.state = 'ready')
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
