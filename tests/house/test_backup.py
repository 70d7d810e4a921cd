"""A backup holds the whole box, is refused if a bit is wrong, and puts the box back so that nothing goes twice."""

from __future__ import annotations

import contextlib
import io
import random
import shutil
import sqlite3
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest

from tests import wajs_packages
from tests.cast import NOON, Stage, settings, stage
from tests.faces.scene import SECTIONS, dress
from tests.some import some
from wabox import config, datadir, fence, migrations, open_box, swapping
from wabox.accounts import users
from wabox.backup import age, making, packing, reading, releasing, restoring
from wabox.backup.age import Key, Lock
from wabox.backup.packing import Manifest
from wabox.billing import invoices
from wabox.checkup import promises
from wabox.datadir import DataDir
from wabox.db import Rows, Tx
from wabox.devices import orders
from wabox.devices import stored as devices
from wabox.engine import page_events
from wabox.engine.turns import Turns
from wabox.errors import Invalid, Unavailable
from wabox.media import stored as media
from wabox.messages import explaining, outbox, ruling, stored, template
from wabox.renewal import archive, store
from wabox.whatsapp.driver import Event, WaJs
from wabox.whatsapp.fake import FakeDriver

PICTURE = b"a picture of the shop" * 9_000


@dataclass(slots=True)
class Lived:
    """asha's box with messages, a file and a settings file."""

    stage: Stage
    data: DataDir
    place: Path

    def made(self, name: str = "shop.wabox", *, lock: Lock | None = None, key: Key | None = None) -> making.Made:
        wanted = making.Wanted(self.place / name, lock, key)
        return making.make(self.stage.box.config, self.data, wanted, now=self.stage.hands.now())


@pytest.fixture
def lived(tmp_path: Path) -> Iterator[Lived]:
    made = stage(tmp_path / "old", **SECTIONS)
    dress(made)
    data = DataDir(made.box.config.data.dir)
    sha = "ab" + "0" * 62
    home = media.path_of(data.media, sha)
    home.parent.mkdir(parents=True, mode=0o700)
    home.write_bytes(PICTURE)
    (data.media / "incoming").mkdir()
    (data.media / "incoming" / "half.part").write_bytes(b"half")
    yield Lived(made, data, tmp_path)
    made.close()


def sealed() -> tuple[Lock, Key]:
    own = age.identity()
    return Lock(recipients=(age.recipient_of(own),)), Key(identity=own)


def new_box(tmp_path: Path) -> DataDir:
    return datadir.prepare(tmp_path / "new" / "data")


def put_back(lived: Lived, made: making.Made, key: Key | None = None) -> DataDir:
    data = new_box(lived.place)
    with datadir.held(data, what="wabox restore"):
        restoring.restore(data, made.path, key, now=lived.stage.hands.now() + timedelta(hours=2))
    return data


