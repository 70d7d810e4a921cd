from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import tries
from tests.some import some
from wabox.devices.rules import Rules
from wabox.messages.facts import Account, AccountState, CampaignState, Device, Facts, Message
from wabox.messages.gate import (
    WARMUP,
    Drop,
    Go,
    Wait,
    closed_for_device,
    decide,
    effective_daily_cap,
    own_wait,
    warmup_day,
)
from wabox.messages.reasons import Reason, sentence
from wabox.quiet import Quiet, daily
from wabox.times import day_start, local_day

DHAKA, BERLIN, NEW_YORK = ZoneInfo("Asia/Dhaka"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
ZONES = (DHAKA, BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Africa/Cairo"), ZoneInfo("UTC"))
NIGHT = (time(21), time(8))
NOON = datetime(2026, 11, 23, 12, tzinfo=DHAKA)
SOON = NOON + timedelta(minutes=5)


def made(now: datetime = NOON, *, zone: ZoneInfo = DHAKA, **fields: Any) -> Facts:
    return rules(Facts(rules=Rules(zone=zone), counted_on=local_day(now, zone)), **fields)


def device(facts: Facts, **fields: Any) -> Facts:
    return replace(facts, device=replace(facts.device, **fields))


def cold(facts: Facts, **fields: Any) -> Facts:
    return device(message(facts, cold=True), **fields)


def account(facts: Facts, **fields: Any) -> Facts:
    return replace(facts, account=replace(facts.account, **fields))


def message(facts: Facts, **fields: Any) -> Facts:
    return replace(facts, message=replace(facts.message, **fields))


def rules(facts: Facts, **fields: Any) -> Facts:
    """quiet_hours: the same every day."""
    if "quiet_hours" in fields:
        fields["quiet"] = replace(facts.rules.quiet, hours=daily(fields.pop("quiet_hours")))
    return replace(facts, rules=replace(facts.rules, **fields))


MIDNIGHT = datetime(2026, 11, 24, tzinfo=DHAKA)
Close = Callable[[Facts], Facts]

# Every gate in order, closed at NOON on its own: reason, what closes it, until when.
GATES: list[tuple[Reason, Close, datetime | None]] = [
    ("database_damaged", lambda f: replace(f, database_ok=False), None),
    ("quarantined", lambda f: replace(f, fenced=f.fenced or "quarantined"), None),
    ("moved_away", lambda f: replace(f, fenced=f.fenced or "moved_away"), None),
    ("clock_wrong", lambda f: replace(f, clock_ok=False), None),
    ("account_locked", lambda f: account(f, state="locked"), None),
    ("plan_expired", lambda f: account(f, plan_expires_at=NOON), None),
    ("over_plan", lambda f: device(f, over_plan=True), None),
    ("device_not_ready", lambda f: device(f, state="qr"), None),
    ("number_changed", lambda f: device(f, number_changed=True), None),
    (
        "restricted",
        lambda f: cold(f, locked=True, lock_until=NOON + timedelta(hours=3)),
        NOON + timedelta(hours=3),
    ),
    ("new_chats_capped", lambda f: cold(f, capped=True, cap_until=MIDNIGHT), MIDNIGHT),
    ("new_chats_refused", lambda f: cold(f, cold_rests_until=SOON), SOON),
    ("campaign_paused", lambda f: message(f, campaign="paused"), None),
    ("content_review", lambda f: message(f, in_review=True), None),
    ("scheduled", lambda f: message(f, scheduled_for=SOON), SOON),
    ("day_off", lambda f: rules(f, quiet=replace(f.rules.quiet, weekdays=frozenset({NOON.weekday()}))), MIDNIGHT),
    ("quiet_hours", lambda f: rules(f, quiet_hours=(time(11), time(14))), NOON + timedelta(hours=2)),
    (
        "daily_cap",
        lambda f: device(
            rules(f, daily_cap=9), sent_today=max(9, f.device.sent_today), first_linked_at=f.device.first_linked_at
        ),
        MIDNIGHT,
    ),
    (
        "new_chat_cap",
        lambda f: message(device(rules(f, new_chats_per_day=3), new_chats_today=3), is_new_chat=True),
        MIDNIGHT,
    ),
    (
        "hourly_cap",
        lambda f: device(rules(f, hourly_cap=5), filled_hour_at=NOON - timedelta(minutes=20)),
        NOON + timedelta(minutes=40),
    ),
    (
        "recipient_cap",
        lambda f: message(
            rules(f, recipient_per_day=2), campaign=f.message.campaign or "sending", recipient_today=2
        ),
        MIDNIGHT,
    ),
    ("gap", lambda f: device(f, next_send_at=NOON + timedelta(seconds=11)), NOON + timedelta(seconds=11)),
    ("number_check", lambda f: message(f, number_check_at=SOON), SOON),
    ("too_many_checks", lambda f: message(device(f, checks_rest_until=SOON), unchecked=True), SOON),
]
NAMES = [reason for reason, _, _ in GATES]


def test_nothing_in_the_way_goes_at_once() -> None:
    assert decide(NOON, made()) == Go()


@pytest.mark.parametrize(("reason", "close", "until"), GATES, ids=NAMES)
def test_one_closed_gate_gives_its_reason_and_its_end(
    reason: Reason, close: Close, until: datetime | None
) -> None:
    decision = decide(NOON, close(made()))
    assert isinstance(decision, Wait)
    assert (decision.reason, decision.until) == (reason, until)


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(range(len(GATES)), 2)))
def test_of_two_closed_gates_the_first_in_order_speaks_and_both_bind(first: int, second: int) -> None:
    reason, close_first, ends_first = GATES[first]
    _, close_second, ends_second = GATES[second]
    decision = decide(NOON, close_second(close_first(made())))
    ends = None if ends_first is None or ends_second is None else max(ends_first, ends_second)
    assert isinstance(decision, Wait)
    assert (decision.reason, decision.until) == (reason, ends)


