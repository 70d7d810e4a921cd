"""Deleting for everyone, in the device's turn: how it waits, what it survives, and each way it ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.engine.conftest import PHONE, SHOP, Engine
from wabox.billing import ledger
from wabox.db import Tx
from wabox.devices import orders
from wabox.engine.housekeeping import Housekeeping
from wabox.errors import Invalid
from wabox.messages import addressees, claiming, deeds, leaving, revoking, stored
from wabox.whatsapp.fake import FakeDriver

OTHER = "8801711000002"


def write(engine: Engine, verb: Callable[..., Any], *args: Any, **more: Any) -> Any:
    return engine.stage.box.db.write_now(verb, *args, **more, now=engine.stage.hands.now())


def sent(engine: Engine, phone: str = PHONE) -> int:
    """A message that has gone, and that the device rests after."""
    job_id = engine.send(phone)
    engine.stage.hands.forward(minutes=2)
    engine.turn()
    assert engine.status(job_id) == "sent"
    return job_id


def ask(engine: Engine, job_id: int) -> stored.Message:
    found = write(engine, revoking.ask, engine.stage.asha.id, job_id)
    assert isinstance(found, stored.Message)
    return found


def due(engine: Engine) -> bool:
    """Whether the clock gives this device a turn now."""
    rows = engine.stage.box.db.read_here(claiming.devices_due, now=engine.stage.hands.now())
    return engine.stage.asha.device_id in [one.device_id for one in rows]


def erases(engine: Engine, job_id: int) -> None:
    found = engine.stage.box.db.read_here(addressees.traces, engine.stage.asha.id, PHONE)
    write(engine, addressees.erase, engine.stage.asha.id, PHONE, found)


def removes_phone(engine: Engine, job_id: int) -> None:
    write(engine, orders.create, engine.stage.asha.id, "other", most=5)
    for label, was in (("till", "primary"), ("primary", "other")):
        engine.stage.box.db.write_now(_relabel, engine.stage.asha.id, label, was)
    write(engine, leaving.device_removed, engine.stage.device(engine.stage.asha.device_id))


def _relabel(tx: Tx, user_id: int, label: str, was: str) -> None:
    """The primary device always stays: it is another one, then."""
    tx.run(
        "update devices set label = :label where label = :was and user_id = :user_id",
        label=label,
        was=was,
        user_id=user_id,
    )


def links_other_number(engine: Engine, job_id: int) -> None:
    engine.driver.link_as(engine.stage.asha.device_id, OTHER)


def waits_too_long(engine: Engine, job_id: int) -> None:
    engine.stage.hands.forward(hours=48)


def is_refused_after_all(engine: Engine, job_id: int) -> None:
    engine.driver.ack(engine.stage.asha.device_id, engine.message(job_id).wa_message_id or "", -1)


MEANWHILE = [
    (erases, "person_erased"),
    (removes_phone, "device_removed"),
    (links_other_number, "other_number"),
    (waits_too_long, "revoke_too_late"),
]
NAMES = [one.__name__ for one, _ in MEANWHILE]


def test_it_is_deleted_beside_the_line_and_nothing_else_of_it_changes(engine: Engine) -> None:
    job_id = sent(engine)
    before, left = engine.message(job_id), engine.stage.box.db.read_here(ledger.credits_left, engine.stage.asha.id)
    assert not due(engine)
    first = ask(engine, job_id)
    assert first.revoke_asked_at == engine.stage.hands.now()
    engine.stage.hands.forward(seconds=1)
    assert ask(engine, job_id) == first
    assert due(engine)  # though the gap after the message is not over
    engine.turn()
    found = engine.message(job_id)
    assert (found.revoked_at, found.revoke_due_at) == (engine.stage.hands.now(), None)
    assert (found.status, found.sent_at, found.text) == ("sent", before.sent_at, before.text)
    assert engine.driver.revoked == {before.wa_message_id: 1}
    assert engine.stage.box.db.read_here(ledger.credits_left, engine.stage.asha.id) == left
    assert ask(engine, job_id) == found
    assert not due(engine)


@pytest.mark.parametrize(("against", "code"), MEANWHILE, ids=NAMES)
def test_what_cannot_be_deleted_is_refused_in_words_and_changes_nothing(
    engine: Engine, against: Callable[[Engine, int], None], code: str
) -> None:
    job_id = sent(engine)
    against(engine, job_id)
    with pytest.raises(Invalid) as refused:
        ask(engine, job_id)
    assert (refused.value.code, refused.value.sentence) == (code, revoking.said(code))
    assert engine.message(job_id).revoke_asked_at is None


@pytest.mark.parametrize(("meanwhile", "code"), MEANWHILE, ids=NAMES)
def test_what_comes_between_the_wish_and_the_deletion_ends_it_by_name(
    engine: Engine, meanwhile: Callable[[Engine, int], None], code: str
) -> None:
    job_id = sent(engine)
    ask(engine, job_id)
    meanwhile(engine, job_id)
    engine.turn()
    found = engine.message(job_id)
    assert (found.revoke_error, found.revoke_due_at, found.revoked_at) == (code, None, None)
    assert engine.driver.revoked == {}


def test_what_whatsapp_refused_after_all_is_not_deleted(engine: Engine) -> None:
    job_id = sent(engine)
    ask(engine, job_id)
    is_refused_after_all(engine, job_id)
    engine.turn()
    assert (engine.status(job_id), engine.message(job_id).revoke_error) == ("failed", "refused_later")
    assert engine.driver.revoked == {}


@pytest.mark.parametrize("status", ["queued", "sending", "unknown", "failed", "skipped", "cancelled"])
def test_only_what_arrived_can_be_deleted(engine: Engine, status: str) -> None:
    job_id = engine.send()
    engine.stage.box.db.write_now(
        lambda tx: tx.run("update messages set status = :to where id = :id", to=status, id=job_id)
    )
    with pytest.raises(Invalid) as refused:
        ask(engine, job_id)
    assert refused.value.code == "wrong_state"
    assert ("cancel it instead" in refused.value.sentence) == (status == "queued")
    engine.stage.box.db.write_now(
        lambda tx: tx.run("update messages set status = 'queued' where id = :id", id=job_id)
    )


def test_it_waits_for_a_phone_that_is_away_without_using_up_a_try(engine: Engine) -> None:
    job_id = sent(engine)
    engine.driver.show(engine.stage.asha.device_id, "starting", "reconnecting")
    ask(engine, job_id)
    for _ in range(20):
        engine.turn()
        engine.stage.hands.forward(hours=1)
    assert (engine.message(job_id).revoke_tries, due(engine)) == (0, False)
    engine.driver.recover(engine.stage.asha.device_id)
    assert due(engine)
    engine.turn()
    assert engine.message(job_id).revoked_at is not None


async def test_a_phone_that_stays_away_for_two_days_is_waited_for_no_more(engine: Engine) -> None:
    job_id = sent(engine)
    engine.driver.show(engine.stage.asha.device_id, "starting", "reconnecting")
    ask(engine, job_id)
    engine.stage.hands.forward(hours=47)
    await Housekeeping(engine.stage.box).tick()
    assert engine.message(job_id).revoke_due_at is not None
    engine.stage.hands.forward(hours=1)
    await Housekeeping(engine.stage.box).tick()
    assert engine.message(job_id).revoke_error == "revoke_too_late"


def test_a_kill_in_the_middle_deletes_it_again_and_that_does_no_harm(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = sent(engine)
    ask(engine, job_id)
    with monkeypatch.context() as patched:
        patched.setattr(FakeDriver, "revoke", _deleted_and_killed)
        with pytest.raises(KeyboardInterrupt):
            engine.turn()
    engine.restarted()
    found = engine.message(job_id)
    assert (found.revoked_at, found.revoke_tries) == (None, 1)
    engine.turn()
    assert engine.message(job_id).revoked_at is None  # it rests a while
    engine.stage.hands.forward(seconds=15)
    engine.turn()
    assert engine.message(job_id).revoked_at == engine.stage.hands.now()
    assert engine.driver.revoked == {found.wa_message_id: 2}
    assert (engine.status(job_id), engine.driver.taken[found.wa_message_id or ""].copies) == ("sent", 1)


real_revoke = FakeDriver.revoke


def _deleted_and_killed(driver: FakeDriver, *asked: Any) -> None:
    real_revoke(driver, *asked)
    raise KeyboardInterrupt


@pytest.mark.parametrize("outcome", ["failed", "lost_answer", "session_lost"])
def test_without_an_answer_it_is_tried_with_growing_rests_and_then_given_up(engine: Engine, outcome: Any) -> None:
    job_id = sent(engine)
    ask(engine, job_id)
    engine.driver.revokes.extend([outcome] * deeds.REVOKE.most_tries)
    tries = []
    began = engine.stage.hands.now()
    while engine.message(job_id).revoke_due_at is not None:
        before = len(engine.driver.revokes)
        engine.turn()
        if len(engine.driver.revokes) < before:
            tries.append(engine.stage.hands.now() - began)
        engine.stage.hands.forward(seconds=15)
    assert engine.message(job_id).revoke_error == "no_answer"
    gaps = [(later - sooner).total_seconds() for sooner, later in zip(tries, tries[1:], strict=False)]
    assert gaps == [15, 30, 60, 120, 240, 480, 960, 1800, 1800]
    assert ask(engine, job_id).revoke_tries == 0
    engine.turn()
    assert (engine.message(job_id).revoked_at is not None, engine.message(job_id).revoke_error) == (True, None)


@pytest.mark.parametrize("lost", ["history", "refused"])
def test_what_the_page_does_not_know_or_will_not_ends_by_name(engine: Engine, lost: str) -> None:
    job_id = sent(engine)
    ask(engine, job_id)
    if lost == "history":
        engine.driver.lose_history(engine.stage.asha.device_id)
    else:
        engine.driver.revokes.append("refused")
    engine.turn()
    assert engine.message(job_id).revoke_error == {"history": "not_found", "refused": "refused"}[lost]


def test_many_go_one_by_one_with_a_pause_and_hold_up_no_message(engine: Engine) -> None:
    jobs = [sent(engine, f"88017110001{n:02}") for n in range(4)]
    for job_id in jobs:
        ask(engine, job_id)
    engine.stage.hands.forward(minutes=2)
    fresh = engine.send(OTHER)
    engine.turn()
    assert engine.status(fresh) == "sent"
    assert len(engine.driver.revoked) == 1
    for done in (2, 3, 4):
        assert not due(engine)
        engine.stage.hands.forward(seconds=3)
        assert due(engine)
        engine.turn()
        assert len(engine.driver.revoked) == done
    assert [engine.message(one).revoked_at is None for one in jobs] == [False] * 4


def test_a_line_that_stood_still_moves_for_a_deletion(engine: Engine) -> None:
    """The same sign would let it rest for seconds."""
    job_id = sent(engine)
    rows = engine.stage.box.db.read_here

    def sign() -> list[object]:
        engine.send(OTHER, scheduled_for=engine.stage.hands.now() + timedelta(days=1))
        engine.stage.hands.forward(minutes=5)
        return [one.sign for one in rows(claiming.devices_due, now=engine.stage.hands.now())]

    before = sign()
    ask(engine, job_id)
    assert before != sign()


def test_only_the_devices_own_number_deletes_again_once_it_is_back(engine: Engine) -> None:
    job_id = sent(engine)
    links_other_number(engine, job_id)
    with pytest.raises(Invalid):
        ask(engine, job_id)
    engine.driver.link_as(engine.stage.asha.device_id, SHOP)
    ask(engine, job_id)
    engine.turn()
    assert engine.message(job_id).revoked_at is not None
