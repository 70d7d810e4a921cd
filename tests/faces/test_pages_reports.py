"""Reports on pages: periods, filters, the chart with its table, CSV, and what is asked wrongly."""

from __future__ import annotations

import csv
import io

import pytest

from tests.cast import Stage
from tests.faces.conftest import OpenTab
from tests.faces.tab import Tab, words
from tests.faces.work import Work, limited
from wabox.db import Tx
from wabox.messages import counting

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def test_the_reports_draw_the_days_and_say_them_in_a_table(asha: Tab, work: Work) -> None:
    page = asha.get("/reports").text
    said = words(page)
    assert "Sent 57" in said and "Failed 6" in said
    assert "13 Mar: 57 sent, 38 delivered, 18 read, 6 failed" in said
    assert "13 Mar 57 38 18 2 6 0 1" in said  # Jamal wrote STOP
    assert page.count('class="chart-day"') == 30
    assert "Credits" not in said


@pytest.mark.parametrize(
    ("query", "days", "row"),
    [
        ("?period=7", 7, "13 Mar 57 38 18 2 6 0 1"),
        ("?period=90", 90, "7 Mar – 13 Mar 57 38 18 2 6 0 1"),
        ("?since=2026-03-12&until=2026-03-14", 3, "13 Mar 57 38 18 2 6 0 1"),
        ("?source=campaign", 30, "13 Mar 43 "),
        ("?tag=vip", 30, "13 Mar 19 13 6 0 1 0 "),
        ("?device=primary", 30, "13 Mar "),
    ],
)
def test_a_report_is_of_what_was_chosen(asha: Tab, work: Work, query: str, days: int, row: str) -> None:
    page = asha.get(f"/reports{query}").text
    assert page.count('class="chart-day"') == days
    assert row in words(page)


def test_a_campaign_alone(asha: Tab, bilal: Tab, work: Work) -> None:
    assert "13 Mar 19 13 6 0 1 0 " in words(asha.get(f"/reports?campaign={work.done}").text)
    assert bilal.get(f"/reports?campaign={work.done}").status_code == 404
    for wrong in ("campaign=x", "campaign=0", f"campaign={2**70}", "campaign=999999", "device=nobody"):
        assert asha.get(f"/reports?{wrong}").status_code == 404, wrong


@pytest.mark.parametrize(
    "query", ["since=2026-02-30", "since=x", "since=2026-03-14&until=2026-03-13", "since=0001-01-01"]
)
def test_days_that_are_none_are_named_and_the_usual_ones_shown(asha: Tab, work: Work, query: str) -> None:
    page = asha.get(f"/reports?{query}")
    assert page.status_code == 200 and page.text.count('class="chart-day"') == 30
    assert 'role="alert"' in page.text
    assert asha.get(f"/reports.csv?{query}").status_code == 422


def test_the_days_are_taken_along_as_csv(asha: Tab, bilal: Tab, work: Work) -> None:
    answer = asha.get("/reports.csv?since=2026-03-12&until=2026-03-13&source=campaign")
    assert answer.headers["content-disposition"] == 'attachment; filename="reports-2026-03-12-2026-03-13.csv"'
    lines = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [(one["date"], one["sent"], one["failed"]) for one in lines] == [
        ("2026-03-12", "0", "0"),
        ("2026-03-13", "43", "4"),
    ]
    assert ",57," not in bilal.get("/reports.csv").text


def test_a_new_box_has_reports_without_numbers(shop: Stage, open_tab: OpenTab) -> None:
    shop.box.db.write_now(lambda tx: tx.run("delete from report_counts"))
    tab = open_tab("asha@example.com")
    assert "No numbers yet" in words(tab.get("/reports").text)
    assert "Nothing in this time" in words(tab.get("/reports?period=7").text)


def test_older_messages_that_are_still_counted_are_named(asha: Tab, shop: Stage, work: Work) -> None:
    def older(tx: Tx) -> None:
        tx.run("insert into box (key, value) values (:key, '1')", key=counting.LEFT)

    assert "still being counted" not in words(asha.get("/reports").text)
    shop.box.db.write_now(older)
    assert "still being counted" in words(asha.get("/reports").text)


def test_the_period_stays_while_the_ledger_is_turned(asha: Tab, shop: Stage, work: Work) -> None:
    limited(shop, 500)
    assert "Credits 500" in words(asha.get("/reports?period=7&before=9").text)
