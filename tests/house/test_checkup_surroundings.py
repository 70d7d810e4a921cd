from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wabox import config as settings
from wabox.checkup import surroundings

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


def test_the_clocks_source_is_named() -> None:
    assert surroundings.clock(None, has_chip=False).level == "warning"
    assert surroundings.clock(None, has_chip=True).level == "ok"
    assert "chrony keeps the clock; there is no clock chip" in surroundings.clock("chrony", has_chip=False).says


def test_a_disk_that_failed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "SYS", tmp_path / "sys")
    monkeypatch.setattr(surroundings, "_device", lambda _path: "mmcblk0p2")
    assert [one.level for one in surroundings.disk(tmp_path)] == ["ok"]
    life = tmp_path / "sys/class/block/mmcblk0p2/device/life_time"
    life.parent.mkdir(parents=True)
    life.write_text("0x01 0x09\n")
    [found] = surroundings.disk(tmp_path)
    assert found.level == "warning" and "over 80 %" in found.says
    errors = tmp_path / "sys/fs/ext4/mmcblk0p2/errors_count"
    errors.parent.mkdir(parents=True)
    errors.write_text("3\n")
    [found] = surroundings.disk(tmp_path)
    assert found.level == "bad" and "3 errors" in found.says and "backup now" in found.cure


def test_a_slow_disk_is_named(tmp_path: Path) -> None:
    assert [surroundings.speed(n).level for n in (2, 300, 5_000)] == ["ok", "warning", "bad"]
    assert surroundings.flush_ms(tmp_path) > 0 and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "says", "cure"),
    [
        (errno.ENOSPC, "No space left on device", "ree some space"),
        (errno.EIO, "Input/output error", "copy the data"),
    ],
)
def test_a_disk_that_takes_nothing_is_a_finding_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str, cure: str
) -> None:
    def refused(_file: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refused)
    found = surroundings.keeps(tmp_path)
    assert (found.name, found.level) == ("disk_speed", "bad")
    assert says in found.says and cure in found.cure and list(tmp_path.iterdir()) == []


def test_an_old_browser_is_named() -> None:
    assert surroundings.browser_age(NOW - timedelta(days=30), NOW).level == "ok"
    old = surroundings.browser_age(NOW - timedelta(days=200), NOW)
    assert old.level == "warning" and "200 days" in old.says and "--only-upgrade" in old.cure


@pytest.mark.parametrize(
    ("zone", "country", "level"),
    [
        ("Asia/Dhaka", "BD", "ok"),
        ("Asia/Kolkata", "IN", "ok"),
        ("Europe/Berlin", "BD", "warning"),
        ("UTC", "BD", "warning"),
    ],
)
def test_a_zone_of_another_country_is_named(zone: str, country: str, level: str) -> None:
    assert surroundings.zone(zone, country).level == level


def test_a_proxy_that_is_not_believed_is_named(tmp_path: Path) -> None:
    def found(**server: object) -> list[str]:
        config = settings.parse({"server": server}, base=tmp_path)
        return [one.level for one in surroundings.proxy(config)]

    assert found() == []
    assert found(public_url="https://shop.example") == ["warning"]
    assert found(public_url="https://shop.example", trusted_proxies=["127.0.0.1"]) == ["ok"]


@pytest.mark.parametrize(
    ("changed", "level", "says"),
    [
        ({}, "ok", "runs and starts"),
        ({"ActiveState": "failed"}, "bad", "is failed"),
        ({"UnitFileState": "disabled"}, "warning", "does not start with"),
        ({"NeedDaemonReload": "yes"}, "warning", "not read today's"),
        ({"NRestarts": "7"}, "warning", "7 times"),
        ({"ActiveState": ""}, "ok", "cannot be asked"),
    ],
)
def test_what_systemd_says_is_told(changed: dict[str, str], level: str, says: str) -> None:
    well = {"ActiveState": "active", "NRestarts": "0", "UnitFileState": "enabled", "NeedDaemonReload": "no"}
    found = surroundings.unit(well | changed)
    assert found.level == level and says in found.says
