"""People on pages: search, add, change, consent, opting out and in, deleting, erasing, exporting."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from tests.faces.work import Work
from wabox.contacts import stored as contacts
from wabox.contacts import suppression
from wabox.contacts.stored import Contact

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def person(shop: Stage, contact_id: int) -> Contact:
    return shop.box.db.read_here(contacts.of_user, shop.asha.id, contact_id)


def added(tab: Tab, **fields: Any) -> int:
    answer = tab.post("/contacts", fields)
    assert answer.status_code == 303, words(answer.text)
    return int(re.findall(r"/contacts/(\d+)", answer.headers["location"])[0])


def audited(shop: Stage, action: str) -> int:
    return int(shop.value("select count(*) from audit where action = :a and user_id = 1", a=action))


def test_the_list_finds_people_by_name_number_and_tag(asha: Tab, work: Work) -> None:
    assert "60 people" in words(asha.get("/contacts").text)
    for query, found, missed in (
        ("?q=tania", "Tania", "Rina Akter"),
        ("?q=1711-300003", "শিরিন সুলতানা", "Tania"),
        ("?tag=wholesale", "wholesale", "Jamal Uddin (never)"),
        ("?tag=vip&q=rina", "Rina Akter", "Tania"),
    ):
        said = words(asha.get("/contacts" + query).text)
        assert found in said, query
        assert missed not in said, query
    assert "Nobody found" in words(asha.get("/contacts?q=zzz").text)
    assert asha.get("/contacts?q=%00&tag=%27&cursor=-1").status_code == 200


def test_the_list_is_paged_without_repeating_anybody(asha: Tab, work: Work) -> None:
    first = asha.get("/contacts").text
    older = re.findall(r"/contacts\?cursor=(\d+)", first)[0]
    second = asha.get(f"/contacts?cursor={older}").text
    ids = [set(re.findall(r'href="/contacts/(\d+)"', page)) for page in (first, second)]
    assert len(ids[0]) == 50 and len(ids[1]) == 10
    assert not ids[0] & ids[1]


def test_a_box_without_contacts_leads_to_the_import(asha: Tab) -> None:
    page = asha.get("/contacts").text
    assert "No contacts yet" in page
    assert 'href="/contacts/import"' in page


def test_a_person_is_written_down_with_tags_text_and_consent(asha: Tab, shop: Stage) -> None:
    made = added(
        asha,
        phone="০১৭১১-২২২৩৩৩",
        name="  Rokeya   Begum ",
        more="VIP, Dhaka; vip",
        custom="blue",
        source="order",
        day="2026-03-01",
        note="order 7",
    )
    contact = person(shop, made)
    assert contact.phone == "8801711222333"
    assert (contact.name, contact.tags, contact.custom) == ("Rokeya Begum", ("VIP", "Dhaka"), "blue")
    assert contact.consent is not None
    assert contact.consent.source == "order"
    assert contact.consent.by == "asha@example.com"
    assert contact.consent.at.isoformat() == "2026-03-01T06:00:00+00:00"
    assert shop.value("select user_id from contacts where id = :id", id=made) == shop.asha.id


def test_adding_a_known_number_brings_the_contact_up_to_date(asha: Tab, shop: Stage) -> None:
    first = added(asha, phone="01711222333", name="Rokeya", custom="blue")
    answer = asha.post("/contacts", {"phone": "+880 1711-222333", "name": "Rokeya B."})
    assert answer.headers["location"] == f"/contacts/{first}?said=contact_known"
    assert (person(shop, first).name, person(shop, first).custom) == ("Rokeya B.", "blue")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"phone": ""}, "phone number"),
        ({"phone": "12"}, "digits"),
        ({"phone": "01711222333", "name": "x" * 201}, "200"),
        ({"phone": "01711222333", "more": "x" * 65}, "64"),
        ({"phone": "01711222333", "custom": "x" * 1_001}, "1,000"),
        ({"phone": "01711222333", "source": "import_attested"}, "Choose how"),
        ({"phone": "01711222333", "source": "order", "day": "soon"}, "date"),
        ({"phone": "01711222333", "source": "order", "day": "2027-01-01"}, "today or a day before"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(
    asha: Tab, shop: Stage, fields: dict[str, str], sentence: str
) -> None:
    answer = asha.post("/contacts", fields)
    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert shop.value("select count(*) from contacts") == 0


def test_a_person_is_changed_and_loses_what_was_unticked(asha: Tab, shop: Stage, work: Work) -> None:
    rina = work.contacts[0]
    assert person(shop, rina).tags == ("VIP", "Dhaka")
    asha.post(f"/contacts/{rina}", {"name": "Rina A.", "custom": "", "tags": ["Dhaka"], "more": "Eid"})
    changed = person(shop, rina)
    assert (changed.name, changed.custom, changed.tags) == ("Rina A.", None, ("Dhaka", "Eid"))
    refused = asha.post(f"/contacts/{rina}", {"name": "y" * 300, "more": "keep this"})
    assert refused.status_code == 422
    assert "keep this" in refused.text
    assert person(shop, rina).name == "Rina A."


def test_one_person_shows_what_was_said_both_ways_in_time(asha: Tab, work: Work) -> None:
    said = words(asha.get(f"/contacts/{work.contacts[1]}").text)
    first, second, third = (said.index(text) for text in ("blue one", "red one", "Eid sale"))
    assert first < second < third


def test_the_owner_opts_a_person_out_and_in_again(asha: Tab, shop: Stage, work: Work) -> None:
    waits = "select count(*) from messages where phone = '8801711300030' and status = 'queued'"
    assert shop.value(waits) > 0
    contact_id = work.contacts[30]
    for _ in range(2):
        assert asha.post(f"/contacts/{contact_id}/opt-out").status_code == 303
    assert shop.box.db.read_here(suppression.is_out, shop.asha.id, "8801711300030")
    assert shop.value(waits) == 0
    assert audited(shop, "contact.opted_out") == 1
    page = words(asha.get(f"/contacts/{contact_id}").text)
    assert "asked not to be written to" in page
    assert "asha@example.com" in page
    asha.post(f"/contacts/{contact_id}/opt-in")
    assert not shop.box.db.read_here(suppression.is_out, shop.asha.id, "8801711300030")
    assert audited(shop, "contact.opted_in") == 1


def test_consent_is_noted_with_source_time_and_by_whom(asha: Tab, shop: Stage, work: Work) -> None:
    contact_id = work.contacts[0]
    assert person(shop, contact_id).consent is None
    asha.post(f"/contacts/{contact_id}/consent", {"source": "in_person", "day": "", "note": "at the counter"})
    consent = person(shop, contact_id).consent
    assert consent is not None
    assert (consent.source, consent.by, consent.note) == ("in_person", "asha@example.com", "at the counter")
    said = words(asha.get(f"/contacts/{contact_id}").text)
    assert "Said so in person" in said and "at the counter" in said
    assert asha.post(f"/contacts/{contact_id}/consent", {"source": "?"}).status_code == 422
    asha.post(f"/contacts/{contact_id}/consent/remove")
    assert person(shop, contact_id).consent is None
    assert audited(shop, "contact.consent_noted") == audited(shop, "contact.consent_removed") == 1


def test_deleting_keeps_the_log_and_the_opt_out(asha: Tab, shop: Stage, work: Work) -> None:
    jamal = work.contacts[6]
    log = "select count(*) from messages where phone = '8801711300006'"
    before = shop.value(log)
    asha.post(f"/contacts/{jamal}/delete")
    assert asha.get(f"/contacts/{jamal}").status_code == 404
    assert shop.value(log) == before > 0
    assert shop.box.db.read_here(suppression.is_out, shop.asha.id, "8801711300006")


def test_erasing_leaves_nothing_but_the_opt_out(asha: Tab, shop: Stage, work: Work) -> None:
    jamal = work.contacts[6]
    asha.post(f"/contacts/{jamal}/erase")
    for table in ("messages", "contacts", "inbox", "chats"):
        assert shop.value(f"select count(*) from {table} where phone = '8801711300006'") == 0
    assert shop.box.db.read_here(suppression.is_out, shop.asha.id, "8801711300006")
    assert audited(shop, "contact.erased") == 1
    assert shop.value("select count(*) from audit where details like '%1711300006%'") == 0
    for path in ("/contacts", "/messages", "/queue", f"/campaigns/{work.running}?q=", "/inbox", "/"):
        assert asha.get(path).status_code == 200, path


def test_an_export_holds_everybody_and_no_formula(asha: Tab, shop: Stage, work: Work) -> None:
    added(asha, phone="01711999000", name="=HYPERLINK(1)", more="VIP")
    answer = asha.get("/contacts/export.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0][:3] == ["phone", "name", "tags"]
    assert len(rows) == 62
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert {row[0] for row in rows[1:]} >= {"8801711300000", "8801711999000"}
    tagged = asha.get("/contacts/export.csv?tag=vip").text
    assert 1 < len(tagged.splitlines()) < 40


def test_bilal_finds_none_of_it(bilal: Tab, shop: Stage, work: Work) -> None:
    before = shop.value("select group_concat(updated_at) from contacts where user_id = 1")
    for contact_id in (*work.contacts[:4], 2**63):
        assert bilal.get(f"/contacts/{contact_id}").status_code == 404
        for verb in ("", "/consent", "/consent/remove", "/opt-out", "/opt-in", "/delete", "/erase"):
            answer = bilal.post(f"/contacts/{contact_id}{verb}", {"source": "order", "name": "mine"})
            assert answer.status_code == 404, verb
    assert shop.value("select group_concat(updated_at) from contacts where user_id = 1") == before
    assert shop.value("select count(*) from suppressions where user_id = 1") == 1
    assert "3 people" in words(bilal.get("/contacts").text)
    assert len(bilal.get("/contacts/export.csv").text.splitlines()) == 4


def test_a_persons_texts_are_never_markup(asha: Tab, shop: Stage) -> None:
    attack = "<img src=x onerror=alert(1)>"
    made = added(asha, phone="01711222333", name=attack, custom=attack, more=attack, source="other", note=attack)
    for path in (f"/contacts/{made}", "/contacts", "/contacts/new", "/campaigns/new"):
        page = asha.get(path).text
        assert "<img src=x" not in page, path
        assert "&lt;img src=x" in page, path
    odd = "/contacts?" + "q=%3Cimg%20src%3Dx%3E&tag=%22%3E%3Cimg%20src%3Dx%3E"
    assert "<img src=x" not in asha.get(odd).text
