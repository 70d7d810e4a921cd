"""An account is deleted: what goes, what stays, and that nothing of it can be used any more."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cast import Stage, stage
from wabox import closing
from wabox.accounts import keys, sessions, states, terms, users
from wabox.accounts.states import Actor
from wabox.billing import invoices, ledger, payments, plans, subscriptions, trials
from wabox.billing.payments import Claim
from wabox.billing.plans import Terms
from wabox.campaigns import launching
from wabox.checkup.box import INVARIANTS
from wabox.contacts import suppression, writing
from wabox.db import Rows, Tx
from wabox.devices import linking, orders
from wabox.devices import stored as devices
from wabox.engine.closed_accounts import ClosedAccounts
from wabox.errors import Invalid, NotFound
from wabox.media import store
from wabox.media.stored import path_of
from wabox.messages import outbox, template
from wabox.texts import stored as texts
from wabox.whatsapp.driver import Link

PHONE = "8801911222333"
OWNER = Actor(1, "127.0.0.1")
BASIC = Terms("Basic", 50_000, "BDT", 30, 1_000)
TRY = Terms("Try it", 0, "BDT", 7, 50, trial=True)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    made = stage(tmp_path, billing={"enabled": True})
    made.box.db.write_now(live, made)
    yield made
    made.close()


def live(tx: Tx, made: Stage) -> None:
    """bilal had a trial, paid, linked a phone, has contacts, a campaign, waiting messages and a claim."""
    now, user_id = made.hands.now(), made.bilal.id
    basic = plans.create(tx, BASIC, now=now)
    plans.create(tx, TRY, now=now)
    trials.start(tx, user_id, ip="203.0.113.7", ip_days=30, now=now)
    device = orders.start(tx, devices.by_id(tx, made.bilal.device_id))
    linking.saw(tx, Link(device.id, device.session, "ready", phone=PHONE, synced=True), now=now)
    claim = Claim(basic.id, "bkash", 50_000, "8N7A6D5C4B", "01711000001")
    paid = payments.submit(tx, user_id, claim, ip="203.0.113.7", now=now)
    assert isinstance(paid, payments.Payment)
    payments.approve(tx, paid.id, by=1, seller="Asha", ip=None, now=now)
    waiting = Claim(basic.id, "nagad", 50_000, "WAITS123", "01711000001")
    payments.submit(tx, user_id, waiting, ip=None, now=now)
    sessions.start(tx, user_id, ip="203.0.113.7", agent="x", now=now)
    for number in range(3):
        outbox.accept(tx, device, phone=f"88017110000{number}1", template=template.parse("Hi"), values={}, now=now)
    tx.run(
        """insert into contacts (user_id, phone, name, created_at, updated_at)
           values (:user_id, '8801711000001', 'Rina', :now, :now)""",
        user_id=user_id,
        now=now.isoformat(timespec="microseconds"),
    )
    writing.upsert(tx, user_id, phone="8801711000001", fields={"city": "Dhaka"}, now=now)
    texts.add(tx, user_id, texts.Draft("Thanks", "Thank you"), now=now)
    suppression.opt_out(tx, user_id, "8801711000009", source="word", now=now)
    ids = [row["id"] for row in tx.all("select id from contacts")]
    launching.create(
        tx,
        user_id,
        name="Sale",
        message="Hi",
        audience="{}",
        contact_ids=ids,
        device_ids=None,
        scheduled_for=now + timedelta(days=1),
        now=now,
    )


def with_user(rows: Rows) -> set[str]:
    """Every table that has a user_id."""
    found = rows.all(
        """select m.name from sqlite_master m join pragma_table_info(m.name) c on c.name = 'user_id'
           where m.type = 'table'"""
    )
    return {row["name"] for row in found}


def held(rows: Rows, user_id: int) -> dict[str, int]:
    """How many rows of each table are the user's."""
    counts = {
        name: rows.value(f"select count(*) from {name} where user_id = :id", id=user_id)
        for name in with_user(rows)
    }
    return {name: n for name, n in counts.items() if n}


