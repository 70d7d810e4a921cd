"""How accounts share the room for files, and what of it is kept for what is on its way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cast import Stage, stage
from tests.files import pdf
from tests.nouns.test_media_intake import left, take
from tests.nouns.test_media_keeping import carry
from wabox.db import Tx
from wabox.errors import InsufficientCredits, Refusal, TooMany, Unavailable
from wabox.media import coming, room
from wabox.media.coming import Place, Room
from wabox.media.kinds import MEGABYTE


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    """Two accounts, asha's and bilal's."""
    made = stage(tmp_path)
    yield made
    made.close()


def paper(name: str, size: int) -> bytes:
    begun = pdf(name)
    return begun + b" " * (size - len(begun))


def held(shop: Stage, user_id: int) -> int:
    return shop.box.db.read_here(room.held_bytes, user_id)


def test_an_account_that_fills_its_part_pushes_out_its_own_files_alone(shop: Stage) -> None:
    take(shop, paper("bilal", 700_000), "b.pdf", room=2, user_id=shop.bilal.id)
    for number in range(7):
        shop.hands.forward(minutes=1)
        take(shop, paper(f"asha {number}", 400_000), f"{number}.pdf", room=2)
    assert (held(shop, shop.asha.id), held(shop, shop.bilal.id)) == (800_000, 700_000)


def test_files_that_are_needed_fill_no_more_than_their_accounts_part(shop: Stage) -> None:
    for number in range(2):
        carry(shop, take(shop, paper(f"asha {number}", 450_000), f"{number}.pdf", room=2).media.id)
    before = left(shop)
    with pytest.raises(Unavailable, match="your part of this box") as refused:
        take(shop, paper("one more", 450_000), "c.pdf", room=2)
    assert refused.value.code == "media_full" and left(shop) == before
    assert take(shop, paper("bilal", 1_000_000), "b.pdf", room=2, user_id=shop.bilal.id).new


def test_the_only_account_has_all_the_room(shop: Stage) -> None:
    shop.box.db.write_now(
        lambda tx: tx.run("update users set state = 'suspended' where id = :id", id=shop.bilal.id)
    )
    take(shop, paper("a", 1_000_000), "a.pdf", room=2)
    assert not take(shop, paper("b", 1_000_000), "b.pdf", room=2).made_room


def test_who_is_over_a_part_that_shrank_makes_room_first(shop: Stage) -> None:
    suspend = "update users set state = :state where id = :id"
    shop.box.db.write_now(lambda tx: tx.run(suspend, state="suspended", id=shop.bilal.id))
    for number in range(2):
        take(shop, paper(f"asha {number}", 1_000_000), f"{number}.pdf", room=2)
        shop.hands.forward(minutes=1)
    shop.box.db.write_now(lambda tx: tx.run(suspend, state="active", id=shop.bilal.id))
    take(shop, paper("bilal", 500_000), "b.pdf", room=2, user_id=shop.bilal.id)
    assert (held(shop, shop.asha.id), held(shop, shop.bilal.id)) == (1_000_000, 500_000)


def accounts(shop: Stage, count: int) -> list[int]:
    """So many more, who may do all and have nothing."""

    def verb(tx: Tx) -> list[int]:
        return [
            tx.insert(
                """insert into users (email, password_hash, role, created_at)
                   values (:email, '', 'user', '2026-03-10T06:00:00.000000+00:00')""",
                email=f"shop{number}@example.com",
            )
            for number in range(count)
        ]

    return shop.box.db.write_now(verb)


def part(shop: Stage, user_id: int, disk_megabytes: int) -> int:
    return shop.box.db.read_here(room.part, user_id, disk_megabytes) // MEGABYTE


def test_those_who_keep_nothing_make_nobodys_part_small(shop: Stage) -> None:
    many = accounts(shop, 98)
    assert part(shop, shop.asha.id, 2048) == 1024  # one part is left for whoever begins next
    for user_id in many[:4]:
        take(shop, paper(f"of {user_id}", 1_000), "a.pdf", user_id=user_id)
    assert (part(shop, shop.asha.id, 2048), part(shop, many[0], 2048)) == (2048 // 6, 2048 // 5)


def test_no_part_is_too_small_for_a_large_file(shop: Stage) -> None:
    for user_id in accounts(shop, 40):
        take(shop, paper(f"of {user_id}", 1_000), "a.pdf", user_id=user_id)
    assert part(shop, shop.asha.id, 2048) == 64
    assert part(shop, shop.asha.id, 100) == 50


def test_where_parts_are_larger_than_all_there_is_who_has_more_makes_room_for_who_has_less(shop: Stage) -> None:
    """Two MB for forty: nobody may have more than one of them, and nobody's go for who would have as much."""
    many = accounts(shop, 40)
    for user_id in many[3:]:
        take(shop, paper(f"of {user_id}", 1_000), "a.pdf", user_id=user_id, room=2)
    for user_id in many[:2]:
        for number in range(2):
            shop.hands.forward(minutes=1)
            take(shop, paper(f"{user_id} {number}", 480_000), f"{number}.pdf", user_id=user_id, room=2)
    take(shop, paper("asha", 400_000), "a.pdf", user_id=shop.asha.id, room=2)
    assert [held(shop, one) for one in (many[0], many[1], shop.asha.id)] == [480_000, 960_000, 400_000]
    before = [held(shop, one) for one in many]
    with pytest.raises(Unavailable, match="no room for more files just now") as refused:
        take(shop, paper("late", 1_020_000), "a.pdf", user_id=many[2], room=2)
    assert refused.value.code == "media_full"
    assert [held(shop, one) for one in many] == before


