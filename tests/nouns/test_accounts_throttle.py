from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from wabox.accounts.throttle import Bucket, Logins, network

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


def test_login_is_throttled_by_address_and_by_account() -> None:
    logins = Logins()
    assert [logins.ask("10.0.0.9", f"{n}@example.com", NOON) for n in range(20)] == [0] * 20
    assert logins.ask("10.0.0.9", "asha@example.com", NOON) > 0
    assert logins.ask("10.0.0.8", "asha@example.com", NOON) == 0
    for n in range(19):
        assert logins.ask(f"10.0.1.{n}", " ASHA@example.com", NOON) == 0
    assert logins.ask("10.0.2.1", "asha@example.com", NOON) > 3_600


def test_right_passwords_do_not_count() -> None:
    logins = Logins()
    for _ in range(200):
        assert logins.ask("10.0.0.9", "asha@example.com", NOON) == 0
        logins.succeeded("10.0.0.9", "asha@example.com", NOON)


def test_whole_box_has_a_lid() -> None:
    logins = Logins()
    passed = sum(logins.ask(f"10.0.{n // 250}.{n % 250}", f"{n}@example.com", NOON) == 0 for n in range(500))
    assert passed == 100


def test_one_ipv6_customer_is_one_address() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:2")
    assert network("2001:db8:0:1::1") != network("2001:db8::1")
    assert network("::ffff:10.0.0.9") == network("10.0.0.9") == "10.0.0.9"
    assert network("fe80::1%eth0") == network("fe80::2")
    assert len(network("x" * 9_999)) == 64
