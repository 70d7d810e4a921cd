"""How a campaign begins: judged, written down with who is meant, its credits reserved."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from wabox import times
from wabox.billing import ledger
from wabox.campaigns import greeted
from wabox.campaigns.stored import IN_REVIEW, NO_DEVICES, Campaign, by_id, has_devices, moved, of_user
from wabox.config import Config
from wabox.contacts import audiences, own, segments
from wabox.content import judging, refusals, reviews
from wabox.content.judging import Verdict
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.languages import later
from wabox.messages import carrying, template
from wabox.messages.carrying import Carried

PART = 500  # people in one part of an audience: one transaction of the expansion
BEGUN = later(
    "This campaign has begun, is over or was read by a person; nothing was changed. Write a new one like it."
)
PAUSED = later("Somebody reads this text before it may go, and the campaign is paused; resume it, then change it.")
CHANGED = later("This campaign was changed in another window meanwhile; nothing was changed. Open it again.")
MOST_SPELLED_OUT = 65_536  # characters of variants that are judged at once; each person's text is judged later


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
    text_id: int | None = None,
    audience_id: int | None = None,
    carried: Carried | None = None,
    ip: str | None = None,
    run_of: tuple[int, date] | None = None,
    messages_end_at: datetime | None = None,
) -> Campaign:
    """A campaign stands; without a time in the future it is launched at once.

    Where texts are judged, it may stand paused until a person has read it. message: with the user's own fields.
    contact_ids: who is in the audience now. carried: the file that goes with it. text_id: the stored text that the
    message is a copy of. audience_id: the saved audience that `audience` is of. ip: of the sender, for the
    record. run_of: the repeating campaign, and for which of its dates; the engine begins it, not this call.
    messages_end_at: as it is said of a campaign.
    Raises Invalid `no_recipients`, `content_refused`, `changed_meanwhile`, `bad_template`, `bad_segment`, as
    `carrying.with_text` does, InsufficientCredits; then nothing is stored.
    """
    _somebody(contact_ids)
    text, verdict = fit(tx, user_id, message, audience, carried, now=now, ip=ip)
    _same(tx, user_id, audience, audience_id)
    waits = scheduled_for is not None and scheduled_for > now
    campaign_id = tx.insert(
        """insert into campaigns (user_id, name, message, text_id, audience, audience_id, device_ids, status,
                                  scheduled_for, created_at, total, media_id, media_kind, media_name, repeat_id,
                                  repeat_day, messages_end_at)
           values (:user_id, :name, :message, :text_id, :audience, :audience_id, :device_ids, 'scheduled',
                   :scheduled_for, :now, :total, :media_id, :media_kind, :media_name, :repeat_id, :repeat_day,
                   :messages_end_at)""",
        user_id=user_id,
        repeat_id=None if run_of is None else run_of[0],
        repeat_day=None if run_of is None else run_of[1].isoformat(),
        messages_end_at=times.stored_or_none(messages_end_at),
        now=times.stored(now),
        **_columns(name, text, text_id, (audience, audience_id), device_ids, scheduled_for, contact_ids, carried),
    )
    if verdict is not None:
        moved(tx, campaign_id, "paused", origin=("scheduled",), reason=IN_REVIEW, now=now)
        reviews.ask(tx, user_id, verdict, message_id=None, campaign_id=campaign_id, now=now)
    elif not waits and run_of is None:
        launch(tx, campaign_id, contact_ids, now=now)
    return by_id(tx, campaign_id)


def _somebody(contact_ids: Sequence[int]) -> None:
    """Raises Invalid `no_recipients`."""
    if not contact_ids:
        raise Invalid("no_recipients", "Nobody is in this audience; choose another tag, or add contacts first.")


def fit(
    tx: Tx,
    user_id: int,
    message: str,
    audience: str,
    carried: Carried | None,
    *,
    now: datetime,
    ip: str | None,
) -> tuple[template.Template, Verdict | None]:
    """The text, understood, and what the rules say of it short of a refusal. Raises as `create`."""
    segments.where(tx, user_id, segments.read(audience), today=now.date())  # its fields are still there
    names = own.names(tx, user_id)
    written = template.parse(message, names) if carried is None or message.strip() else None
    text = template.NOTHING if written is None else written
    if carried is not None:
        text = carrying.with_text(carried, written)
    verdict = judged(tx, text, "" if carried is None else carried.media.filename)
    if verdict is not None and verdict.action == "refuse":
        raise refusals.refusal(user_id, verdict, ip=ip, now=now)
    return text, verdict


def _same(rows: Rows, user_id: int, audience: str, audience_id: int | None) -> None:
    """The saved audience still means who was asked for. Raises NotFound, Invalid `changed_meanwhile`."""
    if audience_id is not None and audiences.of_user(rows, user_id, audience_id).kept != audience:
        raise Invalid(
            "changed_meanwhile", later("This audience was changed meanwhile; look again, then start it.")
        )


def _columns(
    name: str,
    text: template.Template,
    text_id: int | None,
    audience: tuple[str, int | None],
    device_ids: Sequence[int] | None,
    scheduled_for: datetime | None,
    contact_ids: Sequence[int],
    carried: Carried | None,
) -> dict[str, Any]:
    return {
        "name": name,
        "message": text.text,
        "text_id": text_id,
        "audience": audience[0],
        "audience_id": audience[1],
        "device_ids": None if device_ids is None else json.dumps(list(device_ids)),
        "scheduled_for": times.stored_or_none(scheduled_for),
        "total": len(contact_ids),
        "media_id": None if carried is None else carried.media.id,
        "media_kind": None if carried is None else carried.kind,
        "media_name": None if carried is None else carried.media.own_name,
    }


def replan(
    tx: Tx,
    user_id: int,
    campaign_id: int,
    *,
    stamp: str,
    name: str,
    message: str,
    audience: str,
    contact_ids: Sequence[int],
    device_ids: Sequence[int] | None,
    scheduled_for: datetime | None,
    now: datetime,
    text_id: int | None = None,
    audience_id: int | None = None,
    carried: Carried | None = None,
    ip: str | None = None,
) -> Campaign:
    """A campaign that has not begun is as is said here, as if `create` had made it so; paused, it stays paused.

    One whose messages end by themselves has at least a day for them from its new time on.
    stamp: as `stamp_of` told it when somebody began to change it. Raises Invalid `wrong_state` if it has begun, is
    over, was read by a person or was changed meanwhile; else as `create`. Then nothing is changed.
    """
    before = of_user(tx, user_id, campaign_id)
    _changeable(tx, before, stamp)
    _somebody(contact_ids)
    text, verdict = fit(tx, user_id, message, audience, carried, now=now, ip=ip)
    _same(tx, user_id, audience, audience_id)
    if verdict is not None and before.status == "paused":
        raise Invalid("wrong_state", PAUSED)  # after the reading it would begin, whoever paused it
    waits = scheduled_for is not None and scheduled_for > now
    tx.run(
        """update campaigns set name = :name, message = :message, text_id = :text_id, audience = :audience,
           audience_id = :audience_id, device_ids = :device_ids, scheduled_for = :scheduled_for, total = :total,
           media_id = :media_id, media_kind = :media_kind, media_name = :media_name,
           messages_end_at = max(messages_end_at, :a_day_on)
           where id = :id and launched_at is null and status in ('scheduled', 'paused')""",
        id=campaign_id,
        a_day_on=times.stored((scheduled_for or now) + timedelta(days=1)),
        **_columns(name, text, text_id, (audience, audience_id), device_ids, scheduled_for, contact_ids, carried),
    )
    if verdict is not None:
        moved(tx, campaign_id, "paused", origin=("scheduled",), reason=IN_REVIEW, now=now)
        reviews.ask(tx, user_id, verdict, message_id=None, campaign_id=campaign_id, now=now)
    elif not waits and before.status == "scheduled":
        launch(tx, campaign_id, contact_ids, now=now)
    return by_id(tx, campaign_id)


def stamp_of(campaign: Campaign) -> str:
    """Says what a campaign is to send, to whom, from where and when: another one after any change of it."""
    said = (
        campaign.name,
        campaign.message,
        campaign.text_id,
        campaign.audience,
        campaign.audience_id,
        campaign.device_ids,
        times.stored_or_none(campaign.scheduled_for),
        campaign.media_id,
        campaign.media_kind,
        campaign.media_name,
    )
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def meant_now(rows: Rows, campaign_id: int, config: Config, now: datetime) -> tuple[str, list[int]]:
    """The campaign's stamp, and who is in its audience now, on its user's calendar."""
    campaign = by_id(rows, campaign_id)
    segment = segments.read(campaign.audience)
    ids = segments.meant(rows, campaign.user_id, segment, config=config, at=now)
    if campaign.persons_day is not None:
        ids = greeted.left(rows, campaign.repeat_id, ids, campaign.persons_day)
    return stamp_of(campaign), ids


def may_change(rows: Rows, campaign: Campaign) -> bool:
    """Whether `replan` takes it: it has not begun, is not over, and nobody was asked to read it."""
    return (
        campaign.launched_at is None
        and campaign.status in ("scheduled", "paused")
        and not reviews.was_asked(rows, campaign.id)
    )


def _changeable(rows: Rows, campaign: Campaign, stamp: str) -> None:
    if not may_change(rows, campaign):
        raise Invalid("wrong_state", BEGUN)
    if stamp_of(campaign) != stamp:
        raise Invalid("wrong_state", CHANGED)


def judged(rows: Rows, message: template.Template, filename: str = "") -> Verdict | None:
    """What the rules say of a text before anybody's data is in it: the worst that any of its variants meets.

    filename: of the file that goes with it.
    """
    if not judging.in_force(rows):
        return None
    most = min(max(MOST_SPELLED_OUT // max(len(message.text), 1), 4), 64)
    behind = f"\n{filename}" if filename else ""
    met = [judging.verdict(rows, text + behind) for text in message.spelled_out(most)]
    found = [one for one in met if one is not None]
    refusing = next((one for one in found if one.action == "refuse"), None)
    if refusing is not None or not found:
        return refusing
    return Verdict("hold", tuple(sorted({key for one in found for key in one.rules})), found[0].reason)


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
    before = by_id(tx, campaign_id)
    if before.persons_day is not None:  # another run may have come to some of them since they were looked up
        contact_ids = greeted.left(tx, before.repeat_id, contact_ids, before.persons_day)
    moved = tx.run(
        """update campaigns set status = 'sending', status_reason = null, launched_at = :now, total = :total,
           expanded = iif(:total = 0, 1, expanded)
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


def launch_scheduled(
    tx: Tx, campaign_id: int, contact_ids: Sequence[int], *, now: datetime, stamp: str | None = None
) -> None:
    """Its time has come: it goes, or says why it cannot.

    stamp: of the campaign whose audience contact_ids is; of one that was changed since, nothing is begun.
    """
    campaign = by_id(tx, campaign_id)
    if stamp is not None and stamp != stamp_of(campaign):
        return
    left = ledger.credits_left(tx, campaign.user_id)
    if not has_devices(tx, campaign):
        moved(tx, campaign_id, "failed", origin=("scheduled",), reason=NO_DEVICES, now=now)
    elif not contact_ids:
        moved(tx, campaign_id, "failed", origin=("scheduled",), reason="no_recipients", now=now)
    elif left is not None and left < len(contact_ids):
        moved(tx, campaign_id, "paused", origin=("scheduled",), reason="insufficient_credits", now=now)
    else:
        launch(tx, campaign_id, contact_ids, now=now)
