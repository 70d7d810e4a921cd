"""What the pages show and do: send, link, search, cancel, settle, webhooks."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from tests.cast import Stage
from tests.faces.scene import Scene, pairing_code
from tests.faces.tab import Tab, tags, words
from tests.faces.work import Work
from tests.some import some
from wabox.db import Tx
from wabox.devices import linking, orders
from wabox.devices import stored as devices
from wabox.messages import outbox, stored, template
from wabox.whatsapp.driver import Link

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "<svg/onload=alert(1)>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "</textarea><script>alert(1)</script>",
    "<a hx-get='/x' hx-trigger='load'>x</a>",
    "&lt;b&gt;",
)


def _ticket(tab: Tab) -> str:
    return next(
        attrs["value"] or ""
        for tag, attrs in tags(tab.get("/").text)
        if tag == "input" and attrs.get("name") == "ticket"
    )


# -- home --------------------------------------------------------------------------------------------


def test_home_answers_the_four_questions_in_order(asha: Tab) -> None:
    page = words(asha.get("/").text)
    asked = ("Linked and ready", "Now", "1 webhook post gave up", "Going 14 waiting", "Today", "Send a message")
    places = [page.index(one) for one in asked]
    assert places == sorted(places)


def test_home_groups_what_waits_by_reason_with_its_time(asha: Tab) -> None:
    page = words(asha.get("/home/live").text)
    for one in ("Short pause between messages", "for 14 s", "Enough new people today", "Planned for later"):
        assert one in page
    assert "until tomorrow 15:00" in page


def test_home_shows_what_needs_a_person(shop: Stage, asha: Tab, bilal: Tab) -> None:
    page = words(asha.get("/home/live").text)
    for one in (
        "Unsure",
        "This number is not on WhatsApp.",
        "WhatsApp refused the message; the person did not get it.",
        "1 webhook post gave up",
    ):
        assert one in page
    assert "All is well. Nothing needs you." not in page
    shop.box.db.write_now(_ready, shop.bilal.device_id)
    assert "All is well. Nothing needs you." in words(bilal.get("/home/live").text)


def _ready(tx: Tx, device_id: int) -> None:
    number = orders.start(tx, devices.by_id(tx, device_id)).session
    link = Link(device_id, number, "ready", phone="8801711777777", synced=True)
    linking.saw(tx, link, now=datetime.now(UTC))


def test_home_says_what_goes_in_a_line_for_each_reason_and_names_who_is_next(asha: Tab, work: Work) -> None:
    page = words(asha.get("/home/live").text)
    assert page.count("Enough new people today") == 1
    assert "19 reached, 1 failed of 20, ended" in page
    assert "Next: মোহাম্মদ রহিম উদ্দিন" in page


def test_first_steps_are_ticked_and_gone_when_closed_or_done(
    shop: Stage, asha: Tab, bilal: Tab, work: Work
) -> None:
    page = asha.get("/").text
    assert "First steps 4/6" in words(page) and 'href="/admin/backups"' in page
    theirs = words(bilal.get("/").text)
    assert "First steps 1/5" in theirs and "Let the box make backups" not in theirs
    assert asha.post("/first/close").headers["location"] == "/"
    assert "First steps" not in asha.get("/").text
    assert "First steps" in bilal.get("/").text
    assert shop.value("select count(*) from box where key like 'first_steps_closed:%'") == 1


def test_the_first_step_that_is_a_press_sends_the_test(shop: Stage, bilal: Tab) -> None:
    shop.box.db.write_now(_ready, shop.bilal.device_id)
    assert 'action="/whatsapp/devices/primary/test"' in bilal.get("/").text
    assert bilal.post("/whatsapp/devices/primary/test").status_code == 303


def test_a_wrong_clock_is_shown_and_confirmed_by_the_owner_alone(shop: Stage, asha: Tab, bilal: Tab) -> None:
    shop.box.db.write_now(lambda tx: tx.run("insert into box (key, value) values ('clock_wrong', 'behind')"))
    assert "clock of this machine looks wrong" in words(asha.get("/").text)
    assert "This time is right" not in words(bilal.get("/").text)
    assert bilal.post("/clock/confirm").status_code == 403
    done = asha.post("/clock/confirm").headers["location"]
    assert done == "/?said=clock"
    assert "Confirmed. Sending goes on." in words(asha.get(done).text)
    assert "Confirmed. Sending goes on." not in words(asha.get(done).text)  # once
    assert "looks wrong" not in words(asha.get("/").text)


# -- send --------------------------------------------------------------------------------------------


def test_a_message_is_queued_and_shown(shop: Stage, asha: Tab) -> None:
    answer = asha.post("/send", {"phone": "০১৭১১ ৯৯৯৮৮৮", "message": "{Hi|Hello} {name:friend}", "ticket": "t1"})
    assert answer.status_code == 303
    page = words(asha.get(answer.headers["location"]).text)
    assert "+880 1711-999888" in page
    assert "The message is accepted" in page
    assert shop.value("select text from messages order by id desc limit 1") in ("Hi friend", "Hello friend")


def test_a_form_pressed_twice_sends_once(shop: Stage, asha: Tab) -> None:
    before = shop.value("select count(*) from messages")
    fields = {"phone": "01711999888", "message": "once", "ticket": _ticket(asha)}
    first, second = asha.post("/send", fields), asha.post("/send", fields)
    assert first.headers["location"] == second.headers["location"]
    assert shop.value("select count(*) from messages") == before + 1
    fields["ticket"] = _ticket(asha)
    assert asha.post("/send", fields).headers["location"] != first.headers["location"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"phone": "hello"}, "Nobody you know is called so"),
        ({"phone": "12"}, "A phone number has 7 to 15 digits"),
        ({"phone": ""}, "phone number"),
        ({"message": ""}, "The message is empty"),
        ({"message": "Hi {nmae}"}, "nmae"),
        ({"message": "{a|b"}, "1"),
        ({"message": "x" * 4_097}, "longer than 4,096"),
    ],
)
def test_a_bad_message_is_explained_and_kept_in_the_form(
    shop: Stage, asha: Tab, fields: dict[str, str], said: str
) -> None:
    before = shop.value("select count(*) from messages")
    ticket = _ticket(asha)
    filled = {"phone": "01711999888", "message": "Hi there", "ticket": ticket, **fields}
    answer = asha.post("/send", filled)
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert filled["phone"] in answer.text
    assert shop.value("select count(*) from messages") == before
    assert asha.post("/send", {"phone": "01711999888", "message": "Hi there", "ticket": ticket}).status_code == 303


def test_a_phone_that_is_not_linked_is_said_and_the_message_can_be_kept(shop: Stage, bilal: Tab) -> None:
    fields = {"phone": "01711999888", "message": "Hi"}
    answer = bilal.post("/send", fields)
    assert answer.status_code == 503
    assert "Keep it until the phone is linked" in words(answer.text)
    assert bilal.post("/send", {**fields, "keep": "1"}).status_code == 303


def test_an_account_that_is_not_active_looks_but_changes_nothing(shop: Stage, asha: Tab) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set state = 'suspended' where id = 1"))
    before = shop.value("select count(*) from messages")
    for path in ("/send", "/whatsapp/devices/sales/start", "/settings/key", "/webhooks/off"):
        answer = asha.post(path, {"phone": "01711999888", "message": "Hi"})
        assert answer.status_code == 403
        assert "not active" in words(answer.text)
    assert shop.value("select count(*) from messages") == before
    assert asha.get("/messages").status_code == 200
    assert asha.post("/settings/locale", {"language": "bn"}).status_code == 303
    assert asha.post("/logout").status_code == 303


def test_the_preview_shows_the_wordings_or_what_is_wrong(asha: Tab) -> None:
    page = asha.post("/send/preview", {"message": "{Save|Get} 20% with {phone}", "phone": "01711999888"}).text
    assert "Save 20% with 8801711999888" in words(page)
    assert "Get 20% with" in words(page)
    assert "field-error" in asha.post("/send/preview", {"message": "{Save|Get"}).text
    assert words(asha.post("/send/preview", {"message": "  "}).text).strip() == ""


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_people_write_is_shown_as_text_and_nothing_else(shop: Stage, asha: Tab, attack: str) -> None:
    escaped = attack.replace("{", "\\{").replace("}", "\\}")
    answer = asha.post("/send", {"phone": "01711999888", "message": escaped, "ticket": attack})
    shown = answer.headers["location"]

    def plant(tx: Tx) -> None:
        tx.run("update messages set error_text = :text where status = 'failed'", text=attack)
        tx.run(
            "update devices set pushname = :text, detail_text = :text, detail = 'conflict' where user_id = 1",
            text=attack,
        )
        tx.run("update sessions set agent = :text", text=attack)
        tx.run("update deliveries set last_error = :text, last_excerpt = :text", text=attack)
        tx.run("update delivery_attempts set error = :text", text=attack)

    shop.box.db.write_now(plant)
    pages = [shown, "/", "/messages", "/whatsapp", "/webhooks", "/settings", f"/messages?q={attack}"]
    for path in some(pages):
        page = asha.get(path).text
        for tag, attrs in some(tags(page)):
            assert not any(name.startswith("on") for name in attrs), (path, tag)
            assert "javascript:" not in (attrs.get("href") or "")
            assert tag != "script" or (attrs.get("src") or "").startswith("/static/")
            assert (attrs.get("hx-get") or "") != "/x"
            assert tag != "img" or attrs.get("src") != "x"
    assert attack in words(asha.get(shown).text)


# -- WhatsApp ----------------------------------------------------------------------------------------


def test_the_disclaimer_comes_before_any_phone(shop: Stage, asha: Tab) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set disclaimer_version = null where id = 1"))
    page = asha.get("/whatsapp").text
    assert "ban your number" in words(page)
    assert asha.post("/whatsapp/devices/primary/start").status_code == 403
    assert asha.post("/whatsapp/devices", {"device_label": "x"}).status_code == 403
    assert asha.post("/whatsapp/disclaimer", {"version": "2025-11"}).status_code == 422
    version = next(a["value"] for t, a in tags(page) if a.get("name") == "version")
    assert asha.post("/whatsapp/disclaimer", {"version": "old", "understood": "1"}).status_code == 422
    assert asha.post("/whatsapp/disclaimer", {"version": version, "understood": "1"}).status_code == 303
    assert shop.value("select disclaimer_version from users where id = 1") == version
    assert "sales" in words(asha.get("/whatsapp").text)


def test_the_code_is_drawn_with_its_age_and_gone_when_scanned(shop: Stage, asha: Tab) -> None:
    page = asha.get("/whatsapp/live").text
    assert "data:image/png;base64," in page
    assert "7 s old" in words(page)
    sales = shop.box.db.read_here(devices.by_label, 1, "sales")
    link = Link(sales.id, sales.session, "ready", phone="8801911222333", synced=True)
    shop.box.db.write_now(linking.saw, link, now=shop.hands.now())
    page = asha.get("/whatsapp/live").text
    assert "data:image" not in page
    assert "+880 1911-222333" in words(page)


def test_a_pairing_code_is_asked_for_and_shown_in_two_halves(shop: Stage, asha: Tab) -> None:
    assert asha.post("/whatsapp/devices/sales/pairing-code", {"phone": "01911222333"}).status_code == 303
    assert "WhatsApp is asked for a code" in words(asha.get("/whatsapp").text)
    pairing_code(shop)
    assert "K7QX-9M2P" in words(asha.get("/whatsapp/live").text)
    assert asha.post("/whatsapp/devices/sales/pairing-code", {"phone": "x"}).status_code == 422
    assert asha.post("/whatsapp/devices/primary/pairing-code", {"phone": "01911222333"}).status_code == 422


def test_a_device_is_added_started_restarted_logged_out_and_deleted(shop: Stage, asha: Tab) -> None:
    assert asha.post("/whatsapp/devices", {"device_label": "Bad Name"}).status_code == 422
    assert asha.post("/whatsapp/devices", {"device_label": "sales"}).status_code == 422
    assert asha.post("/whatsapp/devices", {"device_label": "till"}).status_code == 303

    def device() -> devices.Device:
        return shop.box.db.read_here(devices.by_label, 1, "till")

    asha.post("/whatsapp/devices/till/start")
    assert device().wanted and device().state == "starting"
    asha.post("/whatsapp/devices/till/restart")
    assert device().command == "restart"
    asha.post("/whatsapp/devices/till/logout")
    assert device().command == "logout" and not device().wanted
    asha.post("/whatsapp/devices/till/delete")
    assert "till" not in words(asha.get("/whatsapp").text)
    assert asha.post("/whatsapp/devices/primary/delete").status_code == 422
    assert shop.value("select count(*) from audit where action like 'device.%'") == 5


def test_deleting_a_device_cancels_what_waits_for_it(shop: Stage, asha: Tab) -> None:
    fields = {"phone": "01711999888", "message": "Hi", "device_label": "sales", "keep": "1"}
    message_id = int(asha.post("/send", fields).headers["location"].split("/")[2].split("?")[0])
    asha.post("/whatsapp/devices/sales/delete")
    message = shop.box.db.read_here(stored.by_id, message_id)
    assert (message.status, message.error) == ("cancelled", "device_removed")


# -- messages ----------------------------------------------------------------------------------------


def test_the_log_is_paged_to_its_end_without_a_message_twice(scene: Scene, asha: Tab) -> None:
    seen: list[str] = []
    path = "/messages"
    for _ in range(5):
        found = tags(asha.get(path).text)
        seen += [attrs["href"] or "" for _, attrs in found if attrs.get("class") == "row"]
        older = [attrs["href"] or "" for _, attrs in found if "cursor=" in (attrs.get("href") or "")]
        if not older:
            break
        path = older[0]
    assert len(seen) == len(set(seen)) == scene.ids["scheduled"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=01711200020", 2),
        ("?q=%2B880+1711-200020", 2),
        ("?q=482913", 3 + 1 + 2),
        ("?status=failed", 2),
        ("?status=unknown", 1),
        ("?device=sales", 0),
        ("?since=2026-03-14", 0),
        ("?since=2026-03-13&until=2026-03-13&status=cancelled", 1),
        ("?q=nothing+like+this", 0),
    ],
)
def test_the_log_is_searched(asha: Tab, query: str, found: int) -> None:
    page = asha.get("/messages" + query).text
    rows = [attrs for _, attrs in tags(page) if attrs.get("class") == "row"]
    assert len(rows) == found
    assert found or "Nothing found" in page


def test_a_message_tells_its_story_and_why_it_waits(scene: Scene, asha: Tab) -> None:
    waiting = words(asha.get(f"/messages/{scene.ids['scheduled']}").text)
    assert "It is planned for later." in waiting
    assert "tomorrow 15:00" in waiting
    behind = words(asha.get(f"/messages/{scene.ids['queued']}").text)
    assert "11 messages of this phone go first." in behind
    assert "Expected about" in behind
    sent = words(asha.get("/messages/3").text)
    for step in ("Accepted", "Handed to WhatsApp", "Sent", "Delivered", "Read"):
        assert step in sent
    assert "delivery.sent" in sent


def test_a_waiting_message_is_cancelled_once(scene: Scene, shop: Stage, asha: Tab) -> None:
    path = f"/messages/{scene.ids['queued']}"
    assert asha.post(path + "/cancel").headers["location"] == path + "?said=cancelled"
    assert shop.box.db.read_here(stored.by_id, scene.ids["queued"]).status == "cancelled"
    sent = asha.post(f"/messages/{scene.ids['sent']}/cancel")
    assert sent.status_code == 422
    assert "Only a queued message" in sent.text


def test_an_unsure_message_is_settled_by_a_person(scene: Scene, shop: Stage, asha: Tab) -> None:
    path = f"/messages/{scene.ids['unknown']}"
    assert "It did not go" in words(asha.get(path).text)
    assert asha.post(path + "/settle", {"as": "maybe"}).status_code == 422
    assert asha.post(path + "/settle", {"as": "not_sent"}).status_code == 303
    assert shop.box.db.read_here(stored.by_id, scene.ids["unknown"]).error == "settled_not_sent"
    assert asha.post(path + "/settle", {"as": "sent"}).status_code == 422


def test_live_parts_ask_more_often_while_something_moves(scene: Scene, asha: Tab) -> None:
    def every(path: str) -> list[str | None]:
        parts = [attrs for _, attrs in tags(asha.get(path).text) if "hx-get" in attrs]
        return [attrs["hx-trigger"] for attrs in parts if attrs["id"] != "pulse"]

    assert every(f"/messages/{scene.ids['queued']}") == ["every 2s"]
    assert every(f"/messages/{scene.ids['cancelled']}") == []
    assert every("/whatsapp") == ["every 2s"]


# -- webhooks ----------------------------------------------------------------------------------------


def test_a_new_webhook_shows_its_secret_once(bilal: Tab) -> None:
    fields = {"webhook_url": "https://shop.example.com/hook", "events": ["delivery.sent", "delivery.read"]}
    page = bilal.post("/webhooks", fields).text
    assert "whsec_" in page
    assert "whsec_" not in bilal.get("/webhooks").text
    assert bilal.post("/webhooks", fields).headers["location"] == "/webhooks?said=webhook_saved"
    ticked = [
        a["value"] for _, a in tags(bilal.get("/webhooks").text) if a.get("name") == "events" and "checked" in a
    ]
    assert ticked == ["delivery.sent", "delivery.read"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"webhook_url": "not an address", "events": ["delivery.sent"]}, "not an address"),
        ({"webhook_url": "http://127.0.0.1/x", "events": ["delivery.sent"]}, "127.0.0.1"),
        ({"webhook_url": "https://shop.example.com/x", "events": ["delivery.nonsense"]}, "Use any of"),
        ({"webhook_url": "https://shop.example.com/x"}, "Choose at least one event"),
    ],
)
def test_a_bad_webhook_is_explained(shop: Stage, bilal: Tab, fields: dict[str, object], said: str) -> None:
    answer = bilal.post("/webhooks", fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert "field-error" in answer.text
    assert shop.value("select count(*) from webhooks where user_id = 2") == 0


def test_a_webhook_is_rotated_tested_and_switched_off(shop: Stage, asha: Tab) -> None:
    assert "whsec_" in asha.post("/webhooks/rotate").text
    assert asha.post("/webhooks/test").status_code == 303
    assert "webhook.test" in asha.get("/webhooks").text
    assert asha.post("/webhooks/off").status_code == 303
    assert shop.value("select url from webhooks where user_id = 1") is None
    assert asha.post("/webhooks/test").status_code == 422


def test_a_post_that_failed_says_so_and_the_log_is_filtered_by_state(shop: Stage, asha: Tab) -> None:
    shop.box.db.write_now(
        lambda tx: tx.run(
            "update deliveries set attempts = 3, due_at = :at, last_error = 'It broke.' where status = 'owed'",
            at="2026-03-13T11:46:00.000000+00:00",
        )
    )
    page = asha.get("/webhooks").text
    assert "Failed, try 4:" in words(page) and "On its way It broke" not in words(page)
    assert "chip chip-warn" in page and "#chevron" in page
    for status in ("owed", "parked", "dropped"):
        found = asha.get(f"/webhooks?status={status}").text
        counted = "select count(*) from deliveries where status = :s and user_id = :u"
        stored = shop.value(counted, s=status, u=shop.asha.id)
        assert found.count('<li class="delivery"') == min(stored, 20), status
    assert "No post is in this state now." in words(asha.get("/webhooks?status=dropped").text)
    assert asha.get("/webhooks?status=nonsense").status_code == 200
    assert '"/webhooks/live?status=parked"' in asha.get("/webhooks?status=parked").text


def test_the_log_and_a_message_say_how_urgent_it_is(shop: Stage, asha: Tab) -> None:
    def queue(tx: Tx) -> list[int]:
        device, text = devices.by_id(tx, shop.asha.device_id), template.parse("A code")
        now = shop.hands.now()
        wishes: tuple[stored.Priority, ...] = ("high", "low", "normal")
        return [
            outbox.accept(tx, device, phone="8801711000177", template=text, values={}, priority=one, now=now)
            for one in wishes
        ]

    high, low, normal = shop.box.db.write_now(queue)
    log = asha.get("/messages").text
    said = {job: words(log.partition(f'id="row-{job}"')[2].partition("</li>")[0]) for job in (high, low, normal)}
    assert "High priority" in said[high] and "Low priority" in said[low]
    assert "priority" not in said[normal]
    assert "High: it goes before others" in words(asha.get(f"/messages/{high}").text)
    assert "Low: it goes after others" in words(asha.get(f"/messages/{low}").text)
    assert "Priority" not in words(asha.get(f"/messages/{normal}").text)


def test_why_a_post_failed_is_said_in_the_readers_language(shop: Stage, asha: Tab) -> None:
    said = (
        "The receiver's certificate has expired; renew it."
        " The receiver's certificate is for another name than <b>.example; correct it, or the address."
    )

    def write(tx: Tx) -> None:
        tx.run("update deliveries set last_error = :said where status = 'owed'", said=said)
        tx.run("update users set language = 'bn' where id = 1")

    shop.box.db.write_now(write)
    page = asha.get("/webhooks").text
    assert "মেয়াদ" in page and "সার্টিফিকেট &lt;b&gt;.example-এর নয়" in page
    assert "The receiver" not in page


def test_parked_posts_come_first_and_are_sent_again(shop: Stage, asha: Tab) -> None:
    page = words(asha.get("/webhooks").text)
    assert page.index("Gave up on these") < page.index("Deliveries")
    assert "The connection was refused." in page
    parked = shop.value("select id from deliveries where status = 'parked'")
    assert asha.post(f"/webhooks/deliveries/{parked}/replay").status_code == 303
    assert shop.value("select status from deliveries where id = :id", id=parked) == "owed"
    assert "Gave up on these" not in words(asha.get("/webhooks").text)


def test_what_the_preview_shows_is_what_goes(asha: Tab, shop: Stage, work: Work) -> None:
    """Of somebody known by name, whose number is typed as people type it."""
    fields = {"phone": "01711-300001", "message": "Hello {name:friend}, {custom:thanks}"}
    shown = re.findall(r'<li class="bubble"[^>]*>([^<]*)</li>', asha.post("/send/preview", fields).text)
    assert asha.post("/send", fields).status_code == 303
    assert shown == [shop.value("select text from messages order by id desc limit 1")]
    assert shown == ["Hello মোহাম্মদ রহিম উদ্দিন, thanks"]


def test_a_linked_phone_offers_a_test_to_its_own_number(asha: Tab, shop: Stage) -> None:
    """Large while nothing went from it, small afterwards; the page that follows it is live."""
    shop.box.db.write_now(lambda tx: tx.run("update devices set linked_at = :now where id = 1", now="2026-12-31"))
    page = words(asha.get("/whatsapp").text)
    assert "Linked. Try it: Send a test to +880 1711-123456 It goes to your own number" in page
    where = asha.post("/whatsapp/devices/primary/test").headers["location"]
    row = "select phone || '|' || text || '|' || device_id from messages order by id desc limit 1"
    assert shop.value(row) == f"8801711123456|A test from wabox: it works.|{shop.asha.device_id}"
    assert 'hx-get="/messages/' in asha.get(where).text
    shop.box.db.write_now(lambda tx: tx.run("update devices set linked_at = '2026-01-01' where id = 1"))
    page = words(asha.get("/whatsapp").text)
    assert "Linked. Try it" not in page and "Send a test" in page


def test_a_phone_that_is_not_linked_sends_no_test(asha: Tab, shop: Stage) -> None:
    before = shop.value("select count(*) from messages")
    assert asha.post("/whatsapp/devices/sales/test").status_code == 503
    assert shop.value("select count(*) from messages") == before
