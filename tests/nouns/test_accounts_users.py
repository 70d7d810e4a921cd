from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wabox.accounts import users
from wabox.accounts.users import User
from wabox.db import Tx
from wabox.errors import Invalid


def test_owner_is_found_by_address_however_spelled(tx: Tx, asha: User) -> None:
    assert users.by_email(tx, "  ASHA@Example.COM ") == asha
    assert users.by_id(tx, asha.id) == asha
    assert users.owner(tx) == asha
    assert asha.role == "owner" and asha.state == "active"


def test_box_has_one_owner(tx: Tx, asha: User, now: datetime) -> None:
    assert users.owner_exists(tx)
    with pytest.raises(Invalid) as refusal:
        users.create(tx, email="chen@example.com", password_hash="x", role="owner", now=now)
    assert refusal.value.code == "owner_exists"


def test_fresh_box_has_no_owner(tx: Tx) -> None:
    assert not users.owner_exists(tx)
    assert users.owner(tx) is None


def test_address_belongs_to_one_account(tx: Tx, asha: User, now: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        users.create(tx, email="Asha@example.com", password_hash="x", now=now)
    assert refusal.value.code == "email_taken"
    assert set(refusal.value.details) == {"email"}


@pytest.mark.parametrize(
    "text",
    ["", "asha", "asha@", "@example.com", "a b@example.com", "asha@localhost", "asha@-x.com", "a@b..com",
     "asha@example.com\0", "a" * 65 + "@example.com", "a@" + "b" * 250 + ".com", "a@b.c\ud800om", "<a>@b.com",
     "=?utf-8?q?a?=@b.com"],
)  # fmt: skip
def test_what_is_no_address_is_refused(tx: Tx, text: str) -> None:
    with pytest.raises(Invalid):
        users.email_of(text)
    assert users.by_email(tx, text) is None


@given(st.text(max_size=300))
def test_no_text_breaks_the_address_check(text: str) -> None:
    try:
        email = users.email_of(text)
    except Invalid:
        return
    assert users.email_of(email) == email


def test_disclaimer_is_accepted_once_with_time_and_version(tx: Tx, asha: User, now: datetime) -> None:
    assert not asha.accepted_disclaimer
    assert users.accept_disclaimer(tx, asha.id, ip="10.0.0.9", now=now)
    assert not users.accept_disclaimer(tx, asha.id, ip="10.0.0.8", now=now + timedelta(days=1))
    after = users.by_id(tx, asha.id)
    assert after is not None and after.accepted_disclaimer
    assert after.disclaimer_at == now
    assert tx.value("select disclaimer_ip from users where id = :id", id=asha.id) == "10.0.0.9"


def test_an_old_disclaimer_cannot_be_accepted(tx: Tx, asha: User, now: datetime) -> None:
    with pytest.raises(Invalid):
        users.accept_disclaimer(tx, asha.id, version="1999-01", ip=None, now=now)


def test_disclaimer_promises_no_safety_and_names_the_platform() -> None:
    assert "Business Platform" in users.DISCLAIMER
    assert "ban your number" in users.DISCLAIMER
    assert "agreed" in users.DISCLAIMER


def test_password_and_language_change_only_their_user(tx: Tx, asha: User, bilal: User) -> None:
    assert users.set_password(tx, asha.id, "new")
    assert users.set_language(tx, asha.id, "bn")
    assert users.password_hash_of(tx, asha.id) == "new"
    assert users.password_hash_of(tx, bilal.id) == "x"
    changed, untouched = users.everyone(tx)
    assert (changed.language, untouched.language) == ("bn", None)
    with pytest.raises(Invalid):
        users.set_language(tx, asha.id, "tlh")


def test_rehash_loses_to_a_password_changed_meanwhile(tx: Tx, asha: User) -> None:
    users.set_password(tx, asha.id, "changed")
    assert not users.rehash(tx, asha.id, was="x", becomes="y")
    assert users.password_hash_of(tx, asha.id) == "changed"
    assert users.rehash(tx, asha.id, was="changed", becomes="z")


def test_nobody_is_nobody(tx: Tx) -> None:
    assert users.by_id(tx, 99) is None
    assert users.password_hash_of(tx, 99) is None
    assert not users.set_password(tx, 99, "x")


def test_time_zone_is_one_this_machine_knows_or_the_shops(tx: Tx, asha: User) -> None:
    assert users.set_timezone(tx, asha.id, "Asia/Dhaka")
    found = users.by_id(tx, asha.id)
    assert found is not None
    assert found.timezone == "Asia/Dhaka"
    with pytest.raises(Invalid, match="Asia/Dhaka"):
        users.set_timezone(tx, asha.id, "Mars/Base")
    assert users.set_timezone(tx, asha.id, None)
