"""What is written for a message: as few transactions and pages as once-only allows."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.bench.wear import frames
from tests.cast import Stage
from tests.engine.conftest import PHONE, Engine
from wabox.checkup import wear
from wabox.engine.page_events import PageEvents
from wabox.messages import stored
from wabox.whatsapp.driver import Event, Link, Receipt

CHAT = f"{PHONE}@c.us"


def written(stage: Stage) -> tuple[int, int]:
    """(transactions, pages) in the journal."""
    journal = stage.box.db.path.with_name("wabox.db-wal")
    ends = [end for _, end in frames(journal)]
    return sum(ends), len(ends)


def test_a_new_box_has_small_pages_and_can_shrink(engine: Engine) -> None:
    assert engine.stage.value("pragma page_size") == 1024
    assert engine.stage.value("pragma auto_vacuum") == 2


def test_message_to_a_known_chat_takes_two_transactions_after_its_post(engine: Engine) -> None:
    """Claimed and armed in one, before it is handed over; sent in the other."""
    for _ in range(2):
        job = engine.send()
        before, pages = written(engine.stage)
        engine.turn()
        after, more = written(engine.stage)
        assert engine.status(job) == "sent"
    assert after - before == 2
    assert more - pages <= 24


def test_message_to_a_new_number_takes_no_more(engine: Engine) -> None:
    """What WhatsApp says of the number is stored with the claim."""
    engine.send()
    before, _ = written(engine.stage)
    engine.turn()
    assert written(engine.stage)[0] - before == 2
    assert engine.stage.value("select count(*) from numbers") == 1


def test_what_is_remembered_is_armed_before_it_is_handed_over(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.send()
    engine.turn()
    job = engine.send()
    seen: list[tuple[str, str | None]] = []
    hand_over = engine.driver.hand_over

    def looks(*given: Any) -> Any:
        seen.append((engine.status(job), engine.message(job).wa_message_id))
        return hand_over(*given)

    monkeypatch.setattr(engine.driver, "hand_over", looks)
    engine.turn()
    assert seen == [("sending", engine.message(job).wa_message_id)]


def test_when_it_was_spent_stays_as_it_goes_on(engine: Engine) -> None:
    job = engine.send()
    engine.turn()
    spent = engine.stage.value("select spent_at from messages where id = :id", id=job)
    engine.stage.hands.forward(minutes=5)
    wa_id, now = engine.message(job).wa_message_id, engine.stage.hands.now()
    assert wa_id is not None
    engine.driver._on_event(Receipt(engine.stage.asha.device_id, 0, wa_id, CHAT, 3, now))
    assert engine.status(job) == "read"
    assert engine.stage.value("select spent_at from messages where id = :id", id=job) == spent


def test_a_row_grows_in_the_room_that_it_was_given(engine: Engine) -> None:
    """It gives back as much as it takes, so that its page is not split at each of its states."""
    job = engine.send()
    room = "select length(room) from messages where id = :id"
    assert engine.stage.value(room, id=job) == stored.ROOM
    engine.turn()
    assert engine.stage.value(room, id=job) == stored.ROOM_AFTER["sent"]
    wa_id = engine.message(job).wa_message_id
    assert wa_id is not None
    engine.driver._on_event(Receipt(engine.stage.asha.device_id, 0, wa_id, CHAT, 3, engine.stage.hands.now()))
    assert engine.status(job) == "read"
    assert engine.stage.value(room, id=job) is None


async def told(stage: Stage, *events: Event) -> int:
    """In how many transactions these were written, by one who gathers for a minute."""
    ears = PageEvents(stage.box, gather_seconds=60)
    before = written(stage)[0]
    for event in events:
        ears.take(event)
        await asyncio.sleep(0)
    assert ears._writing is not None
    async with asyncio.timeout(10):
        await ears._writing
    return written(stage)[0] - before


def receipt(engine: Engine, phone: str) -> Receipt:
    job = engine.send(phone)
    engine.turn()
    wa_id = engine.message(job).wa_message_id
    assert wa_id is not None
    return Receipt(engine.stage.asha.device_id, 0, wa_id, CHAT, 2, engine.stage.hands.now())


async def test_receipts_share_a_transaction_and_news_of_the_link_takes_them_along(engine: Engine) -> None:
    found = [await asyncio.to_thread(receipt, engine, f"880171100000{n}") for n in (1, 2, 3)]
    assert await told(engine.stage, *found, Link(engine.stage.asha.device_id, 0, "starting")) == 1
    assert engine.stage.value("select count(*) from messages where status = 'delivered'") == 3


async def test_stop_waits_for_no_more_receipts(engine: Engine) -> None:
    found = await asyncio.to_thread(receipt, engine, PHONE)
    ears = PageEvents(engine.stage.box, gather_seconds=60)
    ears.take(found)
    await asyncio.sleep(0.05)
    async with asyncio.timeout(10):
        await ears.drain()
    assert engine.stage.value("select count(*) from messages where status = 'delivered'") == 1


def test_what_this_process_writes_is_seen(tmp_path: Path) -> None:
    before = wear.written()
    if before == 0 and not Path("/proc/self/io").exists():
        pytest.skip("this machine does not tell what a process writes")
    with (tmp_path / "some").open("wb") as file:
        file.write(b"x" * 1_000_000)
    assert wear.written() - before >= 900_000


@pytest.mark.parametrize(("megabytes", "level"), [(100, "ok"), (50_000, "warning")])
def test_what_a_card_bears_is_told_in_years(megabytes: int, level: str) -> None:
    found = {"wabox": megabytes * 1_000_000, "browsers": 0}
    (one,) = wear.findings(found, seconds=86_400, disk=32_000_000_000)
    assert one.level == level
    assert str(megabytes) in one.says
    assert list(wear.findings(found, seconds=60, disk=32_000_000_000)) == []
