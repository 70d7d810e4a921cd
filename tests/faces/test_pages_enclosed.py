"""A place and a contact card on pages: called what they are, in words, loading nothing, and escaped."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cast import Stage, settings
from tests.faces.scene import SECTIONS
from tests.faces.tab import Tab, tags, words
from tests.faces.work import Work
from wabox import config, dashboard
from wabox.content import reviews, rules
from wabox.dashboard.names import enclosed
from wabox.db import Tx
from wabox.messages import carrying, outbox, stored
from wabox.messages.stored import Enclosed
from wabox.whatsapp.driver import Place, Poll

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]
PERSON = "8801711000001"
RINA = "8801711300001"
STRANGER = "8801999000111"  # wrote to asha alone
SHOP = carrying.place(23.7806, 90.2792, "Rahim <b>Store</b>", "12 Road 5")
KARIM = carrying.card("Karim & Sons", "01711999999", country="BD")


def queued(shop: Stage, given: Enclosed) -> int:
    def verb(tx: Tx) -> int:
        now = shop.hands.now()
        return outbox.send(
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
    near = queued(shop, carrying.place(1e-7, -0.00000001, "Null Island"))
    assert "0.0000001, -0" in words(asha.get(f"/messages/{near}").text)
    bare = queued(shop, carrying.place(-33.5, 151.25))
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


def ticket(page: str, kind: str) -> str:
    """Of the form for this kind."""
    return str(re.findall(rf'name="ticket" value="([^"]+{kind})"', page)[0])


def test_the_inbox_sends_a_place_once_and_offers_it_the_next_time(asha: Tab, shop: Stage, work: Work) -> None:
    where = f"/inbox/{RINA}/enclose"
    assert where in asha.get(f"/inbox/{RINA}").text
    fields = {"kind": "location", "point": " (২৩.৭৮০৬, ৯০.২৭৯২) ", "place": "Rahim Store", "address": "12 Road 5"}
    fields["ticket"] = ticket(asha.get(where).text, "p")
    for _ in range(2):
        assert asha.post(where, fields).headers["location"] == f"/inbox/{RINA}?said=replied#latest"
    assert shop.value("select count(*) from messages where enclosed is not null") == 1
    job = shop.value("select id from messages where enclosed is not null")
    sent = shop.box.db.read_here(stored.by_id, job)
    assert sent.enclosed == carrying.place(23.7806, 90.2792, "Rahim Store", "12 Road 5")
    assert (sent.phone, sent.text) == (RINA, "")
    assert "Location: Rahim Store, 12 Road 5" in words(asha.get(f"/inbox/{RINA}").text)
    typed = {given.get("value") for tag, given in tags(asha.get(where).text) if tag == "input"}
    assert {"23.7806, 90.2792", "Rahim Store", "12 Road 5"} <= typed


def test_the_inbox_sends_the_card_of_a_contact_that_was_found(asha: Tab, shop: Stage, work: Work) -> None:
    where = f"/inbox/{RINA}/enclose"
    phone = shop.value("select phone from contacts where id = :id", id=work.contacts[2])
    found = asha.get(f"{where}?q={phone}").text
    assert f"{where}?contact={work.contacts[2]}#contact" in found
    page = asha.get(f"{where}?contact={work.contacts[2]}").text
    assert f"+{phone}" in {given.get("value") for tag, given in tags(page) if tag == "input"}
    fields = {"kind": "contact", "name": "Karim", "number": f"+{phone}", "ticket": ticket(page, "c")}
    assert asha.post(where, fields).status_code == 303
    job = shop.value("select id from messages where enclosed is not null")
    assert shop.box.db.read_here(stored.by_id, job).enclosed == carrying.card("Karim", phone, country="BD")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "location", "point": "next to the mosque"}, "Write the point as a map shows it"),
        ({"kind": "location", "point": "91, 0"}, "Latitude goes from -90 to 90"),
        ({"kind": "location", "point": "0 -181"}, "Longitude goes from -180 to 180"),
        ({"kind": "location", "point": "1,2", "place": "x" * 201}, "One line of up to 200 characters"),
        ({"kind": "contact", "name": " ", "number": "01711999999"}, "Say whose number this is"),
        ({"kind": "contact", "name": "Karim", "number": "12"}, "number"),
        ({}, "Write the point as a map shows it"),
    ],
)
def test_what_is_wrong_stays_in_the_form_and_nothing_is_queued(
    asha: Tab, shop: Stage, work: Work, fields: dict[str, str], said: str
) -> None:
    answer = asha.post(f"/inbox/{RINA}/enclose", fields)
    assert answer.status_code == 422
    assert said in words(answer.text) and 'role="alert"' in answer.text
    assert [value for value in fields.values() if value[:50].strip() not in answer.text] == []
    assert shop.value("select count(*) from messages where enclosed is not null") == 0


def test_nobody_sends_into_a_talk_that_is_not_theirs_nor_a_contact_of_another_user(
    asha: Tab, bilal: Tab, work: Work
) -> None:
    fields = {"kind": "location", "point": "1.25, 2.5", "place": "asha's shop"}
    assert asha.post(f"/inbox/{STRANGER}/enclose", fields).status_code == 303
    assert bilal.get(f"/inbox/{STRANGER}/enclose").status_code == 404
    assert bilal.post(f"/inbox/{STRANGER}/enclose", fields).status_code == 404
    assert "1.25, 2.5" not in bilal.get(f"/inbox/{RINA}/enclose").text
    for wrong in ("999999", "x", "-1", "9" * 40):
        assert asha.get(f"/inbox/{RINA}/enclose?contact={wrong}").status_code == 200
    assert asha.get("/inbox/8801999888777/enclose").status_code == 404


def test_what_rules_refuse_is_said_above_the_forms(asha: Tab, shop: Stage, work: Work) -> None:
    def verb(tx: Tx) -> None:
        draft = rules.Draft(kind="word", text="casino", action="refuse", reason="No games of chance.")
        rules.add(tx, draft, by=rules.Actor(shop.asha.id, "127.0.0.1"), now=shop.hands.now())
        reviews.switch(tx, enabled=True, now=shop.hands.now())

    shop.box.db.write_now(verb)
    answer = asha.post(f"/inbox/{RINA}/enclose", {"kind": "contact", "name": "Casino", "number": "01711999999"})
    assert answer.status_code == 422 and "No games of chance." in words(answer.text)
    assert shop.value("select count(*) from messages where enclosed is not null") == 0


def test_a_phone_that_is_not_linked_asks_whether_to_keep_it(asha: Tab, shop: Stage, work: Work) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update devices set linked = 0, detail = 'logged_out'"))
    fields = {"kind": "location", "point": "1, 2"}
    answer = asha.post(f"/inbox/{RINA}/enclose", fields)
    assert answer.status_code == 503 and answer.text.count('name="keep"') == 1
    assert asha.post(f"/inbox/{RINA}/enclose", {**fields, "keep": "1"}).status_code == 303


def test_the_inbox_sends_a_poll_once_and_shows_its_answers(asha: Tab, shop: Stage, work: Work) -> None:
    where = f"/inbox/{RINA}/enclose"
    fields = {"kind": "poll", "question": "When <b>?", "options": "Morning\r\n\r\n Evening ", "many": "1"}
    fields["ticket"] = ticket(asha.get(where).text, "o")
    for _ in range(2):
        assert asha.post(where, fields).headers["location"] == f"/inbox/{RINA}?said=replied#latest"
    job = shop.value("select id from messages where enclosed is not null")
    assert shop.box.db.read_here(stored.by_id, job).enclosed == carrying.poll(
        "When <b>?", ["Morning", "Evening"], many=True
    )
    for path in (f"/inbox/{RINA}", f"/messages/{job}"):
        said = words(asha.get(path).text)
        assert "Poll: When <b>? Morning Evening The answers are on the phone only." in said


def test_a_wrong_poll_is_named_and_stands_there_as_it_was_typed(asha: Tab, shop: Stage, work: Work) -> None:
    where = f"/inbox/{RINA}/enclose"
    fields = {"kind": "poll", "question": "When?", "options": "Morning\nMorning"}
    fields["ticket"] = ticket(asha.get(where).text, "o")
    page = asha.post(where, fields)
    assert page.status_code == 422
    assert "This answer is there already" in words(page.text)
    assert "Morning\nMorning" in page.text
    fields["options"] = "Morning"
    assert "Give 2 to 12 answers" in words(asha.post(where, fields).text)
    assert shop.value("select count(*) from messages where enclosed is not null") == 0


def test_every_picture_that_a_page_names_is_drawn() -> None:
    rooms = Path(dashboard.__file__).parent
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (rooms / "static/icons.svg").read_text()))
    pages = "".join(page.read_text() for page in rooms.glob("templates/**/*.html"))
    asked = set(re.findall(r'ui\.icon\("([^"]+)"\)|ui\.head\(_\("[^"]*"\), "([^"]+)"', pages))
    named = {one for pair in asked for one in pair if one}
    named |= {enclosed.icon(one) for one in (Place(0.0, 0.0), Poll("Which?", ("A", "B")))}
    assert named
    assert named - drawn == set()
