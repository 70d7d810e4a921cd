"""Campaigns, people, queue, inbox and reports in a real Chromium, as test_pages_browser does it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import browsers
from tests.cast import Stage
from tests.faces.windows import PHONE, address, chromium, judge, log_in, look, turning, window
from tests.faces.work import Work, limited
from tests.pictures import drawn
from tests.some import some
from wabox.db import Tx
from wabox.engine.importing import Importing

__all__ = ["address", "chromium"]  # fixtures

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.skipif(browsers.SHELL is None, reason="there is no chromium on this machine"),
]

FILE = "Customer name,Mobile no,Group,Place\nRina Akter,1711300001,VIP,Dhaka\nরহিম,০১৯১১২২২৩৩৩,নতুন,\nNobody,12,,\n"


def pages(work: Work) -> list[str]:
    return [
        "/",
        "/campaigns",
        "/campaigns?status=stopped",
        "/campaigns/new",
        "/campaigns/new?tag=VIP",
        "/campaigns/repeats",
        "/campaigns/repeats/1",
        "/campaigns/new?repeat=1",
        f"/campaigns/new?like={work.planned}",
        f"/campaigns/{work.running}",
        f"/campaigns/{work.paused}?state=failed",
        f"/campaigns/{work.planned}",
        f"/campaigns/{work.running}/revoke",
        "/contacts",
        "/contacts?q=nobody+like+this",
        "/contacts/new",
        f"/contacts/{work.contacts[1]}",
        f"/contacts/{work.contacts[6]}",
        "/contacts/fields",
        "/contacts/tags",
        "/contacts/audiences?tag=VIP",
        "/contacts/tags?tag=VIP",
        "/contacts?only=namesakes",
        "/contacts/fields/1",
        "/contacts/import",
        "/queue",
        "/inbox",
        "/inbox?q=nobody+like+this",
        "/inbox/8801711300001",
        "/inbox/8801711300001/enclose?q=a",
        "/inbox/8801711300006",
        "/files",
        "/?media=1",
        "/campaigns/new?media=1",
        "/reports",
        "/reports?period=90&device=primary",
        f"/campaigns/{work.done}",
    ]


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_buttons_put_variables_and_emoji_where_one_writes(
    chromium: Browser, address: str, shop: Stage, work: Work
) -> None:
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(f"{address}/campaigns/new")
        page.fill("#message", "Hi , come")
        page.evaluate("document.getElementById('message').setSelectionRange(3, 3)")
        with page.expect_response("**/campaigns/new/preview"):
            page.locator('[data-put="{name}"]').click()
        expect(page.locator("#message")).to_have_value("Hi {name}, come")
        expect(page.locator("#message")).to_be_focused()
        page.locator(".emoji summary").focus()
        page.keyboard.press("Enter")
        page.locator('[data-put="🎁"]').press("Enter")
        expect(page.locator("#message")).to_have_value("Hi {name}🎁, come")
        page.keyboard.press("Escape")
        expect(page.locator(".emoji-list")).to_be_hidden()
        assert fits(page) and said == []


def test_the_readers_key_goes_into_the_samples_of_a_chapter(chromium: Browser, address: str, shop: Stage) -> None:
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(f"{address}/docs/messages")
        sample = page.locator("#sample-post-send")
        expect(sample).to_contain_text("YOUR_API_KEY")
        page.fill("#own-key", "wbx_mine")
        page.click("[data-key-put]")
        expect(sample).to_contain_text("wbx_mine")
        page.fill("#own-key", "it's no key")
        page.press("#own-key", "Enter")
        expect(sample).to_contain_text("YOUR_API_KEY")
        assert fits(page) and judge(page) == [] and said == []


@pytest.mark.timeout(400)  # many pages, where the machine is busy with much else
@pytest.mark.parametrize(("width", "scheme", "language"), [(360, "light", "en"), (1280, "dark", "bn")])
def test_every_page_is_sound(
    chromium: Browser, address: str, shop: Stage, work: Work, width: int, scheme: str, language: str
) -> None:
    """On the screen of a phone, and of a desk. Each language is judged on one, and fits both."""
    limited(shop)
    shop.box.db.write_now(lambda tx: tx.run("update users set language = :one", one=language))
    with window(chromium, width, color_scheme=scheme, is_mobile=width == PHONE) as (_, page, said):
        log_in(page, address)
        for path in some(pages(work)):
            page.goto(address + path)
            assert look(page, width) == [], path
        assert said == []


def test_the_numbers_and_the_preview_follow_the_composer(
    chromium: Browser, address: str, shop: Stage, work: Work
) -> None:
    with window(chromium, 1280) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/campaigns/new")
        page.fill("#name", "Quick one")
        page.locator("#message").press_sequentially("Dear {name:friend}")
        page.wait_for_selector("#preview .bubble:has-text('Dear শিরিন')")
        assert not page.is_visible("#tag")
        page.check("input[name=audience][value=tag]", force=True)
        page.select_option("#tag", "VIP")
        page.wait_for_selector("#ahead .will-go strong:has-text('19')")
        page.check("input[name=audience][value=exactly]", force=True)
        page.check("input[name=any][value=VIP]", force=True)
        page.check("input[name=none][value=Dhaka]", force=True)
        page.wait_for_selector("#ahead .will-go strong:has-text('10')")
        page.wait_for_selector("#preview .bubble:has-text('Dear friend')")
        assert page.locator("#preview .bubble").count() == 4
        assert judge(page) == []
        page.click("button:has-text('Look it over')")
        page.wait_for_url("**/review")
        assert judge(page) == []
        page.click("button:has-text('Send it to 10 people now')")
        page.wait_for_selector("main .notice-good")
        page.click("main .split-main button:has-text('Stop')")
        dialog = page.locator(".dialog:popover-open")
        assert judge(page) == []
        dialog.locator(".button-bad").click()
        page.wait_for_selector(".state-line .chip:has-text('Stopped')")
        assert said == []


def test_the_preview_follows_the_number_too(chromium: Browser, address: str, shop: Stage, work: Work) -> None:
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/")
        page.fill("#message", "Hello {name:friend}")
        page.wait_for_selector("#preview .bubble:has-text('Hello friend')")
        page.locator("#phone").press_sequentially("01711300001")
        page.wait_for_selector("#preview .bubble:has-text('Hello মোহাম্মদ রহিম উদ্দিন')")
        page.click("button:has-text('Send to me')")
        page.wait_for_selector("#to-self .notice-good:has-text('+880 1711-123456')")
        expect(page.locator("#message")).to_have_value("Hello {name:friend}")
        assert fits(page) and said == []


def test_a_draft_that_is_not_finished_is_looked_at_all_the_same(
    chromium: Browser, address: str, work: Work
) -> None:
    with window(chromium, 1280) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/campaigns/new")
        page.check("input[name=audience][value=tag]", force=True)
        page.select_option("#tag", "VIP")
        page.wait_for_selector("#ahead .will-go strong:has-text('19')")
        assert page.evaluate("document.activeElement.id") != "name"  # no browser asks for what is still empty
        assert said == []


def test_many_contacts_are_counted_after_the_page_is_there(
    chromium: Browser, address: str, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wabox.dashboard.campaigns.composer.MOST_COUNTED_AT_ONCE", 10)
    with window(chromium, 1280) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/campaigns/new?tag=VIP")
        page.wait_for_selector("#ahead .will-go strong:has-text('19')")
        assert said == []


def test_a_campaign_moves_on_the_screen_by_itself(
    chromium: Browser, address: str, shop: Stage, work: Work
) -> None:
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/campaigns")
        page.wait_for_selector(f"#campaign-{work.running} .chip:has-text('Sending')")
        shop.box.db.write_now(
            lambda tx: tx.run("update campaigns set sent = total - failed, status = 'completed' where id = 3")
        )
        page.wait_for_selector(f"#campaign-{work.running} .chip:has-text('Done')")
        assert said == []


def test_a_file_is_imported_under_the_eyes_of_the_owner(
    chromium: Browser, address: str, shop: Stage, work: Work, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(FILE, encoding="utf-8")
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/contacts/import")
        page.set_input_files("#file", file)
        page.click("button:has-text('Upload and look')")
        page.wait_for_selector("#foreseen .chip:has-text('Refused')")
        assert fits(page) and judge(page) == []
        page.select_option("#column_tag", "")
        page.wait_for_selector("#foreseen .used:has-text('Tags')", state="detached")
        page.wait_for_selector("#foreseen .used:has-text('place')")
        page.check("input[name=own_2]")
        page.fill("input[name=own_name_2]", "circle")
        page.wait_for_selector("#foreseen .used:has-text('circle')")
        assert fits(page) and judge(page) == []
        page.click("button:has-text('Import 3 rows')")
        page.wait_for_selector("#import .chip:has-text('Running')")
        assert judge(page) == []
        importing = Importing(shop.box)
        while importing.step(1):
            pass
        page.wait_for_selector("#import .chip:has-text('Done')")
        assert fits(page) and judge(page) == []
        page.goto(address + "/contacts/import")
        assert judge(page) == []
        assert said == []
    circle = "select id from contact_fields where name = 'circle'"
    assert shop.value(f"select group_concat(value) from field_values where field_id = ({circle})") == "VIP,নতুন"


def test_a_talk_is_seen_answered_and_shows_the_answer(
    chromium: Browser, address: str, shop: Stage, work: Work
) -> None:
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/inbox")
        with page.expect_response("**/inbox/8801711300001/seen"):
            page.click("#thread-8801711300001 a")
        assert shop.value("select count(*) from inbox where phone = '8801711300001' and seen_at is null") == 0
        page.fill("#message", "Yes, both are here.")
        page.click("#reply .button-main")
        page.wait_for_selector(".talk-ours .bubble:has-text('Yes, both are here.')")
        assert said == []


def test_an_opened_group_of_the_queue_stays_open(chromium: Browser, address: str, shop: Stage, work: Work) -> None:
    with window(chromium, 1280) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/queue")
        page.click(".group-more summary >> nth=0")
        row = page.locator(".group-row").first
        row.wait_for(state="visible")
        with page.expect_response("**/queue/live"):
            pass
        page.wait_for_timeout(200)
        assert row.is_visible()
        row.locator("button").click()
        page.wait_for_selector("main .notice-good")
        assert said == []


def test_the_composer_works_without_a_script(chromium: Browser, address: str, shop: Stage, work: Work) -> None:
    with window(chromium, 360, java_script_enabled=False) as (_, page, _said):
        log_in(page, address)
        page.goto(address + "/campaigns/new?tag=VIP")
        page.fill("#message", "Hello")
        page.fill("#name", "Plain")
        page.press("#name", "Enter")
        with turning(page):
            page.click("button:has-text('Send it to 19 people now')")
        assert page.locator("h1").inner_text() == "Plain"


@pytest.mark.parametrize("script", [True, False])
def test_a_file_chosen_while_writing_goes_along_and_the_numbers_still_follow(
    chromium: Browser, address: str, shop: Stage, work: Work, tmp_path: Path, *, script: bool
) -> None:
    file = tmp_path / "stall.png"
    file.write_bytes(drawn("png", 64, 48))
    with window(chromium, 360, java_script_enabled=script) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/campaigns/new?tag=VIP")
        page.set_input_files("#file", file)
        page.fill("#name", "Fair")
        page.fill("#message", "Hello {name:friend}")
        if script:
            page.check("input[name=audience][value=everybody]", force=True)
            page.check("input[name=audience][value=tag]", force=True)
            page.wait_for_selector("#ahead .will-go strong:has-text('19')")
            page.click("button:has-text('Send to me')")
            page.wait_for_selector("#to-self .notice-good")
            last = "select media_kind || text from messages order by id desc limit 1"
            assert shop.value(last) == "imageHello মোহাম্মদ রহিম উদ্দিন"
            assert judge(page) == []
        page.click("button:has-text('Look it over')")
        page.wait_for_selector("main .enclosed:has-text('stall.png')")
        with turning(page):
            page.click("button:has-text('Send it to 19 people now')")
        page.wait_for_selector("main .enclosed:has-text('stall.png')")
        assert said == []
    assert shop.value("select media_kind from campaigns order by id desc limit 1") == "image"


def test_an_attack_in_every_text_does_nothing(chromium: Browser, address: str, shop: Stage, work: Work) -> None:
    attack = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}"
    shop.box.db.write_now(
        lambda tx: tx.run("update contacts set name = :a, custom = :a, consent_note = :a", a=attack)
    )
    shop.box.db.write_now(lambda tx: tx.run("update contact_tags set tag = :a where key = 'vip'", a=attack))
    shop.box.db.write_now(lambda tx: tx.run("update campaigns set name = :a, message = :a", a=attack))
    shop.box.db.write_now(lambda tx: tx.run("update inbox set name = :a, text = :a", a=attack))
    shop.box.db.write_now(lambda tx: tx.run("update messages set text = :a", a=attack))
    with window(chromium, 1280) as (_, page, said):
        log_in(page, address)
        for path in some(pages(work)):
            answer = page.goto(address + path)
            assert answer is not None and answer.status == 200, path
            assert page.locator("main img[src=x]").count() == 0
        assert said == []


def test_what_is_chosen_or_leads_back_fits_a_thumb(chromium: Browser, address: str, work: Work) -> None:
    small = """[...document.querySelectorAll("main .filter-bar a, main .pill span, main .check, main .back")]
      .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44)
      .map((one) => one.outerHTML.slice(0, 120))"""
    with window(chromium, 360) as (_, page, _said):
        log_in(page, address)
        for path in ("/", "/texts", "/contacts", f"/contacts/{work.contacts[1]}", "/campaigns/new"):
            page.goto(address + path)
            assert page.evaluate(small) == [], path
            ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
            assert len(set(ids)) == len(ids), path


def test_people_are_ticked_and_the_bar_is_at_hand(
    chromium: Browser, address: str, shop: Stage, work: Work
) -> None:
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/contacts")
        page.locator(".many-tick").nth(0).click()
        page.locator(".many-tick").nth(2).click()
        expect(page.locator(".many-bar")).to_be_in_viewport()
        assert fits(page) and judge(page) == []
        page.fill("#new-tag", "Eid")
        page.click(".many-bar button[value=tag]")
        page.wait_for_url("**/contacts?said=many_tagged")
        assert shop.value("select count(*) from contact_tags where tag = 'Eid'") == 2
        assert said == []


@pytest.mark.parametrize("query", ["?period=30", "?period=90", "?since=2025-03-14&until=2026-03-13"])
def test_a_report_is_printed_on_one_page_with_the_shops_name(
    chromium: Browser, address: str, shop: Stage, work: Work, query: str
) -> None:
    def every_day(tx: Tx) -> None:
        tx.run(
            """with recursive days(day) as (select '2025-03-14' union all
                 select date(day, '+1 day') from days where day < '2026-03-12')
               insert into report_counts (user_id, day, device_id, campaign_id, source, sent, failed)
               select :id, day, 1, 0, 'other', 31, 2 from days""",
            id=shop.asha.id,
        )
        tx.run("update users set language = 'bn' where id = :id", id=shop.asha.id)

    shop.box.db.write_now(every_day)
    with window(chromium, 1280) as (_, page, _):
        log_in(page, address)
        page.goto(f"{address}/reports{query}")
        page.emulate_media(media="print")
        assert page.locator(".print-shop").is_visible()
        assert page.locator(".print-shop").inner_text() == "Rahim Store"
        assert re.findall(rb"/Type /Pages.*?/Count (\d+)", page.pdf(format="A4"), re.DOTALL) == [b"1"]


def test_what_is_typed_is_kept_by_itself_and_opened_again(
    chromium: Browser, address: str, shop: Stage, work: Work
) -> None:
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/campaigns/new")
        page.fill("#name", "Half written")
        page.wait_for_selector("#kept time")
        assert fits(page) and judge(page) == []
        page.goto(address + "/campaigns")
        page.click("a:has-text('Half written')")
        expect(page.locator("#name")).to_have_value("Half written")
        assert said == []
