"""A place or a contact card in the line: what the table of pairs says of texts holds for it, and it goes once."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from tests.engine.conftest import PHONE, Engine
from tests.engine.test_pairs import (
    NAMES,
    OTHER,
    SECTIONS,
    SINGLE,
    Meanwhile,
    killed_after_the_hand_over,
    killed_before_it_entered,
    send_one,
    why,
    write,
)
from wabox.db import Tx
from wabox.messages import addressees, leaving, stored
from wabox.messages.stored import Enclosed
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow
from wabox.whatsapp.driver import Card, Place, Poll
from wabox.whatsapp.fake import Outcome, Taken

__all__ = ["SECTIONS"]

SHOP = Place(23.7806, 90.2792, "Hello Store", "12 Road 5")  # a word that rules of the table look for
KARIM = Card("Karim", "8801711999999")
WHEN = Poll("When shall we come?", ("Morning", "Evening"))
EITHER = pytest.mark.parametrize("given", [SHOP, KARIM, WHEN], ids=["place", "card", "poll"])


def enclose(engine: Engine, job: int, given: Enclosed = SHOP) -> int:
    """The message is this instead of a text."""

    def verb(tx: Tx) -> None:
        tx.run(
            "update messages set text = '', enclosed = :given where id = :id",
            id=job,
            given=stored.kept_enclosed(given),
        )

    engine.stage.box.db.write_now(verb)
    return job


def taken(engine: Engine) -> list[Taken]:
    return [one for one in engine.driver.taken.values() if one.enclosed is not None]


@EITHER
def test_it_goes_once_and_the_text_behind_it_goes_as_a_text(engine: Engine, given: Enclosed) -> None:
    job, behind = enclose(engine, engine.send(), given), engine.send(OTHER, text="hello")
    engine.turn()
    engine.turn()
    assert (engine.status(job), engine.status(behind)) == ("sent", "sent")
    [one] = taken(engine)
    assert (one.text, one.enclosed, one.copies) == ("", given, 1)
    assert [other.text for other in engine.driver.taken.values() if other.enclosed is None] == ["hello"]


@pytest.mark.parametrize(("meanwhile", "status", "error", "reason"), SINGLE, ids=NAMES)
def test_what_may_no_longer_go_after_a_kill_is_not_handed_over(
    engine: Engine, meanwhile: Meanwhile, status: str, error: str | None, reason: str | None
) -> None:
    job = enclose(engine, send_one(engine, meanwhile))
    killed_before_it_entered(engine)
    meanwhile(engine, job)
    engine.restarted()
    engine.turn()
    engine.turn()
    write(engine, leaving.expire)
    assert taken(engine) == []
    assert (engine.status(job), engine.message(job).error, why(engine, job)) == (status, error, reason)


@EITHER
def test_a_restart_before_it_entered_hands_it_over_and_not_an_empty_text(engine: Engine, given: Enclosed) -> None:
    job = enclose(engine, engine.send(), given)
    for _ in range(2):
        killed_before_it_entered(engine)
        engine.restarted()
    engine.turn()
    [one] = taken(engine)
    assert (engine.status(job), one.enclosed, one.copies) == ("sent", given, 1)


@EITHER
def test_what_only_the_page_has_is_given_again_as_it_was(engine: Engine, given: Enclosed) -> None:
    job = enclose(engine, engine.send(), given)
    engine.driver.plan("stuck")
    engine.turn()
    engine.stage.hands.forward(seconds=61)
    engine.turn()
    [one] = taken(engine)
    assert (engine.status(job), one.enclosed, one.copies) == ("sent", given, 1)


@pytest.mark.parametrize("outcome", ["lost_answer", "acked"])
def test_a_kill_after_it_was_taken_sends_nothing_again(engine: Engine, outcome: Outcome) -> None:
    job = enclose(engine, engine.send())
    engine.driver.plan(outcome)
    killed_after_the_hand_over(engine)
    engine.restarted()
    engine.turn()
    assert (engine.status(job), [one.copies for one in taken(engine)]) == ("sent", [1])


def test_two_attempts_without_an_answer_end_unknown_and_nothing_goes_after(engine: Engine) -> None:
    job = enclose(engine, engine.send())
    engine.driver.plan("stuck", "stuck")
    for _ in range(8):
        engine.turn()
        engine.stage.hands.forward(minutes=6)
    assert (engine.status(job), engine.message(job).error) == ("unknown", "no_answer")
    assert taken(engine) == []


@EITHER
def test_webhooks_tell_of_it_and_of_no_other_message(engine: Engine, given: Enclosed) -> None:
    write(
        engine,
        endpoints.put,
        engine.stage.asha.id,
        url="https://shop.example/wa",
        events=endpoints.EVENTS,
        allow=Allow(),
        seal=engine.stage.box.seal,
    )
    enclose(engine, engine.send(), given)
    engine.send(OTHER)
    engine.turn()
    engine.turn()
    owed = engine.stage.box.db.read_here(lambda rows: rows.all("select payload from deliveries order by id"))
    of_it, plain = (json.loads(row["payload"]) for row in owed)
    name = {Place: "location", Card: "contact", Poll: "poll"}[type(given)]
    assert of_it[name] == json.loads(json.dumps(asdict(given)))
    assert of_it.keys() - plain.keys() == {name}


def test_erasing_the_person_erases_what_stood_on_it(engine: Engine) -> None:
    job = enclose(engine, engine.send(), KARIM)
    user_id = engine.stage.asha.id
    found = engine.stage.box.db.read_here(addressees.traces, user_id, PHONE)
    write(engine, addressees.erase, user_id, PHONE, found)
    left = engine.stage.box.db.read_here(stored.by_id, job)
    assert (left.enclosed, left.text, left.status) == (None, "", "cancelled")
