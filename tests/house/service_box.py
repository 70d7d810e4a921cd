"""A box with a systemd that is only a script, for tests of `./install.sh service`."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

SYSTEMCTL = """#!/bin/bash
cd "$SERVICE_WORLD"
echo "$*" >>orders
state=$(cat state)
running() { current=$(readlink -f opt/current) && [ -e "$current/works" ] && [ "$1" = active ]; }
case "$*" in *"$guard"*) exit 0 ;; esac
case "$1" in
    show) case "$3" in ActiveState) echo "$state" ;; *) cat "$3" ;; esac ;;
    is-enabled) [ -e enabled ] || exit 1 ;;
    enable) : >enabled ;;
    daemon-reload) echo no >NeedDaemonReload ;;
    stop) [ -e stop-fails ] && exit 1
        [ -e stop-lies ] || echo inactive >state ;;
    start) [ -e start-fails ] && exit 1
        echo active >state
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
    doctor) [ ! -e "$SERVICE_WORLD/no-browser" ] ;;
    setup-link) ;;
esac
"""

SCRIPT = """
source "$1/install.sh"
world=$SERVICE_WORLD
export guard
here=$world/tree
release_home=$world/opt data_home=$world/data config_file=$world/etc/wabox.toml unit_file=$world/wabox.service
command_link=$world/command install_lock=$world/install.lock systemd_home=$world service_path=$world/bin:$PATH
service_user=$2 health_probes=2 phone_probes=2 python_here=$3
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
eval "real_$(declare -f ask)"
ask() { # a wabox that answers is only a file
    if [ "$1" = health.py ]; then
        [ -e "$release/works" ] && [ "$(cat "$world/state" "$world/started")" = "active
$release" ]
    else
        real_ask "$@"
    fi
}
share_packages() {
    mkdir -p "$release/.venv/bin" "$release_home/packages-$(cat "$world/lock")"
    cp "$world/bin/wabox-program" "$release/.venv/bin/wabox"
    ln -s "$python_here" "$release/.venv/bin/python"
    ln -s "$release_home/packages-$(cat "$world/lock")" "$release/packages"
    [ ! -e "$world/new-works" ] || : >"$release/works"
    [ ! -e "$world/new-does-not-import" ] || : >"$release/does-not-import"
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
            (place / name).mkdir(parents=True, exist_ok=True)
        for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "wabox.toml", "install.sh"):
            self.write(f"tree/{name}", "")
        shutil.copytree(ROOT / "deploy", place / "tree/deploy")
        self.write("bin/systemctl", SYSTEMCTL).chmod(0o755)
        self.write("bin/journalctl", "#!/bin/sh\n").chmod(0o755)
        self.write("bin/wabox-program", WABOX).chmod(0o755)
        self.write("bin/systemd-run", '#!/bin/sh\necho "$*" >>"$SERVICE_WORLD/guarded"\n').chmod(0o755)
        self.write("state", "active")
        self.write("NRestarts", "0")
        self.write("lock", "one")
        self.write("NeedDaemonReload", "yes")
        self.write("etc/wabox.toml", "")
        self.old = self.release("20250101T000000Z", works=True)
        (place / "opt/current").symlink_to(self.old)
        self.write("started", str(self.old))
        self.write("data/secret.key", "key")
        with contextlib.closing(sqlite3.connect(self.database)) as made:
            made.executescript("""
                pragma journal_mode = wal;
                create table messages (id, claimed_at, sent_at, finished_at);
                create table devices (id, wanted, state);
                create table deliveries (id); create table note (text);
                create table box (key text primary key, value);
                create table audit (id integer primary key autoincrement, action, details, at);
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
        (made / "wabox").mkdir()
        (made / "wabox/fence.py").touch()
        if works:
            (made / "works").touch()
        return made

    def install(self, as_well: str = "") -> subprocess.CompletedProcess[str]:
        """Runs `./install.sh service` in this world. as_well: more shell, said before."""
        user = pwd.getpwuid(os.geteuid()).pw_name
        return subprocess.run(
            ["env", "--default-signal=INT,HUP", "bash", "-c", SCRIPT, "install.sh", ROOT, user, sys.executable],
            env={**self.env, "AS_WELL": as_well},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def env(self) -> dict[str, str]:
        path = f"{self.place}/bin:{os.environ['PATH']}"
        return {**os.environ, "SERVICE_WORLD": str(self.place), "PATH": path, "guard": "wabox-upgrade-guard"}

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

    @property
    def was_stopped(self) -> bool:
        """At any time."""
        orders = self.place / "orders"
        return orders.exists() and "stop wabox" in orders.read_text()

    def said(self, database: Path | None = None) -> list[str]:
        with contextlib.closing(sqlite3.connect(database or self.database)) as connection:
            assert connection.execute("pragma quick_check").fetchone() == ("ok",)
            return [text for (text,) in connection.execute("select text from note")]


def in_database(*statements: str) -> str:
    """Shell that does this in the box's database, as if a release had."""
    program = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])"
    sql = "; ".join(statements)
    return f'"{sys.executable}" -c "{program}" "$data_home/wabox.db" "{sql}"'
