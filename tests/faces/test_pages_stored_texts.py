"""The room of stored texts: list, make, change, delete, the ready ones, and the file."""

from __future__ import annotations

import html
import json
import re
from functools import partial
from typing import Any

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, tags, words
from tests.faces.work import Work
from wabox.contacts import own
from wabox.texts import stored as texts
from wabox.texts.stored import Draft, Text

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

MESSAGE = "Hello {name:friend}, order {order} is ready{when: soon}."


def add(shop: Stage, name: str = "Order ready", message: str = MESSAGE, **more: Any) -> Text:
    draft = Draft(name, message, **more)
    return shop.box.db.write_now(texts.add, shop.asha.id, draft, now=shop.hands.now())


def written(page: str) -> str:
    """What stands in the page's field for a message."""
    found = re.search(r'<textarea id="message".*?>(.*?)</textarea>', page, re.S)
    assert found
    return html.unescape(found[1])


def every(shop: Stage) -> list[Text]:
    return shop.box.db.read_here(texts.every, shop.asha.id)


def test_the_empty_page_offers_five_and_puts_none_there_unasked(shop: Stage, asha: Tab) -> None:
    shown = words(asha.get("/texts").text)
    assert "Begin with these five" in shown and "your order {order} is on its way" in shown
    assert every(shop) == []
    assert asha.post("/texts/ready").headers["location"] == "/texts?said=texts_ready"
    assert [one.language for one in every(shop)] == ["en"] * 5
    asha.post("/texts/ready")
    assert len(every(shop)) == 5
    assert "Begin with these five" not in words(asha.get("/texts").text)


def test_the_ready_ones_come_in_the_readers_language(shop: Stage, asha: Tab) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set language = 'bn'"))
    assert "এই পাঁচটি দিয়ে শুরু করুন" in words(asha.get("/texts").text)
    asha.post("/texts/ready")
    assert {one.language for one in every(shop)} == {"bn"}
    assert "{name:প্রিয় গ্রাহক}" in every(shop)[0].message + every(shop)[1].message


def test_a_text_is_made_changed_and_deleted(shop: Stage, asha: Tab) -> None:
    fields = {"name": "Offer", "message": "{Hi|Hello} {name}", "category": "advertising", "language": ""}
    assert asha.post("/texts", fields).headers["location"] == "/texts?said=text_saved"
    (made,) = every(shop)
    assert Draft.of(made) == Draft("Offer", "{Hi|Hello} {name}", "advertising", None)
    assert "Advertising" in words(asha.get("/texts").text)
    path = f"/texts/{made.id}"
    answer = asha.post(path, {**fields, "message": "Bye", "language": "bn", "version": "1"})
    assert answer.headers["location"] == f"{path}?said=text_saved"
    assert (every(shop)[0].message, every(shop)[0].language, every(shop)[0].version) == ("Bye", "bn", 2)
    assert asha.post(f"{path}/delete").headers["location"] == "/texts?said=text_deleted"
    assert every(shop) == []
    assert asha.get(path).status_code == asha.post(path, fields).status_code == 404


def test_what_is_wrong_is_said_and_what_was_typed_stays(shop: Stage, asha: Tab) -> None:
    add(shop)
    for fields, said in [
        ({"name": "ORDER ready", "message": "typed words"}, "You have a stored text of this name"),
        ({"name": "", "message": "typed words"}, "Give the text a name"),
        ({"name": "x", "message": "typed words {"}, "At position 13"),
        ({"name": "x", "message": "typed words", "category": "spam"}, "This must be one of"),
    ]:
        answer = asha.post("/texts", fields)
        assert answer.status_code == 422
        assert said in words(answer.text) and "typed words" in answer.text
    assert len(every(shop)) == 1


def test_of_two_tabs_the_second_is_asked_before_it_replaces(shop: Stage, asha: Tab) -> None:
    made = add(shop)
    path, fields = f"/texts/{made.id}", {"name": made.name, "category": "service", "version": "1"}
    asha.post(path, {**fields, "message": "From the first"})
    late = asha.post(path, {**fields, "message": "From the second"})
    assert late.status_code == 422
    assert "Somebody changed this text meanwhile" in words(late.text)
    assert "From the first" in late.text and "From the second" in late.text
    assert every(shop)[0].message == "From the first"
    version = next(attrs["value"] for _, attrs in tags(late.text) if attrs.get("name") == "version")
    asha.post(path, {**fields, "message": "From the second", "version": version})
    assert every(shop)[0].message == "From the second"


