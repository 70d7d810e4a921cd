"""What would go if a held box were released now, and the release: all of it, or without what is too old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wabox import fence, times
from wabox.accounts import audit
from wabox.backup import restoring
from wabox.campaigns import control, repeats
from wabox.db import Rows, Tx
from wabox.devices import linking
from wabox.messages import outbox, stored

PIECE = 200
CAMPAIGN_PIECE = 1  # a stopped campaign cancels a piece of its own


@dataclass(frozen=True, slots=True)
class Pending:
    """queued: messages that go by and by; oldest: since when the first waits; planned: of these, for later.

    campaigns: that run, or begin at once; unsure: in hand when the data was taken, looked up or shown first.
    posts: webhooks that are owed. phones: that will be opened again. repeats: repeating campaigns that go on with
    their next date.
    """

    queued: int
    oldest: datetime | None
    planned: int
    campaigns: int
    unsure: int
    posts: int
    phones: int
    repeats: int


def pending(rows: Rows, *, now: datetime) -> Pending:
    """What goes on by itself once the box is released, over all its users."""
    row = rows.one(
        """select count(*) as queued, min(coalesce(scheduled_for, queued_at)) as oldest,
             coalesce(sum(coalesce(scheduled_for > :now, 0)), 0) as planned
           from devices d cross join messages m on m.device_id = d.id and m.status = 'queued'""",
        now=times.stored(now),
    )
    assert row is not None
    return Pending(
        queued=row["queued"],
        oldest=times.read_or_none(row["oldest"]),
        planned=row["planned"],
        campaigns=rows.value(
            """select count(*) from campaigns where status = 'sending'
               or (status = 'scheduled' and scheduled_for <= :now)""",
            now=times.stored(now),
        ),
        unsure=rows.value(
            "select count(*) from devices d cross join messages m on m.device_id = d.id and m.status = 'sending'"
        ),
        posts=rows.value("select count(*) from deliveries where status = 'owed'"),
        phones=rows.value("select count(*) from devices where wanted = 1 and removed_at is null"),
        repeats=rows.value("select count(*) from repeats where status = 'active'"),
    )


def older(rows: Rows, *, than: datetime) -> int:
    """How many queued messages were due before that moment."""
    found = rows.value(
        """select count(*) from devices d cross join messages m on m.device_id = d.id and m.status = 'queued'
           where coalesce(m.scheduled_for, m.queued_at) < :than""",
        than=times.stored(than),
    )
    return int(found)


def cancel_older(tx: Tx, *, than: datetime, now: datetime) -> int:
    """A piece of what was due before that moment is cancelled, its credits come back, webhooks hear of it.

    A campaign that was due before it is stopped. Returns how many were; 0: nothing is left. The box stays held.
    """
    fence.held_as(tx, "quarantined")
    campaign = tx.one(
        """select id, user_id from campaigns
           where (status in ('sending', 'scheduled') or (status = 'paused' and launched_at is not null))
             and coalesce(scheduled_for, launched_at, created_at) < :than limit :most""",
        than=times.stored(than),
        most=CAMPAIGN_PIECE,
    )
    if campaign is not None:
        control.stop(tx, campaign["user_id"], campaign["id"], now=now)
        return 1
    found = tx.all(
        f"""{stored.COLUMNS} where m.id in (
              select q.id from devices o cross join messages q on q.device_id = o.id and q.status = 'queued'
              where coalesce(q.scheduled_for, q.queued_at) < :than limit :most)""",  # noqa: S608 - this house's constants
        than=times.stored(than),
        most=PIECE,
    )
    return sum(outbox.cancel(tx, stored.of_row(row), now=now) for row in found)


def release(tx: Tx, *, user_id: int | None, ip: str | None = None, now: datetime) -> None:
    """A quarantined box sends again; its phones start. Raises Invalid `not_held`, `wrong_state`."""
    held = fence.lift(tx, "quarantined")
    repeats.skip(tx, now=now)
    linking.all_starting(tx)
    _note(tx, "box.released", held, user_id, ip, now)


def unmove(tx: Tx, *, user_id: int | None, ip: str | None = None, now: datetime) -> None:
    """moved_away -> quarantined: the other box may have sent what waits here. Raises as `fence.held_as`.

    Each phone is scanned anew, for the other box may have used its link.
    """
    held = fence.lift(tx, "moved_away")
    restoring.part_ways(tx, now=now)
    fence.quarantine(tx, "unmoved", behind=held.since, other=held.other, now=now)
    _note(tx, "box.unmoved", held, user_id, ip, now)


def _note(tx: Tx, action: str, held: fence.Fence, user_id: int | None, ip: str | None, now: datetime) -> None:
    details = {"why": held.why, "since": times.wire(held.since), "other": held.other}
    audit.note(tx, user_id=user_id, action=action, details=details, ip=ip, now=now)
