"""What a phone's card, its doctor, home and its messages say in each state: a reason, a time, a cure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from litestar.testing import TestClient

from tests.cast import Stage
from tests.faces import states, texts
from tests.faces.tab import Tab, words
from tests.faces.work import Work
from tests.some import some
from wabox import app
from wabox.checkup import standing
from wabox.contacts import stored as contacts
from wabox.devices import limits, orders, sentences
from wabox.devices import stored as devices
from wabox.languages.catalogues import catalogue
from wabox.messages import addressees, stored
from wabox.whatsapp import states as pages
from wabox.whatsapp.driver import Limits, NewChats, Timelock

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


@pytest.fixture
def ids(shop: Stage) -> dict[str, int]:
    """A phone in every state."""
    return states.phones(shop)


@pytest.fixture
def doctored(shop: Stage, ids: dict[str, int]) -> Iterator[Tab]:
    """asha's tab on a box whose doctor sees something."""
    with TestClient(app.create(replace(shop.box, sights=states.Seeing(ids)))) as client:
        yield Tab(client, "asha@example.com", "http://testserver.local")


def cards(tab: Tab) -> dict[str, str]:
    """{label: what its card says}."""
    page = tab.get("/whatsapp/live").text
    parts = re.split(r'<section class="card device"\s+id="device-', page)[1:]
    return {part.split('"', 1)[0]: words(part) for part in parts}


def test_a_phone_that_may_write_to_nobody_new_is_not_called_well(asha: Tab, ids: dict[str, int]) -> None:
    seen = cards(asha)
    for label in some(("locked", "locked-no-end", "locked-here", "capped", "capped-no-end", "refused")):
        assert "Limited by WhatsApp" in seen[label] and "Linked and ready" not in seen[label], label
        told = "WhatsApp does not say when it ends." if label.endswith("no-end") else "It ends: "
        assert told in seen[label], label
    assert "until then" not in seen["capped-no-end"]
    assert "Sends, but nothing arrives" in seen["none-arrive"]
    assert "fewer questions about numbers" in seen["checks"] and "The next question: 12:01" in seen["checks"]


def test_home_says_the_same_of_each_phone_as_its_card(asha: Tab, ids: dict[str, int]) -> None:
    page = asha.get("/home/live").text
    parts = {part.split('"', 1)[0]: part for part in re.split(r'id="phone-', page)[1:]}
    assert "none of the last 15" in words(parts["none-arrive"])
    assert "Limited by WhatsApp" in words(parts["capped"])
    for label in ("passkey", "checkpoint", "box", "box-unlinked"):
        assert f'href="/whatsapp/devices/{label}/doctor"' in parts[label], label
    assert "Have a look" in words(parts["starting"]) and "Link phone" in words(parts["out-removed"])
    assert "gauge" not in parts and 'href="/whatsapp#device-gauge"' in page  # well: a chip is all
    assert "button" not in parts["back-soon"]


def test_the_two_choices_about_another_number_stand_together(asha: Tab, ids: dict[str, int]) -> None:
    page = asha.get("/whatsapp/live").text
    card = page.split('id="device-changed"')[1].split("</section>")[0]
    notice = card.split("notice-warn")[1].split('class="facts"')[0]
    assert 'action="/whatsapp/devices/changed/go-on"' in notice
    assert 'action="/whatsapp/devices/changed/logout"' in notice
    assert card.count("/changed/logout") == 1


def test_a_code_that_nobody_scans_gets_the_hint_on_the_card(doctored: Tab) -> None:
    seen = cards(doctored)
    assert "four devices at most" in seen["qr-old"] and "four devices at most" not in seen["qr-young"]


def test_a_step_on_the_phone_is_not_ended_by_one_touch(asha: Tab, ids: dict[str, int]) -> None:
    page = asha.get("/whatsapp/live").text
    card = page.split('id="device-passkey"')[1].split("</section>")[0]
    assert "This ends the step that the phone is in" in card
    assert "This step ends at 12:08" in words(card)


