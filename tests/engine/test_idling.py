"""A warning comes before WhatsApp drops a link that nobody uses, once, and goes by itself on a sign."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.engine.conftest import Engine
from wabox.devices import idle_warnings, linking, orders
from wabox.devices.idling import Idle
from wabox.engine.idling import Idling
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow

BROKEN = frozenset({"every account has a primary device"})

OTHER = "8801700000010"


@pytest.fixture
def told(engine: Engine) -> Callable[[], list[str | None]]:
    """Of whom the webhook was told since, in order; null for nobody."""
    put: dict[str, Any] = {"allow": Allow(), "seal": engine.stage.box.seal, "events": ["device.state"]}
    box, now = engine.stage.box, engine.stage.hands.now()
    box.db.write_now(endpoints.put, engine.stage.asha.id, url="https://example.com/x", **put, now=now)

    def read() -> list[str | None]:
        sql = "select json_extract(payload, '$.idle.who') as who from deliveries order by id"
        return [row["who"] for row in box.db.read_here(lambda rows: rows.all(sql))]

    return read


def look(engine: Engine, *, days: float = 0) -> Idle | None:
    """So many days later the hourly look has been taken. What is shown then."""
    engine.stage.hands.forward(hours=24 * days)
    asyncio.run(Idling(engine.stage.box).tick())
    return engine.stage.device().warning(engine.stage.hands.now())


def shows(engine: Engine, *args: Any) -> None:
    engine.driver.show(engine.stage.asha.device_id, *args)


def test_ten_days_without_a_sign_of_the_phone_are_a_warning_and_one_sign_ends_it(
    engine: Engine, told: Callable[[], list[str | None]]
) -> None:
    linked_at = engine.stage.hands.now()
    assert look(engine, days=9.9) is None
    warned = look(engine, days=0.2)
    assert warned == Idle("phone", linked_at, linked_at + timedelta(days=14))
    assert look(engine) == look(engine, days=1) == warned
    assert told() == ["phone"], "once"
    engine.driver.use_phone(engine.stage.asha.device_id)
    assert told() == ["phone", None]
    assert look(engine, days=9.9) is None
    assert look(engine, days=0.2) is not None
    assert told() == ["phone", None, "phone"]


def test_a_sign_of_long_ago_or_of_an_older_session_ends_nothing(engine: Engine) -> None:
    device_id = engine.stage.asha.device_id
    linked_at = engine.stage.hands.now()
    assert look(engine, days=11) is not None
    engine.driver.use_phone(device_id, linked_at - timedelta(days=1))
    assert look(engine) is not None
    late = engine.driver.use_phone(device_id, linked_at + timedelta(days=3))
    warned = look(engine)
    assert warned is None, "eight days ago"
    assert look(engine, days=3) == Idle("phone", late.at, late.at + timedelta(days=14))
    engine.stage.box.db.write_now(lambda tx: orders.restart(tx, engine.stage.device()))
    now = engine.stage.hands.now()
    engine.stage.box.db.write_now(
        lambda tx: idle_warnings.phone_used(tx, type(late)(device_id, late.session, now), now=now)
    )
    assert engine.stage.device().signs.phone == late.at


def test_while_the_page_is_away_nobody_knows_of_the_phone(
    engine: Engine, told: Callable[[], list[str | None]]
) -> None:
    """What it was told of stands until the page is back: a reload each night is no news."""
    shows(engine, "starting", "reconnecting")
    assert look(engine, days=12) is None
    engine.driver.recover(engine.stage.asha.device_id)
    assert look(engine) is not None
    before = told()
    for _ in range(3):
        shows(engine, "starting", "reconnecting")
        look(engine, days=0.1)
        shows(engine, "disconnected", "page_failed")
        look(engine, days=0.1)
    assert engine.stage.device().signs.told == "phone"
    engine.driver.recover(engine.stage.asha.device_id)
    assert look(engine) is not None
    assert [one for one in told()[len(before) :] if one == "box"] == []
    engine.driver.use_phone(engine.stage.asha.device_id)
    assert look(engine) is None


def test_twenty_five_days_without_a_connection_are_a_warning_until_it_is_back(
    engine: Engine, told: Callable[[], list[str | None]]
) -> None:
    look(engine, days=3)
    engine.driver.use_phone(engine.stage.asha.device_id)
    last = engine.stage.hands.now()
    shows(engine, "disconnected", "engine_incompatible")
    assert look(engine, days=24.9) is None
    assert look(engine, days=0.2) == Idle("box", last, last + timedelta(days=30))
    assert look(engine, days=1) is not None
    shows(engine, "starting", "reconnecting")
    assert look(engine) is None, "just on its way"
    shows(engine, "disconnected", "page_failed")
    assert look(engine) is not None
    assert told().count("box") >= 1
    engine.driver.use_phone(engine.stage.asha.device_id)  # kept for it until it connects
    engine.driver.recover(engine.stage.asha.device_id)
    assert look(engine) is None
    assert (told()[-1], engine.stage.device().signs.told) == (None, None)


def test_a_box_that_was_killed_counts_from_its_last_hour(engine: Engine) -> None:
    look(engine, days=2)
    last = engine.stage.hands.now()
    engine.driver.killed()
    engine.stage.box.db.write_now(linking.all_starting)
    engine.stage.hands.forward(hours=24 * 26)
    engine.stage.box.db.write_now(
        lambda tx: tx.run("update devices set state = 'disconnected', detail = 'page_failed' where linked = 1")
    )
    assert look(engine) == Idle("box", last, last + timedelta(days=30))


def leaves_by_logout(engine: Engine) -> None:
    engine.stage.box.db.write_now(lambda tx: orders.logout(tx, engine.stage.device()))


def is_removed_by_the_phone(engine: Engine) -> None:
    engine.driver.unlink(engine.stage.asha.device_id)


def is_closed(engine: Engine) -> None:
    engine.stage.box.db.write_now(
        lambda tx: orders.give_up(tx, engine.stage.device(), now=engine.stage.hands.now())
    )


@pytest.mark.parametrize("ends", [leaves_by_logout, is_removed_by_the_phone, is_closed])
def test_where_nothing_is_linked_nothing_is_dropped(
    engine: Engine, told: Callable[[], list[str | None]], ends: Callable[[Engine], None]
) -> None:
    assert look(engine, days=11) is not None
    ends(engine)
    assert look(engine) is None
    assert look(engine, days=40) is None
    assert told().count("phone") == 1


@pytest.mark.parametrize("phone", [None, OTHER])
def test_a_new_link_begins_anew_with_whichever_phone(engine: Engine, phone: str | None) -> None:
    """A phone that links is in use at that moment."""
    assert look(engine, days=11) is not None
    if phone is None:
        engine.driver.unlink(engine.stage.asha.device_id)
        engine.link()
    else:
        engine.driver.link_as(engine.stage.asha.device_id, phone)
    assert look(engine) is None
    assert engine.stage.device().signs.told is None
    assert look(engine, days=10.1) is not None


def test_a_clock_that_is_wrong_counts_no_days(engine: Engine, told: Callable[[], list[str | None]]) -> None:
    db, right = engine.stage.box.db, engine.stage.hands.now()
    db.write_now(lambda tx: tx.run("insert into box (key, value) values ('clock_wrong', 'x')"))
    look(engine, days=400)
    assert told() == []
    engine.driver.use_phone(engine.stage.asha.device_id)
    engine.stage.hands.at = right
    db.write_now(lambda tx: tx.run("delete from box where key = 'clock_wrong'"))
    engine.driver.use_phone(engine.stage.asha.device_id)
    assert engine.stage.device().signs.phone == right
    assert look(engine) is None
