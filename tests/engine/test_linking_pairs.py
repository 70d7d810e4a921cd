"""What hinders a link x everything else, as a table; and a page that is renewed x what comes at that moment.

While it hinders nothing goes; whatever comes meanwhile, afterwards each message has gone once, or says why not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import PHONE, Engine, holds, make
from tests.engine.test_campaigns import expand, launch, people
from tests.engine.test_pairs import remove, why, write
from tests.engine.test_plans_in_force import give
from wabox.billing.plans import Terms
from wabox.devices import limits, linking, orders
from wabox.devices import stored as devices
from wabox.engine.links import Links
from wabox.errors import Invalid, Refusal
from wabox.messages import outbox

MINE, OTHER, THIRD = "8801700000020", "8801700000021", "8801700000022"
FIRST = "first"


@dataclass(slots=True)
class Scene:
    """A second phone that is linked, with a message in its line."""

    engine: Engine
    device_id: int
    links: Links = field(init=False)
    job: int = 0
    campaign: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.links = Links(self.engine.stage.box, self.engine.driver)

    @property
    def device(self) -> devices.Device:
        return self.engine.stage.device(self.device_id)

    def ask(self, verb: Callable[..., Any], *more: Any) -> None:
        self.engine.stage.box.db.write_now(lambda tx: verb(tx, devices.by_id(tx, self.device_id), *more))

    def tick(self) -> None:
        for _ in range(3):
            asyncio.run(self.links.tick())

    def goes_on(self, *, minutes: int = 5) -> None:
        """Time passes; the line moves if it may."""
        for _ in range(minutes):
            self.engine.stage.hands.forward(minutes=1)
            self.tick()
            self.engine.turn(self.device_id)

    def dies(self) -> None:
        """kill -9, and a new start."""
        self.engine.driver.killed()
        self.engine.restarted()
        self.links = Links(self.engine.stage.box, self.engine.driver)
        self.engine.stage.box.db.write_now(linking.all_starting)

    def handed(self) -> list[str]:
        """The texts that went to this person, by any device."""
        return [text for _, chat, _, text in self.engine.driver.handed if PHONE in chat]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    engine = make(tmp_path, accounts={"registration": "open"}, billing={"enabled": True})
    second = write(engine, orders.create, engine.stage.asha.id, "second", most=5).id
    engine.link(second, MINE)
    scene = Scene(engine, second)
    scene.job = engine.send(device_id=second, text=FIRST)
    yield scene
    holds(engine)
    engine.stage.close()


# -- what hinders it: how it begins, again after a new session, and how it ends ------------------------


@dataclass(frozen=True, slots=True)
class Hindrance:
    """code: why none is given meanwhile. linked: the same link goes on. sends: messages go nevertheless."""

    begins: Callable[[Scene], None]
    again: Callable[[Scene], None]
    ends: Callable[[Scene], None]
    code: str | None = "already_linked"
    linked: bool = True
    sends: bool = False


def shows(detail: Any, state: Any = "disconnected") -> Callable[[Scene], None]:
    return lambda scene: scene.engine.driver.show(scene.device_id, state, detail, synced=state == "ready")


def recovers(scene: Scene) -> None:
    scene.engine.driver.recover(scene.device_id)


def is_removed(scene: Scene) -> None:
    scene.engine.driver.unlink(scene.device_id)
    scene.ask(orders.start)
    scene.tick()


def stands_at_the_gate(scene: Scene) -> None:
    is_removed(scene)
    scans_at_the_gate(scene)


def scans_at_the_gate(scene: Scene) -> None:
    scene.engine.driver.gate = {}
    scene.engine.driver.scan(scene.device_id, MINE)


def has_a_dead_code(scene: Scene) -> None:
    is_removed(scene)
    scene.engine.driver.let_qr_die(scene.device_id)


HINDRANCES = {
    "passkey": Hindrance(
        stands_at_the_gate,
        scans_at_the_gate,
        lambda scene: scene.engine.driver.answer_passkeys(),
        code="device_not_ready",
        linked=False,
    ),
    "dead code": Hindrance(
        has_a_dead_code,
        lambda scene: scene.engine.driver.let_qr_die(scene.device_id),
        lambda scene: scene.engine.driver.scan(scene.device_id, MINE),
        code=None,
        linked=False,
    ),
    "checkpoint": Hindrance(shows("checkpoint"), shows("checkpoint"), recovers),
    "box": Hindrance(shows("action_required"), shows("action_required"), recovers),
    "box on a page that works": Hindrance(
        shows("action_required", "ready"), shows("action_required", "ready"), recovers, sends=True
    ),
    "number changed": Hindrance(
        lambda scene: scene.engine.driver.link_as(scene.device_id, THIRD),
        lambda scene: scene.engine.driver.link_as(scene.device_id, THIRD),
        lambda scene: scene.engine.driver.link_as(scene.device_id, MINE),
        linked=False,
    ),
}


# -- what comes meanwhile: what is done, and how the message ends --------------------------------------


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """before: while the phone is well. ends: the message's status, and why it waits. anew: in a new session."""

    does: Callable[[Scene, Hindrance], None]
    ends: tuple[str, str | None] = ("sent", None)
    before: Callable[[Scene], None] = lambda _: None
    anew: bool = False


