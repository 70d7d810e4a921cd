"""Campaigns that are being written: each form is kept as it stands, until it is planned or begun.

Of a form that was, its ticket alone stays, with nothing in `form`: it can neither be kept nor sent once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wabox import times
from wabox.db import Rows, Tx, reader
from wabox.errors import NotFound

MOST = 20  # of a user; a new one takes the place of the oldest
MOST_DONE = 500  # of a user; which forms became campaigns is known of the newest
MOST_FORM = 64 * 1024  # characters; what is longer is not kept


@dataclass(frozen=True, slots=True)
class Unfinished:
    """One of them. name: "" while it has none. form: its fields, urlencoded."""

    id: int
    name: str
    form: str
    updated_at: datetime


def keep(tx: Tx, user_id: int, ticket: str, *, name: str, form: str, now: datetime) -> bool:
    """What the form with this ticket says now is kept. False: it is too long, or became a campaign."""
    if len(form) > MOST_FORM:
        return False
    kept = tx.run(
        """insert into campaign_drafts (user_id, ticket, name, form, updated_at)
           values (:user_id, :ticket, :name, :form, :now)
           on conflict do update set name = :name, form = :form, updated_at = :now where form <> ''""",
        user_id=user_id,
        ticket=ticket,
        name=name,
        form=form,
        now=times.stored(now),
    )
    tx.run(
        """delete from campaign_drafts where user_id = :user_id and form <> '' and id not in (
             select id from campaign_drafts where user_id = :user_id and form <> ''
             order by updated_at desc, id desc limit :most)""",
        user_id=user_id,
        most=MOST,
    )
    return kept == 1


def every(rows: Rows, user_id: int) -> list[Unfinished]:
    """The user's, the last one that was written at first."""
    found = rows.all(
        """select id, name, form, updated_at from campaign_drafts where user_id = :user_id and form <> ''
           order by updated_at desc, id desc""",
        user_id=user_id,
    )
    return [_READ(row) for row in found]


def of_user(rows: Rows, user_id: int, draft_id: int) -> Unfinished:
    """One of the user's. Raises NotFound, for somebody else's too."""
    row = rows.one(
        """select id, name, form, updated_at from campaign_drafts
           where id = :id and user_id = :user_id and form <> ''""",
        id=draft_id,
        user_id=user_id,
    )
    if row is None:
        raise NotFound("not_found", "There is no such draft any more.")
    return _READ(row)


def drop(tx: Tx, user_id: int, draft_id: int) -> None:
    """It is gone. Raises NotFound."""
    of_user(tx, user_id, draft_id)
    tx.run("delete from campaign_drafts where id = :id and user_id = :user_id", id=draft_id, user_id=user_id)


def done(tx: Tx, user_id: int, ticket: str, *, now: datetime) -> bool:
    """The form with this ticket became a campaign and is no draft any more. False: it had become one before."""
    made = tx.run(
        """insert into campaign_drafts (user_id, ticket, name, form, updated_at)
           values (:user_id, :ticket, '', '', :now)
           on conflict do update set name = '', form = '', updated_at = :now where form <> ''""",
        user_id=user_id,
        ticket=ticket,
        now=times.stored(now),
    )
    tx.run(
        """delete from campaign_drafts where user_id = :user_id and form = '' and id not in (
             select id from campaign_drafts where user_id = :user_id and form = ''
             order by updated_at desc, id desc limit :most)""",
        user_id=user_id,
        most=MOST_DONE,
    )
    return made == 1


_READ = reader(Unfinished)
