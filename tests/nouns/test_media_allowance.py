"""Megabytes of new files a day, as a plan allows them: what counts, what does not, and from when it fits again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cast import Stage, stage
from tests.files import pdf
from tests.nouns.test_media_intake import left, take
from wabox.billing import plans, subscriptions
from wabox.billing.plans import Terms
from wabox.db import Tx
from wabox.errors import Invalid
from wabox.media import allowance, keeping
from wabox.media.kinds import MEGABYTE

HALF = MEGABYTE // 2


def paper(letter: str, size: int = HALF) -> bytes:
    begun = pdf(letter)
    return begun + b" " * (size - len(begun))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    """bilal is on a plan with one megabyte a day."""
    made = stage(tmp_path, billing={"enabled": True})

    def sell(tx: Tx) -> None:
        plan = plans.create(tx, Terms("Small", 1, "BDT", 300, None, daily_megabytes=1), now=made.hands.now())
        subscriptions.begin(tx, made.bilal.id, plan, now=made.hands.now())

    made.box.db.write_now(sell)
    yield made
    made.close()


def left_now(shop: Stage) -> int:
    return shop.box.db.read_here(allowance.of_user, shop.bilal.id, now=shop.hands.now()).left


def test_what_is_over_the_day_is_refused_in_words_and_leaves_nothing(shop: Stage) -> None:
    take(shop, paper("a"), "a.pdf", user_id=shop.bilal.id)
    shop.hands.forward(hours=10)
    take(shop, paper("b", 1_000), "b.pdf", user_id=shop.bilal.id)
    assert left_now(shop) == MEGABYTE - HALF - 1_000
    before = left(shop)
    with pytest.raises(Invalid) as refused:
        take(shop, paper("c"), "c.pdf", user_id=shop.bilal.id)
    assert refused.value.code == "plan_megabytes"
    assert "Of the 1 MB" in refused.value.sentence and "fits in 14 hours" in refused.value.sentence
    assert left(shop) == before
    shop.hands.forward(hours=14)
    take(shop, paper("c"), "c.pdf", user_id=shop.bilal.id)


def test_one_that_never_fits_is_told_so(shop: Stage) -> None:
    with pytest.raises(Invalid, match="make this one smaller, or choose a larger plan"):
        shop.box.db.read_here(allowance.check, shop.bilal.id, MEGABYTE + 1, now=shop.hands.now())
    shop.box.db.read_here(allowance.check, shop.bilal.id, MEGABYTE, now=shop.hands.now())


def test_the_same_file_again_costs_nothing_and_a_deleted_one_gives_nothing_back(shop: Stage) -> None:
    kept = take(shop, paper("a"), "a.pdf", user_id=shop.bilal.id)
    take(shop, paper("a"), "again.pdf", user_id=shop.bilal.id)
    assert left_now(shop) == HALF
    shop.box.db.write_now(keeping.remove, shop.bilal.id, kept.media.id, now=shop.hands.now())
    assert shop.box.db.write_now(keeping.forget, now=shop.hands.now()) == 0
    assert left_now(shop) == HALF
    shop.hands.forward(hours=24)
    assert left_now(shop) == MEGABYTE
    assert shop.box.db.write_now(keeping.forget, now=shop.hands.now()) == 1


def test_what_people_send_and_who_has_no_such_plan_is_not_counted(shop: Stage) -> None:
    take(shop, paper("a"), "a.pdf", user_id=shop.bilal.id)
    shop.box.db.write_now(lambda tx: tx.run("update media set origin = 'inbound'"))
    assert left_now(shop) == MEGABYTE
    for letter in "abcd":
        take(shop, paper(letter), "x.pdf", user_id=shop.asha.id)
    found = shop.box.db.read_here(allowance.of_user, shop.asha.id, now=shop.hands.now())
    assert (found.most, found.used) == (0, 0)


def test_another_plan_is_felt_at_once_and_its_terms_never_change(shop: Stage) -> None:
    take(shop, paper("a"), "a.pdf", user_id=shop.bilal.id)

    def larger(tx: Tx) -> None:
        now = shop.hands.now() + timedelta(seconds=1)
        plan = plans.create(tx, Terms("Large", 2, "BDT", 30, None, daily_megabytes=4), now=now)
        subscriptions.begin(tx, shop.bilal.id, plan, now=now)

    shop.box.db.write_now(larger)
    shop.hands.forward(seconds=2)
    assert left_now(shop) == 4 * MEGABYTE - HALF
    with pytest.raises(Exception, match="the terms of a plan never change"):
        shop.box.db.write_now(lambda tx: tx.run("update plans set daily_megabytes = 9"))
