"""What the rules of a shared box hold or refuse: before it is queued, while it waits, and what a person says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.engine.conftest import PHONE, Engine, make
from tests.engine.test_campaigns import expand, launch, people, run, show
from wabox.accounts import mail, states, users
from wabox.billing import ledger
from wabox.campaigns import control, launching, reviewing
from wabox.contacts import writing
from wabox.content import complaints, refusals, reviews, rules
from wabox.content.rules import Actor, Draft
from wabox.db import Rows, Tx
from wabox.engine import alerting, page_events
from wabox.errors import Invalid, Refusal
from wabox.messages import claiming, explaining, leaving, outbox, stored
from wabox.whatsapp.driver import Inbound

HELD = "Send me your PIN now"


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Engine]:
    """A box on which others may have accounts."""
    made = make(tmp_path, accounts={"registration": "open"})
    yield made
    made.stage.close()


def asha(engine: Engine) -> Actor:
    return Actor(engine.stage.asha.id, "10.0.0.1")


def rule(engine: Engine, text: str, action: str = "hold", kind: str = "word") -> int:
    draft = Draft(kind, text, action, "We do not sell that here.")
    return engine.stage.box.db.write_now(rules.add, draft, by=asha(engine), now=engine.stage.hands.now())


def queue(engine: Engine) -> list[reviewing.Entry]:
    return engine.stage.box.db.read_here(reviewing.queue)


def yes(engine: Engine, review_id: int) -> int:
    now = engine.stage.hands.now()
    return engine.stage.box.db.write_now(reviewing.approve, review_id, by=asha(engine), now=now)


def no(engine: Engine, review_id: int, reason: str = "Not here.") -> int:
    now = engine.stage.hands.now()
    return engine.stage.box.db.write_now(reviewing.deny, review_id, reason, by=asha(engine), now=now)


def why(engine: Engine, job_id: int) -> str | None:
    now, box = engine.stage.hands.now(), engine.stage.box

    def ask(rows: Rows) -> str | None:
        found = explaining.explain(rows, [stored.by_id(rows, job_id)], config=box.config, now=now)
        return found[job_id].reason

    return box.db.read_here(ask)


def actions(engine: Engine) -> list[str]:
    def ask(rows: Rows) -> list[str]:
        return [row["action"] for row in rows.all("select action from audit order by id")]

    return engine.stage.box.db.read_here(ask)


def limited(engine: Engine, credits: int) -> None:
    def verb(tx: Tx) -> None:
        tx.run("update users set unlimited = 0 where id = :id", id=engine.stage.asha.id)
        ledger.grant(tx, engine.stage.asha.id, credits, note="cash", by="asha", now=engine.stage.hands.now())

    engine.stage.box.db.write_now(verb)


def credits_left(engine: Engine) -> int | None:
    return engine.stage.box.db.read_here(ledger.credits_left, engine.stage.asha.id)


def test_a_shop_alone_on_its_box_is_never_judged(engine: Engine) -> None:
    job = engine.send(text=HELD)
    engine.turn()
    assert engine.status(job) == "sent"
    assert queue(engine) == []


def test_a_held_message_lets_the_others_pass_and_goes_once_after_a_yes(shared: Engine) -> None:
    held, other = shared.send(text=HELD), shared.send(phone="8801711000002")
    assert why(shared, held) == "content_review"
    shared.turn()
    assert (shared.status(held), shared.status(other)) == ("queued", "sent")
    [entry] = queue(shared)
    assert (entry.text, entry.names, entry.phone, entry.count) == (HELD, ("secrets",), PHONE, 1)
    assert yes(shared, entry.id) == 1
    assert yes(shared, entry.id) == 0
    assert no(shared, entry.id) == 0
    shared.turn()
    shared.turn()
    assert shared.status(held) == "sent"
    assert [text for _, text in sent_texts(shared)].count(HELD) == 1
    assert actions(shared).count("review.passed") == 1


def sent_texts(engine: Engine) -> list[tuple[int, str]]:
    def ask(rows: Rows) -> list[tuple[int, str]]:
        return [
            (row["id"], row["text"]) for row in rows.all("select id, text from messages where status = 'sent'")
        ]

    return engine.stage.box.db.read_here(ask)


def test_after_a_no_it_is_skipped_with_the_reason_and_its_credit_comes_back(shared: Engine) -> None:
    limited(shared, 5)
    held = shared.send(text=HELD)
    assert credits_left(shared) == 4
    [entry] = queue(shared)
    with pytest.raises(Invalid, match="Say why"):
        no(shared, entry.id, "  ")
    assert no(shared, entry.id, "This is a swindle.") == 1
    message = shared.message(held)
    assert (message.status, message.error, message.error_text) == (
        "skipped",
        "content_refused",
        "This is a swindle.",
    )
    assert credits_left(shared) == 5
    assert yes(shared, entry.id) == 0
    shared.turn()
    assert shared.status(held) == "skipped"


def test_a_refused_message_leaves_nothing_but_its_record(shared: Engine) -> None:
    limited(shared, 5)
    rule(shared, "casino", "refuse")
    for _ in range(3):
        with pytest.raises(Refusal) as refused:
            shared.send(text="Best CASINO in town", ip="10.9.8.7")
    assert refused.value.code == "content_refused"
    assert refused.value.details == {"message": "We do not sell that here."}
    assert shared.stage.value("select count(*) from messages") == 0
    assert credits_left(shared) == 5
    assert actions(shared).count("content.refused") == 1
    record = shared.stage.value("select details || ip from audit where action = 'content.refused'")
    assert "casino" in record and "town" not in record and "10.9.8.7" in record
    counted = shared.stage.box.db.read_here(refusals.counted, shared.stage.asha.id, since=shared.stage.hands.now())
    assert counted == 3


def test_a_refusal_beside_others_in_one_transaction_costs_them_nothing(shared: Engine) -> None:
    rule(shared, "casino", "refuse")
    before = shared.send(text="Hello")
    with pytest.raises(Refusal):
        shared.send(text="casino")
    assert shared.status(before) == "queued"
    assert shared.status(shared.send(phone="8801711000003", text="Bye")) == "queued"


def test_a_rule_made_while_messages_wait_holds_for_them_too(shared: Engine) -> None:
    first, second = shared.send(text="Play at the casino"), shared.send(phone="8801711000002", text="Free rum")
    rule(shared, "casino")
    rule(shared, "rum", "refuse")
    assert why(shared, first) == "content_review"
    shared.turn()
    assert (shared.status(first), shared.status(second)) == ("queued", "skipped")
    assert shared.message(second).error_text == "We do not sell that here."
    assert why(shared, first) == "content_review"
    yes(shared, queue(shared)[0].id)
    shared.turn()
    assert shared.status(first) == "sent"


def test_what_a_person_let_go_is_refused_all_the_same_by_a_rule_that_refuses(shared: Engine) -> None:
    job = shared.send(text=HELD + " at the casino")
    yes(shared, queue(shared)[0].id)
    rule(shared, "casino", "refuse")
    shared.turn()
    assert shared.message(job).error == "content_refused"


def test_a_held_message_expires_is_cancelled_and_gives_way_to_an_opt_out(shared: Engine) -> None:
    soon = shared.stage.hands.now().replace(minute=30)
    expiring = shared.send(text=HELD, expires_at=soon)
    cancelled = shared.send(phone="8801711000002", text=HELD)
    silenced = shared.send(phone="8801711000003", text=HELD)
    assert len(queue(shared)) == 3
    now, db = shared.stage.hands.now(), shared.stage.box.db
    db.write_now(outbox.cancel_for, shared.stage.asha.id, cancelled, now=now)
    hear(shared, "8801711000003", "STOP", shared.stage.asha.device_id)
    shared.stage.hands.forward(hours=1)
    db.write_now(leaving.expire, now=shared.stage.hands.now())
    assert [shared.message(one).error for one in (expiring, cancelled, silenced)] == ["expired", None, "opted_out"]
    assert queue(shared) == []
    assert shared.stage.value("select count(*) from reviews where decision = 'over'") == 3


def test_a_crash_after_the_claim_of_what_was_let_go_sends_it_once(shared: Engine) -> None:
    job = shared.send(text=HELD)
    yes(shared, queue(shared)[0].id)
    box = shared.stage.box
    claimed = box.db.write_now(
        claiming.claim_next, shared.stage.asha.device_id, config=box.config, now=shared.stage.hands.now()
    )
    assert isinstance(claimed, stored.Message)
    shared.restarted()
    shared.turn()
    shared.turn()
    assert shared.status(job) == "sent"
    assert len(sent_texts(shared)) == 1


def test_one_claim_puts_so_many_aside_and_leaves_the_rest_to_the_next(
    shared: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "MOST_ASIDE", 20)
    jobs = [shared.send(phone=f"88017110{n:05d}", text="casino") for n in range(25)]
    rule(shared, "casino")
    held = "select count(*) from messages where in_review = 1"
    seen = []
    while shared.turns.step(shared.stage.asha.device_id):
        seen.append(shared.stage.value(held))
    steps = [after - before for before, after in pairwise([0, *seen, len(jobs)])]
    assert 0 < max(steps) <= 20 and min(steps) >= 0
    assert seen and shared.stage.value(held) == len(jobs)
    due = shared.stage.box.db.read_here(claiming.devices_due, now=shared.stage.hands.now())
    assert due == []


def test_the_line_finds_its_head_by_index_past_what_is_held(shared: Engine) -> None:
    def plan(rows: Rows) -> str:
        found = rows.all(
            """explain query plan select m.id from messages m where m.device_id = 1 and m.in_review = 0
               and m.campaign_id is null and m.status = 'queued' order by m.priority desc, m.id limit 1"""
        )
        return " ".join(row["detail"] for row in found)

    told = shared.stage.box.db.read_here(plan)
    assert "queue" in told and "device_id=? AND in_review=? AND campaign_id=?" in told
    assert "TEMP B-TREE" not in told


# -- campaigns ---------------------------------------------------------------------------------------


def test_a_campaign_is_held_before_anybody_gets_it_and_goes_on_by_itself_after_a_yes(shared: Engine) -> None:
    limited(shared, 10)
    people(shared, 3)
    campaign = launch(shared, "{Hello|Send us your PIN} {name}")
    made = show(shared, campaign)
    assert (made.status, made.status_reason, made.launched_at) == ("paused", "content_review", None)
    now, db = shared.stage.hands.now(), shared.stage.box.db
    with pytest.raises(Invalid) as refused:
        db.write_now(control.resume, shared.stage.asha.id, campaign, contact_ids=[1], now=now)
    assert refused.value.code == "content_review"
    with pytest.raises(Invalid) as again:
        db.write_now(control.redispatch, shared.stage.asha.id, campaign, now=now)
    assert again.value.code == "content_review"
    [entry] = queue(shared)
    assert (entry.campaign, entry.count, entry.text) == ("April", 0, "{Hello|Send us your PIN} {name}")
    assert yes(shared, entry.id) == 1
    assert db.read_here(launching.due, now=now) == [campaign]
    ids = db.read_here(lambda rows: [row["id"] for row in rows.all("select id from contacts")])
    db.write_now(launching.launch_scheduled, campaign, ids, now=now)
    ended = run(shared, campaign)
    assert (ended.status, ended.sent) == ("completed", 3)
    assert queue(shared) == []


def test_a_campaign_that_a_person_refuses_is_stopped_and_costs_nothing(shared: Engine) -> None:
    limited(shared, 10)
    people(shared, 3)
    campaign = launch(shared, HELD)
    assert no(shared, queue(shared)[0].id, "A swindle.") == 1
    ended = show(shared, campaign)
    assert (ended.status, ended.status_reason, ended.cancelled) == ("stopped", "content_refused", 3)
    assert credits_left(shared) == 10
    assert shared.stage.box.db.read_here(reviews.said_of, campaign) == "A swindle."


def test_a_campaign_may_be_stopped_by_its_sender_while_it_is_read(shared: Engine) -> None:
    people(shared, 2)
    campaign = launch(shared, HELD)
    shared.stage.box.db.write_now(control.stop, shared.stage.asha.id, campaign, now=shared.stage.hands.now())
    assert queue(shared) == []
    assert show(shared, campaign).status == "stopped"


def test_a_campaign_whose_text_is_refused_is_not_made(shared: Engine) -> None:
    people(shared, 2)
    rule(shared, "casino", "refuse")
    with pytest.raises(Invalid) as refused:
        launch(shared, "Hi {there|casino}")
    assert refused.value.code == "content_refused"
    assert shared.stage.value("select count(*) from campaigns") == 0
    assert actions(shared).count("content.refused") == 1


def test_people_whose_data_makes_it_bad_are_held_or_skipped_alone(shared: Engine) -> None:
    limited(shared, 10)
    people(shared, 4)
    rule(shared, "Name 1", "refuse")
    rule(shared, "Name 2", "hold")
    campaign = launch(shared)
    ended = run(shared, campaign, turns=20)
    assert (ended.sent, ended.skipped, ended.queued) == (2, 1, 1)
    assert credits_left(shared) == 7
    [entry] = queue(shared)
    assert (entry.campaign, entry.count, entry.text) == ("April", 1, "Hello Name 2")
    assert no(shared, entry.id, "Not to that one.") == 1
    ended = run(shared, campaign, turns=5)
    assert (ended.status, ended.sent, ended.skipped) == ("completed", 2, 2)
    assert credits_left(shared) == 8


def test_a_field_whose_words_are_refused_skips_its_person_alone(shared: Engine) -> None:
    rule(shared, "casino", "refuse")
    box, now = shared.stage.box, shared.stage.hands.now()
    for number, city in zip(people(shared, 2), ("Dhaka", "Casino street"), strict=True):
        box.db.write_now(writing.upsert, shared.stage.asha.id, phone=number, fields={"city": city}, now=now)
    campaign_id = launch(shared, "Hello from {city:your town}")
    assert run(shared, campaign_id).sent == 1
    assert shared.stage.value("select error from messages where status = 'skipped'") == "content_refused"
    assert [text for _, _, _, text in shared.driver.handed] == ["Hello from Dhaka"]


def test_a_campaign_is_one_entry_and_a_yes_lets_all_of_it_go(shared: Engine) -> None:
    people(shared, 6)
    campaign = launch(shared, "Hello from the casino")
    expand(shared, campaign)
    rule(shared, "casino")
    shared.turn()
    [entry] = queue(shared)
    assert entry.count == 6
    assert yes(shared, entry.id) == 6
    assert yes(shared, entry.id) == 0
    assert run(shared, campaign).sent == 6


def test_a_campaign_in_pieces_is_settled_by_asking_again(shared: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviewing, "PIECE", 4)
    people(shared, 6)
    campaign = launch(shared, "Hello from the casino")
    expand(shared, campaign)
    rule(shared, "casino")
    shared.turn()
    [entry] = queue(shared)
    assert [no(shared, entry.id), no(shared, entry.id), no(shared, entry.id)] == [4, 2, 0]
    assert run(shared, campaign, turns=3).skipped == 6


# -- complaints, mail, switching off -----------------------------------------------------------------


def hear(engine: Engine, phone: str, text: str, device_id: int | None = None) -> None:
    """The person writes to bilal's phone, or to this one."""
    event = Inbound(
        device_id=device_id or engine.stage.bilal.device_id,
        session=1,
        message_id=f"in-{phone}-{text}",
        chat_id=f"{phone}@c.us",
        phone=phone,
        name=None,
        text=text,
        kind="chat",
        at=engine.stage.hands.now(),
    )
    engine.stage.box.db.write_now(page_events.verb(event, engine.stage.box))


