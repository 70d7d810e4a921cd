"""A message with a file: what the table of pairs says of texts holds for it, and what only an upload can do."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import PHONE, Engine, holds, make
from tests.engine.test_pairs import (
    NAMES,
    OTHER,
    SECTIONS,
    SINGLE,
    Meanwhile,
    cancels,
    is_suspended,
    killed_before_it_entered,
    owner_opts_out,
    pass_time,
    person_writes_stop,
    remove,
    send_one,
    shop_with_second_phone,
    why,
    write,
)
from wabox import times
from wabox.db import Tx
from wabox.errors import Invalid
from wabox.media import stored as media
from wabox.messages import addressees, answers, leaving
from wabox.whatsapp.driver import File
from wabox.whatsapp.fake import Outcome, Taken

__all__ = ["SECTIONS"]

BILL = b"%PDF-1.4 a bill"
SHA = hashlib.sha256(BILL).hexdigest()


def attach(engine: Engine, job_id: int, content: bytes = BILL, kind: str = "document") -> int:
    """The message carries a file of asha's, which lies on the disk."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = media.path_of(engine.stage.box.media, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)

    def verb(tx: Tx) -> int:
        media_id = tx.insert(
            """insert into media (user_id, sha256, stored_sha256, kind, mime, filename, bytes, origin, created_at,
                 last_used_at) values (:user_id, :sha, :sha, :kind, 'application/pdf', 'bill.pdf', :bytes,
                 'upload', :now, :now)""",
            user_id=engine.stage.asha.id,
            sha=sha256,
            kind=kind,
            bytes=len(content),
            now=times.stored(engine.stage.hands.now()),
        )
        tx.run(
            "update messages set media_id = :media_id, media_kind = :kind where id = :id",
            id=job_id,
            media_id=media_id,
            kind=kind,
        )
        return media_id

    return engine.stage.box.db.write_now(verb)


def send_file(engine: Engine, phone: str = PHONE, **more: Any) -> int:
    job = engine.send(phone, **more)
    attach(engine, job)
    return job


def taken(engine: Engine) -> list[Taken]:
    """What the server has with a file; never one twice."""
    return [one for one in engine.driver.taken.values() if one.file is not None]


def meanwhile_of(engine: Engine, job: int, meanwhile: Meanwhile) -> None:
    """It comes while the file is on its way up."""

    def come(device_id: int, message_id: str) -> None:
        engine.driver.before_hand_over = None
        meanwhile(engine, job)

    engine.driver.before_hand_over = come


def test_a_file_goes_with_its_caption_once_and_the_text_behind_it_goes_without(engine: Engine) -> None:
    job, behind = send_file(engine, text="Your bill"), engine.send(OTHER)
    engine.turn()
    engine.turn()
    assert (engine.status(job), engine.status(behind)) == ("sent", "sent")
    [one] = taken(engine)
    file = File(media.path_of(engine.stage.box.media, SHA), "document", "application/pdf", "bill.pdf", len(BILL))
    assert (one.text, one.file, one.sha256, one.copies) == ("Your bill", file, SHA, 1)


@pytest.mark.parametrize(("meanwhile", "status", "error", "reason"), SINGLE, ids=NAMES)
def test_a_file_that_may_no_longer_go_after_a_kill_is_not_handed_over(
    engine: Engine, meanwhile: Meanwhile, status: str, error: str | None, reason: str | None
) -> None:
    job = send_one(engine, meanwhile)
    attach(engine, job)
    killed_before_it_entered(engine)
    meanwhile(engine, job)
    engine.restarted()
    engine.turn()
    engine.turn()
    write(engine, leaving.expire)
    assert taken(engine) == []
    assert (engine.status(job), engine.message(job).error, why(engine, job)) == (status, error, reason)


@pytest.mark.parametrize("meanwhile", [row[0] for row in SINGLE], ids=NAMES)
def test_a_file_that_a_dead_page_had_as_a_message_is_not_pushed_again_when_it_may_no_longer_go(
    engine: Engine, meanwhile: Meanwhile
) -> None:
    job = send_one(engine, meanwhile)
    attach(engine, job)
    engine.driver.plan("upload_lost")
    engine.turn()
    meanwhile(engine, job)
    engine.stage.hands.forward(seconds=61)
    engine.turn()
    assert (engine.status(job), engine.message(job).error) == ("unknown", "withheld")
    assert taken(engine) == []


