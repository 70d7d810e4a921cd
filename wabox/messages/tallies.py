"""What is counted of messages: of the whole log, by the quarter of an hour for reports, and of a campaign."""

from __future__ import annotations

from datetime import datetime, timedelta

from wabox import times
from wabox.db import Tx
from wabox.messages.statuses import Status

BUCKET = timedelta(minutes=15)  # every time zone is a whole number of quarters of an hour from UTC
_UNKNOWN_ENDS = ("sent", "failed")


def campaign_moved(tx: Tx, campaign_id: int, *, was: Status, to: Status, error: str | None) -> None:
    """The campaign's counters move with the row; a failure in a row counts only against the device."""
    device_failed = to == "failed" and error != "not_on_whatsapp"
    settled = ", unknown = unknown - 1" if was == "unknown" and to in _UNKNOWN_ENDS else ""
    settled += ", sent = sent - 1" if was == "sent" and to == "failed" else ""
    tx.run(
        f"""update campaigns set {to} = {to} + 1{settled},
            not_on_whatsapp = not_on_whatsapp + :not_there,
            failures_in_row = iif(:failed, failures_in_row + 1, iif(:sent, 0, failures_in_row))
            where id = :id""",  # noqa: S608 - a status of our own
        id=campaign_id,
        not_there=int(error == "not_on_whatsapp"),
        failed=device_failed,
        sent=to == "sent",
    )


def failed_in_a_row(tx: Tx, campaign_id: int, n: int) -> None:
    """At least its last n failed: each counted as sent before."""
    tx.run("update campaigns set failures_in_row = max(failures_in_row, :n) where id = :id", id=campaign_id, n=n)


def bucket(moment: datetime) -> str:
    """The quarter of an hour a moment falls into, as the counts know it."""
    return times.stored(moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0))


def came_to(tx: Tx, user_id: int, status: Status, n: int, *, now: datetime) -> None:
    """n more messages have come to this status at this time, for the reports."""
    tx.tally(
        """insert into message_counts (user_id, bucket, status, n) values (:user_id, :bucket, :status, :n)
           on conflict do update set n = n + :n""",
        n,
        user_id=user_id,
        bucket=bucket(now),
        status=status,
    )


def rows_added(tx: Tx, user_id: int, n: int) -> None:
    """The user's log has n more rows, or fewer; for whoever writes or forgets rows."""
    tx.tally(
        """insert into message_totals (user_id, n) values (:user_id, :n) on conflict do update set n = n + :n""",
        n,
        user_id=user_id,
    )
