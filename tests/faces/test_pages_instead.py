"""Places and contact cards that people send, on pages and in webhooks: for what they are, escaped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, tags, words
from wabox.campaigns import replies
from wabox.contacts import inbox, phones, withdrawing, writing
from wabox.db import Tx
from wabox.messages import addressees, dossier
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow
from wabox.whatsapp.driver import Inbound, Place, Quoted, SentCard, SentPoll, Withdrawn

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
RINA = "8801711300001"
HOME = Place(23.7806, 90.2792, "Rina <b>home</b>", "12 Road 5")
KARIM = SentCard("Karim <b>&</b> Sons", ("8801711999999", "01811 999999"))
NOBODY = SentCard("Nobody", ())


def hears(shop: Stage, instead: Place | tuple[SentCard, ...], person: str = RINA) -> int:
    """Rina sends this to asha; the id of her message."""
    now = shop.hands.now()
    place = instead if isinstance(instead, Place) else None
    kind = "location" if place else "vcard"

    def verb(tx: Tx) -> int:
        count = tx.value("select count(*) from inbox")
        event = Inbound(
            shop.asha.device_id,
            1,
            f"3A{count}",
            f"{person}@c.us",
            person,
            "Rina",
            "",
            kind,
            now,
            place=place,
            cards=() if isinstance(instead, Place) else instead,
        )
        replies.hear(tx, event, now=now)
        found: int = tx.value("select max(id) from inbox")
        return found

    return shop.box.db.write_now(verb)


def links(page: str) -> list[str]:
    return [given.get("href") or "" for tag, given in tags(page) if tag == "a"]


def test_a_place_is_shown_in_words_and_opens_in_ones_own_map(shop: Stage, asha: Tab) -> None:
    hears(shop, HOME)
    page = asha.get(f"/inbox/{RINA}").text
    for said in ("Rina <b>home</b>", "12 Road 5", "23.7806, 90.2792", "Open in your map"):
        assert said in words(page)
    assert "<b>home" not in page
    places = [one for one in links(page) if one.startswith("geo:")]
    assert places == ["geo:23.7806,90.2792"]
    assert "Location: Rina <b>home</b>, 12 Road 5" in words(asha.get("/inbox").text)


def test_a_bare_place_is_called_by_its_point(shop: Stage, asha: Tab) -> None:
    hears(shop, Place(-1.5, 0.25))
    assert "Location: -1.5, 0.25" in words(asha.get("/inbox").text)
    assert "-1.5, 0.25" in words(asha.get(f"/inbox/{RINA}").text)


def test_a_card_offers_each_number_that_the_contacts_do_not_have(shop: Stage, asha: Tab) -> None:
    draft = writing.Draft(phones.parse("8801811999999", country="BD"), name="Known")
    shop.box.db.write_now(writing.bulk, shop.asha.id, [draft], now=shop.hands.now())
    known = shop.value("select max(id) from contacts")
    hears(shop, (KARIM, NOBODY))
    page = asha.get(f"/inbox/{RINA}").text
    said = words(page)
    assert "Karim <b>&</b> Sons" in said and "+880 1711-999999" in said and "No number stands on it." in said
    assert "<b>&" not in page
    assert f"/contacts/{known}" in links(page)
    new = next(one for one in links(page) if "name=Karim" in one)
    form = asha.get(new.replace("&amp;", "&")).text
    filled = {given.get("name"): given.get("value") for tag, given in tags(form) if tag == "input"}
    assert (filled["phone"], filled["name"]) == ("+8801711999999", "Karim <b>&</b> Sons")
    assert "Contact: Karim <b>&</b> Sons, Nobody" in words(asha.get("/inbox").text)


@pytest.mark.parametrize("q", ["road 5", "SONS", "01711999", "home"])
def test_the_inbox_finds_by_what_stands_on_them(shop: Stage, asha: Tab, q: str) -> None:
    hears(shop, HOME)
    hears(shop, (KARIM,))
    hears(shop, (NOBODY,), person="8801711300009")
    found = {one.phone for one in shop.box.db.read_here(inbox.threads, shop.asha.id, text=q)}
    assert found == {RINA}
    assert not shop.box.db.read_here(inbox.threads, shop.bilal.id, text=q)


@pytest.mark.parametrize("q", ["latitude", "cards", "phones", "null"])
def test_nobody_is_found_by_how_they_are_kept(shop: Stage, q: str) -> None:
    hears(shop, HOME)
    hears(shop, (KARIM,))
    assert not shop.box.db.read_here(inbox.threads, shop.asha.id, text=q)


def test_they_go_with_the_person(shop: Stage) -> None:
    hears(shop, HOME)
    hears(shop, (KARIM,))
    found = shop.box.db.read_here(addressees.traces, shop.asha.id, RINA)
    shop.box.db.write_now(addressees.erase, shop.asha.id, RINA, found, now=shop.hands.now())
    assert shop.value("select count(*) from inbox where instead is not null") == 0


def test_a_webhook_tells_of_them(shop: Stage) -> None:
    def listen(tx: Tx) -> None:
        endpoints.put(
            tx,
            shop.asha.id,
            url="https://shop.example/hook",
            events=("message.received",),
            allow=Allow(),
            seal=shop.box.seal,
            now=shop.hands.now(),
        )

    shop.box.db.write_now(listen)
    hears(shop, HOME)
    hears(shop, (KARIM, NOBODY))
    sql = "select payload from deliveries where event = 'message.received' order by id desc limit 2"
    cards, place = (json.loads(row["payload"]) for row in shop.box.db.read_here(lambda asked: asked.all(sql)))
    assert place["location"] == {
        "latitude": 23.7806,
        "longitude": 90.2792,
        "name": "Rina <b>home</b>",
        "address": "12 Road 5",
    }
    assert (place["contact"], place["contacts"], place["kind"], place["text"]) == (None, [], "location", "")
    assert cards["location"] is None and cards["contact"] == {"name": KARIM.name, "phone": "8801711999999"}
    assert cards["contacts"][1] == {"name": "Nobody", "phones": []}


def writes(shop: Stage, number: int, text: str, kind: str = "chat", **more: Any) -> int:
    """Rina writes this, under the id 3AW and its number; the id of her message here."""
    chat, now = f"{RINA}@c.us", shop.hands.now()
    event = Inbound(shop.asha.device_id, 1, f"3AW{number}", chat, RINA, "Rina", text, kind, now, **more)
    shop.box.db.write_now(replies.hear, event, now=now)
    return int(shop.value("select max(id) from inbox"))


def test_a_poll_a_quote_and_what_is_deleted_are_shown_as_that(shop: Stage, asha: Tab) -> None:
    asked = writes(shop, 1, "When <b>then</b>?", "poll_creation", poll=SentPoll(("At six", "<i>Never</i>")))
    writes(shop, 2, "This one", quoted=Quoted("3AW1", False, "poll_creation", "When <b>then</b>?"))
    writes(shop, 3, "Yes", quoted=Quoted("3EB0", True, "image", "<b>prices</b>"))
    writes(shop, 4, "", "live_location", place=HOME)
    page = asha.get(f"/inbox/{RINA}").text
    said = words(page)
    for shown in ("Poll: When <b>then</b>?", "At six", "<i>Never</i>", "Answers your message:", "Live location"):
        assert shown in said
    assert "Picture: <b>prices</b>" in said and "<b>p" not in page and "<b>then" not in page and "<i>N" not in page
    assert f"#theirs-{asked}" in links(page) and f'id="theirs-{asked}"' in page
    number = writes(shop, 5, "Pay 500")
    gone = Withdrawn(shop.asha.device_id, 1, "3AW5", f"{RINA}@c.us")
    shop.box.db.write_now(withdrawing.hear, gone, now=shop.hands.now())
    said = words(asha.get(f"/inbox/{RINA}").text)
    assert "Deleted by its writer" in said and "Pay 500" not in said
    assert "Deleted by its writer" in words(asha.get("/inbox").text)
    (line,) = [one for one in shop.box.db.read_here(dossier.received, shop.asha.id) if one["message_id"] == number]
    assert (line["text"], bool(line["revoked_at"])) == ("", True)