def asked(path: Path, sql: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return [tuple(row) for row in connection.execute(sql)]


def test_a_backup_holds_all_and_tar_unpacks_it(lived: Lived) -> None:
    made = lived.made()
    assert (made.path.stat().st_mode & 0o777, made.doubts) == (0o600, ())
    with tarfile.open(made.path) as tar:
        names = tar.getnames()
        key = tar.extractfile("secret.key")
        assert key is not None
        assert key.read() == lived.data.key_file.read_bytes()
    assert names[0] == "manifest.json"
    assert names[-1] == "sha256"
    assert {"wabox.db", "secret.key", f"media/ab/ab{'0' * 62}"} <= set(names)
    assert not [name for name in names if "profiles" in name or "incoming" in name]
    assert made.manifest.counts["messages"] == lived.stage.value("select count(*) from messages") > 0
    assert list(lived.place.glob(".*.part")) == []
    assert not (lived.data.backups / "work").exists()


def test_a_sealed_one_is_opened_by_rage_and_shows_nothing(lived: Lived) -> None:
    theirs, own = pyrage.x25519.Identity.generate(), age.identity()
    lock = Lock(recipients=(age.recipient(str(theirs.to_public())), age.recipient_of(own)))
    made = lived.made(lock=lock, key=Key(identity=own))
    raw = made.path.read_bytes()
    assert b"SQLite" not in raw
    with tarfile.open(fileobj=io.BytesIO(pyrage.decrypt(raw, [theirs]))) as tar:
        assert "wabox.db" in tar.getnames()


def test_the_owners_engine_comes_along_whole_and_what_is_half_installed_does_not(lived: Lived) -> None:
    package = archive.read(wajs_packages.package("4.9.9"))
    store.keep(lived.data.engines, package)
    (lived.data.engines / f"abc{store.PART}").mkdir()
    (lived.data.engines / f"abc{store.PART}" / "wppconnect-wa.js").write_bytes(b"half")
    made = lived.made()
    assert not [one.name for one in made.manifest.parts if store.PART in one.name]
    data = put_back(lived, made)
    assert store.is_whole(store.engine_of(data.engines, WaJs(package.version, package.sha256)))
    assert [one.name for one in data.engines.iterdir()] == [f"{package.version}-{package.sha256[:8]}"]
    with datadir.held(data, what="wabox restore"):
        restoring.restore(data, lived.made("again.wabox").path, None, now=NOON)
    aside = {one.name for one in (data.path / swapping.ASIDE).glob("*/*")}
    assert "engine" in aside


def test_a_step_of_the_copy_is_as_large_whatever_a_page_is(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    size = lived.data.database.stat().st_size
    monkeypatch.setattr(making, "sleep", steps.append)
    monkeypatch.setattr(making, "STEP_BYTES", 64 * 1024)
    making.snapshot(lived.data, lived.place / "copy.db")
    assert 0.5 < len(steps) * 64 * 1024 / size < 2


def test_two_at_once_do_not_mix(lived: Lived) -> None:
    with making._alone(lived.data), pytest.raises(Unavailable, match="already"):
        lived.made()
    assert lived.made().path.exists()


def test_a_backup_that_could_not_be_written_says_so_and_leaves_the_last_one(lived: Lived) -> None:
    made = lived.made()
    before = made.path.read_bytes()
    lived.stage.box.config.data.dir.joinpath("media", "cd").mkdir()
    with pytest.raises(Unavailable, match="not made in"):
        wanted = making.Wanted(lived.place / "no such stick" / "shop.wabox")
        making.make(lived.stage.box.config, lived.data, wanted, now=NOON)
    assert made.path.read_bytes() == before


def test_two_hundred_flipped_bits_and_fifty_cuts_are_refused_before_anything_is_touched(lived: Lived) -> None:
    for lock, key in ((None, None), sealed()):
        made = lived.made(lock=lock, key=key)
        raw = made.path.read_bytes()
        data = new_box(lived.place)
        dice = random.Random(time.time_ns())
        broken = lived.place / "broken.wabox"
        for at in some(dice.randrange(len(raw)) for _ in range(100)):
            flipped = bytearray(raw)
            flipped[at] ^= 1 << dice.randrange(8)
            broken.write_bytes(flipped)
            with pytest.raises(Invalid) as refused:
                reading.check(broken, key)
            assert refused.value.code in ("backup_damaged", "wrong_passphrase", "backup_sealed")
        for at in some(dice.randrange(len(raw)) for _ in range(25)):
            broken.write_bytes(raw[:at])
            with pytest.raises(Invalid):
                restoring.stage(data, broken, key, now=NOON)
            assert not data.staged.exists()
            assert not data.database.exists()


def test_damage_is_named_with_its_place(lived: Lived) -> None:
    made = lived.made()
    raw = bytearray(made.path.read_bytes())
    at = raw.index(PICTURE)
    raw[at + 5] ^= 1
    made.path.write_bytes(raw)
    with pytest.raises(Invalid, match=r"damaged in media/ab/ab0+; take another"):
        reading.check(made.path, None)


def test_a_newer_ones_backup_is_refused_with_its_version(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "NAMES", (*migrations.NAMES, "9999_later"))
    monkeypatch.setattr(making, "__version__", "9.9")
    wanted = making.Wanted(lived.place / "shop.wabox")
    made = making.make(lived.stage.box.config, lived.data, wanted, now=NOON)
    monkeypatch.undo()
    with pytest.raises(Invalid, match=r"newer wabox \(9\.9\)"):
        reading.check(made.path, None)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "media/../wabox.db", "/etc/passwd", "media/", "x.py", "media//a/"]
)
def test_no_part_leads_out_of_the_directory(name: str) -> None:
    assert not packing.is_part(name)


