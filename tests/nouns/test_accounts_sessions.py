from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from wabox.accounts import sessions
from wabox.accounts.users import User
from wabox.db import Tx


def begin(tx: Tx, user: User, now: datetime) -> sessions.Started:
    return sessions.start(tx, user.id, ip="10.0.0.9", agent="Firefox", now=now)


def test_token_finds_its_user(tx: Tx, asha: User, now: datetime) -> None:
    started = begin(tx, asha, now)
    session = sessions.find(tx, started.token, now)
    assert session is not None and session.user == asha
    assert session.csrf_matches(started.csrf)
    assert not session.csrf_matches("") and not session.csrf_matches("\ud800é")


def test_database_holds_no_token(tx: Tx, asha: User, now: datetime) -> None:
    started = begin(tx, asha, now)
    row = tx.one("select * from sessions")
    assert row is not None and started.token not in "".join(str(value) for value in tuple(row))
    assert sessions.find(tx, row["token_hash"], now) is None


def test_idle_session_ends_after_twelve_hours(tx: Tx, asha: User, now: datetime) -> None:
    started = begin(tx, asha, now)
    assert sessions.find(tx, started.token, now + timedelta(hours=11, minutes=59)) is not None
    assert sessions.find(tx, started.token, now + timedelta(hours=12)) is None


def test_busy_session_ends_after_seven_days(tx: Tx, asha: User, now: datetime) -> None:
    started = begin(tx, asha, now)
    moment = now
    while moment < now + timedelta(days=7):
        session = sessions.find(tx, started.token, moment)
        assert session is not None
        sessions.touch(tx, session.token_hash, moment)
        moment += timedelta(hours=6)
    assert sessions.find(tx, started.token, moment) is None


def test_touch_is_due_each_five_minutes(tx: Tx, asha: User, now: datetime) -> None:
    session = sessions.find(tx, begin(tx, asha, now).token, now)
    assert session is not None
    assert not session.touch_is_due(now + timedelta(minutes=4))
    assert session.touch_is_due(now + timedelta(minutes=5))


def test_ended_session_opens_nothing(tx: Tx, asha: User, now: datetime) -> None:
    started = begin(tx, asha, now)
    assert sessions.end(tx, started.token)
    assert not sessions.end(tx, started.token)
    assert sessions.find(tx, started.token, now) is None


def test_all_sessions_of_one_user_end_but_this_one(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    here, there, other = begin(tx, asha, now), begin(tx, asha, now), begin(tx, bilal, now)
    session = sessions.find(tx, here.token, now)
    assert session is not None
    assert sessions.end_all(tx, asha.id, but=session.token_hash) == 1
    assert sessions.find(tx, here.token, now) is not None
    assert sessions.find(tx, there.token, now) is None
    assert sessions.find(tx, other.token, now) is not None
    assert sessions.end_all(tx, asha.id) == 1
    assert [one.agent for one in sessions.of_user(tx, bilal.id)] == ["Firefox"]


def test_locked_user_is_logged_out(tx: Tx, asha: User, now: datetime) -> None:
    started = begin(tx, asha, now)
    tx.run("update users set state = 'locked' where id = :id", id=asha.id)
    assert sessions.find(tx, started.token, now) is None


@pytest.mark.parametrize("token", ["", "x", "x" * 100_000, "\ud800", "a\0b"])
def test_garbage_finds_nothing(tx: Tx, now: datetime, token: str) -> None:
    assert sessions.find(tx, token, now) is None


def test_sweep_keeps_what_lives(tx: Tx, asha: User, now: datetime) -> None:
    begin(tx, asha, now - timedelta(days=8))
    begin(tx, asha, now - timedelta(hours=13))
    begin(tx, asha, now)
    assert sessions.sweep(tx, now) == 2
    assert len(sessions.of_user(tx, asha.id)) == 1


def test_one_session_is_ended_only_by_its_owner(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    sessions.start(tx, asha.id, ip=None, agent=None, now=now)
    (visit,) = sessions.of_user(tx, asha.id)
    assert not sessions.end_one(tx, bilal.id, visit.token_hash)
    assert sessions.end_one(tx, asha.id, visit.token_hash)
    assert sessions.of_user(tx, asha.id) == []
