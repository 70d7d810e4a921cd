"""Who holds a file and how long: what needs it pins it, age and want of room take the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.cast import Stage, stage
from tests.files import opus, pdf
from tests.nouns.test_media_intake import left, take
from wabox import closing, times
from wabox.accounts.states import Actor
from wabox.db import Row, Rows, Tx
from wabox.engine.filing import Filing
from wabox.errors import Invalid, NotFound, Unavailable
from wabox.media import intake, keeping, room, store, stored
from wabox.media.kinds import MEGABYTE
from wabox.messages import outbox, template
from wabox.texts import stored as texts
from wabox.texts.stored import Draft

BIG = pdf("x" * 400_000)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    made = stage(tmp_path)
    yield made
    made.close()


def carry(shop: Stage, media_id: int) -> int:
    """A message that waits, with this file."""

    def verb(tx: Tx) -> int:
        job_id = outbox.accept(
            tx,
            shop.device(),
            phone="8801711000001",
            template=template.parse("Hi"),
            values={},
            now=shop.hands.now(),
        )
        tx.run("update messages set media_id = :m, media_kind = 'document' where id = :id", m=media_id, id=job_id)
        return job_id

    return shop.box.db.write_now(verb)


def end(shop: Stage, job_id: int) -> None:
    shop.box.db.write_now(lambda tx: outbox.cancel_for(tx, shop.asha.id, job_id, now=shop.hands.now()))


def remove(shop: Stage, media_id: int) -> None:
    shop.box.db.write_now(keeping.remove, shop.asha.id, media_id, now=shop.hands.now())


def tick(shop: Stage) -> None:
    asyncio.run(Filing(shop.box).tick())


def test_what_is_still_to_go_pins_its_file(shop: Stage) -> None:
    media_id = take(shop, pdf(), "a.pdf").media.id
    job_id = carry(shop, media_id)
    with pytest.raises(Invalid) as refusal:
        remove(shop, media_id)
    assert refusal.value.code == "in_use"
    shop.hands.forward(days=400)
    tick(shop)
    assert len(left(shop)) == 1
    end(shop, job_id)
    remove(shop, media_id)
    with pytest.raises(NotFound):
        shop.box.db.read_here(stored.of_user, shop.asha.id, media_id)
    tick(shop)
    assert left(shop) == []
    assert shop.value("select filename from media") == "a.pdf", "the log still says what it was"
    shop.box.db.write_now(lambda tx: tx.run("delete from messages"))
    tick(shop)
    assert shop.value("select count(*) from media") == 0


def test_a_campaign_that_is_to_go_pins_its_file(shop: Stage) -> None:
    media_id = take(shop, pdf(), "a.pdf").media.id
    for status, pinned in (("scheduled", True), ("sending", True), ("paused", True), ("completed", False)):

        def verb(tx: Tx, status: str = status) -> None:
            tx.run("delete from campaigns")
            tx.run(
                """insert into campaigns (user_id, name, message, audience, status, created_at, total, media_id)
                   values (:user, 'x', 'x', '{}', :status, 'now', 1, :media)""",
                user=shop.asha.id,
                status=status,
                media=media_id,
            )

        shop.box.db.write_now(verb)
        assert shop.box.db.read_here(keeping.is_needed, media_id) == pinned


def test_what_nobody_uses_goes_after_its_days_and_use_keeps_it(shop: Stage) -> None:
    old, used = take(shop, pdf("1"), "1.pdf").media, take(shop, pdf("2"), "2.pdf").media
    shop.hands.forward(days=80)
    shop.box.db.write_now(keeping.use, used.id, now=shop.hands.now())
    shop.hands.forward(days=11)
    tick(shop)
    assert left(shop) == [used.stored_sha256]
    assert (
        keeping.expires_at(old, 90) == old.created_at + timedelta(days=90) and keeping.expires_at(old, 0) is None
    )


def test_longest_unused_makes_room_and_what_is_needed_never(shop: Stage) -> None:
    first, second = take(shop, BIG + b"1", "1.pdf").media, take(shop, BIG + b"2", "2.pdf").media
    job_id = carry(shop, first.id)
    shop.hands.forward(minutes=1)
    third = take(shop, BIG + b"3", "3.pdf", room=2)
    assert third.made_room
    held = {
        row["id"]
        for row in shop.box.db.read_here(lambda r: r.all("select id from media where removed_at is null"))
    }
    assert held == {first.id, third.media.id} and second.id not in held
    carry(shop, third.media.id)
    with pytest.raises(Unavailable) as refusal:
        take(shop, BIG + b"4", "4.pdf", room=2)
    assert refusal.value.code == "media_full"
    end(shop, job_id)
    assert take(shop, BIG + b"5", "5.pdf", room=2).made_room


def test_room_is_made_in_one_pass_and_a_file_is_free_with_its_last_row(shop: Stage) -> None:
    shared = take(shop, BIG + b"0", "0.pdf").media
    shop.hands.forward(minutes=1)
    small = [take(shop, pdf(f"{n}"), f"{n}.pdf").media for n in range(30)]
    shop.hands.forward(minutes=1)
    take(shop, BIG + b"0", "0.pdf", user_id=shop.bilal.id)
    asked: list[str] = []
    whole = Tx.all

    def counted(tx: Tx, sql: str, **params: object) -> list[Row]:
        asked.append(sql)
        return whole(tx, sql, **params)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Tx, "all", counted)
        assert take(shop, pdf("x" * (MEGABYTE - len(pdf("")))), "big.pdf", room=2).made_room
    assert sum("last_used_at" in sql for sql in asked) == 1
    rows = shop.box.db.read_here(lambda r: r.all("select id from media where removed_at is null"))
    assert not {row["id"] for row in rows} & {shared.id, *(one.id for one in small)}


def test_what_somebody_opens_is_kept_on(shop: Stage) -> None:
    found = take(shop, pdf(), "a.pdf").media

    def opens(**later: int) -> datetime:
        shop.hands.forward(**later)
        asyncio.run(intake.opened(shop.box.db, shop.asha.id, found.id, now=shop.hands.now()))
        return shop.box.db.read_here(stored.by_id, found.id).last_used_at

    assert opens(hours=23) == found.last_used_at
    assert opens(hours=2) == shop.hands.now()
    with pytest.raises(NotFound):
        asyncio.run(intake.opened(shop.box.db, shop.bilal.id, found.id, now=shop.hands.now()))


def test_room_is_counted_once_a_file(shop: Stage) -> None:
    take(shop, BIG, "1.pdf")
    take(shop, BIG, "1.pdf", user_id=shop.bilal.id)
    take(shop, opus(), "1.ogg")
    assert shop.box.db.read_here(room.used_bytes) == len(BIG) + len(opus()) < MEGABYTE
    assert shop.box.db.read_here(room.held_bytes, shop.bilal.id) == len(BIG)


def test_start_sweeps_what_a_crash_left_and_nothing_that_a_row_names(shop: Stage) -> None:
    kept = take(shop, pdf(), "a.pdf").media
    gone = take(shop, opus(), "a.ogg").media
    half, stray = store.part(shop.box.media), shop.box.media / "ab" / ("ab" * 32)
    half.write_bytes(b"half")
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"no row")
    stored.path_of(shop.box.media, gone.stored_sha256).unlink()
    asyncio.run(Filing(shop.box).begin())
    assert left(shop) == [kept.stored_sha256]
    with pytest.raises(NotFound):
        shop.box.db.read_here(stored.of_user, shop.asha.id, gone.id)


def test_a_file_whose_row_is_being_written_is_not_swept(shop: Stage) -> None:
    sha = "cd" * 32
    path = stored.path_of(shop.box.media, sha)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"new")
    store.pin(sha)
    try:
        tick(shop)
        assert path.exists()
    finally:
        store.unpin(sha)
    tick(shop)
    assert not path.exists()


def test_a_deleted_account_takes_along_only_what_only_it_had(shop: Stage) -> None:
    ours = take(shop, pdf("ours"), "a.pdf").media
    text = take(shop, pdf("text"), "c.pdf", user_id=shop.bilal.id).media
    draft = Draft("Price list", "", media_id=text.id, media_kind="document")
    shop.box.db.write_now(texts.add, shop.bilal.id, draft, now=shop.hands.now())
    for user_id in (shop.asha.id, shop.bilal.id):
        take(shop, opus(), "both.ogg", user_id=user_id)
    theirs = take(shop, pdf("theirs"), "b.pdf", user_id=shop.bilal.id).media
    shop.box.db.write_now(
        closing.close, shop.bilal.id, by=Actor(shop.asha.id, "127.0.0.1"), reason="", now=shop.hands.now()
    )
    while shop.box.db.write_now(closing.forget, shop.bilal.id, now=shop.hands.now()):
        pass
    tick(shop)
    assert theirs.stored_sha256 not in left(shop) and len(left(shop)) == 2
    assert ours.stored_sha256 in left(shop)


def test_a_stored_text_pins_its_file_until_it_lets_go(shop: Stage) -> None:
    media_id = take(shop, pdf(), "a.pdf").media.id
    draft = Draft("Price list", "", media_id=media_id, media_kind="document")
    text = shop.box.db.write_now(texts.add, shop.asha.id, draft, now=shop.hands.now())
    with pytest.raises(Invalid, match="A stored text carries this file") as refusal:
        remove(shop, media_id)
    assert refusal.value.code == "in_use"
    shop.hands.forward(days=400)
    tick(shop)
    assert len(left(shop)) == 1
    uses = shop.box.db.read_here(keeping.uses, media_id)
    assert (uses.texts, uses.needed) == ((keeping.Use(text.id, "Price list"),), True)
    shop.box.db.write_now(texts.delete, shop.asha.id, text.id, now=shop.hands.now())
    tick(shop)
    assert len(left(shop)) == 1, "it was used until now"
    shop.hands.forward(days=91)
    tick(shop)
    assert left(shop) == []


def test_a_text_with_another_file_lets_the_first_one_go(shop: Stage) -> None:
    first, second = (take(shop, pdf(one), f"{one}.pdf").media.id for one in ("a", "b"))
    draft = Draft("Price list", "", media_id=first, media_kind="document")
    text = shop.box.db.write_now(texts.add, shop.asha.id, draft, now=shop.hands.now())
    other = replace(draft, media_id=second)
    shop.box.db.write_now(texts.change, shop.asha.id, text.id, other, now=shop.hands.now())
    remove(shop, first)
    with pytest.raises(Invalid):
        remove(shop, second)


def test_every_table_that_names_a_file_is_known(shop: Stage) -> None:
    def tables(rows: Rows) -> set[str]:
        found = rows.all(
            "select m.name from sqlite_master m join pragma_table_info(m.name) c on c.name = 'media_id'"
        )
        return {row["name"] for row in found}

    assert shop.box.db.read_here(tables) == set(keeping.NAMED_BY)


def test_use_never_goes_back_in_time(shop: Stage) -> None:
    media = take(shop, pdf(), "a.pdf").media
    shop.box.db.write_now(keeping.use, media.id, now=shop.hands.now() - timedelta(days=5))
    assert shop.value("select last_used_at from media") == times.stored(shop.hands.now())