def test_what_is_no_backup_is_refused(lived: Lived) -> None:
    for content in (b"", b"hello", b"SQLite format 3\0" * 100, bytes(100_000)):
        file = lived.place / "photo.jpg"
        file.write_bytes(content)
        with pytest.raises(Invalid) as refused:
            reading.check(file, None)
        assert refused.value.code == "backup_damaged"
    with pytest.raises(Invalid, match="cannot be read"):
        reading.check(lived.place / "nothing", None)


def test_a_restored_box_has_all_is_held_and_asks_for_a_scan(lived: Lived) -> None:
    lock, key = sealed()
    made = lived.made(lock=lock, key=key)
    data = put_back(lived, made, key)
    assert data.key_file.read_bytes() == lived.data.key_file.read_bytes()
    assert media.path_of(data.media, "ab" + "0" * 62).read_bytes() == PICTURE
    assert data.open_to_others() == []
    counts = (
        "select (select count(*) from messages), (select count(*) from contacts), (select count(*) from users)"
    )
    assert asked(data.database, counts) == asked(lived.data.database, counts)
    assert asked(data.database, "select count(*) from devices where linked = 1 or wanted = 1") == [(0,)]
    assert asked(data.database, "select count(*) from sessions") == [(0,)]
    old = {row[0] for row in asked(lived.data.database, "select profile from devices")}
    assert not old & {row[0] for row in asked(data.database, "select profile from devices")}
    with open_box.opened(config.parse({}, base=lived.place / "new"), data) as box:
        held = box.db.read_here(fence.of)
        assert held is not None
        assert (held.reason, held.why, held.behind) == ("quarantined", "restored", made.manifest.made_at)
        assert box.db.read_here(users.everyone)
    with contextlib.closing(sqlite3.connect(data.database)) as connection:
        assert list(promises.broken(connection)) == []


