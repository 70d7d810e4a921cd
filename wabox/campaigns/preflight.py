"""Before a launch: who would get it, who would not and why, and when it would be done."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wabox import times
from wabox.billing import ledger
from wabox.campaigns import fitting, launching
from wabox.campaigns.fitting import Unfit
from wabox.campaigns.stored import Campaign
from wabox.config import Config
from wabox.contacts import own, segments
from wabox.content.judging import Verdict
from wabox.db import Row, Rows
from wabox.devices import stored as devices
from wabox.errors import Refusal
from wabox.messages import chats, explaining, foreseeing, stored
from wabox.messages.template import Template

SAMPLES = 5
SKIPPED_FOR = ("opted_out", "no_consent", "not_on_whatsapp")
# Of each of some people, why they are skipped, if they are, and whether they are new.
_JUDGED = """
    select c.id, case
        when :anybody_out and exists (select 1 from suppressions s where s.user_id = c.user_id
                                      and s.phone_hash = phone_hash(c.phone)) then 'opted_out'
        when :consent and c.consent_at is null then 'no_consent'
        when exists (select 1 from devices d join numbers k on k.device_id = d.id and k.phone = c.phone
                     where d.user_id = c.user_id and k.answer = 'no' and k.checked_at > :remembered)
            and not exists (select 1 from chats h where h.user_id = c.user_id and h.phone = c.phone)
          then 'not_on_whatsapp' end as reason,
      not exists (select 1 from chats h join devices d on d.user_id = h.user_id and d.phone = h.account
                  where h.user_id = c.user_id and h.phone = c.phone and d.removed_at is null
                  and (:named is null or d.id in (select value from json_each(:named)))) as fresh
    from contacts c where c.user_id = :user_id and c.id in (select value from json_each(:ids))"""


@dataclass(frozen=True, slots=True)
class Preflight:
    """skipped: people for each reason, each once; a number that WhatsApp lately said it does not know is
    `not_on_whatsapp`. A phone is one contact however it is spelled, so nobody is there twice.
    first_contacts: people who get it and whom nobody here has written with.

    new_chats: what WhatsApp allows the phones that would send, None if it names no limit; beyond_new_chats: so
    many of the new people go only after its cycle. locked, locked_until: nobody new is written to, until then if
    WhatsApp says until when. phones: linked ones that would send.

    unfit: people who would get it, whose own data may make its text too long, or leave nothing of it: it fails for
    them alone. unfit_first: the first few of them. will_send leaves them out.

    days_needed and done_at: at today's caps and limits, None while no device is linked. verdict: what the rules of
    the box would say to its text.
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
    new_chats: foreseeing.Allowed | None = None
    beyond_new_chats: int = 0
    locked: bool = False
    locked_until: datetime | None = None
    phones: int = 0
    unfit: int = 0
    unfit_first: tuple[Unfit, ...] = ()


def look(
    rows: Rows,
    user_id: int,
    message: Template,
    segment: segments.Segment,
    *,
    device_ids: list[int] | None,
    config: Config,
    now: datetime,
    at: datetime | None = None,
    filename: str = "",
) -> Preflight:
    """What a launch would do. at: when it begins, if not at this moment. filename: of the file that goes along."""
    ids = segments.meant(rows, user_id, segment, config=config, at=max(at or now, now))
    counted = Counter[str]()
    fresh = 0
    for row in _people(rows, user_id, ids, device_ids, config, now):
        if row["reason"] is None:
            fresh = row["fresh"]
        else:
            counted[row["reason"]] = row["n"]
    skipped = {reason: counted[reason] for reason in SKIPPED_FOR if counted[reason] or reason == "opted_out"}
    unfit = _failing(rows, user_id, message, ids, device_ids, config, now)
    will_send = len(ids) - sum(skipped.values()) - len(unfit)
    left = ledger.credits_left(rows, user_id)
    phones = _phones(rows, user_id, device_ids)
    before = _unexpanded(rows, user_id)
    others = list(set(before).difference(ids))
    new = fresh + (_fresh(rows, user_id, others, device_ids, config, now) if others else 0)
    done_at = _done_at(_forecasts(rows, phones, config, now), will_send + len(before), new=new, at=at)
    allowed = foreseeing.allowed(phones, now)
    lock = foreseeing.lock(phones, now) if fresh else None
    return Preflight(
        total=len(ids),
        will_send=will_send,
        skipped=skipped,
        first_contacts=fresh,
        credits_needed=None if left is None else len(ids),
        credits_left=left,
        days_needed=None if done_at is None else (done_at - max(at or now, now)).days + 1,
        done_at=done_at,
        samples=tuple(_samples(rows, user_id, message, ids[:SAMPLES])),
        verdict=launching.judged(rows, message, filename),
        new_chats=allowed,
        beyond_new_chats=max(fresh - allowed.left, 0) if allowed else 0,
        locked=lock is not None,
        locked_until=lock.until if lock else None,
        phones=len(phones),
        unfit=len(unfit),
        unfit_first=tuple(unfit[:SAMPLES]),
    )


