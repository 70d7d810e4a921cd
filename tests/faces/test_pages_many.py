"""What is done to many people at once, the filters of the list, and the page of tags."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, tags, words
from tests.faces.work import Work
from wabox.contacts import stored as contacts
from wabox.contacts import suppression, writing

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def add(shop: Stage, count: int, *tags_given: str, first: int = 1) -> list[int]:
    made = []
    for number in range(first, first + count):
        phone, name = f"88017115{number:05d}", f"Person {number}"
        contact, _ = shop.box.db.write_now(
            writing.upsert, shop.asha.id, phone=phone, name=name, tags=tags_given, now=shop.hands.now()
        )
        made.append(contact.id)
    return made


def tagged(shop: Stage, tag: str) -> set[int]:
    rows = shop.box.db.read_here(
        lambda rows: rows.all(
            "select contact_id from contact_tags where tag = :tag and user_id = :id", tag=tag, id=shop.asha.id
        )
    )
    return {row["contact_id"] for row in rows}


def there(shop: Stage) -> set[int]:
    return {row["id"] for row in shop.box.db.read_here(lambda rows: rows.all("select id from contacts"))}


def press(tab: Tab, path: str, fields: list[tuple[str, str]]) -> tuple[int, str, str]:
    body = urlencode([("_csrf", tab.csrf), *fields])
    answer = tab.ask("POST", path, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    return answer.status_code, answer.headers.get("location", ""), answer.text


def test_those_ticked_get_the_tag_and_lose_it(shop: Stage, asha: Tab) -> None:
    ids = add(shop, 3)
    fields = [("ids", str(ids[0])), ("ids", str(ids[2])), ("new_tag", " Eid ")]
    status, to, _ = press(asha, "/contacts/many", [*fields, ("deed", "tag"), ("q", "Person")])
    assert (status, to) == (303, "/contacts?q=Person&said=many_tagged")
    assert tagged(shop, "Eid") == {ids[0], ids[2]}
    assert "Who has fifty tags already was left out" in words(asha.get(to).text)
    press(asha, "/contacts/many", [("ids", str(ids[0])), ("new_tag", "EID"), ("deed", "untag")])
    assert tagged(shop, "Eid") == {ids[2]}
    assert shop.value("select count(*) from audit where action in ('contacts.tagged', 'contacts.untagged')") == 2


def test_all_that_were_found_are_meant_and_nobody_who_came_after(shop: Stage, asha: Tab) -> None:
    ids = add(shop, 60, "eid")
    page = asha.get("/contacts?tag=eid").text
    (until,) = [attrs["value"] for tag, attrs in tags(page) if attrs.get("name") == "until"]
    assert "All that were found, 60 people" in words(page)
    later = add(shop, 1, "eid", first=900)
    fields = [("all", "1"), ("tag", "eid"), ("until", str(until)), ("new_tag", "seen"), ("deed", "tag")]
    assert press(asha, "/contacts/many", fields)[0] == 303
    assert tagged(shop, "seen") == set(ids) and later[0] not in tagged(shop, "seen")


def test_removing_asks_and_many_want_their_number(shop: Stage, asha: Tab) -> None:
    ids = add(shop, 102)
    before = there(shop)
    few = [("ids", str(ids[0])), ("deed", "remove")]
    status, _, text = press(asha, "/contacts/many", few)
    assert status == 200 and "1 person is removed from the list." in words(text) and there(shop) == before
    again = [(attrs["name"], attrs["value"]) for _, attrs in tags(text) if attrs.get("type") == "hidden"]
    fields = [(str(name), str(value)) for name, value in again if name != "_csrf"]
    assert press(asha, "/contacts/many/remove", fields)[1] == "/contacts?said=many_removed"
    assert there(shop) == before - {ids[0]}
    every = [("all", "1"), ("q", "Person")]
    status, _, text = press(asha, "/contacts/many", [*every, ("deed", "remove")])
    assert "type how many they are: 101" in words(text)
    for sure in ("", "100", "x", "-101"):
        status, _, text = press(asha, "/contacts/many/remove", [*every, ("sure", sure)])
        assert status == 422 and "Type the number that stands here." in words(text)
    assert there(shop) == before - {ids[0]}
    assert press(asha, "/contacts/many/remove", [*every, ("sure", "১০১")])[0] == 303
    assert there(shop) == before - set(ids)
    assert (
        shop.value("select details ->> 'contacts' from audit where action = 'contacts.deleted' order by id") == 1
    )


def test_others_people_and_odd_forms_change_nothing(shop: Stage, asha: Tab, bilal: Tab) -> None:
    ids = add(shop, 2, "mine")
    before = there(shop)
    mine = [("ids", str(one)) for one in ids]
    press(bilal, "/contacts/many", [*mine, ("new_tag", "x"), ("deed", "tag")])
    press(bilal, "/contacts/many/remove", mine)
    press(bilal, "/contacts/many/remove", [("all", "1"), ("sure", "0")])
    press(bilal, "/contacts/tags/delete", [("tag", "mine")])
    press(bilal, "/contacts/tags/rename", [("tag", "mine"), ("name", "theirs")])
    for fields, said in (
        ([("deed", "tag"), ("new_tag", "x")], "nobody_chosen"),
        ([*mine, ("deed", "fly")], "nobody_chosen"),
        ([*mine, ("deed", "tag"), ("new_tag", " ")], "no_tag"),
        ([*mine, ("deed", "tag"), ("new_tag", "x" * 65)], "no_tag"),
        ([("ids", "x"), ("ids", "-1"), ("ids", "9" * 30), ("deed", "remove")], "nobody_chosen"),
        ([("ids", "999999"), ("deed", "remove")], "nobody_chosen"),
    ):
        assert press(asha, "/contacts/many", fields)[1].endswith(f"said={said}"), fields
    assert there(shop) == before and tagged(shop, "mine") == set(ids) and tagged(shop, "x") == set()


def test_a_contact_who_opted_out_stays_so_when_removed(shop: Stage, asha: Tab) -> None:
    (one,) = add(shop, 1)
    shop.box.db.write_now(suppression.opt_out, shop.asha.id, "8801711500001", source="owner", now=shop.hands.now())
    press(asha, "/contacts/many/remove", [("ids", str(one))])
    assert one not in there(shop)
    assert shop.box.db.read_here(suppression.is_out, shop.asha.id, "8801711500001")


@pytest.mark.parametrize("only", ["opted_out", "no_consent", "wrote", "never", "namesakes", "nonsense", ""])
def test_each_filter_is_a_pill_that_keeps_the_search(shop: Stage, asha: Tab, only: str) -> None:
    add(shop, 2, "eid")
    page = asha.get(f"/contacts?q=person&tag=eid&only={only}").text
    links = [attrs.get("href") for tag, attrs in tags(page) if tag == "a"]
    assert "/contacts?q=person&tag=eid&only=never" in links
    shown = {"opted_out", "wrote", "namesakes"}
    assert ("Nobody found" in words(page)) == (only in shown)


def test_tags_are_renamed_joined_after_a_question_and_deleted(shop: Stage, asha: Tab) -> None:
    first, second = add(shop, 2, "vip"), add(shop, 3, "regular", first=10)
    assert "vip" in words(asha.get("/contacts/tags").text)
    assert "2 people" in words(asha.get("/contacts/tags?tag=VIP").text)
    press(asha, "/contacts/tags/rename", [("tag", "vip"), ("name", "Very important")])
    assert tagged(shop, "Very important") == set(first)
    status, _, text = press(asha, "/contacts/tags/rename", [("tag", "Very important"), ("name", "Regular")])
    assert status == 200 and "There is such a tag with 3 people" in words(text)
    assert tagged(shop, "regular") == set(second)
    join = [("tag", "Very important"), ("name", "regular"), ("join", "1")]
    assert press(asha, "/contacts/tags/rename", join)[1] == "/contacts/tags?said=tags_joined"
    assert tagged(shop, "regular") == {*first, *second}
    status, _, text = press(asha, "/contacts/tags/rename", [("tag", "regular"), ("name", " ")])
    assert status == 422 and "A tag is not blank" in words(text)
    assert press(asha, "/contacts/tags/delete", [("tag", "Regular")])[1] == "/contacts/tags?said=tag_gone"
    assert tagged(shop, "regular") == set() and {*first, *second} <= there(shop)
    assert asha.get("/contacts/tags?tag=gone").status_code == 404
    for odd in ("%00", "x" * 300, "%20"):
        assert asha.get(f"/contacts/tags?tag={odd}").status_code in (200, 404)
    left = {one.tag for one in shop.box.db.read_here(contacts.tags, shop.asha.id)}
    assert not left & {"regular", "vip", "Very important"}


@pytest.mark.parametrize("verb", ["rename", "delete"])
def test_a_tag_that_a_planned_campaign_asks_for_stays(shop: Stage, work: Work, asha: Tab, verb: str) -> None:
    before = tagged(shop, "Dhaka")
    fields = [("tag", "dhaka"), ("name", "Capital")]
    status, _, text = press(asha, f"/contacts/tags/{verb}", fields)
    assert status == 422 and "The planned campaign “Friday reminder” asks for dhaka" in words(text)
    assert tagged(shop, "Dhaka") == before != set()
    press(asha, f"/campaigns/{work.planned}/stop", [])
    assert press(asha, f"/contacts/tags/{verb}", fields)[0] == 303
    assert tagged(shop, "Dhaka") == set()


def test_a_tag_of_a_campaign_that_runs_may_go(shop: Stage, work: Work, asha: Tab) -> None:
    assert press(asha, "/contacts/tags/delete", [("tag", "VIP")])[0] == 303  # its people are written down
    assert press(asha, "/contacts/tags/rename", [("tag", "Dhaka"), ("name", "DHAKA")])[0] == 303
    assert tagged(shop, "DHAKA") and not tagged(shop, "Dhaka")