def test_no_id_and_no_invoice_number_is_given_a_second_time(lived: Lived) -> None:
    data = put_back(lived, lived.made())
    ids = "select name, seq from sqlite_sequence"
    was = {str(name): int(str(seq)) for name, seq in asked(lived.data.database, ids)}
    now = {str(name): int(str(seq)) for name, seq in asked(data.database, ids)}
    assert all(now[name] >= seq + restoring.STRIDE for name, seq in some(was.items()))
    tables = asked(data.database, "select name from sqlite_master where sql like '%autoincrement%'")
    assert {name for (name,) in tables} == set(now)
    with contextlib.closing(sqlite3.connect(f"file:{data.database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        assert invoices._next(Rows(connection)) > invoices.JUMP


def test_a_box_that_was_there_is_set_aside_and_nothing_of_it_is_mixed_in(lived: Lived) -> None:
    made = lived.made()
    data = put_back(lived, made)
    (data.profiles / "a-profile").mkdir()
    (data.media / "ff").mkdir()
    with datadir.held(data, what="wabox restore"):
        restoring.restore(data, made.path, None, now=datetime.now(UTC))
    aside = list((data.path / swapping.ASIDE).iterdir())
    assert len(aside) == 1
    assert {"wabox.db", "secret.key", "profiles", "media"} <= {one.name for one in aside[0].iterdir()}
    assert not (data.media / "ff").exists()
    assert not list(data.profiles.iterdir())


def test_settings_come_along_and_are_not_put_in_force(lived: Lived) -> None:
    file = lived.place / "wabox.toml"
    file.write_text('[server]\nport = 8471\n\n[data]\ndir = "old/data"\n')
    wanted = making.Wanted(lived.place / "shop.wabox")
    made = making.make(config.load(file), lived.data, wanted, now=NOON)
    data = put_back(lived, made)
    assert (data.path / swapping.RESTORED_SETTINGS).read_text() == file.read_text()


def test_the_rules_of_the_box_and_its_phones_come_along(lived: Lived) -> None:
    def rule(tx: Tx) -> None:
        made, by = lived.stage, users.owner(tx)
        assert by is not None
        more: dict[str, Any] = {"config": made.box.config, "now": made.hands.now()}
        ruling.set_box(tx, by, {"daily_cap": 90}, **more)
        ruling.set_phone(tx, by, devices.by_id(tx, made.asha.device_id), {"hourly_cap": 9}, **more)

    lived.stage.box.db.write_now(rule)
    data = put_back(lived, lived.made())
    assert asked(data.database, "select value from box where key = 'sending_rules'") == [('{"daily_cap":90}',)]
    assert asked(data.database, "select rules from devices where rules is not null") == [('{"hourly_cap":9}',)]


def test_the_counts_in_the_manifest_are_asked_of_the_database(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = lived.made()
    real = reading.counted
    monkeypatch.setattr(reading, "counted", lambda connection: real(connection) | {"messages": 1})
    with pytest.raises(Invalid, match="not what it says"):
        restoring.stage(new_box(lived.place), made.path, None, now=NOON)


def test_a_file_that_rows_name_and_that_is_gone_is_counted(lived: Lived) -> None:
    row = """insert into media (user_id, sha256, stored_sha256, kind, mime, filename, bytes, origin, created_at,
             last_used_at) values (1, :sha, :sha, 'image', 'image/png', 'x.png', 3, 'upload', :now, :now)"""
    lived.stage.box.db.write_now(lambda tx: tx.run(row, sha="ee" + "1" * 62, now="2026-03-10T06:00:00+00:00"))
    found = lived.made().manifest
    assert isinstance(found, Manifest)
    assert found.missing == 1


def test_deleted_while_it_is_packed_a_file_is_in_it_all_the_same(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = making.snapshot

    def and_then_it_goes(data: DataDir, to: Path, meanwhile: Callable[[], None]) -> None:
        real(data, to, meanwhile)
        shutil.rmtree(data.media)

    monkeypatch.setattr(making, "snapshot", and_then_it_goes)
    assert f"media/ab/ab{'0' * 62}" in [one.name for one in lived.made().manifest.parts]


def test_row_48_a_backup_while_messages_come_has_all_that_were_taken_before_it(lived: Lived) -> None:
    """Row 48: a sound copy, though somebody writes all the time."""
    box, taken, over = lived.stage.box, [], threading.Event()

    def till() -> None:
        while not over.is_set():
            taken.append(box.db.write_now(_queued, lived.stage))

    thread = threading.Thread(target=till)
    thread.start()
    try:
        while len(taken) < 50:
            time.sleep(0.001)
        before = list(taken)
        made = lived.made()
    finally:
        over.set()
        thread.join()
    data = put_back(lived, made)
    there = {int(str(row[0])) for row in asked(data.database, "select id from messages")}
    assert set(before) <= there
    assert len(taken) > len(before)
    with contextlib.closing(sqlite3.connect(data.database)) as connection:
        assert list(promises.broken(connection)) == []


def test_row_49_nothing_of_an_older_backup_goes_by_itself(lived: Lived) -> None:
    """Row 49: what may have gone since waits for a word, with a phone that is linked again too."""
    job = lived.stage.box.db.write_now(_queued, lived.stage)
    data = put_back(lived, lived.made())
    place = config.parse(settings(**SECTIONS), base=lived.place / "new")
    with open_box.opened(place, data) as box:

        def take(event: Event) -> None:
            box.db.write_now(page_events.verb(event, box))

        driver = FakeDriver(take, now=box.now)
        turns = Turns(box, driver, "boot-2")
        device = lived.stage.asha.device_id
        box.db.write_now(lambda tx: orders.start(tx, devices.by_id(tx, device)))
        phone = box.db.read_here(devices.by_id, device)
        driver.open(phone.spec)
        driver.scan(device, phone.phone or "8801700000009")
        turns.turn(device)

        def why() -> str | None:
            message = box.db.read_here(stored.by_id, job)
            waits = box.db.read_here(explaining.explain, [message], config=place, now=box.now())
            return waits[job].reason if job in waits else None

        assert (driver.handed, why()) == ([], "quarantined")
        box.db.write_now(releasing.release, user_id=None, now=box.now())
        assert why() != "quarantined"


def _queued(tx: Tx, made: Stage) -> int:
    device = devices.by_id(tx, made.asha.device_id)
    text = template.parse("Your order is ready")
    return outbox.accept(tx, device, phone="8801711000001", template=text, values={}, now=made.hands.now())
