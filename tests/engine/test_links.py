"""A device that is wanted is opened, however often its order fails; one that is not wanted is closed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cast import Stage, stage
from wabox.db import Tx
from wabox.devices import orders
from wabox.devices import stored as devices
from wabox.engine import page_events
from wabox.engine.links import Links
from wabox.whatsapp import asks, gateway
from wabox.whatsapp.driver import Event, Link, SessionLost, SessionSpec
from wabox.whatsapp.fake import FakeDriver
from wabox.whatsapp.gateway import Gateway
from wabox.whatsapp.runtime import Runtime

SHOP = "8801700000009"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    made = stage(tmp_path)
    yield made
    made.close()


@pytest.fixture
def driver(shop: Stage) -> FakeDriver:
    def take(event: Event) -> None:
        shop.box.db.write_now(page_events.verb(event, shop.box))

    return FakeDriver(take, now=shop.hands.now)


def ask(shop: Stage, what: Callable[[Tx, devices.Device], object]) -> None:
    shop.box.db.write_now(lambda tx: what(tx, devices.by_id(tx, shop.asha.device_id)))


def test_an_order_that_failed_is_given_again(shop: Stage, driver: FakeDriver) -> None:
    links = Links(shop.box, driver)
    ask(shop, orders.start)
    driver.failing_orders = 2
    states = []
    for _ in range(3):
        asyncio.run(links.tick())
        states.append(shop.device().state)
    assert states == ["starting", "starting", "qr"]


def test_a_session_that_is_gone_is_opened_anew(shop: Stage, driver: FakeDriver) -> None:
    links = Links(shop.box, driver)
    ask(shop, orders.start)
    asyncio.run(links.tick())
    driver.close(shop.asha.device_id)
    assert shop.device().state == "not_started"
    asyncio.run(links.tick())
    assert shop.device().state == "qr"


def test_what_is_not_wanted_any_more_is_closed(shop: Stage, driver: FakeDriver) -> None:
    links = Links(shop.box, driver)
    ask(shop, orders.start)
    asyncio.run(links.tick())
    shop.box.db.write_now(lambda tx: tx.run("update devices set wanted = 0"))
    asyncio.run(links.tick())
    assert driver.opened() == {}


def test_a_logged_out_device_is_opened_only_when_it_is_started(shop: Stage, driver: FakeDriver) -> None:
    links = Links(shop.box, driver)
    ask(shop, orders.start)
    asyncio.run(links.tick())
    driver.scan(shop.asha.device_id, SHOP)
    driver.unlink(shop.asha.device_id)
    asyncio.run(links.tick())
    assert shop.device().detail == "logged_out"
    ask(shop, orders.start)
    asyncio.run(links.tick())
    assert shop.device().state == "qr"


def test_a_logout_at_whatsapp_is_not_answered_with_a_new_session(shop: Stage) -> None:
    """The page said `logged_out`; what is written of the device is still older."""
    driver = FakeDriver(lambda _: None, now=shop.hands.now)
    links = Links(shop.box, driver)
    ask(shop, orders.start)
    asyncio.run(links.tick())
    shop.box.db.write_now(lambda tx: tx.run("update devices set state = 'ready', linked = 1"))
    driver.unlink(shop.asha.device_id)
    asyncio.run(links.tick())
    assert driver.link(shop.asha.device_id).detail == "logged_out"


class _Session:
    """A session without a browser. refused: so many of them cannot be made."""

    refused = 0

    def __init__(self, spec: SessionSpec, _house: object) -> None:
        if _Session.refused:
            _Session.refused -= 1
            raise OSError("no room for a profile")
        self.spec = spec
        self.ended = False
        self.link = Link(spec.device_id, spec.session, "starting")

    def start(self) -> None:
        """Nothing to start."""

    async def close(self) -> None:
        self.ended = True

    async def log_out(self, *, forget: bool, anyway: bool) -> bool:
        await asyncio.sleep(0)
        self.ended = True
        return True


async def _carried_out(real: Gateway) -> None:
    while real._under_way:  # noqa: ASYNC110 - turns of the loop, no time
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def _started(tmp_path: Path) -> AsyncIterator[Gateway]:
    real = Gateway("http://127.0.0.1:1", None, tmp_path / "profiles", lambda _: None)
    await real.start()
    try:
        yield real
    finally:
        await real.stop(1)


def test_the_gateway_says_what_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "Session", _Session)
    monkeypatch.setattr(_Session, "refused", 1)
    spec = SessionSpec(7, 1, "profile-7", None)

    async def walk() -> list[dict[int, int]]:
        seen = []
        async with _started(tmp_path) as real:
            for _ in range(2):
                real.open(spec)
                seen.append(real.opened())
                await _carried_out(real)
                seen.append(real.opened())
            real.open(replace(spec, session=2))
            seen.append(real.opened())
            await _carried_out(real)
            real.log_out(spec)
            seen.append(real.opened())
            real.open(spec)
            seen.append(real.opened())
            await _carried_out(real)
            real.close(7)
            await _carried_out(real)
            seen.append(real.opened())
        return seen

    assert asyncio.run(walk()) == [{7: 1}, {}, {7: 1}, {7: 1}, {7: 2}, {}, {7: 1}, {}]


def test_a_device_whose_profile_cannot_be_made_is_tried_again(
    shop: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "Session", _Session)
    monkeypatch.setattr(_Session, "refused", 1)
    ask(shop, orders.start)

    async def walk() -> list[dict[int, int]]:
        seen = []
        async with _started(tmp_path) as real:
            links = Links(shop.box, real)
            for _ in range(2):
                await links.tick()
                await _carried_out(real)
                seen.append(real.opened())
        return seen

    assert asyncio.run(walk()) == [{}, {shop.asha.device_id: 1}]


def test_a_hand_over_that_the_end_of_the_gateway_cuts_short_is_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "Session", _Session)
    entered = asyncio.Event()

    async def hand_over(*_: object) -> None:
        entered.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(asks, "hand_over", hand_over)

    async def walk() -> str:
        async with _started(tmp_path) as real:
            real.open(SessionSpec(7, 1, "profile-7", None))
            await _carried_out(real)
            handed = asyncio.create_task(asyncio.to_thread(real.hand_over, 7, "c", "m", "Hello"))
            await entered.wait()
        return (await handed).outcome

    assert asyncio.run(walk()) == "in_doubt"


def test_a_question_that_the_end_of_the_gateway_cuts_short_is_a_lost_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "Session", _Session)
    entered = asyncio.Event()

    async def resolve(*_: object) -> None:
        entered.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(asks, "resolve", resolve)

    async def walk() -> None:
        async with _started(tmp_path) as real:
            real.open(SessionSpec(7, 1, "profile-7", None))
            await _carried_out(real)
            asked = asyncio.create_task(asyncio.to_thread(real.resolve, 7, "8801711000001"))
            await entered.wait()
        await asked

    with pytest.raises(SessionLost):
        asyncio.run(walk())


def test_the_browsers_watchdog_outlives_its_own_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = asyncio.Event()
    looks: list[BaseException | bool] = [OSError("too many open files"), True]

    def died(_: object) -> bool:
        found = looks.pop(0) if looks else False
        if isinstance(found, BaseException):
            raise found
        return found

    async def renew(*_: object) -> None:
        renewed.set()

    monkeypatch.setattr(gateway, "_WATCHDOG_SECONDS", 0)
    monkeypatch.setattr(Runtime, "died", died)
    monkeypatch.setattr(Runtime, "renew", renew)

    async def walk() -> None:
        async with _started(tmp_path):
            await renewed.wait()

    asyncio.run(walk())
    assert looks == []
