"""Fields of the user's own on pages: made, filled in, imported, exported, asked for, said, removed."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from tests.faces.test_pages_imports import run, uploaded
from wabox.contacts import own, writing
from wabox.times import local_day

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

LIST = """Name,Mobile,Due,Birthday,City
Rina,01711000001,"1,250",1990-04-25,ঢাকা
Karim,01711000002,99.50,1988-12-01,ঢাকা
Sumi,01711000003,3000,2001-01-31,Sylhet
"""
RINA, KARIM = "8801711000001", "8801711000002"


def give(shop: Stage, phone: str = RINA, **fields: str) -> int:
    now = shop.hands.now()
    contact, _ = shop.box.db.write_now(writing.upsert, shop.asha.id, phone=phone, fields=fields, now=now)
    return contact.id


def held(shop: Stage) -> dict[str, str]:
    found = shop.box.db.read_here(
        lambda rows: rows.all(
            "select f.name, v.value from field_values v join contact_fields f on f.id = v.field_id"
        )
    )
    return {row["name"]: row["value"] for row in found}


def test_a_field_is_made_renamed_and_removed(asha: Tab, shop: Stage) -> None:
    assert "No field yet" in words(asha.get("/contacts/fields").text)
    answer = asha.post("/contacts/fields", {"name": "due", "shape": "number/money"})
    assert answer.headers["location"] == "/contacts/fields?said=field_made"
    give(shop, due="1250")
    said = words(asha.get("/contacts/fields").text)
    assert "{due}" in said and "Money, like ৳1,250" in said and "1 person" in said
    path = f"/contacts/fields/{shop.value('select id from contact_fields')}"
    assert 'value="due"' in asha.get(path).text
    assert asha.post(path, {"name": "owes", "shape": "number/thousands"}).status_code == 303
    assert held(shop) == {"owes": "1250"}
    assert asha.post(f"{path}/remove").headers["location"] == "/contacts/fields?said=field_removed"
    assert held(shop) == {} and shop.value("select count(*) from contact_fields") == 0
    assert shop.value("select count(*) from audit where action = 'contact.field_removed'") == 1


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": "Due", "shape": "text/plain"}, "small letters"),
        ({"name": "tag", "shape": "text/plain"}, "tag is what wabox calls something else"),
        ({"name": "city", "shape": "text/plain"}, "There is a field city already"),
        ({"name": "x", "shape": "text/money"}, "Choose what the field holds"),
        ({"name": "x"}, "Choose what the field holds"),
    ],
)
def test_what_is_wrong_with_a_field_stands_with_it(
    asha: Tab, shop: Stage, typed: dict[str, str], says: str
) -> None:
    give(shop, city="Dhaka")
    answer = asha.post("/contacts/fields", typed)
    assert answer.status_code == 422 and says in words(answer.text)
    assert shop.value("select count(*) from contact_fields") == 1


def test_a_kind_that_values_do_not_fit_is_told_on_the_fields_page(asha: Tab, shop: Stage) -> None:
    give(shop, city="Dhaka")
    path = f"/contacts/fields/{shop.value('select id from contact_fields')}"
    answer = asha.post(path, {"name": "city", "shape": "date/day"})
    assert answer.status_code == 422 and "1 values are no dates, like “Dhaka”" in words(answer.text)
    assert held(shop) == {"city": "Dhaka"}


def test_a_person_is_shown_and_changed_with_their_fields(asha: Tab, shop: Stage) -> None:
    asha.post("/contacts/fields", {"name": "birthday", "shape": "date/day"})
    contact_id = give(shop, city="Dhaka")
    page = asha.get(f"/contacts/{contact_id}").text
    assert 'name="own_city"' in page and 'name="own_birthday"' in page
    answer = asha.post(f"/contacts/{contact_id}", {"own_city": "", "own_birthday": "২৫/০৪/১৯৯০"})
    assert answer.status_code == 303
    assert held(shop) == {"birthday": "1990-04-25"}
    assert "25 April 1990" in words(asha.get(f"/contacts/{contact_id}").text)
    assert "birthday: 25 April 1990" in words(asha.get("/contacts?q=birthday:1990").text)
    wrong = asha.post(f"/contacts/{contact_id}", {"own_birthday": "soon", "name": "Rina"})
    assert wrong.status_code == 422 and "birthday is no date: “soon”" in words(wrong.text)
    assert held(shop) == {"birthday": "1990-04-25"}
    assert asha.post(f"/contacts/{contact_id}", {"name": "Rina"}).status_code == 303
    assert held(shop) == {"birthday": "1990-04-25"}, "a form that did not have the field does not clear it"


def test_a_new_person_comes_with_fields(asha: Tab, shop: Stage) -> None:
    asha.post("/contacts/fields", {"name": "city", "shape": "text/plain"})
    assert 'name="own_city"' in asha.get("/contacts/new").text
    assert asha.post("/contacts", {"phone": "01711000009", "own_city": "<b>Dhaka"}).status_code == 303
    assert held(shop) == {"city": "<b>Dhaka"}
    assert "<b>Dhaka" not in asha.get("/contacts").text


def test_a_page_with_fifty_fields_and_fifty_tags_is_saved(asha: Tab, shop: Stage) -> None:
    fields = {f"field_{number}": "x" for number in range(50)}
    contact_id = give(shop, **fields)
    form: dict[str, object] = {f"own_{name}": "y" for name in fields}
    answer = asha.post(f"/contacts/{contact_id}", {**form, "tags": [f"t{number}" for number in range(50)]})
    assert answer.status_code == 303
    assert set(held(shop).values()) == {"y"} and shop.value("select count(*) from contact_tags") == 50


FILE = "Phone,City,জন্মদিন,Note\n01711000001,Dhaka,২৫/০৪/১৯৯০,x\n01711000002,Sylhet,soon,y\n"


def test_columns_that_nothing_uses_are_offered_with_examples_and_kept_when_ticked(asha: Tab, shop: Stage) -> None:
    path = uploaded(asha, FILE)
    page = asha.get(path).text
    said = words(page)
    assert "More columns" in said and "Dhaka, Sylhet" in said and 'value="birthday"' in page
    chosen = {"column_phone": "0", "column_custom": "3", "header_row": "1", "own_1": "1", "own_name_1": "city"}
    chosen |= {"own_kind_1": "text", "own_2": "1", "own_name_2": "birthday", "own_kind_2": "date"}
    shown = asha.post(f"{path}/columns", chosen, headers={"HX-Request": "true"})
    assert "birthday is no date: “soon”" in words(shown.text)
    assert shop.value("select count(*) from contact_fields") == 0
    assert asha.post(f"{path}/start", chosen).status_code == 303
    run(shop, path)
    assert held(shop) == {"city": "Dhaka", "birthday": "1990-04-25"}
    assert shop.value("select refused from imports") == 1


def test_a_name_that_cannot_be_one_stands_with_its_column(asha: Tab, shop: Stage) -> None:
    path = uploaded(asha, FILE)
    chosen = {"column_phone": "0", "header_row": "1", "own_1": "1", "own_name_1": "Tag", "own_kind_1": "text"}
    answer = asha.post(f"{path}/start", chosen)
    assert answer.status_code == 422 and "small letters" in words(answer.text)
    assert shop.value("select status from imports") == "uploaded"


def test_an_export_has_every_field(asha: Tab, shop: Stage) -> None:
    give(shop, city="=1+1", due="1250")
    give(shop, KARIM)
    rows = list(csv.DictReader(io.StringIO(asha.get("/contacts/export.csv").text.removeprefix("\ufeff"))))
    assert {row["phone"]: (row["city"], row["due"]) for row in rows} == {RINA: ("'=1+1", "1250"), KARIM: ("", "")}


AUDIENCE = {"name": "Birthdays", "message": "Hi {name:you} in {city:town}", "audience": "exactly"}


def test_a_campaign_asks_for_fields_and_says_them(asha: Tab, shop: Stage) -> None:
    asha.post("/contacts/fields", {"name": "born", "shape": "date/day"})
    today = local_day(shop.hands.now(), shop.box.config.zone)
    give(shop, city="Dhaka", born=f"1988-{today:%m-%d}")
    give(shop, KARIM, city="Dhaka", born=f"1988-{today + timedelta(days=2):%m-%d}")
    page = asha.get("/campaigns/new").text
    assert "{city}" in words(page) and 'name="field_1"' in page
    rows = {"field_1": "city", "op_1": "is", "value_1": "dhaka", "field_2": "born", "op_2": "today"}
    review = asha.post("/campaigns/new/review", {**AUDIENCE, **rows})
    said = words(review.text)
    assert review.status_code == 200 and "born falls on today" in said and "city is dhaka" in said
    assert "Hi you in Dhaka" in said
    assert asha.post("/campaigns", {**AUDIENCE, **rows, "shown": "1"}).status_code == 303
    audience = shop.value("select audience from campaigns")
    assert '"op":"on_day","value":"today"' in audience
    campaign_id = shop.value("select id from campaigns")
    again = asha.get(f"/campaigns/new?like={campaign_id}").text
    assert re.search(r'value="today"\s+selected', again) and 'value="dhaka"' in again
    within = {**rows, "op_2": "within_days", "value_2": "2"}
    assert asha.post("/campaigns", {**AUDIENCE, **within, "shown": "2"}).status_code == 303


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (("town", "is", "x"), "There is no field town; there are city"),
        (("city", "more", "5"), "city holds text"),
        (("city", "nonsense", "5"), "Choose what is asked"),
        (("city", "is", ""), "Say what city is compared with"),
    ],
)
def test_what_cannot_be_asked_stands_with_the_audience(
    asha: Tab, shop: Stage, row: tuple[str, str, str], says: str
) -> None:
    give(shop, city="Dhaka")
    asked = dict(zip(("field_1", "op_1", "value_1"), row, strict=True))
    for path in ("/campaigns/new/review", "/campaigns"):
        answer = asha.post(path, {**AUDIENCE, **asked, "shown": "1"})
        assert answer.status_code == 422 and says in words(answer.text), path
    assert says in words(asha.post("/campaigns/new/look", {**AUDIENCE, **asked}).text)
    assert shop.value("select count(*) from campaigns") == 0


def test_an_earlier_audience_whose_field_is_gone_says_so_and_reaches_nobody(asha: Tab, shop: Stage) -> None:
    give(shop, city="Dhaka")
    rows = {"field_1": "city", "op_1": "present"}
    asha.post("/campaigns", {**AUDIENCE, "message": "Hi", **rows, "shown": "1"})
    campaign_id = shop.value("select id from campaigns")
    path = f"/contacts/fields/{shop.value('select id from contact_fields')}"
    assert "still needs city" in words(asha.post(f"{path}/remove").text)
    asha.post(f"/campaigns/{campaign_id}/stop")
    assert asha.post(f"{path}/remove").status_code == 303
    assert "city is filled in" in words(asha.get(f"/campaigns/{campaign_id}").text)
    again = asha.get(f"/campaigns/new?like={campaign_id}")
    assert again.status_code == 200 and "There is no field city" in words(again.text)
    assert asha.get("/campaigns").status_code == 200
    wrong = asha.post("/campaigns", {**AUDIENCE, "message": "Hi", **rows, "shown": "1"})
    assert wrong.status_code == 422 and shop.value("select count(*) from campaigns") == 1


def test_the_form_at_home_and_a_reply_say_them(asha: Tab, shop: Stage) -> None:
    give(shop, city="Dhaka")
    shown = asha.post("/send/preview", {"phone": RINA, "message": "From {city:x}"})
    assert "From Dhaka" in words(shown.text)
    wrong = asha.post("/send/preview", {"phone": RINA, "message": "From {ctiy}"})
    assert "{ctiy}" in words(wrong.text) and "{city}" in words(wrong.text)
    assert shop.box.db.read_here(own.names, shop.asha.id) == ("city",)


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        (("due", "more", "1000"), 2),
        (("due", "less", "500.50"), 1),
        (("due", "is", "১২৫০"), 1),
        (("birthday", "before", "1991-01-01"), 2),
        (("birthday", "after", "25/04/1990"), 1),
        (("city", "is", "ঢাকা"), 2),
    ],
)
def test_columns_of_a_list_choose_who_gets_a_campaign(
    asha: Tab, shop: Stage, asked: tuple[str, str, str], reached: int
) -> None:
    path = uploaded(asha, LIST)
    form = {"column_phone": "1", "column_name": "0", "header_row": "1"}
    for place, (name, kind) in enumerate([("due", "number"), ("birthday", "date"), ("city", "text")], 2):
        form |= {f"own_{place}": "1", f"own_name_{place}": name, f"own_kind_{place}": kind}
    assert asha.post(f"{path}/start", form).status_code == 303
    run(shop, path)
    field, op, value = asked
    rows = {
        "field_1": field,
        "op_1": op,
        "value_1": value,
        "message": "Hi {name:friend}, {due:0} from {city:here}",
    }
    review = asha.post("/campaigns/new/review", {**AUDIENCE, **rows})
    assert review.status_code == 200, words(review.text)
    assert asha.post("/campaigns", {**AUDIENCE, **rows, "shown": str(reached)}).status_code == 303