def test_the_preview_tells_who_fills_in_what(asha: Tab) -> None:
    shown = words(asha.post("/texts/preview", {"message": MESSAGE}).text)
    assert "Hello Rina Akter, order [order] is ready soon." in shown
    assert "Whoever sends it writes {order} ." in shown
    assert "Whoever sends it may write {when} ." in shown
    assert "At position 3" in words(asha.post("/texts/preview", {"message": "Hi{"}).text)


def test_the_list_is_searched_and_sorted_by_what_texts_are_for(shop: Stage, asha: Tab) -> None:
    add(shop)
    add(shop, "Eid", "20% off", category="advertising")
    for query, seen, unseen in [
        ("?q=READY", "Order ready", "Eid"),
        ("?category=advertising", "Eid", "Order ready"),
        ("?q=20%25", "Eid", "Order ready"),
    ]:
        shown = words(asha.get("/texts" + query).text)
        assert seen in shown and unseen not in shown
    assert "No text found" in words(asha.get("/texts?q=nothing+like+it").text)


@pytest.mark.parametrize("path", ["/?phone=01711000001&text={}", "/inbox/8801711300001?text={}"])
def test_a_text_of_the_address_stands_in_the_field(
    shop: Stage, work: Work, asha: Tab, bilal: Tab, path: str
) -> None:
    made = add(shop)
    shown = asha.get(path.format(made.id)).text
    assert written(shown) == "Hello {name:friend}, order {order} is ready soon."
    for wrong in (made.id + 1, "x", "9" * 30, ""):
        assert written(asha.get(path.format(wrong)).text) == ""
    add(shop, "bilal's")
    assert "Hello" not in bilal.get(path.format(made.id)).text


def test_a_campaign_begins_with_a_text_and_says_where_it_came_from(shop: Stage, work: Work, asha: Tab) -> None:
    made = add(shop, message="Hello {name:friend}, {what:it} is ready.")
    path = f"/texts/{made.id}"
    assert "No campaign was made from it" in words(asha.get(path).text)
    shown = asha.get(f"/campaigns/new?text={made.id}&tag=VIP").text
    assert written(shown) == "Hello {name:friend}, it is ready."
    text_id = next(attrs["value"] for _, attrs in tags(shown) if attrs.get("name") == "text_id")
    fields = {"name": "Ready", "message": "Dear {name}, it is ready.", "audience": "tag", "tag": "VIP"}
    fields |= {"text_id": str(text_id), "when": "later", "at": "2026-11-22T18:30"}
    review = asha.post("/campaigns/new/review", fields).text
    carried = {str(attrs["name"]): attrs["value"] for _, attrs in tags(review) if attrs.get("type") == "hidden"}
    assert asha.post("/campaigns", carried).status_code == 303
    assert shop.value("select text_id from campaigns order by id desc") == made.id
    assert "Ready" in words(asha.get(path).text) and "Planned" in words(asha.get(path).text)
    campaign_id = shop.value("select max(id) from campaigns")
    assert f'href="{path}"' in asha.get(f"/campaigns/{campaign_id}").text
    asha.post(f"{path}/delete")
    assert "stored text" not in words(asha.get(f"/campaigns/{campaign_id}").text)
    like = asha.get(f"/campaigns/new?like={campaign_id}").text
    assert written(like) == "Dear {name}, it is ready."
    carried |= {"name": "Again", "ticket": "another"}
    assert asha.post("/campaigns", carried).status_code == 303
    assert shop.value("select text_id from campaigns order by id desc") is None


def test_what_contacts_fill_in_stays_for_them(shop: Stage, work: Work, asha: Tab) -> None:
    made = add(shop, message="{name} in {quarter:town}: {order} {when:soon}")
    path = f"/texts/pick?id={made.id}"

    def option() -> tuple[str | None, str | None]:
        (found,) = [attrs for tag, attrs in tags(asha.get(path).text) if tag == "li"]
        return found["data-text"], found["data-fill"]

    assert option() == ("{name} in town: {order} soon", "order")
    create = partial(own.create, name="quarter", kind="text", currency="BDT", now=shop.hands.now())
    shop.box.db.write_now(lambda tx: create(tx, shop.asha.id))
    assert option() == ("{name} in {quarter:town}: {order} soon", "order")
    shown = words(asha.get(f"/texts/{made.id}").text)
    assert "Filled in for each person: {name} {quarter} ." in shown and "writes {order} ." in shown


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/send", {"phone": "01711000001"}),
        ("/inbox/8801711300001", {}),
        ("/campaigns/new/review", {"name": "x", "audience": "everybody"}),
    ],
)
def test_what_is_left_to_write_is_said_in_the_readers_language(
    shop: Stage, work: Work, asha: Tab, path: str, fields: dict[str, str]
) -> None:
    before = shop.value("select count(*) from messages")
    wrong = asha.post(path, {**fields, "message": "Order {order} is ready."})
    assert wrong.status_code == 422
    assert "Write something in place of {order}; nobody fills that in." in words(wrong.text)
    shop.box.db.write_now(lambda tx: tx.run("update users set language = 'bn'"))
    wrong = asha.post(path, {**fields, "message": "Order {order} {till}"})
    assert "{order}, {till}-এর জায়গায় কিছু লিখুন" in words(wrong.text)
    assert shop.value("select count(*) from messages") == before


