"""What an account's shop is called, who is meant on its invoices, and where that stands."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import pytest

from wabox import config
from wabox.accounts import shops
from wabox.accounts.shops import Shop
from wabox.accounts.users import User
from wabox.billing import invoices, payments, plans, subscriptions
from wabox.billing.payments import Claim, Payment
from wabox.billing.plans import Terms
from wabox.db import Tx
from wabox.errors import Invalid

FULL = Shop("Rupa Fashion", "Rupa Begum", "+880 1711-123456")


def test_a_shop_is_called_as_it_is_told_and_what_changed_is_told_back(tx: Tx, bilal: User, now: datetime) -> None:
    assert shops.of_user(tx, bilal.id) == Shop()
    told = shops.change(tx, bilal.id, {**asdict(FULL), "name": " Rupa\n\u202eFashion "}, now=now)
    assert shops.of_user(tx, bilal.id) == FULL
    assert told == {
        "name": [None, "Rupa Fashion"],
        "person": [None, "Rupa Begum"],
        "phone": [None, "+880…"],
    }
    assert shops.change(tx, bilal.id, {"person": "Rupa Begum"}, now=now) == {}
    assert shops.change(tx, bilal.id, {"name": " ", "phone": None}, now=now).keys() == {"name", "phone"}
    assert shops.of_user(tx, bilal.id) == Shop(person="Rupa Begum")


def test_a_name_in_bengali_keeps_the_marks_that_join_its_letters(tx: Tx, bilal: User, now: datetime) -> None:
    shops.change(tx, bilal.id, {"name": "র\u200d্যাব ফ্যাশন", "phone": "০১৭১১-১২৩৪৫৬"}, now=now)
    assert shops.of_user(tx, bilal.id) == Shop("র\u200d্যাব ফ্যাশন", phone="০১৭১১-১২৩৪৫৬")


@pytest.mark.parametrize(
    ("field", "text"),
    [("name", "x" * 61), ("person", "x" * 61), ("phone", "call me"), ("phone", "12345"), ("phone", "1" * 16)],
)
def test_what_is_no_name_or_number_is_refused_by_its_field(
    tx: Tx, bilal: User, now: datetime, field: str, text: str
) -> None:
    with pytest.raises(Invalid) as refused:
        shops.change(tx, bilal.id, {"name": "Rupa", field: text}, now=now)
    assert (refused.value.code, set(refused.value.details)) == ("bad_shop", {field})
    assert shops.of_user(tx, bilal.id) == Shop()


def test_an_invoice_carries_who_buys_as_it_was_when_it_was_issued(
    tx: Tx, asha: User, bilal: User, now: datetime, tmp_path: Path
) -> None:
    plain = config.parse({}, base=tmp_path)
    assert invoices.seller_of(tx, plain, asha) == asha.email
    shops.change(tx, asha.id, {"name": "Asha's Messages"}, now=now)
    assert invoices.seller_of(tx, plain, asha) == f"Asha's Messages\n{asha.email}"
    named = config.parse({"billing": {"seller": "By the file"}}, base=tmp_path)
    assert invoices.seller_of(tx, named, asha) == "By the file"
    shops.change(tx, bilal.id, asdict(FULL), now=now)
    subscriptions.switch(tx, enabled=True, now=now)
    plan = plans.create(tx, Terms("Basic", 50_000, "BDT", 30, 1_000), now=now)
    claim = Claim(plan.id, "bkash", 50_000, "8N7A6D5C4B", "01711000001")
    paid = payments.submit(tx, bilal.id, claim, ip=None, now=now)
    assert isinstance(paid, Payment)
    payments.approve(tx, paid.id, by=asha.id, seller=invoices.seller_of(tx, plain, asha), ip=None, now=now)
    shops.change(tx, bilal.id, {"name": "Another"}, now=now)
    (issued,) = invoices.of_user(tx, bilal.id)
    assert issued.buyer == f"Rupa Fashion\nRupa Begum\n+880 1711-123456\n{bilal.email}"
    assert issued.seller == f"Asha's Messages\n{asha.email}"
