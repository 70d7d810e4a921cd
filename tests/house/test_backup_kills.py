"""Killed at any touch of the disk a backup leaves no half file, a restore the old box or the new one, whole."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cast import stage
from tests.faces.scene import SECTIONS, dress
from tests.house.warm import Warm, warmed
from tests.some import some
from wabox import config, datadir, fence
from wabox.backup import making, reading
from wabox.datadir import DataDir
from wabox.db import Rows

# Dies by SIGKILL at the nth touch: whatever opens, renames, links, makes or removes a file comes by here.
HOOK = """
touches = 0
TOUCHES = {"open", "os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "sqlite3.connect",
           "shutil.rmtree", "shutil.copyfile"}

def hook(event, args):
    global touches
    if event in TOUCHES:
        touches += 1
        if touches == nth:
            os.kill(os.getpid(), signal.SIGKILL)
"""
IMPORTS = """
import os, signal, sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from wabox import config, datadir, fence, open_box
from wabox.backup import making, restoring
"""
CHILD = f"""
what, place, file, nth = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
data = datadir.prepare(place)
{HOOK}
now = datetime.now(UTC)
sys.addaudithook(hook)
settings = config.parse({{}}, base=place.parent)
if what == "backup":
    making.make(settings, data, making.Wanted(file), now=now)
elif what == "move":
    with datadir.held(data, what="wabox move"), open_box.opened(settings, data) as box:
        hold = lambda: box.db.write_now(fence.move_away, to=str(file), now=now)
        making.make(settings, data, making.Wanted(file, kind="move", browser="140.0"), now=now, before_named=hold)
else:
    with datadir.held(data, what="wabox restore"):
        restoring.restore(data, file, None, now=now)
print(touches)
"""


@pytest.fixture(scope="module")
def child() -> Iterator[Warm]:
    with warmed(IMPORTS, CHILD) as found:
        yield found


def box(place: Path, email: str) -> DataDir:
    made = stage(place, **SECTIONS)
    dress(made)
    made.box.db.write_now(lambda tx: tx.run("update users set email = :to where email like 'asha%'", to=email))
    made.close()
    return DataDir(made.box.config.data.dir)


def whose(data: DataDir) -> str:
    """Whose box it is; it is whole."""
    with contextlib.closing(sqlite3.connect(data.database)) as connection:
        assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"
        return str(connection.execute("select email from users where role = 'owner'").fetchone()[0])


def held(data: DataDir) -> fence.Fence | None:
    with contextlib.closing(sqlite3.connect(data.database)) as connection:
        connection.row_factory = sqlite3.Row
        return fence.of(Rows(connection))


def chosen(most: int) -> list[int]:
    """Every touch, or evenly some of them unless there is time."""
    if os.environ.get("WABOX_LONG"):
        return list(range(1, most + 1))
    return sorted({1 + n * (most - 1) // 13 for n in range(14)})


@pytest.mark.heavy("a process for each place where it is killed")
def test_a_backup_that_is_killed_leaves_the_box_and_no_file_by_its_name(tmp_path: Path, child: Warm) -> None:
    data = box(tmp_path, "asha@example.com")
    file = tmp_path / "shop.wabox"
    whole = child.run("backup", data.path, file, 0)
    assert whole.returncode == 0, whole.stderr
    most = int(whole.stdout)
    file.unlink()
    for nth in some(chosen(most)):
        done = child.run("backup", data.path, file, nth)
        assert done.returncode == -signal.SIGKILL, done.stderr
        if file.exists():  # only its folder was not flushed yet
            reading.check(file, None)
            file.unlink()
        assert whose(data) == "asha@example.com"
    making.make(config.parse({}, base=tmp_path), data, making.Wanted(file), now=datetime.now(UTC))
    assert not (data.backups / "work").exists()


@pytest.mark.heavy("a process for each place where it is killed")
def test_a_move_that_is_killed_never_leaves_two_boxes_that_may_send(tmp_path: Path, child: Warm) -> None:
    old = box(tmp_path / "old", "old@example.com")
    (old.profiles / "p1").mkdir()
    (old.profiles / "p1" / "Local State").write_bytes(b"keys")
    shutil.copytree(old.path, tmp_path / "try" / "data")
    file = tmp_path / "old.wabox"
    whole = child.run("move", tmp_path / "try" / "data", file, 0)
    assert whole.returncode == 0, whole.stderr
    most = int(whole.stdout)
    file.unlink()
    seen = set()
    for nth in some(sorted({*chosen(most), *range(most - 10, most)})):
        data = DataDir(tmp_path / f"box-{nth}" / "data")
        shutil.copytree(old.path, data.path)
        done = child.run("move", data.path, file, nth)
        assert done.returncode == -signal.SIGKILL, done.stderr
        found = held(data)
        seen.add((found is not None, file.exists()))
        assert found is not None or not file.exists()
        assert (data.profiles / "p1" / "Local State").read_bytes() == b"keys"
        file.unlink(missing_ok=True)
        shutil.rmtree(data.path.parent)
    assert {(False, False), (True, True)} <= seen


@pytest.mark.heavy("a process for each place where it is killed")
def test_a_restore_that_is_killed_leaves_one_box_or_the_other(tmp_path: Path, child: Warm) -> None:
    old, lost = box(tmp_path / "old", "old@example.com"), box(tmp_path / "lost", "lost@example.com")
    file = tmp_path / "lost.wabox"
    making.make(config.parse({}, base=lost.path.parent), lost, making.Wanted(file), now=datetime.now(UTC))
    shutil.copytree(old.path, tmp_path / "try")
    whole = child.run("restore", tmp_path / "try", file, 0)
    assert whole.returncode == 0, whole.stderr
    seen = set()
    for nth in some(chosen(int(whole.stdout))):
        data = DataDir(tmp_path / f"box-{nth}")
        shutil.copytree(old.path, data.path)
        done = child.run("restore", data.path, file, nth)
        assert done.returncode == -signal.SIGKILL, done.stderr
        with datadir.held(data, what="wabox serve"):  # the next start goes on where it was cut
            pass
        owner = whose(data)
        seen.add(owner)
        assert (held(data) is not None) == (owner == "lost@example.com")
        key = (lost if owner == "lost@example.com" else old).key_file
        assert data.key_file.read_bytes() == key.read_bytes()
        assert not [one for one in data.path.iterdir() if one.name in ("restoring", "restored", "placing")]
        aside = {one.name for one in (data.path / "set-aside").glob("*/*")}
        assert ({"wabox.db", "secret.key"} <= aside) == (owner == "lost@example.com")
        shutil.rmtree(data.path)
    assert seen == {"old@example.com", "lost@example.com"}
