"""A box of an earlier release comes to today's: whenever it is killed on the way, and with a message in doubt."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils

from tests.cast import NOON, Hands, Person, Stage, settings
from tests.engine.conftest import SHOP, Engine, _writer
from wabox import config, datadir, db, open_box
from wabox.accounts.sealing import Seal
from wabox.box import Box
from wabox.checkup import promises
from wabox.contacts import suppression
from wabox.datadir import DataDir
from wabox.db import Database
from wabox.engine.turns import Turns
from wabox.errors import ConfigError
from wabox.migrations.steps import STEPS
from wabox.whatsapp.fake import FakeDriver, _Profile

RINA = "8801711000001"
ARMED, ANCHOR = "3EB0AAAAAAAAAAAAAAAAAA", "3EB0BBBBBBBBBBBBBBBBBB"
AT = NOON.isoformat(timespec="microseconds")
# What every release has known, as the first one wrote it.
LIVED = f"""
insert into users (email, password_hash, role, created_at) values ('asha@example.com', 'x', 'owner', '{AT}');
insert into devices (user_id, label, profile, wanted, state, linked, synced, phone, link_epoch, linked_at,
    anchor_chat_id, anchor_message_id, created_at) values
    (1, 'primary', 'p1', 1, 'ready', 1, 1, '{SHOP}', 1, '{AT}', '{RINA}@c.us', '{ANCHOR}', '{AT}');
insert into audit (user_id, action, details, at) values (1, 'box.set_up', '{{}}', '{AT}');
insert into messages (user_id, device_id, phone, text, status, wa_message_id, wa_chat_id, wa_chat_ids, link_epoch,
    machine_boot, attempts, spent_at, queued_at, claimed_at, handed_at) values (1, 1, '{RINA}', 'in doubt',
    'sending', '{ARMED}', '{RINA}@c.us', '[]', 1, 'boot-1', 1, '{AT}', '{AT}', '{AT}', '{AT}');
insert into messages (user_id, device_id, phone, text, queued_at) values (1, 1, '{RINA}', 'behind it', '{AT}');
"""


def names() -> list[str]:
    """Every step, in order."""
    fresh = sqlite_utils.Database(memory=True)
    found = [one.name for one in STEPS.pending(fresh)]
    fresh.close()
    return found


def old(path: Path, before: str) -> DataDir:
    """The data of a box that has lived under the release before this step."""
    data = datadir.prepare(path)
    datadir.secret_key(data)
    connection = db.connect(data.database)
    STEPS.apply(sqlite_utils.Database(connection), stop_before=before)
    connection.executescript(LIVED)
    connection.close()
    return data


def shape(path: Path) -> list[tuple[str, str, str]]:
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "select type, name, sql from sqlite_master where name not like '%sqlite%' order by name"
    )
    found = [tuple(row) for row in rows]
    connection.close()
    return found


def asked(path: Path, sql: str) -> Any:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchone()[0]
    finally:
        connection.close()


def is_todays_with_its_rows(data: DataDir, todays: list[tuple[str, str, str]]) -> None:
    assert asked(data.database, "pragma integrity_check") == "ok"
    assert shape(data.database) == todays
    assert asked(data.database, "select count(*) from users join devices on user_id = users.id") == 1
    assert asked(data.database, f"select status from messages where wa_message_id = '{ARMED}'") == "sending"
    connection = sqlite3.connect(data.database)
    assert (promises.loose(connection), connection.execute("select count(*) from messages").fetchone()[0]) == (
        {},
        2,
    )
    connection.close()


@pytest.fixture(scope="module")
def todays(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str]]:
    """The shape of a new box."""
    place = datadir.prepare(tmp_path_factory.mktemp("fresh"))
    open_box.upgrade(place)
    return shape(place.database)


@pytest.fixture(autouse=True)
def same_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@dataclass
class Moments:
    """What a kill would leave: the whole directory, at each statement that leaves it different."""

    data: DataDir
    place: Path
    statements: int = 0

    def __post_init__(self) -> None:
        self._seen: set[str] = set()
        self.kept: list[Path] = []

    def look(self, _: str) -> None:
        self.statements += 1
        files = [one for one in sorted(self.data.path.rglob("*")) if one.is_file() and one.suffix != ".db-shm"]
        digest = hashlib.sha256(b"".join(str(one).encode() + one.read_bytes() for one in files)).hexdigest()
        if digest not in self._seen:
            self._seen.add(digest)
            self.kept.append(self.place / str(self.statements))
            shutil.copytree(self.data.path, self.kept[-1], ignore=shutil.ignore_patterns("*-shm"))


@pytest.mark.heavy("an upgrade for each of its statements")
def test_killed_at_any_statement_of_an_upgrade_the_next_start_finishes_it(
    tmp_path: Path, todays: list[tuple[str, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 50: one transaction a step, a copy first; what a kill leaves at each statement comes up to date."""
    data = old(tmp_path / "data", names()[1])
    moments, connect = Moments(data, tmp_path / "moments"), db.connect

    def watched(path: Path, **more: Any) -> sqlite3.Connection:
        connection = connect(path, **more)
        connection.set_trace_callback(moments.look)
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(db, "connect", watched)
        open_box.upgrade(data)
    is_todays_with_its_rows(data, todays)
    assert moments.statements > 100
    assert len(moments.kept) >= len(names())  # each step's commit left another file
    for left in moments.kept:
        killed = DataDir(left)
        open_box.upgrade(killed)
        is_todays_with_its_rows(killed, todays)
        copies = sorted(killed.backups.glob("before-*.db"))
        assert copies, left.name
        for copy in copies:
            assert asked(copy, "pragma integrity_check") == "ok"
            assert asked(copy, f"select count(*) from messages where wa_message_id = '{ARMED}'") == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from wabox import datadir, db, open_box
