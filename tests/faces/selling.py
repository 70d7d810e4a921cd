"""asha sells: plans, payments that wait, customers at every stage; `python -m tests.faces.selling` serves it."""

from __future__ import annotations

import asyncio
import struct
import sys
import tempfile
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn

from tests.cast import Stage, stage
from tests.faces.scene import PASSWORD, SECTIONS, dress
from wabox import app
from wabox.accounts import passwords, states, terms, users
from wabox.accounts.states import Actor
from wabox.billing import invoices, ledger, payments, plans, screenshots, subscriptions, trials
from wabox.billing.payments import Claim
from wabox.billing.plans import Plan, Terms
from wabox.dashboard.billing.page import directory
from wabox.db import Tx
from wabox.devices import linking, orders
from wabox.devices import stored as devices
from wabox.messages import outbox, template
from wabox.whatsapp.driver import Link

SELLING: dict[str, Any] = {
    **SECTIONS,
    "billing": {
        "enabled": True,
        "bkash": "Send Money to 01700-123456 (personal), reference: your e-mail address.",
        "nagad": "Send Money to 01800-123456.",
        "bank": "Asha Rahman, Example Bank, Dhanmondi\nAccount 0123 4567 8901 234, routing 123456789",
        "seller": "Asha's Messages\nHouse 12, Road 5, Dhanmondi\nDhaka 1205",
    },
}
NEWCOMERS = (
    "chen@example.com",
    "dina.the.very.long.address.of.a.customer@a-shop-with-a-long-name.example",
    "eva@example.com",
)


@dataclass(slots=True)
class Sold:
    """Ids of what there is to look at. waiting: payments to check. invoice: bilal's, paid; due: to pay."""

    basic: int
    pack: int
    waiting: list[int]
    invoice: int
    due: int
    locked: int


def picture(width: int = 360, height: int = 640) -> bytes:
    """A PNG in the shape of a phone's screenshot."""
    row = b"\0" + b"\xe2\x13\x6e" * width
    body = b"".join(row if y < 90 or 200 < y < 210 else b"\0" + b"\xfa\xfa\xfa" * width for y in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def sold(made: Stage) -> Sold:
    """bilal is near the end of his plan, chen's is over, dina asks for too much, eva has told lies."""
    made.box.db.write_now(ledger.grant, made.bilal.id, 1, note="welcome", by="asha", now=made.hands.now())
    dress(made)
    kept = screenshots.keep(directory(made.box), picture())
    return made.box.db.write_now(_everything, made, kept)


def _everything(tx: Tx, made: Stage, kept: str) -> Sold:
    now = made.hands.now()
    long_ago = now - timedelta(days=25)
    basic = plans.create(tx, Terms("Basic", 50_000, "BDT", 30, 1_000, 200, 2), now=long_ago)
    plans.create(tx, Terms("ব্যবসা", 150_000, "BDT", 30, None, 1_000, 5), now=long_ago)
    pack = plans.create(tx, Terms("500 credits", 20_000, "BDT", None, 500), now=long_ago)
    plans.create(tx, Terms("Try it", 0, "BDT", 7, 50, trial=True), now=long_ago)
    plans.archive(tx, plans.create(tx, Terms("Eid offer", 30_000, "BDT", 20, 700), now=long_ago).id)
    chen, dina, eva = (_newcomer(tx, made, email, long_ago) for email in NEWCOMERS)
    linking.saw(
        tx,
        Link(
            made.bilal.device_id,
            orders.start(tx, devices.by_id(tx, made.bilal.device_id)).session,
            "ready",
            phone="8801911333444",
            synced=True,
        ),
        now=long_ago,
    )
    _buys(tx, made.bilal.id, basic, "8N7A6D5C4B", long_ago, receipt=kept)
    _uses(tx, made, 14)
    period = subscriptions.last(tx, made.bilal.id)
    assert period is not None
    due = invoices.renewal(tx, period, basic, seller="Asha's Messages\nDhaka", now=now)
    _buys(tx, chen, basic, "TRX/2026/00017", now - timedelta(days=40))
    trials.start(tx, dina, ip="198.51.100.7", ip_days=30, now=now - timedelta(days=1))
    for number in range(2):
        claim = Claim(basic.id, "nagad", 50_000, f"FALSE00{number}", "01911222333")
        told = payments.submit(tx, eva, claim, ip=None, now=now - timedelta(days=2))
        assert isinstance(told, payments.Payment)
        payments.reject(tx, told.id, by=1, reason="No such money came in.", is_false=1, ip=None, now=now)
    states.move(tx, eva, "lock", by=Actor(1, "127.0.0.1"), reason="Two false claims in a day", now=now)
    waiting = [
        _claims(tx, made.bilal.id, Claim(basic.id, "bkash", 50_000, "9K2L3M4N5P", "01911333444", kept), now),
        _claims(
            tx, dina, Claim(pack.id, "bank", 19_950, "EBL-2026-11-22-000417-OUT", "Dina Islam 0987", None), now
        ),
    ]
    assert due is not None
    return Sold(basic.id, pack.id, waiting, 1, due.number, eva)


def _newcomer(tx: Tx, made: Stage, email: str, at: datetime) -> int:
    user = users.create(tx, email=email, password_hash=passwords_of(made), now=at)
    terms.accept(tx, user.id, ip="198.51.100.7", now=at)
    orders.create_primary(tx, user.id, now=at)
    users.accept_disclaimer(tx, user.id, ip="198.51.100.7", now=at)
    return user.id


def passwords_of(made: Stage) -> str:
    """The hash asha has, so that it is computed once."""
    found: str | None = made.value("select password_hash from users where id = 1")
    return found or passwords.hashed(PASSWORD)


def _claims(tx: Tx, user_id: int, claim: Claim, at: datetime) -> int:
    told = payments.submit(tx, user_id, claim, ip="198.51.100.7", now=at)
    assert isinstance(told, payments.Payment)
    return told.id


def _buys(tx: Tx, user_id: int, plan: Plan, txid: str, at: datetime, *, receipt: str | None = None) -> None:
    claim = Claim(plan.id, "bkash", plan.terms.price_minor, txid, "01911333444", receipt)
    seller = "Asha's Messages\nHouse 12, Road 5, Dhanmondi\nDhaka 1205"
    payments.approve(tx, _claims(tx, user_id, claim, at), by=1, seller=seller, ip=None, now=at)


def _uses(tx: Tx, made: Stage, count: int) -> None:
    device = devices.by_id(tx, made.bilal.device_id)
    for number in range(count):
        phone = f"88017113{number:05d}"
        parsed = template.parse("Your order is ready.")
        outbox.accept(tx, device, phone=phone, template=parsed, values={}, now=made.hands.now())


def main() -> None:
    """Serve it, for looking at it."""
    with tempfile.TemporaryDirectory() as place:
        made = stage(Path(place), **SELLING)
        sold(made)
        sys.stderr.write(f"asha@example.com, bilal@example.com, {', '.join(NEWCOMERS)} / {PASSWORD}\n")
        web = uvicorn.Config(app.create(made.box), port=int(sys.argv[1]), lifespan="off")
        asyncio.run(uvicorn.Server(web).serve())
        made.close()


if __name__ == "__main__":
    main()