@pytest.mark.parametrize(
    ("meanwhile", "status"),
    [
        (owner_opts_out, "skipped"),
        (person_writes_stop, "skipped"),
        (cancels, "cancelled"),
        (is_suspended, "queued"),
    ],
    ids=["owner_opts_out", "person_writes_stop", "cancels", "is_suspended"],
)
@pytest.mark.parametrize("outcome", ["upload_stuck", "upload_lost_late", "upload_error"])
def test_what_comes_while_an_upload_fails_takes_hold_at_once(
    engine: Engine, meanwhile: Meanwhile, status: str, outcome: Outcome
) -> None:
    job = send_file(engine)
    meanwhile_of(engine, job, meanwhile)
    engine.driver.plan(outcome)
    engine.turn()
    engine.turn()
    assert engine.status(job) == status
    engine.stage.hands.forward(minutes=2)
    engine.turn()
    assert (engine.status(job), taken(engine)) == (status, [])


@pytest.mark.parametrize("meanwhile", [owner_opts_out, person_writes_stop, cancels, pass_time])
def test_a_file_that_went_meanwhile_is_sent_and_nothing_follows(engine: Engine, meanwhile: Meanwhile) -> None:
    job = send_one(engine, meanwhile)
    attach(engine, job)
    meanwhile_of(engine, job, meanwhile)
    engine.turn()
    write(engine, leaving.expire)
    assert (engine.status(job), len(taken(engine))) == ("sent", 1)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [("upload_stuck",) * 2, ("upload_stuck_late", "upload_stuck"), ("upload_lost_late", "upload_stuck")]
    + [("upload_error",) * 2],
)
def test_a_failed_upload_waits_beside_the_line_and_fails_after_three(
    engine: Engine, outcome: Outcome, reason: str
) -> None:
    job, behind = send_file(engine), engine.send(OTHER)
    engine.driver.plan(outcome)
    for _ in range(3):
        engine.turn()
        engine.stage.hands.forward(seconds=15)
    assert (engine.status(job), why(engine, job), engine.status(behind)) == ("queued", reason, "sent")
    for _ in range(2):
        engine.driver.plan(outcome)
        engine.stage.hands.forward(minutes=3)
        engine.turn()
        engine.turn()
    found = engine.message(job)
    assert (found.status, found.error, taken(engine)) == ("failed", reason, [])
    assert found.error_text and "three times" in found.error_text


def test_a_failed_upload_that_succeeds_the_next_time_goes_once(engine: Engine) -> None:
    job = send_file(engine)
    engine.driver.plan("upload_stuck", "upload_error")
    engine.turn()
    for _ in range(3):
        engine.stage.hands.forward(minutes=3)
        engine.turn()
    assert (engine.status(job), [one.copies for one in taken(engine)]) == ("sent", [1])


def test_a_stuck_upload_holds_up_nobody_and_goes_later_under_its_id(engine: Engine) -> None:
    """The page that had it in hand says that its file is not up, and has its message without an ack."""
    job, behind = send_file(engine), engine.send(OTHER)
    engine.driver.plan("upload_stuck")
    engine.turn()
    first = engine.message(job).wa_message_id
    engine.turn()
    assert (why(engine, job), engine.status(behind)) == ("upload_stuck", "sent")
    engine.stage.hands.forward(seconds=76)
    engine.turn()
    assert (engine.status(job), engine.message(job).wa_message_id) == ("sent", first)
    assert [(one.copies, one.sha256) for one in taken(engine)] == [(1, SHA)]


def test_a_file_that_a_dead_page_had_as_a_message_goes_once_more_under_its_id(engine: Engine) -> None:
    job = send_file(engine)
    engine.driver.plan("upload_lost")
    engine.turn()
    first = engine.message(job).wa_message_id
    engine.stage.hands.forward(seconds=61)
    engine.turn()
    assert (engine.status(job), engine.message(job).wa_message_id) == ("sent", first)
    assert [(one.copies, one.sha256) for one in taken(engine)] == [(1, SHA)]


@pytest.mark.parametrize(("second", "seconds"), [("upload_lost", 61), ("upload_stuck", 0)])
def test_a_file_that_a_dead_page_may_have_sent_ends_unknown_soon_and_frees_the_line(
    engine: Engine, second: Outcome, seconds: int
) -> None:
    """Of the second page it is plain that nothing went; of the first nobody can know."""
    job, behind = send_file(engine), engine.send(OTHER)
    engine.driver.plan("upload_lost", second)
    engine.turn()
    engine.stage.hands.forward(seconds=61)
    engine.turn()
    engine.stage.hands.forward(seconds=seconds)
    engine.turn()
    engine.turn()
    assert (engine.status(job), engine.message(job).error) == ("unknown", "no_answer")
    assert engine.status(behind) == "sent"


