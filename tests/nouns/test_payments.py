from __future__ import annotations

import sqlite3
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cast import Stage, stage
from tests.pictures import drawn
from tests.some import some
from wabox.accounts import audit, users
from wabox.accounts.users import User
from wabox.billing import invoices, ledger, money, payments, plans, screenshots, subscriptions, txids
from wabox.billing.payments import Claim, Payment
from wabox.billing.plans import Plan, Terms
from wabox.db import Tx
from wabox.errors import Invalid, NotFound, Refusal
from wabox.migrations import migrate

BASIC = Terms("Basic", 50_000, "BDT", 30, 1_000)
PACK = Terms("500 credits", 20_000, "BDT", None, 500)
BENGALI = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")
_blank: list[sqlite3.Connection] = []


@pytest.fixture
def basic(tx: Tx, bilal: User, now: datetime) -> Plan:
    subscriptions.switch(tx, enabled=True, now=now)
    return plans.create(tx, BASIC, now=now)


def claim(plan: Plan, txid: str = "8N7A6D5C4B", **more: object) -> Claim:
    fields = {"provider": "bkash", "amount_minor": plan.terms.price_minor, "sender": "01711000001", **more}
    return Claim(plan_id=plan.id, txid=txid, **fields)  # type: ignore[arg-type]


def submitted(tx: Tx, user: User, wanted: Claim, now: datetime) -> Payment:
    found = payments.submit(tx, user.id, wanted, ip="203.0.113.9", now=now)
    assert isinstance(found, Payment), found
    return found


def approved(tx: Tx, payment: Payment, asha: User, now: datetime) -> Payment:
    return payments.approve(tx, payment.id, by=asha.id, seller="Asha's box", ip=None, now=now)


def rejected(tx: Tx, payment: Payment, asha: User, now: datetime, is_false: int = 1) -> Payment:
    return payments.reject(tx, payment.id, by=asha.id, reason="No such money", is_false=is_false, ip=None, now=now)


@pytest.mark.parametrize(
    "spelling",
    [
        "8n7a6d5c4b",
        " 8N7A-6D5C-4B ",
        "৮N৭A৬D৫C৪B",
        "８Ｎ７Ａ６Ｄ５Ｃ４Ｂ",
        "8N7A\u200b6D5C4B",
        "8n7a 6d5c 4b",
        "8N7A–6D5C/4B",
    ],
)
def test_every_spelling_of_a_transaction_id_is_the_same(spelling: str) -> None:
    """Row 45: other case, other digits."""
    assert txids.canonical(spelling) == "8n7a6d5c4b"


@pytest.mark.parametrize("text", ["", "   ", "abc", "x" * 41, "8N7А6D5C4B", "drop'table", "০১", "😀😀😀😀"])
def test_what_is_no_transaction_id_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        txids.canonical(text)
    assert refusal.value.code == "bad_txid"


@given(st.text(max_size=60))
def test_any_text_is_canonical_or_refused_and_canonical_stays_so(text: str) -> None:
    try:
        canon = txids.canonical(text)
    except Invalid:
        return
    assert canon.isascii() and canon.isalnum() and txids.canonical(canon) == canon


def test_approval_brings_plan_credits_invoice_and_audit_together(
    tx: Tx, asha: User, bilal: User, basic: Plan, now: datetime
) -> None:
    payment = submitted(tx, bilal, claim(basic), now)
    assert payment.status == "pending"
    assert ledger.credits_left(tx, bilal.id) == 0
    assert subscriptions.standing(tx, bilal.id, enabled=True, now=now).none
    assert approved(tx, payment, asha, now).status == "approved"
    assert ledger.credits_left(tx, bilal.id) == ledger.balance(tx, bilal.id) == 1_000
    standing = subscriptions.standing(tx, bilal.id, enabled=True, now=now)
    assert (standing.name, standing.expires_at) == ("Basic", now + timedelta(days=30))
    invoice = invoices.of_user(tx, bilal.id)[0]
    assert (invoice.number, invoice.amount_minor, invoice.paid_at, invoice.buyer) == (1, 50_000, now, bilal.email)
    assert (invoice.from_at, invoice.to_at) == (now, now + timedelta(days=30))
    assert [one.action for one in audit.page(tx)] == ["payment.approved", "payment.submitted"]


