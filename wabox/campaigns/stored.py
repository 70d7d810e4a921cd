"""A campaign: one text to many people, one message a person, ever.

scheduled → sending → completed, with paused in between and stopped as the owner's end; failed means it
could not run at all. Launch fixes `total` and writes down who is meant (`audiences`), so that nobody is
added or lost by what happens to the contacts later. At every moment
total = queued + sent + failed + skipped + cancelled + unknown, where queued is what is left.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from wabox import times
from wabox.db import Rows, Tx, reader
from wabox.errors import NotFound
from wabox.media import stored as media
from wabox.messages import template
from wabox.messages.template import Template

Status = Literal["scheduled", "sending", "paused", "completed", "stopped", "failed"]

STATUSES: tuple[Status, ...] = ("scheduled", "sending", "paused", "completed", "stopped", "failed")
OVER: tuple[Status, ...] = ("completed", "stopped", "failed")

REASONS = {
    "insufficient_credits": "There were not enough credits at its time; buy credits, then resume it.",
    "tripwire_not_on_whatsapp": "Over 20 % of the numbers were not on WhatsApp; check the list, then resume it.",
    "tripwire_opt_outs": "Over 5 % of the people asked not to be written to; think it over, then resume it.",
    "tripwire_failures": "Ten messages in a row failed; check the phone, then resume it.",
    "no_recipients": "At its time nobody was in its audience.",
    "no_devices": "The phones it was to go from are deleted; stop it, and make it anew with others.",
    "content_review": "Whoever runs this box reads it first; then it goes on by itself.",
    "content_refused": "Whoever runs this box did not let it go.",
}

IN_REVIEW = "content_review"
NO_DEVICES = "no_devices"


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign with its counters. sent includes delivered and read; queued includes not yet expanded.

    text_id: the stored text that its message was copied from, which may be gone or another by now. audience: a
    segment as JSON text; audience_id: the saved audience it is of, followed until it begins. device_ids: None =
    every linked device. media_id, media_kind: the file that goes with each message, and as what; media_name:
    called so, None: as it is kept.
    repeat_id, repeat_day: the repeating campaign it is a run of, which may be gone, and for which of its dates.
    messages_end_at: from when its messages are not sent any more, for a run that goes by a date of people's.
    revoke_asked_at: when what had gone was last to be deleted for everyone;
    revoke_after: up to which message id that was begun, None once it was for all.
    """

    id: int
    user_id: int
    name: str
    message: str
    text_id: int | None
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
    media_id: int | None
    media_kind: media.Kind | None
    media_name: str | None
    revoke_asked_at: datetime | None
    revoke_after: int | None
    audience_id: int | None
    repeat_id: int | None
    repeat_day: date | None
    messages_end_at: datetime | None

    @property
    def parsed(self) -> Template:
        """The text, understood: with a file it is a caption."""
        parse = template.parse if self.media_id is None else template.caption
        return parse(self.message, None)

    @property
    def persons_day(self) -> date | None:
        """For which day of people's this run is: who has it has no other this year. None: it is none by a date."""
        return None if self.messages_end_at is None else self.repeat_day

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


def from_text(rows: Rows, user_id: int, text_id: int, *, most: int) -> list[Campaign]:
    """The user's campaigns whose message was copied from this stored text, newest first."""
    found = rows.all(
        "select * from campaigns where user_id = :user_id and text_id = :text_id order by id desc limit :most",
        user_id=user_id,
        text_id=text_id,
        most=most,
    )
    return [_campaign(row) for row in found]


def unmade(rows: Rows, user_id: int) -> list[Campaign]:
    """The user's campaigns that are not over and of which not all messages are made."""
    found = rows.all(
        """select * from campaigns where user_id = :id and expanded = 0
           and status in ('scheduled', 'sending', 'paused') order by id""",
        id=user_id,
    )
    return [_campaign(row) for row in found]


@dataclass(frozen=True, slots=True)
class Page:
    """Campaigns, newest first."""

    campaigns: list[Campaign]
    total: int
    next_cursor: int | None


def standing_still(rows: Rows, user_id: int) -> list[tuple[int, str, str]]:
    """(id, name, reason) of campaigns that wabox itself paused and that go on by nobody but their user."""
    found = rows.all(
        """select id, name, status_reason from campaigns where user_id = :user_id and status = 'paused'
           and status_reason is not null and status_reason <> :review order by id""",
        user_id=user_id,
        review=IN_REVIEW,
    )
    return [(row["id"], row["name"], row["status_reason"]) for row in found]


def runs(rows: Rows, user_id: int, repeat_id: int, *, number: int = 1, per_page: int = 50) -> Page:
    """One page of the campaigns that a repeating one has made, newest first."""
    of = {"user_id": user_id, "id": repeat_id}
    total = int(rows.value("select count(*) from campaigns where user_id = :user_id and repeat_id = :id", **of))
    found = rows.all(
        """select * from campaigns where user_id = :user_id and repeat_id = :id
           order by id desc limit :limit offset :offset""",
        limit=per_page,
        offset=(number - 1) * per_page,
        **of,
    )
    return Page([_campaign(row) for row in found], total, None)


def has_devices(rows: Rows, campaign: Campaign) -> bool:
    """Whether there is still a device that it may use, linked or not."""
    return any_device(rows, campaign.user_id, campaign.device_ids)


def any_device(rows: Rows, user_id: int, device_ids: Sequence[int] | None) -> bool:
    """Whether one of these devices of the user is still there, linked or not; None: any of theirs."""
    found = rows.value(
        """select 1 from devices where user_id = :user_id and removed_at is null
           and (:named is null or id in (select value from json_each(:named))) limit 1""",
        user_id=user_id,
        named=None if device_ids is None else json.dumps(list(device_ids)),
    )
    return found is not None


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


def called(rows: Rows, user_id: int, text: str, *, most: int) -> list[Campaign]:
    """The user's campaigns with this in their name, the newest first."""
    found = rows.all(
        """select * from campaigns where user_id = :user_id and instr(lower(name), lower(:text)) > 0
           order by id desc limit :most""",
        user_id=user_id,
        text=text,
        most=most,
    )
    return [_campaign(row) for row in found]


def moved(
    tx: Tx, campaign_id: int, to: Status, *, origin: tuple[Status, ...], reason: str | None, now: datetime
) -> bool:
    """The campaign is in the status, if it was in one of those of origin. False: it was not."""
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


_campaign = reader(
    Campaign,
    device_ids=lambda row: None if row["device_ids"] is None else tuple(json.loads(row["device_ids"])),
    repeat_day=lambda row: None if row["repeat_day"] is None else date.fromisoformat(row["repeat_day"]),
)
