"""`./install.sh service`, with a systemd that is only a script: whatever ends it early, wabox runs afterwards."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SYSTEMCTL = """#!/bin/bash
cd "$SERVICE_WORLD"
echo "$*" >>orders
state=$(cat state)
running() { current=$(readlink -f opt/current) && [ -e "$current/works" ] && [ "$1" = active ]; }
case "$1" in
    show) echo "$state" ;;
    stop) [ -e stop-fails ] && exit 1
        [ -e stop-lies ] || echo inactive >state ;;
    start) echo active >state
        readlink -f opt/current >started ;;
esac
[ ! -e "kill-at-$1" ] || { signal=$(cat "kill-at-$1"); rm "kill-at-$1"; kill "-$signal" "$PPID"; }
exit 0
"""

WABOX = """#!/bin/bash
# The release that it lies in, as a program: `works` beside .venv says whether it answers.
release=$(cd "$(dirname "$0")/../.." && pwd)
case "$1" in
    serve) [ ! -e "$release/does-not-import" ] ;;
    doctor) [ -e "$release/works" ] && [ "$(cat "$SERVICE_WORLD/state")" = active ] &&
        [ "$(cat "$SERVICE_WORLD/started")" = "$release" ] ;;
    setup-link) ;;
esac
"""

SCRIPT = """
source "$1/install.sh"
world=$SERVICE_WORLD
here=$world/tree
release_home=$world/opt data_home=$world/data config_file=$world/etc/wabox.toml unit_file=$world/wabox.service
command_link=$world/command install_lock=$world/install.lock systemd_home=$world service_path=$world/bin:$PATH
service_user=$2 health_probes=2 python_here=$3
is_root() { :; }
check_machine() { :; }
need_browser() { :; }
need_fonts() { :; }
sleep() { :; }
as_service() { "$@"; }
install() { # without a change of owner
    local words=()
    while [ $# -gt 0 ]; do
        case "$1" in -o | -g) shift ;; *) words+=("$1") ;; esac
        shift
    done
    command install "${words[@]}"
}
make_venv() {
    mkdir -p "$1/.venv/bin"
    cp "$world/bin/wabox-program" "$1/.venv/bin/wabox"
    ln -s "$python_here" "$1/.venv/bin/python"
    [ ! -e "$world/new-works" ] || : >"$1/works"
    [ ! -e "$world/new-does-not-import" ] || : >"$1/does-not-import"
}
[ ! -e "$world/no-room" ] || database_copy() { echo "No room." >&2; return 1; }
eval "${AS_WELL:-}"
service
"""


class World:
    """A box that runs release 20250101T000000Z, and a newer tree to install."""

    def __init__(self, place: Path) -> None:
        self.place = place
        for name in ("opt", "data/backups", "etc", "bin", "tree/wabox"):
            (place / name).mkdir(parents=True)
        for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "wabox.toml", "install.sh"):
            self.write(f"tree/{name}", "")
        shutil.copytree(ROOT / "deploy", place / "tree/deploy")
        self.write("bin/systemctl", SYSTEMCTL).chmod(0o755)
        self.write("bin/journalctl", "#!/bin/sh\n").chmod(0o755)
        self.write("bin/wabox-program", WABOX).chmod(0o755)
        self.write("state", "active")
        self.write("etc/wabox.toml", "")
        self.old = self.release("20250101T000000Z", works=True)
        (place / "opt/current").symlink_to(self.old)
        self.write("started", str(self.old))
        self.write("data/secret.key", "key")
        with contextlib.closing(sqlite3.connect(self.database)) as made:
            made.executescript("""
                pragma journal_mode = wal;
                create table messages (id, claimed_at, sent_at, finished_at);
                create table deliveries (id); create table audit (id); create table note (text);
                create table _sqlite_migrations (name); insert into _sqlite_migrations values ('one');
                insert into note values ('before');
            """)

    @property
    def database(self) -> Path:
        return self.place / "data/wabox.db"

    def write(self, name: str, text: str) -> Path:
        path = self.place / name
        path.write_text(text, encoding="utf-8")
        return path

    def release(self, name: str, *, works: bool) -> Path:
        made = self.place / "opt" / name
        (made / ".venv/bin").mkdir(parents=True)
        (made / ".venv/bin/python").symlink_to(sys.executable)
        shutil.copy(self.place / "bin/wabox-program", made / ".venv/bin/wabox")
        shutil.copytree(ROOT / "deploy", made / "deploy")
        if works:
            (made / "works").touch()
        return made

    def install(self, as_well: str = "") -> subprocess.CompletedProcess[str]:
        """Runs `./install.sh service` in this world. as_well: more shell, said before."""
        user = pwd.getpwuid(os.geteuid()).pw_name
        return subprocess.run(
            ["env", "--default-signal=INT,HUP", "bash", "-c", SCRIPT, "install.sh", ROOT, user, sys.executable],
            env={**os.environ, "SERVICE_WORLD": str(self.place), "AS_WELL": as_well},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def current(self) -> Path:
        return (self.place / "opt/current").resolve()

    @property
    def releases(self) -> set[str]:
        return {one.name for one in (self.place / "opt").glob("2*Z")}

    @property
    def runs(self) -> bool:
        """Something is started, and it is what `current` names, and that works."""
        started = Path((self.place / "started").read_text().strip())
        return (
            (self.place / "state").read_text().strip() == "active"
            and started == self.current
            and (self.current / "works").exists()
        )

    def said(self, database: Path | None = None) -> list[str]:
        with contextlib.closing(sqlite3.connect(database or self.database)) as connection:
            assert connection.execute("pragma quick_check").fetchone() == ("ok",)
            return [text for (text,) in connection.execute("select text from note")]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_an_upgrade_runs_the_new_release_and_keeps_a_checked_copy(world: World) -> None:
    world.write("new-works", "")
    done = world.install()
    assert done.returncode == 0, done.stderr
    assert world.runs and world.current != world.old
    assert (world.place / "opt/last-good").resolve() == world.current
    [copy] = (world.place / "data/backups").iterdir()
    assert world.said(copy / "wabox.db") == ["before"]
    assert (copy / "secret.key").read_text() == "key"
    assert f"wabox doctor --config {world.place}/etc/wabox.toml" in done.stdout


def test_a_copy_is_whole_while_another_program_has_the_database_open(world: World) -> None:
    world.write("new-works", "")
    with contextlib.closing(sqlite3.connect(world.database, isolation_level=None)) as writing:
        writing.execute("insert into note values ('only in the log')")
        assert world.install().returncode == 0
    [copy] = (world.place / "data/backups").iterdir()
    assert world.said(copy / "wabox.db") == ["before", "only in the log"]
    assert {one.name for one in copy.iterdir()} == {"wabox.db", "secret.key"}


@pytest.mark.parametrize("fault", ["stop-fails", "stop-lies"])
def test_a_stop_that_did_not_happen_changes_nothing(world: World, fault: str) -> None:
    world.write("new-works", "")
    world.write(fault, "")
    done = world.install()
    assert done.returncode == 1
    assert "could not stop wabox, so nothing was changed" in done.stderr
    assert world.runs and world.current == world.old
    assert list((world.place / "data/backups").iterdir()) == []


def test_without_room_wabox_is_not_even_stopped(world: World) -> None:
    world.write("new-works", "")
    world.write("no-room", "")
    done = world.install()
    assert done.returncode == 1 and "nothing was changed" in done.stderr
    assert not (world.place / "orders").exists()
    assert world.runs and world.releases == {world.old.name}


def test_a_copy_that_fails_leaves_wabox_running_as_before(world: World) -> None:
    world.write("new-works", "")
    with world.database.open("r+b") as file:
        file.seek(4096)
        file.write(b"damaged!" * 512)
    done = world.install()
    assert done.returncode == 1
    assert "the data could not be copied, so nothing was changed" in done.stderr
    assert "wabox runs again as before" in done.stdout
    assert world.runs and world.current == world.old
    assert list((world.place / "data/backups").iterdir()) == []


def test_a_box_that_stood_still_is_not_started_by_a_failed_upgrade(world: World) -> None:
    world.write("state", "inactive")
    world.database.write_bytes(b"damaged!" * 1024)
    assert world.install().returncode == 1
    assert (world.place / "state").read_text() == "inactive"


def test_a_release_that_does_not_import_is_removed(world: World) -> None:
    world.write("new-does-not-import", "")
    done = world.install()
    assert done.returncode == 1 and "nothing was changed" in done.stderr
    assert world.runs and world.releases == {world.old.name}


@pytest.mark.parametrize(
    ("at", "signal"),
    [("show", "HUP"), ("stop", "INT"), ("daemon-reload", "TERM"), ("enable", "HUP"), ("start", "HUP")],
)
@pytest.mark.parametrize("new", ["good", "broken"])
def test_whenever_it_is_ended_early_something_that_works_runs(
    world: World, at: str, signal: str, new: str
) -> None:
    if new == "good":
        world.write("new-works", "")
    world.write(f"kill-at-{at}", signal)
    done = world.install()
    assert done.returncode != 0
    assert not (world.place / f"kill-at-{at}").exists()
    assert world.runs, done.stdout + done.stderr
    assert world.said() == ["before"]
    if new == "broken":
        assert world.current == world.old
        assert world.releases == {world.old.name}


def test_a_failed_release_is_never_the_one_to_go_back_to(world: World) -> None:
    assert world.install().returncode == 1
    assert world.runs and world.releases == {world.old.name}
    broken = world.release("20990101T000000Z", works=False)  # a kill -9 left it, in use
    (world.place / "opt/last-good").symlink_to(world.old)
    (world.place / "opt/current").unlink()
    (world.place / "opt/current").symlink_to(broken)
    assert world.install().returncode == 1
    assert world.runs and world.current == world.old


def test_a_clock_set_back_deletes_neither_the_new_release_nor_the_one_before(world: World) -> None:
    world.write("new-works", "")
    later = [world.release(f"209{n}0101T000000Z", works=True) for n in range(2)]
    (world.place / "opt/current").unlink()
    (world.place / "opt/current").symlink_to(later[0])
    for n in range(5):
        (world.place / f"data/backups/before-209{n}0101T000000Z").mkdir()
    assert world.install().returncode == 0
    assert world.runs
    assert world.releases == {world.current.name, later[0].name}
    kept = {one.name for one in (world.place / "data/backups").iterdir()}
    assert kept == {f"before-{world.current.name}", f"before-{later[0].name}", "before-20940101T000000Z"}


def new_release_does(*statements: str) -> str:
    """More shell: the new release works on the data, then never answers."""
    program = (
        f"import sqlite3; c = sqlite3.connect('$data_home/wabox.db'); c.executescript('{'; '.join(statements)}')"
    )
    return f'is_healthy() {{ "{sys.executable}" -c "{program}"; return 1; }}'


STEP = "insert into _sqlite_migrations values (2)"


def test_a_rollback_puts_the_data_back(world: World) -> None:
    done = world.install(new_release_does(STEP, "update note set text = 0"))
    assert done.returncode == 1
    assert "the one before runs again, with its data" in done.stderr, done.stderr
    assert world.runs and world.said() == ["before"]


def test_work_done_on_a_new_schema_is_never_undone(world: World) -> None:
    done = world.install(new_release_does(STEP, "insert into messages (id) values (1)"))
    assert done.returncode == 1 and "messages could go twice" in done.stderr
    assert (world.place / "state").read_text().strip() == "inactive"
    assert world.said() == ["before"]


def test_two_installs_at_once_do_not_mix(world: World) -> None:
    world.write("new-works", "")
    held = subprocess.Popen(
        ["flock", world.place / "install.lock", "sh", "-c", "echo held; cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert held.stdout is not None and held.stdout.readline() == b"held\n"
    done = world.install()
    held.communicate()
    assert done.returncode == 1 and "another ./install.sh service is at work" in done.stderr
    assert world.runs and world.current == world.old
