"""A whole campaign deleted for everyone: what is tried, how it yields, what it survives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import SHOP, Engine
from tests.engine.test_campaigns import expand, launch, people
from tests.engine.test_revoking import OTHER, due, links_other_number, removes_phone, write
from wabox import closing
from wabox.accounts.states import Actor
from wabox.campaigns import control, taking_back
from wabox.campaigns import stored as campaigns
from wabox.campaigns.taking_back import Standing
from wabox.engine.leaving import Leaving
from wabox.errors import Invalid, NotFound
from wabox.messages import addressees, deeds, revoking, stored

# The people's messages are made older, and their campaign's counters with them are not.
SECTIONS = {"sending": {"gap_seconds": [0, 0]}, "accounts": {"registration": "open"}}


def gone(engine: Engine, count: int = 4, rest: int = 0) -> int:
    """A campaign of which so many messages have gone, and so many wait."""
    people(engine, count + rest)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    for _ in range(20):
        if found(engine, campaign_id).gone >= count:
            break
        engine.turns.step(engine.stage.asha.device_id)
    assert found(engine, campaign_id).gone == count
    return campaign_id


def campaign(engine: Engine, campaign_id: int) -> campaigns.Campaign:
    return engine.stage.box.db.read_here(campaigns.by_id, campaign_id)


def found(engine: Engine, campaign_id: int) -> Standing:
    now = engine.stage.hands.now()
    return engine.stage.box.db.read_here(taking_back.standing, campaign(engine, campaign_id), now=now)


def ask(engine: Engine, campaign_id: int) -> Standing:
    write(engine, taking_back.ask, engine.stage.asha.id, campaign_id)
    while write(engine, taking_back.piece, campaign_id):
        pass
    return found(engine, campaign_id)


def deletes(engine: Engine, seconds: int = 3) -> None:
    """A turn, and the pause after it."""
    engine.turn()
    engine.stage.hands.forward(seconds=seconds)


def jobs(engine: Engine, campaign_id: int) -> list[int]:
    rows = engine.stage.box.db.read_here(
        lambda rows: rows.all("select id from messages where campaign_id = :id order by id", id=campaign_id)
    )
    return [row["id"] for row in rows]


def test_what_has_gone_is_deleted_one_by_one_and_nothing_else_changes(engine: Engine) -> None:
    campaign_id = gone(engine)
    before = campaign(engine, campaign_id)
    assert found(engine, campaign_id) == Standing(4, 0, 0, 0, {}, {})
    assert ask(engine, campaign_id) == Standing(0, 4, 0, 0, {}, {})
    for done in (1, 2, 3, 4):
        assert due(engine)
        deletes(engine, 0)
        assert found(engine, campaign_id).deleted == len(engine.driver.revoked) == done
        assert not due(engine)
        engine.turn()
        assert len(engine.driver.revoked) == done
        engine.stage.hands.forward(seconds=3)
    after = campaign(engine, campaign_id)
    assert (after.sent, after.total, after.status) == (before.sent, before.total, before.status)
    assert set(engine.driver.revoked.values()) == {1}
    assert ask(engine, campaign_id) == Standing(0, 0, 4, 0, {}, {})
    assert not due(engine)


@pytest.mark.parametrize("control_of", [None, control.pause, control.stop], ids=["sending", "paused", "stopped"])
def test_of_a_campaign_that_is_not_done_only_what_went_is_deleted(
    engine: Engine, control_of: Callable[..., Any] | None
) -> None:
    campaign_id = gone(engine, 2, rest=3)
    if control_of is not None:
        write(engine, control_of, engine.stage.asha.id, campaign_id)
    assert ask(engine, campaign_id) == Standing(0, 2, 0, 0, {}, {})
    for _ in range(10):
        deletes(engine)
    left = found(engine, campaign_id)
    assert (left.deleted, left.possible) == (2, 3 if control_of is None else 0)
    # Asking again means what went meanwhile, too.
    assert ask(engine, campaign_id) == Standing(0, left.possible, 2, 0, {}, {})


def test_it_yields_to_messages_and_to_one_that_is_asked_for_by_itself(engine: Engine) -> None:
    campaign_id = gone(engine)
    ask(engine, campaign_id)
    job_id, single = engine.send(OTHER), jobs(engine, campaign_id)[-1]
    write(engine, revoking.ask, engine.stage.asha.id, single)
    order: list[str] = []
    hand_over, revoke = engine.driver.hand_over, engine.driver.revoke

    def noting(verb: Any, word: str) -> Any:
        def called(*given: Any) -> Any:
            order.append(word)
            return verb(*given)

        return called

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(engine.driver), "hand_over", lambda _, *given: noting(hand_over, "sent")(*given))
        patched.setattr(type(engine.driver), "revoke", lambda _, *given: noting(revoke, "deleted")(*given))
        deletes(engine)
        assert engine.message(single).revoked_at is not None
        engine.send(OTHER, "and another")
        deletes(engine)
    assert order == ["deleted", "sent", "sent", "deleted"]
    assert engine.status(job_id) == "sent"


def test_a_long_line_that_never_ends_does_not_starve_it(engine: Engine) -> None:
    campaign_id = gone(engine, 2)
    ask(engine, campaign_id)
    for _ in range(2):
        for number in range(30):
            engine.send(f"88018{number:08d}")
        deletes(engine)
    assert found(engine, campaign_id).deleted == 2


def test_a_kill_between_the_pieces_loses_nothing(engine: Engine) -> None:
    campaign_id = gone(engine, 6)
    write(engine, taking_back.ask, engine.stage.asha.id, campaign_id)
    engine.stage.box.db.write_now(  # as it stood after a first piece of two
        lambda tx: tx.run(
            "update campaigns set revoke_after = :after where id = :id",
            after=jobs(engine, campaign_id)[1],
            id=campaign_id,
        )
    )
    engine.stage.box.db.write_now(
        lambda tx: tx.run(
            "update messages set revoke_due_at = null, revoke_asked_at = null where id > :after",
            after=jobs(engine, campaign_id)[1],
        )
    )
    assert found(engine, campaign_id) == Standing(4, 2, 0, 0, {}, {})
    engine.restarted()
    assert write(engine, taking_back.piece, campaign_id, most=3) == 3
    assert write(engine, taking_back.piece, campaign_id, most=3) == 1
    assert found(engine, campaign_id) == Standing(0, 6, 0, 0, {}, {})
    assert engine.stage.box.db.read_here(taking_back.left) == ()


async def test_the_engine_goes_on_with_what_whoever_asked_left(engine: Engine) -> None:
    campaign_id = gone(engine, 3)
    engine.stage.box.db.write_now(
        lambda tx: tx.run(
            "update campaigns set revoke_asked_at = :now, revoke_after = 0 where id = :id",
            now="2026-03-10T06:00:00+00:00",
            id=campaign_id,
        )
    )
    assert found(engine, campaign_id).possible == 3
    await Leaving(engine.stage.box).tick()
    assert found(engine, campaign_id) == Standing(0, 3, 0, 0, {}, {})
    assert campaign(engine, campaign_id).revoke_after is None


def erases_one(engine: Engine, campaign_id: int) -> None:
    phone = engine.message(jobs(engine, campaign_id)[0]).phone
    traces = engine.stage.box.db.read_here(addressees.traces, engine.stage.asha.id, phone)
    write(engine, addressees.erase, engine.stage.asha.id, phone, traces)


def grows_old(engine: Engine, campaign_id: int) -> None:
    engine.stage.hands.forward(hours=48)


PAIRS: list[tuple[Callable[[Engine, int], None], Standing, Standing]] = [
    (erases_one, Standing(3, 0, 0, 0, {"person_erased": 1}, {}), Standing(0, 0, 3, 0, {"person_erased": 1}, {})),
    (
        removes_phone,
        Standing(0, 0, 0, 0, {"device_removed": 4}, {}),
        Standing(0, 0, 0, 0, {"device_removed": 4}, {}),
    ),
    (
        links_other_number,
        Standing(0, 0, 0, 0, {"other_number": 4}, {}),
        Standing(0, 0, 0, 0, {"other_number": 4}, {}),
    ),
    (grows_old, Standing(0, 0, 0, 4, {}, {}), Standing(0, 0, 0, 4, {}, {})),
]
NAMES = [one.__name__ for one, *_ in PAIRS]


@pytest.mark.parametrize(("meanwhile", "before", "after"), PAIRS, ids=NAMES)
def test_what_befell_it_before_the_wish_is_counted_and_not_tried(
    engine: Engine, meanwhile: Callable[[Engine, int], None], before: Standing, after: Standing
) -> None:
    campaign_id = gone(engine)
    meanwhile(engine, campaign_id)
    assert found(engine, campaign_id) == before
    ask(engine, campaign_id)
    for _ in range(6):
        deletes(engine)
    assert found(engine, campaign_id) == after


@pytest.mark.parametrize(("meanwhile", "_before", "after"), PAIRS, ids=NAMES)
def test_what_befalls_it_after_the_wish_ends_by_name(
    engine: Engine, meanwhile: Callable[[Engine, int], None], _before: Standing, after: Standing
) -> None:
    campaign_id = gone(engine)
    ask(engine, campaign_id)
    meanwhile(engine, campaign_id)
    for _ in range(6):
        deletes(engine)
    left = found(engine, campaign_id)
    assert (left.deleted, left.too_old, left.not_possible, left.waiting) == (
        after.deleted,
        after.too_old,
        after.not_possible,
        0,
    )
    assert sum(left.given_up.values()) == 4 - left.deleted
    assert len(engine.driver.revoked) == left.deleted


def test_the_right_number_linked_again_tries_once_more(engine: Engine) -> None:
    campaign_id = gone(engine)
    ask(engine, campaign_id)
    links_other_number(engine, campaign_id)
    for _ in range(6):
        deletes(engine)
    assert found(engine, campaign_id).given_up == {"other_number": 4}
    engine.driver.link_as(engine.stage.asha.device_id, SHOP)
    assert ask(engine, campaign_id) == Standing(0, 4, 0, 0, {}, {})
    for _ in range(6):
        deletes(engine)
    assert found(engine, campaign_id) == Standing(0, 0, 4, 0, {}, {})


def test_a_closed_account_deletes_nothing_more_and_is_forgotten(engine: Engine) -> None:
    bilal = engine.stage.bilal
    campaign_id = gone(engine)
    ask(engine, campaign_id)
    engine.stage.box.db.write_now(
        lambda tx: tx.run("update users set role = iif(id = :id, 'owner', 'user')", id=bilal.id)
    )
    write(engine, closing.close, engine.stage.asha.id, by=Actor(bilal.id, "127.0.0.1"))
    for _ in range(6):
        deletes(engine)
    assert engine.driver.revoked == {}
    while write(engine, deeds.give_up_hopeless, deeds.REVOKE):
        pass
    assert found(engine, campaign_id).waiting == 0


def test_nothing_gone_is_refused_and_somebody_elses_is_not_found(engine: Engine) -> None:
    people(engine, 2)
    campaign_id = launch(engine)
    with pytest.raises(Invalid) as refused:
        ask(engine, campaign_id)
    assert refused.value.code == "wrong_state"
    with pytest.raises(NotFound):
        write(engine, taking_back.ask, engine.stage.bilal.id, campaign_id)
    assert campaign(engine, campaign_id).revoke_asked_at is None


def test_a_message_told_as_revoked_is_told_once(engine: Engine) -> None:
    campaign_id = gone(engine, 2)
    ask(engine, campaign_id)
    message = engine.message(jobs(engine, campaign_id)[0])
    assert isinstance(message, stored.Message)
    assert (message.revoke_bulk, message.revoke_tries) == (True, 0)
    assert write(engine, deeds.done, deeds.REVOKE, message)
    assert not write(engine, deeds.done, deeds.REVOKE, message)