def _failing(
    rows: Rows,
    user_id: int,
    message: Template,
    ids: list[int],
    device_ids: list[int] | None,
    config: Config,
    now: datetime,
) -> list[Unfit]:
    """Whom the text does not fit, without those who would be skipped anyway."""
    found = fitting.unfit(rows, user_id, message, ids)
    if not found:
        return []
    values = _asked(rows, user_id, [one.contact_id for one in found], device_ids, config, now)
    gets = {row["id"] for row in rows.all(f"select id from ({_JUDGED}) where reason is null", **values)}  # noqa: S608
    return [one for one in found if one.contact_id in gets]


def _people(
    rows: Rows, user_id: int, ids: list[int], device_ids: list[int] | None, config: Config, now: datetime
) -> list[Row]:
    """How many of these people are skipped for which reason, None for those who get it; fresh: new ones."""
    return rows.all(
        f"select reason, count(*) as n, sum(fresh) as fresh from ({_JUDGED}) group by reason",  # noqa: S608 - constant
        **_asked(rows, user_id, ids, device_ids, config, now),
    )


def _asked(
    rows: Rows, user_id: int, ids: list[int], device_ids: list[int] | None, config: Config, now: datetime
) -> dict[str, Any]:
    """The values of `_JUDGED`."""
    return {
        "user_id": user_id,
        "ids": json.dumps(ids),
        "named": None if device_ids is None else json.dumps(device_ids),
        "anybody_out": rows.value("select 1 from suppressions where user_id = :id limit 1", id=user_id)
        is not None,
        "consent": config.guards.require_consent,
        "remembered": times.stored(now - chats.NO_LASTS),
    }


def eta(rows: Rows, campaign: Campaign, *, config: Config, now: datetime) -> datetime | None:
    """When a running campaign should be done; None for one that does not run or cannot be foreseen."""
    if campaign.status == "scheduled" and campaign.scheduled_for is not None:
        return _through(rows, campaign, config, now, at=campaign.scheduled_for)
    if campaign.status != "sending":
        return None
    lasts = rows.all(
        """select max(id) as id from messages where campaign_id = :id and status = 'queued' group by device_id""",
        id=campaign.id,
    )
    messages = [stored.by_id(rows, row["id"]) for row in lasts]
    waits = explaining.explain(rows, messages, config=config, now=now)
    moments = [waiting.expected_at for waiting in waits.values()]
    for device_id in {message.device_id for message in messages}:
        device = devices.by_id(rows, device_id)
        moments.append(foreseeing.foresee_new(rows, device, campaign.id, config=config, now=now))
    if not moments and campaign.expanded:
        return now
    if None in moments:
        return None
    if not campaign.expanded:
        moments.append(_through(rows, campaign, config, now))
    known = [moment for moment in moments if moment is not None]
    return max(known) if known and len(known) == len(moments) else None


