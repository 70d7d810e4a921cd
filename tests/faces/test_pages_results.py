"""What came of a campaign on its page, and whom it did not reach: as a file, with a tag, written to again."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from tests.faces.work import Work
from tests.some import some
from wabox.contacts import suppression
from wabox.dashboard.campaigns.page import curves
from wabox.db import Tx
from wabox.reports import Hour

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

TAGGED = "select group_concat(contact_id) from contact_tags where tag = 'again'"


def missed(shop: Stage, campaign_id: int) -> tuple[int, str]:
    """The contact that the campaign did not reach, and its number."""

    def ask(tx: Tx) -> tuple[int, str]:
        row = tx.one(
            "select contact_id, phone from messages where campaign_id = :id and status = 'failed'", id=campaign_id
        )
        assert row is not None
        return row["contact_id"], row["phone"]

    return shop.box.db.write_now(ask)


def test_a_campaign_shows_what_came_of_it(asha: Tab, work: Work) -> None:
    said = words(asha.get(f"/campaigns/{work.done}").text)
    assert "Audience 20 100 % Sent 19 95 % Delivered 13 65 % Read 6 30 % Replied 0 0 %" in said
    assert "Hour by hour" in said and "In the reports" in said
    planned = words(asha.get(f"/campaigns/{work.planned}").text)
    assert "What came of it" not in planned


def test_a_curve_is_drawn_of_three_hours_and_more() -> None:
    at = datetime(2026, 3, 10, 6, tzinfo=UTC)
    hours = tuple(Hour(at + timedelta(hours=n), 10 * n, 5 * n, n, 0) for n in range(3))
    assert curves(hours)["sent"] == "0.0,100.0 500.0,51.0 1000.0,2.0"
    assert curves(hours[:2]) == {}


def test_whom_it_did_not_reach_is_taken_along(asha: Tab, bilal: Tab, shop: Stage, work: Work) -> None:
    _, phone = missed(shop, work.done)
    answer = asha.get(f"/campaigns/{work.done}/not-reached.csv")
    lines = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [(one["phone"], one["status"], one["reason"]) for one in lines] == [
        (phone, "failed", "not_on_whatsapp")
    ]
    assert lines[0]["explanation"] and lines[0]["ended_at"].endswith("+00:00")
    assert shop.value("select count(*) from audit where action = 'contact.exported'") == 1
    assert bilal.get(f"/campaigns/{work.done}/not-reached.csv").status_code == 404


def test_they_are_tagged(asha: Tab, bilal: Tab, shop: Stage, work: Work) -> None:
    contact_id, _ = missed(shop, work.done)
    fields = {"reason": "*", "tag": "again", "deed": "tag"}
    assert bilal.post(f"/campaigns/{work.done}/not-reached", fields).status_code == 404
    answer = asha.post(f"/campaigns/{work.done}/not-reached", fields)
    assert answer.headers["location"] == f"/campaigns/{work.done}?said=many_tagged#not-reached"
    assert shop.value(TAGGED) == str(contact_id)


def test_they_are_written_to_again_and_nobody_else(asha: Tab, shop: Stage, work: Work) -> None:
    fields = {"reason": "not_on_whatsapp", "tag": "again", "deed": "write"}
    answer = asha.post(f"/campaigns/{work.done}/not-reached", fields)
    assert answer.headers["location"] == f"/campaigns/new?like={work.done}&tag=again"
    page = asha.get(answer.headers["location"]).text
    assert "Winter saris are here (copy)" in page
    said = words(asha.post("/campaigns/new/look", {"message": "Hi", "audience": "tag", "tag": "again"}).text)
    assert "1 person gets it" in said


@pytest.mark.parametrize("reason", ["*", "not_on_whatsapp"])
def test_who_wants_no_more_is_never_among_them(asha: Tab, shop: Stage, work: Work, reason: str) -> None:
    _, phone = missed(shop, work.done)
    shop.box.db.write_now(suppression.opt_out, shop.asha.id, phone, source="owner", now=shop.hands.now())
    answer = asha.post(f"/campaigns/{work.done}/not-reached", {"reason": reason, "tag": "again", "deed": "write"})
    assert "said=nobody_to_write_to" in answer.headers["location"]
    assert shop.value(TAGGED) is None


def test_who_may_have_got_it_is_told_and_not_written_to_again(asha: Tab, shop: Stage, work: Work) -> None:
    shop.box.db.write_now(
        lambda tx: tx.run(
            """update messages set status = 'unknown', error = 'no_answer'
               where campaign_id = :id and status = 'failed'""",
            id=work.done,
        )
    )
    assert ",unknown,no_answer," in asha.get(f"/campaigns/{work.done}/not-reached.csv").text
    asha.post(f"/campaigns/{work.done}/not-reached", {"reason": "*", "tag": "again", "deed": "tag"})
    assert shop.value(TAGGED) is None


@pytest.mark.parametrize("tag", ["", "x" * 65, "\n"])
def test_a_tag_that_is_none_changes_nothing(asha: Tab, shop: Stage, work: Work, tag: str) -> None:
    answer = asha.post(f"/campaigns/{work.done}/not-reached", {"reason": "*", "tag": tag, "deed": "tag"})
    assert "said=no_tag" in answer.headers["location"]
    assert (
        asha.post(f"/campaigns/{work.done}/not-reached", {"reason": "nothing", "tag": "again"}).status_code == 303
    )
    assert shop.value(TAGGED) is None


def test_whom_a_later_campaign_reached_is_not_written_to_twice(asha: Tab, shop: Stage, work: Work) -> None:
    contact_id, _ = missed(shop, work.done)
    later = """insert into messages (user_id, device_id, campaign_id, contact_id, phone, text, status, priority,
                 queued_at, new_chat)
               select user_id, device_id, :other, contact_id, phone, 'x', :status, 0, queued_at, 0 from messages
               where campaign_id = :id and status = 'failed'"""
    fields = {"reason": "*", "tag": "again", "deed": "write"}

    def came(status: str) -> None:
        shop.box.db.write_now(lambda tx: tx.run("delete from messages where text = 'x'"))
        shop.box.db.write_now(lambda tx: tx.run(later, other=work.planned, status=status, id=work.done))

    came("failed")
    assert "tag=again" in asha.post(f"/campaigns/{work.done}/not-reached", fields).headers["location"]
    for status in some(("queued", "sent", "read", "unknown")):
        came(status)
        answer = asha.post(f"/campaigns/{work.done}/not-reached", fields)
        assert "said=nobody_to_write_to" in answer.headers["location"], status
    assert shop.value(TAGGED) == str(contact_id)


def test_a_tag_that_others_have_is_no_audience_for_a_second_try(asha: Tab, shop: Stage, work: Work) -> None:
    contact_id, _ = missed(shop, work.done)
    answer = asha.post(f"/campaigns/{work.done}/not-reached", {"reason": "*", "tag": "Dhaka", "deed": "write"})
    assert answer.headers["location"] == f"/campaigns/new?like={work.done}&tag=Dhaka+2"
    assert shop.value("select group_concat(contact_id) from contact_tags where tag = 'Dhaka 2'") == str(contact_id)
