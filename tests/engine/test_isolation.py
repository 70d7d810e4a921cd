"""In every loop of the engine, one that fails rests by itself, and those behind it have their turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from tests.cast import NOON, Stage
from tests.engine.conftest import Engine
from tests.engine.test_campaigns import launch, people, show
from tests.engine.test_fetching import ask, comes
from tests.engine.test_fetching import show as fetched
from tests.files import pdf
from wabox import closing, threads
from wabox.accounts import links, mail, sessions, users
from wabox.accounts.states import Actor
from wabox.billing import notices, plans, subscriptions
from wabox.billing.plans import Terms
from wabox.campaigns import launching, repeat_runs, repeating
from wabox.campaigns.occasions import Occasion
from wabox.contacts.inbox_files import Wanted
from wabox.db import Tx
from wabox.devices import idle_warnings, orders
from wabox.engine import backoff, billing
from wabox.engine.billing import Billing
from wabox.engine.clock import Clock
from wabox.engine.closed_accounts import ClosedAccounts
from wabox.engine.expansion import Campaigns
from wabox.engine.fetching import Fetching
from wabox.engine.housekeeping import Housekeeping
from wabox.engine.idling import Idling
from wabox.engine.links import Links
from wabox.engine.mailing import Mailing
from wabox.engine.page_events import PageEvents
from wabox.engine.repeating import Repeating
from wabox.engine.workers import Kind, Workers
from wabox.errors import Unavailable
from wabox.messages import outbox
from wabox.whatsapp.driver import Link, SessionSpec

Poison = Callable[[Any, str, int], None]


SECTIONS = {"billing": {"enabled": True}, "smtp": {"host": "127.0.0.1", "from": "box@example.com"}}


@pytest.fixture
def stage(engine: Engine) -> Stage:
    return engine.stage


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Poison:
    """The verb fails for this id; the id is its first argument after the transaction."""

    def spoil(where: Any, name: str, number: int) -> None:
        whole = getattr(where, name)

        def breaks(tx: Any, given: Any, *args: Any, **more: Any) -> Any:
            if given == number:
                raise ValueError("poisoned")
            return whole(tx, given, *args, **more)

        monkeypatch.setattr(where, name, breaks)

    return spoil


def run(*ticks: Callable[[], Any]) -> None:
    """Each of them twice, as the clock does: what fails may raise nothing."""

    async def walk() -> None:
        for tick in ticks:
            for _ in range(2):
                await tick()

    asyncio.run(walk())


def test_a_campaign_that_cannot_be_launched_holds_up_no_other(engine: Engine, poison: Poison) -> None:
    people(engine, 3)
    later = engine.stage.hands.now() + timedelta(minutes=5)
    first, second = (launch(engine, scheduled_for=later) for _ in range(2))
    engine.stage.hands.at = later
    poison(launching, "launch_scheduled", first)
    run(Campaigns(engine.stage.box, workers(engine.stage)).tick)
    assert (show(engine, first).status, show(engine, second).status) == ("scheduled", "sending")


def test_a_repeating_campaign_whose_run_fails_holds_up_no_other(engine: Engine, poison: Poison) -> None:
    people(engine, 3)
    box, wanted = engine.stage.box, repeating.Wanted("Offer", "Hi", "{}", Occasion("week", time(10), (4,)))
    asha, now = engine.stage.asha.id, engine.stage.hands.now()
    first, second = (box.db.write_now(repeating.add, asha, wanted, config=box.config, now=now) for _ in "ab")
    assert first.next_at is not None
    engine.stage.hands.at = first.next_at
    poison(repeat_runs, "prepare", first.id)
    run(Repeating(box).tick)
    assert [engine.stage.value("select repeat_id from campaigns")] == [second.id]


def test_an_account_that_cannot_be_forgotten_holds_up_no_other(stage: Stage, poison: Poison) -> None:
    third = stage.box.db.write_now(another)
    for user_id in (stage.bilal.id, third):
        stage.box.db.write_now(closing.close, user_id, by=Actor(1, None), now=stage.hands.now())
    poison(closing, "forget", stage.bilal.id)
    run(ClosedAccounts(stage.box).tick)
    assert stage.value("select count(*) from message_totals where user_id = :id", id=third) == 0
    assert stage.value("select count(*) from devices where user_id = :id", id=third) == 1


def test_a_plan_whose_notice_fails_holds_up_no_other(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = stage.box.db.write_now(plans.create, Terms("Basic", 50_000, "BDT", 2, 100), now=stage.hands.now())
    third = stage.box.db.write_now(another)
    for user_id in (stage.bilal.id, third):
        stage.box.db.write_now(subscriptions.begin, user_id, plan, now=stage.hands.now())
    whole = billing.remind

    def remind(tx: Tx, box: Any, due: notices.Due, now: Any) -> None:
        if due.period.user_id == stage.bilal.id:
            raise ValueError("poisoned")
        whole(tx, box, due, now)

    monkeypatch.setattr(billing, "remind", remind)
    run(Billing(stage.box).tick)
    assert stage.value("select count(*) from invoices where user_id = :id", id=third) == 1


def owed(stage: Stage, n: int) -> list[int]:
    return [
        stage.box.db.write_now(
            mail.owe, to="chen@example.com", subject="Hi", body="Text", seal=stage.box.seal, now=stage.hands.now()
        )
        for _ in range(n)
    ]


def test_a_mail_that_cannot_be_recorded_goes_once_and_holds_up_no_other(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = [1000.0]
    monkeypatch.setattr(backoff, "monotonic", lambda: time[0])
    first, *others = owed(stage, 30)
    whole, broken, taken = mail.sent, [True], []

    def sent(tx: Tx, mail_id: int, **more: Any) -> bool:
        if mail_id == first and broken[0]:
            raise ValueError("poisoned")
        return whole(tx, mail_id, **more)

    monkeypatch.setattr(mail, "sent", sent)

    async def hand(_config: Any, message: Any) -> None:
        taken.append(int(message["Message-ID"].split(".")[1]))

    mailing = Mailing(stage.box, hand=hand)

    async def post() -> None:
        await mailing.tick()
        await mailing.quiet()

    run(post)
    assert taken == [first, *others]
    time[0] += 60
    run(post)
    broken[0] = False
    time[0] += 60
    run(post)
    assert taken == [first, *others]
    assert stage.value("select count(*) from mails where status = 'sent'") == 30


def test_a_mail_that_a_full_disk_could_not_record_is_not_handed_over_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = owed(stage, 2)
    taken: list[int] = []

    def full(*_: Any, **__: Any) -> bool:
        raise Unavailable("storage_full", "The disk is full.")

    async def hand(_config: Any, message: Any) -> None:
        taken.append(int(message["Message-ID"].split(".")[1]))

    mailing = Mailing(stage.box, hand=hand)

    async def post() -> None:
        await mailing.tick()
        await mailing.quiet()

    with monkeypatch.context() as disk:
        disk.setattr(mail, "sent", full)
        run(post, post)
        assert taken == [first]
    run(post)
    assert taken == [first, second]
    assert stage.value("select count(*) from mails where status = 'sent'") == 2


def test_a_phone_that_cannot_be_looked_at_holds_up_no_warning_of_another(
    engine: Engine, stage: Stage, poison: Poison
) -> None:
    engine.link(stage.bilal.device_id, "8801700000010")
    stage.hands.forward(days=11)
    poison(idle_warnings, "look_at", stage.asha.device_id)
    run(Idling(stage.box).tick)
    told = [stage.device(one).signs.told for one in (stage.asha.device_id, stage.bilal.device_id)]
    assert told == [None, "phone"]


def test_a_chore_that_fails_holds_up_no_other(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any, **__: Any) -> int:
        raise ValueError("poisoned")

    swept: list[datetime] = []

    def sweeps(_tx: Tx, *, now: datetime) -> int:
        swept.append(now)
        return 0

    monkeypatch.setattr(sessions, "sweep", breaks)
    monkeypatch.setattr(links, "sweep", sweeps)
    run(Housekeeping(stage.box).tick)
    assert set(swept) == {stage.hands.now()}


def test_a_message_that_cannot_be_skipped_holds_up_no_other_that_expires(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = engine.stage.hands.now() + timedelta(minutes=1)
    jobs = [engine.send(f"88017{n:08d}", expires_at=ends) for n in range(20)]
    engine.stage.hands.forward(minutes=2)
    whole = outbox.skip

    def skip(tx: Tx, message: Any, *args: Any, **more: Any) -> bool:
        if message.id == jobs[3]:
            raise ValueError("poisoned")
        return whole(tx, message, *args, **more)

    monkeypatch.setattr(outbox, "skip", skip)
    run(Clock(engine.stage.box, workers(engine.stage), steps=[], hourly=[])._expire)
    assert [job for job in jobs if engine.status(job) != "skipped"] == [jobs[3]]
    monkeypatch.setattr(outbox, "skip", whole)
    monkeypatch.setattr(backoff, "monotonic", lambda: 1e12)
    run(Clock(engine.stage.box, workers(engine.stage), steps=[], hourly=[])._expire)
    assert engine.status(jobs[3]) == "skipped"


def test_a_file_that_breaks_its_turn_holds_up_no_other(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is counted as tried before it is, and its turn ends in the worker's shell."""
    box, whole = engine.stage.box, Fetching._take_in
    first, second = (comes(engine, pdf(name)) for name in ("one", "two"))
    for one in (first, second):
        ask(engine, one)

    def take_in(self: Fetching, wanted: Wanted, path: Any) -> None:
        if wanted.inbox_id == first:
            raise ValueError("poisoned")
        whole(self, wanted, path)

    monkeypatch.setattr(Fetching, "_take_in", take_in)
    for _ in range(2):
        with suppress(ValueError):
            Fetching(box, engine.driver).turn(engine.stage.asha.device_id)
    assert (fetched(engine, first).there, fetched(engine, second).there) == (False, True)
    monkeypatch.setattr(Fetching, "_take_in", whole)
    engine.stage.hands.forward(hours=1)
    Fetching(box, engine.driver).turn(engine.stage.asha.device_id)
    assert fetched(engine, first).there


