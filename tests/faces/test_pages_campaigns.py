"""Campaigns on pages: the list, the composer in two steps, one campaign, and its controls."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable

import pytest

from tests.cast import Stage
from tests.faces.conftest import OpenTab
from tests.faces.tab import Tab, tags, words
from tests.faces.work import Work, limited
from wabox.campaigns import stored as campaigns
from wabox.contacts import writing
from wabox.dashboard.frame.tickets import Sent, Tickets
from wabox.db import Tx

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

DRAFT = {
    "name": "New stock",
    "message": "Hello {name:friend}, new saris are in.",
    "audience": "tag",
    "tag": "VIP",
    "phones": "all",
    "when": "now",
}


def count(shop: Stage) -> int:
    return int(shop.value("select count(*) from campaigns"))


def hidden(page: str) -> dict[str, str]:
    """The fields that the last question carries to the launch."""
    form = page[page.index('action="/campaigns"') :]
    form = form[: form.index("</form>")]
    return dict(re.findall(r'<input type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"', form))


PIECE = {"HX-Request": "true"}


def test_the_list_says_of_each_campaign_how_far_it_is(asha: Tab, work: Work) -> None:
    said = words(asha.get("/campaigns").text)
    for text in ("Eid sale, all customers", "Sending", "37 waiting", "2 failed", "60 people", "Paused", "Planned"):
        assert text in said
    assert "84 an hour" in said
    live = asha.get("/campaigns/live", headers={"HX-Request": "true"})
    assert "Eid sale" in live.text and "<html" not in live.text


def test_the_list_can_show_one_state(asha: Tab, work: Work) -> None:
    said = words(asha.get("/campaigns?status=paused").text)
    assert "আবার দেখা হোক" in said
    assert "Eid sale" not in said
    assert asha.get("/campaigns?status=nonsense&cursor=x").status_code == 200


def test_nobody_without_campaigns_is_left_alone(asha: Tab) -> None:
    assert 'href="/campaigns/new"' in asha.get("/campaigns").text


def test_a_campaign_is_written_looked_over_and_launched_without_a_script(
    asha: Tab, shop: Stage, work: Work
) -> None:
    before = count(shop)
    review = asha.post("/campaigns/new/review", DRAFT)
    assert review.status_code == 200
    assert "19 people get it" in words(review.text)
    assert count(shop) == before
    launched = asha.post("/campaigns", hidden(review.text))
    assert launched.status_code == 303
    campaign_id = int(re.findall(r"/campaigns/(\d+)", launched.headers["location"])[0])
    made = shop.box.db.read_here(campaigns.by_id, campaign_id)
    assert (made.name, made.status, made.total) == ("New stock", "sending", 20)
    assert json.loads(made.audience) == {"tags_any": ["VIP"]}
    assert made.device_ids is None


def test_whose_data_makes_the_text_too_long_is_named_before_it_starts(asha: Tab, shop: Stage, work: Work) -> None:
    shop.box.db.write_now(
        lambda tx: tx.run(
            """update contacts set custom = hex(zeroblob(2050)) where id in
               (select contact_id from contact_tags where key = 'vip' order by contact_id limit 2)"""
        )
    )
    draft = {**DRAFT, "message": "For you: {custom:a gift}"}
    for path in ("/campaigns/new/look", "/campaigns/new/review"):
        shown = words(asha.post(path, draft).text)
        assert "Text does not fit 2" in shown and "(too long)" in shown


def test_pressing_launch_twice_makes_one_campaign(asha: Tab, shop: Stage, work: Work) -> None:
    fields = hidden(asha.post("/campaigns/new/review", DRAFT).text)
    before = count(shop)
    first, second = asha.post("/campaigns", fields), asha.post("/campaigns", fields)
    assert first.headers["location"] == second.headers["location"]
    assert count(shop) == before + 1


def test_a_launch_asks_again_when_the_audience_has_changed(asha: Tab, shop: Stage, work: Work) -> None:
    fields = hidden(asha.post("/campaigns/new/review", DRAFT).text)
    before = count(shop)
    asha.post("/contacts", {"phone": "01999888777", "more": "VIP"})
    again = asha.post("/campaigns", fields)
    assert again.status_code == 200
    assert "Your contacts have changed since" in again.text
    assert count(shop) == before
    assert hidden(again.text)["shown"] == "21"


def test_a_new_campaign_begins_without_an_audience(asha: Tab, work: Work) -> None:
    page = asha.get("/campaigns/new").text
    chosen = [given for _, given in tags(page) if given.get("name") == "audience" and "checked" in given]
    assert chosen == []
    assert "Choose who gets it." in words(page)


def test_above_a_hundred_people_their_number_is_typed(asha: Tab, shop: Stage, work: Work) -> None:
    def many(tx: Tx) -> None:
        for number in range(150):
            writing.upsert(tx, shop.asha.id, phone=f"88019110{number:05d}", tags=("many",), now=shop.hands.now())

    shop.box.db.write_now(many)
    review = asha.post("/campaigns/new/review", {**DRAFT, "tag": "many"})
    assert "To start it, type how many people get it: 150" in words(review.text)
    before = count(shop)
    for typed in ("", "15", "150 people", "1500"):
        refused = asha.post("/campaigns", {**hidden(review.text), "sure": typed})
        assert refused.status_code == 422
        assert "Type the number of people exactly" in words(refused.text)
    assert count(shop) == before
    assert asha.post("/campaigns", {**hidden(refused.text), "sure": " ১৫০ "}).status_code == 303
    assert count(shop) == before + 1


def test_a_copy_says_that_it_is_one(asha: Tab, shop: Stage, work: Work) -> None:
    page = asha.get(f"/campaigns/new?like={work.done}").text
    assert 'value="Winter saris are here (copy)"' in page


def test_a_mistake_is_marked_in_the_text_itself(asha: Tab, work: Work) -> None:
    draft = {**DRAFT, "message": "Dear {nmae}, hello {name}"}
    page = asha.post("/campaigns/new/preview", draft).text
    assert "Dear <mark>{nmae}</mark>, hello {name}" in page
    assert "did you mean {name}?" in words(page)
    assert "Dear <mark>{nmae}</mark>" in asha.post("/send/preview", {"message": "Dear {nmae}"}).text
    assert "5 of 4,096 letters" in words(asha.post("/send/preview", {"message": "Hello"}).text)


def test_what_waits_is_moved_only_where_a_phone_is_down(asha: Tab, shop: Stage, work: Work) -> None:
    where = f"/campaigns/{work.running}/live"
    assert "Move to another phone" not in words(asha.get(where).text)
    shop.box.db.write_now(lambda tx: tx.run("update devices set linked = 1 - linked where user_id = 1"))
    assert "Move to another phone" in words(asha.get(where).text)


def test_a_campaign_says_how_many_it_reached(asha: Tab, shop: Stage, work: Work) -> None:
    said = words(asha.get(f"/campaigns/{work.done}").text)
    assert "19 reached, 1 failed of 20" in said


def test_a_campaign_can_be_planned_on_the_owners_clock_for_chosen_phones(
    asha: Tab, shop: Stage, work: Work
) -> None:
    later = {**DRAFT, "when": "later", "at": "2026-03-20T18:30", "phones": "some", "labels": ["sales"]}
    review = asha.post("/campaigns/new/review", later)
    assert "Friday 20 March 2026, 18:30" in words(review.text)
    asha.post("/campaigns", {**hidden(review.text), "labels": ["sales"]})
    row = shop.value("select scheduled_for || ' ' || device_ids from campaigns order by id desc limit 1")
    assert row.startswith("2026-03-20T12:30:00")
    assert row.endswith(f"[{shop.value('select id from devices where label = :l', l='sales')}]")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " "}, "Give it a name"),
        ({"audience": ""}, "Choose who gets it."),
        ({"message": "Hi {nam}"}, "Nobody fills in {nam}; did you mean {name}?"),
        ({"message": "Hi {name"}, "position"),
        ({"message": ""}, "empty"),
        ({"audience": "tag", "tag": ""}, "Choose a tag"),
        ({"audience": "tag", "tag": "nobody has this"}, "Nobody is in this audience"),
        ({"audience": "exactly", "contacted": "since", "days": "0"}, "number of days"),
        ({"phones": "some"}, "Tick at least one phone"),
        ({"when": "later", "at": ""}, "Choose a day and a time"),
        ({"when": "later", "at": "2020-01-01T10:00"}, "That time is over"),
        ({"when": "later", "at": "9999-12-31T23:59"}, "over a year away"),
    ],
)
def test_what_is_wrong_is_said_beside_the_draft(
    asha: Tab, shop: Stage, work: Work, fields: dict[str, str], sentence: str
) -> None:
    before = count(shop)
    for path in ("/campaigns/new/review", "/campaigns"):
        answer = asha.post(path, {**DRAFT, **fields, "shown": "20"})
        if path == "/campaigns" and "nobody" in str(fields):
            continue
        assert answer.status_code == 422, path
        assert sentence in words(answer.text), path
    assert count(shop) == before


def test_the_preview_shows_real_people_and_each_error_with_its_position(asha: Tab, work: Work) -> None:
    shown = words(asha.post("/campaigns/new/preview", {**DRAFT, "message": "Dear {name:friend}!"}).text)
    assert "Dear " in shown and "Dear friend!" not in words(asha.get("/campaigns/new").text)
    wrong = words(asha.post("/campaigns/new/preview", {**DRAFT, "message": "a {b"}).text)
    assert "position 3" in wrong


def test_a_draft_says_what_may_be_meant_otherwise(asha: Tab, work: Work) -> None:
    for path, fields in (("/campaigns/new/preview", DRAFT), ("/send/preview", {}), ("/texts/preview", {})):
        hinted = words(asha.post(path, {**fields, "message": "Hi {name|friend}"}).text)
        assert "write {name}, or {name:friend} with a word" in hinted, path
        refused = words(asha.post(path, {**fields, "message": "You owe {due|money}"}).text)
        assert "Did you mean {due}?" in refused, path
    answer = asha.post("/campaigns/new/review", {**DRAFT, "message": "You owe {due|money}"})
    assert answer.status_code == 422 and "Did you mean {due}?" in words(answer.text)


def test_looking_ahead_counts_who_is_skipped_and_who_is_new(asha: Tab, shop: Stage, work: Work) -> None:
    said = words(asha.post("/campaigns/new/look", {**DRAFT, "audience": "everybody"}).text)
    assert "59 people get it" in said
    assert "Asked not to be written to 1 skipped" in said
    assert "Never written with before" in said
    assert "Credits" not in said
    limited(shop, 10)
    assert "60 of your 10" in words(asha.post("/campaigns/new/look", {**DRAFT, "audience": "everybody"}).text)


def test_a_segment_is_built_from_all_its_parts(asha: Tab, shop: Stage, work: Work) -> None:
    built = {
        **DRAFT,
        "audience": "exactly",
        "any": ["VIP", "Dhaka"],
        "none": ["wholesale"],
        "consent": "yes",
        "contacted": "since",
        "days": "7",
        "wrote": "no",
    }
    fields = {
        **built,
        "shown": re.findall(r'name="shown" value="(\d+)"', asha.post("/campaigns/new/review", built).text),
    }
    assert asha.post("/campaigns", fields).status_code == 303
    stored = json.loads(shop.value("select audience from campaigns order by id desc limit 1"))
    assert stored["tags_any"] == ["VIP", "Dhaka"]
    assert stored["tags_none"] == ["wholesale"]
    assert stored["consent"] == "yes"
    assert stored["wrote_to_us"] is False
    assert "not_contacted_since" in stored


def test_a_campaign_without_enough_credits_does_not_start(asha: Tab, shop: Stage, work: Work) -> None:
    limited(shop, 3)
    before = count(shop)
    answer = asha.post("/campaigns", hidden(asha.post("/campaigns/new/review", DRAFT).text))
    assert answer.status_code == 402
    assert "credits" in words(answer.text)
    assert count(shop) == before


def test_an_earlier_campaign_can_be_written_again(asha: Tab, work: Work) -> None:
    page = asha.get(f"/campaigns/new?like={work.paused}").text
    assert "Eid sale: 20 % off" in page
    assert re.search(r'value="নতুন"\s+selected', page)


def test_the_buttons_of_the_list_do_what_the_api_does(asha: Tab, shop: Stage, work: Work) -> None:
    for verb, status in (
        ("pause", "paused"),
        ("resume", "sending"),
        ("redispatch", "sending"),
        ("stop", "stopped"),
    ):
        answer = asha.post(f"/campaigns/{work.running}/{verb}", {"from": "list"})
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/campaigns?said=")
        assert shop.value("select status from campaigns where id = :id", id=work.running) == status
    left = "select count(*) from messages where campaign_id = :id and status = 'queued'"
    assert shop.value(left, id=work.running) == 0
    refused = asha.post(f"/campaigns/{work.running}/resume")
    assert refused.status_code == 422
    assert "cannot be resumed" in words(refused.text)


def test_a_paused_plan_resumes_as_a_plan(asha: Tab, shop: Stage, work: Work) -> None:
    asha.post(f"/campaigns/{work.planned}/pause")
    asha.post(f"/campaigns/{work.planned}/resume")
    assert shop.value("select status from campaigns where id = :id", id=work.planned) == "scheduled"
    asha.post(f"/campaigns/{work.planned}/pause")
    shop.hands.forward(days=3)
    asha.log_in("asha@example.com")
    asha.post(f"/campaigns/{work.planned}/resume")
    assert shop.value("select status from campaigns where id = :id", id=work.planned) == "sending"


def test_a_campaign_shows_its_numbers_its_reasons_and_its_people(asha: Tab, work: Work) -> None:
    said = words(asha.get(f"/campaigns/{work.running}").text)
    for text in (
        "21 reached, 2 failed of 60",
        "84 an hour",
        "Who did not get it",
        "Not on WhatsApp",
        "Everybody in your contacts",
    ):
        assert text in said
    found = words(asha.get(f"/campaigns/{work.running}/people?q=shirin", headers=PIECE).text)
    assert "Nobody found" in found
    found = words(asha.get(f"/campaigns/{work.running}/people?q=tania&state=waiting", headers=PIECE).text)
    assert "Tania" in found and "Rina" not in found
    found = words(asha.get(f"/campaigns/{work.running}/people?q=00059", headers=PIECE).text)
    assert found.count("Waiting") == 1
    found = words(asha.get(f"/campaigns/{work.running}/people?state=failed", headers=PIECE).text)
    assert found.count("Not on WhatsApp") == 2
    older = re.findall(r"cursor=(\d+)", asha.get(f"/campaigns/{work.running}").text)
    assert asha.get(f"/campaigns/{work.running}?cursor={older[-1]}").status_code == 200
    assert (
        asha.get(f"/campaigns/{work.running}/people?cursor=x&state=y&q=%00%ff", headers=PIECE).status_code == 200
    )
    whole = asha.get(f"/campaigns/{work.running}/people?q=tania&state=waiting")
    assert whole.status_code == 303
    assert whole.headers["location"] == f"/campaigns/{work.running}?q=tania&state=waiting#people"


def test_a_tripped_campaign_says_why(asha: Tab, shop: Stage, work: Work) -> None:
    shop.box.db.write_now(
        lambda tx: tx.run(
            "update campaigns set status = 'paused', status_reason = 'tripwire_opt_outs' where id = :id",
            id=work.running,
        )
    )
    for path in ("/campaigns", f"/campaigns/{work.running}"):
        assert "Over 5 % of the people asked" in words(asha.get(path).text)


def test_a_deleted_contact_is_counted_among_the_skipped(asha: Tab, shop: Stage, work: Work) -> None:
    shop.box.db.write_now(
        lambda tx: tx.run("update campaigns set skipped = skipped + 1 where id = :id", id=work.running)
    )
    assert "The contact was deleted before" in words(asha.get(f"/campaigns/{work.running}/live").text)


def test_bilal_finds_none_of_it(bilal: Tab, shop: Stage, work: Work) -> None:
    assert "Eid sale" not in bilal.get("/campaigns").text
    for campaign_id in (work.running, work.paused, work.done, work.planned, 99, 2**63):
        for path in ("", "/live", "/people"):
            assert bilal.get(f"/campaigns/{campaign_id}{path}").status_code == 404
        for verb in ("pause", "resume", "stop", "redispatch"):
            assert bilal.post(f"/campaigns/{campaign_id}/{verb}").status_code == 404
    assert bilal.get(f"/campaigns/new?like={work.running}").status_code == 404
    answer = bilal.post("/campaigns", {**DRAFT, "phones": "some", "labels": ["sales"], "shown": "1"})
    assert answer.status_code == 422
    assert shop.value("select count(*) from campaigns where user_id = :id", id=shop.bilal.id) == 0


def test_a_campaigns_text_is_never_markup(asha: Tab, shop: Stage, work: Work) -> None:
    attack = "\"'><script>alert(1)</script>"
    shop.box.db.write_now(lambda tx: tx.run("update campaigns set name = :a, message = :a", a=attack))
    shop.box.db.write_now(lambda tx: tx.run("update contacts set name = :a", a=attack))
    shop.box.db.write_now(lambda tx: tx.run("update contact_tags set tag = :a where key = 'vip'", a=attack))
    one = f"/campaigns/{work.running}"
    for path in ("/campaigns", one, f"{one}/people", f"/campaigns/new?like={work.done}", "/", "/queue"):
        page = asha.get(path, headers=PIECE if path.endswith("/people") else {}).text
        assert "<script>alert" not in page, path
        assert "&lt;script&gt;" in page, path
    review = asha.post(
        "/campaigns/new/review", {**DRAFT, "audience": "everybody", "name": attack, "message": attack}
    )
    assert "<script>alert" not in review.text


def test_the_pace_follows_the_last_quarter_of_an_hour(
    asha: Tab, open_tab: OpenTab, shop: Stage, work: Work
) -> None:
    shop.hands.forward(minutes=20)
    later = open_tab("asha@example.com")
    assert "0 an hour" in words(later.get(f"/campaigns/{work.running}").text)


def test_done_is_no_success_where_it_reached_nobody(work: Work, shop: Stage, asha: Tab) -> None:
    def ends(sent: int, failed: int) -> str:
        shop.box.db.write_now(
            lambda tx: tx.run(
                "update campaigns set sent = :sent, delivered = 0, read = 0, failed = :failed where id = :id",
                sent=sent,
                failed=failed,
                id=work.done,
            )
        )
        return asha.get("/campaigns").text + asha.get(f"/campaigns/{work.done}").text

    page = ends(0, 50)
    assert page.count('<span class="chip chip-bad">') >= 2 and words(page).count("Done, 50 failed") == 2
    assert f"/campaigns/{work.done}?state=failed#people" in page
    assert words(ends(48, 2)).count("Done, 2 failed") == 2 and "chip chip-warn" in ends(48, 2)
    assert "Done, " not in words(ends(50, 0))


# -- drafts and planned ones ------------------------------------------------------------------------------


def drafts_of(shop: Stage) -> list[int]:
    return [
        row["id"]
        for row in shop.box.db.read_here(lambda rows: rows.all("select id from campaign_drafts where form <> ''"))
    ]


def test_what_is_written_is_kept_and_gone_on_with(asha: Tab, bilal: Tab, shop: Stage, work: Work) -> None:
    kept = asha.post("/campaigns/new/keep", {**DRAFT, "ticket": "d1"}, headers=PIECE)
    assert "Kept as a draft" in words(kept.text) and "<html" not in kept.text
    asha.post("/campaigns/new/keep", {**DRAFT, "message": "More words", "ticket": "d1"}, headers=PIECE)
    (draft_id,) = drafts_of(shop)
    assert "Drafts New stock" in words(asha.get("/campaigns").text)
    again = asha.get(f"/campaigns/new?draft={draft_id}").text
    assert "More words" in again and 'value="d1"' in again
    assert bilal.get(f"/campaigns/new?draft={draft_id}").status_code == 404
    assert bilal.post(f"/campaigns/drafts/{draft_id}/delete").status_code == 404
    assert "Drafts" not in words(bilal.get("/campaigns").text)
    assert asha.post(f"/campaigns/drafts/{draft_id}/delete").headers["location"] == "/campaigns?said=draft_gone"
    assert asha.get(f"/campaigns/new?draft={draft_id}").status_code == 404


def test_an_empty_form_is_no_draft(asha: Tab, shop: Stage) -> None:
    asha.post("/campaigns/new/keep", {"ticket": "d2", "name": " ", "message": ""}, headers=PIECE)
    assert drafts_of(shop) == []


def test_looked_over_it_is_kept_and_launched_it_is_none_any_more(asha: Tab, shop: Stage, work: Work) -> None:
    review = asha.post("/campaigns/new/review", {**DRAFT, "ticket": "d3"})
    assert len(drafts_of(shop)) == 1
    assert asha.post("/campaigns", hidden(review.text)).status_code == 303
    assert drafts_of(shop) == []


def test_a_planned_campaign_is_changed_in_the_composer(asha: Tab, shop: Stage, work: Work) -> None:
    assert f"/campaigns/new?plan={work.planned}" in asha.get(f"/campaigns/{work.planned}").text
    page = asha.get(f"/campaigns/new?plan={work.planned}")
    assert "Change a planned campaign" in words(page.text) and 'value="Friday reminder"' in page.text
    fields = {attrs["name"]: attrs["value"] for _, attrs in tags(page.text) if attrs.get("type") == "hidden"}
    before = count(shop)
    at = re.findall(r'name="at"[^>]*value="([^"]+)"', page.text)[0]
    filled = {**DRAFT, "name": "Saturday", "tag": "Dhaka", "when": "later", "at": at}
    review = asha.post("/campaigns/new/review", {**filled, "plan": fields["plan"], "stamp": fields["stamp"]})
    changed = asha.post("/campaigns", hidden(review.text))
    assert changed.headers["location"] == f"/campaigns/{work.planned}?said=campaign_changed"
    made = shop.box.db.read_here(campaigns.by_id, work.planned)
    assert (made.name, made.status, count(shop)) == ("Saturday", "scheduled", before)
    stale = {**filled, "name": "Sunday", "plan": fields["plan"], "stamp": fields["stamp"], "ticket": "other"}
    late = asha.post("/campaigns", hidden(asha.post("/campaigns/new/review", stale).text))
    assert late.status_code == 422 and "changed in another window" in words(late.text)
    assert shop.box.db.read_here(campaigns.by_id, work.planned).name == "Saturday"


@pytest.mark.parametrize("plan", ["running", "paused", "done"])
def test_one_that_has_begun_is_shown_instead(asha: Tab, shop: Stage, work: Work, plan: str) -> None:
    campaign_id = getattr(work, plan)
    assert f"?plan={campaign_id}" not in asha.get(f"/campaigns/{campaign_id}").text
    led = asha.get(f"/campaigns/new?plan={campaign_id}")
    assert led.headers["location"] == f"/campaigns/{campaign_id}?said=campaign_begun"
    before = shop.box.db.read_here(campaigns.by_id, campaign_id)
    review = asha.post("/campaigns/new/review", {**DRAFT, "plan": str(campaign_id), "stamp": "x"})
    assert asha.post("/campaigns", hidden(review.text)).status_code == 422
    assert shop.box.db.read_here(campaigns.by_id, campaign_id) == before


def test_somebody_elses_plan_is_not_there(bilal: Tab, shop: Stage, work: Work) -> None:
    before = shop.box.db.read_here(campaigns.by_id, work.planned)
    assert bilal.get(f"/campaigns/new?plan={work.planned}").status_code == 404
    filled = {**DRAFT, "audience": "everybody", "plan": str(work.planned), "stamp": "x"}
    review = bilal.post("/campaigns/new/review", filled)
    assert bilal.post("/campaigns", hidden(review.text)).status_code == 404
    assert shop.box.db.read_here(campaigns.by_id, work.planned) == before


def test_a_form_is_launched_once_also_by_a_box_that_has_forgotten_it(
    asha: Tab, shop: Stage, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = count(shop)
    fields = hidden(asha.post("/campaigns/new/review", {**DRAFT, "ticket": "once"}).text)
    assert asha.post("/campaigns", fields).status_code == 303

    async def nothing(*_: object) -> None:
        return None

    async def anew(_: Tickets, _user: int, _ticket: str, send: Callable[[], Awaitable[int]]) -> Sent:
        return Sent(await send(), again=False)

    monkeypatch.setattr(Tickets, "made", nothing)  # tickets are forgotten by a start anew
    monkeypatch.setattr(Tickets, "once", anew)
    again = asha.post("/campaigns", fields)
    assert again.status_code == 422 and "became a campaign before" in words(again.text)
    asha.post("/campaigns/new/keep", {**DRAFT, "ticket": "once"}, headers=PIECE)
    assert count(shop) == before + 1
    assert drafts_of(shop) == []