def has_file(tx: Tx, user_id: int, sha256: str) -> None:
    tx.run(
        """insert into media (user_id, sha256, stored_sha256, kind, mime, filename, bytes, origin, created_at,
             last_used_at) select :user_id, :sha256, :sha256, 'document', 'application/pdf', 'a.pdf', 4, 'upload',
             created_at, created_at from users where id = :user_id""",
        user_id=user_id,
        sha256=sha256,
    )


def close(made: Stage) -> None:
    made.box.db.write_now(closing.close, made.bilal.id, by=OWNER, reason="asked", now=made.hands.now())


def forget(made: Stage) -> None:
    db = made.box.db
    while db.write_now(closing.forget, made.bilal.id, now=made.hands.now(), most=2):
        pass


def test_every_table_of_users_is_forgotten_or_kept_on_purpose(shop: Stage) -> None:
    assert shop.box.db.read_here(with_user) == set(closing.FORGOTTEN) | closing.CASCADED | closing.KEPT


def test_at_once_nobody_gets_in_and_nothing_goes_out(shop: Stage) -> None:
    close(shop)
    read = shop.box.db.read_here
    assert read(keys.find, shop.bilal.key, shop.hands.now()) is None
    assert read(users.by_email, "bilal@example.com") is None
    assert read(sessions.of_user, shop.bilal.id) == []
    assert shop.value("select count(*) from messages where status in ('queued', 'sending')") == 0
    assert shop.value("select status from campaigns") == "stopped"
    assert shop.value("select status from payments where txid = 'WAITS123'") == "rejected"
    device = read(devices.by_id, shop.bilal.device_id)
    assert (device.wanted, device.command) == (False, "forget")
    standing = read(subscriptions.standing, shop.bilal.id, enabled=True, now=shop.hands.now())
    assert standing.none
    assert read(ledger.credits_left, shop.bilal.id) == read(ledger.balance, shop.bilal.id) == 0


def test_what_it_held_goes_and_the_books_stay(shop: Stage) -> None:
    close(shop)
    forget(shop)
    assert "devices" in shop.box.db.read_here(held, shop.bilal.id)  # until the engine has logged it out
    shop.box.db.write_now(orders.command_done, shop.device(shop.bilal.device_id))
    forget(shop)
    left = shop.box.db.read_here(held, shop.bilal.id)
    assert set(left) <= closing.KEPT
    assert {"invoices", "payments", "ledger", "audit", "subscriptions", "trials", "terms_acceptances"} <= set(left)
    assert shop.box.db.read_here(closing.due) == []
    assert shop.value("select buyer from invoices") == "bilal@example.com"
    for name, sql in INVARIANTS.items():
        assert shop.value(sql) == 0, name


async def test_the_engine_forgets_by_itself(shop: Stage) -> None:
    close(shop)
    shop.box.db.write_now(orders.command_done, shop.device(shop.bilal.device_id))
    its = path_of(shop.box.media, "ab" * 32)
    its.parent.mkdir(parents=True)
    its.write_bytes(b"bill")
    shop.box.db.write_now(has_file, shop.bilal.id, "ab" * 32)
    engine = ClosedAccounts(shop.box)
    for _ in range(60):
        await engine.tick()
    assert shop.box.db.read_here(closing.due) == []
    assert not its.exists()


