"""Before WhatsApp drops a link that nobody uses, its owner reads so, with the cure, and nobody else does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from wabox.devices import idle_warnings, idling
from wabox.devices import stored as devices
from wabox.whatsapp.driver import PhoneUsed

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def unused_for(shop: Stage, days: int) -> None:
    now = shop.hands.now()
    shop.box.db.write_now(lambda tx: idling.began(tx, shop.asha.device_id, now=now - timedelta(days=days)))
    shop.box.db.write_now(idle_warnings.look_at, shop.asha.device_id, now=now)


@pytest.mark.parametrize(("language", "said"), [("en", "no sign of the phone itself"), ("bn", "নিজের কোনো চিহ্ন")])
def test_card_and_home_warn_in_the_readers_language_and_a_sign_ends_it(
    shop: Stage, asha: Tab, bilal: Tab, language: str, said: str
) -> None:
    asha.post("/settings/locale", {"language": language})
    pages = ("/whatsapp/live", "/home/live")
    unused_for(shop, 9)
    assert not any(said in words(asha.get(page).text) for page in pages)
    unused_for(shop, 11)
    assert all(said in words(asha.get(page).text) for page in pages)
    assert not any(said in words(bilal.get(page).text) for page in pages)
    device, now = shop.device(), shop.hands.now()
    used = PhoneUsed(device.id, device.session, now - timedelta(hours=1))
    shop.box.db.write_now(lambda tx: idle_warnings.phone_used(tx, used, now=now))
    assert not any(said in words(asha.get(page).text) for page in pages)
    assert shop.box.db.read_here(devices.by_id, device.id).signs.phone == used.at
