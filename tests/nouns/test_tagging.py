"""Tags of many people at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cast import Stage, stage
from wabox import times
from wabox.contacts import stored as contacts
from wabox.contacts import suppression, tagging, writing
from wabox.contacts.stored import Consent, Wanted
from wabox.errors import Invalid

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    """A box with asha and bilal."""
    made = stage(tmp_path)
    yield made
    made.close()


def add(shop: Stage, number: int, *tags: str, user_id: int | None = None, **more: Any) -> int:
    found, _ = shop.box.db.write_now(
        writing.upsert, user_id or shop.asha.id, phone=f"88017110{number:05d}", tags=tags, now=NOW, **more
    )
    return found.id


def tags(shop: Stage, contact_id: int, user_id: int | None = None) -> tuple[str, ...]:
    return shop.box.db.read_here(contacts.of_user, user_id or shop.asha.id, contact_id).tags


def every(shop: Stage) -> dict[str, int]:
    return {one.tag: one.contacts for one in shop.box.db.read_here(contacts.tags, shop.asha.id)}


def test_a_tag_is_put_once_in_its_spelling_and_behind_the_others(shop: Stage) -> None:
    first, second = add(shop, 1, "VIP", "Dhaka"), add(shop, 2, "eid")
    others = add(shop, 1, user_id=shop.bilal.id)
    write = shop.box.db.write_now
    assert write(tagging.put, shop.asha.id, [first, second, others, 999], " Eid ", now=LATER) == 1
    assert tags(shop, first) == ("VIP", "Dhaka", "Eid") and tags(shop, second) == ("eid",)
    assert tags(shop, others, shop.bilal.id) == ()
    assert write(tagging.put, shop.asha.id, [first, second], "Eid", now=LATER) == 0
    changed = shop.box.db.read_here(contacts.page, shop.asha.id, Wanted(updated_since=LATER))
    assert [one.id for one in changed.contacts] == [first]


def test_who_has_fifty_tags_gets_no_more(shop: Stage) -> None:
    full = add(shop, 1, *(f"tag {n}" for n in range(50)))
    assert shop.box.db.write_now(tagging.put, shop.asha.id, [full], "one more", now=LATER) == 0
    assert len(tags(shop, full)) == 50


def test_a_tag_is_taken_in_any_spelling_from_the_users_own_people(shop: Stage) -> None:
    first, second = add(shop, 1, "VIP", "x"), add(shop, 2, "vip")
    others = add(shop, 3, "VIP", user_id=shop.bilal.id)
    assert shop.box.db.write_now(tagging.take, shop.asha.id, [first, others], "vIp", now=LATER) == 1
    assert (tags(shop, first), tags(shop, second)) == (("x",), ("vip",))
    assert tags(shop, others, shop.bilal.id) == ("VIP",)


@pytest.mark.parametrize("to", ["Customers", "vip", "VIP!", "নতুন", "a, b", "🙂"])
def test_a_tag_is_renamed_for_everybody_in_parts(shop: Stage, monkeypatch: pytest.MonkeyPatch, to: str) -> None:
    monkeypatch.setattr(tagging, "MOST_AT_ONCE", 3)
    ids = [add(shop, n, "other", "VIP") for n in range(8)]
    others = add(shop, 20, "VIP", user_id=shop.bilal.id)
    done = []
    while count := shop.box.db.write_now(tagging.rename, shop.asha.id, "VIP", to, now=LATER):
        done.append(count)
    assert done == [3, 3, 2]
    assert {tags(shop, one) for one in ids} == {("other", to)}
    assert tags(shop, others, shop.bilal.id) == ("VIP",)


def test_renamed_to_one_that_is_there_both_are_one(shop: Stage) -> None:
    both, old, new = add(shop, 1, "old", "New"), add(shop, 2, "old"), add(shop, 3, "New")
    write = shop.box.db.write_now
    assert write(tagging.rename, shop.asha.id, "old", "New", now=LATER) == 2
    assert write(tagging.rename, shop.asha.id, "old", "New", now=LATER) == 0
    assert tags(shop, both) == tags(shop, old) == tags(shop, new) == ("New",)
    assert every(shop) == {"New": 3}


def test_a_tag_is_dropped_and_its_people_stay(shop: Stage) -> None:
    one, two = add(shop, 1, "old", "x"), add(shop, 2, "OLD")
    assert shop.box.db.write_now(tagging.drop, shop.asha.id, "old", now=LATER) == 2
    assert shop.box.db.write_now(tagging.drop, shop.asha.id, "old", now=LATER) == 0
    assert (tags(shop, one), tags(shop, two)) == (("x",), ())
    assert shop.box.db.read_here(tagging.having, shop.asha.id, "x") == 1


@pytest.mark.parametrize("tag", ["", "  ", "\0", "x" * 65])
def test_what_is_no_tag_is_refused_and_nothing_changes(shop: Stage, tag: str) -> None:
    one = add(shop, 1, "x")
    for verb in (tagging.put, tagging.take):
        with pytest.raises(Invalid, match="tag"):
            shop.box.db.write_now(verb, shop.asha.id, [one], tag, now=LATER)
    with pytest.raises(Invalid, match="tag"):
        shop.box.db.write_now(tagging.rename, shop.asha.id, "x", tag, now=LATER)
    assert tags(shop, one) == ("x",)


def test_the_filters_find_whom_they_say(shop: Stage) -> None:
    agreed = add(shop, 1, name="Rina", consent=Consent("order", NOW))
    twin = add(shop, 2, name="rina")
    out = add(shop, 3, name="Karim")
    shop.box.db.write_now(suppression.opt_out, shop.asha.id, "8801711000003", source="owner", now=NOW)
    shop.box.db.write_now(
        lambda tx: tx.run("update contacts set last_in_at = :at where id = :id", at=times.stored(NOW), id=twin)
    )
    shop.box.db.write_now(
        lambda tx: tx.run("update contacts set last_out_at = :at where id = :id", at=times.stored(NOW), id=out)
    )

    def found(**wanted: Any) -> list[int]:
        return [one.id for one in shop.box.db.read_here(contacts.page, shop.asha.id, Wanted(**wanted)).contacts]

    assert found(consented=True) == [agreed] and found(consented=False) == [out, twin]
    assert found(wrote=True) == [twin] and found(wrote=False) == [out, agreed]
    assert found(written_to=True) == [out] and found(written_to=False) == [twin, agreed]
    assert found(namesakes=True) == [twin, agreed]
    assert found(opted_out=True, consented=False) == [out]
    some = shop.box.db.read_here(contacts.ids, shop.asha.id, Wanted(consented=False), until=out, most=1)
    assert some == [twin]
    rest = shop.box.db.read_here(
        contacts.ids, shop.asha.id, Wanted(consented=False), after=twin, until=out, most=9
    )
    assert rest == [out]
    assert shop.box.db.read_here(contacts.ids, shop.bilal.id, Wanted(), until=out, most=9) == []
