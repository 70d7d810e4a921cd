"""What changes while WhatsApp is asked about a message, or it is in hand, holds for all behind it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

from tests.cast import stage
from tests.engine.conftest import Engine, _writer
from wabox.accounts import states
from wabox.accounts.states import Actor
from wabox.billing import ledger, plans, subscriptions
from wabox.billing.plans import Terms
from wabox.campaigns import control, launching
from wabox.campaigns import stored as campaigns
from wabox.contacts import phones, writing
from wabox.db import Rows, Tx
from wabox.engine import page_events
from wabox.engine.expansion import Expansion
from wabox.engine.turns import Turns
from wabox.errors import Unavailable
from wabox.messages import answers, explaining, handing, stored
from wabox.whatsapp.driver import Resolved
from wabox.whatsapp.fake import FakeDriver

PEOPLE = [f"88017110005{n:02d}" for n in range(6)]
BASIC = Terms("Basic", 50_000, "BDT", 30, 10, daily_cap=0, max_wa_accounts=2)
THIRD = 2


class _Asking(FakeDriver):
    """Does something at the moment when it is asked for one number: its message is next, and not armed yet."""

    when: tuple[str, Callable[[], None]] | None = None

    def resolve(self, device_id: int, phone: str) -> Resolved:
        if self.when is not None and self.when[0] == phone:
            do, self.when = self.when[1], None
            do()
        return super().resolve(device_id, phone)


@dataclass(slots=True)
class Sold:
    """bilal has a plan with ten credits, and a campaign to six people."""

    engine: Engine
    driver: _Asking
    campaign_id: int = 0
    gone: list[str] = field(default_factory=list)

    def while_in_hand(self, do: Callable[[], None]) -> list[str]:
        """The turn, with this happening while the third is in hand; who got a message, in order."""
        self.driver.when = (PEOPLE[THIRD], do)
        self.engine.turn(self.engine.stage.bilal.device_id)
        assert self.driver.when is None
        return self.got()

    def got(self) -> list[str]:
        return [one.chat_id.removesuffix("@c.us") for one in self.driver.taken.values()]

    def waiting(self) -> Counter[str | None]:
        """Why the rest waits."""
        box, now, bilal = self.engine.stage.box, self.engine.stage.hands.now(), self.engine.stage.bilal

        def ask(rows: Rows) -> Counter[str | None]:
            ids = rows.all("select id from messages where user_id = :id and status = 'queued'", id=bilal.id)
            found = explaining.explain(
                rows, [stored.by_id(rows, row["id"]) for row in ids], config=box.config, now=now
            )
            return Counter(one.reason for one in found.values())

        return box.db.read_here(ask)

    @property
    def credits(self) -> int:
        """The balance, which is the sum of the ledger."""
        made = self.engine.stage
        left: int = made.value("select credits from users where id = :id", id=made.bilal.id)
        assert made.box.db.read_here(ledger.balance, made.bilal.id) == left
        return left

    @property
    def status(self) -> str:
        return self.engine.stage.box.db.read_here(campaigns.by_id, self.campaign_id).status


@pytest.fixture
def sold(tmp_path: Path) -> Iterator[Sold]:
    made = stage(tmp_path, billing={"enabled": True})
    driver = _Asking(_writer(made), now=made.hands.now)
    found = Sold(Engine(made, driver, Turns(made.box, driver, "boot-1")), driver)
    found.engine.link(made.bilal.device_id)
    made.box.db.write_now(_plan, found)
    found.campaign_id = made.box.db.write_now(_campaign, found)
    Expansion(made.box).turn(found.campaign_id)
    assert (found.credits, found.status) == (4, "sending")
    yield found
    made.close()


def _plan(tx: Tx, found: Sold) -> None:
    made, now = found.engine.stage, found.engine.stage.hands.now()
    plan = plans.create(tx, BASIC, now=now)
    subscriptions.begin(tx, made.bilal.id, plan, now=now)
    ledger.grant(tx, made.bilal.id, 10, note="Basic", by="asha", now=now)


def _campaign(tx: Tx, found: Sold) -> int:
    made, now = found.engine.stage, found.engine.stage.hands.now()
    writing.bulk(tx, made.bilal.id, [writing.Draft(phones.parse(one, country="BD")) for one in PEOPLE], now=now)
    ids = [row["id"] for row in tx.all("select id from contacts order by id")]
    return launching.create(
        tx,
        made.bilal.id,
        name="April",
        message="Hello",
        audience="{}",
        contact_ids=ids,
        device_ids=None,
        scheduled_for=None,
        now=now,
    ).id


def at_most_the_one_in_hand(got: list[str]) -> None:
    assert got in (PEOPLE[:THIRD], PEOPLE[: THIRD + 1])


def test_a_plan_that_ends_in_mid_campaign(sold: Sold) -> None:
    """Row 44: nothing after it goes, and it says why; after the renewal each gets theirs once."""
    made = sold.engine.stage
    at_most_the_one_in_hand(sold.while_in_hand(lambda: made.hands.forward(days=31)))
    assert sold.waiting().keys() <= {"plan_expired", "in_line"}
    assert sold.waiting()["plan_expired"] == 1
    plan = made.box.db.read_here(lambda rows: plans.by_id(rows, 1))
    assert plan is not None
    made.box.db.write_now(subscriptions.begin, made.bilal.id, plan, now=made.hands.now())
    sold.engine.turn(made.bilal.device_id)
    assert sorted(sold.got()) == PEOPLE
    assert sold.credits == 4


def test_a_lock_in_mid_campaign(sold: Sold) -> None:
    """Row 44: as above, by whoever runs the box."""
    made = sold.engine.stage
    by = Actor(made.asha.id, "10.0.0.1")

    def lock() -> None:
        made.box.db.write_now(states.move, made.bilal.id, "lock", by=by, reason="spam", now=made.hands.now())

    at_most_the_one_in_hand(sold.while_in_hand(lock))
    assert sold.waiting()["account_locked"] == 1
    made.box.db.write_now(states.move, made.bilal.id, "unlock", by=by, reason="", now=made.hands.now())
    sold.engine.turn(made.bilal.device_id)
    assert sorted(sold.got()) == PEOPLE


def test_the_last_credits_taken_away_in_mid_campaign(sold: Sold) -> None:
    """Row 44: what was reserved at its launch is its own; nothing goes below zero, and no more is taken."""
    made = sold.engine.stage

    def take() -> None:
        made.box.db.write_now(
            ledger.take_away, made.bilal.id, 1_000, note="a mistake", by="asha", now=made.hands.now()
        )

    assert sold.while_in_hand(take) == PEOPLE
    assert sold.credits == 0
    with pytest.raises(Exception, match="credit"):
        sold.engine.send(PEOPLE[0], device_id=made.bilal.device_id)
    assert sold.credits == 0


def test_a_pause_in_mid_campaign(sold: Sold) -> None:
    """Rows 42 and 44: after the answer to the pause at most the message in hand goes."""
    made = sold.engine.stage

    def pause() -> None:
        made.box.db.write_now(control.pause, made.bilal.id, sold.campaign_id, now=made.hands.now())

    at_most_the_one_in_hand(sold.while_in_hand(pause))
    assert sold.status == "paused"
    sold.engine.turn(made.bilal.device_id)
    at_most_the_one_in_hand(sold.got())


def test_a_stop_with_one_in_hand_gives_back_what_was_never_claimed(sold: Sold) -> None:
    """Row 43: what is in hand stays paid, a second stop gives nothing back, the sum is the ledger's."""
    made = sold.engine.stage

    def stop() -> None:
        made.box.db.write_now(control.stop, made.bilal.id, sold.campaign_id, now=made.hands.now())

    at_most_the_one_in_hand(sold.while_in_hand(stop))
    gone = len(sold.got())
    assert sold.credits == 10 - gone - (1 if gone == THIRD and _held(sold) else 0)
    before = sold.credits
    stop()
    assert sold.credits == before
    sold.engine.turn(made.bilal.device_id)
    assert len(sold.got()) == gone


