"""What WhatsApp allows a phone, as its owner reads it: on the card, at home, in health, before a campaign."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from wabox.checkup import standing
from wabox.devices import limits
from wabox.devices import stored as devices
from wabox.whatsapp.driver import Limits, NewChats, QuotaStatus, Timelock

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def tell(shop: Stage, told: Limits | None) -> None:
    shop.box.db.write_now(limits.write, shop.asha.device_id, told)


def quota(shop: Stage, used: int, status: QuotaStatus = "none", total: int = 100) -> Limits:
    return Limits(None, NewChats(status, used, total, shop.hands.now() + timedelta(days=4)))


def card(asha: Tab) -> str:
    return words(asha.get("/whatsapp/live").text)


def test_a_gauge_is_empty_only_if_whatsapp_says_so(shop: Stage, asha: Tab) -> None:
    assert "WhatsApp does not say how many it allows." in card(asha)
    assert 'aria-label="New chats begun"' not in asha.get("/whatsapp/live").text
    tell(shop, Limits())
    assert "WhatsApp names no limit." in card(asha)
    tell(shop, quota(shop, 0))
    assert "0 of 100, until " in card(asha)
    assert 'aria-label="New chats begun"' in asha.get("/whatsapp/live").text


@pytest.mark.parametrize(
    ("used", "status", "said"),
    [
        (63, "first_warning", "WhatsApp warns: half of them are begun."),
        (85, "second_warning", "WhatsApp warns again: few are left."),
        (100, "capped", "This number has begun as many new chats as WhatsApp allows."),
    ],
)
def test_warnings_are_said_in_words(shop: Stage, asha: Tab, used: int, status: QuotaStatus, said: str) -> None:
    tell(shop, quota(shop, used, status))
    seen = card(asha)
    assert said in seen and f"{used} of 100, until " in seen


def test_a_timelock_is_said_with_its_end_and_what_the_phone_still_may(
    shop: Stage, asha: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "of_machine", lambda _config: [])
    ends = shop.hands.now() + timedelta(hours=2)
    tell(shop, Limits(Timelock("WEB_COMPANION_ONLY", ends)))
    for path in ("/whatsapp/live", "/home/live", "/admin/health/live"):
        seen = words(asha.get(path).text)
        assert "write to nobody new for now" in seen and "The phone itself may still write to new people." in seen
        assert "It ends:" in seen, path
    tell(shop, Limits(Timelock("DEFAULT", ends)))
    assert "The phone itself" not in card(asha) and "Limited by WhatsApp" in card(asha)
    shop.hands.forward(hours=3)
    assert "nobody new" not in card(asha)


def test_refusals_that_nobody_explained_are_said(shop: Stage, asha: Tab) -> None:
    def refuse(tx: object) -> None:
        for _ in range(limits.MOST_REFUSALS):
            limits.cold_refused(tx, shop.asha.device_id, now=shop.hands.now())  # type: ignore[arg-type]

    shop.box.db.write_now(refuse)
    assert "refuses new people and does not say until when" in card(asha)


def test_a_campaign_says_how_many_new_people_whatsapp_leaves_and_that_the_rest_follows(
    shop: Stage, asha: Tab
) -> None:
    people = [{"phone": f"88017114444{n:02d}", "name": f"P{n}", "tag": "new"} for n in range(20)]
    assert len(people) == 20
    for one in people:
        asha.post("/contacts", {"phone": one["phone"], "name": one["name"], "tags": "new"})
    tell(shop, quota(shop, 95, "second_warning"))
    draft = {"name": "Eid", "message": "Hello {name}", "audience": "tag", "tag": "new"}
    seen = words(asha.post("/campaigns/new/look", draft).text)
    assert (
        "95 of 100, until " in seen and "WhatsApp allows 5 of these new people for now. The other 15 wait" in seen
    )
    tell(shop, Limits(Timelock("DEFAULT", shop.hands.now() + timedelta(hours=2))))
    seen = words(asha.post("/campaigns/new/look", draft).text)
    assert "write to nobody new until" in seen
    tell(shop, Limits(Timelock("DEFAULT", None)))
    seen = words(asha.post("/campaigns/new/review", draft).text)
    assert "write to nobody new for now" in seen and "No phone is linked" not in seen


def test_the_device_is_the_owners_alone(shop: Stage, bilal: Tab) -> None:
    tell(shop, quota(shop, 63, "first_warning"))
    assert "63 of 100" not in words(bilal.get("/whatsapp/live").text)
    assert shop.box.db.read_here(devices.by_id, shop.bilal.device_id).limits is None
