"""A campaign's life: one text to many people, one message a person, ever.

scheduled → sending → completed, with paused in between and stopped as the owner's end; failed means it
could not run at all. Launch fixes `total` and writes down who is meant (`audiences`), so that nobody is
added or lost by what happens to the contacts later. At every moment
total = queued + sent + failed + skipped + cancelled + unknown, where queued is what is left.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from wabox import times
from wabox.billing import ledger, subscriptions
from wabox.content import refusals, reviews, rules
from wabox.content.rules import Verdict
from wabox.db import Row, Rows, Tx
from wabox.devices import devices
from wabox.errors import Invalid, NotFound
from wabox.messages import outbox, template
from wabox.webhooks import deliveries

Status = Literal["scheduled", "sending", "paused", "completed", "stopped", "failed"]
STATUSES: tuple[Status, ...] = ("scheduled", "sending", "paused", "completed", "stopped", "failed")
PART = 500  # people in one part of an audience: one transaction of the expansion
OVER: tuple[Status, ...] = ("completed", "stopped", "failed")

REASONS = {
    "insufficient_credits": "There were not enough credits at its time; buy credits, then resume it.",
    "tripwire_not_on_whatsapp": "Over 20 % of the numbers were not on WhatsApp; check the list, then resume it.",
    "tripwire_opt_outs": "Over 5 % of the people asked not to be written to; think it over, then resume it.",
    "tripwire_failures": "Ten messages in a row failed; check the phone, then resume it.",
    "no_recipients": "At its time nobody was in its audience.",
    "content_review": "Whoever runs this box reads it first; then it goes on by itself.",
    "content_refused": "Whoever runs this box did not let it go.",
}
IN_REVIEW = "content_review"
MOST_SPELLED_OUT = 65_536  # characters of variants that are judged at once; each person's text is judged later


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign with its counters. sent includes delivered and read; queued includes not yet expanded.

    audience: a segment as JSON text. device_ids: None = every linked device.
    """

    id: int
    user_id: int
    name: str
    message: str
    audience: str
    device_ids: tuple[int, ...] | None
    status: Status
    status_reason: str | None
    scheduled_for: datetime | None
    created_at: datetime
    launched_at: datetime | None
    finished_at: datetime | None
    total: int
    cursor: int
    expanded: bool
    sent: int
    delivered: int
    read: int
    failed: int
    skipped: int
    cancelled: int
    unknown: int
    not_on_whatsapp: int
    opted_out_after: int
    failures_in_row: int
    acknowledged: str
    reserved: int

    @property
    def queued(self) -> int:
        """What is not at its end: waiting, in hand, or not yet expanded."""
        return self.total - self.sent - self.failed - self.skipped - self.cancelled - self.unknown

    @property
    def tag(self) -> str | None:
        """The one tag it goes to, if that is its whole audience."""
        audience = json.loads(self.audience)
        only = set(audience) == {"tags_any"} and len(audience["tags_any"]) == 1
        return str(audience["tags_any"][0]) if only else None


@dataclass(frozen=True, slots=True)
class Stopped:
    """credits_refunded: really given back, 0 on an unlimited account."""

    campaign: Campaign
    credits_refunded: int


def of_user(rows: Rows, user_id: int, campaign_id: int) -> Campaign:
    """The user's campaign. Raises NotFound, for somebody else's too."""
    row = rows.one(
        "select * from campaigns where id = :id and user_id = :user_id", id=campaign_id, user_id=user_id
    )
    if row is None:
        raise NotFound("not_found", "There is no such campaign; GET /campaigns lists yours.")
    return _campaign(row)


def by_id(rows: Rows, campaign_id: int) -> Campaign:
    """The campaign, whoever's. For the engine."""
    row = rows.one("select * from campaigns where id = :id", id=campaign_id)
    if row is None:
        raise NotFound("not_found", "There is no such campaign.")
    return _campaign(row)


@dataclass(frozen=True, slots=True)
class Page:
    """Campaigns, newest first."""

    campaigns: list[Campaign]
    total: int
    next_cursor: int | None


