"""What WhatsApp took and refused a moment later, in a row: one such is the message's, several are the account's.

Each was `sent` in between, so nothing that counts from one answer to the next sees them. A message has its verdict
once WhatsApp refused it, once it arrived, or a minute after it was sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from wabox import times
from wabox.db import Rows

ERROR = "refused_later"
LOOKED_AT = 10
_SETTLED = timedelta(minutes=1)
_RECENT = timedelta(days=1)


def of_new(rows: Rows, device_id: int, *, now: datetime) -> int:
    """How many of the device's last messages to new people were refused later, in a row; of a day, 10 at most."""
    return _in_a_row(rows, "new_chat = 1", device_id, None, now)


def of_campaign(rows: Rows, device_id: int, campaign_id: int, *, now: datetime) -> int:
    """How many of the campaign's last messages from this device were, likewise."""
    return _in_a_row(rows, "campaign_id = :campaign_id", device_id, campaign_id, now)


def _in_a_row(rows: Rows, which: str, device_id: int, campaign_id: int | None, now: datetime) -> int:
    found = rows.all(
        f"""select status from messages where device_id = :device_id and spent_at >= :since and {which}
            and (error = '{ERROR}' or status in ('delivered', 'read')
                 or (status = 'sent' and sent_at <= :settled))
            order by spent_at desc, id desc limit {LOOKED_AT}""",  # noqa: S608 - the words of this file
        device_id=device_id,
        campaign_id=campaign_id,
        since=times.stored(now - _RECENT),
        settled=times.stored(now - _SETTLED),
    )
    verdicts = [row["status"] == "failed" for row in found]
    return verdicts.index(False) if False in verdicts else len(verdicts)
