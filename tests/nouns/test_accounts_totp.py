"""A second factor: a code counts once, and a thief of the file gets neither secret nor recovery code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from tests.cast import NOON, Stage, stage
from wabox.accounts import totp
from wabox.errors import Invalid


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Stage]:
    made = stage(tmp_path)
    yield made
    made.close()


def begin(box: Stage) -> pyotp.TOTP:
    box.box.db.write_now(totp.start, box.asha.id, seal=box.box.seal, now=NOON)
    offer = box.box.db.read_here(totp.offer, box.asha.id, "asha@example.com", seal=box.box.seal)
    assert offer is not None and "asha%40example.com" in offer.uri
    return pyotp.TOTP(offer.secret)


def enrol(box: Stage) -> tuple[pyotp.TOTP, list[str]]:
    app = begin(box)
    code = app.at(NOON)
    return app, box.box.db.write_now(totp.confirm, box.asha.id, code, seal=box.box.seal, now=NOON)


def spend(box: Stage, code: str, **later: float) -> bool:
    now = NOON + timedelta(**later)
    return box.box.db.write_now(totp.spend, box.asha.id, code, seal=box.box.seal, now=now)


def on(box: Stage) -> bool:
    return box.box.db.read_here(totp.standing, box.asha.id).on


def test_nothing_is_asked_for_until_the_first_code_is_right(box: Stage) -> None:
    app = begin(box)
    assert not on(box)
    with pytest.raises(Invalid, match="wrong"):
        box.box.db.write_now(totp.confirm, box.asha.id, "000000", seal=box.box.seal, now=NOON)
    assert not spend(box, app.at(NOON))
    enrol(box)
    assert on(box)
    assert box.box.db.read_here(totp.offer, box.asha.id, "a@example.com", seal=box.box.seal) is None


def test_a_code_counts_once_and_so_does_the_one_that_switched_it_on(box: Stage) -> None:
    app, _ = enrol(box)
    assert not spend(box, app.at(NOON))
    next_code = app.at(NOON + timedelta(seconds=30))
    assert spend(box, next_code, seconds=30)
    assert not spend(box, next_code, seconds=31)
    assert not spend(box, app.at(NOON), seconds=31)


@pytest.mark.parametrize(("off", "taken"), [(-90, False), (-30, True), (0, True), (30, True), (90, False)])
def test_a_phones_clock_may_be_half_a_minute_off(box: Stage, off: int, taken: bool) -> None:  # noqa: FBT001
    app, _ = enrol(box)
    at = NOON + timedelta(hours=1)
    assert spend(box, app.at(at + timedelta(seconds=off)), hours=1) is taken


def test_a_code_may_be_typed_with_spaces_and_in_bengali_digits(box: Stage) -> None:
    app, _ = enrol(box)
    code = app.at(NOON + timedelta(hours=1)).translate(str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯"))
    assert spend(box, f" {code[:3]} {code[3:]} ", hours=1)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\ud800" * 6, "²²²²²²", "x" * 10_000])
def test_what_is_no_code_is_refused(box: Stage, code: str) -> None:
    enrol(box)
    assert not spend(box, code, hours=1)


def test_each_recovery_code_counts_once_and_new_ones_kill_the_old(box: Stage) -> None:
    _, codes = enrol(box)
    assert len(set(codes)) == totp.RECOVERY_CODES
    assert spend(box, codes[0].lower().replace("-", " "))
    assert not spend(box, codes[0])
    assert box.box.db.read_here(totp.standing, box.asha.id).codes_left == 9
    renewed = box.box.db.write_now(totp.renew_codes, box.asha.id)
    assert not spend(box, codes[1])
    assert spend(box, renewed[1])


def test_starting_again_does_not_change_a_factor_that_is_on(box: Stage) -> None:
    app, _ = enrol(box)
    box.box.db.write_now(totp.start, box.asha.id, seal=box.box.seal, now=NOON)
    assert on(box)
    assert spend(box, app.at(NOON + timedelta(minutes=5)), minutes=5)


def test_removed_nothing_is_left_and_others_keep_theirs(box: Stage) -> None:
    enrol(box)
    box.box.db.write_now(totp.start, box.bilal.id, seal=box.box.seal, now=NOON)
    assert box.box.db.write_now(totp.remove, box.asha.id)
    assert not box.box.db.write_now(totp.remove, box.asha.id)
    assert box.value("select count(*) from recovery_codes") == 0
    assert box.value("select group_concat(user_id) from totp") == str(box.bilal.id)


def test_the_database_holds_neither_the_secret_nor_a_recovery_code(box: Stage) -> None:
    app, codes = enrol(box)
    kept = box.box.db.read_here(
        lambda rows: repr(
            [tuple(row) for name in ("totp", "recovery_codes") for row in rows.all(f"select * from {name}")]
        )
    )
    for secret in (app.secret, *codes, *(code.replace("-", "") for code in codes)):
        assert secret not in kept


def test_a_secret_sealed_for_one_user_opens_for_no_other(box: Stage) -> None:
    app, _ = enrol(box)
    box.box.db.write_now(
        lambda tx: tx.run(
            """insert into totp (user_id, secret, started_at, confirmed_at)
               select :bilal, secret, started_at, confirmed_at from totp where user_id = :asha""",
            asha=box.asha.id,
            bilal=box.bilal.id,
        )
    )
    at = NOON + timedelta(hours=1)
    assert not box.box.db.write_now(totp.spend, box.bilal.id, app.at(at), seal=box.box.seal, now=at)