left, connect = int(sys.argv[2]), db.connect
def look(_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
def watched(path, **more):
    connection = connect(path, **more)
    connection.set_trace_callback(look)
    return connection
db.connect = watched
open_box.upgrade(datadir.prepare(Path(sys.argv[1])))
"""


@pytest.mark.heavy("processes that import and migrate, each killed")
def test_killed_twice_in_a_row_by_the_system_it_still_comes_up(
    tmp_path: Path, todays: list[tuple[str, str, str]]
) -> None:
    """Row 50, with real kills: in the first life's steps, and again in the next one's."""
    data = old(tmp_path / "data", names()[1])
    for statement in (60, 45):
        words = [sys.executable, "-c", KILLED, str(data.path), str(statement)]
        assert subprocess.run(words, check=False, timeout=60).returncode == -signal.SIGKILL
    assert asked(data.database, "select count(*) from _sqlite_migrations") < len(names())
    open_box.upgrade(data)
    is_todays_with_its_rows(data, todays)


def test_a_newer_box_is_not_opened(tmp_path: Path) -> None:
    """Row 50: nor is its file changed."""
    data = datadir.prepare(tmp_path / "data")
    open_box.upgrade(data)
    connection = db.connect(data.database)
    connection.execute(
        """insert into _sqlite_migrations (migration_set, name, applied_at)
           values ('wabox', '9999_from_the_future', '2099-01-01')"""
    )
    connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    before = data.database.read_bytes()
    with pytest.raises(ConfigError, match="newer wabox"):
        open_box.upgrade(data)
    assert data.database.read_bytes() == before


@pytest.fixture(scope="module")
def climbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The data of a box of the release before a step, upgraded today: once for each, to be copied."""
    place, made = tmp_path_factory.mktemp("climbed"), dict[str, Path]()

    def of(before: str) -> Path:
        if before not in made:
            data = old(place / before, before)
            open_box.upgrade(data)
            made[before] = data.path
        return made[before]

    return of


@pytest.fixture(params=names()[1:])
def upgraded(request: pytest.FixtureRequest, tmp_path: Path, climbed: Callable[[str], Path]) -> Iterator[Engine]:
    """A box of the release before this step, upgraded today; its phone comes back by itself."""
    data = DataDir(shutil.copytree(climbed(request.param), tmp_path / "data"))
    key = datadir.secret_key(data)
    database = Database(data.database, {"phone_hash": suppression.hasher(key)})
    database.start()
    hands = Hands()
    box = Box(config=config.parse(settings(), base=tmp_path), db=database, seal=Seal(key), now=hands.now)
    asha = Person(1, "", 1)
    made = Stage(box, hands, asha, asha)
    driver = FakeDriver(_writer(made), now=hands.now)
    driver._profiles["p1"] = _Profile(SHOP, "Shop", {(f"{RINA}@c.us", ANCHOR): 1})
    yield Engine(made, driver, Turns(box, driver, "boot-1"))
    made.close()


def comes_up(engine: Engine) -> dict[str, str]:
    """The phone is back, turns are given; {text: status}."""
    engine.driver.open(engine.stage.device().spec)
    engine.turn()
    rows = engine.stage.box.db.read_here(lambda rows: rows.all("select text, status from messages"))
    return {row["text"]: row["status"] for row in rows}


def test_a_message_that_had_gone_before_the_upgrade_is_found(upgraded: Engine) -> None:
    """Row 51: and not sent again."""
    upgraded.driver._profiles["p1"].history[f"{RINA}@c.us", ARMED] = 1
    assert comes_up(upgraded) == {"in doubt": "sent", "behind it": "sent"}
    assert [one.text for one in upgraded.driver.taken.values()] == ["behind it"]


def test_a_message_that_had_not_gone_before_the_upgrade_goes_once(upgraded: Engine) -> None:
    """Row 51: handed over under the id that the earlier release gave it, or judged anew first."""
    assert comes_up(upgraded) == {"in doubt": "sent", "behind it": "sent"}
    assert sorted((one.text, one.copies) for one in upgraded.driver.taken.values()) == [
        ("behind it", 1),
        ("in doubt", 1),
    ]
    assert ARMED in upgraded.driver.taken


def test_a_message_of_which_the_upgraded_box_cannot_know_is_unknown(upgraded: Engine) -> None:
    """Row 51: the page's history is gone with the machine's restart; it is not sent again."""
    upgraded.driver._profiles["p1"].history.clear()
    upgraded.restarted("boot-2")
    assert comes_up(upgraded) == {"in doubt": "unknown", "behind it": "sent"}
    assert [one.text for one in upgraded.driver.taken.values()] == ["behind it"]