def test_approving_again_changes_nothing(tx: Tx, asha: User, bilal: User, basic: Plan, now: datetime) -> None:
    """Row 45."""
    payment = submitted(tx, bilal, claim(basic), now)
    for _ in range(3):
        approved(tx, payment, asha, now)
    assert ledger.balance(tx, bilal.id) == 1_000
    assert len(invoices.of_user(tx, bilal.id)) == len(subscriptions.history(tx, bilal.id)) == 1


def test_a_pack_brings_credits_and_no_time(tx: Tx, asha: User, bilal: User, basic: Plan, now: datetime) -> None:
    pack = plans.create(tx, PACK, now=now)
    approved(tx, submitted(tx, bilal, claim(pack), now), asha, now)
    assert ledger.credits_left(tx, bilal.id) == 500
    assert subscriptions.standing(tx, bilal.id, enabled=True, now=now).none
    assert invoices.of_user(tx, bilal.id)[0].from_at is None


def test_an_approved_payment_is_final(tx: Tx, asha: User, bilal: User, basic: Plan, now: datetime) -> None:
    payment = approved(tx, submitted(tx, bilal, claim(basic), now), asha, now)
    with pytest.raises(Invalid) as refusal:
        rejected(tx, payment, asha, now)
    assert refusal.value.code == "approved_is_final"
    with pytest.raises(sqlite3.IntegrityError, match="final"):
        tx.run("update payments set status = 'rejected' where id = :id", id=payment.id)
    with pytest.raises(sqlite3.IntegrityError, match="kept"):
        tx.run("delete from payments where id = :id", id=payment.id)


def test_an_approved_payment_lets_its_picture_go_and_nothing_else(
    tx: Tx, asha: User, bilal: User, basic: Plan, now: datetime
) -> None:
    payment = approved(tx, submitted(tx, bilal, claim(basic, receipt="a.png"), now), asha, now)
    with pytest.raises(sqlite3.IntegrityError, match="final"):
        tx.run("update payments set receipt = 'another.png'")
    assert tx.run("update payments set receipt = null") == 1
    assert payments.by_id(tx, payment.id).receipt is None
    with pytest.raises(sqlite3.IntegrityError, match="final"):
        tx.run("update payments set receipt = 'another.png'")


def test_a_claim_keeps_its_words(tx: Tx, bilal: User, basic: Plan, now: datetime) -> None:
    payment = submitted(tx, bilal, claim(basic), now)
    with pytest.raises(sqlite3.IntegrityError, match="never changes"):
        tx.run("update payments set amount_minor = 1 where id = :id", id=payment.id)


def test_a_transaction_id_is_used_once_even_if_it_was_rejected(
    tx: Tx, asha: User, bilal: User, basic: Plan, now: datetime
) -> None:
    payment = submitted(tx, bilal, claim(basic), now)
    assert submitted(tx, bilal, claim(basic, "8n7a-6d5c-4b"), now).id == payment.id
    rejected(tx, payment, asha, now, is_false=0)
    refusal = payments.submit(tx, bilal.id, claim(basic), ip=None, now=now)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.code) == (422, "txid_used")
    for provider in some(payments.PROVIDERS):
        refusal = payments.submit(tx, bilal.id, claim(basic, "8N7A 6D5C 4B", provider=provider), ip=None, now=now)
        assert isinstance(refusal, Refusal) and refusal.code == "txid_used", provider
    assert tx.value("select count(*) from payments") == 1


def test_the_file_itself_refuses_a_second_use(tx: Tx, bilal: User, basic: Plan, now: datetime) -> None:
    submitted(tx, bilal, claim(basic), now)
    for provider in some(payments.PROVIDERS):
        with pytest.raises(sqlite3.IntegrityError, match="once"):
            tx.run(
                """insert into payments (user_id, plan_id, provider, amount_minor, currency, txid, canon_txid,
                   sender, created_at) select user_id, plan_id, :provider, 1, 'BDT', 'x', canon_txid, 'x', 'x'
                   from payments""",
                provider=provider,
            )


def test_a_rejected_payment_can_be_approved_after_all(
    tx: Tx, asha: User, bilal: User, basic: Plan, now: datetime
) -> None:
    payment = rejected(tx, submitted(tx, bilal, claim(basic), now), asha, now)
    assert (payment.status, payment.reason, payment.false_claim) == ("rejected", "No such money", True)
    assert approved(tx, payment, asha, now).status == "approved"
    assert tx.value("select count(*) from false_claims") == 0


