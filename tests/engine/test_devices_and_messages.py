"""A message on its way x what happens to its device: it ends as it must, and never goes twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.cast import NOON
from tests.engine.conftest import PHONE, SHOP, Engine
from wabox.db import Tx
from wabox.devices import linking, orders
from wabox.devices import stored as devices
from wabox.engine import page_events
from wabox.engine.links import Links
from wabox.messages import leaving
from wabox.whatsapp.driver import Inbound, Receipt
from wabox.whatsapp.fake import Outcome

BROKEN = frozenset({"every account has a primary device"})

OTHER = "8801700000010"


def in_line(engine: Engine) -> None:
    """Nothing has happened to it yet."""


def armed(engine: Engine) -> None:
    """wabox was killed before it handed the message over."""
    engine.driver.plan("session_lost")
    engine.turn()


def lost(engine: Engine) -> None:
    """WhatsApp has it; its answer was lost, and nobody has asked since."""
    engine.driver.plan("lost_answer")
    with_nobody_asking(engine)


def vanished(engine: Engine) -> None:
    """Nobody has it; the page did not answer, and nobody has asked since."""
    engine.driver.plan("vanished")
    with_nobody_asking(engine)


def with_nobody_asking(engine: Engine) -> None:
    engine.turns.step(engine.stage.asha.device_id)


def tick(engine: Engine) -> None:
    asyncio.run(Links(engine.stage.box, engine.driver).tick())


def on(engine: Engine, verb: Callable[[Tx, devices.Device], object]) -> None:
    number = engine.stage.asha.device_id
    engine.stage.box.db.write_now(lambda tx: verb(tx, devices.by_id(tx, number)))
    tick(engine)
    tick(engine)


def nothing(engine: Engine) -> None:
    """Only time passes."""


def restarted(engine: Engine) -> None:
    on(engine, orders.restart)


def logged_out(engine: Engine) -> None:
    on(engine, orders.logout)


def linked_again(engine: Engine) -> None:
    """The same phone, by a new link: the page's history is another."""
    logged_out(engine)
    on(engine, orders.start)
    engine.driver.scan(engine.stage.asha.device_id, SHOP)


def linked_to_another(engine: Engine) -> None:
    logged_out(engine)
    on(engine, orders.start)
    engine.driver.scan(engine.stage.asha.device_id, OTHER)


def unlinked_by_the_phone(engine: Engine) -> None:
    engine.driver.unlink(engine.stage.asha.device_id)
    tick(engine)


def removed(engine: Engine) -> None:
    on(engine, lambda tx, device: leaving.user_leaves(tx, device.user_id, now=engine.stage.hands.now()))


def killed(engine: Engine) -> None:
    engine.driver.killed()
    engine.stage.box.db.write_now(linking.all_starting)
    engine.restarted()
    tick(engine)


Act = Callable[[Engine], None]

# where the message is, what happens to its device -> how it ends, and how often WhatsApp has it
ON_THEIR_WAY: list[tuple[Act, Act, str, str | None, int]] = [
    (in_line, nothing, "sent", None, 1),
    (in_line, restarted, "sent", None, 1),
    (in_line, killed, "sent", None, 1),
    (in_line, logged_out, "queued", None, 0),
    (in_line, unlinked_by_the_phone, "queued", None, 0),
    (in_line, linked_again, "sent", None, 1),
    (in_line, linked_to_another, "queued", None, 0),
    (armed, nothing, "sent", None, 1),
    (armed, restarted, "sent", None, 1),
    (armed, killed, "sent", None, 1),
    (armed, logged_out, "unknown", "link_lost", 0),
    (armed, linked_again, "unknown", "link_lost", 0),
    (armed, linked_to_another, "unknown", "link_lost", 0),
    (armed, unlinked_by_the_phone, "unknown", "link_lost", 0),
    (armed, removed, "unknown", "link_lost", 0),
    (lost, nothing, "sent", None, 1),
    (lost, restarted, "sent", None, 1),
    (lost, killed, "sent", None, 1),
    (lost, logged_out, "unknown", "link_lost", 1),
    (lost, linked_again, "unknown", "link_lost", 1),
    (lost, linked_to_another, "unknown", "link_lost", 1),
    (lost, unlinked_by_the_phone, "unknown", "link_lost", 1),
    (lost, removed, "unknown", "link_lost", 1),
    (vanished, restarted, "sent", None, 1),
    (vanished, killed, "sent", None, 1),
    (vanished, linked_again, "unknown", "link_lost", 0),
    (vanished, linked_to_another, "unknown", "link_lost", 0),
]


@pytest.mark.parametrize(
    ("where", "act", "status", "error", "copies"),
    ON_THEIR_WAY,
    ids=[f"{where.__name__}-{act.__name__}" for where, act, *_ in ON_THEIR_WAY],
)
def test_a_message_on_its_way_ends_as_it_must(
    engine: Engine, where: Act, act: Act, status: str, error: str | None, copies: int
) -> None:
    job = engine.send()
    where(engine)
    act(engine)
    for _ in range(3):
        engine.turn()
        engine.stage.hands.forward(minutes=6)
    message = engine.message(job)
    assert (message.status, message.error) == (status, error)
    assert sum(taken.copies for taken in engine.driver.taken.values()) == copies


@pytest.mark.parametrize(
    ("act", "outcome", "status"),
    [
        (restarted, "acked", "sent"),
        (restarted, "lost_answer", "sent"),
        (restarted, "vanished", "sent"),
        (logged_out, "acked", "sent"),
        (logged_out, "lost_answer", "unknown"),
        (removed, "acked", "sent"),
        (removed, "lost_answer", "unknown"),
    ],
)
def test_what_happens_to_a_device_in_the_midst_of_a_hand_over(
    engine: Engine, act: Act, outcome: Outcome, status: str
) -> None:
    def at_once(device_id: int, message_id: str) -> None:
        engine.driver.before_hand_over = None
        act(engine)

    engine.driver.before_hand_over = at_once
    engine.driver.plan(outcome)
    job = engine.send()
    for _ in range(3):
        engine.turn()
        engine.stage.hands.forward(minutes=6)
    assert engine.status(job) == status
    assert sum(taken.copies for taken in engine.driver.taken.values()) == 1


@pytest.mark.parametrize("act", [restarted, logged_out, linked_again, removed])
def test_what_an_older_session_says_of_a_message_counts(engine: Engine, act: Act) -> None:
    """Its number is another; that WhatsApp has the message is true all the same."""
    job = engine.send()
    lost(engine)
    number, message = engine.stage.device().session, engine.message(job)
    act(engine)
    engine.turn()
    assert engine.stage.device().session > number
    late = Receipt(message.device_id, number, message.wa_message_id or "", "", 1, engine.stage.hands.now())
    engine.stage.box.db.write_now(page_events.verb(late, engine.stage.box))
    assert engine.message(job).status == "sent"


def test_what_a_person_wrote_to_an_older_session_counts(engine: Engine) -> None:
    device = engine.stage.device()
    restarted(engine)
    said = Inbound(device.id, device.session, "3A01", f"{PHONE}@c.us", PHONE, None, "STOP", "chat", NOON)
    engine.stage.box.db.write_now(page_events.verb(said, engine.stage.box))
    assert engine.stage.value("select count(*) from suppressions") == 1
