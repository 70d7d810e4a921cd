"""Campaigns that repeat, on pages: written, looked over, listed, changed, paused, deleted."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Any

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from tests.faces.test_pages_campaigns import hidden
from wabox.campaigns import repeating, repeats
from wabox.campaigns.occasions import Occasion
from wabox.campaigns.repeating import Wanted
from wabox.contacts import own, phones, segments, writing
from wabox.contacts.segments import Segment
from wabox.db import Tx

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

WEEKLY = {
    "name": "Offer",
    "message": "Hi {name}",
    "audience": "exactly",
    "contacted": "since",
    "days": "7",
    "phones": "all",
    "when": "week",
    "weekdays": "friday",
    "clock": "10:00",
}


@pytest.fixture
def people(shop: Stage) -> None:
    """120 people, three of whom have a birthday."""

    def add(tx: Tx) -> None:
        now = shop.hands.now()
        own.create(tx, shop.asha.id, name="birthday", kind="date", currency="", now=now)
        drafts = [
            writing.Draft(
                phones.Phone(f"8801711{n:06d}", flagged=False),
                name=f"Name {n}",
                fields={"birthday": "1990-03-11"} if n < 3 else {},
            )
            for n in range(120)
        ]
        writing.write(tx, shop.asha.id, drafts, now=now)

    shop.box.db.write_now(add)


def made(asha: Tab, form: dict[str, Any], **more: str) -> str:
    review = asha.post("/campaigns/new/review", form)
    assert review.status_code == 200, words(review.text)
    answer = asha.post("/campaigns", {**hidden(review.text), **more})
    assert answer.status_code == 303, words(answer.text)
    return answer.headers["location"]


def test_a_weekly_one_is_looked_over_listed_changed_paused_and_deleted(
    asha: Tab, shop: Stage, people: None
) -> None:
    review = words(asha.post("/campaigns/new/review", WEEKLY).text)
    assert "each Friday, 10:00" in review and "first on Friday 20 March, 10:00 (Asia/Dhaka)" in review
    assert "120 people get it" in review and "type how many" in review
    path = made(asha, WEEKLY, sure="120").partition("?")[0]
    assert path == "/campaigns/repeats/1"
    (one,) = shop.box.db.read_here(repeats.every, shop.asha.id)
    assert one.audience == '{"not_contacted_days":7}'  # before each run, not before today
    assert "next on Friday 20 March, 10:00" in words(asha.get("/campaigns").text)
    assert "Friday 20 March, 10:00 (Asia/Dhaka)" in words(asha.get("/campaigns/repeats").text)

    composer = asha.get("/campaigns/new?repeat=1").text
    assert "Change a repeating campaign" in words(composer) and 'value="now"' not in composer
    changed = {**WEEKLY, "repeat": "1", "stamp": str(one.version)}
    changed |= {"when": "month", "day": "৩১", "clock": "১৮:৩০", "most_runs": "3"}
    assert made(asha, changed, sure="120") == "/campaigns/repeats/1?said=repeat_changed"
    shown = words(asha.get(path).text)
    assert "each month on day 31, or its last one, 18:30" in shown and "How many times 3" in shown
    again = asha.post("/campaigns/new/review", changed)
    stale = asha.post("/campaigns", {**hidden(again.text), "sure": "120"})
    assert stale.status_code == 422 and "changed meanwhile" in words(stale.text)

    assert asha.post(f"{path}/pause").headers["location"].endswith("repeat_paused")
    assert "Paused" in words(asha.get("/campaigns").text)
    assert asha.post(f"{path}/resume").headers["location"].endswith("repeat_resumed")
    asha.post(f"{path}/delete")
    assert shop.value("select count(*) from repeats") == 0
    assert "Repeating campaign deleted" in words(asha.get("/admin/audit").text)


def test_one_by_birthdays_counts_who_has_one(asha: Tab, shop: Stage, people: None) -> None:
    form = {**WEEKLY, "audience": "everybody", "when": "date", "date_field": "birthday", "before": "3"}
    review = words(asha.post("/campaigns/new/review", form).text)
    assert "3 people get it" in review and "3 days before each person's birthday, 10:00" in review
    made(asha, form)
    (one,) = shop.box.db.read_here(repeats.every, shop.asha.id)
    assert (one.audience, one.occasion.days_before) == ("{}", 3)
    assert one.next_at is not None and one.next_at - shop.hands.now() < timedelta(days=1)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"weekdays": ""}, "Choose at least one day of the week."),
        ({"when": "month", "day": "32"}, "Choose a day of the month"),
        ({"when": "month", "day": "last"}, "Write a whole number."),
        ({"when": "date", "date_field": "city"}, "Choose the field that holds the date."),
        ({"when": "date", "date_field": "birthday", "before": "99"}, "At most 30 days before."),
        ({"clock": "25:00"}, "Write a time of day"),
        ({"ends_on": "2020-01-01"}, "there is no such day"),
        ({"ends_on": "soon"}, "Choose a day."),
        ({"most_runs": "0"}, "Write a number of times"),
        ({"plan": "1"}, "A planned campaign goes once"),
        ({"repeat": "1", "when": "now"}, "A repeating campaign repeats"),
        ({"name": "x" * 190}, "180 characters"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    asha: Tab, shop: Stage, people: None, given: dict[str, str], sentence: str
) -> None:
    answer = asha.post("/campaigns/new/review", WEEKLY | given)
    assert answer.status_code == 422 and sentence in words(answer.text)
    assert asha.post("/campaigns/new/look", WEEKLY | given).status_code == 200
    assert shop.value("select count(*) from repeats") == 0


def test_one_that_cannot_go_says_why_and_what_to_do(asha: Tab, bilal: Tab, shop: Stage, people: None) -> None:
    made(asha, WEEKLY, sure="120")
    shop.box.db.write_now(repeats.rest, 1, "no_devices", now=shop.hands.now())
    assert "choose others, then resume it" in words(asha.get("/campaigns/repeats").text)
    assert bilal.get("/campaigns/repeats/1").status_code == 404
    shop.box.db.write_now(lambda tx: tx.run("update repeats set device_ids = '[99]'"))
    refused = asha.post("/campaigns/repeats/1/resume")
    assert refused.status_code == 422 and "choose others" in words(refused.text)
    shop.box.db.write_now(lambda tx: tx.run("update users set language = 'bn'"))
    assert "প্রতি শুক্রবার, সকাল ১০:০০" in words(asha.get("/campaigns/repeats/1").text)


def test_since_when_nobody_wrote_stays_so_many_days_in_the_form(shop: Stage, people: None, asha: Tab) -> None:
    now = shop.hands.now()
    since = segments.write(Segment(not_contacted_since=now - timedelta(days=12)))
    field = shop.value("select id from contact_fields")

    def add(tx: Tx) -> tuple[repeats.Repeat, repeats.Repeat]:
        weekly = Wanted("Since", "Hi", since, Occasion("week", time(10), (4,)))
        early = Wanted("Early", "Hi", "{}", Occasion("date", time(10), (), field, 1))
        one, two = (
            repeating.add(tx, shop.asha.id, each, config=shop.box.config, now=now) for each in (weekly, early)
        )
        return one, two

    one, two = shop.box.db.write_now(add)
    assert hidden_days(asha.get(f"/campaigns/new?repeat={one.id}").text) == "12"
    assert "the day before each person's birthday" in words(asha.get(f"/campaigns/repeats/{two.id}").text)


def hidden_days(page: str) -> str:
    field = next(tag for tag in re.findall(r"<input[^>]*>", page) if 'name="days"' in tag)
    return re.search(r'value="([^"]*)"', field)[1]  # type: ignore[index]


def test_browsers_back_and_another_text_is_never_said_to_be_changed(asha: Tab, shop: Stage, people: None) -> None:
    made(asha, WEEKLY, sure="120")
    form = {**WEEKLY, "repeat": "1", "stamp": "1", "ticket": "b" * 22, "message": "Second"}
    for _ in range(2):  # pressed twice: the same answer
        assert made(asha, form, sure="120") == "/campaigns/repeats/1?said=repeat_changed"
    review = asha.post("/campaigns/new/review", {**form, "message": "Third"})
    stale = asha.post("/campaigns", {**hidden(review.text), "sure": "120"})
    assert stale.status_code == 422 and "changed meanwhile" in words(stale.text) and "Third" in stale.text
    assert shop.value("select message || version from repeats") == "Second2"


def test_browsers_back_and_another_start_makes_no_second_one(asha: Tab, shop: Stage, people: None) -> None:
    form = {**WEEKLY, "ticket": "c" * 22}
    once = made(asha, {**form, "when": "now", "audience": "everybody"}, sure="120")
    assert once.endswith("?said=campaign_made")
    for changed in (form, {**form, "when": "now", "audience": "everybody", "message": "Other"}):
        review = asha.post("/campaigns/new/review", changed)
        refused = asha.post("/campaigns", {**hidden(review.text), "sure": "120"})
        assert refused.status_code == 422 and "became a campaign before" in words(refused.text)
    assert shop.value("select count(*) from repeats") == 0
    assert shop.value("select count(*) from campaigns where message = 'Other'") == 0


def test_home_says_what_wabox_itself_paused_and_leads_there(
    asha: Tab, bilal: Tab, shop: Stage, people: None
) -> None:
    made(asha, {**WEEKLY, "name": "Weekly"}, sure="120")
    once = made(asha, {**WEEKLY, "name": "Once", "when": "now", "audience": "everybody"}, sure="120")
    once = once.partition("?")[0]
    assert "stands still" not in words(asha.get("/home/live").text)
    asha.post(f"{once}/pause")
    asha.post("/campaigns/repeats/1/pause")
    assert "stands still" not in words(asha.get("/home/live").text)  # whoever paused it knows
    asha.post("/campaigns/repeats/1/resume")

    def pause(tx: Tx) -> None:
        repeats.rest(tx, 1, "no_devices", now=shop.hands.now())
        tx.run("update campaigns set status_reason = 'insufficient_credits' where name = 'Once'")

    shop.box.db.write_now(pause)
    page = asha.get("/home/live").text
    for one in (
        "The campaign “Weekly” stands still. The phones it was to go from are deleted; choose others",
        "The campaign “Once” stands still. There were not enough credits at its time",
    ):
        assert one in words(page)
    now = page[page.index('id="now-title"') :]
    now = now[: now.index("</section>")]
    assert 'href="/campaigns/repeats/1"' in now and f'href="{once}"' in now and "All is well" not in now
    assert "stands still" not in words(bilal.get("/home/live").text)
    shop.box.db.write_now(lambda tx: tx.run("update users set language = 'bn'"))
    assert "ক্যাম্পেইন “Weekly” থেমে আছে। যে ফোন" in words(asha.get("/home/live").text)
