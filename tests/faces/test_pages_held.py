"""The owner's page of a held box: it says what would go, and lets it go on or cancels what is too old."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from wabox import fence

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def held(shop: Stage, why: str = "restored") -> None:
    behind = shop.hands.now() - timedelta(hours=3)
    if why == "moved":
        shop.box.db.write_now(fence.move_away, to="shop.wabox", now=shop.hands.now())
    else:
        shop.box.db.write_now(
            fence.quarantine, "copied", behind=behind, other="pi, /var/lib/wabox", now=shop.hands.now()
        )


def queued(shop: Stage) -> int:
    return int(shop.value("select count(*) from messages where status = 'queued'"))


def test_a_box_that_is_not_held_says_so(asha: Tab) -> None:
    assert "This box is not held." in words(asha.get("/admin/held").text)


def test_every_page_says_that_it_is_held_and_only_the_owner_is_led_on(shop: Stage, asha: Tab, bilal: Tab) -> None:
    held(shop)
    seen = asha.get("/").text
    assert "copied from another place" in words(seen)
    assert 'href="/admin/held"' in seen
    other = bilal.get("/").text
    assert "This box is held" in words(other)
    assert "/admin/held" not in other
    assert "pi, /var/lib/wabox" not in other


def test_the_page_says_what_would_go_and_who_the_other_is(shop: Stage, asha: Tab) -> None:
    held(shop)
    seen = words(asha.get("/admin/held").text)
    assert "pi, /var/lib/wabox" in seen
    assert f"Messages that wait {queued(shop)}" in seen
    assert "Repeating campaigns that go on 0" in seen


def test_send_lets_everything_go_on(shop: Stage, asha: Tab) -> None:
    before = queued(shop)
    held(shop)
    assert asha.post("/admin/held/release", {"older": ""}).headers["location"].startswith("/?said=released")
    assert (shop.box.db.read_here(fence.of), queued(shop)) == (None, before)


def test_none_cancels_all_that_wait(shop: Stage, asha: Tab) -> None:
    held(shop)
    assert queued(shop)
    asha.post("/admin/held/release", {"older": "all"})
    assert queued(shop) == 0
    assert shop.box.db.read_here(fence.of) is None


def test_a_choice_that_is_not_on_the_page_changes_nothing(shop: Stage, asha: Tab) -> None:
    before = queued(shop)
    held(shop)
    assert asha.post("/admin/held/release", {"older": "9y"}).status_code == 422
    held(shop)
    assert (shop.box.db.read_here(fence.reason), queued(shop)) == ("quarantined", before)


def test_a_moved_box_is_not_released_but_unmoved(shop: Stage, asha: Tab) -> None:
    held(shop, "moved")
    assert asha.post("/admin/held/release", {"older": "all"}).status_code == 422
    assert shop.box.db.read_here(fence.reason) == "moved_away"
    assert asha.post("/admin/held/unmove").headers["location"] == "/admin/held?said=unmoved"
    assert shop.box.db.read_here(fence.reason) == "quarantined"
    assert "called back" in words(asha.get("/admin/held").text)