def test_three_false_claims_lock_the_account_for_review(
    tx: Tx, asha: User, bilal: User, basic: Plan, now: datetime
) -> None:
    for number in range(3):
        state = users.by_id(tx, bilal.id)
        assert state is not None and state.state == "active"
        rejected(tx, submitted(tx, bilal, claim(basic, f"false{number}"), now), asha, now)
    locked = users.by_id(tx, bilal.id)
    assert locked is not None and locked.state == "locked"
    entry = audit.page(tx)[0]
    reason = "3 claims of payment were false."
    assert (entry.action, entry.details["reason"]) == ("account.locked", reason)
    assert tx.value("select state_reason from users where id = :id", id=bilal.id) == reason


def test_mistakes_lock_nobody(tx: Tx, asha: User, bilal: User, basic: Plan, now: datetime) -> None:
    for number in range(4):
        rejected(tx, submitted(tx, bilal, claim(basic, f"oops{number}"), now), asha, now, is_false=0)
    assert tx.value("select state from users where id = :id", id=bilal.id) == "active"


@pytest.fixture
def chen(tx: Tx, asha: User, now: datetime) -> User:
    return users.create(tx, email="chen@example.com", password_hash="x", now=now)


def test_giving_an_id_that_somebody_else_gave_is_asked_about_and_no_false_claim(
    tx: Tx, bilal: User, chen: User, basic: Plan, now: datetime
) -> None:
    for number in range(4):
        submitted(tx, bilal, claim(basic, f"hers{number}"), now)
        for provider in some(payments.PROVIDERS):
            other = claim(basic, f"HERS-{number}", provider=provider)
            refusal = payments.submit(tx, chen.id, other, ip=None, now=now)
            assert isinstance(refusal, Refusal)
            assert (refusal.code, set(refusal.details)) == ("txid_claimed", {"txid", "insists"})
    assert tx.value("select count(*) from payments where user_id = :id", id=chen.id) == 0
    assert tx.value("select count(*) from false_claims") == 0
    assert tx.value("select state from users where id = :id", id=chen.id) == "active"


def both(tx: Tx, bilal: User, chen: User, plan: Plan, now: datetime) -> tuple[Payment, Payment]:
    """bilal gave the id first; chen, who paid, insists."""
    first = submitted(tx, bilal, claim(plan), now)
    submitted(tx, bilal, claim(plan, "between"), now)
    return first, submitted(tx, chen, claim(plan, "8n7a-6d5c-4b", provider="bank", insists=True), now)


def test_who_insists_waits_beside_who_was_first(
    tx: Tx, bilal: User, chen: User, basic: Plan, now: datetime
) -> None:
    first, second = both(tx, bilal, chen, basic, now)
    assert [one.id for one in payments.queue(tx)][:2] == [first.id, second.id]
    assert [one.id for one in payments.rivals(tx, first.id)] == [second.id]
    assert [one.id for one in payments.rivals(tx, second.id)] == [first.id]
    assert submitted(tx, chen, claim(basic, insists=True), now).id == second.id
    assert audit.page(tx)[0].details["contested"] == [first.id]


@pytest.mark.parametrize("payer", ["first", "second"])
def test_approving_one_settles_the_other_and_the_id_counts_once(
    tx: Tx, asha: User, bilal: User, chen: User, basic: Plan, now: datetime, payer: str
) -> None:
    pair = both(tx, bilal, chen, basic, now)
    won, lost = pair if payer == "first" else pair[::-1]
    approved(tx, won, asha, now)
    other = payments.by_id(tx, lost.id)
    assert (other.status, other.reason, other.false_claim) == ("rejected", payments.ANOTHERS, False)
    assert tx.value("select count(*) from false_claims") == 0
    with pytest.raises(Invalid) as refusal:
        approved(tx, lost, asha, now)
    assert refusal.value.code == "txid_counted"
    assert ledger.balance(tx, won.user_id) == 1_000 and ledger.balance(tx, lost.user_id) == 0
    assert tx.value("select count(*) from ledger") == tx.value("select count(*) from invoices") == 1
    assert payments.waiting(tx) == 1


def test_who_insists_after_the_id_has_counted_is_seen_but_not_paid_for(
    tx: Tx, asha: User, bilal: User, chen: User, basic: Plan, now: datetime
) -> None:
    approved(tx, submitted(tx, bilal, claim(basic), now), asha, now)
    late = submitted(tx, chen, claim(basic, insists=True), now)
    assert [one.status for one in payments.rivals(tx, late.id)] == ["approved"]
    with pytest.raises(Invalid, match="counts once"):
        approved(tx, late, asha, now)
    assert rejected(tx, late, asha, now, is_false=0).status == "rejected"


