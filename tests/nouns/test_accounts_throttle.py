from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from wabox.accounts.throttle import Allowance, Bucket, Logins, Try, give_back, network

NOON = datetime(2025, 11, 3, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_burst_passes_then_the_rate() -> None:
    bucket = Bucket(rate=2, burst=5)
    assert [bucket.take("asha", NOON) for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    assert bucket.take("asha", after(0.5)) == 0
    assert bucket.take("asha", after(0.5)) == 1


def test_retry_after_is_the_truth() -> None:
    bucket = Bucket(rate=1 / 60, burst=1)
    assert bucket.take("asha", NOON) == 0
    assert bucket.take("asha", NOON) == 60
    assert bucket.take("asha", after(59)) == 1
    assert bucket.take("asha", after(60)) == 0


def test_one_key_does_not_pay_for_another() -> None:
    bucket = Bucket(rate=1, burst=1)
    assert bucket.take("asha", NOON) == 0
    assert bucket.take("bilal", NOON) == 0


def test_memory_is_bounded() -> None:
    bucket = Bucket(rate=1, burst=1, most=100)
    for n in range(1_000):
        bucket.take(n, NOON)
    assert len(bucket) == 100
    assert bucket.take(999, NOON) == 1


def test_clock_going_back_neither_fills_nor_locks() -> None:
    bucket = Bucket(rate=1, burst=2)
    assert [bucket.take("asha", NOON) for _ in range(3)] == [0, 0, 1]
    assert bucket.take("asha", after(-86_400)) == 1
    assert bucket.take("asha", after(2)) == 0


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 3)), max_size=60))
def test_never_more_than_burst_plus_rate(asked: list[tuple[float, int]]) -> None:
    bucket = Bucket(rate=0.5, burst=4)
    at, taken = 0.0, 0
    for gap, n in asked:
        at += gap
        taken += n if bucket.take("asha", after(at), n=n) == 0 else 0
        assert taken <= 4 + 0.5 * at + 1e-6


def asked(logins: Logins | Allowance, who: Try, at: datetime = NOON) -> int:
    return logins.ask(who, at).wait


def test_login_is_throttled_by_address_and_by_account() -> None:
    logins = Logins()
    assert [asked(logins, Try("10.0.0.9", f"{n}@example.com")) for n in range(20)] == [0] * 20
    assert asked(logins, Try("10.0.0.9", "asha@example.com")) > 0
    assert asked(logins, Try("10.0.0.8", "asha@example.com")) == 0
    for n in range(19):
        assert asked(logins, Try(f"10.0.1.{n}", "asha@example.com")) == 0
    assert asked(logins, Try("10.0.2.1", "asha@example.com")) > 3_600


def test_right_passwords_do_not_count() -> None:
    logins = Logins()
    for who in (Try("10.0.0.9", "asha@example.com"), Try("10.0.0.9", "asha@example.com", "browser", network=True)):
        for _ in range(200):
            counted = logins.ask(who, NOON)
            assert counted.wait == 0
            give_back(counted, NOON)


def test_whole_box_has_a_lid() -> None:
    logins = Logins()
    tries = [Try(f"10.0.{n // 250}.{n % 250}", f"{n}@example.com") for n in range(500)]
    assert sum(asked(logins, who) == 0 for who in tries) == 100


ASHA = "asha@example.com"


def used_up(logins: Logins) -> None:
    """Strangers have guessed at asha's account, and at others, until nothing is let through."""
    for n in range(500):
        logins.ask(Try(f"10.0.{n // 250}.{n % 250}", ASHA if n % 2 else f"{n}@example.com"), NOON)
    assert asked(logins, Try("10.9.9.9", ASHA)) > 0 and asked(logins, Try("10.9.9.9", "new@example.com")) > 0


def test_strangers_cannot_use_up_what_a_known_browser_or_network_has() -> None:
    logins = Logins()
    used_up(logins)
    assert asked(logins, Try("10.9.9.9", ASHA, "asha's phone")) == 0
    assert asked(logins, Try("10.9.9.9", ASHA, network=True)) == 0


def test_a_known_browser_and_a_known_network_have_their_own_and_no_more() -> None:
    logins = Logins()
    used_up(logins)
    assert sum(asked(logins, Try(f"10.8.0.{n}", ASHA, "asha's phone")) == 0 for n in range(100)) == 20
    assert sum(asked(logins, Try(f"10.8.0.{n}", ASHA, "asha's till")) == 0 for n in range(100)) == 20
    assert sum(asked(logins, Try("10.9.9.9", ASHA, network=True)) == 0 for _ in range(100)) == 20
    assert asked(logins, Try("10.9.9.9", ASHA, "asha's phone", network=True)) > 3_600


def test_whoever_is_known_by_more_gets_no_more_tries_in_all() -> None:
    logins = Logins()
    who = Try("10.9.9.9", ASHA, "asha's phone", network=True)
    assert sum(asked(logins, who) == 0 for _ in range(200)) == 20
    assert asked(logins, Try("10.9.9.9", ASHA)) > 0


def test_tries_come_back_with_time_and_retry_after_is_the_truth() -> None:
    codes = Allowance(10 / 3_600, 10)
    who = Try("10.9.9.9", 1, "asha's phone")
    waits = [asked(codes, who) for _ in range(11)]
    assert waits == [0] * 10 + [360]
    assert asked(codes, who, after(359)) == 1
    assert asked(codes, who, after(360)) == 0


@given(
    st.lists(
        st.tuples(
            st.floats(0, 7_200), st.integers(0, 3), st.sampled_from([None, "a", "b"]), st.sampled_from([0, 1])
        ),
        max_size=300,
    )
)
@settings(deadline=None)
def test_guessing_is_bounded_whatever_is_stolen(tries: list[tuple[float, int, str | None, int]]) -> None:
    """20 at once and 20 a day: for strangers, for each of two browsers, for the one known network."""
    logins, at, passed = Logins(), 0.0, 0
    for gap, place, browser, at_home in tries:
        at += gap
        who = Try("10.0.0.1" if at_home else f"10.0.1.{place}", ASHA, browser, network=bool(at_home))
        passed += asked(logins, who, after(at)) == 0
        assert passed <= 4 * (20 + 20 * at / 86_400) + 1e-6


def test_refused_tries_are_told_once_an_hour_and_those_at_nobody_never_without_end() -> None:
    logins = Logins()
    assert [logins.is_news(1, after(n * 60)) for n in range(61)] == [True] + [False] * 59 + [True]
    assert logins.is_news(2, NOON)
    assert sum(logins.is_worth_noting(after(n)) for n in range(3_600)) < 2 * 60


def test_one_ipv6_customer_is_one_address() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:2")
    assert network("2001:db8:0:1::1") != network("2001:db8::1")
    assert network("::ffff:10.0.0.9") == network("10.0.0.9") == "10.0.0.9"
    assert network("fe80::1%eth0") == network("fe80::2")
    assert len(network("x" * 9_999)) == 64
