from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.journeys.box import PHONE, Shop, command_line, descendants, once_each, until
from tests.journeys.conftest import long_only

pytestmark = pytest.mark.timeout(180)

TILL = "8801700000002"


def under_way(shop: Shop, first: int, count: int = 12) -> None:
    """A line of messages, some of which are gone."""
    before = len(shop.whatsapp.messages())
    for person in range(first, first + count):
        shop.send(person)
    until(lambda: len(shop.whatsapp.messages()) >= before + 3, what="some are gone")


def recovered(shop: Shop) -> None:
    """Everything went, once; no process is left of the browser that died."""
    shop.all_end(120)
    once_each(shop)
    shop.is_device("ready")
    until(lambda: len(shop.browsers()) == 1, what="one browser")


def below(shop: Shop, mark: str) -> list[int]:
    """Processes of the box whose command line has this mark."""
    return [pid for pid in descendants(shop.program.pid) if mark in command_line(pid)]


def test_killed_chromium_comes_back_and_the_line_goes_on(shop: Shop) -> None:
    """Row 14, in mid-line."""
    under_way(shop, 100)
    (browser,) = shop.browsers()
    os.kill(browser, signal.SIGKILL)
    recovered(shop)
    assert browser not in shop.browsers()


def test_killed_wabox_comes_back_with_its_browser_and_the_line_goes_on(shop: Shop) -> None:
    """Row 10, in mid-line, with the whole Chromium that a shop has: the other files' boxes have its shell."""
    under_way(shop, 150)
    below = descendants(shop.program.pid)
    shop.program.kill()
    shop.start()
    recovered(shop)
    assert not below & descendants(shop.program.pid)


def test_killed_playwright_comes_back_and_the_line_goes_on(shop: Shop) -> None:
    """Row 15, in mid-line."""
    under_way(shop, 200)
    (driver,) = below(shop, "run-driver")
    os.kill(driver, signal.SIGKILL)
    recovered(shop)
    assert below(shop, "run-driver") != [driver]


def test_hanging_page_is_replaced_and_the_line_goes_on(shop: Shop) -> None:
    """Row 16, in mid-line."""
    under_way(shop, 300)
    renderers = below(shop, "--type=renderer")
    for pid in renderers:
        os.kill(pid, signal.SIGSTOP)
    until(lambda: not shop.device()["ready"], 60, what="noticed")
    recovered(shop)
    assert not set(renderers) & set(below(shop, "--type=renderer"))


def test_lost_network_is_waited_for(shop: Shop) -> None:
    """Row 24: what is queued waits."""
    shop.whatsapp.ask("PUT", "faults", {"offline": True})
    shop.is_device("starting", "reconnecting")
    gone = len(shop.whatsapp.messages())
    job_id = shop.send(450)
    waiting = shop.message(job_id)
    assert (waiting["status"], waiting["wait_reason"]) == ("queued", "device_not_ready")
    assert len(shop.whatsapp.messages()) == gone
    shop.whatsapp.ask("PUT", "faults", {"offline": False})
    recovered(shop)


def test_unlinked_phone_is_a_named_state_and_can_be_linked_again(shop: Shop) -> None:
    """Row 20: disconnected, 503, and the queue waits."""
    shop.whatsapp.ask("POST", "unlink", {"phone": PHONE})
    shop.is_device("disconnected", "logged_out")
    refusal = shop.call("POST", "/send", {"phone": "8801711555001", "message": "Hello"})
    assert (refusal.status_code, refusal.json()["code"]) == (503, "device_not_ready")
    body = {"phone": "8801711555002", "message": "Later then", "queue_if_offline": True}
    assert shop.call("POST", "/send", body).status_code == 202
    until(lambda: not shop.browsers(), what="its browser is closed")
    assert not list(Path(shop.data / "profiles").glob("*/wabox-link.json")), "it lies a day, and holds no link"
    assert len(list(Path(shop.data / "profiles").glob("*/wabox-ended.json"))) == 1
    shop.link()
    recovered(shop)


def test_phone_deleted_before_a_kill_is_logged_out_in_the_next_life(shop: Shop) -> None:
    assert shop.call("POST", "/devices", {"device_label": "till"}).status_code == 201
    shop.link(TILL, "till")
    assert shop.call("POST", "/devices/till/logout").status_code == 202
    assert shop.call("POST", "/devices/till/start").status_code == 202
    shop.scan(TILL, "till")  # a fresh picture, for the old link is gone
    shop.is_device("ready", label="till")
    assert (links(shop, TILL), profiles(shop)) == (1, 2)
    shop.whatsapp.ask("PUT", "faults", {"offline": True})
    assert shop.call("DELETE", "/devices/till").status_code == 204
    shop.program.kill()
    assert profiles(shop) == 2
    shop.whatsapp.ask("PUT", "faults", {"offline": False})
    shop.start()
    until(lambda: profiles(shop) == 1, 60, what="its profile is wiped")
    assert links(shop, TILL) == 0
    shop.is_device("ready")


def links(shop: Shop, phone: str) -> int:
    """How many devices this phone lists as linked."""
    phones = shop.whatsapp.ask("GET", "state")["phones"]
    return sum(len(one["devices"]) for one in phones if one["phone"] == phone)


def profiles(shop: Shop) -> int:
    return len(list((shop.data / "profiles").glob("*/wabox-link.json")))


@long_only()
def test_whatsapp_gone_in_the_midst_of_a_line_is_waited_for(shop: Shop) -> None:
    under_way(shop, 500)
    shop.whatsapp.program.terminate()
    shop.is_device("starting", "reconnecting")
    shop.whatsapp.start()
    recovered(shop)