def test_the_owner_may_still_call_a_rival_claim_false(
    tx: Tx, asha: User, bilal: User, chen: User, basic: Plan, now: datetime
) -> None:
    first, second = both(tx, bilal, chen, basic, now)
    rejected(tx, first, asha, now)
    assert tx.value("select user_id from false_claims") == bilal.id
    assert approved(tx, second, asha, now).status == "approved"
    assert payments.by_id(tx, first.id).reason == "No such money"


def test_the_file_itself_lets_an_id_count_once(
    tx: Tx, asha: User, bilal: User, chen: User, basic: Plan, now: datetime
) -> None:
    first, second = both(tx, bilal, chen, basic, now)
    approved(tx, first, asha, now)
    with pytest.raises(sqlite3.IntegrityError, match="counts once"):
        tx.run("update payments set status = 'approved' where id = :id", id=second.id)
    with pytest.raises(sqlite3.IntegrityError, match="once"):
        tx.run(
            """insert into payments (user_id, plan_id, provider, amount_minor, currency, txid, canon_txid, sender,
               created_at, status) select :asha, plan_id, 'nagad', 1, 'BDT', 'x', canon_txid, 'x', 'x', 'approved'
               from payments where id = :id""",
            asha=asha.id,
            id=first.id,
        )


def test_bad_claims_are_refused_by_field(tx: Tx, bilal: User, basic: Plan, now: datetime) -> None:
    wrong = claim(basic, provider="paypal", sender="x", amount_minor=0)
    with pytest.raises(Invalid) as refusal:
        payments.submit(tx, bilal.id, wrong, ip=None, now=now)
    assert set(refusal.value.details) == {"provider", "sender", "amount"}
    plans.archive(tx, basic.id)
    with pytest.raises(Invalid, match="not for sale"):
        payments.submit(tx, bilal.id, claim(basic), ip=None, now=now)
    with pytest.raises(NotFound):
        payments.submit(tx, bilal.id, Claim(99, "bkash", 1, "8N7A6D5C4B", "01711000001"), ip=None, now=now)


def test_only_a_few_claims_wait_at_a_time(tx: Tx, bilal: User, basic: Plan, now: datetime) -> None:
    for number in range(payments.MOST_PENDING):
        submitted(tx, bilal, claim(basic, f"wait{number}"), now)
    with pytest.raises(Invalid, match="wait to be checked"):
        payments.submit(tx, bilal.id, claim(basic, "another"), ip=None, now=now)


def test_invoice_numbers_have_no_gap_and_stay(tx: Tx, asha: User, bilal: User, basic: Plan, now: datetime) -> None:
    for number in range(4):
        approved(tx, submitted(tx, bilal, claim(basic, f"paid{number}"), now), asha, now)
    assert [one.number for one in invoices.of_user(tx, bilal.id)] == [4, 3, 2, 1]
    for statement, said in (
        ("delete from invoices where number = 4", "kept"),
        ("update invoices set amount_minor = 1", "never changes"),
        ("insert into invoices select 9, user_id, plan_id, kind, null, renews, 1, 'BDT', '', '', null, null, "
         "issued_at, null, null from invoices where number = 1", "no gap"),
    ):  # fmt: skip
        with pytest.raises(sqlite3.IntegrityError, match=said):
            tx.run(statement)


def test_a_renewal_is_invoiced_once_and_paid_by_the_payment_for_it(
    tx: Tx, asha: User, bilal: User, basic: Plan, now: datetime
) -> None:
    approved(tx, submitted(tx, bilal, claim(basic, "first"), now), asha, now)
    period = subscriptions.last(tx, bilal.id)
    assert period is not None
    late = now + timedelta(days=25)
    asked = invoices.renewal(tx, period, basic, seller="Asha's box", now=late)
    assert asked is not None and asked.open and asked.number == 2
    assert invoices.renewal(tx, period, basic, seller="Asha's box", now=late) is None
    approved(tx, submitted(tx, bilal, claim(basic, "second"), late), asha, late)
    paid = invoices.by_number(tx, 2)
    assert (paid.paid_at, paid.from_at, paid.to_at) == (late, period.expires_at, now + timedelta(days=60))
    assert len(invoices.of_user(tx, bilal.id)) == 2


