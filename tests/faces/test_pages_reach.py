"""Private hosts for webhooks on their page and by API: the owner's alone, tried before, and in force at once."""

from __future__ import annotations

import json

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from wabox.webhooks import allowed

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

PAGE, HOOK = "/admin/reach", "http://192.168.1.7:8080/hook"


def saved(tab: Tab) -> int:
    return tab.post("/webhooks", {"webhook_url": HOOK, "events": ["delivery.sent"]}).status_code


def test_what_is_opened_is_open_at_once_for_the_owner_and_on_record(shop: Stage, asha: Tab, bilal: Tab) -> None:
    assert saved(asha) == 422
    tried = words(asha.post(f"{PAGE}/test", {"url": HOOK}).text)
    assert "This address is in a private network" in tried
    assert asha.post(PAGE, {"entry": "192.168.1.0/24"}).status_code == 303
    assert "A webhook of yours would go there." in words(asha.post(f"{PAGE}/test", {"url": HOOK}).text)
    assert (saved(asha), saved(bilal)) == (303, 422)
    told = json.loads(shop.value("select details from audit where action = 'webhook.allow_changed'"))
    assert told == {"opened": ["192.168.1.0/24"], "closed": []}
    assert asha.post(f"{PAGE}/remove", {"entry": "192.168.1.0/24"}).status_code == 303
    assert saved(asha) == 422
    assert shop.box.db.read_here(allowed.of_box) == ()


def test_what_may_not_be_opened_says_why_and_stays_typed(shop: Stage, asha: Tab) -> None:
    refused = asha.post(PAGE, {"entry": "127.0.0.1:6379"})
    assert refused.status_code == 422 and allowed.HERE in words(refused.text) and "127.0.0.1:6379" in refused.text
    assert shop.box.db.read_here(allowed.of_box) == ()