async def test_its_files_go_a_piece_a_tick(shop: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PIECE", 2)
    hashes = [f"{number:064x}" for number in range(5)]
    for one in hashes:
        its = path_of(shop.box.media, one)
        its.parent.mkdir(parents=True, exist_ok=True)
        its.write_bytes(b"bill")
        shop.box.db.write_now(has_file, shop.bilal.id, one)
    shop.box.db.write_now(has_file, shop.asha.id, hashes[0])
    close(shop)
    shop.box.db.write_now(orders.command_done, shop.device(shop.bilal.device_id))
    engine = ClosedAccounts(shop.box)
    left: list[int] = []
    for _ in range(60):
        await engine.tick()
        left.append(sum(path_of(shop.box.media, one).exists() for one in hashes))
    assert path_of(shop.box.media, hashes[0]).exists()
    assert (left[0], left[-1]) == (5, 1)
    assert max(before - after for before, after in itertools.pairwise(left)) == 2


def test_that_it_closed_its_first_steps_is_forgotten_and_others_stay_closed(shop: Stage) -> None:
    box, mine, others = shop.box, shop.bilal.id, shop.asha.id
    for user_id in (mine, others):
        box.db.write_now(users.close_first_steps, user_id, shop.hands.now())
    close(shop)
    shop.box.db.write_now(orders.command_done, shop.device(shop.bilal.device_id))
    forget(shop)
    assert not box.db.read_here(users.first_steps_closed, mine)
    assert box.db.read_here(users.first_steps_closed, others)


def test_nothing_of_others_goes(shop: Stage) -> None:
    shop.box.db.write_now(suppression.opt_out, 1, "8801711000009", source="word", now=shop.hands.now())
    before = shop.box.db.read_here(held, shop.asha.id)
    close(shop)
    forget(shop)
    after = shop.box.db.read_here(held, shop.asha.id)
    assert {**after, "audit": 0} == {**before, "audit": 0}


def test_who_comes_back_is_known_by_address_number_and_ip(shop: Stage) -> None:
    close(shop)
    forget(shop)

    def again(tx: Tx, email: str, phone: str | None, ip: str) -> str:
        now = shop.hands.now()
        user = users.create(tx, email=email, password_hash="x", now=now)
        terms.accept(tx, user.id, ip=ip, now=now)
        if phone:
            device = orders.start(tx, orders.create_primary(tx, user.id, now=now))
            linking.saw(tx, Link(device.id, device.session, "ready", phone=phone, synced=True), now=now)
        refused = trials.refusal(tx, user.id, ip=ip, ip_days=30, now=now)
        return refused.code if refused else "fine"

    write = shop.box.db.write_now
    assert write(again, "bilal@example.com", None, "198.51.100.1") == "trial_used"
    assert write(again, "new@example.com", PHONE, "198.51.100.2") == "trial_number_used"
    assert write(again, "newer@example.com", None, "203.0.113.7") == "trial_ip_used"
    assert write(again, "honest@example.com", "8801911999999", "198.51.100.3") == "fine"


def test_it_is_for_good(shop: Stage) -> None:
    close(shop)
    close(shop)  # twice is once
    write, now = shop.box.db.write_now, shop.hands.now()
    with pytest.raises(Invalid, match="does not come back"):
        write(states.move, shop.bilal.id, "unlock", by=OWNER, now=now)
    payment_id = shop.value("select id from payments where txid = 'WAITS123'")
    with pytest.raises(Invalid, match="deleted"):
        write(payments.approve, payment_id, by=1, seller="Asha", ip=None, now=now)
    assert shop.box.db.read_here(ledger.balance, shop.bilal.id) == 0
    assert shop.value("select count(*) from audit where action = 'account.closed'") == 1


def test_the_owner_and_nobody_cannot_be_deleted(shop: Stage) -> None:
    write, now = shop.box.db.write_now, shop.hands.now()
    with pytest.raises(Invalid, match="owner"):
        write(closing.close, shop.asha.id, by=OWNER, now=now)
    with pytest.raises(NotFound):
        write(closing.close, 99, by=OWNER, now=now)


def test_an_unpaid_renewal_is_not_owed_any_more(shop: Stage) -> None:
    def renew(tx: Tx) -> None:
        period = subscriptions.last(tx, shop.bilal.id)
        assert period is not None
        plan = plans.by_id(tx, period.plan_id)
        invoices.renewal(tx, period, plan, seller="Asha", now=shop.hands.now())

    shop.box.db.write_now(renew)
    close(shop)
    assert shop.value("select count(*) from invoices where paid_at is null and void_at is null") == 0
