"""Words are found in all rows of a user, marked in the index or not, and nothing that is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cast import Stage, stage
from wabox.db import Tx
from wabox.engine.indexing import Indexing
from wabox.finding import index, kinds, looking, reading
from wabox.messages import log
from wabox.messages.log import Wanted

TEXTS = ("Your order 481516 is ready", "নাসরিন, আপনার অর্ডার তৈরি", "Pay ৳ ৫০০ to 017-1150 0001", "Straße 100%")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """asha with 40 messages in units of 16, blocks of 4, and four behind the last; bilal with a few."""
    monkeypatch.setattr(index, "UNIT", 16)
    monkeypatch.setattr(index, "BLOCK", 4)
    made = stage(tmp_path)
    made.box.db.write_now(_fill, made)
    yield made
    made.close()


def _fill(tx: Tx, made: Stage) -> None:
    for n in range(36):
        _write(tx, made, TEXTS[n // 4] if n % 4 == 0 and n < 16 else f"Hello number {n}")
    tx.run(
        """insert into messages (user_id, device_id, phone, text, status, priority, new_chat, queued_at)
           select :bilal, :device, phone, text, status, 0, 0, queued_at from messages""",
        bilal=made.bilal.id,
        device=made.bilal.device_id,
    )


def _write(tx: Tx, made: Stage, text: str) -> int:
    return tx.insert(
        """insert into messages (user_id, device_id, phone, text, status, priority, new_chat, queued_at)
           values (:user_id, :device_id, '8801711000001', :text, 'sent', 0, 0, '2026-11-01T00:00:00+00:00')""",
        user_id=made.asha.id,
        device_id=made.asha.device_id,
        text=text,
    )


def mark(made: Stage) -> None:
    indexing = Indexing(made.box)
    while indexing.step():
        pass


def found(made: Stage, text: str) -> list[int]:
    said, far = made.box.db.read_here(log.saying, made.asha.id, text, most=50)
    assert far
    return [one.id for one in said]


ASKED = {
    "481516": [1],
    "ORDER ready": [1],
    "ready order": [1],
    '"ready order"': [],
    "8151": [1],
    "নাসরিন": [5],
    "অর্ডার নাস": [5],
    "নাসর": [5],
    "নাসরন": [],
    "500": [9],
    "৫০০": [9],
    "০১৭১১৫০০০০১": [9],
    "+880 1711-500001": [9],
    "STRASSE": [13],
    "0%": [13],
    "*": [],
    "pay OR order": [],
    "re": [1],
    "zq": [],
}


def test_words_are_found_with_the_index_as_without(shop: Stage) -> None:
    assert {text: found(shop, text) for text in ASKED} == ASKED
    mark(shop)
    assert shop.value("select count(*) from search_units where stale = 0") == 4
    assert {text: found(shop, text) for text in ASKED} == ASKED
    assert found(shop, "hello") == sorted(found(shop, "hello"), reverse=True)
    assert len(found(shop, "number")) == 32


def test_what_is_marked_is_looked_at_and_little_else(shop: Stage) -> None:
    mark(shop)
    what = reading.sought("481516")
    stretches = shop.box.db.read_here(
        lambda rows: list(index.stretches(rows, kinds.MESSAGES, shop.asha.id, what.marks, below=2**62))
    )
    assert [(one.above, one.below) for one in stretches] == [(32, 2**62), (0, 5)]


def test_what_changed_or_went_is_found_as_it_is_now(shop: Stage) -> None:
    mark(shop)
    shop.box.db.write_now(lambda tx: tx.run("update messages set text = 'Sold: one lungi' where id = 7"))
    shop.box.db.write_now(lambda tx: tx.run("delete from messages where id = 1"))
    for _ in range(2):
        assert (found(shop, "lungi"), found(shop, "481516")) == ([7], [])
        mark(shop)
    what = reading.sought("481516").marks
    assert shop.value("select count(*) from search_units where stale > 0") == 0
    left = shop.box.db.read_here(
        lambda rows: list(index.stretches(rows, kinds.MESSAGES, shop.asha.id, what, below=33))
    )
    assert [one for one in left if one.above + 1 < one.below] == []  # no trace of it is kept


def test_marks_that_a_change_overtook_are_not_kept(shop: Stage) -> None:
    due = shop.box.db.read_here(index.next_due)
    assert due is not None and shop.box.db.write_now(index.open_unit, due)
    assert not shop.box.db.write_now(index.open_unit, due)  # another one that saw the same
    seen = shop.box.db.read_here(index.mark_one)
    assert seen is not None
    shop.box.db.write_now(lambda tx: tx.run("update messages set text = 'Sold: one lungi' where id = 7"))
    assert not shop.box.db.write_now(index.keep, seen)
    assert found(shop, "lungi") == [7]  # as after a kill in between
    mark(shop)
    assert found(shop, "lungi") == [7]


def test_units_whose_rows_are_gone_go(shop: Stage) -> None:
    mark(shop)
    shop.box.db.write_now(lambda tx: tx.run("delete from messages where user_id = :id", id=shop.asha.id))
    mark(shop)
    left = shop.box.db.read_here(lambda rows: rows.all("select distinct user_id from search_units"))
    assert [row["user_id"] for row in left] == [shop.bilal.id]
    assert shop.value("select count(*) from search_marks where unit_id not in (select id from search_units)") == 0


def test_a_long_search_says_how_far_it_went_and_goes_on(shop: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "MOST_ROWS", 10)
    monkeypatch.setattr(looking, "_PIECE", 4)
    cursor, ids, pages = None, [], 0
    while True:
        page = shop.box.db.read_here(log.page, shop.asha.id, Wanted(text="order ready"), cursor=cursor)
        assert page.at_least and page.total == 0
        ids += [one.id for one in page.messages]
        cursor, pages = page.next_cursor, pages + 1
        if cursor is None:
            break
    assert ids == [1] and pages > 2


def test_a_part_of_a_long_log_is_counted_up_to_a_bound(shop: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MOST_COUNTED", 10)
    part = shop.box.db.read_here(log.page, shop.asha.id, Wanted(status="sent"), per_page=3)
    assert (part.total, part.at_least, len(part.messages)) == (10, True, 3)
    none = shop.box.db.read_here(log.page, shop.asha.id, Wanted(status="failed"))
    assert (none.total, none.at_least) == (0, False)