def _through(
    rows: Rows, campaign: Campaign, config: Config, now: datetime, *, at: datetime | None = None
) -> datetime | None:
    """When the people of a campaign that are no messages yet would be through, with all that goes before them.

    at: when it begins, for one that is planned.
    """
    named = None if campaign.device_ids is None else list(campaign.device_ids)
    ids = _unexpanded(rows, campaign.user_id)
    forecasts = _forecasts(rows, _phones(rows, campaign.user_id, named), config, now)
    waits = campaign.status == "scheduled"
    count = len(ids) + (campaign.total if waits else 0)
    freely = _done_at(forecasts, count, at=at)
    latest = _done_at(forecasts, count, new=count, at=at)
    if freely == latest:  # nothing holds new people
        return freely
    if waits:
        segment = segments.read(campaign.audience)
        ids += segments.meant(rows, campaign.user_id, segment, config=config, at=max(at or now, now))
    ids = list(dict.fromkeys(ids))
    parts = (ids[place : place + launching.PART] for place in range(0, len(ids), launching.PART))
    new = (_fresh(rows, campaign.user_id, part, named, config, now) for part in parts)
    if latest == _done_at(forecasts, count, new=1, at=at):  # as long for one as for all
        return latest if any(new) else freely
    return _done_at(forecasts, count, new=sum(new), at=at)


def _fresh(
    rows: Rows, user_id: int, ids: list[int], device_ids: list[int] | None, config: Config, now: datetime
) -> int:
    found = _people(rows, user_id, ids, device_ids, config, now)
    return sum(row["fresh"] for row in found if row["reason"] is None)


def _unexpanded(rows: Rows, user_id: int) -> list[int]:
    """The ids of the people whom running campaigns have no message for yet."""
    ids = array("q")
    for row in rows.all(
        """select a.contact_ids from campaigns c join audiences a on a.campaign_id = c.id and a.part >= c.cursor
           where c.user_id = :id and c.status = 'sending' and c.expanded = 0""",
        id=user_id,
    ):
        ids.frombytes(row["contact_ids"])
    return list(ids)


def _phones(rows: Rows, user_id: int, device_ids: list[int] | None) -> list[devices.Device]:
    """The linked devices that would send."""
    return [
        device
        for device in devices.list_of(rows, user_id)
        if device.linked and (device_ids is None or device.id in device_ids)
    ]


def _forecasts(
    rows: Rows, phones: list[devices.Device], config: Config, now: datetime
) -> list[foreseeing.Forecast]:
    return [foreseeing.Forecast.of(rows, phone, config=config, now=now) for phone in phones]


def _done_at(
    forecasts: list[foreseeing.Forecast], count: int, *, new: int = 0, at: datetime | None = None
) -> datetime | None:
    """When `count` more messages would be through, shared evenly by these phones. new: to new people."""
    if not forecasts:
        return None
    share, new_share = -(-count // len(forecasts)), -(-new // len(forecasts))
    moments = [forecast.done(share, new=new_share, at=at) for forecast in forecasts]
    known = [moment for moment in moments if moment is not None]
    return max(known) if len(known) == len(moments) else None


def _samples(rows: Rows, user_id: int, message: Template, ids: list[int]) -> list[str]:
    found = rows.all(
        """select id, phone, name, custom from contacts where user_id = :user_id
           and id in (select value from json_each(:ids)) order by id""",
        user_id=user_id,
        ids=json.dumps(ids),
    )
    held = own.said(rows, ids, message.language) if message.own else {}
    samples = (_sample(message, row, held.get(row["id"], {})) for row in found)
    return [text for text in samples if text is not None]


def _sample(message: Template, row: Row, held: Mapping[str, str]) -> str | None:
    """What this person would read; None where it would be empty or too long, and fail for them alone."""
    values = {"name": row["name"] or "", "custom": row["custom"] or "", "phone": row["phone"], **held}
    try:
        return message.render(values, seed=f"sample:{row['id']}")
    except Refusal:
        return None