def test_a_receipt_settles_a_stuck_upload_that_went_after_all(engine: Engine) -> None:
    job = send_file(engine)
    engine.driver.plan("upload_stuck")
    engine.turn()
    assert why(engine, job) == "upload_stuck"
    now = engine.stage.hands.now()
    wa_id = engine.message(job).wa_message_id
    assert wa_id is not None
    assert engine.stage.box.db.write_now(answers.receipt, wa_id, 1, at=now, next_send_at=now)
    engine.stage.hands.forward(minutes=5)
    engine.turn()
    assert (engine.status(job), taken(engine)) == ("sent", [])


def test_a_restart_in_mid_upload_sends_it_once(engine: Engine) -> None:
    job = send_file(engine)
    for _ in range(2):
        killed_before_it_entered(engine)
        engine.restarted()
    engine.turn()
    assert (engine.status(job), [one.copies for one in taken(engine)]) == ("sent", [1])


@pytest.mark.parametrize("outcome", ["lost_answer", "acked"])
def test_a_kill_after_the_file_was_taken_sends_nothing_again(engine: Engine, outcome: Outcome) -> None:
    job = send_file(engine)
    engine.driver.plan(outcome)
    hand_over = engine.driver.hand_over

    def die(*all_: Any) -> Any:
        hand_over(*all_)
        raise KeyboardInterrupt

    engine.driver.hand_over = die  # type: ignore[assignment, method-assign]
    with pytest.raises(KeyboardInterrupt):
        engine.turn()
    engine.driver.hand_over = hand_over  # type: ignore[method-assign]
    engine.restarted()
    engine.turn()
    assert (engine.status(job), [one.copies for one in taken(engine)]) == ("sent", [1])


def test_a_file_that_whatsapp_never_takes_fails_at_once_and_the_phone_goes_on(engine: Engine) -> None:
    job, behind = send_file(engine), engine.send(OTHER)
    engine.driver.plan("file_too_large")
    engine.turn()
    engine.turn()
    assert (engine.status(job), engine.message(job).error) == ("failed", "file_too_large")
    assert engine.status(behind) == "sent"


@pytest.mark.parametrize("killed", [False, True])
def test_a_file_whose_bytes_are_gone_fails_with_its_reason(engine: Engine, killed: bool) -> None:  # noqa: FBT001
    job = send_file(engine)
    if killed:
        killed_before_it_entered(engine)
        engine.restarted()
    media.path_of(engine.stage.box.media, SHA).unlink()
    engine.turn()
    assert (engine.status(job), engine.message(job).error) == ("failed", "file_gone")
    assert engine.driver.handed == []


def test_a_file_of_a_removed_phone_ends_with_it(engine: Engine) -> None:
    second = shop_with_second_phone(engine)
    job = engine.send(device_id=second)
    attach(engine, job)
    engine.driver.plan("upload_lost")
    engine.turn(second)
    remove(engine, second)
    assert engine.status(job) in ("unknown", "failed")
    queued = engine.send(OTHER)
    attach(engine, queued, b"%PDF-1.4 another bill")
    engine.turn()
    assert engine.status(queued) == "sent"


def is_erased(engine: Engine, job_id: int) -> None:
    write(engine, addressees.erase, engine.stage.asha.id, PHONE, addressees.Traces())


def erasing_is_refused(engine: Engine, job_id: int) -> None:
    with pytest.raises(Invalid):
        is_erased(engine, job_id)


def test_a_person_is_erased_with_the_file_that_waits_and_not_while_one_is_under_way(engine: Engine) -> None:
    job = send_file(engine)
    meanwhile_of(engine, job, erasing_is_refused)
    engine.driver.plan("upload_stuck_late")
    engine.turn()
    engine.turn()
    assert why(engine, job) == "upload_stuck"
    is_erased(engine, job)
    engine.stage.hands.forward(minutes=5)
    engine.turn()
    assert (engine.status(job), taken(engine)) == ("cancelled", [])


def test_the_pace_begins_when_the_upload_has_ended(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"gap_seconds": [8, 8]})
    send_file(engine)
    behind = engine.send(OTHER)

    def takes_long(device_id: int, message_id: str) -> None:
        engine.driver.before_hand_over = None
        engine.stage.hands.forward(seconds=40)

    engine.driver.before_hand_over = takes_long
    engine.turn()
    assert engine.stage.device().next_send_at == engine.stage.hands.now() + timedelta(seconds=8)
    engine.turn()
    assert engine.status(behind) == "queued"
    holds(engine)
    engine.stage.close()
