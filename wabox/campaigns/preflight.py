"""Before a launch: who would get it, who would not and why, and when it would be done."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from wabox import times
from wabox.billing import ledger
from wabox.campaigns import launching
from wabox.campaigns.campaigns import Campaign
from wabox.config import Config
from wabox.contacts import segments
from wabox.content.rules import Verdict
from wabox.db import Row, Rows
from wabox.devices import devices
from wabox.errors import Refusal
from wabox.messages import explaining, numbers, stored
from wabox.messages.template import Template

SAMPLES = 5
REASONS = ("opted_out", "no_consent", "not_on_whatsapp")


@dataclass(frozen=True, slots=True)
class Preflight:
    """skipped: people for each reason, each once; a number that WhatsApp lately said it does not know is
    `not_on_whatsapp`. A phone is one contact however it is spelled, so nobody is there twice.
    first_contacts: people who get it and whom nobody here has written with.

    days_needed and done_at: at today's caps, None while no device is linked. verdict: what the rules of the
    box would say to its text.
    """

    total: int
    will_send: int
    skipped: dict[str, int]
    first_contacts: int
    credits_needed: int | None
    credits_left: int | None
    days_needed: int | None
    done_at: datetime | None
    samples: tuple[str, ...]
    verdict: Verdict | None = None


def look(
    rows: Rows,
    user_id: int,
    message: Template,
    segment: segments.Segment,
    *,
    device_ids: list[int] | None,
    config: Config,
    now: datetime,
) -> Preflight:
    """What a launch would do at this moment."""
    ids = segments.ids(rows, user_id, segment)
    counted = Counter[str]()
    fresh = 0
    for row in rows.all(
        """select reason, count(*) as n, sum(fresh) as fresh from (
             select case
                 when :anybody_out and exists (select 1 from suppressions s where s.user_id = c.user_id
                                               and s.phone_hash = phone_hash(c.phone)) then 'opted_out'
                 when :consent and c.consent_at is null then 'no_consent'
                 when exists (select 1 from devices d join numbers k on k.device_id = d.id and k.phone = c.phone
                              where d.user_id = c.user_id and k.answer = 'no' and k.checked_at > :remembered)
                   then 'not_on_whatsapp' end as reason,
               not exists (select 1 from chats h join devices d on d.user_id = h.user_id and d.phone = h.account
                           where h.user_id = c.user_id and h.phone = c.phone and d.removed_at is null
                           and (:named is null or d.id in (select value from json_each(:named)))) as fresh
             from contacts c where c.user_id = :user_id and c.id in (select value from json_each(:ids)))
           group by reason""",
        user_id=user_id,
        ids=json.dumps(ids),
        named=None if device_ids is None else json.dumps(device_ids),
        anybody_out=rows.value("select 1 from suppressions where user_id = :id limit 1", id=user_id) is not None,
        consent=config.guards.require_consent,
        remembered=times.stored(now - numbers.NO_LASTS),
    ):
        if row["reason"] is None:
            fresh = row["fresh"]
        else:
            counted[row["reason"]] = row["n"]
    skipped = {reason: counted[reason] for reason in REASONS if counted[reason] or reason == "opted_out"}
    will_send = len(ids) - sum(skipped.values())
    left = ledger.credits_left(rows, user_id)
    done_at = _done_at(rows, user_id, device_ids, will_send, config, now)
    return Preflight(
        total=len(ids),
        will_send=will_send,
        skipped=skipped,
        first_contacts=fresh,
        credits_needed=None if left is None else len(ids),
        credits_left=left,
        days_needed=None if done_at is None else (done_at - now).days + 1,
        done_at=done_at,
        samples=tuple(_samples(rows, user_id, message, ids[:SAMPLES])),
        verdict=launching.judged(rows, message),
    )


def eta(rows: Rows, campaign: Campaign, *, config: Config, now: datetime) -> datetime | None:
    """When a running campaign should be done; None for one that does not run or cannot be foreseen."""
    if campaign.status == "scheduled" and campaign.scheduled_for is not None:
        named = None if campaign.device_ids is None else list(campaign.device_ids)
        return _done_at(rows, campaign.user_id, named, campaign.total, config, campaign.scheduled_for)
    if campaign.status != "sending":
        return None
    lasts = rows.all(
        """select max(id) as id from messages where campaign_id = :id and status = 'queued' group by device_id""",
        id=campaign.id,
    )
    messages = [stored.by_id(rows, row["id"]) for row in lasts]
    waits = explaining.explain(rows, messages, config=config, now=now)
    moments = [waiting.expected_at for waiting in waits.values()]
    if not moments and campaign.expanded:
        return now
    if None in moments:
        return None
    unexpanded = campaign.queued - _made(rows, campaign)
    if unexpanded > 0:
        moments.append(_done_at(rows, campaign.user_id, None, campaign.queued, config, now))
    known = [moment for moment in moments if moment is not None]
    return max(known) if known and len(known) == len(moments) else None


def _made(rows: Rows, campaign: Campaign) -> int:
    found = rows.value(
        "select count(*) from messages where campaign_id = :id and status in ('queued', 'sending')", id=campaign.id
    )
    return int(found)


def _done_at(
    rows: Rows, user_id: int, device_ids: list[int] | None, count: int, config: Config, now: datetime
) -> datetime | None:
    """When `count` more messages would be through, shared evenly by the linked devices."""
    linked = [
        device
        for device in devices.list_of(rows, user_id)
        if device.linked and (device_ids is None or device.id in device_ids)
    ]
    if not linked:
        return None
    share = -(-count // len(linked))
    return max(explaining.foresee(rows, device, share, config=config, now=now) for device in linked)


def _samples(rows: Rows, user_id: int, message: Template, ids: list[int]) -> list[str]:
    found = rows.all(
        """select id, phone, name, custom from contacts where user_id = :user_id
           and id in (select value from json_each(:ids)) order by id""",
        user_id=user_id,
        ids=json.dumps(ids),
    )
    samples = (_sample(message, row) for row in found)
    return [text for text in samples if text is not None]


def _sample(message: Template, row: Row) -> str | None:
    """What this person would read; None where it would be empty or too long, and fail for them alone."""
    values = {"name": row["name"] or "", "custom": row["custom"] or "", "phone": row["phone"]}
    try:
        return message.render(values, seed=f"sample:{row['id']}")
    except Refusal:
        return None
