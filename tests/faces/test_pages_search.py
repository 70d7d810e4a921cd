"""To by name at "Send a message", and the search over everything."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, tags, words
from tests.faces.work import Work
from wabox.contacts import writing

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def add(shop: Stage, phone: str, name: str | None) -> int:
    found, _ = shop.box.db.write_now(writing.upsert, shop.asha.id, phone=phone, name=name, now=shop.hands.now())
    return found.id


def sent(shop: Stage) -> list[str]:
    rows = shop.box.db.read_here(lambda rows: rows.all("select phone from messages order by id"))
    return [row["phone"] for row in rows]


def options(page: str) -> list[tuple[Any, Any]]:
    return [
        (attrs["data-phone"], attrs["data-written"])
        for tag, attrs in tags(page)
        if tag == "li" and "data-phone" in attrs
    ]


def asked(page: str) -> list[str | None]:
    """Whom the page asks about."""
    return [
        attrs["value"] for tag, attrs in tags(page) if attrs.get("type") == "radio" and attrs["name"] == "whom"
    ]


def test_people_follow_what_is_typed(shop: Stage, asha: Tab, bilal: Tab) -> None:
    add(shop, "8801711500001", "Karim Hossain")
    add(shop, "8801711500002", None)
    found = options(asha.get("/send/whom?q=hossain").text)
    assert found == [("8801711500001", "Karim Hossain, +880 1711-500001")]
    assert options(asha.get("/send/whom?q=017115").text)[1] == ("8801711500002", "+880 1711-500002")
    assert options(asha.get("/send/whom?q=").text) == options(asha.get("/send/whom").text) == []
    assert options(bilal.get("/send/whom?q=hossain").text) == []
    shop.box.db.write_now(lambda tx: tx.run("update users set language = 'bn'"))
    assert options(asha.get("/send/whom?q=১৭১১৫০০০০২").text) == [("8801711500002", "+৮৮০ ১৭১১-৫০০০০২")]


def test_a_choice_goes_to_that_person(shop: Stage, asha: Tab) -> None:
    add(shop, "8801711500001", "Karim Hossain")
    before = sent(shop)
    chosen = {"phone": "Karim Hossain, +880 1711-500001", "whom": "8801711500001"}
    fields = {**chosen, "whom_for": chosen["phone"], "message": "Hi {name}", "ticket": "w1"}
    assert "Hi Karim Hossain" in words(asha.post("/send/preview", fields).text)
    assert asha.post("/send", fields).status_code == 303
    assert sent(shop) == [*before, "8801711500001"]


def test_a_name_asks_whom_it_means_and_nothing_goes(shop: Stage, asha: Tab) -> None:
    add(shop, "8801711500001", "Karim Hossain")
    add(shop, "8801711500002", "Karim Uddin")
    before = sent(shop)
    fields = {"phone": "karim", "message": "Hi", "ticket": "w2"}
    answer = asha.post("/send", fields)
    assert answer.status_code == 422 and "Choose whom you mean." in words(answer.text)
    assert {"8801711500001", "8801711500002"} <= set(asked(answer.text))
    assert sent(shop) == before
    one = asha.post("/send", {**fields, "phone": "Karim Uddin"})  # the only one, and still a person says yes
    assert one.status_code == 422 and asked(one.text) == ["8801711500002"]
    again = asha.post(
        "/send", {**fields, "phone": "Karim Uddin", "whom_for": "Karim Uddin", "whom": "8801711500002"}
    )
    assert again.status_code == 303 and sent(shop) == [*before, "8801711500002"]


def test_a_choice_is_void_when_the_field_says_something_else(shop: Stage, asha: Tab) -> None:
    add(shop, "8801711500001", "Karim Hossain")
    before = sent(shop)
    fields = {"whom": "8801711500001", "whom_for": "Karim Hossain", "message": "Hi", "ticket": "w3"}
    answer = asha.post("/send", {**fields, "phone": "Karim"})
    assert answer.status_code == 422 and sent(shop) == before
    assert asha.post("/send", {**fields, "phone": "01711999888"}).status_code == 303
    assert sent(shop) == [*before, "8801711999888"]


@pytest.mark.parametrize("chosen", ["", "x", "12", "8801711500001 or so", "9" * 400, "123456789012345@lid"])
def test_a_forged_choice_is_refused_or_not_looked_at(shop: Stage, asha: Tab, chosen: str) -> None:
    before = sent(shop)
    fields = {
        "phone": "Nobody at all",
        "whom_for": "Nobody at all",
        "whom": chosen,
        "message": "Hi",
        "ticket": "w4",
    }
    assert asha.post("/send", fields).status_code == 422
    assert sent(shop) == before


@pytest.mark.parametrize("kept", ["1711000203", "9607712345", "98765432"])
def test_a_number_that_is_kept_is_not_read_as_one_at_home(shop: Stage, asha: Tab, kept: str) -> None:
    add(shop, kept, "Far Away")
    before = sent(shop)
    fields = {"phone": "Far Away", "whom_for": "Far Away", "whom": kept, "message": "Hi", "ticket": "w6"}
    assert asha.post("/send", fields).status_code == 303
    assert sent(shop) == [*before, kept]
    (field,) = [attrs for _, attrs in tags(asha.get(f"/?phone={kept}").text) if attrs.get("id") == "phone"]
    assert str(field["value"]).startswith("Far Away, ")


def test_what_was_chosen_stays_when_something_else_is_wrong(shop: Stage, asha: Tab) -> None:
    add(shop, "8801711500001", "Karim Hossain")
    to = "Karim Hossain, +880 1711-500001"
    fields = {"phone": to, "whom_for": to, "whom": "8801711500001", "message": "", "ticket": "w5"}
    page = asha.post("/send", fields)
    assert page.status_code == 422
    hidden = {attrs["name"]: attrs["value"] for tag, attrs in tags(page.text) if attrs.get("type") == "hidden"}
    assert (hidden["whom"], hidden["whom_for"]) == ("8801711500001", to)


def test_a_link_with_a_number_names_the_person(shop: Stage, asha: Tab) -> None:
    add(shop, "8801711500001", "Karim Hossain")
    (field,) = [attrs for _, attrs in tags(asha.get("/?phone=01711500001").text) if attrs.get("id") == "phone"]
    assert field["value"] == "Karim Hossain, +880 1711-500001"
    for number in ("01711999777", "nonsense"):
        (field,) = [attrs for _, attrs in tags(asha.get(f"/?phone={number}").text) if attrs.get("id") == "phone"]
        assert field["value"] == number


def test_one_search_finds_people_campaigns_messages_and_what_was_written(
    shop: Stage, work: Work, asha: Tab, bilal: Tab
) -> None:
    assert "Nothing found" in words(asha.get("/search?q=nasrin").text)
    assert f'href="/contacts/{work.contacts[1]}"' in asha.get("/search?q=8801711300001").text
    assert f'href="/campaigns/{work.done}"' in asha.get("/search?q=winter saris").text
    written = asha.get("/search/found?q=deliver to Sylhet").text
    assert "/inbox/8801999000111#latest" in written and "<html" not in written
    assert "Eid sale: 20 %" in words(asha.get("/search?q=off all saris").text)
    newest = shop.value("select max(id) from messages")
    assert f'href="/messages/{newest}"' in asha.get(f"/search?q={newest}").text
    assert f'href="/messages/{newest}"' in asha.get(f"/search?q=%23{newest}").text
    for q in ("Rina Akter", "winter saris", "Sylhet", str(newest)):
        assert "/messages/" not in bilal.get(f"/search/found?q={q}").text
        assert "Winter saris" not in words(bilal.get(f"/search/found?q={q}").text)


@pytest.mark.parametrize("q", ["", "x", "%25", "%00", "x" * 5_000, "99999999999999999999", "%23", "<b>", "\u202e"])
def test_odd_searches_are_answered(asha: Tab, q: str) -> None:
    for path in ("/search", "/search/found", "/send/whom"):
        assert asha.get(f"{path}?q={q}").status_code == 200
