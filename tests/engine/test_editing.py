"""The text of a message that has just gone, changed in the device's turn: what it survives, how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import PHONE, Engine
from tests.engine.test_enclosed import enclose
from tests.engine.test_revoking import (
    due,
    erases,
    is_refused_after_all,
    links_other_number,
    removes_phone,
    sent,
    write,
)
from wabox.content import rules
from wabox.db import Tx
from wabox.engine.housekeeping import Housekeeping
from wabox.errors import Invalid, NotFound
from wabox.messages import deeds, editing, revoking, stored
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow
from wabox.whatsapp.fake import FakeDriver

SECTIONS = {"accounts": {"registration": "open"}}


def ask(engine: Engine, job_id: int, text: str = "Better") -> stored.Message:
    found = write(engine, editing.ask, engine.stage.asha.id, job_id, text)
    assert isinstance(found, stored.Message)
    return found


def reads(engine: Engine, job_id: int) -> str | None:
    """What the recipient reads there, if it was changed."""
    return engine.driver.put.texts.get(engine.message(job_id).wa_message_id or "")


def waits_too_long(engine: Engine, job_id: int) -> None:
    engine.stage.hands.forward(minutes=15)


def deletes_it(engine: Engine, job_id: int) -> None:
    write(engine, revoking.ask, engine.stage.asha.id, job_id)


MEANWHILE: list[tuple[Callable[[Engine, int], None], str]] = [
    (removes_phone, "device_removed"),
    (links_other_number, "other_number"),
    (waits_too_long, "edit_too_late"),
    (deletes_it, "revoked"),
]
NAMES = [code for _, code in MEANWHILE]


def test_it_is_changed_beside_the_line_in_the_same_message(engine: Engine) -> None:
    job_id = sent(engine)
    before = engine.message(job_id)
    assert not due(engine)
    assert ask(engine, job_id, " Better {a|b}\n").edit_text == "Better {a|b}"
    assert due(engine)  # though the gap after the message is not over
    assert engine.message(job_id).text == "Hello"
    engine.turn()
    found = engine.message(job_id)
    assert (found.text, found.edited_at, found.edit_due_at) == ("Better {a|b}", engine.stage.hands.now(), None)
    assert (found.status, found.sent_at, found.wa_message_id) == ("sent", before.sent_at, before.wa_message_id)
    assert reads(engine, job_id) == "Better {a|b}"
    assert engine.driver.taken[found.wa_message_id or ""].copies == 1
    assert ask(engine, job_id, "Better {a|b}") == found
    assert not due(engine)


def test_the_last_wish_counts_also_while_one_is_on_its_way(engine: Engine) -> None:
    job_id = sent(engine)
    first = ask(engine, job_id, "One")
    ask(engine, job_id, "Two")
    assert not write(engine, deeds.done, deeds.EDIT, first)
    engine.turn()
    assert (engine.message(job_id).text, reads(engine, job_id)) == ("Two", "Two")


@pytest.mark.parametrize(("against", "code"), [*MEANWHILE, (erases, "person_erased")], ids=[*NAMES, "erased"])
def test_what_cannot_be_changed_is_refused_in_words(
    engine: Engine, against: Callable[[Engine, int], None], code: str
) -> None:
    job_id = sent(engine)
    against(engine, job_id)
    with pytest.raises(Invalid) as refused:
        ask(engine, job_id)
    assert (refused.value.code, refused.value.sentence) == (code, editing.said(code))
    assert engine.message(job_id).edit_asked_at is None


@pytest.mark.parametrize(
    ("meanwhile", "code"), [*MEANWHILE[:3], (is_refused_after_all, "refused_later")], ids=[*NAMES[:3], "refused"]
)
def test_what_comes_between_ends_it_by_name(
    engine: Engine, meanwhile: Callable[[Engine, int], None], code: str
) -> None:
    job_id = sent(engine)
    ask(engine, job_id)
    meanwhile(engine, job_id)
    engine.turn()
    write(engine, deeds.give_up_hopeless, deeds.EDIT)
    found = engine.message(job_id)
    assert (found.edit_error, found.edit_due_at, found.edited_at, found.text) == (code, None, None, "Hello")
    assert engine.driver.put.texts == {}


def test_an_erased_person_leaves_neither_text_nor_wish(engine: Engine) -> None:
    job_id = sent(engine)
    ask(engine, job_id)
    erases(engine, job_id)
    engine.turn()
    found = engine.message(job_id)
    assert (found.text, found.edit_text, found.edit_due_at) == ("", None, None)
    assert engine.driver.put.texts == {}


def test_only_a_text_that_has_gone_can_be_changed(engine: Engine) -> None:
    with pytest.raises(Invalid) as refused:
        ask(engine, engine.send())
    assert refused.value.code == "wrong_state"
    job_id = enclose(engine, sent(engine))
    with pytest.raises(Invalid) as refused:
        ask(engine, job_id)
    assert refused.value.code == "not_a_text"
    job_id = sent(engine, "8801711000077")
    for text, code in ((" ", "message_empty"), ("x" * 4_097, "message_too_long")):
        with pytest.raises(Invalid) as refused:
            ask(engine, job_id, text)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        write(engine, editing.ask, engine.stage.bilal.id, job_id, "Better")
    assert engine.message(job_id).edit_asked_at is None


@pytest.mark.parametrize(("action", "code"), [("refuse", "content_refused"), ("hold", "content_review")])
def test_rules_judge_the_new_text(engine: Engine, action: Any, code: str) -> None:
    job_id = sent(engine)

    def add(tx: Tx) -> None:
        draft = rules.Draft(kind="word", text="casino", action=action, reason="No games of chance.")
        rules.add(tx, draft, by=rules.Actor(engine.stage.asha.id, None), now=engine.stage.hands.now())

    engine.stage.box.db.write_now(add)
    with pytest.raises(Invalid) as refused:
        ask(engine, job_id, "Come to the casino")
    assert refused.value.code == code
    assert engine.message(job_id).edit_asked_at is None
    assert ask(engine, job_id, "Come to the park").edit_due_at is not None


def test_a_kill_after_whatsapp_had_it_is_settled_by_looking(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = sent(engine)
    ask(engine, job_id)
    real = FakeDriver.edit

    def killed(driver: FakeDriver, *asked: Any) -> None:
        real(driver, *asked)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(FakeDriver, "edit", killed)
        with pytest.raises(KeyboardInterrupt):
            engine.turn()
    engine.restarted()
    assert (engine.message(job_id).text, engine.message(job_id).edit_tries) == ("Hello", 1)
    engine.stage.hands.forward(seconds=10)
    engine.turn()
    assert engine.message(job_id).text == "Better"
    assert engine.driver.put.edits == 1  # it was looked at, and not changed again


@pytest.mark.parametrize("outcome", ["failed", "session_lost"])
def test_without_an_answer_it_is_tried_with_growing_rests_and_then_given_up(engine: Engine, outcome: Any) -> None:
    job_id = sent(engine)
    ask(engine, job_id)
    engine.driver.put.edit_ends.extend([outcome] * deeds.EDIT.most_tries)
    for _ in range(80):
        engine.turn()
        engine.stage.hands.forward(seconds=10)
    assert engine.message(job_id).edit_error == "no_answer"
    assert not engine.driver.put.edit_ends


@pytest.mark.parametrize("lost", ["history", "refused"])
def test_what_the_page_does_not_know_or_will_not_ends_by_name(engine: Engine, lost: str) -> None:
    job_id = sent(engine)
    ask(engine, job_id)
    if lost == "history":
        engine.driver.lose_history(engine.stage.asha.device_id)
    else:
        engine.driver.put.edit_ends.append("refused")
    engine.turn()
    assert engine.message(job_id).edit_error == {"history": "not_found", "refused": "refused"}[lost]


async def test_a_phone_that_stays_away_is_waited_for_no_longer_than_whatsapp_lets_it(engine: Engine) -> None:
    job_id = sent(engine)
    engine.driver.show(engine.stage.asha.device_id, "starting", "reconnecting")
    ask(engine, job_id)
    engine.turn()
    assert engine.message(job_id).edit_tries == 0
    engine.stage.hands.forward(minutes=15)
    await Housekeeping(engine.stage.box).tick()
    assert engine.message(job_id).edit_error == "edit_too_late"


def test_the_webhook_is_told_once_of_either_end(engine: Engine) -> None:
    write(
        engine,
        endpoints.put,
        engine.stage.asha.id,
        url="https://shop.example/wa",
        events=["message.edited"],
        allow=Allow(),
        seal=engine.stage.box.seal,
    )
    job_id = sent(engine)
    ask(engine, job_id)
    engine.turn()
    engine.driver.put.edit_ends.append("refused")
    ask(engine, job_id, "Best")
    engine.turn()
    rows = engine.stage.box.db.read_here(lambda rows: rows.all("select payload from deliveries order by id"))
    told = [json.loads(row["payload"]) for row in rows]
    assert [(one["job_id"], one["phone"], one["error"], one["edited_at"] is None) for one in told] == [
        (job_id, PHONE, None, False),
        (job_id, PHONE, "refused", True),
    ]
    assert engine.message(job_id).text == "Better"