class Opens:
    """A driver that opens what is asked for, but for one device."""

    def __init__(self, refuses: int) -> None:
        self.refuses = refuses
        self.sessions: dict[int, int] = {}

    def opened(self) -> dict[int, int]:
        return self.sessions

    def open(self, spec: SessionSpec) -> None:
        if spec.device_id == self.refuses:
            raise OSError("no room for a profile")
        self.sessions[spec.device_id] = spec.session

    def close(self, device_id: int) -> None:
        del self.sessions[device_id]

    def log_out(self, spec: SessionSpec, **_: Any) -> Future[bool]:
        if spec.device_id == self.refuses:
            raise OSError("no room for a profile")
        done: Future[bool] = Future()
        done.set_result(True)
        return done


@pytest.mark.parametrize("command", ["open", "logout"])
def test_a_phone_that_cannot_be_served_holds_up_no_other(engine: Engine, command: str) -> None:
    stage = engine.stage
    engine.link(stage.bilal.device_id, "8801700000010")
    driver = Opens(stage.asha.device_id)
    if command == "logout":
        stage.box.db.write_now(lambda tx: tx.run("update devices set command = 'logout', wanted = 0"))
    run(Links(stage.box, driver).tick)  # type: ignore[arg-type]
    if command == "open":
        assert set(driver.sessions) == {stage.bilal.device_id}
    else:
        assert stage.device().command == "logout"
        assert stage.device(stage.bilal.device_id).command is None


def test_a_receipts_writer_that_breaks_takes_the_process_along(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []
    monkeypatch.setattr(threads, "end", lambda name, error: ended.append(f"{name} {type(error).__name__}"))

    def breaks(*_: Any) -> Any:
        raise MemoryError

    async def walk() -> None:
        ears = PageEvents(stage.box)
        monkeypatch.setattr(ears, "_write_some", breaks)
        ears.take(Link(stage.asha.device_id, 0, "starting"))
        await asyncio.gather(ears.quiet(), return_exceptions=True)

    asyncio.run(walk())
    assert ended == ["receipts MemoryError"]


def workers(stage: Stage) -> Workers:
    """No thread runs: what is given is only noted."""
    return Workers(stage.box.config.data.dir / "queue.db", {"campaign": Kind(int, most=1)})


def another(tx: Tx) -> int:
    """A third user with a phone."""
    user = users.create(tx, email="dina@example.com", password_hash="x", now=NOON)
    orders.create_primary(tx, user.id, now=NOON)
    return user.id
