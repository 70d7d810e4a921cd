"""What the reports count is what a recount of the rows finds: after any history, and for what was there before."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import recount
from tests.cast import NOON
from tests.engine.conftest import PHONE, Engine, make
from tests.engine.test_campaigns import expand, launch, people
from wabox import closing as leaving_for_good
from wabox import reports, retention
from wabox.accounts.states import Actor
from wabox.campaigns import control, recounting, replies
from wabox.db import Tx
from wabox.errors import Invalid
from wabox.messages import addressees, answers, counting, outbox
from wabox.reports import Asked, Numbers
from wabox.whatsapp.driver import Inbound

BROKEN = frozenset({"a campaign counts what became of its messages"})
TODAY = date(2026, 3, 10)
TABLES = ("report_counts", "campaign_hours")


def daily(engine: Engine, *, days: int = 30, **asked: Any) -> reports.Daily:
    wanted = Asked(TODAY - timedelta(days=days - 1), TODAY + timedelta(days=3), **asked)
    return engine.stage.box.db.read_here(reports.daily, engine.stage.asha.id, wanted)


def write(engine: Engine, verb: Callable[..., Any], *args: Any, **more: Any) -> Any:
    return engine.stage.box.db.write_now(verb, *args, now=engine.stage.hands.now(), **more)


def hears(engine: Engine, number: int, phone: str, text: str = "Yes please", **more: Any) -> None:
    at = engine.stage.hands.now()
    event = Inbound(
        engine.stage.asha.device_id, 0, f"IN{number}", f"{phone}@c.us", phone, None, text, "chat", at, **more
    )
    write(engine, replies.hear, event)


def acked(engine: Engine, job_id: int, ack: int) -> None:
    """Nothing, for a message that WhatsApp never had."""
    message = engine.message(job_id)
    if message.wa_message_id is None:
        return
    at = engine.stage.hands.now()
    engine.stage.box.db.write_now(answers.receipt, message.wa_message_id, ack, at=at, next_send_at=at)


def recounted(engine: Engine) -> None:
    with closing(sqlite3.connect(engine.stage.box.db.path)) as connection:
        assert recount.differences(connection) == {}


def test_a_campaign_counts_from_its_audience_to_the_answers(engine: Engine) -> None:
    numbers = people(engine, 5)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    engine.driver.plan("acked", "acked", "acked", "acked", "refused")
    for _ in range(8):
        engine.turn()
    jobs = engine.stage.box.db.read_here(lambda rows: rows.all("select id from messages order by id"))
    for row, ack in zip(jobs, (1, 2, 3, 3, 3), strict=True):
        acked(engine, row["id"], ack)
    engine.stage.hands.forward(hours=20)  # the next day; what it is about was sent on this one
    for number, phone in enumerate(numbers[:3]):
        hears(engine, number, phone)
        hears(engine, 10 + number, phone, "And one more thing")
    hears(engine, 20, numbers[3], "STOP")
    found = daily(engine, campaign_id=campaign_id)
    by_day = {one.date: one.numbers for one in found.days if one.numbers.any}
    assert by_day == {
        TODAY: Numbers(sent=4, delivered=3, read=2, replied=3, failed=1),
        TODAY + timedelta(days=1): Numbers(opted_out=1),
    }
    engine.turn()  # the confirmation counts among all messages, and to no campaign
    assert daily(engine).total == Numbers(sent=5, delivered=3, read=2, replied=3, failed=1, opted_out=1)
    whole = engine.stage.box.db.read_here(
        reports.of_campaign, engine.stage.asha.id, campaign_id, zone=engine.stage.box.config.zone
    )
    assert (whole.campaign.total, whole.replied, whole.campaign.opted_out_after, whole.complete) == (5, 3, 1, True)
    assert [(one.at, one.sent, one.delivered, one.read, one.replied) for one in whole.hours] == [
        (NOON, 4, 3, 2, 0),
        (NOON + timedelta(hours=20), 0, 0, 0, 3),
    ]


def test_an_answer_that_comes_late_or_from_a_machine_is_none(engine: Engine) -> None:
    (number,) = people(engine, 1)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    engine.turn()
    hears(engine, 1, number, "Thanks for writing, we are closed", business=True)
    engine.stage.hands.forward(days=3, seconds=1)
    hears(engine, 2, number)
    assert daily(engine, campaign_id=campaign_id).total == Numbers(sent=1)


def test_each_filter_shows_its_own(engine: Engine) -> None:
    people(engine, 2)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    engine.send(source="api")
    engine.send(source="dashboard")
    engine.send(source="dashboard")
    for _ in range(8):
        engine.turn()
    sent = {name: daily(engine, source=name).total.sent for name in counting.SOURCES}
    assert sent == {"campaign": 2, "api": 1, "dashboard": 2, "other": 0}
    assert daily(engine, tag="LEADS").total.sent == daily(engine, campaign_id=campaign_id).total.sent == 2
    assert daily(engine, tag="vip").total == Numbers()
    assert daily(engine, tag="vip", campaign_id=campaign_id).total == Numbers()
    assert daily(engine, device_label="primary").total.sent == 5
    assert engine.stage.box.db.read_here(reports.tags, engine.stage.asha.id) == ["leads"]
    other = Asked(TODAY, TODAY)
    assert engine.stage.box.db.read_here(reports.daily, engine.stage.bilal.id, other).total == Numbers()


def test_a_day_is_the_users_own(tmp_path: Path) -> None:
    engine = make(tmp_path)
    asha = engine.stage.asha.id
    engine.stage.box.db.write_now(
        lambda tx: tx.run("update users set timezone = 'Pacific/Auckland' where id = :id", id=asha)
    )
    engine.stage.hands.forward(hours=6)  # noon in UTC: past midnight in Auckland
    engine.send()
    engine.turn()
    assert [one.date for one in daily(engine).days if one.numbers.any] == [TODAY + timedelta(days=1)]
    engine.stage.close()


# Counts x what befalls the rows that they came of: (what happens, what is counted afterwards).


def refused_after_all(engine: Engine, job_id: int) -> None:
    acked(engine, job_id, -1)


def erased(engine: Engine, job_id: int) -> None:
    write(engine, _erase_of, engine.stage.asha.id, PHONE)


def _erase_of(tx: Tx, user_id: int, phone: str, *, now: datetime) -> None:
    addressees.erase(tx, user_id, phone, addressees.traces(tx, user_id, phone), now=now)


def phone_deleted(engine: Engine, job_id: int) -> None:
    asha = engine.stage.asha.device_id
    engine.stage.box.db.write_now(
        lambda tx: tx.run("update devices set removed_at = '2026', linked = 0 where id = :id", id=asha)
    )


def old_enough_to_go(engine: Engine, job_id: int) -> None:
    before = engine.stage.hands.now() + timedelta(days=1)
    engine.stage.box.db.write_now(lambda tx: tx.run("delete from deliveries"))
    assert write(engine, retention.remove, "messages", [job_id], before=before) == 1


@pytest.mark.parametrize(
    ("what", "left"),
    [
        (refused_after_all, Numbers(failed=1)),
        (erased, Numbers(sent=1)),
        (phone_deleted, Numbers(sent=1)),
        (old_enough_to_go, Numbers(sent=1)),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_counts_outlive_what_befalls_the_rows(tmp_path: Path, what: Any, left: Numbers) -> None:
    engine = make(tmp_path)
    job_id = engine.send()
    engine.turn()
    engine.stage.hands.forward(minutes=1)
    what(engine, job_id)
    assert daily(engine).total == left
    assert daily(engine, device_label="primary").total == left
    engine.stage.close()


@pytest.mark.parametrize(("verdict", "left"), [("sent", Numbers(sent=1)), ("not_sent", Numbers(failed=1))])
def test_a_message_in_doubt_counts_as_such_until_it_is_settled(
    engine: Engine, verdict: Any, left: Numbers
) -> None:
    job_id = engine.send()
    engine.driver.plan("lost_answer")
    engine.turns.step(engine.stage.asha.device_id)
    write(engine, outbox.lose, engine.message(job_id), "link_lost")
    assert daily(engine).total == Numbers(unknown=1)
    engine.stage.hands.forward(days=2)
    write(engine, outbox.settle, engine.stage.asha.id, job_id, verdict)
    assert daily(engine).total == left


def test_a_deleted_account_leaves_no_counts(tmp_path: Path) -> None:
    engine = make(tmp_path)
    bilal = engine.stage.bilal.id
    write(engine, lambda tx, now: counting.opted_out(tx, bilal, 1, None, now=now))
    assert engine.stage.value("select count(*) from report_counts where user_id = :id", id=bilal) == 1
    write(engine, leaving_for_good.close, bilal, by=Actor(None, None))
    while write(engine, leaving_for_good.forget, bilal):
        pass
    for table in TABLES:
        assert engine.stage.value(f"select count(*) from {table} where user_id = :id", id=bilal) == 0
    engine.stage.close()


# What was there before there were counts.


def as_before_an_upgrade(engine: Engine) -> None:
    """The schema step has just been taken."""

    def step(tx: Tx) -> None:
        for table in TABLES:
            tx.run(f"delete from {table}")
        tx.run("update messages set replied_at = null")
        for key, table in (("report_left", "messages"), ("report_outs_left", "suppression_log")):
            tx.run(
                """insert into box (key, value) select :key, cast(seq as text) from sqlite_sequence
                   where name = :name""",
                key=key,
                name=table,
            )

    engine.stage.box.db.write_now(step)


def counted(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: [
            tuple(row)
            for row in engine.stage.box.db.read_here(lambda rows, t=table: rows.all(f"select * from {t}"))  # type: ignore[misc]
        ]
        for table in TABLES
    }


def lived(engine: Engine) -> int:
    numbers = people(engine, 6)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    engine.driver.plan("acked", "acked", "refused", "acked", "acked", "acked")
    for _ in range(10):
        engine.turn()
    engine.stage.hands.forward(hours=1)
    for job_id in (1, 2, 4):
        acked(engine, job_id, 3)
    hears(engine, 1, numbers[0])
    hears(engine, 2, numbers[1], "STOP")
    return campaign_id


def test_what_was_there_before_is_counted_in_pieces_and_as_if_it_had_been(engine: Engine) -> None:
    lived(engine)
    before = counted(engine)
    as_before_an_upgrade(engine)
    asked = daily(engine)
    assert (asked.total, asked.complete) == (Numbers(), False)
    pieces = 0
    while engine.stage.box.db.write_now(recounting.catch_up, most=2):
        pieces += 1
    assert pieces > 3 and daily(engine).complete
    after = counted(engine)
    assert after["campaign_hours"] == before["campaign_hours"]
    assert daily(engine).total == Numbers(sent=5, delivered=3, read=3, replied=1, failed=1, opted_out=1)
    as_one = [row for row in after["report_counts"] if row[2] != 0]  # an opt-out's phone is not on record
    assert as_one == [(*row[:-1], 0) for row in before["report_counts"]]


def test_what_moves_while_the_old_is_counted_is_counted_once(engine: Engine) -> None:
    campaign_id = lived(engine)
    waiting = engine.send("8801711000099")
    as_before_an_upgrade(engine)
    engine.stage.box.db.write_now(recounting.catch_up, most=3)
    engine.stage.box.db.write_now(recounting.catch_up, most=3)
    engine.turn()  # one above the mark, or not: either way once
    acked(engine, waiting, 3)
    acked(engine, 1, 3)
    new = engine.send("8801711000098")
    engine.turn()
    acked(engine, new, 2)
    while engine.stage.box.db.write_now(recounting.catch_up, most=1):
        acked(engine, 5, 2)
    recounted(engine)
    assert daily(engine, campaign_id=campaign_id).total.sent == 5


def test_rows_wait_to_be_removed_until_they_are_counted(engine: Engine) -> None:
    job_id = engine.send()
    engine.turn()
    as_before_an_upgrade(engine)
    engine.stage.box.db.write_now(lambda tx: tx.run("delete from deliveries"))
    before = engine.stage.hands.now() + timedelta(days=1)
    assert write(engine, retention.remove, "messages", [job_id], before=before) == 0
    while engine.stage.box.db.write_now(recounting.catch_up):
        pass
    recounted(engine)


def test_what_retention_removed_before_is_taken_from_the_quarters(tmp_path: Path) -> None:
    engine = make(tmp_path)
    job_id = engine.send()
    engine.turn()
    acked(engine, job_id, 2)
    old_enough_to_go(engine, job_id)
    as_before_an_upgrade(engine)
    engine.send("8801711000002")
    engine.turn()
    while engine.stage.box.db.write_now(recounting.catch_up):
        pass
    assert daily(engine).total == Numbers(sent=2, delivered=1)
    assert daily(engine, device_label="primary").total == Numbers(sent=1)
    engine.stage.close()


# Random histories.

ACTS = ("send", "turn", "ack", "answer", "stop", "cancel", "settle", "erase", "campaign", "end", "later")
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 30)), min_size=15, max_size=40)
OUTCOMES = ("acked", "refused", "lost_answer", "vanished", "refused_later", "not_entered")


@pytest.mark.heavy("a dozen boxes with a history each, recounted at each step")
@settings(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_after_any_history_the_counts_are_a_recount(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    engine = make(tmp_path_factory.mktemp("box"))
    numbers = people(engine, 4)
    for at, (act, n) in enumerate(steps):
        step(engine, numbers, act, n, at)
        recounted(engine)
    total = engine.stage.value("select coalesce(sum(opted_out), 0) from report_counts where source = 'campaign'")
    assert total == engine.stage.value("select coalesce(sum(opted_out_after), 0) from campaigns")
    as_before_an_upgrade(engine)
    while engine.stage.box.db.write_now(recounting.catch_up, most=3):
        pass
    recounted(engine)
    engine.stage.close()


def step(engine: Engine, numbers: list[str], act: str, n: int, at: int) -> None:
    """One thing befalls the box."""
    asha, phone = engine.stage.asha.id, numbers[n % len(numbers)]
    jobs = [row["id"] for row in engine.stage.box.db.read_here(lambda rows: rows.all("select id from messages"))]
    job_id = jobs[n % len(jobs)] if jobs else None
    if act == "send":
        engine.send(phone, source=counting.SOURCES[1 + n % 3])
    elif act == "turn":
        engine.driver.plan(OUTCOMES[n % len(OUTCOMES)])  # type: ignore[arg-type]
        engine.turn()
    elif act == "campaign":
        expand(engine, launch(engine))
    elif act == "later":
        engine.stage.hands.forward(hours=n)
    elif act in ("answer", "stop"):
        hears(engine, at, phone, "STOP" if act == "stop" else "Hello")
    elif act == "erase":
        with contextlib.suppress(Invalid):  # while it is being handed over
            write(engine, _erase_of, asha, phone)
    elif job_id is not None:
        _to_a_message(engine, act, job_id, n)


def _to_a_message(engine: Engine, act: str, job_id: int, n: int) -> None:
    asha, message = engine.stage.asha.id, engine.message(job_id)
    if act == "ack":
        acked(engine, job_id, (-1, 1, 2, 3)[n % 4])
    elif act == "cancel" and message.status == "queued":
        write(engine, outbox.cancel_for, asha, job_id)
    elif act == "settle" and message.status == "unknown":
        write(engine, outbox.settle, asha, job_id, "sent" if n % 2 else "not_sent")
    elif act == "end" and message.campaign_id is not None:
        write(engine, control.stop, asha, message.campaign_id)
