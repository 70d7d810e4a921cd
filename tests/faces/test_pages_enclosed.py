"""A place and a contact card on pages: called what they are, in words, loading nothing, and escaped."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cast import Stage, settings
from tests.faces.scene import SECTIONS
from tests.faces.tab import Tab, tags, words
from wabox import config
from wabox.content import reviews, rules
from wabox.db import Tx
from wabox.messages import enclosed, single
from wabox.messages.enclosed import Enclosed

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]
PERSON = "8801711000001"
SHOP = enclosed.place(23.7806, 90.2792, "Rahim <b>Store</b>", "12 Road 5")
KARIM = enclosed.card("Karim & Sons", "01711999999", country="BD")


def queued(shop: Stage, given: Enclosed) -> int:
    def verb(tx: Tx) -> int:
        now = shop.hands.now()
        return single.send(
            tx,
            shop.asha.id,
            phone=PERSON,
            template=None,
            instead=given,
            now=now,
            queue_if_offline=True,
            scheduled_for=now + timedelta(hours=1),
            require_consent=False,
        )

    return shop.box.db.write_now(verb)


@pytest.mark.parametrize("path", ["/messages", "/messages/{job}", "/queue", "/inbox/" + PERSON])
def test_every_list_calls_it_what_it_is_and_loads_nothing(shop: Stage, asha: Tab, path: str) -> None:
    job = queued(shop, SHOP)
    page = asha.get(path.format(job=job)).text
    assert "Location: Rahim <b>Store</b>, 12 Road 5" in words(page)
    assert "<b>Store" not in page
    assert [given for tag, given in tags(page) if "map" in (given.get("href") or given.get("src") or "")] == []
    queued(shop, KARIM)
    page = asha.get(path.format(job=job + 1)).text
    assert "Contact: Karim & Sons, +880 1711-999999" in words(page)


def test_message_and_talk_give_the_point_to_copy_and_one_without_a_name_is_its_point(
    shop: Stage, asha: Tab
) -> None:
    job = queued(shop, SHOP)
    for path in (f"/messages/{job}", f"/inbox/{PERSON}"):
        assert "23.7806, 90.2792" in words(asha.get(path).text)
    bare = queued(shop, enclosed.place(-33.5, 151.25))
    page = words(asha.get(f"/messages/{bare}").text)
    assert page.count("-33.5, 151.25") == 1 and "Location: -33.5, 151.25" in page


def test_bengali_pages_say_it_in_bengali(shop: Stage, asha: Tab) -> None:
    job = queued(shop, SHOP)
    shop.box.db.write_now(lambda tx: tx.run("update users set language = 'bn' where id = :id", id=shop.asha.id))
    page = words(asha.get(f"/messages/{job}").text)
    assert "জায়গা: Rahim" in page and "23.7806, 90.2792" in page


def test_whoever_runs_the_box_reads_what_a_rule_held(shop: Stage, asha: Tab) -> None:
    def verb(tx: Tx) -> None:
        draft = rules.Draft(kind="word", text="rahim", action="hold", reason="Read first.")
        rules.add(tx, draft, by=rules.Actor(shop.asha.id, "127.0.0.1"), now=shop.hands.now())
        reviews.switch(tx, enabled=True, now=shop.hands.now())

    others = {**SECTIONS, "accounts": {"registration": "open"}}
    object.__setattr__(shop.box, "config", config.parse(settings(**others), base=shop.box.config.data.dir.parent))
    shop.box.db.write_now(verb)
    queued(shop, SHOP)
    page = words(asha.get("/admin/filter/reviews").text)
    assert "Location: Rahim <b>Store</b>, 12 Road 5" in page and "23.7806, 90.2792" in page


def test_search_of_the_log_finds_it(shop: Stage, asha: Tab) -> None:
    queued(shop, SHOP)
    queued(shop, KARIM)
    page = words(asha.get("/messages?q=road").text)
    assert "Rahim" in page and "Karim" not in page