@pytest.mark.parametrize(
    ("state", "reason"),
    [("pending", "account_pending"), ("suspended", "account_suspended"), ("locked", "account_locked")],
)
def test_an_account_that_is_not_active_sends_nothing(state: AccountState, reason: Reason) -> None:
    assert decide(NOON, account(made(), state=state)) == Wait(None, reason)


def test_a_cap_that_opens_at_midnight_in_quiet_hours_waits_for_the_morning() -> None:
    facts = device(made(quiet_hours=NIGHT, daily_cap=250), sent_today=250)
    assert decide(NOON, facts) == Wait(datetime(2026, 11, 24, 8, tzinfo=DHAKA), "daily_cap")


def test_a_gap_that_ends_in_quiet_hours_waits_for_their_end() -> None:
    now = datetime(2026, 11, 23, 20, 59, 55, tzinfo=DHAKA)
    facts = device(made(now, quiet_hours=NIGHT), next_send_at=now + timedelta(seconds=12))
    assert decide(now, facts) == Wait(datetime(2026, 11, 24, 8, tzinfo=DHAKA), "gap")


def test_a_plan_that_ends_before_the_gates_open_leaves_the_end_unknown() -> None:
    facts = account(made(NOON, quiet_hours=(time(11), time(14))), plan_expires_at=NOON + timedelta(hours=1))
    assert decide(NOON, facts) == Wait(None, "quiet_hours")


def test_the_plan_caps_all_devices_together() -> None:
    facts = account(made(daily_cap=250), daily_cap=40, sent_today=40)
    assert decide(NOON, facts) == Wait(MIDNIGHT, "daily_cap")
    assert decide(NOON, account(facts, sent_today=39)) == Go()


@pytest.mark.parametrize("day", range(1, 9))
def test_a_new_number_ramps_up_over_seven_days(day: int) -> None:
    linked = NOON - timedelta(days=day - 1)
    facts = device(made(daily_cap=250, warmup=True), first_linked_at=linked)
    ramp = WARMUP[day - 1] if day <= 7 else 250
    assert warmup_day(NOON, linked, DHAKA) == (day if day <= 7 else None)
    assert effective_daily_cap(NOON, facts.device, facts.account, facts.rules) == ramp
    assert decide(NOON, device(facts, sent_today=ramp - 1)) == Go()
    assert decide(NOON, device(facts, sent_today=ramp)) == Wait(MIDNIGHT, "daily_cap" if day >= 7 else "warmup")


