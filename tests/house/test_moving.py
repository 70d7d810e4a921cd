"""A moved box keeps its phones' links where the browser is not older, and is held on both machines."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.cast import stage
from wabox import config, datadir, fence, open_box
from wabox.backup import making, releasing, restoring
from wabox.box import Box
from wabox.datadir import DataDir

NOW = datetime.fromisoformat("2026-03-10T06:00:00+00:00")
PHONE = "8801700000009"


@dataclass(slots=True)
class Old:
    """asha's box with a linked phone and its profile, moved into `file`."""

    place: Path
    data: DataDir
    profile: str
    made: making.Made


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Old]:
    made = stage(tmp_path / "old")
    profile = made.device().profile
    link = "update devices set linked = 1, wanted = 1, state = 'ready', phone = :phone where id = :id"
    made.box.db.write_now(lambda tx: tx.run(link, phone=PHONE, id=made.asha.device_id))
    data = DataDir(made.box.config.data.dir)
    deep = data.profiles / profile / "Default" / "IndexedDB" / ("https_web.whatsapp.com_0.indexeddb.leveldb" * 3)
    deep.mkdir(parents=True)
    (deep / "000003.log").write_bytes(b"the keys of the link" * 100)
    cache = data.profiles / profile / "Default" / "Cache"
    cache.mkdir()
    (cache / "data_0").write_bytes(b"x" * 100_000)
    (data.profiles / profile / "SingletonLock").symlink_to("pi-1234")

    def hold() -> None:
        made.box.db.write_now(fence.move_away, to="shop.wabox", now=NOW)

    wanted = making.Wanted(tmp_path / "shop.wabox", kind="move", browser="140.0.7339.80")
    packed = making.make(made.box.config, data, wanted, now=NOW, before_named=hold)
    made.close()
    yield Old(tmp_path, data, profile, packed)


def moved(old: Old, browser: str | None) -> DataDir:
    data = datadir.prepare(old.place / "new" / "data")
    with datadir.held(data, what="wabox restore"):
        later = NOW + timedelta(hours=1)
        restoring.restore(data, old.made.path, None, now=later, browser=browser)
    return data


@contextlib.contextmanager
def opened(place: Path) -> Iterator[Box]:
    settings = config.parse({}, base=place)
    with open_box.opened(settings, DataDir(settings.data.dir)) as box:
        yield box


def phones(data: DataDir) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(data.database)) as connection:
        return connection.execute("select linked, wanted, profile from devices where user_id = 1").fetchall()


def test_with_the_same_browser_or_a_newer_one_no_scan_is_needed(old: Old) -> None:
    for version in ("140.0.1", "152.0"):
        data = moved(old, version)
        assert phones(data) == [(1, 1, old.profile)]
        log = list((data.profiles / old.profile).rglob("000003.log"))
        assert [one.read_bytes() for one in log] == [b"the keys of the link" * 100]
        assert data.open_to_others() == []


def test_caches_and_the_lock_of_a_browser_are_not_packed(old: Old) -> None:
    data = moved(old, "140.0")
    assert not list(data.profiles.rglob("data_0"))
    assert not list(data.profiles.rglob("SingletonLock"))


@pytest.mark.parametrize("version", ["139.9", None])
def test_with_an_older_browser_or_none_each_phone_is_scanned_anew(old: Old, version: str | None) -> None:
    data = moved(old, version)
    linked, wanted, profile = phones(data)[0]
    assert (linked, wanted) == (0, 0)
    assert profile != old.profile
    assert not list(data.profiles.iterdir())


def test_both_boxes_are_held_and_the_new_one_goes_on_when_it_is_released(old: Old) -> None:
    moved(old, "140.0")
    with opened(old.place / "old") as box:
        assert box.db.read_here(fence.reason) == "moved_away"
    with opened(old.place / "new") as box:
        held = box.db.read_here(fence.of)
        assert held is not None
        assert (held.reason, held.why) == ("quarantined", "moved_here")
        box.db.write_now(releasing.release, user_id=None, now=NOW)
        assert box.db.read_here(fence.of) is None


def test_the_new_one_gives_the_ids_that_come_next(old: Old) -> None:
    data = moved(old, "140.0")
    ids = "select name, seq from sqlite_sequence where name <> 'audit' order by 1"
    found = []
    for path in (old.data.database, data.database):
        with contextlib.closing(sqlite3.connect(path)) as connection:
            found.append(connection.execute(ids).fetchall())
    assert found[0] == found[1]


def test_called_back_it_asks_what_goes_gives_no_id_twice_and_scans_anew(old: Old) -> None:
    with opened(old.place / "old") as box:
        before = box.db.read_here(lambda rows: rows.value("select seq from sqlite_sequence where name = 'users'"))
        box.db.write_now(releasing.unmove, user_id=None, now=NOW + timedelta(days=2))
        held = box.db.read_here(fence.of)
        assert held is not None
        assert (held.reason, held.why, held.behind) == ("quarantined", "unmoved", NOW)
        after = box.db.read_here(lambda rows: rows.value("select seq from sqlite_sequence where name = 'users'"))
    assert after == before + restoring.STRIDE
    linked, _, profile = phones(old.data)[0]
    assert linked == 0
    assert profile != old.profile


def test_what_was_moved_can_be_moved_again(old: Old) -> None:
    with opened(old.place / "old") as box:
        wanted = making.Wanted(old.place / "again.wabox", kind="move", browser="140.0")
        assert making.make(box.config, old.data, wanted, now=NOW).manifest.kind == "move"


def test_an_ordinary_backup_has_no_profile_in_it(old: Old) -> None:
    with opened(old.place / "old") as box:
        made = making.make(box.config, old.data, making.Wanted(old.place / "plain.wabox"), now=NOW)
    assert not [one.name for one in made.manifest.parts if one.name.startswith("profiles")]
    assert [one.name for one in old.made.manifest.parts if one.name.startswith("profiles")]