def state_of(engine: Engine, user_id: int) -> str:
    user = engine.stage.box.db.read_here(users.by_id, user_id)
    assert user is not None
    return user.state


@pytest.mark.parametrize("word", ["SPAM", "spam!", "স্প্যাম", "Report spam", "S\u200bPAM"])
def test_a_reply_that_says_spam_opts_out_and_is_a_complaint(shared: Engine, word: str) -> None:
    hear(shared, PHONE, word)
    assert (
        shared.stage.value("select count(*) from suppressions where user_id = :id", id=shared.stage.bilal.id) == 1
    )
    row = "select user_id || ' ' || source || ' ' || tail from complaints"
    assert shared.stage.value(row) == f"{shared.stage.bilal.id} reply {PHONE[-4:]}"
    hear(shared, PHONE, word + " ")
    assert shared.stage.value("select count(*) from complaints") == 1


def test_on_a_box_of_one_shop_spam_only_opts_out(engine: Engine) -> None:
    hear(engine, PHONE, "SPAM")
    assert engine.stage.value("select count(*) from suppressions") == 1
    assert engine.stage.value("select count(*) from complaints") == 0


def test_so_many_people_lock_the_account_and_the_same_one_twice_does_not(tmp_path: Path) -> None:
    made = make(tmp_path, accounts={"registration": "open"}, content={"lock_after_complaints": 2})
    hear(made, PHONE, "SPAM")
    made.stage.hands.forward(days=1)
    hear(made, PHONE, "স্প্যাম")
    assert state_of(made, made.stage.bilal.id) == "active"
    hear(made, "8801711000002", "spam")
    assert state_of(made, made.stage.bilal.id) == "locked"
    assert "account.locked" in actions(made)
    made.stage.close()