def test_the_ramp_never_lifts_a_smaller_cap() -> None:
    facts = device(made(daily_cap=15, warmup=True), first_linked_at=NOON, sent_today=15)
    assert decide(NOON, facts) == Wait(MIDNIGHT, "daily_cap")
    assert effective_daily_cap(NOON, facts.device, Account(daily_cap=12), facts.rules) == 12


def test_a_cap_of_zero_is_no_cap() -> None:
    facts = message(device(made(), sent_today=10**6, new_chats_today=10**6), is_new_chat=True, campaign="sending")
    assert decide(NOON, message(facts, recipient_today=99)) == Go()
    assert effective_daily_cap(NOON, facts.device, facts.account, facts.rules) is None


def test_a_phone_linked_minutes_before_midnight_is_on_day_two_after_it() -> None:
    linked = datetime(2026, 11, 23, 23, 50, tzinfo=DHAKA)
    assert warmup_day(linked, linked, DHAKA) == 1
    assert warmup_day(linked + timedelta(minutes=10), linked, DHAKA) == 2
    assert warmup_day(linked - timedelta(days=3), linked, DHAKA) == 1
    assert warmup_day(linked, None, DHAKA) == 1


LIMITED: dict[Reason, dict[str, Any]] = {
    "restricted": {"locked": True, "lock_until": MIDNIGHT},
    "new_chats_capped": {"capped": True, "cap_until": MIDNIGHT},
    "new_chats_refused": {"cold_rests_until": MIDNIGHT},
}


@pytest.mark.parametrize("reason", LIMITED)
def test_a_limit_holds_the_cold_until_it_ends_and_never_the_warm(reason: Reason) -> None:
    facts = device(made(), **LIMITED[reason])
    assert decide(NOON, facts) == Go()
    held = message(facts, cold=True)
    assert decide(NOON, held) == own_wait(NOON, held) == Wait(MIDNIGHT, reason)
    assert decide(MIDNIGHT, held) == Go()
    assert closed_for_device(NOON, facts.device) == [reason]
    assert closed_for_device(MIDNIGHT, facts.device) == []


@pytest.mark.parametrize(
    ("limited", "reason"), [({"locked": True}, "restricted"), ({"capped": True}, "new_chats_capped")]
)
def test_a_limit_without_an_end_holds_until_it_is_lifted(limited: dict[str, Any], reason: Reason) -> None:
    facts = cold(made(), **limited)
    assert decide(NOON, facts) == Wait(None, reason)
    assert decide(NOON, message(facts, cold=False)) == Go()


def test_questions_that_rest_hold_only_who_must_be_asked_about() -> None:
    facts = device(made(), checks_rest_until=SOON)
    assert decide(NOON, facts) == Go()
    assert decide(NOON, message(facts, unchecked=True)) == Wait(SOON, "too_many_checks")


def test_a_cap_of_whatsapp_that_ends_in_quiet_hours_waits_for_the_morning() -> None:
    facts = cold(made(quiet_hours=NIGHT), capped=True, cap_until=MIDNIGHT)
    assert decide(NOON, facts) == Wait(datetime(2026, 11, 24, 8, tzinfo=DHAKA), "new_chats_capped")


def test_a_device_that_is_not_ready_says_what_it_lacks() -> None:
    facts = device(made(), state="disconnected", detail="passkey_required")
    assert decide(NOON, facts) == Wait(None, "device_not_ready", "passkey_required")


def test_a_message_past_its_expiry_is_skipped_and_before_it_waits_as_any() -> None:
    facts = message(made(quiet_hours=(time(11), time(14))), expires_at=SOON)
    assert decide(NOON, facts) == Wait(NOON + timedelta(hours=2), "quiet_hours")
    assert decide(SOON, facts) == Drop("skipped", "expired")


