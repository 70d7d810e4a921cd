"""A message that brings down whatever touches it ends, and those behind it go."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.engine.conftest import Engine, make
from wabox.campaigns import launching
from wabox.contacts import phones, writing
from wabox.db import Tx
from wabox.engine import recovery
from wabox.engine.expansion import Expansion

POISON = "Hello \u202e poison"
ENDED = ("unknown", "failed")


class PowerCut(BaseException):
    """wabox is gone at this instant; no `except Exception` sees it."""


def poisoned(engine: Engine) -> list[int]:
    """The poison, and five honest messages behind it."""
    return [engine.send("8801711000100", POISON), *(engine.send(f"880171100020{n}") for n in range(5))]


def is_poison(engine: Engine, message_id: str) -> bool:
    return bool(
        engine.stage.value(
            "select text = :text from messages where wa_message_id = :id", text=POISON, id=message_id
        )
    )


def attempts(engine: Engine) -> Counter[str]:
    return Counter(text for _, _, _, text in engine.driver.handed)


def page_dies(engine: Engine) -> None:
    """The page crashes each time it is given the poison: nothing stored, no answer, a moment without a page."""

    def die(device_id: int, message_id: str) -> None:
        if is_poison(engine, message_id):
            engine.driver.plan("vanished")
            engine.driver.show(device_id, "starting", "reconnecting")
            engine.driver.recover(device_id)

    engine.driver.before_hand_over = die


def goes_on(engine: Engine, turns: int) -> None:
    for _ in range(turns):
        engine.turn()
        engine.stage.hands.forward(minutes=2)


def test_a_text_that_crashes_the_page_each_time_ends_after_three_attempts(engine: Engine) -> None:
    """Row 52: nobody waits behind it for ever, and it is never said to be sent."""
    page_dies(engine)
    bad, *good = poisoned(engine)
    goes_on(engine, 8)
    assert engine.status(bad) in ENDED
    assert attempts(engine)[POISON] == 3
    assert [engine.status(one) for one in good] == ["sent"] * 5
    assert len({one[2] for one in engine.driver.handed if one[3] == POISON}) == 1
    assert POISON not in {taken.text for taken in engine.driver.taken.values()}


def test_a_text_at_which_wabox_itself_dies_ends_too(engine: Engine) -> None:
    """Row 52, the whole process: its attempts are counted before each, so that they outlive it."""

    def die(_: int, message_id: str) -> None:
        if is_poison(engine, message_id):
            raise PowerCut

    engine.driver.before_hand_over = die
    bad, *good = poisoned(engine)
    deaths = 0
    for _ in range(recovery.MOST_ATTEMPTS * 2):
        try:
            engine.turn()
        except PowerCut:
            deaths += 1
            engine.restarted()
        engine.stage.hands.forward(minutes=2)
    assert engine.status(bad) in ENDED
    assert 1 <= deaths <= recovery.MOST_ATTEMPTS
    assert [engine.status(one) for one in good] == ["sent"] * 5


def test_a_campaign_with_poison_in_it_comes_to_its_end(tmp_path: Path) -> None:
    """Row 52, in a campaign: one person's name is the poison; everybody else gets theirs once."""
    engine = make(tmp_path)
    page_dies(engine)
    made = engine.stage

    def begin(tx: Tx) -> int:
        people = [
            writing.Draft(
                phones.parse(f"88017110003{n:02d}", country="BD"), name="\u202e poison" if n == 3 else "Rina"
            )
            for n in range(8)
        ]
        writing.bulk(tx, made.asha.id, people, now=made.hands.now())
        ids = [row["id"] for row in tx.all("select id from contacts order by id")]
        return launching.create(
            tx,
            made.asha.id,
            name="Sale",
            message="Hello {name}",
            audience="{}",
            contact_ids=ids,
            device_ids=None,
            scheduled_for=None,
            now=made.hands.now(),
        ).id

    Expansion(made.box).turn(made.box.db.write_now(begin))
    goes_on(engine, 10)
    found = made.box.db.read_here(
        lambda rows: Counter(
            row["status"] for row in rows.all("select status from messages where campaign_id > 0")
        )
    )
    assert found["sent"] == 7
    assert sum(found[end] for end in ENDED) == 1
    assert sorted(Counter(chat for _, chat, _, _ in engine.driver.handed).values()) == [1] * 7 + [3]
    made.close()


@pytest.mark.parametrize("outcome", ["refused", "not_entered", "stuck"])
def test_whatever_a_page_says_to_it_each_time_it_ends(engine: Engine, outcome: str) -> None:
    """Row 52: a page that refuses, takes nothing, or keeps it on the clock."""

    def answer(_: int, message_id: str) -> None:
        if is_poison(engine, message_id):
            engine.driver.plan(outcome)  # type: ignore[arg-type]

    engine.driver.before_hand_over = answer
    bad, *good = poisoned(engine)
    goes_on(engine, 12)
    assert engine.status(bad) in ENDED
    assert [engine.status(one) for one in good] == ["sent"] * 5
