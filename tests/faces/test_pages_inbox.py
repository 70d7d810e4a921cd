"""The inbox on pages: talks, replies, the tray; and the queue and the reports."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from tests.cast import Stage
from tests.faces.conftest import OpenTab
from tests.faces.scene import Scene
from tests.faces.tab import Tab, words
from tests.faces.work import Work, limited
from wabox.campaigns import replies
from wabox.contacts import suppression
from wabox.db import Tx
from wabox.devices import stored as devices
from wabox.messages import addressees, log, outbox, template
from wabox.whatsapp.driver import Inbound

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

RINA = "8801711300001"
STRANGER = "8801999000111"
TANIA = "8801711300005"


def ticket(page: str) -> str:
    return str(re.findall(r'name="ticket" value="([^"]+)"', page)[0])


def test_talks_are_listed_latest_first_with_what_is_new(asha: Tab, work: Work) -> None:
    said = words(asha.get("/inbox").text)
    assert said.index("Jamal") < said.index("Somebody new") < said.index("কাল কি দোকান খোলা?")
    assert "Is the blue one" not in said
    assert "6 new messages" in said
    assert "6 new messages in your inbox" in words(asha.get("/").text)


def test_reading_marks_a_talk_as_seen_by_a_form_and_not_by_looking(asha: Tab, shop: Stage, work: Work) -> None:
    new = "select count(*) from inbox where phone = :phone and seen_at is null"
    asha.get(f"/inbox/{RINA}")
    assert shop.value(new, phone=RINA) == 2
    assert asha.post(f"/inbox/{RINA}/seen").status_code == 303
    assert shop.value(new, phone=RINA) == 0
    assert "4 new messages" in words(asha.get("/inbox").text)


def test_a_reply_goes_as_a_single_message_from_the_phone_they_wrote_to(asha: Tab, shop: Stage, work: Work) -> None:
    fields = {"message": "Yes {name:friend}, it is here.", "ticket": ticket(asha.get(f"/inbox/{RINA}").text)}
    for _ in range(2):
        answer = asha.post(f"/inbox/{RINA}", fields)
        assert answer.headers["location"] == f"/inbox/{RINA}?said=replied#latest"
    row = "select text || '|' || device_id || '|' || contact_id from messages where text like 'Yes %'"
    assert shop.value(row) == f"Yes মোহাম্মদ রহিম উদ্দিন, it is here.|{shop.asha.device_id}|{work.contacts[1]}"
    assert shop.value("select count(*) from messages where text like 'Yes %'") == 1
    assert "it is here." in words(asha.get(f"/inbox/{RINA}/live").text)
    assert shop.value("select count(*) from inbox where phone = :p and seen_at is null", p=RINA) == 0


@pytest.mark.parametrize(("text", "sentence"), [("", "empty"), ("a {b", "position"), ("x" * 5_000, "4,096")])
def test_a_reply_that_cannot_go_stays_in_the_form(
    asha: Tab, shop: Stage, work: Work, text: str, sentence: str
) -> None:
    before = shop.value("select count(*) from messages")
    answer = asha.post(f"/inbox/{RINA}", {"message": text, "ticket": "t"})
    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert text in answer.text
    assert shop.value("select count(*) from messages") == before


def test_a_reply_waits_for_an_unlinked_phone_if_the_owner_says_so(asha: Tab, shop: Stage, work: Work) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update devices set linked = 0, detail = 'logged_out'"))
    answer = asha.post(f"/inbox/{RINA}", {"message": "hello", "ticket": "t1"})
    assert answer.status_code == 503
    assert "Keep it until the phone is linked" in words(answer.text)
    kept = asha.post(f"/inbox/{RINA}", {"message": "hello", "ticket": "t1", "keep": "1"})
    assert kept.status_code == 303
    assert shop.value("select status from messages where text = 'hello'") == "queued"


def test_nobody_can_reply_to_who_opted_out(asha: Tab, work: Work) -> None:
    page = asha.get("/inbox/8801711300006").text
    assert "asked not to be written to" in words(page)
    assert 'name="message"' not in page


def test_a_stranger_who_wrote_can_be_added_to_the_contacts(asha: Tab, work: Work) -> None:
    assert f'href="/contacts/new?phone={STRANGER}"' in asha.get(f"/inbox/{STRANGER}").text
    assert f'value="+{STRANGER}"' in asha.get(f"/contacts/new?phone={STRANGER}").text


def test_the_tray_opts_out_who_meant_it(asha: Tab, shop: Stage, work: Work) -> None:
    page = asha.get("/inbox").text
    assert "Do these people want no more messages?" in words(page)
    inbox_id = re.findall(r'action="/inbox/tray/(\d+)"', page)[0]
    assert asha.post(f"/inbox/tray/{inbox_id}", {"as": "maybe"}).status_code == 422
    asha.post(f"/inbox/tray/{inbox_id}", {"as": "opt_out"})
    assert shop.box.db.read_here(suppression.is_out, shop.asha.id, TANIA)
    assert shop.value("select count(*) from messages where phone = :p and status = 'queued'", p=TANIA) == 0
    assert shop.value("select count(*) from audit where action = 'contact.opted_out'") == 1
    assert "Do these people" not in asha.get("/inbox").text


def test_the_tray_leaves_alone_who_did_not(asha: Tab, shop: Stage, work: Work) -> None:
    inbox_id = re.findall(r'action="/inbox/tray/(\d+)"', asha.get("/inbox").text)[0]
    for _ in range(2):
        assert asha.post(f"/inbox/tray/{inbox_id}", {"as": "nothing"}).status_code == 303
    assert not shop.box.db.read_here(suppression.is_out, shop.asha.id, TANIA)
    assert "Do these people" not in asha.get("/inbox").text


def tells(shop: Stage, count: int, *, at_once: int) -> list[str]:
    """Rina sends that many lines, so many of them within each second, as WhatsApp tells it; we write amid them."""

    def many(tx: Tx) -> None:
        for number in range(count):
            at = shop.hands.now() - timedelta(days=3) + timedelta(seconds=number // at_once)
            tx.run(
                """insert into inbox (user_id, device_id, wa_message_id, phone, text, kind, at)
                   values (:user_id, :device_id, :wa, :phone, :text, 'chat', :at)""",
                user_id=shop.asha.id,
                device_id=shop.asha.device_id,
                wa=f"long{number}",
                phone=RINA,
                text=f"line {number}.",
                at=at.replace(microsecond=0).isoformat(timespec="microseconds"),
            )
            if number % 10 == 0:
                outbox.accept(
                    tx,
                    devices.by_id(tx, shop.asha.device_id),
                    phone=RINA,
                    template=template.parse(f"our line {number}."),
                    values={},
                    now=at.replace(microsecond=0),
                )

    shop.box.db.write_now(many)
    return [f"line {number}." for number in range(count)]


@pytest.mark.parametrize("at_once", [1, 4, 150])
def test_a_long_talk_keeps_its_order_and_is_paged_without_losing_anything(
    asha: Tab, shop: Stage, work: Work, at_once: int
) -> None:
    lines = tells(shop, 150, at_once=at_once)
    seen: list[str] = []
    before = None
    for _ in range(6):
        talk = shop.box.db.read_here(log.talk, shop.asha.id, RINA, most=40, before=before)
        assert len(talk.said) <= 40
        seen = [one.theirs.text if one.theirs else one.ours.text if one.ours else "" for one in talk.said] + seen
        if talk.before is None:
            break
        before = log.border(talk.before.written)
        assert before == talk.before
    assert [text for text in seen if text.startswith("line")] == lines
    assert sorted(text for text in seen if text.startswith("our")) == sorted(
        f"our line {number}." for number in range(0, 150, 10)
    )
    address, found = f"/inbox/{RINA}", ""
    while address:
        page = asha.get(address).text
        found = words(page) + found
        address = next(iter(re.findall(r'href="(/inbox/\d+\?before=[^"]+)"', page)), "")
    assert re.findall(r"(?<!our )line \d+\.", found) == lines


def test_a_contact_shows_what_was_said_in_its_order(asha: Tab, shop: Stage, work: Work) -> None:
    tells(shop, 14, at_once=14)
    said = words(asha.get(f"/contacts/{work.contacts[1]}").text)
    assert re.findall(r"(?<!our )line \d+\.", said) == [f"line {number}." for number in range(14)]


@pytest.mark.parametrize(
    "before", ["x", "~~", "2026-11-22~1~x", "0001-01-01T00:00:00+14:00~1~4", "2026-11-22~2~1", "9" * 40 + "~0~1"]
)
def test_an_address_that_ends_nowhere_shows_the_latest(asha: Tab, work: Work, before: str) -> None:
    page = asha.get(f"/inbox/{RINA}?before={quote(before)}")
    assert page.status_code == 200 and "the red one" in words(page.text)


def test_what_did_not_go_is_told_apart_from_what_went(asha: Tab, shop: Stage, work: Work) -> None:
    asha.post(f"/inbox/{STRANGER}", {"message": "Are you there?"})
    assert "talk-gone" not in asha.get(f"/inbox/{STRANGER}").text
    asha.post(f"/queue/{shop.value('select max(id) from messages')}/cancel")
    assert "talk-gone" in asha.get(f"/inbox/{STRANGER}").text


def test_bilal_finds_none_of_it(bilal: Tab, shop: Stage, work: Work) -> None:
    assert "Nobody has written yet" in words(bilal.get("/inbox").text)
    for phone in (RINA, STRANGER, "x", "1" * 30, "৮৮০১৭১১"):
        expected = 200 if phone == RINA else 404  # 8801711300001 is in his own contacts too
        for path in ("", "/live"):
            answer = bilal.get(f"/inbox/{phone}{path}")
            assert answer.status_code == expected
            assert "blue one" not in answer.text
    unseen = "select count(*) from inbox where seen_at is null"
    before = shop.value(unseen)
    bilal.post(f"/inbox/{RINA}/seen")
    assert shop.value(unseen) == before
    for inbox_id in (*range(1, 8), 2**63):
        assert bilal.post(f"/inbox/tray/{inbox_id}", {"as": "opt_out"}).status_code == 404
    assert shop.value("select count(*) from suppressions") == 1


HIDDEN = "111222333444555"


def writes_hidden(shop: Stage, text: str, number: int = 1) -> None:
    at = shop.hands.now()
    event = Inbound(
        shop.asha.device_id, 1, f"h{number}", f"{HIDDEN}@lid", None, None, text, "chat", at, username="nila"
    )
    shop.box.db.write_now(replies.hear, event, now=at)


def test_who_hides_the_number_is_answered_found_and_erased(asha: Tab, shop: Stage, work: Work) -> None:
    writes_hidden(shop, "Do you have a green one?")
    said = words(asha.get("/inbox").text)
    assert "@nila" in said
    assert "number hidden" in said
    talk = asha.get(f"/inbox/{HIDDEN}@lid").text
    assert "Do you have a green one?" in words(talk)
    assert "The number is hidden" in words(talk)
    asha.post(f"/inbox/{HIDDEN}@lid", {"message": "Yes, a {phone}green one.", "ticket": ticket(talk)})
    assert shop.value("select text from messages where phone = :p", p=f"{HIDDEN}@lid") == "Yes, a green one."
    assert "Wrote with a hidden number" in words(asha.get("/contacts?q=@nil").text)
    assert "Nobody found" in words(asha.get("/contacts?q=nobodyatall").text)
    exported = asha.get("/contacts/export.csv").text
    assert [line for line in exported.splitlines() if "@nila" in line][0].startswith(",'@nila")
    log = words(asha.get("/messages").text)
    assert "number hidden" in log
    assert HIDDEN not in log
    asha.post(f"/inbox/{HIDDEN}@lid/opt-out")
    assert shop.value("select status from messages where phone = :p", p=f"{HIDDEN}@lid") == "skipped"
    assert "asked not to be written to" in words(asha.get(f"/inbox/{HIDDEN}@lid").text)
    assert asha.post(f"/inbox/{HIDDEN}@lid/erase").status_code == 303
    assert shop.value("select count(*) from people where phone like '%lid'") == 0
    assert asha.get(f"/inbox/{HIDDEN}@lid").status_code == 404


def test_the_old_address_of_a_talk_leads_to_the_number(asha: Tab, shop: Stage, work: Work) -> None:
    writes_hidden(shop, "please stop it", 1)
    assert f'href="/inbox/{HIDDEN}@lid"' in asha.get("/inbox").text
    now = shop.hands.now()
    shop.box.db.write_now(addressees.told, shop.asha.id, lid=HIDDEN, phone=STRANGER, username=None, now=now)
    talk = words(asha.get(f"/inbox/{HIDDEN}@lid").text)
    assert "please stop it" in talk
    assert "do you deliver to Sylhet?" in talk


def test_bilal_reaches_nobody_of_ashas_who_hides_the_number(bilal: Tab, shop: Stage, work: Work) -> None:
    writes_hidden(shop, "Do you have a green one?")
    before = shop.value("select count(*) from suppressions")
    for path in ("", "/live"):
        assert bilal.get(f"/inbox/{HIDDEN}@lid{path}").status_code == 404
    for path in ("", "/opt-out", "/erase"):
        assert bilal.post(f"/inbox/{HIDDEN}@lid{path}", {"message": "x"}).status_code == 404
    assert "nila" not in words(bilal.get("/contacts?q=nila").text).replace("nila", "", 1)
    assert shop.value("select count(*) from suppressions") == before
    assert shop.value("select count(*) from people where phone like '%lid'") == 1


def test_what_people_write_is_never_markup(asha: Tab, shop: Stage, work: Work) -> None:
    attack = "</textarea><script>alert(1)</script>"
    shop.box.db.write_now(lambda tx: tx.run("update inbox set text = :a, name = :a, kind = :a", a=attack))
    for path in ("/inbox", f"/inbox/{RINA}", f"/inbox/{STRANGER}", f"/contacts/{work.contacts[1]}"):
        page = asha.get(path).text
        assert "<script>alert" not in page, path
        assert "&lt;script&gt;" in page, path
    refused = asha.post(f"/inbox/{RINA}", {"message": attack + "{", "ticket": "t"})
    assert "<script>alert" not in refused.text


def test_the_queue_says_what_waits_why_and_until_when(asha: Tab, work: Work) -> None:
    said = words(asha.get("/queue").text)
    for text in (
        "Going now",
        "Single messages",
        "Enough new people today until tomorrow 08:00",
        "Planned for later until tomorrow 15:00",
        "Campaign Eid sale, all customers",
        "Campaign paused",
        "Planned campaigns Friday reminder",
    ):
        assert text in said, text
    assert "<html" not in asha.get("/queue/live").text


def test_one_waiting_message_is_taken_back_from_the_queue(
    asha: Tab, bilal: Tab, shop: Stage, scene: Scene
) -> None:
    message_id = scene.ids["queued"]
    assert bilal.post(f"/queue/{message_id}/cancel").status_code == 404
    assert asha.post(f"/queue/{message_id}/cancel").headers["location"] == "/queue?said=cancelled"
    assert shop.value("select status from messages where id = :id", id=message_id) == "cancelled"
    assert asha.post(f"/queue/{scene.ids['sent']}/cancel").status_code == 422
    assert "order #2417" not in bilal.get("/queue").text


def test_an_empty_queue_says_so(shop: Stage, open_tab: OpenTab) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update messages set status = 'cancelled' where status = 'queued'"))
    assert "Nothing waits" in words(open_tab("asha@example.com").get("/queue").text)


def test_an_account_with_credits_sees_its_ledger(asha: Tab, bilal: Tab, shop: Stage, scene: Scene) -> None:
    limited(shop, 500)
    asha.post("/send", {"phone": "01711999888", "message": "one credit", "ticket": "t"})
    said = words(asha.get("/reports").text)
    assert "Credits 499" in said
    assert "Message queued" in said and "−1" in said
    assert "bKash 8N7A6D5 +500" in said
    assert "bKash" not in bilal.get("/reports").text
    assert asha.get("/reports?before=1").status_code == 200
    assert asha.get("/reports?before=x").status_code == 200


def test_the_inbox_is_searched_and_goes_on_showing_what_was_found(asha: Tab, work: Work) -> None:
    page = asha.get("/inbox?q=jam").text
    assert "Jamal" in words(page) and "Somebody new" not in words(page)
    assert 'hx-get="/inbox/live?q=jam"' in page
    assert "Nobody found" in words(asha.get("/inbox?q=no+such+name").text)
    assert asha.get("/inbox?q=%00%27%22%3Cb%3E&before=x").status_code == 200


def test_what_is_held_of_a_person_can_be_taken_along_from_their_talk_and_contact(
    asha: Tab, bilal: Tab, shop: Stage, work: Work
) -> None:
    for page in (f"/inbox/{RINA}", f"/contacts/{work.contacts[1]}"):
        assert f'href="/inbox/{RINA}/export.jsonl"' in asha.get(page).text, page
    answer = asha.get(f"/inbox/{RINA}/export.jsonl")
    person, *said = [json.loads(one) for one in answer.text.splitlines()]
    assert (
        person["contact"]["name"] == "মোহাম্মদ রহিম উদ্দিন" and answer.headers["x-content-type-options"] == "nosniff"
    )
    assert {one["line"] for one in said} == {"received", "sent"} and {one["phone"] for one in said} == {RINA}
    held = shop.value(
        "select (select count(*) from inbox where phone = :p) + (select count(*) from messages where phone = :p)",
        p=RINA,
    )
    assert len(said) == held
    rows = asha.get(f"/inbox/{RINA}/export.csv").text.splitlines()
    assert rows[0].startswith("\ufeffline,at,phone")
    everybody = asha.get("/inbox/export.csv").text
    assert everybody.count("received,") == shop.value(
        "select count(*) from inbox where user_id = :id", id=shop.asha.id
    )
    assert shop.value("select count(*) from audit where action = 'person.exported'") == 2
    theirs = bilal.get(f"/inbox/{STRANGER}/export.jsonl")
    assert theirs.status_code == 404
    own = [json.loads(one) for one in bilal.get(f"/inbox/{RINA}/export.jsonl").text.splitlines()]
    assert len(own) == 1 and own[0]["contact"]["id"] != person["contact"]["id"], "bilal knows the same number"
    assert bilal.get("/inbox/export.csv").text.count("\n") == 1
