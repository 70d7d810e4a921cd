"""A copy of the data is noticed, whatever made it; a new name, another mount or a silent machine is none."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cast import NOON, Stage, stage
from wabox import config, datadir, fence, identity, open_box
from wabox.backup import making, releasing, restoring
from wabox.datadir import DataDir
from wabox.run import _look_for_copies

Place = Path


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Where a box has run: `home/data`, closed again."""
    made: Stage = stage(tmp_path / "home")
    made.close()
    starts(tmp_path / "home")
    yield tmp_path / "home"


def starts(place: Path, *, phones: bool = True) -> fence.Fence | None:
    """wabox serve, as far as this is concerned. Returns what holds it."""
    settings = config.parse({}, base=place)
    data = datadir.prepare(settings.data.dir)
    with datadir.held(data, what="wabox serve"), open_box.opened(settings, data) as box:
        _look_for_copies(box)
        found = box.db.read_here(fence.of)
        if found is None and phones:
            identity.note(box.db.write_now(identity.took_over), identity.here(settings.data.dir))
        return found


def released(place: Path) -> None:
    settings = config.parse({}, base=place)
    with open_box.opened(settings, DataDir(settings.data.dir)) as box:
        box.db.write_now(releasing.release, user_id=None, now=NOON)


def cp(home: Path, to: Path) -> None:
    subprocess.run(["cp", "-a", str(home), str(to)], check=True)


def tar(home: Path, to: Path) -> None:
    to.mkdir()
    subprocess.run(f"tar -C {home} -cf - . | tar -C {to} -xpf -", shell=True, check=True)


def tree(home: Path, to: Path) -> None:
    shutil.copytree(home, to, symlinks=True)


def rsync(home: Path, to: Path) -> None:
    if shutil.which("rsync") is None:
        pytest.skip("there is no rsync")
    subprocess.run(["rsync", "-a", f"{home}/", f"{to}/"], check=True)


@pytest.mark.parametrize("copied", [cp, tar, tree, rsync])
def test_a_copy_is_held_once_it_starts_and_names_the_other(home: Path, tmp_path: Path, copied: object) -> None:
    to = tmp_path / "copy"
    assert callable(copied)
    copied(home, to)
    held = starts(to)
    assert held is not None
    assert (held.reason, held.why) == ("quarantined", "copied")
    assert held.other.endswith(f", {home.resolve()}/data")
    assert starts(to) == held  # a second start forgets nothing
    assert starts(home) is None  # the first one goes on: nobody let the copy go


def test_a_copy_that_was_let_go_holds_the_first_one_at_its_next_start(home: Path, tmp_path: Path) -> None:
    to = tmp_path / "copy"
    cp(home, to)
    starts(to)
    released(to)
    assert starts(to) is None
    held = starts(home)
    assert held is not None
    assert (held.why, held.other.endswith(f"{to.resolve()}/data")) == ("copied", True)
    shutil.rmtree(to)
    released(home)
    assert starts(home) is None


def test_of_two_that_were_both_let_go_the_one_that_started_last_has_the_phones(home: Path, tmp_path: Path) -> None:
    to = tmp_path / "copy"
    cp(home, to)
    starts(to)
    released(to)
    assert starts(to) is None
    assert starts(home) is not None
    released(home)
    assert starts(home) is None
    held = starts(to)
    assert held is not None
    assert held.other.endswith(f"{home.resolve()}/data")


def test_a_copy_that_is_gone_again_holds_nobody(home: Path, tmp_path: Path) -> None:
    to = tmp_path / "copy"
    cp(home, to)
    starts(to)
    released(to)
    starts(to)
    shutil.rmtree(to)
    assert starts(home) is None


def test_another_name_of_the_directory_is_no_copy(home: Path, tmp_path: Path) -> None:
    to = tmp_path / "elsewhere"
    home.rename(to)
    assert starts(to) is None
    assert starts(to) is None
    link = tmp_path / "linked"
    link.symlink_to(to)
    assert starts(link) is None


def test_starting_again_and_again_holds_nothing(home: Path) -> None:
    assert [starts(home) for _ in range(3)] == [None, None, None]


def test_another_machine_is_another_place(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_machine", lambda: "another")
    held = starts(home)
    assert held is not None
    assert held.why == "copied"


def test_a_machine_that_says_nothing_of_itself_is_not_suspected(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "_machine", lambda: "")
    assert starts(home) is None


def test_where_directories_keep_no_number_only_the_machine_is_looked_at(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "_filesystem", lambda _: "vfat")
    to = tmp_path / "stick"
    cp(home, to)
    assert starts(to, phones=False) is None


def test_a_board_with_the_card_of_another_is_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, board = tmp_path / "machine-id", tmp_path / "serial"
    card.write_text("0123456789abcdef\n")
    board.write_bytes(b"100000001\0")
    monkeypatch.setattr(identity, "_MACHINE", (card,))
    monkeypatch.setattr(identity, "_BOARD", (board,))
    first = identity._machine()
    board.write_bytes(b"100000002\0")
    assert identity._machine() != first
    card.write_text("uninitialized\n")
    board.unlink()
    assert identity._machine() == ""


def test_the_mount_that_is_nearest_says_what_the_file_system_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "23 22 8:2 / /media/my\\040stick rw shared:1 - vfat /dev/sdb1 rw\n"
        "24 22 0:3 / /srv rw - nfs4 box:/srv rw\n"
    )
    monkeypatch.setattr(identity, "_MOUNTS", mounts)
    found = [
        identity._filesystem(Path(one)) for one in ("/var/lib/wabox", "/media/my stick/data", "/srv/x", "/srvx")
    ]
    assert found == ["ext4", "vfat", "nfs4", "ext4"]


def test_a_box_that_was_moved_away_stays_so_in_every_copy(home: Path, tmp_path: Path) -> None:
    settings = config.parse({}, base=home)
    with open_box.opened(settings, DataDir(settings.data.dir)) as box:
        box.db.write_now(fence.move_away, to="shop.wabox", now=NOON)
    to = tmp_path / "copy"
    cp(home, to)
    held = starts(to)
    assert held is not None
    assert held.reason == "moved_away"


def test_a_restored_box_is_at_home_where_it_was_put(home: Path, tmp_path: Path) -> None:
    settings = config.parse({}, base=home)
    wanted = making.Wanted(tmp_path / "shop.wabox")
    made = making.make(settings, DataDir(settings.data.dir), wanted, now=NOON)
    assert made.manifest.box
    data = datadir.prepare(tmp_path / "new" / "data")
    with datadir.held(data, what="wabox restore"):
        restoring.restore(data, made.path, None, now=NOON + timedelta(hours=1))
    held = starts(tmp_path / "new")
    assert held is not None
    assert held.why == "restored"
    released(tmp_path / "new")
    assert starts(tmp_path / "new") is None
    held = starts(home)  # the lost box was not lost: it learns that another has its phones
    assert held is not None
    assert held.why == "copied"


def test_a_note_that_a_copy_would_take_along_is_not_made(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "data" / ".local"))
    at = identity.here(home / "data")
    identity.note("box", at)
    assert not (home / "data" / ".local").exists()
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nothing")
    identity.note("box", replace(at, path="/x"))  # and one that cannot be written stops nobody
    assert identity.noted_elsewhere("box", at) is None