def launches(scene: Scene) -> None:
    people(scene.engine, 3)
    campaign = launch(scene.engine, device_ids=[scene.device_id])
    expand(scene.engine, campaign)
    found = "select group_concat(id) from messages where campaign_id = :id"
    scene.campaign = [int(one) for one in scene.engine.stage.value(found, id=campaign).split(",")]


def asks_for_a_code(scene: Scene, hindrance: Hindrance) -> None:
    """Only a page that waits for a link is asked for one, and nothing else of it is touched."""
    session, said = scene.device.session, None
    try:
        scene.ask(orders.ask_pairing_code, OTHER)
    except Refusal as refused:
        said = refused.code
    scene.tick()
    assert said == hindrance.code
    assert scene.device.pairing_code == (None if hindrance.code else "ABCD1234")
    assert (scene.device.session, scene.device.command) == (session, None)


def logs_out(scene: Scene, _: Hindrance) -> None:
    scene.ask(orders.logout)


def deletes(scene: Scene, _: Hindrance) -> None:
    remove(scene.engine, scene.device_id)


def restarts(scene: Scene, _: Hindrance) -> None:
    scene.ask(orders.restart)


def dies(scene: Scene, _: Hindrance) -> None:
    scene.dies()


def is_locked(scene: Scene, _: Hindrance) -> None:
    suspended = "update users set state = 'suspended' where id = :id"
    scene.engine.stage.box.db.write_now(lambda tx: tx.run(suspended, id=scene.engine.stage.asha.id))


def is_bilals(scene: Scene) -> None:
    """The owner of the box is bound to no plan."""
    engine, bilal = scene.engine, scene.engine.stage.bilal
    give(engine, bilal, Terms("Big", 50_000, "BDT", 30, 1_000, max_wa_accounts=2))
    remove(engine, scene.device_id)
    scene.tick()
    engine.link(bilal.device_id, OTHER)
    engine.stage.hands.forward(minutes=1)
    scene.device_id = write(engine, orders.create, bilal.id, "second", most=5).id
    engine.link(scene.device_id, MINE)
    scene.job = engine.send(device_id=scene.device_id, text=FIRST)


def plan_shrinks(scene: Scene, _: Hindrance) -> None:
    small = Terms("Small", 20_000, "BDT", 30, 100, max_wa_accounts=1)
    give(scene.engine, scene.engine.stage.bilal, small)


def rests(scene: Scene, _: Hindrance) -> None:
    until = scene.engine.stage.hands.now() + timedelta(minutes=4)
    scene.engine.stage.box.db.write_now(limits.rest, scene.device_id, until)


def is_in_hand(scene: Scene) -> None:
    """Armed, and wabox died: nobody knows whether the page has it."""

    def die(_device: int, _message: str) -> None:
        raise KeyboardInterrupt

    scene.engine.driver.before_hand_over = die
    with pytest.raises(KeyboardInterrupt):
        scene.engine.turn(scene.device_id)
    scene.engine.driver.before_hand_over = None
    scene.engine.restarted()


def nothing(_scene: Scene, _hindrance: Hindrance) -> None:
    """Time passes."""


MEANWHILE = {
    "nothing": Meanwhile(nothing),
    "a campaign": Meanwhile(nothing, before=launches),
    "a launch": Meanwhile(lambda scene, _: launches(scene)),
    "a pairing code": Meanwhile(asks_for_a_code),
    "a logout": Meanwhile(logs_out, ("queued", "device_not_ready"), anew=True),
    "a deletion": Meanwhile(deletes, ("cancelled", None), anew=True),
    "a restart": Meanwhile(restarts, anew=True),
    "a death": Meanwhile(dies, anew=True),
    "a lock": Meanwhile(is_locked, ("queued", "account_suspended")),
    "a smaller plan": Meanwhile(plan_shrinks, ("queued", "over_plan"), before=is_bilals),
    "a rest": Meanwhile(rests),
    "a message in hand": Meanwhile(nothing, before=is_in_hand),
}


