"""What a device's turn does on good days and on bad ones, with a driver that has no browser."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.engine.conftest import PHONE, SHOP, Engine, make
from wabox.engine.turns import Turns
from wabox.messages import explaining, handing, leaving, line, stored
from wabox.whatsapp.driver import Handed

OTHER = "8801711000002"


def test_a_queued_message_goes_and_is_sent(engine: Engine) -> None:
    job = engine.send()
    engine.turn()
    assert engine.status(job) == "sent"
    assert [one.text for one in engine.driver.taken.values()] == ["Hello"]


def test_receipts_move_a_message_to_delivered_and_read(engine: Engine) -> None:
    job = engine.send()
    engine.turn()
    wa_id = engine.message(job).wa_message_id
    assert wa_id is not None
    engine.driver.ack(engine.stage.asha.device_id, wa_id, 3)
    message = engine.message(job)
    assert message.status == "read"
    assert message.delivered_at is not None


def test_a_number_not_on_whatsapp_fails_and_is_not_asked_twice(engine: Engine) -> None:
    """Row 23."""
    engine.driver.not_on_whatsapp.add(PHONE)
    first, second = engine.send(), engine.send()
    engine.turn()
    assert [engine.message(job).error for job in (first, second)] == ["not_on_whatsapp"] * 2
    assert len(engine.driver.asked) == 1


def test_an_unclear_number_waits_and_others_pass(engine: Engine) -> None:
    engine.driver.existence_unknown.add(PHONE)
    unclear, clear = engine.send(), engine.send(OTHER)
    engine.turn()
    assert (engine.status(unclear), engine.status(clear)) == ("queued", "sent")
    waits = engine.stage.box.db.read_here(
        explaining.explain,
        [engine.message(unclear)],
        config=engine.stage.box.config,
        now=engine.stage.hands.now(),
    )
    assert waits[unclear].reason == "number_check"
    engine.driver.existence_unknown.clear()
    engine.stage.hands.forward(seconds=31)
    engine.turn()
    assert engine.status(unclear) == "sent"


def test_a_refused_message_fails(engine: Engine) -> None:
    engine.driver.plan("refused")
    job = engine.send()
    engine.turn()
    assert engine.message(job).error == "refused"
    assert not engine.driver.taken


def test_a_lost_answer_is_looked_up_and_never_sent_again(engine: Engine) -> None:
    """Row 24, after Enter."""
    engine.driver.plan("lost_answer")
    job, after = engine.send(), engine.send(OTHER)
    engine.turn()
    assert (engine.status(job), engine.status(after)) == ("sent", "sent")
    assert all(taken.copies == 1 for taken in engine.driver.taken.values())


def test_a_vanished_message_is_handed_over_again_under_its_id(engine: Engine) -> None:
    engine.driver.plan("vanished")
    job = engine.send()
    engine.turn()
    assert engine.status(job) == "sent"
    assert len({one[2] for one in engine.driver.handed}) == 1
    assert len(engine.driver.handed) == 2


def test_a_message_stuck_in_the_page_rests_then_goes_once_more(engine: Engine) -> None:
    """Row 24: on the clock it is waited for."""
    engine.driver.plan("stuck")
    job, behind = engine.send(), engine.send(OTHER)
    engine.turn()
    assert (engine.status(job), engine.status(behind)) == ("sending", "queued")
    engine.stage.hands.forward(seconds=59)
    engine.turn()
    assert len(engine.driver.handed) == 1
    engine.stage.hands.forward(seconds=2)
    engine.turn()
    assert (engine.status(job), engine.status(behind)) == ("sent", "sent")


def test_a_message_that_stays_stuck_becomes_unknown_and_frees_the_device(engine: Engine) -> None:
    """Row 25: unknown at its time, and the line goes on."""
    engine.driver.plan("stuck", "stuck")
    job, behind = engine.send(), engine.send(OTHER)
    engine.turn()
    engine.stage.hands.forward(seconds=61)
    engine.turn()
    assert engine.status(job) == "sending"
    engine.stage.hands.forward(minutes=6)
    engine.turn()
    assert (engine.status(job), engine.status(behind)) == ("unknown", "sent")
    assert len([one for one in engine.driver.handed if one[3] == "Hello"]) == 3


def test_a_refusal_after_an_attempt_that_may_have_gone_proves_nothing(engine: Engine) -> None:
    engine.driver.plan("stuck", "refused")
    job = engine.send()
    engine.turn()
    engine.stage.hands.forward(seconds=61)
    engine.turn()
    assert engine.status(job) == "unknown"


def test_neither_does_one_that_the_page_has_stored(engine: Engine) -> None:
    engine.driver.plan("stuck", "refused_late")
    job = engine.send()
    engine.turn()
    for _ in range(2):
        engine.stage.hands.forward(minutes=6)
        engine.turn()
    assert (engine.status(job), engine.message(job).error) == ("unknown", "no_answer")


def test_a_late_receipt_settles_an_unknown(engine: Engine) -> None:
    engine.driver.plan("stuck", "stuck")
    job = engine.send()
    engine.turn()
    engine.stage.hands.forward(seconds=61)
    engine.turn()
    engine.stage.hands.forward(minutes=6)
    engine.turn()
    wa_id = engine.message(job).wa_message_id
    assert wa_id is not None
    engine.driver.ack(engine.stage.asha.device_id, wa_id, 1)
    assert engine.status(job) == "sent"


def test_an_unlinked_phone_leaves_the_message_in_doubt_unknown(engine: Engine) -> None:
    """Row 20: what was open can only be guessed."""
    engine.driver.plan("stuck")
    job = engine.send()
    engine.turn()
    engine.driver.unlink(engine.stage.asha.device_id)
    engine.turn()
    assert (engine.status(job), engine.message(job).error) == ("unknown", "link_lost")


def test_a_new_link_cannot_answer_for_the_old_one(engine: Engine) -> None:
    engine.driver.plan("stuck")
    job = engine.send()
    engine.turn()
    engine.driver.unlink(engine.stage.asha.device_id)
    engine.link()
    engine.turn()
    assert (engine.status(job), engine.message(job).error) == ("unknown", "link_lost")
    assert len(engine.driver.handed) == 1


def test_lost_history_ends_in_unknown_not_in_a_second_message(engine: Engine) -> None:
    engine.send(OTHER)
    engine.turn()
    job = engine.send()
    _crash_after_hand_over(engine)
    engine.driver.lose_history(engine.stage.asha.device_id)
    engine.restarted().turn(engine.stage.asha.device_id)
    assert (engine.status(job), engine.message(job).error) == ("unknown", "history_lost")
    assert all(taken.copies == 1 for taken in engine.driver.taken.values())


def test_a_rebooted_machine_may_have_lost_the_last_seconds_of_history(engine: Engine) -> None:
    job = engine.send()
    _crash_before_hand_over(engine)
    engine.restarted("boot-2").turn(engine.stage.asha.device_id)
    assert (engine.status(job), engine.message(job).error) == ("unknown", "history_lost")


def test_a_crash_before_the_hand_over_sends_once(engine: Engine) -> None:
    job = engine.send()
    _crash_before_hand_over(engine)
    assert engine.status(job) == "sending"
    engine.restarted().turn(engine.stage.asha.device_id)
    assert engine.status(job) == "sent"
    assert [taken.copies for taken in engine.driver.taken.values()] == [1]


def test_a_page_that_takes_nothing_for_a_moment_does_not_use_up_the_recoveries(engine: Engine) -> None:
    job_id = engine.send()
    _crash_before_hand_over(engine)
    engine.driver.plan("not_entered", "not_entered", "not_entered", "not_entered")
    for _ in range(4):
        engine.turn()
        engine.turn()  # at once: nothing is tried
        engine.stage.hands.forward(seconds=6)
        assert engine.status(job_id) == "sending"
    engine.turn()
    assert engine.status(job_id) == "sent"
    assert engine.message(job_id).recoveries == 0


def test_a_crash_after_the_hand_over_sends_once(engine: Engine) -> None:
    job = engine.send()
    _crash_after_hand_over(engine)
    engine.restarted().turn(engine.stage.asha.device_id)
    assert engine.status(job) == "sent"
    assert [taken.copies for taken in engine.driver.taken.values()] == [1]


def test_nothing_goes_while_the_page_has_not_synced(engine: Engine) -> None:
    job = engine.send()
    _crash_before_hand_over(engine)
    engine.driver.show(engine.stage.asha.device_id, "ready", synced=False)
    engine.restarted().turn(engine.stage.asha.device_id)
    assert engine.status(job) == "sending"
    engine.driver.recover(engine.stage.asha.device_id)
    engine.turn()
    assert engine.status(job) == "sent"


def test_the_gap_is_kept_and_announced(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"gap_seconds": [8, 20]})
    first, second = engine.send(), engine.send(OTHER)
    engine.turn()
    assert (engine.status(first), engine.status(second)) == ("sent", "queued")
    waits = engine.stage.box.db.read_here(
        explaining.explain,
        [engine.message(second)],
        config=engine.stage.box.config,
        now=engine.stage.hands.now(),
    )
    until = waits[second].until
    assert waits[second].reason == "gap"
    assert until is not None
    assert timedelta(seconds=8) <= until - engine.stage.hands.now() <= timedelta(seconds=20)
    engine.stage.hands.at = until - timedelta(milliseconds=1)
    engine.turn()
    assert engine.status(second) == "queued"
    engine.stage.hands.at = until
    engine.turn()
    assert engine.status(second) == "sent"
    engine.stage.close()


@pytest.mark.parametrize(
    ("cap", "reason"),
    [
        ({"daily_cap": 2}, "daily_cap"),
        ({"hourly_cap": 2}, "hourly_cap"),
        ({"new_chats_per_day": 2}, "new_chat_cap"),
    ],
)
def test_caps_hold_and_open_when_announced(tmp_path: Path, cap: dict[str, int], reason: str) -> None:
    engine = make(tmp_path, sending=cap)
    jobs = [engine.send(f"88017110000{n:02d}") for n in range(3)]
    engine.turn()
    assert [engine.status(job) for job in jobs] == ["sent", "sent", "queued"]
    waits = engine.stage.box.db.read_here(
        explaining.explain,
        [engine.message(jobs[2])],
        config=engine.stage.box.config,
        now=engine.stage.hands.now(),
    )
    assert waits[jobs[2]].reason == reason
    until = waits[jobs[2]].until
    assert until is not None
    engine.stage.hands.at = until - timedelta(seconds=1)
    engine.turn()
    assert engine.status(jobs[2]) == "queued"
    engine.stage.hands.at = until
    engine.turn()
    assert engine.status(jobs[2]) == "sent"
    engine.stage.close()


def test_a_known_chat_passes_a_full_new_chat_cap(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"new_chats_per_day": 1})
    engine.send(PHONE)
    engine.turn()
    fresh, known = engine.send(OTHER), engine.send(PHONE)
    engine.turn()
    assert (engine.status(fresh), engine.status(known)) == ("queued", "sent")
    engine.stage.close()


def test_somebody_who_wrote_first_is_no_new_chat(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"new_chats_per_day": 1})
    engine.send(PHONE)
    engine.turn()
    engine.driver.write(engine.stage.asha.device_id, OTHER, "hi")
    job = engine.send(OTHER)
    engine.turn()
    assert engine.status(job) == "sent"
    engine.stage.close()


def test_warm_up_survives_a_new_link_of_the_same_phone(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"warmup": True})
    engine.stage.hands.forward(days=3)
    engine.driver.unlink(engine.stage.asha.device_id)
    engine.link(phone=SHOP)
    allowed = engine.stage.box.db.read_here(
        line.allowance, engine.stage.device(), config=engine.stage.box.config, now=engine.stage.hands.now()
    )
    assert (allowed.warmup_day, allowed.daily_cap) == (4, 110)
    engine.stage.close()


def test_an_expired_message_is_skipped_even_while_the_phone_is_off(engine: Engine) -> None:
    engine.driver.show(engine.stage.asha.device_id, "starting", "reconnecting")
    job = engine.send(expires_at=engine.stage.hands.now() + timedelta(minutes=5))
    engine.stage.hands.forward(minutes=5)
    engine.stage.box.db.write_now(leaving.expire, now=engine.stage.hands.now())
    assert (engine.status(job), engine.message(job).error) == ("skipped", "expired")


def test_two_turns_at_once_cannot_have_two_messages_in_doubt(engine: Engine) -> None:
    first, second = engine.send(), engine.send(OTHER)
    engine.stage.box.db.write_now(handing.claim, first, now=engine.stage.hands.now())
    with pytest.raises(Exception, match="UNIQUE"):
        engine.stage.box.db.write_now(handing.claim, second, now=engine.stage.hands.now())


def test_every_end_owes_its_webhook_in_the_same_transaction(engine: Engine) -> None:
    engine.stage.box.db.write_now(
        lambda tx: tx.run(
            """insert into webhooks (user_id, url, secret, events, created_at, updated_at)
               values (:user_id, 'https://example.com/', '', :events, '', '')""",
            user_id=engine.stage.asha.id,
            events=json.dumps(["delivery.sent", "delivery.failed"]),
        )
    )
    engine.driver.not_on_whatsapp.add(OTHER)
    engine.send()
    engine.send(OTHER)
    engine.turn()
    owed = engine.stage.box.db.read_here(
        lambda rows: rows.all("select event, payload from deliveries order by id")
    )
    assert [row["event"] for row in owed] == ["delivery.sent", "delivery.failed"]
    assert json.loads(owed[1]["payload"])["error"] == "not_on_whatsapp"


def _crash_before_hand_over(engine: Engine) -> None:
    def die(device_id: int, message_id: str) -> None:
        raise KeyboardInterrupt

    engine.driver.before_hand_over = die
    with pytest.raises(KeyboardInterrupt):
        engine.turn()
    engine.driver.before_hand_over = None


def _crash_after_hand_over(engine: Engine) -> None:
    class Dying(Turns):
        def _record(self, armed: stored.Message, handed: Handed) -> bool:
            raise KeyboardInterrupt

    engine.driver.plan("lost_answer")
    with pytest.raises(KeyboardInterrupt):
        Dying(engine.stage.box, engine.driver, "boot-1").turn(engine.stage.asha.device_id)
