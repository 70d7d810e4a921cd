from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import tries
from wabox.accounts import keys, secrets
from wabox.accounts.users import User
from wabox.db import Tx
from wabox.errors import Invalid, NotFound


def test_key_opens_its_users_door(tx: Tx, asha: User, now: datetime) -> None:
    issued = keys.issue(tx, asha.id, now=now)
    assert re.fullmatch(r"wbx_[0-9A-Za-z]{49}", issued.key)
    caller = keys.find(tx, issued.key, now)
    assert caller is not None and caller.user == asha and caller.key_id == issued.key_id
    assert keys.find(tx, issued.key.encode(), now) == caller
    assert caller.may("send") and caller.may("admin")


def test_database_holds_no_usable_key(tx: Tx, asha: User, now: datetime) -> None:
    issued = keys.issue(tx, asha.id, now=now)
    row = tx.one("select * from api_keys")
    assert row is not None
    assert issued.key not in "".join(str(value) for value in tuple(row))
    assert row["prefix"] == issued.key[:12]


def test_rotation_kills_the_old_key_at_once(tx: Tx, asha: User, now: datetime) -> None:
    old = keys.issue(tx, asha.id, now=now)
    new = keys.rotate(tx, asha.id, now=now)
    assert keys.find(tx, old.key, now) is None
    caller = keys.find(tx, new.key, now)
    assert caller is not None and caller.key_id == new.key_id
    assert [one.prefix for one in keys.of_user(tx, asha.id)] == [new.prefix]


def test_rotation_of_nothing_issues_a_key(tx: Tx, asha: User, now: datetime) -> None:
    assert keys.find(tx, keys.rotate(tx, asha.id, now=now).key, now) is not None


def test_rotation_keeps_scopes(tx: Tx, asha: User, now: datetime) -> None:
    keys.issue(tx, asha.id, name="till", scopes=("send", "read"), now=now)
    caller = keys.find(tx, keys.rotate(tx, asha.id, name="till", now=now).key, now)
    assert caller is not None and caller.may("read") and not caller.may("admin")


def test_two_live_keys_of_one_name_are_refused(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    keys.issue(tx, asha.id, now=now)
    keys.issue(tx, bilal.id, now=now)
    with pytest.raises(Invalid):
        keys.issue(tx, asha.id, now=now)


def test_unknown_scope_is_refused(tx: Tx, asha: User, now: datetime) -> None:
    for scopes in ((), ("send", "root"), ("all", "send")):
        with pytest.raises(Invalid):
            keys.issue(tx, asha.id, name="x", scopes=scopes, now=now)


def test_only_its_user_revokes_a_key(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    issued = keys.issue(tx, asha.id, now=now)
    with pytest.raises(NotFound):
        keys.revoke(tx, bilal.id, issued.key_id, now=now)
    keys.revoke(tx, asha.id, issued.key_id, now=now)
    assert keys.find(tx, issued.key, now) is None
    with pytest.raises(NotFound):
        keys.revoke(tx, asha.id, issued.key_id, now=now)


def test_last_use_is_written_once_a_minute(tx: Tx, asha: User, now: datetime) -> None:
    issued = keys.issue(tx, asha.id, now=now)
    caller = keys.find(tx, issued.key, now)
    assert caller is not None and caller.use_is_due(now)
    assert keys.used(tx, issued.key_id, ip="10.0.0.9", now=now)
    soon = now + timedelta(seconds=59)
    caller = keys.find(tx, issued.key, soon)
    assert caller is not None and not caller.use_is_due(soon)
    assert not keys.used(tx, issued.key_id, ip="10.0.0.9", now=soon)
    assert keys.used(tx, issued.key_id, ip="10.0.0.7", now=now + timedelta(minutes=1))
    [shown] = keys.of_user(tx, asha.id)
    assert (shown.last_used_at, shown.last_used_ip) == (now + timedelta(minutes=1), "10.0.0.7")


def test_last_use_recovers_from_a_clock_that_was_ahead(tx: Tx, asha: User, now: datetime) -> None:
    issued = keys.issue(tx, asha.id, now=now)
    assert keys.used(tx, issued.key_id, ip=None, now=now + timedelta(days=400))
    assert keys.used(tx, issued.key_id, ip=None, now=now)


def test_mistyped_key_is_told_without_the_database(tx: Tx, asha: User, now: datetime) -> None:
    issued = keys.issue(tx, asha.id, now=now)
    for at in range(4, len(issued.key)):
        other = "x" if issued.key[at] != "x" else "y"
        assert keys._plain(issued.key[:at] + other + issued.key[at + 1 :]) is None


@settings(max_examples=tries(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=80), st.binary(max_size=80), st.text(min_size=49, max_size=49)))
def test_garbage_opens_nothing_and_breaks_nothing(tx: Tx, presented: str | bytes) -> None:
    now = datetime.fromisoformat("2025-11-03T12:00:00+00:00")
    assert keys.find(tx, presented, now) is None
    if isinstance(presented, str):
        assert keys.find(tx, "wbx_" + presented, now) is None


def test_huge_input_is_refused_without_a_hash(tx: Tx, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "digest", lambda secret: pytest.fail("hashed"))
    assert keys.find(tx, "wbx_" + "A" * 10_000_000, now) is None