def test_an_opted_out_person_gets_nothing_but_the_confirmation() -> None:
    facts = message(made(quiet_hours=(time(11), time(14))), opted_out=True)
    assert decide(NOON, facts) == Drop("skipped", "opted_out")
    assert decide(NOON, message(facts, system=True)) == Go()


def test_the_confirmation_is_paced_all_the_same() -> None:
    facts = device(message(made(), system=True), next_send_at=SOON)
    assert decide(NOON, facts) == Wait(SOON, "gap")


@pytest.mark.parametrize("state", ["stopped", "failed"])
def test_what_a_stopped_campaign_left_is_cancelled(state: CampaignState) -> None:
    assert decide(NOON, message(made(), campaign=state)) == Drop("cancelled", "campaign_stopped")


def test_a_wrong_clock_drops_nothing() -> None:
    """Row 30."""
    facts = replace(message(made(), expires_at=NOON - timedelta(days=400), opted_out=True), clock_ok=False)
    assert decide(NOON, facts) == Wait(None, "clock_wrong")


def test_counts_of_yesterday_do_not_count_today() -> None:
    facts = device(made(NOON - timedelta(days=1), daily_cap=9), sent_today=9)
    assert decide(NOON, facts) == Go()


def test_only_what_holds_one_message_lets_others_pass() -> None:
    waits = [decide(NOON, close(made())) for _, close, _ in GATES]
    passing = {wait.reason for wait in waits if isinstance(wait, Wait) and wait.others_pass}
    assert passing == {
        "restricted",
        "new_chats_capped",
        "new_chats_refused",
        "too_many_checks",
        "campaign_paused",
        "content_review",
        "scheduled",
        "new_chat_cap",
        "recipient_cap",
        "number_check",
    }


def test_a_time_at_the_end_of_the_calendar_is_only_far_away() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    decision = decide(NOON, message(made(quiet_hours=NIGHT), scheduled_for=last))
    assert decision == Wait(last, "scheduled")


# Clock changes. Berlin: 29 March 2026 02:00 -> 03:00, 25 October 2026 03:00 -> 02:00.
# New York: 8 March 2026 02:00 -> 03:00, 1 November 2026 02:00 -> 01:00. Dhaka: none.
@pytest.mark.parametrize(
    ("zone", "now", "window", "ends"),
    [
        (BERLIN, "2026-03-28T23:00+01:00", NIGHT, "2026-03-29T06:00+00:00"),
        (BERLIN, "2026-10-24T23:00+02:00", NIGHT, "2026-10-25T07:00+00:00"),
        (NEW_YORK, "2026-03-07T23:00-05:00", NIGHT, "2026-03-08T12:00+00:00"),
        (NEW_YORK, "2026-10-31T23:00-04:00", NIGHT, "2026-11-01T13:00+00:00"),
        (DHAKA, "2026-03-28T23:00+06:00", NIGHT, "2026-03-29T02:00+00:00"),
        # ends at a time that clocks skip: at the change
        (BERLIN, "2026-03-29T00:30+01:00", (time(23), time(2, 30)), "2026-03-29T01:00+00:00"),
        # ends at a time that comes twice: the second one
        (BERLIN, "2026-10-25T00:30+02:00", (time(23), time(2, 30)), "2026-10-25T01:30+00:00"),
        (BERLIN, "2026-10-25T02:45+02:00", (time(23), time(2, 30)), "2026-10-25T01:30+00:00"),
        # starts at a time that clocks skip: at the change
        (BERLIN, "2026-03-29T03:00+02:00", (time(2, 30), time(5)), "2026-03-29T03:00+00:00"),
        # starts at a time that comes twice: the first one
        (BERLIN, "2026-10-25T02:10+01:00", (time(2), time(2, 5)), None),
        (BERLIN, "2026-10-25T02:10+02:00", (time(2), time(2, 5)), "2026-10-25T01:05+00:00"),
        # a window that clocks skip altogether
        (BERLIN, "2026-03-29T01:00+00:00", (time(2, 10), time(2, 50)), None),
        # a window within one day, its edges
        (DHAKA, "2026-03-28T13:00+06:00", (time(13), time(14)), "2026-03-28T08:00+00:00"),
        (DHAKA, "2026-03-28T14:00+06:00", (time(13), time(14)), None),
        (DHAKA, "2026-03-28T08:00+06:00", NIGHT, None),
    ],
)
def test_quiet_hours_end_when_people_expect_it(
    zone: ZoneInfo, now: str, window: tuple[time, time], ends: str | None
) -> None:
    """Row 31: Berlin, New York and Dhaka, forward and back."""
    moment = datetime.fromisoformat(now)
    expected = None if ends is None else datetime.fromisoformat(ends)
    assert Quiet(daily(window)).hours_end(moment, zone) == expected
    decision = decide(moment, made(moment, zone=zone, quiet_hours=window))
    assert decision == (Go() if expected is None else Wait(expected, "quiet_hours"))


