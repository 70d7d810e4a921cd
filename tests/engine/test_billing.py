"""The end of a plan, as time brings it: invoices, notices, each once; the clock is turned by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.cast import Stage, stage
from tests.engine.conftest import Engine, _writer
from tests.pictures import drawn
from wabox.accounts import mail, users
from wabox.billing import invoices, ledger, payments, plans, screenshots, subscriptions
from wabox.billing.payments import Claim, Payment
from wabox.billing.plans import Terms
from wabox.checkup import machine_clock
from wabox.db import Tx
from wabox.devices import stored as devices
from wabox.devices.rules import DaysOff
from wabox.engine.billing import Billing
from wabox.engine.turns import Turns
from wabox.messages import ruling
from wabox.whatsapp.fake import FakeDriver

BASIC = Terms("Ba{s}ic \\ one", 50_000, "BDT", 30, 100)
PHONE = "8801700000002"


@dataclass(slots=True)
class Shop:
    """asha sells, bilal buys; both phones are linked."""

    stage: Stage
    engine: Engine
    billing: Billing

    def pay(self, txid: str, plan_id: int = 1) -> Payment:
        now, asha = self.stage.hands.now(), self.stage.asha.id

        def verb(tx: Tx) -> Payment:
            plan = plans.by_id(tx, plan_id)
            amount = plan.terms.price_minor
            claim = Claim(plan_id, "bkash", amount, txid, "01711000001")
            found = payments.submit(tx, self.stage.bilal.id, claim, ip=None, now=now)
            assert isinstance(found, Payment)
            return payments.approve(tx, found.id, by=asha, seller="Asha", ip=None, now=now)

        return self.stage.box.db.write_now(verb)

    async def forward(self, **span: float) -> None:
        """Time passes, and the box looks twice."""
        self.stage.hands.forward(**span)
        await self.billing.tick()
        self.stage.hands.forward(minutes=2)
        await self.billing.tick()

    def mails(self) -> list[str]:
        rows = self.stage.box.db.read_here(lambda rows: rows.all("select subject from mails order by id"))
        return [row["subject"] for row in rows]

    def whatsapps(self) -> list[str]:
        ask = "select text from messages where user_id = :id and is_system = 1 order by id"
        return [
            row["text"] for row in self.stage.box.db.read_here(lambda rows: rows.all(ask, id=self.stage.asha.id))
        ]

    def invoices(self) -> list[invoices.Invoice]:
        return self.stage.box.db.read_here(invoices.of_user, self.stage.bilal.id)


def opened(path: Path, **billing: Any) -> Iterator[Shop]:
    made = stage(path, billing={"enabled": True, **billing})
    driver = FakeDriver(_writer(made), now=made.hands.now)
    engine = Engine(made, driver, Turns(made.box, driver, "boot-1"))
    engine.link()
    engine.link(made.bilal.device_id, PHONE)
    made.box.db.write_now(plans.create, BASIC, now=made.hands.now())
    yield Shop(made, engine, Billing(made.box))
    made.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    yield from opened(tmp_path)


async def test_the_whatsapp_notice_waits_out_a_day_off_of_the_sellers_phone(shop: Shop) -> None:
    shop.pay("first")

    def rule(tx: Tx) -> None:
        by, made = users.by_id(tx, shop.stage.asha.id), shop.stage
        assert by is not None
        device = devices.by_id(tx, made.asha.device_id)
        given = {"days_off": DaysOff((), (date(2026, 4, 2), date(2026, 4, 3)))}
        ruling.set_phone(tx, by, device, given, config=made.box.config, now=made.hands.now())

    shop.stage.box.db.write_now(rule)
    await shop.forward(days=23)
    assert len(shop.mails()) == 1
    ask = "select scheduled_for from messages where is_system = 1"
    assert str(shop.stage.value(ask)).startswith("2026-04-03T18:00:00")  # midnight in Dhaka


async def test_the_whole_life_of_a_plan(shop: Shop) -> None:
    """Term 5: near the end mail, WhatsApp and a renewal invoice; at the end a pause; after paying it goes on."""
    shop.pay("first")
    device = shop.stage.bilal.device_id
    await shop.forward(days=22)
    assert shop.mails() == [] and len(shop.invoices()) == 1
    await shop.forward(days=1)
    assert shop.mails() == ["Your plan Ba{s}ic \\ one ends on 9 Apr 2026, 12:00"]
    text = shop.whatsapps()[0]
    assert "Ba{s}ic \\ one" in text and "/billing" in text and "Invoice 000002: BDT\xa0500.00." in text
    assert [(one.number, one.kind, one.open) for one in shop.invoices()] == [
        (2, "renewal", True),
        (1, "sale", False),
    ]
    await shop.forward(days=4)
    await shop.forward(days=2)
    assert len(shop.mails()) == len(shop.whatsapps()) == 3
    assert len(shop.invoices()) == 2
    await shop.forward(days=2)
    waiting = shop.engine.send(device_id=device)
    shop.engine.turn(device)
    assert shop.engine.status(waiting) == "queued"
    shop.pay("second")
    shop.engine.turn(device)
    assert shop.engine.status(waiting) == "sent"
    assert [(one.number, one.paid_at is not None) for one in shop.invoices()] == [(2, True), (1, True)]
    assert shop.stage.box.db.read_here(ledger.credits_left, shop.stage.bilal.id) == 199
    await shop.forward(days=1)
    assert len(shop.mails()) == 3


async def test_the_next_period_is_told_and_invoiced_anew(shop: Shop) -> None:
    shop.pay("first")
    await shop.forward(days=25)
    shop.pay("second")
    assert len(shop.mails()) == 1
    await shop.forward(days=20)
    assert len(shop.mails()) == 1
    await shop.forward(days=10)
    assert len(shop.mails()) == 2
    assert [one.number for one in shop.invoices()] == [3, 2, 1]


async def test_a_box_that_slept_tells_only_the_nearest_day(shop: Shop) -> None:
    shop.pay("first")
    await shop.forward(days=29, hours=12)
    assert len(shop.mails()) == len(shop.whatsapps()) == 1
    assert shop.stage.value("select count(*) from notices") == 6


async def test_a_restart_tells_nothing_again(shop: Shop) -> None:
    shop.pay("first")
    await shop.forward(days=24)
    for _ in range(3):
        await Billing(shop.stage.box).tick()
    assert len(shop.mails()) == 1 and len(shop.invoices()) == 2


async def test_the_mail_says_it_in_the_users_language(shop: Shop) -> None:
    shop.stage.box.db.write_now(lambda tx: tx.run("update users set language = 'bn' where id = 2"))
    shop.pay("first")
    await shop.forward(days=24)
    assert shop.mails()[0].startswith("আপনার প্ল্যান")


async def test_who_asked_the_owner_for_silence_gets_only_the_mail(shop: Shop) -> None:
    shop.stage.box.db.write_now(
        lambda tx: tx.run(
            "insert into suppressions (user_id, phone_hash, source, at) values (1, phone_hash(:p), 'word', 'now')",
            p=PHONE,
        )
    )
    shop.pay("first")
    await shop.forward(days=24)
    assert len(shop.mails()) == 1 and shop.whatsapps() == []


async def test_a_trial_is_told_of_but_has_no_invoice(shop: Shop) -> None:
    def verb(tx: Tx) -> None:
        trial = plans.create(tx, Terms("Try it", 0, "BDT", 7, 5, trial=True), now=shop.stage.hands.now())
        subscriptions.begin(tx, shop.stage.bilal.id, trial, now=shop.stage.hands.now())

    shop.stage.box.db.write_now(verb)
    await shop.forward(days=5)
    assert len(shop.mails()) == 1 and shop.invoices() == []


async def test_day_zero_tells_of_the_end_itself(tmp_path: Path) -> None:
    with contextmanager(opened)(tmp_path, notice_days=[0]) as shop:
        shop.pay("first")
        await shop.forward(days=29)
        assert shop.mails() == []
        await shop.forward(days=1)
        assert shop.mails() == ["Your plan Ba{s}ic \\ one has ended"]


async def test_without_notices_the_renewal_invoice_still_comes(tmp_path: Path) -> None:
    with contextmanager(opened)(tmp_path, notice_days=[]) as shop:
        shop.pay("first")
        await shop.forward(days=24)
        assert shop.mails() == [] and len(shop.invoices()) == 2


async def test_who_has_just_begun_a_short_plan_is_not_told_that_it_ends(shop: Shop) -> None:
    shop.stage.box.db.write_now(plans.create, Terms("Week", 900, "BDT", 7, 10), now=shop.stage.hands.now())
    shop.pay("first", 2)
    await shop.forward(hours=1)
    assert shop.mails() == []
    await shop.forward(days=4)
    assert shop.mails() == ["Your plan Week ends on 17 Mar 2026, 12:00"]


async def test_unlimited_credits_end_with_their_period(shop: Shop) -> None:
    shop.stage.box.db.write_now(plans.create, Terms("All", 900, "BDT", 3, None), now=shop.stage.hands.now())
    shop.pay("first", 2)
    assert shop.stage.box.db.read_here(ledger.credits_left, shop.stage.bilal.id) is None
    await shop.forward(days=3)
    assert shop.stage.box.db.read_here(ledger.credits_left, shop.stage.bilal.id) == 0


async def test_pictures_that_no_payment_needs_go_after_an_hour(shop: Shop) -> None:
    directory = shop.stage.box.config.data.dir / "receipts"
    old, young, needed = (screenshots.keep(directory, drawn("png")) for _ in range(3))
    payment = shop.pay("first")
    assert payment.receipt is None
    shop.stage.box.db.write_now(
        payments.submit, 2, Claim(1, "bank", 5, "with-picture", "01711000001", needed), ip=None,
        now=shop.stage.hands.now(),
    )  # fmt: skip
    for name in (old, needed):
        os.utime(directory / name, (1, 1))
    await shop.billing.tidy()
    assert {one.name for one in directory.iterdir()} == {young, needed}


async def test_a_box_without_billing_looks_at_nothing(tmp_path: Path) -> None:
    made = stage(tmp_path)
    await Billing(made.box).tick()
    await Billing(made.box).tidy()
    assert made.box.db.read_here(mail.due, made.hands.now()) == []
    made.close()


async def test_a_wrong_clock_tells_nobody_and_takes_no_plan_away(shop: Shop) -> None:
    shop.pay("CLOCK001")
    write, hands = shop.stage.box.db.write_now, shop.stage.hands
    write(machine_clock.judge, hands.now(), jumped=False)
    hands.forward(days=28)
    write(machine_clock.judge, hands.now(), jumped=True)
    await shop.forward(hours=1)
    assert (shop.mails(), len(shop.invoices())) == ([], 1)
    hands.forward(days=-40)
    write(machine_clock.judge, hands.now(), jumped=False)
    read = shop.stage.box.db.read_here
    standing = read(subscriptions.standing, shop.stage.bilal.id, enabled=True, now=hands.now())
    assert (standing.name, standing.paused(hands.now())) == (BASIC.name, False)
    hands.forward(days=36)
    write(machine_clock.settled)
    write(machine_clock.judge, hands.now(), jumped=False)
    await shop.forward(minutes=1)
    assert (len(shop.mails()), len(shop.invoices())) == (1, 2)


async def test_the_whatsapp_notice_waits_for_the_owners_phone(shop: Shop) -> None:
    shop.pay("first")
    write = shop.stage.box.db.write_now
    write(lambda tx: tx.run("update devices set linked = 0 where id = :id", id=shop.stage.asha.device_id))
    await shop.forward(days=24)
    assert len(shop.mails()) == 1 and shop.whatsapps() == []
    write(lambda tx: tx.run("update devices set linked = 1 where id = :id", id=shop.stage.asha.device_id))
    await shop.forward(hours=1)
    await shop.forward(hours=1)
    assert len(shop.mails()) == len(shop.whatsapps()) == 1
