"""Rules in the owner's hand x everything else: what is forbidden now does not go with the very next claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cast import NOON, settings
from tests.engine.conftest import Engine, make
from tests.engine.test_campaigns import act, expand, launch, look_ahead, people, show
from tests.engine.test_pairs import is_suspended
from wabox import config
from wabox.accounts import users
from wabox.campaigns import control, preflight
from wabox.db import Tx
from wabox.devices import orders, rules
from wabox.devices import stored as devices
from wabox.devices.rules import DaysOff
from wabox.errors import Invalid
from wabox.messages import claiming, explaining, leaving, line, ruling
from wabox.messages.explaining import Waiting
from wabox.quiet import DAYS

OTHER = "8801711000002"
TODAY = date(2026, 3, 10)  # a Tuesday, at noon in Dhaka
TUESDAY_OFF: dict[str, Any] = {"days_off": DaysOff(("tuesday",))}
MIDNIGHT = datetime(2026, 3, 10, 18, tzinfo=UTC)

Set = Callable[..., ruling.Change]


def of_box(engine: Engine, **given: Any) -> ruling.Change:
    return _set(engine, lambda tx, by, **more: ruling.set_box(tx, by, given, **more))


def of_phone(engine: Engine, device_id: int | None = None, **given: Any) -> ruling.Change:
    number = device_id or engine.stage.asha.device_id
    return _set(engine, lambda tx, by, **more: ruling.set_phone(tx, by, devices.by_id(tx, number), given, **more))


def _set(engine: Engine, verb: Callable[..., ruling.Change]) -> ruling.Change:
    def act(tx: Tx) -> ruling.Change:
        by = users.by_id(tx, engine.stage.asha.id)
        assert by is not None
        return verb(tx, by, config=engine.stage.box.config, now=engine.stage.hands.now())

    return engine.stage.box.db.write_now(act)


def why(engine: Engine, job_id: int) -> Waiting:
    box, now = engine.stage.box, engine.stage.hands.now()
    waits = box.db.read_here(explaining.explain, [engine.message(job_id)], config=box.config, now=now)
    return waits.get(job_id, Waiting())


def in_force(engine: Engine) -> rules.Rules:
    box, device = engine.stage.box, engine.stage.device()
    return box.db.read_here(rules.of_phone, device.rules, config=box.config, zone=box.config.zone)


def nothing(engine: Engine) -> None:
    """It may go before the rule comes."""


def one_went(engine: Engine) -> None:
    engine.send(OTHER)
    engine.turn()


# What is set, and what happened before: why the next one waits, and until when.
FORBIDS: dict[str, tuple[dict[str, Any], Callable[[Engine], None], str, datetime]] = {
    "quiet now": (
        {"quiet_hours": rules.hours({"tuesday": [("11:00", "15:00")]})},
        nothing,
        "quiet_hours",
        NOON + timedelta(hours=3),
    ),
    "the day before's night": (
        {"quiet_hours": rules.hours({"monday": [("21:00", "12:30")]})},
        nothing,
        "quiet_hours",
        NOON + timedelta(minutes=30),
    ),
    "this weekday off": (TUESDAY_OFF, nothing, "day_off", MIDNIGHT),
    "three dates off": (
        {"days_off": DaysOff((), (TODAY, date(2026, 3, 11), date(2026, 3, 12)))},
        nothing,
        "day_off",
        MIDNIGHT + timedelta(days=2),
    ),
    "a cap that is full": ({"daily_cap": 1}, one_went, "daily_cap", MIDNIGHT),
    "an hour that is full": ({"hourly_cap": 1}, one_went, "hourly_cap", NOON + timedelta(hours=1)),
    "enough new people": ({"new_chats_per_day": 1}, one_went, "new_chat_cap", MIDNIGHT),
    "a longer pause": ({"gap_seconds": (90.0, 90.0)}, one_went, "gap", NOON + timedelta(seconds=90)),
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = make(tmp_path, accounts={"registration": "open"})
    yield made
    made.stage.close()


@pytest.mark.parametrize("setter", [of_box, of_phone])
@pytest.mark.parametrize("name", FORBIDS)
def test_what_a_rule_forbids_does_not_go_with_the_next_claim_and_goes_when_it_is_lifted(
    engine: Engine, setter: Set, name: str
) -> None:
    given, before, reason, until = FORBIDS[name]
    before(engine)
    job = engine.send()
    setter(engine, **given)
    engine.turn()
    told = why(engine, job)
    assert (engine.status(job), told.reason, told.until) == ("queued", reason, until)
    setter(engine, **dict.fromkeys(given))
    engine.turn()
    assert engine.status(job) == "sent"


@pytest.mark.parametrize("name", FORBIDS)
def test_it_goes_at_the_moment_that_was_told_and_not_before(engine: Engine, name: str) -> None:
    given, before, _, until = FORBIDS[name]
    before(engine)
    job = engine.send()
    of_box(engine, **given)
    engine.turn()
    engine.stage.hands.at = until - timedelta(seconds=1)
    engine.restarted()  # nothing but the database knows it
    engine.turn()
    assert engine.status(job) == "queued"
    engine.stage.hands.at = until
    engine.turn()
    assert engine.status(job) == "sent"


def test_a_rule_between_claim_and_hand_over_binds(engine: Engine) -> None:
    job = engine.send()
    box, now = engine.stage.box, engine.stage.hands.now()
    claimed = box.db.write_now(claiming.claim_next, engine.stage.asha.device_id, config=box.config, now=now)
    assert claimed is not None
    of_box(engine, **TUESDAY_OFF)
    engine.restarted()
    engine.turn()
    engine.turn()
    assert (engine.status(job), engine.driver.handed) == ("queued", [])


def test_a_phone_may_be_laxer_than_the_box_and_never_than_the_file(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"daily_cap": 3, "quiet_hours": ["21:00", "08:00"]})
    of_box(engine, daily_cap=1, **TUESDAY_OFF)
    of_phone(engine, daily_cap=2, days_off=DaysOff())
    jobs = [engine.send(f"880171100000{n}") for n in range(4)]
    engine.turn()
    assert [engine.status(job) for job in jobs] == ["sent", "sent", "queued", "queued"]
    of_phone(engine, daily_cap=None)
    assert in_force(engine).daily_cap == 1
    engine.stage.close()


def test_a_file_that_is_stricter_at_the_next_start_binds(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"daily_cap": 10})
    of_box(engine, daily_cap=5)
    job = engine.send()
    stricter = config.parse(settings(sending={"daily_cap": 4, "quiet_hours": ["11:00", "13:00"]}), base=tmp_path)
    object.__setattr__(engine.stage.box, "config", stricter)
    engine.turn()
    assert (why(engine, job).reason, in_force(engine).daily_cap) == ("quiet_hours", 4)
    engine.stage.close()


def test_a_line_that_rests_learns_of_a_rule_at_once(engine: Engine) -> None:
    of_box(engine, **TUESDAY_OFF)
    engine.send()
    now = engine.stage.hands.now()
    before = engine.stage.box.db.read_here(claiming.devices_due, now=now)
    of_phone(engine, days_off=DaysOff())
    after = engine.stage.box.db.read_here(claiming.devices_due, now=now)
    of_box(engine, days_off=None)
    last = engine.stage.box.db.read_here(claiming.devices_due, now=now)
    assert len({one[0].sign for one in (before, after, last)}) == 3


# -- the pause ----------------------------------------------------------------------------------------


def test_a_pause_made_shorter_counts_from_the_last_message_too(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"gap_seconds": [0, 0]})
    of_box(engine, gap_seconds=(7_200.0, 7_200.0))
    one_went(engine)
    job = engine.send()
    engine.stage.hands.forward(seconds=20)
    assert why(engine, job).until == NOON + timedelta(hours=2)
    of_phone(engine, gap_seconds=(30.0, 30.0))
    assert why(engine, job).until == NOON + timedelta(seconds=30)
    of_phone(engine, gap_seconds=(10.0, 10.0))
    engine.turn()
    assert engine.status(job) == "sent"
    engine.stage.close()


def test_each_pause_is_drawn_from_the_phones_own_span(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"gap_seconds": [1, 2]})
    of_phone(engine, gap_seconds=(50.0, 60.0))
    one_went(engine)
    due = engine.stage.device().next_send_at
    assert due is not None and timedelta(seconds=50) <= due - NOON <= timedelta(seconds=60)
    engine.stage.close()


# -- campaigns ----------------------------------------------------------------------------------------


def test_a_running_campaign_waits_and_says_so_and_a_paused_one_stays_paused(engine: Engine) -> None:
    people(engine, 3)
    campaign = launch(engine)
    expand(engine, campaign)
    of_box(engine, **TUESDAY_OFF)
    engine.turn()
    job = int(engine.stage.value("select min(id) from messages where campaign_id = :id", id=campaign))
    assert (show(engine, campaign).sent, why(engine, job).reason) == (0, "day_off")
    act(engine, control.pause, campaign)
    assert why(engine, job).reason == "campaign_paused"
    of_box(engine, days_off=None)
    engine.turn()
    assert show(engine, campaign).sent == 0
    act(engine, control.resume, campaign)
    engine.turn()
    assert show(engine, campaign).sent == 3


def test_forecasts_before_at_and_after_a_launch_reckon_with_the_rules(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"gap_seconds": [15, 15], "quiet_hours": ["21:00", "08:00"]})
    people(engine, 5)
    at_once = look_ahead(engine).done_at
    assert at_once is not None and at_once - NOON < timedelta(minutes=2)
    of_box(engine, days_off=DaysOff(("tuesday", "wednesday")), gap_seconds=(60.0, 60.0))
    opens = datetime(2026, 3, 12, 2, tzinfo=UTC)  # Thursday at eight in Dhaka
    told = look_ahead(engine).done_at
    assert told == opens + timedelta(minutes=4)
    campaign = launch(engine)
    expand(engine, campaign)
    box, now = engine.stage.box, engine.stage.hands.now()
    assert box.db.read_here(preflight.eta, show(engine, campaign), config=box.config, now=now) == told
    groups = box.db.read_here(explaining.groups, engine.stage.asha.id, config=box.config, now=now)
    assert [(one.reason, one.until, one.done_at) for one in groups] == [("day_off", opens, told)]
    engine.stage.hands.at = opens
    for _ in range(5):
        engine.turn()
        engine.stage.hands.forward(seconds=60)
    assert show(engine, campaign).sent == 5
    engine.stage.close()


def test_a_planned_campaign_whose_time_is_a_day_off_begins_and_waits(engine: Engine) -> None:
    people(engine, 2)
    starts = NOON + timedelta(hours=2)
    campaign = launch(engine, scheduled_for=starts)
    of_box(engine, **TUESDAY_OFF)
    box = engine.stage.box
    told = box.db.read_here(preflight.eta, show(engine, campaign), config=box.config, now=NOON)
    assert told is not None and MIDNIGHT <= told <= MIDNIGHT + timedelta(minutes=1)


def test_with_an_own_cap_of_new_people_those_who_are_known_pass(engine: Engine) -> None:
    one_went(engine)
    of_phone(engine, new_chats_per_day=1)
    new, known = engine.send("8801711000003"), engine.send(OTHER)
    engine.turn()
    assert (engine.status(new), engine.status(known)) == ("queued", "sent")
    of_phone(engine, new_chats_per_day=2)
    engine.turn()
    assert engine.status(new) == "sent"


def test_high_priority_passes_no_rule_and_a_confirmation_passes_a_day_off(engine: Engine) -> None:
    one_went(engine)
    of_box(engine, **TUESDAY_OFF)
    high = engine.send(priority="high")
    engine.driver.write(engine.stage.asha.device_id, OTHER, "STOP")
    engine.turn()
    assert engine.status(high) == "queued"
    system = engine.stage.value("select status from messages where is_system = 1")
    assert system in ("sent", "delivered", "read")


def test_another_reason_that_stands_before_is_told_first(engine: Engine) -> None:
    job = engine.send()
    of_box(engine, **TUESDAY_OFF)
    is_suspended(engine, job)
    assert why(engine, job).reason == "account_suspended"


# -- devices, accounts, the box -----------------------------------------------------------------------


def test_a_deleted_phones_rules_are_not_the_next_ones_of_its_name(engine: Engine) -> None:
    def made(tx: Tx) -> int:
        return orders.create(tx, engine.stage.asha.id, "sales", most=5, now=engine.stage.hands.now()).id

    sales = engine.stage.box.db.write_now(made)
    of_phone(engine, sales, daily_cap=7)
    engine.stage.box.db.write_now(
        lambda tx: leaving.device_removed(tx, devices.by_id(tx, sales), now=engine.stage.hands.now())
    )
    assert engine.stage.device(engine.stage.box.db.write_now(made)).rules is None


def test_a_phone_that_is_linked_anew_with_another_number_keeps_its_rules(engine: Engine) -> None:
    of_phone(engine, **TUESDAY_OFF)
    engine.stage.box.db.write_now(lambda tx: orders.logout(tx, devices.by_id(tx, engine.stage.asha.device_id)))
    engine.link(phone="8801700000077")
    assert in_force(engine).quiet.weekdays == {1}


def test_warm_up_that_is_switched_on_goes_by_the_first_link_of_the_number(engine: Engine) -> None:
    engine.stage.hands.forward(days=2)
    of_phone(engine, warmup=True)
    box, now = engine.stage.box, engine.stage.hands.now()
    found = box.db.read_here(line.allowance, engine.stage.device(), config=box.config, now=now)
    assert (found.warmup, found.warmup_day, found.daily_cap) == (True, 3, 70)
    of_phone(engine, warmup=False)
    found = box.db.read_here(line.allowance, engine.stage.device(), config=box.config, now=now)
    assert (found.warmup, found.warmup_day, found.daily_cap) == (False, None, None)


def test_rules_of_one_users_phone_hold_no_other_users(engine: Engine) -> None:
    of_phone(engine, **TUESDAY_OFF)
    engine.link(engine.stage.bilal.device_id, "8801700000022")
    theirs = engine.send(device_id=engine.stage.bilal.device_id)
    engine.turn(engine.stage.bilal.device_id)
    assert engine.status(theirs) == "sent"


def test_a_day_off_is_the_users_own_day(engine: Engine) -> None:
    """Tuesday in Dhaka is still Monday in Honolulu, and who moves there has moved their days off too."""
    of_box(engine, **TUESDAY_OFF)
    engine.stage.hands.at = datetime(2026, 3, 9, 20, tzinfo=UTC)  # two at night in Dhaka
    job = engine.send()
    assert why(engine, job).reason == "day_off"
    engine.stage.box.db.write_now(users.set_timezone, engine.stage.asha.id, "Pacific/Honolulu")
    assert why(engine, job).reason is None
    engine.turn()
    assert engine.status(job) == "sent"


def test_a_change_is_whole_or_not_at_all(engine: Engine) -> None:
    def killed(tx: Tx) -> None:
        by = users.by_id(tx, engine.stage.asha.id)
        assert by is not None
        ruling.set_box(tx, by, {"daily_cap": 9}, config=engine.stage.box.config, now=NOON)
        raise RuntimeError("the power goes")

    with pytest.raises(RuntimeError):
        engine.stage.box.db.write_now(killed)
    assert in_force(engine).daily_cap == 0


def test_rules_that_leave_no_time_wait_for_whoever_changes_them(engine: Engine) -> None:
    """Each is fine alone: six days off of the box, and a phone's Sunday that is quiet all day."""
    of_box(engine, days_off=DaysOff(tuple(one for one in DAYS if one != "sunday")))
    sunday = rules.hours({"sunday": [("00:00", "23:59"), ("23:00", "01:00")]})
    with pytest.raises(Invalid, match="leaves no time"):
        of_phone(engine, quiet_hours=sunday)
    of_phone(engine, quiet_hours=sunday, days_off=DaysOff())
    of_box(engine, days_off=DaysOff(("monday",)))
    text = rules.written(rules.Own(quiet_hours=sunday))
    engine.stage.box.db.write_now(lambda tx: tx.run("update devices set rules = :text", text=text))
    of_box(engine, days_off=DaysOff(tuple(one for one in DAYS if one != "sunday")))
    told = why(engine, engine.send())
    assert (told.reason, told.until) == ("day_off", None)
