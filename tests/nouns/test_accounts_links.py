from __future__ import annotations

from datetime import datetime, timedelta

from wabox.accounts import links
from wabox.accounts.users import User
from wabox.db import Tx


def test_link_works_once(tx: Tx, asha: User, now: datetime) -> None:
    token = links.make(tx, "reset", asha.id, timedelta(hours=1), now)
    seen = links.find(tx, token, "reset", now)
    assert seen is not None and seen.user_id == asha.id
    assert links.use(tx, token, "reset", now) == seen
    assert links.use(tx, token, "reset", now) is None
    assert links.find(tx, token, "reset", now) is None


def test_link_serves_its_purpose_only(tx: Tx, asha: User, now: datetime) -> None:
    token = links.make(tx, "verify", asha.id, timedelta(hours=1), now)
    assert links.use(tx, token, "reset", now) is None
    assert links.use(tx, token, "verify", now) is not None


def test_late_link_is_dead(tx: Tx, asha: User, now: datetime) -> None:
    token = links.make(tx, "reset", asha.id, timedelta(hours=1), now)
    assert links.use(tx, token, "reset", now + timedelta(hours=1)) is None


def test_new_link_kills_the_older_one_of_that_user(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    old = links.make(tx, "reset", asha.id, timedelta(hours=1), now)
    others = links.make(tx, "reset", bilal.id, timedelta(hours=1), now)
    new = links.make(tx, "reset", asha.id, timedelta(hours=1), now)
    assert links.find(tx, old, "reset", now) is None
    assert links.find(tx, new, "reset", now) is not None
    assert links.find(tx, others, "reset", now) is not None


def test_setup_link_belongs_to_nobody_yet(tx: Tx, now: datetime) -> None:
    token = links.make(tx, "setup", None, links.SETUP_LASTS, now)
    again = links.make(tx, "setup", None, links.SETUP_LASTS, now)
    assert links.use(tx, token, "setup", now) is None
    used = links.use(tx, again, "setup", now)
    assert used is not None and used.user_id is None


def test_database_holds_no_token_and_sweep_forgets(tx: Tx, now: datetime) -> None:
    token = links.make(tx, "setup", None, links.SETUP_LASTS, now)
    row = tx.one("select * from links")
    assert row is not None and token not in "".join(str(value) for value in tuple(row))
    assert links.find(tx, "", "setup", now) is None
    assert links.find(tx, "x" * 9_999, "setup", now) is None
    assert links.sweep(tx, now) == 0
    assert links.sweep(tx, now + timedelta(days=32)) == 1