def test_the_owner_is_never_locked_by_complaints(tmp_path: Path) -> None:
    made = make(tmp_path, accounts={"registration": "open"}, content={"lock_after_complaints": 1})
    now = made.stage.hands.now()
    made.stage.box.db.write_now(
        complaints.record,
        made.stage.asha.id,
        PHONE,
        source="owner",
        by=states.Actor(None, None),
        note="by phone",
        lock_after=1,
        now=now,
    )
    assert state_of(made, made.stage.asha.id) == "active"
    made.stage.close()


def test_the_owner_gets_one_mail_until_the_queue_was_empty_once(shared: Engine) -> None:
    box = shared.stage.box

    def tell() -> int:
        box.db.write_now(alerting.look_and_tell, box, {})
        return len(box.db.read_here(mail.page))

    assert tell() == 0
    shared.send(text=HELD)
    assert tell() == 1
    shared.send(phone="8801711000002", text=HELD)
    assert tell() == 1
    for entry in queue(shared):
        yes(shared, entry.id)
    assert tell() == 1
    shared.stage.hands.forward(hours=2)
    shared.send(phone="8801711000003", text=HELD)
    assert tell() == 2


def test_with_the_filter_switched_off_nothing_is_left_waiting(shared: Engine) -> None:
    people(shared, 2)
    held, campaign = shared.send(text=HELD), launch(shared, HELD)
    db, now = shared.stage.box.db, shared.stage.hands.now()
    db.write_now(reviews.switch, enabled=False, now=now)
    assert queue(shared) == []
    shared.turn()
    assert shared.status(held) == "sent"
    ids = db.read_here(lambda rows: [row["id"] for row in rows.all("select id from contacts")])
    assert (
        db.write_now(control.resume, shared.stage.asha.id, campaign, contact_ids=ids, now=now).status == "sending"
    )
