"""WhatsApp's names for why a device was logged out: what each means, and what becomes of the profile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from tests.contract.worlds import LoopThread
from tests.some import some
from wabox.devices import sentences
from wabox.sandbox.logouts import LOGOUT_REASONS
from wabox.whatsapp import logouts, profile
from wabox.whatsapp.gateway import Gateway
from wabox.whatsapp.profile import Ended, Note, Profile

NOON = datetime(2026, 3, 10, 6, tzinfo=UTC)


def test_every_name_is_known_to_the_driver_and_to_the_sandbox() -> None:
    assert len(logouts.KINDS) == len(set(LOGOUT_REASONS)) == 33
    assert set(logouts.KINDS) == set(LOGOUT_REASONS)


def test_every_name_has_a_sentence_with_its_cure() -> None:
    for reason in some(LOGOUT_REASONS):
        over = sentences.of_ending(reason, over=True)
        assert "tart" in over and "scan the QR code again" in over
    for reason in some([one for one in LOGOUT_REASONS if not logouts.ends(one)]):
        assert "kept" in sentences.of_ending(reason, over=False)
    assert set(sentences.OVER) == set(get_args(logouts.Kind))


@pytest.mark.parametrize("reason", ["user_initiated", "unknown_companion", "md_opt_out"])
def test_only_what_was_removed_is_wiped(reason: str) -> None:
    assert logouts.ends(reason) and logouts.wipes(reason)
    assert sorted(one for one in LOGOUT_REASONS if logouts.wipes(one)) == [
        "md_opt_out",
        "unknown_companion",
        "user_initiated",
    ]


@pytest.mark.parametrize("reason", ["a_name_of_next_year", "", None])
def test_an_unknown_name_ends_and_wipes_nothing_by_itself(reason: str | None) -> None:
    assert logouts.kind(reason) == "unknown"
    assert not logouts.ends(reason)
    assert not (reason and logouts.wipes(reason))


def test_a_full_disk_does_not_read_as_a_phone_that_removed_the_device() -> None:
    for reason in some([one for one in LOGOUT_REASONS if logouts.kind(one) == "storage"]):
        assert "removed" not in sentences.of_ending(reason, over=False)
        assert "Free some space" in sentences.of_ending(reason, over=False)
        assert "Free some space" in sentences.of_ending(reason, over=True)


def started(profiles: Path) -> tuple[LoopThread, Gateway]:
    """A gateway on a loop of its own; no browser is asked for."""
    thread, gateway = LoopThread(), Gateway("http://127.0.0.1:1", None, profiles, lambda event: None)
    gateway._loop = thread.loop
    return thread, gateway


def lying(path: Path, name: str, reason: str | None, *, hours: int) -> Profile:
    """A profile whose link ended so long ago."""
    one = Profile(path, name)
    one.prepare()
    one.remember(Note("8801700000009", 0, 0))
    (one.directory / "Cookies").write_text("private")
    one.end(Ended(reason, NOON - timedelta(hours=hours)))
    return one


def test_a_profile_that_ended_holds_no_link_and_stays_private(tmp_path: Path) -> None:
    one = lying(tmp_path, "a", "unknown_companion", hours=0)
    assert one.note is None
    assert Profile(tmp_path, "a").ended == Ended("unknown_companion", NOON)
    assert one.directory.stat().st_mode & 0o077 == 0
    one.revive()
    assert one.ended is None
    assert (one.directory / "Cookies").exists()


def test_a_day_later_what_was_removed_is_gone_and_nothing_else(tmp_path: Path) -> None:
    for name, reason, hours in (
        ("old", "unknown_companion", 25),
        ("fresh", "unknown_companion", 23),
        ("unnamed", None, 25),
        ("full", "storage_quota_exceeded", 500),
    ):
        lying(tmp_path, name, reason, hours=hours)
    live = Profile(tmp_path, "live")
    live.prepare()
    live.remember(Note("8801700000009", 0, 0))
    (tmp_path / ".gone-earlier").mkdir()
    thread, gateway = started(tmp_path)
    assert gateway.forget_ended(before=NOON - timedelta(hours=24)) == ["old", "unnamed"]
    assert profile.names(tmp_path) == {"fresh", "full", "live"}
    day = timedelta(days=1)
    assert gateway.forget_ended(before=NOON - day, dead_before=NOON - 21 * day) == []
    assert gateway.forget_ended(before=NOON - day, dead_before=NOON - 20 * day) == ["full"], "500 hours ago"
    assert profile.names(tmp_path) == {"fresh", "live"}
    assert list(tmp_path.glob(".gone-*")) == []
    thread.close()


def test_a_mark_that_cannot_be_read_wipes_nothing(tmp_path: Path) -> None:
    one = lying(tmp_path, "a", "unknown_companion", hours=100)
    (one.directory / "wabox-ended.json").write_text("{")
    thread, gateway = started(tmp_path)
    assert gateway.forget_ended(before=NOON) == []
    assert one.directory.exists()
    thread.close()
