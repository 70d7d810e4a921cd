from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import sqlite_utils

from wabox import migrations
from wabox.accounts.users import User
from wabox.content import judging, refusals, reviews, rules
from wabox.content.judging import Verdict
from wabox.content.rules import Actor, Draft
from wabox.db import Tx, connect
from wabox.errors import Invalid, NotFound
from wabox.migrations.steps import STEPS


def draft(text: str, action: str = "hold", kind: str = "word") -> Draft:
    return Draft(kind, text, action, "Not here.")


def add(tx: Tx, asha: User, now: datetime, text: str, action: str = "hold", kind: str = "word") -> int:
    return rules.add(tx, draft(text, action, kind), by=Actor(asha.id, None), now=now)


def test_nothing_is_judged_until_it_is_switched_on(tx: Tx, asha: User, now: datetime) -> None:
    add(tx, asha, now, "casino", "refuse")
    assert judging.verdict(tx, "casino") is None
    reviews.switch(tx, enabled=True, now=now)
    found = judging.verdict(tx, "The Casino!")
    assert found is not None and (found.action, found.rules) == ("refuse", ("word:casino",))
    reviews.switch(tx, enabled=False, now=now)
    assert judging.verdict(tx, "casino") is None


def test_a_change_holds_at_once_and_a_pass_is_for_that_rule_only(tx: Tx, asha: User, now: datetime) -> None:
    reviews.switch(tx, enabled=True, now=now)
    rule_id = add(tx, asha, now, "casino")
    add(tx, asha, now, "rum")
    both = judging.verdict(tx, "casino and rum")
    assert both is not None and both.rules == ("word:casino", "word:rum")
    left = judging.verdict(tx, "casino and rum", frozenset({"word:casino"}))
    assert left is not None and left.rules == ("word:rum",)
    rules.enable(tx, rule_id, enabled=False, by=Actor(asha.id, None), now=now)
    assert judging.verdict(tx, "casino") is None
    rules.change(tx, rule_id, draft("poker", "refuse"), by=Actor(asha.id, None), now=now)
    assert judging.verdict(tx, "poker") is None
    rules.enable(tx, rule_id, enabled=True, by=Actor(asha.id, None), now=now)
    assert judging.verdict(tx, "poker", frozenset({"word:poker"})) is not None


def test_there_is_a_most_and_no_rule_twice(
    tx: Tx, asha: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST", 2)
    add(tx, asha, now, "one")
    with pytest.raises(Invalid, match="already"):
        add(tx, asha, now, "one")
    second = add(tx, asha, now, "two")
    with pytest.raises(Invalid, match="delete one"):
        add(tx, asha, now, "three")
    with pytest.raises(Invalid, match="already"):
        rules.change(tx, second, draft("one"), by=Actor(asha.id, None), now=now)
    with pytest.raises(NotFound):
        rules.change(tx, 99, draft("four"), by=Actor(asha.id, None), now=now)


def test_a_database_with_waiting_messages_takes_the_step_and_nothing_of_it_is_in_review(tmp_path: Path) -> None:
    connection = connect(tmp_path / "old.db")
    database = sqlite_utils.Database(connection)
    names = [one.name for one in STEPS.pending(database)]
    STEPS.apply(database, stop_before="0006_content")
    connection.executescript(
        """insert into users (email, password_hash, role, created_at) values ('a@b.co', 'x', 'owner', 'now');
           insert into devices (user_id, label, profile, created_at) values (1, 'primary', 'x', 'now');
           insert into messages (user_id, device_id, phone, text, queued_at)
             values (1, 1, '8801711000001', 'Send your PIN', '2026-03-10T06:00:00.000000Z');"""
    )
    taken = migrations.migrate(connection)
    assert taken == names[names.index("0006_content") :]
    tx = Tx(connection)
    assert tx.value("select in_review from messages") == 0
    tx.run("update messages set status = 'cancelled' where id = 1")
    assert tx.value("select count(*) from reviews") == 0
    connection.close()


def test_where_nothing_is_judged_no_change_of_a_rule_switches_it_on(tx: Tx, asha: User, now: datetime) -> None:
    rules.set_builtin(tx, "lottery", "refuse", by=Actor(asha.id, None), now=now)
    add(tx, asha, now, "casino", "refuse")
    assert not judging.in_force(tx)
    assert judging.verdict(tx, "casino") is None


def test_what_costs_too_much_is_refused_also_where_nothing_is_judged_yet(
    tx: Tx, asha: User, now: datetime
) -> None:
    with pytest.raises(Invalid, match="together"):
        for number in range(20):
            add(tx, asha, now, f"[^a]{{500}}{number}", kind="pattern")
    reviews.switch(tx, enabled=True, now=now)
    assert judging.verdict(tx, "a saree for you") is None


@pytest.mark.parametrize(
    ("reason", "begins"), [("No games", "No games. Ch"), ("Why?", "Why? Ch"), ("খেলা নয়।", "খেলা নয়। Ch")]
)
def test_a_reason_without_an_end_is_a_sentence_of_its_own(now: datetime, reason: str, begins: str) -> None:
    found = refusals.refusal(1, Verdict("refuse", ("word:casino",), reason), ip=None, now=now)
    assert found.sentence.startswith(begins)
