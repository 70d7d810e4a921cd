"""How a campaign gets on: its pace, what went wrong with whom, and its recipients one by one. Read only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox import times
from wabox.campaigns.stored import Campaign
from wabox.config import Config
from wabox.db import Rows
from wabox.messages import explaining, stored
from wabox.messages.stored import STATUSES, Status

MEASURED = timedelta(minutes=15)
MOST_REASONS = 12


@dataclass(frozen=True, slots=True)
class Ending:
    """People for whom it ended alike. error: a code of the message, `contact_deleted` if there is none."""

    status: Status
    error: str
    count: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person's message. name: as the contact is called now, None for a deleted one."""

    message: stored.Message
    name: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Recipients, the latest written row first. next_cursor: for the page after this, None at the end."""

    recipients: list[Recipient]
    next_cursor: int | None


def pace(rows: Rows, campaign: Campaign, *, now: datetime) -> int | None:
    """Messages an hour, measured over the last quarter of one; None for a campaign that is not sending."""
    if campaign.status != "sending" or campaign.launched_at is None:
        return None
    span = min(MEASURED, now - campaign.launched_at)
    if span < timedelta(seconds=10):
        return None
    gone: int = rows.value(
        """select count(*) from messages where device_id in (select id from devices where user_id = :user_id)
           and campaign_id = :id and spent_at >= :since""",
        user_id=campaign.user_id,
        id=campaign.id,
        since=times.stored(now - span),
    )
    return round(gone * timedelta(hours=1) / span)


def holds(rows: Rows, campaign: Campaign, *, config: Config, now: datetime) -> explaining.Waiting | None:
    """Why the campaign's next message waits; None if none does."""
    row = rows.one(
        f"{stored.COLUMNS} where m.campaign_id = :id and m.status = 'queued' order by m.id limit 1",
        id=campaign.id,
    )
    if row is None:
        return None
    message = stored.of_row(row)
    return explaining.explain(rows, [message], config=config, now=now).get(message.id)


def endings(rows: Rows, campaign: Campaign) -> list[Ending]:
    """Why people did not get it, the most frequent first."""
    found = [
        Ending(row["status"], row["error"] or "", row["n"])
        for row in rows.all(
            """select status, error, count(*) as n from messages where campaign_id = :id
               and status in ('failed', 'skipped', 'unknown')
               group by status, error order by n desc limit :most""",
            id=campaign.id,
            most=MOST_REASONS,
        )
    ]
    gone = campaign.skipped - sum(one.count for one in found if one.status == "skipped")
    return [*found, Ending("skipped", "contact_deleted", gone)] if gone > 0 else found


def recipients(
    rows: Rows,
    user_id: int,
    campaign_id: int,
    *,
    statuses: tuple[Status, ...] = (),
    text: str = "",
    digits: str = "",
    cursor: int | None = None,
    per_page: int = 50,
) -> Page:
    """One page of the people whose message is made. text: in the name. digits: in the phone; either fits."""
    sought = bool(text or digits)
    ids = rows.all(
        f"""select m.id from messages m {_NAMED if sought else ""}
            where m.campaign_id = :campaign_id and m.user_id = :user_id
            and m.status in (select value from json_each(:statuses)) and m.id < ifnull(:cursor, 9e18)
            {_SOUGHT if sought else ""} order by m.id desc limit :limit""",  # noqa: S608 - this module's constants
        user_id=user_id,
        campaign_id=campaign_id,
        statuses=json.dumps(statuses or STATUSES),
        cursor=cursor,
        limit=per_page + 1,
        **({"text": _lowered(text), "digits": digits} if sought else {}),
    )
    found = rows.all(
        f"""{stored.COLUMNS.replace("m.*", "m.*, c.name as contact_name", 1)} {_NAMED}
            where m.id in (select value from json_each(:ids)) order by m.id desc""",  # noqa: S608
        ids=json.dumps([row["id"] for row in ids[:per_page]]),
    )
    people = [Recipient(stored.of_row(row), row["contact_name"]) for row in found]
    return Page(people, people[-1].message.id if len(ids) > per_page else None)


_NAMED = "left join contacts c on c.id = m.contact_id and c.user_id = m.user_id"
_SOUGHT = """and ((:text <> '' and instr(lower(c.name), :text) > 0)
    or (:digits <> '' and instr(m.phone, :digits) > 0))"""


def _lowered(text: str) -> str:
    """As SQLite's lower() does it."""
    return "".join(one.lower() if one.isascii() else one for one in text)