def page(
    rows: Rows,
    user_id: int,
    *,
    status: Status | None = None,
    number: int = 1,
    per_page: int = 50,
    cursor: int | None = None,
) -> Page:
    """One page of the user's campaigns; with a cursor the number is not looked at."""
    params = {"user_id": user_id, "status": status}
    where = "user_id = :user_id and (:status is null or status = :status)"
    total = int(rows.value(f"select count(*) from campaigns where {where}", **params))  # noqa: S608
    found = rows.all(
        f"""select * from campaigns where {where} and id < ifnull(:cursor, 9e18)
            order by id desc limit :limit offset :offset""",  # noqa: S608
        cursor=cursor,
        limit=per_page + 1,
        offset=0 if cursor is not None else (number - 1) * per_page,
        **params,
    )
    campaigns = [_campaign(row) for row in found[:per_page]]
    return Page(campaigns, total, campaigns[-1].id if len(found) > per_page else None)


# -- in ----------------------------------------------------------------------------------------------


def create(
    tx: Tx,
    user_id: int,
    *,
    name: str,
    message: str,
    audience: str,
    contact_ids: Sequence[int],
    device_ids: Sequence[int] | None,
    scheduled_for: datetime | None,
    now: datetime,
    ip: str | None = None,
) -> Campaign:
    """A campaign stands; without a time in the future it is launched at once.

    Where texts are judged, it may stand paused until a person has read it. message: parsed by the caller.
    contact_ids: who is in the audience now. ip: of the sender, for the record. Raises Invalid
    `no_recipients`, `content_refused`, InsufficientCredits; then nothing is stored.
    """
    if not contact_ids:
        raise Invalid("no_recipients", "Nobody is in this audience; choose another tag, or add contacts first.")
    verdict = judged(tx, template.parse(message))
    if verdict is not None and verdict.action == "refuse":
        raise refusals.refusal(user_id, verdict, ip=ip, now=now)
    later = scheduled_for is not None and scheduled_for > now
    campaign_id = tx.insert(
        """insert into campaigns (user_id, name, message, audience, device_ids, status, scheduled_for,
                                  created_at, total)
           values (:user_id, :name, :message, :audience, :device_ids, 'scheduled', :scheduled_for,
                   :now, :total)""",
        user_id=user_id,
        name=name,
        message=message,
        audience=audience,
        device_ids=None if device_ids is None else json.dumps(list(device_ids)),
        scheduled_for=times.stored_or_none(scheduled_for),
        now=times.stored(now),
        total=len(contact_ids),
    )
    if verdict is not None:
        _set(tx, campaign_id, "paused", origin=("scheduled",), reason=IN_REVIEW, now=now)
        reviews.ask(tx, user_id, verdict, message_id=None, campaign_id=campaign_id, now=now)
    elif not later:
        launch(tx, campaign_id, contact_ids, now=now)
    return by_id(tx, campaign_id)


