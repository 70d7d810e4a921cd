"""How a link ends, and what stays of it: tried without a browser and with a real Chromium."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.test_bad_days import wait_until
from tests.contract.test_driver import Shop
from tests.contract.worlds import PATIENCE, World
from wabox.whatsapp.driver import SessionLost


def test_removed_by_the_phone_it_is_logged_out_until_opened_again(world: World) -> None:
    spec, phone = world.linked()
    mark = world.diary.mark()
    world.unlink(spec.device_id, phone)
    link = world.link_is(spec.device_id, "disconnected", mark)
    assert (link.detail, link.phone, link.qr, link.reason) == ("logged_out", None, None, "unknown_companion")
    with pytest.raises(SessionLost):
        world.driver.resolve(spec.device_id, world.new_phone())
    assert spec.profile in world.driver.kept()
    assert spec.profile not in world.driver.forget_ended(before=datetime.now(UTC) - timedelta(hours=24))
    assert spec.profile in world.driver.kept()
    mark = world.diary.mark()
    world.driver.open(spec)  # a number is opened once
    fresh = world.restart(spec)
    assert world.link_is(spec.device_id, "qr", mark).qr
    assert world.numbers(spec.device_id, mark) == [fresh.session]
    mark = world.diary.mark()
    world.driver.close(spec.device_id)
    world.link_is(spec.device_id, "not_started", mark)


def test_what_the_phone_removed_is_wiped_a_day_later(world: World, shop: Shop) -> None:
    (spec, phone), (other, _) = world.linked(), shop
    mark = world.diary.mark()
    world.unlink(spec.device_id, phone)
    world.link_is(spec.device_id, "disconnected", mark)
    tomorrow = datetime.now(UTC) + timedelta(hours=24, minutes=1)
    gone: list[str] = []

    def forgets() -> bool:
        """A browser that is still closing keeps its profile until it is gone."""
        gone.extend(world.driver.forget_ended(before=tomorrow - timedelta(hours=24)))
        return spec.profile in gone

    wait_until(forgets)
    assert other.profile not in gone
    assert spec.profile not in world.driver.kept()
    assert world.driver.resolve(other.device_id, world.new_phone()).answer == "yes"


@pytest.mark.parametrize(
    ("reason", "detail"),
    [("client_version_outdated", "trying_again"), ("storage_quota_exceeded", "storage_full")],
)
def test_a_logout_that_nobody_asked_for_keeps_the_link_and_is_tried_again(
    world: World, shop: Shop, reason: str, detail: str
) -> None:
    (spec, phone), mark = shop, world.diary.mark()
    world.weather(logout_keeps=True, logout_reason=reason)
    link = world.link_is(spec.device_id, "disconnected", mark)
    assert (link.detail, link.reason, link.phone) == (detail, reason, phone)
    assert world.kept(spec)
    mark = world.diary.mark()
    world.calm()
    back = world.synced(spec.device_id, mark)
    assert (back.phone, back.reason) == (phone, None)
    assert world.driver.resolve(spec.device_id, world.new_phone()).answer == "yes"


def test_logging_out_ends_the_link(world: World) -> None:
    spec, _ = world.linked()
    mark = world.diary.mark()
    assert world.driver.log_out(spec).result(PATIENCE)
    assert world.link_is(spec.device_id, "disconnected", mark).detail == "logged_out"
    with pytest.raises(SessionLost):
        world.driver.resolve(spec.device_id, world.new_phone())


def test_a_closed_device_is_opened_to_be_logged_out(world: World) -> None:
    spec, phone = world.linked()
    world.driver.close(spec.device_id)
    world.link_is(spec.device_id, "not_started")
    assert world.links(phone) == 1
    mark = world.diary.mark()
    nobodys = replace(spec, session=0)
    assert world.driver.log_out(nobodys, forget=True).result(PATIENCE)
    assert (world.links(phone), world.kept(spec)) == (0, False)
    assert set(world.numbers(spec.device_id, mark)) <= {0}
    assert spec.device_id not in world.driver.opened()
    assert world.driver.log_out(nobodys, forget=True).result(PATIENCE), "again: there is nothing to do"


def test_a_link_that_whatsapp_cannot_be_told_of_is_kept_or_given_up_as_asked(world: World) -> None:
    spec, phone = world.linked()
    world.lose_network(spec.device_id)
    assert not world.driver.log_out(spec, forget=True).result(PATIENCE)
    assert world.kept(spec)
    assert spec.device_id not in world.driver.opened()
    assert world.driver.log_out(spec, forget=True, anyway=True).result(PATIENCE)
    assert not world.kept(spec)
    world.calm()
    assert world.links(phone) == 1, "the phone still lists it"