def test_what_the_driver_says_in_english_is_no_bengali_pages_sentence(
    shop: Stage, asha: Tab, ids: dict[str, int]
) -> None:
    def tell(detail_text: str) -> str:
        shop.box.db.write_now(
            lambda tx: tx.run(
                "update devices set detail_text = :text where id = :id", text=detail_text, id=ids["engine"]
            )
        )
        return asha.get("/whatsapp/live").text.split('id="device-engine"')[1].split("</section>")[0]

    asha.post("/settings/locale", {"language": "bn"})
    card = tell("WhatsApp Web 2.3000 lacks WAWebCmd, which wa-js 4.6.0 needs.")
    assert catalogue("bn").gettext(sentences.said_of("engine_incompatible")) in words(card)
    assert 'lang="en" dir="ltr">WhatsApp Web 2.3000 lacks' in card
    assert set(sentences.OF_PAGE) == set(pages._BLOCKED.values())
    for text in some(sentences.OF_PAGE):
        shown = words(tell(text))
        assert text not in shown and catalogue("bn").gettext(text) in shown


def test_the_doctor_says_the_state_and_shows_no_code_of_the_programs(doctored: Tab) -> None:
    page = doctored.get("/whatsapp/devices/back-soon/doctor").text
    assert "Reconnecting" in words(page) and "page_hung" not in page and "11:41" in words(page)
    assert sentences.said_of("reconnecting") in words(page)
    page = doctored.get("/whatsapp/devices/engine/doctor").text
    assert '<span class="visually-hidden">Wrong</span>' in page


def test_a_message_behind_a_phone_that_is_away_says_so_before_anything_else(
    shop: Stage, asha: Tab, ids: dict[str, int]
) -> None:
    held = states.held(shop, ids)
    told = {
        "logged_out": "The phone is not linked any more",
        "trying_again": "the link is kept and tried again",
        "checkpoint": "WhatsApp wants to be sure that this account is yours",
        "number_changed": "Another number was linked here",
        "restricted_no_end": "WhatsApp does not say when it ends.",
    }
    for reason, sentence in some(told.items()):
        assert sentence in words(asha.get(f"/messages/{held[reason]}").text), reason
    groups = words(asha.get("/queue/live").text)
    assert groups.count("Phone not ready") == 4


def test_every_message_that_ended_says_why(shop: Stage, asha: Tab, ids: dict[str, int]) -> None:
    held = states.held(shop, ids)
    for error in some(("refused", "refused_later", "not_on_whatsapp", "no_answer", "blocked_by_you")):
        message = shop.box.db.read_here(stored.by_id, held[error])
        assert message.error_text and message.error_text in words(asha.get(f"/messages/{message.id}").text)
        assert texts.untranslated({message.error_text}, "bn") == []


def test_a_page_names_the_zone_of_its_times(asha: Tab) -> None:
    assert "Times are those of Asia/Dhaka." in words(asha.get("/whatsapp").text)


def test_a_messages_number_is_written_as_the_rest_of_the_page(shop: Stage, asha: Tab) -> None:
    asha.post("/settings/locale", {"language": "bn"})
    assert "মেসেজ ৩ ·" in words(asha.get("/messages/3").text)


def test_people_are_called_by_name_before_their_number(shop: Stage, asha: Tab, work: Work) -> None:
    asha.post("/contacts", {"phone": "8801711200020", "name": "شيرين"})
    asha.post("/contacts", {"phone": "8801711200003", "name": "Karim 🌙 করিম"})
    asha.post("/contacts", {"phone": "8801711200004", "name": "<b>Tania</b>"})
    home, log, queue = (asha.get(path).text for path in ("/home/live", "/messages?q=8801711200020", "/queue/live"))
    assert "<bdi>شيرين</bdi>" in log and "<bdi>Karim 🌙 করিম</bdi>" in home
    assert "&lt;b&gt;Tania&lt;/b&gt;" in queue and "<b>Tania" not in queue
    page = asha.get(
        f"/messages/{shop.value('select max(id) from messages where phone = :p', p='8801711200020')}"
    ).text
    assert "شيرين +880 1711-200020" in words(page)
    assert asha.get("/messages?q=8801711200021").text.count("<bdi>") == 0


