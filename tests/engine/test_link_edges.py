"""Two things asked of a device at once, in either order, with wabox killed between: the later wish holds.

Each row is a walk: what the owner asks, the phone does or the box suffers; then how it must end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cast import Stage, stage
from tests.some import some
from wabox import closing
from wabox.accounts.states import Actor
from wabox.checkup import box as checked
from wabox.db import Tx
from wabox.devices import linking, orders
from wabox.devices import stored as devices
from wabox.engine import page_events
from wabox.engine.links import Links
from wabox.whatsapp.driver import Event, Link, LinkState
from wabox.whatsapp.fake import FakeDriver

SHOP, OTHER = "8801700000009", "8801700000010"


@dataclass(slots=True)
class Shop:
    """A linked device; events wait in `told` while `deaf`, as in a writer that is busy."""

    stage: Stage
    driver: FakeDriver = field(init=False)
    links: Links = field(init=False)
    deaf: bool = False
    told: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.driver = FakeDriver(self.take, now=self.stage.hands.now)
        self.links = Links(self.stage.box, self.driver)

    @property
    def number(self) -> int:
        return self.stage.asha.device_id

    @property
    def device(self) -> devices.Device:
        return self.stage.device()

    def take(self, event: Event) -> None:
        if self.deaf:
            self.told.append(event)
            return
        self.stage.box.db.write_now(page_events.verb(event, self.stage.box))

    def ask(self, what: Callable[[Tx, devices.Device], object]) -> None:
        self.stage.box.db.write_now(lambda tx: what(tx, devices.by_id(tx, self.number)))

    # the moves

    def start(self) -> None:
        self.ask(orders.start)

    def restart(self) -> None:
        self.ask(orders.restart)

    def logout(self) -> None:
        self.ask(orders.logout)

    def remove(self) -> None:
        self.ask(lambda tx, device: orders.give_up(tx, device, now=self.stage.hands.now()))

    def pair(self) -> None:
        self.ask(lambda tx, device: orders.ask_pairing_code(tx, device, OTHER))

    def tick(self) -> None:
        asyncio.run(self.links.tick())

    def hold(self) -> None:
        """A logout takes its time from now on."""
        self.driver.hold_logouts = True

    def finish(self) -> None:
        """The logouts that took their time come to their end."""
        self.driver.finish_logouts()

    def away(self) -> None:
        """WhatsApp cannot be reached."""
        self.driver.lose_whatsapp()

    def back(self) -> None:
        self.driver.find_whatsapp()

    def later(self) -> None:
        self.stage.hands.forward(hours=2)

    def unlink(self) -> None:
        self.driver.unlink(self.number)

    def deafen(self) -> None:
        self.deaf = True

    def hear(self) -> None:
        """What waited is written, late."""
        self.deaf, told, self.told = False, self.told, []
        for event in told:
            self.take(event)

    def kill(self) -> None:
        """kill -9, and a new start: what waited to be written is lost, too."""
        self.driver.killed()
        self.deaf = False
        self.told.clear()
        self.links = Links(self.stage.box, self.driver)
        self.stage.box.db.write_now(linking.all_starting)

    def ready(self) -> bool:
        return self.device.ready and self.device.phone == SHOP and self.linked()

    def fresh(self) -> bool:
        """It waits for a phone to be linked; nothing of the old link is left."""
        return self.device.state == "qr" and self.device.wanted and not self.linked() and self.idle()

    def coded(self) -> bool:
        return self.device.pairing_code == "ABCD1234" and self.fresh()

    def gone(self) -> bool:
        """Nothing is open, nothing is left of the link, nothing more is to be done."""
        return not self.device.wanted and self.driver.opened() == {} and not self.linked() and self.idle()

    def leaving(self) -> bool:
        """The link is still there, and so is the order to give it up."""
        return self.linked() and self.device.leaving

    def idle(self) -> bool:
        return self.device.command is None

    def linked(self) -> bool:
        return self.driver.linked(self.device.profile)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = stage(tmp_path)
    shop = Shop(made)
    shop.start()
    shop.tick()
    shop.driver.scan(shop.number, SHOP)
    assert shop.ready()
    yield shop
    made.close()


WALKS = [
    # logout x start
    ("logout tick", "gone"),
    ("logout start tick tick", "fresh"),
    ("logout tick start tick", "fresh"),
    ("hold logout tick start finish tick", "fresh"),
    ("hold logout tick start tick finish tick", "fresh"),
    ("hold logout tick restart finish tick", "fresh"),
    ("hold logout tick deafen finish start tick hear tick", "fresh"),
    ("hold logout tick deafen finish tick start tick hear tick", "fresh"),
    ("hold logout tick start logout finish tick", "gone"),
    ("hold logout tick start tick logout finish tick tick", "gone"),
    ("logout start kill tick tick", "fresh"),
    ("hold logout tick kill tick finish tick", "gone"),
    ("hold logout tick start kill tick finish tick tick", "fresh"),
    # start x logout, start x the phone's own logout
    ("logout tick start logout tick", "gone"),
    ("deafen unlink restart hear tick", "fresh"),
    ("deafen unlink hear start tick", "fresh"),
    ("deafen unlink tick hear tick", "gone"),
    ("deafen unlink kill tick", "fresh"),
    # restart x restart, restart x the old session's last word
    ("restart tick", "ready"),
    ("restart restart tick", "ready"),
    ("restart tick restart tick", "ready"),
    ("restart kill tick", "ready"),
    ("deafen restart tick restart tick hear tick", "ready"),
    ("restart logout tick tick", "gone"),
    # logout x pairing code
    ("hold logout tick pair finish tick tick", "coded"),
    ("hold logout tick pair kill tick finish tick tick tick", "coded"),
    ("logout pair tick tick tick", "coded"),
    # delete x kill, delete x event
    ("remove tick", "gone"),
    ("hold remove tick kill tick finish tick", "gone"),
    ("remove kill tick", "gone"),
    ("hold logout tick remove finish tick tick", "gone"),
    ("restart deafen tick remove hear tick", "gone"),
    # WhatsApp is away: the link is kept until it is back, but not if the device is wanted again
    ("away remove tick", "leaving"),
    ("away remove tick kill tick tick tick", "leaving"),
    ("away remove tick back later tick", "gone"),
    ("away logout tick later tick later tick", "leaving"),
    ("away logout tick back later tick", "gone"),
    ("away logout tick start tick tick", "fresh"),
    ("away hold logout tick start finish tick tick", "fresh"),
]


@pytest.mark.parametrize(("walk", "end"), WALKS, ids=[walk for walk, _ in WALKS])
def test_the_later_wish_holds(shop: Shop, walk: str, end: str) -> None:
    for move in walk.split():
        getattr(shop, move)()
    assert getattr(shop, end)(), (shop.device, shop.driver.opened())
    shop.tick()
    assert getattr(shop, end)(), "and it stays so"


def test_an_older_session_changes_nothing_shown(shop: Shop) -> None:
    shop.restart()
    states: tuple[LinkState, ...] = ("qr", "ready", "disconnected")
    for state in some(states):
        late = Link(shop.number, shop.device.session - 1, state, phone=OTHER, qr="old", synced=True)
        assert not shop.stage.box.db.write_now(linking.saw, late, now=shop.stage.hands.now())
    assert (shop.device.state, shop.device.phone, shop.device.qr) == ("starting", SHOP, None)


def test_a_logout_is_given_up_after_a_day_of_tries(shop: Shop) -> None:
    shop.away()
    shop.remove()
    for _ in range(devices.LOGOUT_TRIES):
        shop.tick()
        assert shop.leaving()
        shop.stage.hands.forward(hours=1)
    shop.tick()
    assert shop.gone()
    spent = shop.stage.hands.now() - (shop.device.removed_at or shop.stage.hands.now())
    assert 24 <= spent.total_seconds() / 3600 <= 30


def test_logouts_are_tried_after_growing_gaps(shop: Shop) -> None:
    shop.away()
    shop.logout()
    gaps = []
    for _ in range(9):
        shop.tick()
        due = shop.device.logout_due_at
        assert due is not None
        gaps.append(round((due - shop.stage.hands.now()).total_seconds() / 60))
        shop.tick()  # not before it is due
        assert shop.device.logout_tries == len(gaps)
        shop.stage.hands.at = due
    assert gaps == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_code_for_another_session_is_not_shown(shop: Shop) -> None:
    shop.logout()
    shop.tick()
    shop.pair()
    shop.deafen()
    shop.tick()
    shop.restart()
    shop.hear()
    assert shop.device.pairing_code is None


def test_a_removed_device_whose_profile_is_still_there_is_logged_out_at_start(shop: Shop) -> None:
    """As an older wabox left it: the order counted as done when it was passed on."""
    shop.remove()
    shop.stage.box.db.write_now(lambda tx: tx.run("update devices set command = null"))
    shop.kill()
    asyncio.run(shop.links.begin())
    shop.tick()
    assert shop.gone()
    asyncio.run(shop.links.begin())
    assert shop.idle()


def test_a_profile_that_no_device_has_goes_after_a_week(shop: Shop) -> None:
    now = shop.stage.hands.now()
    old, newer = "0" * 32, "f" * 32
    long_ago = now - timedelta(days=8)
    strange = {old: long_ago, newer: now - timedelta(days=1), "a copy by hand": long_ago}
    shop.driver.strange_profiles = strange
    asyncio.run(shop.links.begin())
    assert set(strange) == {newer, "a copy by hand"}
    assert shop.linked(), "a living device's is not touched"


def test_a_closed_account_is_forgotten_when_its_phone_is_logged_out(shop: Shop) -> None:
    box, now = shop.stage.box, shop.stage.hands.now()
    bilal = shop.stage.bilal
    box.db.write_now(lambda tx: orders.start(tx, devices.by_id(tx, bilal.device_id)))
    shop.tick()
    shop.driver.scan(bilal.device_id, OTHER)
    profile = shop.stage.device(bilal.device_id).profile
    box.db.write_now(closing.close, bilal.id, by=Actor(bilal.id, None), now=now)
    shop.away()
    for _ in range(30):
        shop.tick()
        box.db.write_now(closing.forget, bilal.id, now=now)
    assert shop.driver.linked(profile)
    assert shop.stage.value("select count(*) from devices where user_id = :id", id=bilal.id) == 1
    shop.kill()
    shop.back()
    shop.later()
    shop.tick()
    assert not shop.driver.linked(profile)
    while box.db.write_now(closing.forget, bilal.id, now=now):
        pass
    assert shop.stage.value("select count(*) from devices where user_id = :id", id=bilal.id) == 0


def test_a_logout_that_cannot_be_done_is_on_the_health_page(shop: Shop) -> None:
    assert shop.stage.box.db.read_here(orders.stuck_logouts) == 0
    shop.away()
    shop.logout()
    shop.tick()
    assert shop.stage.box.db.read_here(orders.stuck_logouts) == 1
    assert checked.logouts(1).level == "warning"
    shop.back()
    shop.later()
    shop.tick()
    assert shop.stage.box.db.read_here(orders.stuck_logouts) == 0