@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("hindrance", HINDRANCES)
def test_what_hinders_a_link_loses_and_doubles_nothing(scene: Scene, hindrance: str, meanwhile: str) -> None:
    one, other = HINDRANCES[hindrance], MEANWHILE[meanwhile]
    gone = [FIRST] if one.sends else []
    other.before(scene)
    one.begins(scene)
    scene.goes_on(minutes=1)
    assert scene.handed() == gone
    other.does(scene, one)
    scene.tick()
    if other.anew and scene.device.wanted:
        one.again(scene)
    scene.goes_on(minutes=1)
    assert scene.handed() == gone
    if scene.device.wanted:
        one.ends(scene)
    scene.goes_on(minutes=8)
    status, reason = expected(one, other)
    assert (scene.engine.status(scene.job), why(scene.engine, scene.job)) == (status, reason), scene.device
    assert scene.handed() == ([FIRST] if status == "sent" else [])
    assert {scene.engine.status(job) for job in scene.campaign} <= {"sent"}


def expected(one: Hindrance, other: Meanwhile) -> tuple[str, str | None]:
    """What was in hand under another link cannot be looked up any more."""
    if one.sends:
        return "sent", None
    if other.before is is_in_hand and not one.linked:
        return "unknown", None
    return other.ends


@pytest.mark.parametrize("hindrance", HINDRANCES)
def test_settling_what_was_in_doubt_moves_nothing_of_a_hindered_phone(scene: Scene, hindrance: str) -> None:
    scene.engine.driver.plan("stuck", "stuck")
    scene.engine.turn(scene.device_id)
    for _ in range(2):
        scene.engine.stage.hands.forward(minutes=6)
        scene.engine.turn(scene.device_id)
    handed = scene.handed()
    assert scene.engine.status(scene.job) == "unknown"
    HINDRANCES[hindrance].begins(scene)
    before = scene.device
    write(scene.engine, outbox.settle, scene.engine.stage.asha.id, scene.job, "sent")
    assert scene.device == before
    HINDRANCES[hindrance].ends(scene)
    scene.goes_on()
    assert (scene.engine.status(scene.job), scene.handed()) == ("sent", handed)


# -- a page that is renewed x what comes at that moment ------------------------------------------------


def begins_anew(scene: Scene) -> None:
    """As a session does at night, or at its mark of memory."""
    scene.engine.driver.show(scene.device_id, "starting", "reconnecting")


def test_a_message_whose_page_is_renewed_before_it_is_handed_over_goes_afterwards(scene: Scene) -> None:
    resolve, driver = scene.engine.driver.resolve, scene.engine.driver

    def slowly(device_id: int, phone: str) -> Any:
        found = resolve(device_id, phone)
        begins_anew(scene)
        return found

    driver.resolve = slowly  # type: ignore[method-assign]
    scene.engine.turn(scene.device_id)
    assert (scene.engine.status(scene.job), scene.handed()) == ("queued", [])
    driver.resolve = resolve  # type: ignore[method-assign]
    recovers(scene)
    scene.goes_on()
    assert (scene.engine.status(scene.job), scene.handed()) == ("sent", [FIRST])


def test_a_message_in_hand_when_the_page_is_renewed_is_looked_up_and_never_doubled(scene: Scene) -> None:
    scene.engine.driver.plan("lost_answer")
    scene.engine.turn(scene.device_id)
    begins_anew(scene)
    scene.goes_on(minutes=2)
    recovers(scene)
    scene.goes_on()
    assert (scene.engine.status(scene.job), scene.handed()) == ("sent", [FIRST])


@pytest.mark.parametrize("verb", [orders.start, orders.restart], ids=["start", "restart"])
def test_a_start_while_the_page_is_renewed_changes_nothing_of_the_link(
    scene: Scene, verb: Callable[..., Any]
) -> None:
    begins_anew(scene)
    scene.ask(verb)
    scene.tick()
    recovers(scene)
    scene.goes_on()
    assert (scene.device.phone, scene.engine.status(scene.job)) == (MINE, "sent")