@pytest.mark.parametrize(
    ("zone", "day", "starts"),
    [
        ("Asia/Dhaka", date(2026, 3, 29), "2026-03-28T18:00+00:00"),
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-23T22:00+00:00"),  # midnight is skipped
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00+00:00"),  # midnight comes twice
        ("Asia/Beirut", date(2026, 3, 29), "2026-03-28T22:00+00:00"),
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00+00:00"),  # the whole day is skipped
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00+00:00"),
    ],
)
def test_a_day_starts_at_its_first_moment(zone: str, day: date, starts: str) -> None:
    assert day_start(day, ZoneInfo(zone)) == datetime.fromisoformat(starts)


def test_moving_to_another_zone_moves_quiet_hours_with_it() -> None:
    """Row 32: the zone is the shop's, not the machine's."""
    now = datetime(2026, 11, 23, 18, tzinfo=UTC)  # midnight in Dhaka, 13:00 in New York
    assert decide(now, made(now, quiet_hours=NIGHT)) == Wait(datetime(2026, 11, 24, 2, tzinfo=UTC), "quiet_hours")
    assert decide(now, made(now, zone=NEW_YORK, quiet_hours=NIGHT)) == Go()


def test_counts_taken_in_an_eastern_zone_still_bind_in_a_western_one() -> None:
    now = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)  # the 24th in Dhaka, the 23rd in New York
    facts = device(made(now, daily_cap=9), sent_today=9)
    assert decide(now, rules(facts, zone=NEW_YORK)) == Wait(datetime(2026, 11, 25, 5, tzinfo=UTC), "daily_cap")


MOMENTS = st.integers(0, 730 * 86_400).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
CHANGES = st.sampled_from(
    ["2026-03-29T01:00", "2026-10-25T01:00", "2026-03-08T07:00", "2026-11-01T06:00", "2026-04-23T22:00"]
).flatmap(
    lambda at: st.integers(-3_000, 3_000).map(
        lambda minutes: datetime.fromisoformat(at).replace(tzinfo=UTC) + timedelta(minutes=minutes)
    )
)
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))
WINDOWS = st.one_of(st.none(), st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] != pair[1]))
# What somebody may set: some days with hours of their own, some days off, and not all of a week.
QUIETS = st.one_of(
    WINDOWS.map(lambda window: Quiet(daily(window))),
    st.builds(
        Quiet,
        st.tuples(
            *[st.lists(st.tuples(TIMES, TIMES).filter(lambda p: p[0] != p[1]), max_size=2).map(tuple)] * 6
        ).map(lambda days: (*days, ())),
        st.frozensets(st.integers(0, 5), max_size=3),
        st.frozensets(st.integers(0, 9).map(lambda n: date(2026, 3, 26) + timedelta(days=n)), max_size=5),
    ),
)


def later(now: datetime) -> st.SearchStrategy[datetime | None]:
    return st.one_of(st.none(), st.integers(-100, 300_000).map(lambda s: now + timedelta(seconds=s)))