def test_an_unpaid_renewal_is_void_when_something_else_is_bought(
    tx: Tx, asha: User, bilal: User, basic: Plan, now: datetime
) -> None:
    approved(tx, submitted(tx, bilal, claim(basic, "first"), now), asha, now)
    period = subscriptions.last(tx, bilal.id)
    assert period is not None
    invoices.renewal(tx, period, basic, seller="Asha's box", now=now)
    large = plans.create(tx, Terms("Large", 90_000, "BDT", 30, 5_000), now=now)
    approved(tx, submitted(tx, bilal, claim(large, "second"), now), asha, now)
    assert [(one.number, one.void_at is not None) for one in invoices.of_user(tx, bilal.id)] == [
        (3, False), (2, True), (1, False),
    ]  # fmt: skip


# -- many at once ------------------------------------------------------------------------------------


def spelled(number: int) -> str:
    text = "8N7A6D5C4B"
    variants = (
        text,
        text.lower(),
        text.translate(BENGALI),
        "-".join(text),
        f" {text} ",
        text[:4] + " " + text[4:],
    )
    return variants[number % len(variants)]


def test_fifty_threads_with_one_transaction_id_make_one_ledger_entry(tmp_path: Path) -> None:
    """Row 45."""
    made = stage(tmp_path, billing={"enabled": True})
    plan = made.box.db.write_now(plans.create, BASIC, now=made.hands.now())
    faults: list[BaseException] = []
    gate = threading.Barrier(50)

    def one(number: int) -> None:
        try:
            gate.wait()
            _pay(made, plan, number)
        except BaseException as fault:  # noqa: BLE001 - told to the test
            faults.append(fault)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    for question in (
        "select count(*) from payments",
        "select count(*) from ledger",
        "select count(*) from subscriptions",
        "select count(*) from invoices",
        "select count(*) from audit where action = 'payment.approved'",
    ):
        assert made.value(question) == 1, question
    assert made.value("select credits from users where id = :id", id=made.bilal.id) == 1_000
    made.close()


def test_fifty_people_with_one_transaction_id_make_one_ledger_entry(tmp_path: Path) -> None:
    made = stage(tmp_path, billing={"enabled": True})
    plan = made.box.db.write_now(plans.create, BASIC, now=made.hands.now())
    people = [
        made.box.db.write_now(users.create, email=f"p{n}@example.com", password_hash="x", now=made.hands.now()).id
        for n in range(50)
    ]
    told: list[str] = []

    def one(number: int) -> None:
        now, provider = made.hands.now(), payments.PROVIDERS[number % 3]
        wanted = claim(plan, spelled(number), provider=provider, insists=True)
        found = made.box.db.write_now(payments.submit, people[number], wanted, ip=None, now=now)
        assert isinstance(found, Payment)
        try:
            made.box.db.write_now(payments.approve, found.id, by=made.asha.id, seller="x", ip=None, now=now)
            told.append("approved")
        except Invalid as refusal:
            told.append(refusal.code)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["approved"] + ["txid_counted"] * 49
    assert made.value("select count(*) from payments where status = 'approved'") == 1
    for table in ("ledger", "subscriptions", "invoices"):
        assert made.value(f"select count(*) from {table}") == 1, table
    assert made.value("select count(*) from false_claims") == 0
    made.close()


def _pay(made: Stage, plan: Plan, number: int) -> None:
    now = made.hands.now()
    found = made.box.db.write_now(payments.submit, made.bilal.id, claim(plan, spelled(number)), ip=None, now=now)
    payment_id = found.id if isinstance(found, Payment) else 1
    made.box.db.write_now(payments.approve, payment_id, by=made.asha.id, seller="x", ip=None, now=now)


@given(
    st.lists(st.tuples(st.sampled_from(["pay", "approve", "reject", "take", "return", "pass"]), st.integers(0, 5)))
)
def test_credits_are_conserved_through_any_story(moves: list[tuple[str, int]]) -> None:
    """What was granted for approved payments, less what messages took, is the balance at every step."""
    story = _Story()
    for move, number in moves:
        story.do(move, number)
        assert story.balance() == story.expected
    story.close()


