from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from wabox.accounts import browsers, secrets, states, users
from wabox.accounts.browsers import Known
from wabox.accounts.users import User
from wabox.db import Tx

HOME, SHOP = "203.0.113.9", "198.51.100.7"


def known(tx: Tx, user: User, held: str, now: datetime, ip: str = SHOP) -> Known:
    return browsers.known(tx, user.id, held=held, ip=ip, now=now)


def test_a_browser_is_known_by_its_token_and_a_network_by_itself(tx: Tx, asha: User, now: datetime) -> None:
    token = browsers.remember(tx, asha.id, held="", ip=HOME, now=now)
    assert known(tx, asha, token, now) == Known(browser=secrets.digest(token), network=False)
    assert known(tx, asha, "", now, HOME) == Known(browser=None, network=True)
    assert known(tx, asha, "something else", now) == browsers.NOBODY


@pytest.mark.parametrize("held", ["", "x" * 101, "\ud800", "' or 1=1 --"])
def test_no_text_is_a_browser(tx: Tx, asha: User, now: datetime, held: str) -> None:
    browsers.remember(tx, asha.id, held="", ip=HOME, now=now)
    assert known(tx, asha, held, now).browser is None


def test_what_is_stored_of_it_proves_nothing(tx: Tx, asha: User, now: datetime) -> None:
    token = browsers.remember(tx, asha.id, held="", ip=HOME, now=now)
    stored = tx.value("select token_hash from known_browsers")
    assert token not in stored
    assert known(tx, asha, stored, now).browser is None


def test_each_log_in_gives_a_new_token_and_the_old_one_is_dead(tx: Tx, asha: User, now: datetime) -> None:
    old = browsers.remember(tx, asha.id, held="", ip=HOME, now=now)
    new = browsers.remember(tx, asha.id, held=old, ip=HOME, now=now)
    assert known(tx, asha, old, now).browser is None
    assert known(tx, asha, new, now).browser is not None
    assert tx.value("select count(*) from known_browsers") == 1


def test_one_browser_is_known_to_everybody_who_uses_it_and_to_nobody_else(
    tx: Tx, asha: User, bilal: User, now: datetime
) -> None:
    first = browsers.remember(tx, asha.id, held="", ip=HOME, now=now)
    assert known(tx, bilal, first, now, HOME) == browsers.NOBODY
    both = browsers.remember(tx, bilal.id, held=first, ip=SHOP, now=now)
    assert known(tx, asha, both, now).browser == known(tx, bilal, both, now).browser is not None
    assert not known(tx, asha, both, now).network and known(tx, bilal, both, now).network


def test_an_account_knows_ten_and_forgets_the_longest_unused(
    tx: Tx, asha: User, bilal: User, now: datetime
) -> None:
    other = browsers.remember(tx, bilal.id, held="", ip=HOME, now=now - timedelta(days=9))
    made = [browsers.remember(tx, asha.id, held="", ip=HOME, now=now + timedelta(hours=n)) for n in range(12)]
    still = [known(tx, asha, token, now).browser is not None for token in made]
    assert still == [False] * 2 + [True] * 10
    assert known(tx, bilal, other, now).browser is not None


def test_a_browser_is_forgotten_after_a_year(tx: Tx, asha: User, now: datetime) -> None:
    token = browsers.remember(tx, asha.id, held="", ip=HOME, now=now)
    assert known(tx, asha, token, now + timedelta(days=364), HOME).browser is not None
    late = now + timedelta(days=365)
    assert known(tx, asha, token, late, HOME) == browsers.NOBODY
    assert (browsers.sweep(tx, late - timedelta(seconds=1)), browsers.sweep(tx, late)) == (0, 1)


def test_forgetting_may_spare_the_one_in_hand(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    mine, other, his = (browsers.remember(tx, one.id, held="", ip=HOME, now=now) for one in (asha, asha, bilal))
    assert browsers.forget(tx, asha.id, but=mine) == 1
    found = [known(tx, *one, now).browser is not None for one in ((asha, mine), (asha, other), (bilal, his))]
    assert found == [True, False, True]
    assert browsers.forget(tx, asha.id) == 1


@pytest.mark.parametrize("how", ["lock", "close"])
def test_a_lock_and_a_closing_forget_them_all(tx: Tx, asha: User, bilal: User, now: datetime, how: str) -> None:
    browsers.remember(tx, bilal.id, held="", ip=HOME, now=now)
    by = states.Actor(asha.id, HOME)
    if how == "lock":
        states.move(tx, bilal.id, "lock", by=by, reason="Look", now=now)
    else:
        states.close(tx, bilal.id, by=by, now=now)
    assert users.by_id(tx, bilal.id) is not None
    assert tx.value("select count(*) from known_browsers") == 0