@st.composite
def situations(draw: st.DrawFn) -> tuple[datetime, Facts]:
    now = draw(st.one_of(MOMENTS, CHANGES))
    zone = draw(st.sampled_from(ZONES))
    small = st.integers(0, 3)
    return now, Facts(
        rules=Rules(
            zone,
            draw(QUIETS),
            daily_cap=draw(small),
            hourly_cap=draw(small),
            new_chats_per_day=draw(small),
            recipient_per_day=draw(small),
            warmup=draw(st.booleans()),
        ),
        counted_on=local_day(now, zone) - timedelta(days=draw(st.integers(0, 1))),
        account=Account(plan_expires_at=draw(later(now)), daily_cap=draw(small), sent_today=draw(small)),
        device=Device(
            locked=draw(st.booleans()),
            lock_until=now + timedelta(seconds=draw(st.integers(-100, 300_000))),
            capped=draw(st.booleans()),
            cap_until=now + timedelta(seconds=draw(st.integers(-100, 300_000))),
            cold_rests_until=draw(later(now)),
            checks_rest_until=draw(later(now)),
            first_linked_at=draw(later(now - timedelta(days=3))),
            next_send_at=draw(later(now)),
            sent_today=draw(st.integers(0, 60)),
            new_chats_today=draw(small),
            filled_hour_at=draw(later(now - timedelta(hours=2))),
        ),
        message=Message(
            campaign=draw(st.sampled_from([None, "sending"])),
            scheduled_for=draw(later(now)),
            is_new_chat=draw(st.booleans()),
            recipient_today=draw(small),
            number_check_at=draw(later(now)),
            system=draw(st.booleans()),
            cold=draw(st.booleans()),
            unchecked=draw(st.booleans()),
        ),
    )


@pytest.mark.heavy("draws hundreds of situations, each of forty parts")
@settings(max_examples=tries(1_500), deadline=None)
@given(situations(), st.floats(0, 1, exclude_max=True))
def test_until_is_the_first_moment_at_which_it_may_go(given: tuple[datetime, Facts], part: float) -> None:
    now, facts = given
    decision = decide(now, facts)
    assert not isinstance(decision, Drop)
    if isinstance(decision, Go):
        return
    if decision.until is None:
        assert facts.account.plan_expires_at is not None
        assert isinstance(decide(facts.account.plan_expires_at, facts), Wait)
        return
    assert decision.until > now
    assert decide(decision.until, facts) == Go()
    last = decision.until - timedelta(microseconds=1)
    for between in (now + part * (last - now), last):
        assert isinstance(decide(between, facts), Wait)


@settings(max_examples=tries(1_500), deadline=None)
@given(
    st.one_of(MOMENTS, CHANGES),
    st.sampled_from(ZONES),
    st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] != pair[1]),
)
def test_no_clock_on_the_wall_shows_quiet_hours_when_it_may_go(
    now: datetime, zone: ZoneInfo, window: tuple[time, time]
) -> None:
    shown, (start, end) = now.astimezone(zone).time(), window
    if start <= shown < end if start < end else (shown >= start or shown < end):
        assert Quiet(daily(window)).hours_end(now, zone) is not None


@settings(max_examples=tries(1_000), deadline=None)
@given(MOMENTS, st.sampled_from(ZONES))
def test_every_moment_lies_in_its_own_day(now: datetime, zone: ZoneInfo) -> None:
    day = local_day(now, zone)
    assert day_start(day, zone) <= now < day_start(day + timedelta(days=1), zone)


def test_every_reason_has_a_short_sentence() -> None:
    for reason in some(get_args(Reason)):
        said = sentence(reason, None, DHAKA)
        assert said.endswith(".")
        assert len(said) <= 90


def test_a_sentence_names_the_moment_on_the_users_clock() -> None:
    until = datetime(2026, 11, 24, 2, tzinfo=UTC)
    assert sentence("quiet_hours", until, DHAKA).endswith("Until 08:00 on 24 Nov 2026.")
    assert "passkey_required" not in sentence("device_not_ready", None, DHAKA, detail="passkey_required")
    assert sentence("device_not_ready", None, DHAKA, detail="odd") == sentence("device_not_ready", None, DHAKA)