FULL = sqlite3.OperationalError("database or disk is full")
FULL.sqlite_errorcode = sqlite3.SQLITE_FULL


@pytest.mark.parametrize(("room", "write"), [(handing, "claim"), (handing, "armed"), (answers, "sent")])
def test_a_disk_that_is_full_at_any_write_of_a_message_sends_it_once_in_the_end(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, room: ModuleType, write: str
) -> None:
    """Row 26: what cannot be written down is not handed over; what was handed over is looked up."""
    job_id, behind = engine.send(PEOPLE[0]), engine.send(PEOPLE[1])

    def no_room(*_: object, **__: object) -> None:
        raise FULL

    with monkeypatch.context() as full:
        full.setattr(room, write, no_room)
        full.setattr(page_events, "verb", lambda *_: lambda _tx: None)  # nor can WhatsApp's word be kept
        for _ in range(3):
            with pytest.raises(Unavailable, match="full"):
                engine.turn()
        assert len(engine.driver.handed) == (1 if write == "sent" else 0)
    engine.turn()
    assert [engine.status(one) for one in (job_id, behind)] == ["sent", "sent"]
    assert [one.copies for one in engine.driver.taken.values()] == [1, 1]


def _held(sold: Sold) -> bool:
    """Whether the one in hand is still in doubt."""
    return bool(sold.engine.stage.value("select count(*) from messages where status in ('sending', 'unknown')"))
