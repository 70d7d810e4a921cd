"""Makes a campaign's messages, a part of its audience at a time: one row a person, never two.

A part is read and rendered outside the transaction, and written in one that first checks that the part is
still the next one; so a crash, a second worker or a stop in between writes nothing twice.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from wabox import times
from wabox.billing import ledger
from wabox.campaigns import control, greeted
from wabox.campaigns import stored as campaigns
from wabox.campaigns.stored import Campaign
from wabox.contacts import own
from wabox.content import judging, refusals
from wabox.content.judging import Verdict
from wabox.db import Row, Rows, Tx
from wabox.errors import Refusal
from wabox.media import stored as media
from wabox.messages import counting, outbox, reasons, stored, template


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person with the message they shall get, or why not. text: as rendered. verdict: what rules say of it."""

    contact_id: int
    phone: str
    device_id: int
    new_chat: bool
    text: str
    status: stored.Status
    error: str | None
    verdict: Verdict | None = None

    @property
    def why(self) -> str | None:
        """In words, why they do not get it, or not yet."""
        if self.verdict is not None:
            return self.verdict.reason
        return None if self.error is None else reasons.of_end(self.error)


@dataclass(frozen=True, slots=True)
class Part:
    """The next part of a campaign. size: people in it, those too whose contact is gone."""

    campaign: Campaign
    number: int
    size: int
    people: tuple[Recipient, ...]


def due(rows: Rows) -> list[int]:
    """Ids of campaigns with people left to expand. A paused one goes on, its messages just wait; without a device
    there is nothing to go on with.
    """
    return [
        row["id"]
        for row in rows.all(
            """select id from campaigns where status in ('sending', 'paused')
               and launched_at is not null and expanded = 0 and status_reason is not 'no_devices'"""
        )
    ]


def prepare(rows: Rows, campaign_id: int, *, require_consent: bool, now: datetime) -> Part | None:
    """The campaign's next part, rendered with what people have in their fields now.

    None if there is none, or no device left to send it from.
    """
    campaign = campaigns.by_id(rows, campaign_id)
    stored = rows.value(
        "select contact_ids from audiences where campaign_id = :id and part = :part",
        id=campaign_id,
        part=campaign.cursor,
    )
    if stored is None or campaign.expanded or campaign.status in campaigns.OVER:
        return None
    ids = array("q")
    ids.frombytes(stored)
    parsed = campaign.parsed
    devices = control.usable_devices(rows, campaign, now=now)
    if not devices:
        return None
    held = own.said(rows, ids.tolist(), parsed.language) if parsed.own else {}
    people = tuple(
        _judged(rows, campaign, _recipient(row, campaign, parsed, devices, require_consent, held))
        for row in _people(rows, campaign, ids, devices)
    )
    return Part(campaign, campaign.cursor, len(ids), people)


def write(tx: Tx, part: Part, *, now: datetime) -> bool:
    """The part's messages stand. False: somebody else wrote it, a device is gone, or the campaign is over."""
    if not _are_there(tx, {one.device_id for one in part.people}):
        return False
    part = _not_twice(tx, part)
    last = tx.value("select max(part) from audiences where campaign_id = :id", id=part.campaign.id)
    gone = part.size - len(part.people)
    skipped = sum(one.status == "skipped" for one in part.people) + gone
    failed = sum(one.status == "failed" for one in part.people)
    moved = tx.run(
        """update campaigns set cursor = cursor + 1, expanded = iif(cursor + 1 > :last, 1, 0),
           skipped = skipped + :skipped, failed = failed + :failed, reserved = max(reserved - :size, 0)
           where id = :id and cursor = :cursor and status in ('sending', 'paused')""",
        id=part.campaign.id,
        cursor=part.number,
        last=last,
        skipped=skipped,
        failed=failed,
        size=part.size,
    )
    if not moved:
        return False
    queued = _insert(tx, part, now)
    _note(tx, part)
    if part.campaign.reserved:
        user_id, campaign_id = part.campaign.user_id, part.campaign.id
        ledger.take_reserved(tx, user_id, campaign_id, queued, now=now)
        ledger.release(tx, user_id, campaign_id, part.size - len(queued), now=now)
    return True


def strand(tx: Tx, campaign_id: int) -> bool:
    """A campaign that has people left and no device any more is paused with that reason; its owner stops it."""
    campaign = campaigns.by_id(tx, campaign_id)
    if campaign.expanded or campaign.status not in ("sending", "paused") or campaigns.has_devices(tx, campaign):
        return False
    tx.run(
        "update campaigns set status = 'paused', status_reason = :reason where id = :id",
        id=campaign_id,
        reason=campaigns.NO_DEVICES,
    )
    return True


def _are_there(rows: Rows, device_ids: set[int]) -> bool:
    """Whether none of these devices was deleted since the part was prepared."""
    found = rows.value(
        """select count(*) from devices where removed_at is null and id in (select value from json_each(:ids))""",
        ids=json.dumps(sorted(device_ids)),
    )
    return int(found) == len(device_ids)


