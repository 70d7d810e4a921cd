"""Killed at any touch of the disk, what the pages do leaves one box or the other, and an engine whole or none."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests import wajs_packages
from tests.house.test_backup_kills import HOOK, box, chosen, held, whose
from tests.house.warm import Warm, warmed
from tests.some import some
from wabox import config, datadir, open_box, swapping
from wabox.accounts import links
from wabox.backup import making, moving
from wabox.datadir import DataDir
from wabox.db import connect
from wabox.renewal import archive, store
from wabox.whatsapp.driver import WaJs

# As in test_backup_kills: dies by SIGKILL at the nth touch. What it does is what the page does, without the page.
IMPORTS = """
import asyncio, os, signal, sys, threading
from datetime import UTC, datetime
from pathlib import Path
from wabox import config, datadir, fence, open_box
from wabox.backup import age, bringing, moving, nightly, releasing, restoring
from wabox.renewal import archive, store, switching
"""
CHILD = f"""
what, place, given, nth = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
now = datetime.now(UTC)
age.WORK, moving.LOOK_SECONDS = 2, 0.001
{HOOK}
def bring(box, data):
    file, token = given.split(",")
    with bringing.Coming(data) as coming:
        coming.write(Path(file).read_bytes())
        brought = coming.finish("shop.tar")
    restoring.stage(data, brought.path, None, now=now)
    asyncio.run(bringing.decide(box, data, token))

def move(box, data):
    box.db.write_now(moving.begin, user_id=1, ip=None, now=now)
    entry = moving.run(box, data, "a passphrase", nightly.Work(threading.Event()), browser="140.0")
    assert entry.well, entry.why

def unmove(box, data):
    box.db.write_now(releasing.unmove, user_id=1, now=now)
    moving.forget(data)

def engine(box, data):
    package = archive.read(Path(given).read_bytes())
    store.keep(data.engines, package)
    added = box.db.write_now(switching.add, package, "file", now=now)
    box.db.write_now(switching.begin_trial, now=now)
    box.db.write_now(switching.passed, added.id, [], now=now)
    box.db.write_now(switching.back, now=now)

data = datadir.prepare(place)
settings = config.parse({{}}, base=place.parent)
with datadir.held(data, what="wabox serve"), open_box.opened(settings, data) as found:
    sys.addaudithook(hook)
    {{"bring": bring, "move": move, "unmove": unmove, "engine": engine}}[what](found, data)
    print(touches, flush=True)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def child() -> Iterator[Warm]:
    with warmed(IMPORTS, CHILD) as found:
        yield found


def killed(child: Warm, what: str, box: DataDir, given: str) -> list[tuple[int, DataDir]]:
    """A copy of the box for each place where it was killed, and the one that lived; threads touch by turns."""
    place = box.path.parent.parent
    whole = DataDir(place / "try" / "data")
    shutil.copytree(box.path, whole.path)
    done = child.run(what, whole.path, given, 0)
    assert done.returncode == 0, done.stderr
    found = []
    most = int(done.stdout)
    touches = sorted({*chosen(most), *range(max(1, most - 4), most + 1)})
    for nth in some(touches):
        data = DataDir(place / f"box-{nth}" / "data")
        shutil.copytree(box.path, data.path)
        done = child.run(what, data.path, given, nth)
        assert done.returncode == -signal.SIGKILL or nth > int(done.stdout), (nth, done.stderr)
        found.append((nth, data))
    return [*found, (0, whole)]


def started(data: DataDir) -> None:
    """The next start, which goes on where it was cut."""
    with datadir.held(data, what="wabox serve"), open_box.opened(config.parse({}, base=data.path.parent), data):
        pass


def value(data: DataDir, sql: str) -> object:
    with closing(connect(data.database)) as connection:
        row = connection.execute(sql).fetchone()
        return None if row is None else row[0]


@pytest.mark.heavy("a process for each place where it is killed")
def test_a_restore_by_the_page_leaves_the_new_box_or_the_old_one(child: Warm, tmp_path: Path) -> None:
    lost = box(tmp_path / "lost", "lost@example.com")
    file = tmp_path / "lost.tar"
    settings = config.parse({}, base=tmp_path / "new")
    new = datadir.prepare(settings.data.dir)
    with open_box.opened(settings, new) as made:
        making.make(settings, lost, making.Wanted(file), now=made.now())
        token = made.db.write_now(links.make, "setup", None, timedelta(days=1), made.now())
    seen = set()
    for nth, data in some(killed(child, "bring", new, f"{file},{token}")):
        started(data)
        left = {one.name for one in data.path.iterdir()}
        assert not left & {swapping.BROUGHT, swapping.STAGED, swapping.DECIDED, swapping.PLACING}, nth
        owner = value(data, "select email from users where role = 'owner'")
        seen.add(owner)
        assert (held(data) is not None) == (owner is not None), nth
        assert owner is None or whose(data) == "lost@example.com"
        assert (data.key_file.read_bytes() == lost.key_file.read_bytes()) == (owner is not None)
    assert seen == {None, "lost@example.com"}


@pytest.fixture
def shop(tmp_path: Path) -> DataDir:
    """asha's box with a linked phone and its profile."""
    data = box(tmp_path / "old", "asha@example.com")
    with closing(connect(data.database)) as connection:
        connection.execute("update devices set linked = 1, wanted = 1, state = 'ready' where user_id = 1")
        connection.commit()
    (data.profiles / "p1").mkdir()
    (data.profiles / "p1" / "Local State").write_bytes(b"keys")
    return data


LINKED = "select max(linked) from devices where user_id = 1"


@pytest.mark.heavy("a process for each place where it is killed")
def test_a_move_by_the_page_goes_on_here_or_is_held_and_never_scans_anew(child: Warm, shop: DataDir) -> None:
    seen = set()
    for nth, data in some(killed(child, "move", shop, "")):
        files = list((data.backups / "made").glob(f"{moving.NAME}-*.tar.age"))
        started(data)
        found = held(data)
        seen.add(found is not None)
        assert found is not None or not files, nth
        assert found is None or found.why == "moved", nth
        assert value(data, LINKED) == 1
        assert (data.profiles / "p1" / "Local State").read_bytes() == b"keys"
    assert seen == {False, True}


@pytest.mark.heavy("a process for each place where it is killed")
def test_calling_a_box_back_leaves_it_moved_or_held_with_its_phones_unlinked(child: Warm, shop: DataDir) -> None:
    assert child.run("move", shop.path, "", 0).returncode == 0
    seen = set()
    for nth, data in some(killed(child, "unmove", shop, "")):
        started(data)
        found = held(data)
        assert found is not None, nth
        seen.add(found.why)
        assert value(data, LINKED) == (1 if found.why == "moved" else 0), nth
    assert "unmoved" in seen


@pytest.mark.heavy("a process for each place where it is killed")
def test_an_engine_that_is_brought_is_there_whole_or_not_at_all(
    child: Warm, shop: DataDir, tmp_path: Path
) -> None:
    raw = wajs_packages.package("4.9.9")
    file = tmp_path / "wa-js.tgz"
    file.write_bytes(raw)
    package = archive.read(raw)
    wanted = WaJs(package.version, package.sha256)
    seen = set()
    for nth, data in some(killed(child, "engine", shop, str(file))):
        started(data)
        engine = store.engine_of(data.engines, wanted)
        there = store.is_whole(engine)
        seen.add(there)
        assert there or not engine.path.parent.exists(), nth
        assert there or value(data, "select count(*) from engines") == 0, nth
        store.keep(data.engines, package)
        assert store.is_whole(engine)
    assert seen == {False, True}