class _Story:
    """A file in memory with one customer."""

    def __init__(self) -> None:
        from_memory = sqlite3.connect(":memory:", isolation_level=None)
        from_memory.row_factory = sqlite3.Row
        from_memory.create_function("phone_hash", 1, lambda text: text, deterministic=True)
        _migrated(from_memory)
        self.connection, self.tx = from_memory, Tx(from_memory)
        self.now, self.expected = datetime.fromisoformat("2026-03-10T06:00:00+00:00"), 0
        self.asha = users.create(self.tx, email="a@example.com", password_hash="x", role="owner", now=self.now)
        self.bilal = users.create(self.tx, email="b@example.com", password_hash="x", now=self.now)
        subscriptions.switch(self.tx, enabled=True, now=self.now)
        self.plan = plans.create(self.tx, Terms("Basic", 500, "BDT", 3, 7), now=self.now)
        self.taken: list[int] = []

    def do(self, move: str, number: int) -> None:
        getattr(self, "_" + move)(number)

    def balance(self) -> int:
        stored = self.tx.value("select credits from users where id = :id", id=self.bilal.id)
        summed = ledger.balance(self.tx, self.bilal.id)
        assert stored == summed
        return summed

    def close(self) -> None:
        self.connection.close()

    def _pay(self, number: int) -> None:
        try:
            payments.submit(self.tx, self.bilal.id, claim(self.plan, f"story{number}"), ip=None, now=self.now)
        except Invalid as refusal:
            if refusal.code != "too_many_pending":
                raise

    def _approve(self, number: int) -> None:
        for payment in payments.of_user(self.tx, self.bilal.id):
            if payment.txid == f"story{number}":
                self.expected += 7 * (payment.status != "approved")
                approved(self.tx, payment, self.asha, self.now)

    def _reject(self, number: int) -> None:
        for payment in payments.of_user(self.tx, self.bilal.id):
            if payment.txid == f"story{number}" and payment.status != "approved":
                rejected(self.tx, payment, self.asha, self.now, is_false=0)

    def _take(self, number: int) -> None:
        if self.expected:
            self.taken.append(len(self.taken) + 1)
            ledger.take(self.tx, self.bilal.id, self.taken[-1], now=self.now)
            self.expected -= 1

    def _return(self, number: int) -> None:
        if number < len(self.taken):
            self.expected += ledger.give_back(self.tx, self.bilal.id, self.taken[number], now=self.now)

    def _pass(self, number: int) -> None:
        self.now += timedelta(days=number)
        subscriptions.settle(self.tx, now=self.now)


def _migrated(connection: sqlite3.Connection) -> None:
    if not _blank:
        template = sqlite3.connect(":memory:", isolation_level=None)
        migrate(template)
        _blank.append(template)
    _blank[0].backup(connection)


# -- money and pictures ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "minor"),
    [("500", 50_000), ("1,250.50", 125_050), ("১২৫০", 125_000), (" 20.5 ", 2_050), ("৳ 99", 9_900)],
)
def test_amounts_are_read_as_people_type_them(typed: str, minor: int) -> None:
    assert money.minor(typed, "BDT") == minor


@pytest.mark.parametrize("typed", ["", "abc", "-5", "1.234", "1e5", "1.2.3", "9" * 13, "½"])
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        money.minor(typed, "BDT")


def test_money_is_shown_with_its_currency() -> None:
    assert money.shown(125_050, "BDT") == "BDT\xa01,250.50"
    assert money.shown(500, "JPY") == "JPY\xa0500"
    assert (money.plain(125_050, "BDT"), money.plain(50_000, "BDT"), money.plain(50, "JPY")) == (
        "1250.50", "500", "50",
    )  # fmt: skip


PNG, JPEG, WEBP = (drawn(kind) for kind in ("png", "jpg", "webp"))


@pytest.mark.parametrize(("data", "kind"), [(PNG, "png"), (JPEG, "jpg"), (WEBP, "webp")])
def test_a_picture_is_known_by_its_content_and_kept_private(tmp_path: Path, data: bytes, kind: str) -> None:
    name = screenshots.keep(tmp_path / "receipts", data)
    assert name.endswith("." + kind)
    assert (tmp_path / "receipts" / name).stat().st_mode & 0o777 == 0o600
    assert screenshots.read(tmp_path / "receipts", name) == (data, screenshots.TYPES[kind])
    screenshots.drop(tmp_path / "receipts", name)
    with pytest.raises(NotFound):
        screenshots.read(tmp_path / "receipts", name)


@pytest.mark.parametrize(
    "data",
    [b"", b"<svg onload=alert(1)>", b"GIF89a" + b"\0" * 40, b"%PDF-1.7", PNG + b"\0" * screenshots.MOST_BYTES],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        screenshots.keep(tmp_path, data)
    assert refusal.value.code == "bad_receipt"


@pytest.mark.parametrize("name", ["../wabox.db", "x.png", "/etc/passwd", "a" * 32 + ".svg"])
def test_a_picture_has_no_other_name_than_its_own(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound):
        screenshots.read(tmp_path, name)