def test_so_many_files_of_an_account_come_at_once_and_no_more(shop: Stage) -> None:
    with ExitStack() as others:
        for _ in range(coming.AT_ONCE):
            others.enter_context(Place(Room(shop.asha.id, MEGABYTE))).take(10)
        with pytest.raises(TooMany) as refused:
            Place(Room(shop.asha.id, MEGABYTE)).take(10)
        assert refused.value.code == "too_many_uploads"
        with Place(Room(shop.bilal.id, MEGABYTE)) as his:
            his.take(10)
    with Place(Room(shop.asha.id, MEGABYTE)) as mine:
        mine.take(10)


def test_what_comes_counts_as_announced_and_what_comes_beyond_that_too(shop: Stage) -> None:
    with Place(Room(shop.asha.id, 100)) as one, Place(Room(shop.asha.id, 100)) as other:
        one.take(60)
        with pytest.raises(Unavailable, match="on their way") as refused:
            other.take(50)
        assert refused.value.code == "media_full"
        other.take(30)
        with pytest.raises(Unavailable):
            other.take(41)
    with pytest.raises(Unavailable, match="make this one smaller"):
        Place(Room(shop.asha.id, 100)).take(101)


def test_there_is_room_for_what_nothing_needed_takes(shop: Stage) -> None:
    pinned = take(shop, paper("a", 300_000), "a.pdf", room=2).media
    take(shop, paper("b", 300_000), "b.pdf", room=2)
    carry(shop, pinned.id)
    found = shop.box.db.read_here(coming.room_for, shop.asha.id, 2, now=shop.hands.now())
    assert found == Room(shop.asha.id, MEGABYTE - 300_000)


def test_where_plans_are_sold_an_account_without_one_brings_no_files(tmp_path: Path) -> None:
    sells = stage(tmp_path, billing={"enabled": True})
    refusals: list[Refusal] = []
    for ask in (
        lambda: take(sells, pdf(), "a.pdf", user_id=sells.bilal.id),
        lambda: sells.box.db.read_here(coming.room_for, sells.bilal.id, 2, now=sells.hands.now()),
    ):
        with pytest.raises(InsufficientCredits) as refused:
            ask()
        refusals.append(refused.value)
    assert {one.code for one in refusals} == {"no_plan"} and left(sells) == []
    assert take(sells, pdf(), "a.pdf").new
    sells.close()