def judged(rows: Rows, message: template.Template) -> Verdict | None:
    """What the rules say of a text before anybody's data is in it: the worst that any of its variants meets."""
    if not rules.in_force(rows):
        return None
    most = min(max(MOST_SPELLED_OUT // len(message.text), 4), 64)
    met = [rules.verdict(rows, text) for text in message.spelled_out(most)]
    found = [one for one in met if one is not None]
    refusing = next((one for one in found if one.action == "refuse"), None)
    if refusing is not None or not found:
        return refusing
    return Verdict("hold", tuple(sorted({key for one in found for key in one.rules})), found[0].reason)


def read_and_fine(tx: Tx, campaign_id: int) -> bool:
    """paused for a person's eye → scheduled: it begins at its time, at once if that has come."""
    moved = tx.run(
        """update campaigns set status = 'scheduled', status_reason = null
           where id = :id and status = 'paused' and status_reason = :reason""",
        id=campaign_id,
        reason=IN_REVIEW,
    )
    return moved == 1


def read_and_refused(tx: Tx, campaign_id: int, *, now: datetime) -> bool:
    """paused for a person's eye → stopped; it never began, so no credit was taken."""
    campaign = by_id(tx, campaign_id)
    if campaign.status != "paused" or campaign.status_reason != IN_REVIEW:
        return False
    stop(tx, campaign.user_id, campaign_id, now=now)
    tx.run("update campaigns set status_reason = 'content_refused' where id = :id", id=campaign_id)
    return True


def due(rows: Rows, *, now: datetime) -> list[int]:
    """Ids of scheduled campaigns whose time has come."""
    return [
        row["id"]
        for row in rows.all(
            """select id from campaigns where status = 'scheduled'
               and (scheduled_for is null or scheduled_for <= :now)""",
            now=times.stored(now),
        )
    ]


def launch(tx: Tx, campaign_id: int, contact_ids: Sequence[int], *, now: datetime) -> bool:
    """scheduled → sending: who is meant is written down, credits are reserved, `total` is fixed.

    False if it is not scheduled any more. Raises InsufficientCredits; then nothing has changed.
    """
    moved = tx.run(
        """update campaigns set status = 'sending', status_reason = null, launched_at = :now, total = :total
           where id = :id and status = 'scheduled' and launched_at is null""",
        id=campaign_id,
        total=len(contact_ids),
        now=times.stored(now),
    )
    if not moved:
        return False
    campaign = by_id(tx, campaign_id)
    reserved = ledger.reserve(tx, campaign.user_id, campaign_id, len(contact_ids), now=now)
    tx.run("update campaigns set reserved = :n where id = :id", n=reserved, id=campaign_id)
    tx.many(
        "insert into audiences (campaign_id, user_id, part, contact_ids) values (?, ?, ?, ?)",
        [
            (campaign_id, campaign.user_id, number, array("q", contact_ids[at : at + PART]).tobytes())
            for number, at in enumerate(range(0, len(contact_ids), PART))
        ],
    )
    return True


def launch_scheduled(tx: Tx, campaign_id: int, contact_ids: Sequence[int], *, now: datetime) -> None:
    """Its time has come: it goes, or says why it cannot."""
    campaign = by_id(tx, campaign_id)
    left = ledger.credits_left(tx, campaign.user_id)
    if not contact_ids:
        _set(tx, campaign_id, "failed", origin=("scheduled",), reason="no_recipients", now=now)
    elif left is not None and left < len(contact_ids):
        _set(tx, campaign_id, "paused", origin=("scheduled",), reason="insufficient_credits", now=now)
    else:
        launch(tx, campaign_id, contact_ids, now=now)


# -- control -----------------------------------------------------------------------------------------


def pause(tx: Tx, user_id: int, campaign_id: int, *, now: datetime) -> Campaign:
    """sending or scheduled → paused: nothing more is claimed from this commit on."""
    campaign = of_user(tx, user_id, campaign_id)
    if campaign.status != "paused" and not _set(
        tx, campaign_id, "paused", origin=("sending", "scheduled"), reason=None, now=now
    ):
        raise _wrong_state("paused", campaign)
    return by_id(tx, campaign_id)


def resume(tx: Tx, user_id: int, campaign_id: int, *, contact_ids: Sequence[int] = (), now: datetime) -> Campaign:
    """paused → sending, or back to scheduled if its time has not come.

    contact_ids: the audience now, for one that never was launched. A tripwire that paused it is not
    judged again. Raises Invalid `wrong_state`, `no_recipients`, InsufficientCredits.
    """
    campaign = of_user(tx, user_id, campaign_id)
    if campaign.status == "sending" or (campaign.status == "scheduled" and campaign.launched_at is None):
        return campaign
    if campaign.status != "paused":
        raise _wrong_state("resumed", campaign)
    _check_read(campaign)
    if campaign.launched_at is None:
        return _resume_unlaunched(tx, campaign, contact_ids, now)
    tx.run(
        """update campaigns set status = 'sending', acknowledged = acknowledged || coalesce(' ' || :reason, ''),
           status_reason = null, failures_in_row = 0 where id = :id and status = 'paused'""",
        id=campaign_id,
        reason=campaign.status_reason,
    )
    return by_id(tx, campaign_id)


def _resume_unlaunched(tx: Tx, campaign: Campaign, contact_ids: Sequence[int], now: datetime) -> Campaign:
    later = campaign.scheduled_for is not None and campaign.scheduled_for > now
    if not later and not contact_ids:
        raise Invalid("no_recipients", "Nobody is in this audience; add contacts first.")
    _set(tx, campaign.id, "scheduled", origin=("paused",), reason=None, now=now)
    if not later:
        launch(tx, campaign.id, contact_ids, now=now)
    return by_id(tx, campaign.id)


def stop(tx: Tx, user_id: int, campaign_id: int, *, now: datetime) -> Stopped:
    """Any → stopped: what was never claimed is cancelled, and its credits come back.

    On one that is over, nothing changes. The message in hand goes on to its end.
    """
    campaign = of_user(tx, user_id, campaign_id)
    if campaign.status in OVER:
        return Stopped(campaign, 0)
    rows = tx.all(
        "select id from messages where campaign_id = :id and status = 'queued' order by id", id=campaign_id
    )
    refunded = _cancel_rows(tx, campaign, [row["id"] for row in rows], now)
    unexpanded = _left_to_expand(tx, campaign)
    ledger.release(tx, user_id, campaign_id, campaign.reserved, now=now)
    tx.run(
        """update campaigns set status = 'stopped', status_reason = null, finished_at = :now, expanded = 1,
           reserved = 0, cancelled = cancelled + :n where id = :id""",
        id=campaign_id,
        n=len(rows) + unexpanded,
        now=times.stored(now),
    )
    tx.run("delete from audiences where campaign_id = :id", id=campaign_id)
    return Stopped(by_id(tx, campaign_id), refunded + campaign.reserved)


def redispatch(tx: Tx, user_id: int, campaign_id: int, *, now: datetime) -> Campaign:
    """What is queued and was never handed over is armed anew: holds fall, dead phones give theirs to live ones.

    Nothing is sent again. Raises Invalid `wrong_state` when it is over.
    """
    campaign = of_user(tx, user_id, campaign_id)
    if campaign.status in OVER:
        raise _wrong_state("redispatched", campaign)
    _check_read(campaign)
    tx.run(
        """update messages set held_until = null, held_reason = null where campaign_id = :id
           and status = 'queued' and wa_message_id is null and held_until is not null""",
        id=campaign_id,
    )
    live = usable_devices(tx, campaign, now=now)
    if live:
        tx.run(
            """update messages set device_id = (select value from json_each(:live)
                 where key = messages.id % json_array_length(:live))
               where campaign_id = :id and status = 'queued' and wa_message_id is null
               and device_id not in (select value from json_each(:live))""",
            id=campaign_id,
            live=json.dumps(live),
        )
    return campaign


def usable_devices(rows: Rows, campaign: Campaign, *, now: datetime) -> list[int]:
    """Linked devices it may use and the plan allows; if there are none, all that it may use."""
    found = rows.all(
        """select id, linked from devices where user_id = :user_id and removed_at is null
           and (:named is null or id in (select value from json_each(:named))) order by label <> 'primary', id""",
        user_id=campaign.user_id,
        named=None if campaign.device_ids is None else json.dumps(campaign.device_ids),
    )
    most = subscriptions.standing_now(rows, campaign.user_id, now=now).most_devices
    allowed = None if most is None else devices.within(rows, campaign.user_id, most)
    live = [row["id"] for row in found if row["linked"] and (allowed is None or row["id"] in allowed)]
    return live or [row["id"] for row in found]


# -- by itself ---------------------------------------------------------------------------------------


def finish(tx: Tx, *, now: datetime) -> int:
    """Every running campaign with nobody left is completed. Returns how many."""
    return tx.run(
        """update campaigns set status = 'completed', finished_at = :now where status = 'sending'
           and expanded = 1 and total = sent + failed + skipped + cancelled + unknown""",
        now=times.stored(now),
    )


ATTEMPTS_JUDGED = 100
TRIPWIRES: tuple[tuple[str, str], ...] = (
    ("tripwire_not_on_whatsapp", "sent + failed >= 100 and not_on_whatsapp * 100 > (sent + failed) * 20"),
    ("tripwire_opt_outs", "sent + failed >= 100 and opted_out_after * 100 > sent * 5"),
    ("tripwire_failures", "sent + failed >= 100 and failures_in_row >= 10"),
)


def something_to_do(rows: Rows) -> bool:
    """Whether any campaign is running at all; asked each tick."""
    return rows.value("select 1 from campaigns where status = 'sending' limit 1") is not None


def trip(tx: Tx, *, now: datetime) -> int:
    """Pause every running campaign that does harm, with the reason. Judged from 100 attempts on."""
    tripped = 0
    for reason, condition in TRIPWIRES:
        tripped += tx.run(
            f"""update campaigns set status = 'paused', status_reason = :reason
                where status = 'sending' and instr(acknowledged, :reason) = 0 and {condition}""",  # noqa: S608
            reason=reason,
        )
    return tripped


def _set(
    tx: Tx, campaign_id: int, to: Status, *, origin: tuple[Status, ...], reason: str | None, now: datetime
) -> bool:
    return bool(
        tx.run(
            """update campaigns set status = :to, status_reason = :reason,
               finished_at = iif(:to in ('completed', 'stopped', 'failed'), :now, finished_at)
               where id = :id and status in (select value from json_each(:origin))""",
            id=campaign_id,
            to=to,
            reason=reason,
            origin=json.dumps(origin),
            now=times.stored(now),
        )
    )


def _left_to_expand(rows: Rows, campaign: Campaign) -> int:
    if campaign.launched_at is None:
        return campaign.total
    parts = rows.all(
        "select length(contact_ids) / 8 as n from audiences where campaign_id = :id and part >= :cursor",
        id=campaign.id,
        cursor=campaign.cursor,
    )
    return sum(row["n"] for row in parts)


def _cancel_rows(tx: Tx, campaign: Campaign, message_ids: list[int], now: datetime) -> int:
    """Cancel many rows at once, with what `outbox` does for one: count, credit, webhook."""
    if not message_ids:
        return 0
    outbox.cancel_many(tx, campaign.user_id, message_ids, "campaign_stopped", now=now)
    refunded = ledger.give_back_many(tx, campaign.user_id, message_ids, now=now)
    if deliveries.is_asked_for(tx, campaign.user_id, "delivery.cancelled"):
        for message_id in message_ids:
            outbox.owe(tx, message_id, now)
    return refunded


def _check_read(campaign: Campaign) -> None:
    if campaign.status == "paused" and campaign.status_reason == IN_REVIEW:
        raise Invalid(
            "content_review",
            "Whoever runs this box reads this campaign first; then it goes on by itself. You can stop it.",
        )


def _wrong_state(verb: str, campaign: Campaign) -> Invalid:
    return Invalid("wrong_state", f"This campaign is {campaign.status}; it cannot be {verb} now.")


def _campaign(row: Row) -> Campaign:
    return Campaign(
        id=row["id"],
        user_id=row["user_id"],
        name=row["name"],
        message=row["message"],
        audience=row["audience"],
        device_ids=None if row["device_ids"] is None else tuple(json.loads(row["device_ids"])),
        status=cast(Status, row["status"]),
        status_reason=row["status_reason"],
        scheduled_for=times.read_or_none(row["scheduled_for"]),
        created_at=times.read(row["created_at"]),
        launched_at=times.read_or_none(row["launched_at"]),
        finished_at=times.read_or_none(row["finished_at"]),
        total=row["total"],
        cursor=row["cursor"],
        expanded=bool(row["expanded"]),
        sent=row["sent"],
        delivered=row["delivered"],
        read=row["read"],
        failed=row["failed"],
        skipped=row["skipped"],
        cancelled=row["cancelled"],
        unknown=row["unknown"],
        not_on_whatsapp=row["not_on_whatsapp"],
        opted_out_after=row["opted_out_after"],
        failures_in_row=row["failures_in_row"],
        acknowledged=row["acknowledged"],
        reserved=row["reserved"],
    )
