from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

import pytest

from wabox.accounts import audit
from wabox.accounts.users import User
from wabox.db import Tx


def test_entries_are_read_newest_first_in_pages(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    for n in range(5):
        audit.note(
            tx,
            user_id=(asha if n % 2 == 0 else bilal).id,
            action="key.rotated",
            subject=f"main {n}",
            details={"n": n},
            ip="10.0.0.9",
            now=now + timedelta(seconds=n),
        )
    first = audit.page(tx, limit=3)
    assert [one.details for one in first] == [{"n": 4}, {"n": 3}, {"n": 2}]
    assert [one.subject for one in audit.page(tx, before=first[-1].id)] == ["main 1", "main 0"]
    assert [one.details["n"] for one in audit.page(tx, user_id=bilal.id)] == [3, 1]
    assert first[0].at == now + timedelta(seconds=4)


def test_page_size_is_bounded(tx: Tx, now: datetime) -> None:
    for _ in range(3):
        audit.note(tx, user_id=None, action="box.started", now=now)
    assert len(audit.page(tx, limit=0)) == 1
    assert len(audit.page(tx, limit=10**9)) == 3


@pytest.mark.parametrize("change", ["update audit set action = 'nothing'", "delete from audit"])
def test_record_cannot_be_changed(tx: Tx, now: datetime, change: str) -> None:
    audit.note(tx, user_id=None, action="box.started", now=now)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        tx.run(change)
