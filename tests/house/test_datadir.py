from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from wabox import datadir
from wabox.demo.place import Place
from wabox.errors import ConfigError

HOLD = """
import sys
from pathlib import Path
from wabox import datadir
with datadir.held(datadir.prepare(Path(sys.argv[1])), what="wabox serve", url="http://127.0.0.1:8470"):
    print("held", flush=True)
    sys.stdin.read()
"""


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_new_directory_is_private(tmp_path: Path) -> None:
    data = datadir.prepare(tmp_path / "shop" / "data")
    assert mode(data.path) == 0o700
    assert mode(data.profiles) == 0o700
    assert data.open_to_others() == []


def test_open_files_become_private(tmp_path: Path) -> None:
    (tmp_path / "wabox.db").write_bytes(b"")
    (tmp_path / "wabox.db").chmod(0o644)
    tmp_path.chmod(0o755)
    data = datadir.DataDir(tmp_path)
    assert sorted(data.open_to_others()) == [tmp_path, tmp_path / "wabox.db"]
    datadir.prepare(tmp_path)
    assert mode(tmp_path) == 0o700
    assert mode(data.database) == 0o600
    assert list(tmp_path.glob(".probe*")) == []


def test_what_is_written_later_is_private(tmp_path: Path) -> None:
    data = datadir.prepare(tmp_path / "data")
    data.queue.write_bytes(b"")
    assert mode(data.queue) == 0o600


def test_a_file_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(ConfigError, match="is not a directory; set another"):
        datadir.prepare(tmp_path / "data")


def test_unwritable_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        datadir.prepare(Path("/proc/wabox"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's file")
def test_data_of_another_user_is_not_mixed_with_ours(tmp_path: Path) -> None:
    (tmp_path / "wabox.db").write_bytes(b"")
    os.chown(tmp_path / "wabox.db", 65534, 65534)
    with pytest.raises(ConfigError, match="sudo -u "):
        datadir.prepare(tmp_path)


def test_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    """Row 22."""
    data = datadir.prepare(tmp_path / "data")
    assert datadir.holder(data) is None
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        said = f"`wabox serve`, process {other.pid}; stop that first"
        with pytest.raises(datadir.InUse, match=said) as told, datadir.held(data, what="wabox init"):
            pytest.fail("two processes hold one directory")
        assert (told.value.pid, told.value.url) == (other.pid, "http://127.0.0.1:8470")
        now = datadir.holder(data)
        assert now is not None and now.pid == other.pid
        other.send_signal(signal.SIGKILL)
    with datadir.held(data, what="wabox init"):
        pass
    assert datadir.holder(data) is None


def test_lock_is_free_after_an_error(tmp_path: Path) -> None:
    data = datadir.prepare(tmp_path)
    with pytest.raises(RuntimeError), datadir.held(data, what="wabox init"):
        raise RuntimeError
    with datadir.held(data, what="wabox init"):
        pass


def test_key_is_made_once_and_private(tmp_path: Path) -> None:
    data = datadir.prepare(tmp_path)
    key = datadir.secret_key(data)
    assert len(key) == 32
    assert datadir.secret_key(data) == key
    assert mode(data.key_file) == 0o600
    assert key not in data.key_file.read_bytes()


@pytest.mark.parametrize("content", ["", "not base64 !", "c2hvcnQ=", "é"])
def test_damaged_key_stops_the_start(tmp_path: Path, content: str) -> None:
    data = datadir.prepare(tmp_path)
    data.key_file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match="damaged; put it back from a backup"):
        datadir.secret_key(data)


def test_lost_key_is_not_replaced_behind_a_database(tmp_path: Path) -> None:
    data = datadir.prepare(tmp_path)
    data.database.write_bytes(b"SQLite format 3")
    with pytest.raises(ConfigError, match="is missing, and without it"):
        datadir.secret_key(data)


def test_a_demo_where_nothing_can_be_written_says_so_in_one_sentence() -> None:
    place = Place(Path("/proc/sys"), 1, 2)  # nobody, not even root, makes a file there
    with pytest.raises(ConfigError, match="cannot write to /proc/sys .* in a directory of your own"), place.held():
        pass