def test_a_hidden_person_is_called_by_their_username(shop: Stage, asha: Tab) -> None:
    states.people(shop)
    address = shop.value("select phone from people where username = 'shop_friend'")
    sent = shop.box.db.write_now(states.write, shop, shop.asha.device_id, address, shop.hands.now())
    assert "<bdi>@shop_friend</bdi>" in asha.get(f"/messages/{sent.id}").text


def test_a_campaign_held_by_a_lock_tells_no_pace_and_before_it_both_limits(
    shop: Stage, asha: Tab, work: Work
) -> None:
    ends = shop.hands.now() + timedelta(hours=3)
    told = Limits(Timelock("DEFAULT", ends), NewChats("second_warning", 98, 100, ends + timedelta(days=3)))
    assert " an hour" in words(asha.get(f"/campaigns/{work.running}/live").text)
    shop.box.db.write_now(limits.write, shop.asha.device_id, told)
    shown = words(asha.get(f"/campaigns/{work.running}/live").text)
    assert "write only to people who wrote to it first" in shown and " an hour" not in shown
    draft = {"name": "Eid", "message": "Hello {name}", "audience": "all"}
    shown = words(asha.post("/campaigns/new/look", draft).text)
    assert "WhatsApp allows 2 of these new people" in shown and "write to nobody new until 15:00" in shown


def test_health_and_doctor_say_that_a_phone_is_limited(doctored: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "of_machine", lambda _config: [])
    page = words(doctored.get("/whatsapp/devices/locked/doctor").text)
    assert "Limited by WhatsApp" in page and "It ends: 15:00" in page
    assert "Limited by WhatsApp" in words(doctored.get("/admin/health/live").text)


def test_a_new_message_goes_from_a_phone_that_may_send(shop: Stage, asha: Tab, ids: dict[str, int]) -> None:
    assert re.search(r'value="primary"\s+selected', asha.get("/").text)
    shop.box.db.write_now(orders.logout, shop.device())
    first = next(one for one in shop.box.db.read_here(devices.list_of, shop.asha.id) if one.ready)
    assert re.search(rf'value="{first.label}"\s+selected', asha.get("/").text)
    assert re.search(r'value="capped"\s+selected', asha.get("/?device=capped").text)


def test_a_contact_shows_by_what_else_whatsapp_knows_them(shop: Stage, asha: Tab, work: Work) -> None:
    contact = shop.box.db.read_here(contacts.of_user, shop.asha.id, work.contacts[0])
    path = f"/contacts/{contact.id}"
    assert "Hidden ids" not in words(asha.get(path).text)
    states.people(shop)
    shop.box.db.write_now(
        addressees.told,
        shop.asha.id,
        lid="1203344556688",
        phone=contact.phone,
        username="mina_k",
        now=shop.hands.now(),
    )
    page = words(asha.get(path).text)
    assert "Hidden ids 1" in page and "@mina_k" in page


def test_who_reads_on_the_very_phone_is_led_to_the_code(asha: Tab, ids: dict[str, int]) -> None:
    page = asha.get("/whatsapp/live").text
    card = page.split('id="device-qr-young"')[1].split("</section>")[0]
    assert card.index('<h3 id="code-qr-young">') < card.index("<img")


def test_what_whatsapp_limits_says_what_does_not_help(asha: Tab, ids: dict[str, int]) -> None:
    page = words(asha.get("/whatsapp/live").text)
    assert "Restart and log out do not end it" in page
