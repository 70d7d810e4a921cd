"""IP addresses: kept so many days wherever they are written down, while what was done stays on record."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cast import NOON, Stage, stage
from wabox.accounts import addresses, audit, browsers, keys, sessions, users
from wabox.billing import payments, plans, subscriptions
from wabox.billing.payments import Claim, Payment
from wabox.billing.plans import Terms
from wabox.db import Rows, Tx
from wabox.engine.housekeeping import Housekeeping

IP = "203.0.113.9"
PLACES = {*addresses.PLACES, ("payments", "ip")}
NO_IP = {("alert_services", "address")}  # of a service, sealed


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    """A box on which bilal did everything that leaves an address."""
    made = stage(tmp_path)

    def verb(tx: Tx) -> None:
        subscriptions.switch(tx, enabled=True, now=NOON)
        plan = plans.create(tx, Terms("Basic", 50_000, "BDT", 30, 1_000), now=NOON)
        for txid in ("8N7A6D5C4B", "8N7A6D5C4C"):
            claim = Claim(plan.id, "bkash", 50_000, txid, "01711000001")
            paid = payments.submit(tx, made.bilal.id, claim, ip=IP, now=NOON)
            assert isinstance(paid, Payment)
        payments.approve(tx, 1, by=made.asha.id, seller="Asha's box", ip=IP, now=NOON)
        sessions.start(tx, made.bilal.id, ip=IP, agent=None, now=NOON)
        browsers.remember(tx, made.bilal.id, held="", ip=IP, now=NOON)
        caller = keys.find(tx, made.bilal.key, NOON)
        assert caller is not None and keys.used(tx, caller.key_id, ip=IP, now=NOON)

    made.box.db.write_now(verb)
    yield made
    made.close()


def known(made: Stage) -> set[tuple[str, str]]:
    """Where an address stands now."""

    def ask(rows: Rows) -> set[tuple[str, str]]:
        return {
            (table, column)
            for table, column in PLACES
            if rows.value(f"select 1 from {table} where {column} is not null limit 1")
        }

    return made.box.db.read_here(ask)


def test_every_column_that_holds_an_address_is_on_the_list(shop: Stage) -> None:
    named = shop.box.db.read_here(
        lambda rows: {
            (row["of"], row["name"])
            for row in rows.all(
                """select t.name as of, c.name from pragma_table_list t join pragma_table_info(t.name) c
                   where t.schema = 'main' and t.type = 'table'"""
            )
            if {"ip", "address", "host", "peer"} & set(row["name"].split("_"))
        }
    )
    assert named == PLACES | NO_IP


def test_an_address_goes_after_its_days_and_what_was_done_stays(shop: Stage) -> None:
    house = Housekeeping(shop.box)
    before = shop.value("select count(*) from audit")
    shop.hands.at = NOON + timedelta(days=180)
    asyncio.run(house.tick())
    assert known(shop) == PLACES - {("sessions", "ip")}  # sessions are long over by then
    shop.hands.forward(seconds=1)
    asyncio.run(house.tick())
    assert known(shop) == set()
    assert shop.value("select count(*) from audit") == before
    assert shop.value("select count(*) from payments where status = 'approved'") == 1
    assert shop.value("select count(*) from terms_acceptances") == 2
    found = shop.box.db.read_here(audit.page, user_id=shop.bilal.id)
    assert found and all(entry.ip is None for entry in found)
    user = shop.box.db.read_here(users.by_id, shop.bilal.id)
    assert user is not None and user.disclaimer_version == users.DISCLAIMER_VERSION


def test_the_days_are_a_setting_and_a_long_record_goes_in_pieces(tmp_path: Path) -> None:
    made = stage(tmp_path, data={"keep_ip_days": 7})

    def verb(tx: Tx) -> None:
        for _ in range(1_200):
            audit.note(tx, user_id=made.asha.id, action="login.failed", ip=IP, now=NOON)

    made.box.db.write_now(verb)
    made.hands.forward(days=7, seconds=1)
    asyncio.run(Housekeeping(made.box).tick())
    assert made.value("select count(*) from audit where ip is not null") == 0
    assert made.value("select count(*) from audit where action = 'login.failed'") == 1_200
    made.close()


@pytest.mark.parametrize(
    "statement",
    [
        "update audit set ip = '198.51.100.1'",
        "update audit set action = 'logout'",
        "update audit set ip = null, action = 'logout'",
        "update audit set ip = null, user_id = null",
        "update audit set rowid = 9999, ip = null where id = 1",
        "update audit set ip = null, at = '2020-01-01'",
        "update audit set ip = null, subject = 'x'",
        "update audit set ip = null, details = '{\"a\": 1}'",
        "delete from audit",
        "update payments set ip = '198.51.100.1' where status = 'approved'",
        "update payments set ip = null, status = 'rejected' where status = 'approved'",
        "update payments set ip = null, receipt = 'x' where status = 'approved'",
        "update payments set ip = null, decided_by = 2 where status = 'approved'",
        "update payments set ip = null, amount_minor = 1",
        "update payments set rowid = 9999, ip = null where status = 'approved'",
    ],
)
def test_the_file_lets_the_address_go_and_nothing_else(shop: Stage, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        shop.box.db.write_now(lambda tx: tx.run(statement))
    assert known(shop) == PLACES
