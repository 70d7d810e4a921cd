"""Plans, payments and invoices as customers and the owner see them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from httpx import Response

from tests import webs
from tests.cast import Stage, stage
from tests.faces.scene import PASSWORD, SECTIONS, dress
from tests.faces.tab import Tab, tags, words
from tests.faces.test_pages import CSP, OPEN_TO_ALL, routes
from tests.pictures import drawn
from tests.some import some
from wabox import fence
from wabox.accounts import passwords, terms, users
from wabox.billing import ledger, plans, subscriptions
from wabox.billing.plans import Terms
from wabox.dashboard.billing.page import directory
from wabox.db import Tx
from wabox.devices import linking, orders
from wabox.devices import stored as devices
from wabox.whatsapp.driver import Link

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

HASH = passwords.hashed(PASSWORD)
PNG = drawn("png")
PAID = {"provider": "bkash", "amount": "500", "txid": "8N7A6D5C4B", "sender": "01711000001"}
BILLING = {"enabled": True, "bkash": "Send to 01700000000 (personal).", "seller": "Asha's box\nDhaka"}


@dataclass(slots=True)
class Market:
    """A box with customers. Tabs: asha owns it, bilal buys, chen is a customer too, a stranger is not."""

    stage: Stage
    asha: Tab
    bilal: Tab
    chen: Tab
    stranger: Tab

    def pay(self, tab: Tab, plan_id: int = 1, **fields: str) -> int:
        answer = tab.post(f"/billing/buy/{plan_id}", {**PAID, **fields})
        return answer.status_code

    def credits(self) -> int | None:
        return self.stage.box.db.read_here(ledger.credits_left, self.stage.bilal.id)


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    made = stage(tmp_path, **SECTIONS, billing=BILLING)

    def people(tx: Tx) -> None:
        for person in (made.asha, made.bilal):
            users.set_password(tx, person.id, HASH)
        chen = users.create(tx, email="chen@example.com", password_hash=HASH, now=made.hands.now())
        terms.accept(tx, chen.id, ip=None, now=made.hands.now())
        orders.create_primary(tx, chen.id, now=made.hands.now())
        for offer in (
            Terms("Basic", 50_000, "BDT", 30, 1_000, daily_cap=200, max_wa_accounts=2),
            Terms("500 credits", 20_000, "BDT", None, 500),
            Terms("Try it", 0, "BDT", 7, 50, trial=True),
        ):
            plans.create(tx, offer, now=made.hands.now())

    made.box.db.write_now(people)
    base = "http://testserver.local"
    with webs.client(made.box) as client:
        emails = ("asha@example.com", "bilal@example.com", "chen@example.com")
        asha, bilal, chen = (Tab(client, email, base) for email in emails)
        yield Market(made, asha, bilal, chen, Tab(client, None, base))
    made.close()


def billing_routes(made: Stage) -> list[tuple[str, str]]:
    return [one for one in routes(made.box) if one[1].startswith(("/billing", "/admin/p"))]


def filled(path: str) -> str:
    for name in ("{plan_id}", "{payment_id}", "{number}"):
        path = path.replace(name, "1")
    return path


def test_without_billing_no_page_speaks_of_it(tmp_path: Path) -> None:
    made = stage(tmp_path, **SECTIONS)
    dress(made)
    assert billing_routes(made) == []
    with webs.client(made.box) as client:
        for email in ("asha@example.com", "bilal@example.com"):
            tab = Tab(client, email, "http://testserver.local")
            for path in ("/", "/settings", "/whatsapp", "/messages", "/campaigns", "/reports"):
                seen = words(tab.get(path).text)
                assert not any(word in seen for word in ("Plan and credits", "Payments", "Invoice", "Free trial"))
            assert tab.get("/billing").status_code == tab.get("/admin/plans").status_code == 404
    made.close()


def test_a_stranger_is_sent_to_login_and_a_form_needs_its_token(market: Market) -> None:
    closed = billing_routes(market.stage)
    assert len(closed) > 12 and not OPEN_TO_ALL & {path for _, path in closed}
    for method, path in closed:
        answer = market.stranger.ask(method, filled(path))
        assert (answer.status_code, answer.headers["location"][:6]) == (303, "/login"), path
    for path in some(path for method, path in closed if method == "POST"):
        assert market.asha.ask("POST", filled(path), data={}).status_code == 403, path


def test_the_owners_pages_are_not_there_for_customers(market: Market) -> None:
    market.pay(market.bilal)
    for method, path in some(one for one in billing_routes(market.stage) if one[1].startswith("/admin/")):
        ask = market.bilal.get if method == "GET" else market.bilal.post
        assert ask(filled(path)).status_code == 404, path
    assert market.stage.value("select status from payments") == "pending"


def test_the_story_of_a_payment(market: Market) -> None:
    page = words(market.bilal.get("/billing").text)
    assert "No plan yet" in page and "Basic" in page and "BDT 500.00" in page.replace("\xa0", " ")
    assert "Send to 01700000000" in words(market.bilal.get("/billing/buy/1").text)
    files = {"receipt": ("proof.html", PNG, "text/html")}
    answer = market.bilal.ask("POST", "/billing/buy/1", data={"_csrf": market.bilal.csrf, **PAID}, files=files)
    assert answer.headers["location"] == "/billing?said=payment_claimed"
    assert "Being checked" in words(market.bilal.get("/billing").text)
    assert market.credits() == 0
    assert '<span hidden data-told="payments">1</span>' in market.asha.get("/contacts").text
    assert '<span hidden data-told="payments"></span>' in market.bilal.get("/contacts").text
    queue = words(market.asha.get("/admin/payments").text)
    assert "bilal@example.com" in queue and "8N7A6D5C4B" in queue
    assert market.asha.post("/admin/payments/1/approve").status_code == 303
    assert market.asha.post("/admin/payments/1/approve").status_code == 303
    assert market.credits() == 1_000
    page = words(market.bilal.get("/billing").text)
    assert "In force" in page and "Approved" in page and "No. 000001" in page and "+1,000" in page
    invoice = words(market.bilal.get("/billing/invoices/1").text).replace("\xa0", " ")
    assert "Invoice 000001" in invoice and "Asha's box" in invoice and "BDT 500.00" in invoice
    assert market.asha.get("/billing/invoices/1").status_code == 200
    refused = market.asha.post("/admin/payments/1/reject", {"reason": "no"})
    assert refused.status_code == 422 and "final" in refused.text


def test_a_picture_is_shown_to_its_payer_and_the_owner_alone(market: Market) -> None:
    data = {"_csrf": market.bilal.csrf, **PAID}
    market.bilal.ask("POST", "/billing/buy/1", data=data, files={"receipt": ("x.svg", PNG, "image/svg+xml")})
    for tab in (market.bilal, market.asha):
        answer = tab.get("/billing/payments/1/receipt")
        assert (answer.status_code, answer.content) == (200, PNG)
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
    assert market.chen.get("/billing/payments/1/receipt").status_code == 404


@pytest.mark.parametrize("data", [b"<svg onload=alert(1)>", b"x" * (2 * 1024 * 1024 + 10)])
def test_what_is_no_picture_is_refused_and_leaves_no_file(market: Market, data: bytes) -> None:
    form = {"_csrf": market.bilal.csrf, **PAID}
    answer = market.bilal.ask("POST", "/billing/buy/1", data=form, files={"receipt": ("x.png", data, "image/png")})
    assert answer.status_code in (413, 422)
    assert market.stage.value("select count(*) from payments") == 0
    assert not directory(market.stage.box).exists() or not list(directory(market.stage.box).iterdir())


def test_a_refused_claim_leaves_no_picture(market: Market) -> None:
    market.pay(market.chen)
    data = {"_csrf": market.bilal.csrf, **PAID}
    answer = market.bilal.ask("POST", "/billing/buy/1", data=data, files={"receipt": ("x.png", PNG, "image/png")})
    assert answer.status_code == 422 and "Somebody else gave" in answer.text
    assert list(directory(market.stage.box).iterdir()) == []
    assert market.stage.value("select count(*) from false_claims") == 0


def test_who_insists_is_looked_at_beside_who_was_first(market: Market) -> None:
    assert 'name="insists"' not in market.bilal.get("/billing/buy/1").text
    market.pay(market.chen)
    asked = market.bilal.post("/billing/buy/1", PAID)
    assert asked.status_code == 422 and 'name="insists"' in asked.text
    assert market.pay(market.bilal, insists="1") == 303
    seen = words(market.asha.get("/admin/payments").text)
    assert seen.count("Somebody else gave this transaction id too.") == 2
    assert seen.count("bilal@example.com") == seen.count("chen@example.com") == 2
    assert market.asha.post("/admin/payments/2/approve").status_code == 303
    assert market.credits() == 1_000
    page = market.asha.get("/admin/payments").text
    assert "/admin/payments/1/approve" not in page and "counted for another account" in page
    assert "counted for another account" in words(market.chen.get("/billing").text)
    assert market.asha.post("/admin/payments/1/approve").status_code == 422
    assert market.stage.value("select count(*) from ledger where payment_id is not null") == 1


def test_both_are_told_what_was_decided_of_one_transaction_id(market: Market) -> None:
    market.stage.box.db.write_now(users.set_language, 3, "bn")
    market.pay(market.chen)
    market.pay(market.bilal, insists="1")
    market.asha.post("/admin/payments/2/approve")
    market.asha.post("/admin/payments/2/approve")
    sent = market.stage.box.db.read_here(lambda rows: rows.all("select user_id from mails where user_id > 1"))
    assert sorted(row["user_id"] for row in sent) == [2, 3]


def test_false_claims_lock_the_account_and_the_log_in(market: Market) -> None:
    for number in range(3):
        assert market.pay(market.bilal, txid=f"false{number}") == 303
        fields = {"reason": "No such money came.", "is_false": "1"}
        assert market.asha.post(f"/admin/payments/{number + 1}/reject", fields).status_code == 303
    assert market.bilal.get("/billing").headers["location"].startswith("/login")
    assert market.stage.value("select state from users where id = 2") == "locked"
    assert "No such money came." in words(market.asha.get("/admin/payments").text)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"amount": "a lot"}, "amount like"),
        ({"txid": "<script>"}, "letters and digits"),
        ({"sender": ""}, "came from"),
        ({"provider": "paypal"}, "how you paid"),
    ],
)
def test_a_bad_form_says_what_is_wrong_and_keeps_the_rest(
    market: Market, fields: dict[str, str], said: str
) -> None:
    answer = market.bilal.post("/billing/buy/1", {**PAID, **fields})
    assert answer.status_code == 422 and said in answer.text
    assert fields.get("sender", "01711000001") in answer.text


def test_the_owner_makes_changes_and_archives_plans(market: Market) -> None:
    fields = {
        "name": "Large",
        "price": "1,200",
        "days": "৩০",
        "credits": "",
        "daily_cap": "0",
        "max_wa_accounts": "3",
    }
    assert market.asha.post("/admin/plans", fields).status_code == 303
    assert "Large" in words(market.bilal.get("/billing").text)
    assert market.asha.post("/admin/plans", {**fields, "days": "x", "name": ""}).status_code == 422
    plan_id = market.stage.value("select max(id) from plans")
    assert "Large" in market.asha.get(f"/admin/plans/{plan_id}").text
    assert market.asha.post(f"/admin/plans/{plan_id}", {**fields, "name": "Larger"}).status_code == 303
    seen = words(market.bilal.get("/billing").text)
    assert "Larger" in seen and "Large " not in seen
    market.asha.post(f"/admin/plans/{plan_id + 1}/archive")
    assert "Larger" not in words(market.bilal.get("/billing").text)
    assert market.pay(market.bilal, plan_id + 1) == 422
    market.asha.post(f"/admin/plans/{plan_id + 1}/restore")
    assert "Larger" in words(market.bilal.get("/billing").text)
    said = (
        "select group_concat(action, ' ') from (select action from audit where action like 'plan.%' order by id)"
    )
    assert market.stage.value(said) == "plan.created plan.changed plan.archived plan.restored"


def test_a_plans_megabytes_a_day_are_set_shown_and_kept_to(market: Market) -> None:
    fields = {"name": "Small", "price": "100", "days": "30", "credits": "", "daily_megabytes": "1"}
    wrong = market.asha.post("/admin/plans", {**fields, "daily_megabytes": "-1"})
    assert wrong.status_code == 422 and market.stage.value("select count(*) from plans where name = 'Small'") == 0
    assert market.asha.post("/admin/plans", fields).status_code == 303
    plan_id = market.stage.value("select max(id) from plans")
    assert 'value="1"' in market.asha.get(f"/admin/plans/{plan_id}").text
    assert "at most 1 MB of new files a day" in words(market.bilal.get("/billing").text)

    def buy(tx: Tx) -> None:
        subscriptions.begin(tx, market.stage.bilal.id, plans.by_id(tx, plan_id), now=market.stage.hands.now())

    market.stage.box.db.write_now(buy)
    assert "Megabytes of files a day 1" in words(market.bilal.get("/billing").text)

    def upload(data: bytes) -> Response:
        files = {"file": ("a.txt", data, "text/plain")}
        return market.bilal.ask("POST", "/files", data={"_csrf": market.bilal.csrf}, files=files)

    assert upload(b"a" * 700_000).status_code == 303
    page = market.bilal.get("/files").text
    judged = next(given["data-limits"] for tag, given in tags(page) if given.get("id") == "file")
    left, said = json.loads(judged or "")["left"]  # what a script tells of a file that is chosen
    assert left == 1024 * 1024 - 700_000 and said in words(page) and said.startswith("Your plan lets in 1")
    refused = upload(b"b" * 700_000)
    assert refused.status_code == 422 and "this one fits in 24 hours" in words(refused.text)
    assert "of new files a day that your plan allows" in words(refused.text)


def test_a_trial_is_had_once_and_a_used_number_ends_the_next(market: Market) -> None:
    assert "free trial" in words(market.bilal.get("/billing").text)
    assert market.bilal.post("/billing/trial").status_code == 303
    assert market.credits() == 50
    assert market.bilal.post("/billing/trial").status_code == 422
    refused = market.chen.post("/billing/trial")
    assert refused.status_code == 422 and "internet address" in refused.text

    def link(user_id: int) -> None:
        def verb(tx: Tx) -> None:
            device = devices.by_label(tx, user_id, "primary")
            number = orders.start(tx, device).session
            found = Link(device.id, number, "ready", phone="8801999000001", synced=True)
            linking.saw(tx, found, now=market.stage.hands.now())

        market.stage.box.db.write_now(verb)

    link(2)
    market.stage.hands.forward(hours=1)
    link(3)
    market.stage.box.db.write_now(lambda tx: tx.run("update users set state = state"))
    assert "Your WhatsApp number had a free trial" in market.chen.post("/billing/trial").text


def test_sending_without_credits_is_402_and_queues_nothing(market: Market) -> None:
    answer = market.bilal.post("/send", {"phone": "01711999888", "message": "Hi", "keep": "1"})
    assert answer.status_code == 402 and "buy credits first" in answer.text
    assert market.stage.value("select count(*) from messages") == 0


def test_an_expired_plan_says_how_to_go_on(market: Market) -> None:
    market.pay(market.bilal)
    market.asha.post("/admin/payments/1/approve")
    market.stage.box.db.write_now(
        lambda tx: tx.run(
            "update subscriptions set starts_at = :s, expires_at = :e",
            s=(market.stage.hands.now() - timedelta(days=30)).isoformat(timespec="microseconds"),
            e=(market.stage.hands.now() - timedelta(seconds=1)).isoformat(timespec="microseconds"),
        )
    )
    page = words(market.bilal.get("/billing").text)
    assert "Expired" in page and "it goes on where it stopped" in page and "Renew" in page


def test_customers_see_nothing_of_each_other(market: Market) -> None:
    market.pay(market.bilal)
    market.asha.post("/admin/payments/1/approve")
    assert market.chen.get("/billing/invoices/1").status_code == 404
    seen = words(market.chen.get("/billing").text)
    assert "8N7A6D5C4B" not in seen and "No. 000001" not in seen


def test_every_billing_page_carries_the_headers_and_is_bengali_too(market: Market) -> None:
    market.pay(market.bilal)
    market.asha.post("/admin/payments/1/approve")
    for tab, paths in (
        (market.bilal, ("/billing", "/billing/buy/1", "/billing/invoices/1")),
        (market.asha, ("/admin/plans", "/admin/plans/1", "/admin/payments", "/billing")),
    ):
        for language in ("en", "bn"):
            tab.post("/settings/locale", {"language": language})
            for path in some(paths):
                answer = tab.get(path)
                assert answer.status_code == 200, path
                assert answer.headers["content-security-policy"] == CSP
                assert answer.headers["cache-control"] == "no-store"


def test_credits_alone_are_sold_with_a_word_to_whoever_has_no_plan(market: Market) -> None:
    said = "Nothing is sent without a plan: buy or renew one too."
    assert said in words(market.bilal.get("/billing/buy/2").text)
    market.pay(market.bilal)
    market.asha.post("/admin/payments/1/approve")
    assert said not in words(market.bilal.get("/billing/buy/2").text)


def mails(market: Market) -> list[tuple[str, str]]:
    rows = market.stage.box.db.read_here(lambda rows: rows.all("select recipient, subject from mails order by id"))
    return [(row["recipient"], row["subject"]) for row in rows]


def test_the_customer_is_told_what_happens_to_a_payment(market: Market) -> None:
    assert market.pay(market.bilal) == market.pay(market.bilal) == 303
    market.pay(market.bilal, txid="SECOND01")
    assert mails(market) == []  # the owner hears of it by an alert
    assert "2 payments wait to be checked" in words(market.asha.get("/").text)
    assert "Nothing is sent without a plan" in words(market.bilal.get("/").text)
    for _ in range(2):
        market.asha.post("/admin/payments/1/approve")
    market.asha.post("/admin/payments/2/reject", {"reason": "No such money came."})
    assert mails(market) == [
        ("bilal@example.com", "Your payment is approved"),
        ("bilal@example.com", "Your payment was not accepted"),
    ]
    assert "to be checked" not in words(market.asha.get("/").text)
    assert "without a plan" not in words(market.bilal.get("/").text)


def test_who_has_paid_reads_first_that_it_is_checked_and_is_not_asked_again(market: Market) -> None:
    page = words(market.bilal.get("/billing").text)
    assert "Messages a day no limit" not in page.split("Buy")[0] and "Nothing is sent without a plan" in page
    assert market.pay(market.bilal) == 303
    page = market.bilal.get("/billing").text
    said = words(page).replace("\xa0", " ")
    assert said.index("We are checking your BDT 500.00 for Basic.") < said.index("Credits")
    assert 'href="/billing/buy/1"' not in page and 'href="/billing/buy/2"' in page
    assert "Start the free trial" not in said and "No plan yet" not in said
    market.asha.post("/admin/payments/1/approve")
    page = market.bilal.get("/billing").text
    assert "We are checking" not in page and 'href="/billing/buy/1"' in page


def test_only_ways_to_pay_that_say_how_are_offered(market: Market) -> None:
    page = market.bilal.get("/billing/buy/1").text
    assert re.findall(r'<option value="(\w+)"', page) == ["bkash"]
    assert market.pay(market.bilal, provider="nagad") == 303  # agreed on otherwise: told, and checked like any
    assert market.stage.value("select provider from payments") == "nagad"


def test_an_invoice_in_bengali_names_seller_and_buyer(market: Market) -> None:
    assert market.pay(market.bilal) == 303
    market.asha.post("/admin/payments/1/approve")
    market.bilal.post("/settings/locale", {"language": "bn"})
    number = market.stage.value("select max(number) from invoices")
    page = words(market.bilal.get(f"/billing/invoices/{number}").text)
    assert "বিক্রেতা" in page and "ক্রেতা" in page and "কোন ফোন থেকে" not in page


def test_after_a_restore_the_payments_page_says_what_is_not_on_record(market: Market) -> None:
    assert "not on record" not in words(market.asha.get("/admin/payments").text)
    now = market.stage.hands.now()
    db = market.stage.box.db
    db.write_now(fence.quarantine, "moved_here", behind=now, now=now)
    assert "not on record" not in words(market.asha.get("/admin/payments").text)  # nothing went on elsewhere
    db.write_now(fence.quarantine, "restored", behind=now - timedelta(hours=30), now=now)
    seen = words(market.asha.get("/admin/payments").text)
    assert "may be told once more" in seen
    db.write_now(fence.lift, "quarantined")
    assert "may be told once more" in words(market.asha.get("/admin/payments").text)
    market.stage.hands.forward(days=91)
    assert db.read_here(fence.gap, now=market.stage.hands.now()) is None
