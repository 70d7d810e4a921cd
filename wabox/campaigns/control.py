"""What people do with a campaign: pause, resume, stop, redispatch, and the owner's yes or no to its text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from wabox import times
from wabox.billing import ledger, subscriptions
from wabox.campaigns import launching
from wabox.campaigns.stored import (
    IN_REVIEW,
    NO_DEVICES,
    OVER,
    REASONS,
    Campaign,
    by_id,
    has_devices,
    moved,
    of_user,
)
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.errors import Invalid
from wabox.messages import leaving, stored


@dataclass(frozen=True, slots=True)
class Stopped:
    """credits_refunded: really given back until now, 0 on an unlimited account.

    on_its_way: messages in hand, which may go. now: whether this call stopped it. released: what was still
    reserved, a part of credits_refunded.
    """

    campaign: Campaign
    credits_refunded: int
    on_its_way: int
    now: bool = False
    released: int = 0


def pause(tx: Tx, user_id: int, campaign_id: int, *, now: datetime) -> Campaign:
    """sending or scheduled → paused: nothing more is claimed from this commit on."""
    campaign = of_user(tx, user_id, campaign_id)
    if campaign.status != "paused" and not moved(
        tx, campaign_id, "paused", origin=("sending", "scheduled"), reason=None, now=now
    ):
        raise _wrong_state("paused", campaign)
    return by_id(tx, campaign_id)


def resume(
    tx: Tx,
    user_id: int,
    campaign_id: int,
    *,
    contact_ids: Sequence[int] = (),
    stamp: str | None = None,
    now: datetime,
) -> Campaign:
    """paused → sending, or back to scheduled if its time has not come.

    contact_ids: the audience now, for one that never was launched; stamp: of the campaign whose audience it is. A
    tripwire that paused it is not judged again. Raises Invalid `wrong_state`, also if it was changed meanwhile,
    `no_recipients`, `no_devices`, InsufficientCredits.
    """
    campaign = of_user(tx, user_id, campaign_id)
    if campaign.status == "sending" or (campaign.status == "scheduled" and campaign.launched_at is None):
        return campaign
    if campaign.status != "paused":
        raise _wrong_state("resumed", campaign)
    _check_read(campaign)
    if not campaign.expanded and not has_devices(tx, campaign):
        raise Invalid(NO_DEVICES, REASONS[NO_DEVICES])
    if campaign.launched_at is None and stamp is not None and stamp != launching.stamp_of(campaign):
        raise Invalid("wrong_state", launching.CHANGED)
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
    moved(tx, campaign.id, "scheduled", origin=("paused",), reason=None, now=now)
    if not later:
        launching.launch(tx, campaign.id, contact_ids, now=now)
    return by_id(tx, campaign.id)


def stop(tx: Tx, user_id: int, campaign_id: int, *, now: datetime, most: int = leaving.PIECE) -> Stopped:
    """Any → stopped: nothing more is claimed, what was never claimed is cancelled, and its credits come back.

    A piece of it at once, the rest by `leaving.of_campaign`; `whole` tells of all. On one that is over, nothing
    changes. The message in hand is not handed over once more.
    """
    campaign = of_user(tx, user_id, campaign_id)
    in_hand = stored.on_its_way(tx, user_id, campaign_id=campaign_id)
    if campaign.status in OVER:
        return Stopped(campaign, 0, in_hand)
    unexpanded = _left_to_expand(tx, campaign)
    ledger.release(tx, user_id, campaign_id, campaign.reserved, now=now)
    tx.run(
        """update campaigns set status = 'stopped', status_reason = null, finished_at = :now, expanded = 1,
           reserved = 0, cancelled = cancelled + :n where id = :id""",
        id=campaign_id,
        n=unexpanded,
        now=times.stored(now),
    )
    tx.run("delete from audiences where campaign_id = :id", id=campaign_id)
    piece = leaving.of_campaign(tx, campaign_id, now=now, most=most)
    refunded = piece.credits + campaign.reserved
    return Stopped(by_id(tx, campaign_id), refunded, in_hand, True, campaign.reserved)


def whole(rows: Rows, first: Stopped) -> Stopped:
    """What this stop has come to by now, whoever cancelled the pieces."""
    returned = rows.value(
        """select count(*) from messages m join ledger l on l.message_id = m.id and l.kind = 'return'
           where m.campaign_id = :id and m.status = 'cancelled' and m.error = 'campaign_stopped'""",
        id=first.campaign.id,
    )
    refunded = first.released + int(returned)
    return replace(first, campaign=by_id(rows, first.campaign.id), credits_refunded=refunded)


def redispatch(
    tx: Tx, user_id: int, campaign_id: int, *, now: datetime, after: int = 0, most: int = leaving.PIECE
) -> int | None:
    """What is queued and was never handed over is armed anew: holds fall, dead phones give theirs to live ones.

    A piece of it, of the messages after this id; returns where the next one begins, None if this was the last.
    Nothing is sent again. Raises Invalid `wrong_state` when it is over; a piece after the first does nothing then.
    """
    campaign = of_user(tx, user_id, campaign_id)
    if campaign.status in OVER and after:
        return None
    if campaign.status in OVER:
        raise _wrong_state("redispatched", campaign)
    _check_read(campaign)
    live = usable_devices(tx, campaign, now=now)
    found = tx.all(
        """select id from messages where campaign_id = :id and status = 'queued' and id > :after
           and wa_message_id is null and (held_until is not null
             or (:live <> '[]' and device_id not in (select value from json_each(:live))))
           order by id limit :most""",
        id=campaign_id,
        after=after,
        live=json.dumps(live),
        most=most,
    )
    _rearm(tx, [row["id"] for row in found], live)
    return found[-1]["id"] if len(found) == most else None


def may_move(rows: Rows, campaign: Campaign, *, now: datetime) -> bool:
    """Whether something waits for a phone that cannot send it, while another can."""
    live = usable_devices(rows, campaign, now=now)
    return campaign.status == "sending" and bool(
        rows.value(
            """select exists (select 1 from messages where campaign_id = :id and status = 'queued'
                 and wa_message_id is null and device_id not in (select value from json_each(:live)))
               and exists (select 1 from devices where id in (select value from json_each(:live)) and linked)""",
            id=campaign.id,
            live=json.dumps(live),
        )
    )


def _rearm(tx: Tx, message_ids: list[int], live: list[int]) -> None:
    """No hold, and a live phone if there is one; who is a new chat is asked for the phone that sends."""
    tx.run(
        """update messages set held_until = null, held_reason = null
           where id in (select value from json_each(:ids))""",
        ids=json.dumps(message_ids),
    )
    if not live:
        return
    tx.run(
        """update messages as m set device_id = given.device_id, new_chat = not exists (
             select 1 from chats k where k.user_id = m.user_id and k.phone = m.phone
             and k.account = coalesce((select phone from devices where id = given.device_id), ''))
           from (select id, (select value from json_each(:live)
                             where key = messages.id % json_array_length(:live)) as device_id
                 from messages where id in (select value from json_each(:ids))
                 and device_id not in (select value from json_each(:live))) given
           where m.id = given.id""",
        ids=json.dumps(message_ids),
        live=json.dumps(live),
    )


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


def usable_devices(rows: Rows, campaign: Campaign, *, now: datetime) -> list[int]:
    """Linked devices it may use, the plan allows and whose number is theirs; if there are none, all it may use."""
    found = rows.all(
        """select id, linked and (sends_as is null or sends_as is phone) as live from devices
           where user_id = :user_id and removed_at is null
           and (:named is null or id in (select value from json_each(:named))) order by label <> 'primary', id""",
        user_id=campaign.user_id,
        named=None if campaign.device_ids is None else json.dumps(campaign.device_ids),
    )
    most = subscriptions.standing_now(rows, campaign.user_id, now=now).most_devices
    allowed = None if most is None else devices.within(rows, campaign.user_id, most)
    live = [row["id"] for row in found if row["live"] and (allowed is None or row["id"] in allowed)]
    return live or [row["id"] for row in found]


def _left_to_expand(rows: Rows, campaign: Campaign) -> int:
    if campaign.launched_at is None:
        return campaign.total
    parts = rows.all(
        "select length(contact_ids) / 8 as n from audiences where campaign_id = :id and part >= :cursor",
        id=campaign.id,
        cursor=campaign.cursor,
    )
    return sum(row["n"] for row in parts)


def _check_read(campaign: Campaign) -> None:
    if campaign.status == "paused" and campaign.status_reason == IN_REVIEW:
        raise Invalid(
            "content_review",
            "Whoever runs this box reads this campaign first; then it goes on by itself. You can stop it.",
        )


def _wrong_state(verb: str, campaign: Campaign) -> Invalid:
    return Invalid("wrong_state", f"This campaign is {campaign.status}; it cannot be {verb} now.")
