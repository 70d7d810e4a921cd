"""The copy of the database before an upgrade, and its way back: whole, whenever it is killed."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "deploy" / "database_copy.py"
# Runs the program up to its n-th line, and is killed there.
KILLED = """
import os, runpy, signal, sys
left, program, sys.argv = int(sys.argv[1]), sys.argv[2], sys.argv[2:]
def count(frame, event, _argument):
    global left
    if frame.f_code.co_filename != program:
        return None
    left -= event == "line" and frame.f_code.co_name != "<module>"
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return count
sys.settrace(count)
runpy.run_path(program, run_name="__main__")
"""


def run(what: str, source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, PROGRAM, what, source, target], capture_output=True, text=True, check=False
    )


def made(path: Path, *texts: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table note (text)")
        connection.executemany("insert into note values (?)", [(text,) for text in texts])
        connection.commit()
    return path


def held(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        return [text for (text,) in connection.execute("select text from note order by text")]


def left_with_a_log(path: Path, text: str) -> None:
    """Somebody wrote this, and was killed: it is in the log alone."""
    write = (
        "import os, signal, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('insert into note values (?)', (sys.argv[2],)); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", write, path, text], check=False)
    assert path.with_name(f"{path.name}-wal").stat().st_size


def test_copy_holds_what_was_only_in_the_log(tmp_path: Path) -> None:
    box = made(tmp_path / "data/wabox.db", "one")
    left_with_a_log(box, "two")
    assert run("make", box, tmp_path / "copy.db").returncode == 0
    assert held(tmp_path / "copy.db") == ["one", "two"]
    assert {one.name for one in tmp_path.iterdir()} == {"data", "copy.db"}
    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0


def test_copy_of_a_damaged_database_is_refused_by_name(tmp_path: Path) -> None:
    box = made(tmp_path / "data/wabox.db", *("word " * 40 + str(n) for n in range(200)))
    with box.open("r+b") as file:
        file.seek(2 * 4096)
        file.write(b"\x07" * 4096)
    done = run("make", box, tmp_path / "copy.db")
    assert done.returncode == 1
    assert "damaged" in done.stderr or "malformed" in done.stderr
    assert "Traceback" not in done.stderr
    assert {one.name for one in tmp_path.iterdir()} == {"data"}


def test_copy_with_no_room_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    box = made(tmp_path / "data/wabox.db", "one")
    done = run("make", box, tmp_path / "nowhere" / "copy.db")
    assert done.returncode == 1 and "could not be copied" in done.stderr
    with box.open("r+b") as file:
        file.truncate(shutil.disk_usage(tmp_path).free)  # all holes
    done = run("room", box, tmp_path)
    assert done.returncode == 1 and "Free some space" in done.stderr


def test_room_is_there_for_a_small_box(tmp_path: Path) -> None:
    assert run("room", made(tmp_path / "data/wabox.db", "one"), tmp_path).returncode == 0


def test_copy_put_back_forgets_the_log_of_what_it_replaces(tmp_path: Path) -> None:
    box = made(tmp_path / "data/wabox.db", "before")
    assert run("make", box, tmp_path / "copy.db").returncode == 0
    left_with_a_log(box, "after")
    assert run("put-back", tmp_path / "copy.db", box).returncode == 0
    assert held(box) == ["before"]
    assert held(tmp_path / "copy.db") == ["before"]
    assert {one.name for one in box.parent.iterdir()} == {"wabox.db"}


def test_copy_is_not_put_under_a_program_that_has_the_database_open(tmp_path: Path) -> None:
    box = made(tmp_path / "data/wabox.db", "before")
    assert run("make", box, tmp_path / "copy.db").returncode == 0
    with contextlib.closing(sqlite3.connect(box, isolation_level=None)) as writing:
        writing.execute("insert into note values ('after')")
        done = run("put-back", tmp_path / "copy.db", box)
    assert done.returncode == 1 and "has the database" in done.stderr
    assert held(box) == ["after", "before"]


def test_a_copy_catches_up_byte_for_byte(tmp_path: Path) -> None:
    box = made(tmp_path / "data/wabox.db", *("word " * 400 + str(n) for n in range(2000)))
    assert run("make", box, tmp_path / "copy.db").returncode == 0
    left_with_a_log(box, "late")
    assert run("catch-up", box, tmp_path / "copy.db").returncode == 0
    assert "late" in held(tmp_path / "copy.db")
    with contextlib.closing(sqlite3.connect(box)) as connection:
        connection.execute("delete from note where rowid > 10")
        connection.commit()
        connection.execute("vacuum")
    assert run("catch-up", box, tmp_path / "copy.db").returncode == 0
    assert (tmp_path / "copy.db").read_bytes() == box.read_bytes()
    assert {one.name for one in tmp_path.iterdir()} == {"data", "copy.db"}


def test_a_copy_that_catches_up_with_one_in_use_is_made_anew(tmp_path: Path) -> None:
    box = made(tmp_path / "data/wabox.db", "one")
    assert run("make", box, tmp_path / "copy.db").returncode == 0
    with contextlib.closing(sqlite3.connect(box, isolation_level=None)) as writing:
        writing.execute("insert into note values ('only in the log')")
        assert run("catch-up", box, tmp_path / "copy.db").returncode == 0
    assert held(tmp_path / "copy.db") == ["one", "only in the log"]


@pytest.mark.heavy("a process for each line of the program")
def test_wherever_catching_up_is_killed_no_torn_copy_has_the_name(tmp_path: Path) -> None:
    box = made(tmp_path / "data/wabox.db", *("word " * 40 + str(n) for n in range(200)))
    assert run("make", box, tmp_path / "made.db").returncode == 0
    with contextlib.closing(sqlite3.connect(box)) as connection:
        connection.execute("update note set text = 'new'")
        connection.commit()
    ends = []
    for line in range(0, 200, 3):
        copy = Path(shutil.copy(tmp_path / "made.db", tmp_path / f"copy{line}.db"))
        words = [sys.executable, "-c", KILLED, str(line), str(PROGRAM), "catch-up", str(box), str(copy)]
        ends.append(subprocess.run(words, check=False).returncode)
        there = held(copy) if copy.exists() else ["new"] * 200
        assert len(there) == 200 and len(set(there)) in (1, 200)
        if ends[-1] == 0:
            break
    assert len(ends) > 5 and set(ends[:-1]) == {-signal.SIGKILL} and ends[-1] == 0
    assert set(held(copy)) == {"new"}


@pytest.mark.heavy("a process for each line of the program")
def test_wherever_putting_back_is_killed_there_is_one_whole_database(tmp_path: Path) -> None:
    copy = made(tmp_path / "backups/wabox.db", "before")
    killed = made(tmp_path / "killed/wabox.db", "after")
    left_with_a_log(killed, "logged")
    ends = []
    for line in range(200):
        box = shutil.copytree(killed.parent, tmp_path / f"data{line}") / "wabox.db"
        words = [sys.executable, "-c", KILLED, str(line), str(PROGRAM), "put-back", str(copy), str(box)]
        ends.append(subprocess.run(words, check=False).returncode)
        assert box.exists()
        assert held(box) in (["after", "logged"], ["before"])
        if ends[-1] == 0:
            break
    assert len(ends) > 15 and set(ends[:-1]) == {-signal.SIGKILL} and ends[-1] == 0
    assert held(box) == ["before"] and held(copy) == ["before"]