def test_no_code_is_asked_for_while_the_page_is_renewed(scene: Scene) -> None:
    begins_anew(scene)
    with pytest.raises(Invalid) as refused:
        scene.ask(orders.ask_pairing_code, THIRD)
    assert refused.value.code == "already_linked"
    assert (scene.device.command, scene.device.pairing_phone) == (None, None)


@pytest.mark.parametrize("removed", [False, True], ids=["logout", "deletion"])
def test_a_link_that_is_given_up_while_its_page_is_renewed_is_given_up_once(
    scene: Scene,
    removed: bool,  # noqa: FBT001
) -> None:
    profile = scene.device.profile
    begins_anew(scene)
    if removed:
        remove(scene.engine, scene.device_id)
    else:
        scene.ask(orders.logout)
    scene.tick()
    assert not scene.engine.driver.linked(profile)
    assert scene.device_id not in scene.engine.driver.opened()
    scene.goes_on()
    assert scene.engine.status(scene.job) == ("cancelled" if removed else "queued")
    assert (scene.device.command, scene.handed()) == (None, [])


def test_a_passkey_step_is_left_alone_by_night(scene: Scene) -> None:
    stands_at_the_gate(scene)
    session = scene.device.session
    scene.engine.stage.hands.forward(hours=12)
    scene.tick()
    assert (scene.device.session, scene.device.detail) == (session, "passkey_required")
    scene.engine.driver.answer_passkeys()
    scene.engine.stage.hands.forward(hours=12)
    scene.goes_on()
    assert scene.engine.status(scene.job) == "sent"


# -- a number x a code for it --------------------------------------------------------------------------


def waits_for_a_link(scene: Scene, device_id: int) -> devices.Device:
    box = scene.engine.stage.box
    box.db.write_now(lambda tx: orders.start(tx, devices.by_id(tx, device_id)))
    scene.tick()
    return scene.engine.stage.device(device_id)


def asks(scene: Scene, device_id: int, phone: str) -> None:
    box = scene.engine.stage.box
    box.db.write_now(lambda tx: orders.ask_pairing_code(tx, devices.by_id(tx, device_id), phone))


def test_of_two_codes_for_one_number_the_first_link_ends_the_other(scene: Scene) -> None:
    """bilal and asha both wait for a code for the same phone; it is entered for asha's."""
    bilal, stage = scene.engine.stage.bilal.device_id, scene.engine.stage
    waits_for_a_link(scene, bilal)
    third = write(scene.engine, orders.create, stage.asha.id, "third", most=5).id
    waits_for_a_link(scene, third)
    for one in (bilal, third):
        asks(scene, one, THIRD)
    scene.tick()
    assert stage.device(bilal).pairing_code == stage.device(third).pairing_code == "ABCD1234"
    scene.engine.driver.scan(third, THIRD)
    his = stage.device(bilal)
    assert (his.pairing_code, his.pairing_reason, his.pairing_phone) == (None, "number_linked", None)
    assert (stage.device(third).pairing_code, stage.device(third).pairing_reason) == (None, None)
    with pytest.raises(Invalid) as refused:
        asks(scene, bilal, THIRD)
    assert refused.value.code == "number_linked"


def test_a_code_that_waits_to_be_asked_for_is_not_when_the_number_is_linked_before(scene: Scene) -> None:
    bilal, stage = scene.engine.stage.bilal.device_id, scene.engine.stage
    waits_for_a_link(scene, bilal)
    third = write(scene.engine, orders.create, stage.asha.id, "third", most=5).id
    waits_for_a_link(scene, third)
    asks(scene, bilal, THIRD)
    scene.engine.driver.scan(third, THIRD)
    scene.tick()
    his = stage.device(bilal)
    assert (his.command, his.pairing_code, his.pairing_reason) == (None, None, "number_linked")
    assert stage.device(third).ready


def test_a_code_asked_for_before_a_start_is_void_if_the_number_was_linked_meanwhile(scene: Scene) -> None:
    """The order stood in the database while wabox was down; a row of the link was written by another life."""
    bilal, stage = scene.engine.stage.bilal.device_id, scene.engine.stage
    waits_for_a_link(scene, bilal)
    asks(scene, bilal, THIRD)
    linked = "update devices set phone = :phone, sends_as = :phone where id = :id"
    stage.box.db.write_now(lambda tx: tx.run(linked, phone=THIRD, id=scene.device_id))
    scene.dies()
    scene.tick()
    assert (stage.device(bilal).command, stage.device(bilal).pairing_reason) == (None, "number_linked")
