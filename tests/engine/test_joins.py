"""Two of a campaign turn out to be one person: they get one message, whatever stands with the first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.conftest import Engine
from tests.engine.test_campaigns import expand, launch, people, show
from tests.engine.test_limits import settle
from tests.engine.test_pairs import LID, told_of
from wabox.db import Tx
from wabox.messages import addressees, stored


def campaign(engine: Engine) -> tuple[int, list[int], list[str]]:
    """Two people, of whom the page says the same chat: the campaign, their messages, their numbers."""
    phones = people(engine, 2)
    for one in phones:
        engine.driver.lids[one] = LID
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    ids = engine.stage.box.db.read_here(
        lambda rows: [row["id"] for row in rows.all("select id from messages where campaign_id is not null")]
    )
    return campaign_id, ids, phones


def in_chat(engine: Engine) -> int:
    """How many messages the server took into that chat."""
    return sum(one.copies for one in engine.driver.taken.values() if one.chat_id == f"{LID}@lid")


def ends(engine: Engine) -> None:
    for _ in range(20):
        settle(engine)
        engine.stage.hands.forward(minutes=2)


def dies_after(engine: Engine, patch: pytest.MonkeyPatch, place: object, name: str) -> None:
    """wabox is killed just after this, and starts again."""
    before = getattr(place, name)

    def die(*given: object) -> object:
        before(*given)
        raise KeyboardInterrupt

    with patch.context() as patched:
        patched.setattr(place, name, die)
        with pytest.raises(KeyboardInterrupt):
            settle(engine)
    engine.restarted()


@pytest.mark.parametrize("outcome", ["acked", "lost_answer", "stuck", "refused_later"])
def test_what_went_or_may_have_gone_to_the_one_skips_the_other(engine: Engine, outcome: str) -> None:
    campaign_id, (first, second), _ = campaign(engine)
    engine.driver.plan(outcome)  # type: ignore[arg-type]
    ends(engine)
    assert engine.status(first) == "sent"
    assert (engine.status(second), engine.message(second).error) == ("skipped", "same_person")
    assert in_chat(engine) == 1
    assert (show(engine, campaign_id).sent, show(engine, campaign_id).skipped) == (1, 1)


def test_what_surely_did_not_go_to_the_one_goes_to_the_other(engine: Engine) -> None:
    _, (first, second), _ = campaign(engine)
    engine.driver.plan("not_entered", "not_entered", "not_entered")
    ends(engine)
    assert (engine.status(first), engine.status(second)) == ("failed", "sent")
    assert in_chat(engine) == 1


@pytest.mark.parametrize("where", ["before the second is armed", "in the first hand-over"])
def test_a_kill_in_between_changes_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    _, (first, second), _ = campaign(engine)
    if where == "in the first hand-over":
        dies_after(engine, monkeypatch, engine.driver, "hand_over")
    else:
        assert engine.turns.step(engine.stage.asha.device_id)
        dies_after(engine, monkeypatch, engine.driver, "resolve")
    ends(engine)
    assert (engine.status(first), engine.status(second)) == ("sent", "skipped")
    assert in_chat(engine) == 1


def test_the_old_number_is_asked_about_anew_when_the_chat_has_another(engine: Engine) -> None:
    _, _, (old, new) = campaign(engine)
    assert engine.turns.step(engine.stage.asha.device_id)
    engine.driver.lids.pop(old)
    ends(engine)
    job = engine.send(old)
    ends(engine)
    assert engine.status(job) == "sent" and engine.message(job).wa_chat_id == f"{old}@c.us"
    assert [one[1] for one in engine.driver.asked].count(old) == 2


def test_what_was_resolved_a_moment_before_is_not_handed_to_the_other(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two phones at once: while one resolves from memory, the other learns whose chat it is."""
    _, (first, second), (old, new) = campaign(engine)
    engine.send(old)
    settle_one(engine, lambda: engine.stage.value("select count(*) from numbers") == 1)
    known = engine.driver.resolve

    def learns(device_id: int, phone: str) -> object:
        found = known(device_id, phone)
        engine.stage.box.db.write_now(_told, engine.stage.asha.id, new, engine)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(engine.driver, "resolve", learns)
        engine.turns.step(engine.stage.asha.device_id)
    ends(engine)
    got = [engine.status(first), engine.status(second)]
    assert sorted(got) == ["sent", "skipped"], got


def settle_one(engine: Engine, done: Callable[[], bool]) -> None:
    while not done():
        assert engine.turns.step(engine.stage.asha.device_id)


def _told(tx: Tx, user_id: int, phone: str, engine: Engine) -> None:
    addressees.told(tx, user_id, lid=LID, phone=phone, username=None, now=engine.stage.hands.now())


def test_another_campaign_reaches_the_person_once_more(engine: Engine) -> None:
    _, (first, second), _ = campaign(engine)
    ends(engine)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    ends(engine)
    assert (show(engine, campaign_id).sent, show(engine, campaign_id).skipped) == (1, 1)
    assert in_chat(engine) == 2
    assert told_of(engine, first) == told_of(engine, second) == []


def test_a_hidden_persons_own_message_in_hand_moves_and_the_campaign_goes_besides(engine: Engine) -> None:
    """The reply that was asked for and the campaign are two messages; each goes once."""
    campaign_id, (first, _), phones = campaign(engine)
    engine.driver.lids.pop(phones[1])
    engine.driver.people.hidden.add(phones[0])
    engine.driver.write(engine.stage.asha.device_id, phones[0], "hello")
    reply = engine.send(f"{LID}@lid", "An answer")
    engine.driver.plan("stuck")
    assert engine.turns.step(engine.stage.asha.device_id)
    engine.driver.reveal(engine.stage.asha.device_id, phones[0])
    ends(engine)
    found: stored.Message = engine.message(reply)
    assert (found.phone, found.status, engine.status(first)) == (phones[0], "sent", "sent")
    assert in_chat(engine) == 2 and show(engine, campaign_id).sent == 2