def _not_twice(rows: Rows, part: Part) -> Part:
    """Without those whom another run for their date has come to, since it was looked up who is meant."""
    campaign = part.campaign
    if campaign.persons_day is None:
        return part
    ids = [one.contact_id for one in part.people]
    left = set(greeted.left(rows, campaign.repeat_id, ids, campaign.persons_day))
    return replace(part, people=tuple(one for one in part.people if one.contact_id in left))


def _note(tx: Tx, part: Part) -> None:
    """Who has it with this run has it for this year."""
    campaign = part.campaign
    if campaign.persons_day is not None:
        got = [one.contact_id for one in part.people if one.error is None]
        greeted.note(tx, campaign.repeat_id, got, campaign.persons_day)


def _insert(tx: Tx, part: Part, now: datetime) -> list[int]:
    """The rows; returns the ids of those that are queued."""
    first = outbox.next_id(tx)
    at, ends_at = times.stored(now), times.stored_or_none(part.campaign.messages_end_at)
    tx.many(
        """insert into messages (id, user_id, device_id, campaign_id, contact_id, phone, text, status, error,
                                 error_text, priority, new_chat, queued_at, finished_at, media_id, media_kind,
                                 media_name, room, expires_at)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)""",
        [
            (
                first + n,
                part.campaign.user_id,
                one.device_id,
                part.campaign.id,
                one.contact_id,
                one.phone,
                one.text,
                one.status,
                one.error,
                one.why,
                int(one.new_chat),
                at,
                None if one.error is None else at,
                part.campaign.media_id,
                part.campaign.media_kind,
                part.campaign.media_name,
                bytes(stored.ROOM) if one.error is None else None,
                ends_at,
            )
            for n, one in enumerate(part.people)
        ],
    )
    stored.rows_added(tx, part.campaign.user_id, len(part.people))
    for n, one in enumerate(part.people):
        if one.error is not None:
            stored.came_to(tx, part.campaign.user_id, one.status, 1, now=now)
            outbox.owe(tx, first + n, now)
        if one.verdict is not None:
            _put_aside(tx, part, first + n, one.verdict, now)
    counting.made(tx, [first + n for n, one in enumerate(part.people) if one.error is not None])
    return [first + n for n, one in enumerate(part.people) if one.error is None]


def _judged(rows: Rows, campaign: Campaign, person: Recipient) -> Recipient:
    verdict = None
    if person.status == "queued":
        words = media.words(rows, person.text, campaign.media_id, campaign.media_name)
        verdict = judging.verdict(rows, words, judging.passed(rows, campaign.id))
    if verdict is None:
        return person
    if verdict.action == "refuse":
        return replace(person, status="skipped", error="content_refused", verdict=verdict)
    return replace(person, verdict=verdict)


def _put_aside(tx: Tx, part: Part, message_id: int, verdict: Verdict, now: datetime) -> None:
    """The message waits for a person, unless they let the campaign pass while the part was prepared."""
    if verdict.action == "refuse":
        refusals.count(tx, part.campaign.user_id, verdict, now=now)
    elif not set(verdict.rules) <= judging.passed(tx, part.campaign.id):
        outbox.into_review(tx, stored.by_id(tx, message_id), verdict, now=now)


def _people(rows: Rows, campaign: Campaign, ids: array[int], devices: list[int]) -> list[Row]:
    return rows.all(
        """select c.id, c.phone, c.name, c.custom, c.consent_at,
             exists (select 1 from suppressions s
                     where s.user_id = c.user_id and s.phone_hash = phone_hash(c.phone)) as opted_out,
             (select d.id from chats h join devices d on d.user_id = h.user_id and d.phone = h.account
              where h.user_id = c.user_id and h.phone = c.phone
              and d.id in (select value from json_each(:devices))
              order by max(coalesce(h.last_in_at, ''), coalesce(h.last_out_at, '')) desc limit 1) as known_by
           from contacts c where c.user_id = :user_id and c.id in (select value from json_each(:ids))
           order by c.id""",
        user_id=campaign.user_id,
        ids=json.dumps(ids.tolist()),
        devices=json.dumps(devices),
    )


def _recipient(
    row: Row,
    campaign: Campaign,
    parsed: template.Template,
    devices: list[int],
    require_consent: bool,  # noqa: FBT001
    held: Mapping[int, Mapping[str, str]],
) -> Recipient:
    text, status, error = "", "queued", None
    if row["opted_out"]:
        status, error = "skipped", "opted_out"
    elif require_consent and row["consent_at"] is None:
        status, error = "skipped", "no_consent"
    try:
        values = {"name": row["name"] or "", "custom": row["custom"] or "", "phone": row["phone"]}
        values |= held.get(row["id"], {})
        text = parsed.render(values, seed=f"campaign:{campaign.id}:{row['id']}")
    except Refusal as refusal:
        if error is None:
            status, error = "failed", refusal.code
    known = row["known_by"]
    device_id = known if known is not None else devices[row["id"] % len(devices)]
    return Recipient(row["id"], row["phone"], device_id, known is None, text, status, error)  # type: ignore[arg-type]