def test_texts_are_picked_while_one_writes(shop: Stage, asha: Tab, bilal: Tab) -> None:
    ready, thanks = add(shop), add(shop, "Thanks", 'Thank you for order "1" <b>')
    for n in range(9):
        add(shop, f"More {n}", "x")

    def picked(tab: Tab, query: str) -> list[str | None]:
        return [attrs["data-id"] for _, attrs in tags(tab.get(f"/texts/pick?{query}").text) if "data-id" in attrs]

    assert picked(asha, "q=ORD") == [str(ready.id), str(thanks.id)]
    assert picked(asha, "q=than") == [str(thanks.id)]
    assert len(picked(asha, "q=")) == len(picked(asha, "")) == 8
    assert picked(asha, f"id={thanks.id}") == [str(thanks.id)]
    assert picked(asha, "id=x") == picked(bilal, f"id={ready.id}") == picked(bilal, "q=ord") == []
    (option,) = [attrs for tag, attrs in tags(asha.get(f"/texts/pick?id={thanks.id}").text) if tag == "li"]
    assert (option["data-text"], option["data-fill"]) == ('Thank you for order "1" <b>', "")
    (option,) = [attrs for tag, attrs in tags(asha.get(f"/texts/pick?id={ready.id}").text) if tag == "li"]
    assert (option["data-text"], option["data-fill"]) == (
        "Hello {name:friend}, order {order} is ready soon.",
        "order",
    )


def test_pages_offer_a_choice_only_where_there_are_texts(shop: Stage, work: Work, asha: Tab) -> None:
    for path in ("/", "/campaigns/new", "/inbox/8801711300001"):
        assert "data-texts" not in asha.get(path).text
    add(shop)
    for path in ("/", "/campaigns/new", "/inbox/8801711300001"):
        assert "Order ready</option>" in asha.get(path).text
    wrong = asha.post("/send", {"phone": "12", "message": "Hi"})
    assert wrong.status_code == 422 and "Order ready</option>" in wrong.text


def test_the_file_goes_out_and_comes_in(shop: Stage, asha: Tab, bilal: Tab) -> None:
    add(shop)
    file = asha.get("/texts/export.json")
    assert "attachment" in file.headers["content-disposition"]
    one = {"name": "Order ready", "message": MESSAGE, "category": "service", "language": None}
    assert json.loads(file.text) == {"wabox_texts": 1, "texts": [one]}
    assert _bring(asha, file.content) == "/texts?said=texts_same"
    assert _bring(bilal, file.content) == "/texts?said=texts_in"
    assert "Order ready" in words(bilal.get("/texts").text)
    other = file.content.replace(b"Hello", b"Dear")
    assert _bring(asha, other) == "/texts?said=texts_kept"
    assert every(shop)[0].message == MESSAGE
    assert _bring(asha, other, replace="1") == "/texts?said=texts_in"
    assert every(shop)[0].message.startswith("Dear")


def test_a_wrong_file_says_why_in_the_readers_language(shop: Stage, asha: Tab) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set language = 'bn'"))
    bad = json.dumps({"wabox_texts": 1, "texts": [{"name": " ", "message": "x"}]}).encode()
    files = {"file": ("texts.json", bad, "application/json")}
    answer = asha.ask("POST", "/texts/import", data={"_csrf": asha.csrf}, files=files)
    assert answer.status_code == 422
    assert "ফাইলের ১ নম্বর লেখা: লেখাটির একটি নাম দিন" in words(answer.text)
    assert every(shop) == []


def _bring(tab: Tab, data: bytes, **fields: str) -> str:
    files = {"file": ("texts.json", data, "application/json")}
    answer = tab.ask("POST", "/texts/import", data={"_csrf": tab.csrf, **fields}, files=files)
    assert answer.status_code == 303, words(answer.text)
    return str(answer.headers["location"])
