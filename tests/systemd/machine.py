"""A machine with a running systemd, in namespaces of its own: what is asked of it, and what it needs to be."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.journeys.box import descendants, until

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wabox"
TREE = CACHE / "systemd"
LOCK = ROOT / "deploy" / "requirements.lock"
PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RELEASED = (
    "wabox",
    "deploy",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "wabox.toml",
    "install.sh",
)


def lacks() -> str | None:
    """Why this machine cannot have one; None: it can, perhaps after some minutes."""
    if os.geteuid() != 0:
        return "needs root, to make namespaces"
    for program in ("unshare", "nsenter", "setpriv", "pivot_root"):
        if not shutil.which(program):
            return f"needs {program}"
    tried = "mount -t cgroup2 none /mnt && mkdir /mnt/wabox-try && rmdir /mnt/wabox-try"
    if subprocess.run(
        ["unshare", "-m", "-p", "-f", "sh", "-c", tried], capture_output=True, check=False
    ).returncode:
        return "this machine allows no namespaces, or no cgroups, of one's own"
    if not is_made() and not shutil.which("debootstrap"):
        return "needs debootstrap: apt-get install debootstrap"
    return None


def is_made() -> bool:
    """The tree is cached, as tree.sh makes it today."""
    recipe = hashlib.sha256((HERE / "tree.sh").read_bytes()).hexdigest()
    made = TREE / "made-by"
    return made.exists() and made.read_text().strip() == recipe


def make() -> None:
    """The tree is cached. Raises CalledProcessError without a network."""
    if not is_made():
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run([HERE / "tree.sh", TREE], check=True, timeout=1500)


def wheels() -> Path:
    """Every package of the lock, cached. Raises CalledProcessError without a network."""
    place = CACHE / f"wheels-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]}"
    if not place.exists():
        half = place.with_suffix(".half")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "download", "--no-deps"]
        subprocess.run([*pip, "--only-binary", ":all:", "-r", LOCK, "-d", half], check=True, timeout=900)
        half.rename(place)
    return place


class Machine:
    """It runs from `__init__` until `close`."""

    def __init__(self, place: Path) -> None:
        self.share = place / "share"
        self.share.mkdir(parents=True)
        (self.share / "wheels").mkdir()
        for one in wheels().iterdir():
            shutil.copy(one, self.share / "wheels")
        for name in ("wabox", "tools"):
            self.put_tree(name)
        self.init = 0
        self._boot = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", HERE / "boot.sh", TREE, place],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self.init = until(self._first, what="systemd is there")
            until(lambda: "running" in self.run("systemctl", "is-system-running", check=False), what="it is up")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Nothing of it runs any more."""
        os.kill(self.init or self._boot.pid, signal.SIGKILL)
        self._boot.wait(30)

    def put_tree(self, name: str) -> Path:
        """This tree, at /share/NAME, as somebody would have cloned it."""
        place = self.share / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for one in RELEASED:
            if (ROOT / one).is_dir():
                shutil.copytree(ROOT / one, place / one, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / one, place / one)
        return place

    def _first(self) -> int:
        """Its first process; 0: there is none yet."""
        for pid in descendants(self._boot.pid):
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            if lines["Name"] == "systemd" and lines["NSpid"].split()[-1] == "1":
                return pid
        return 0

    def command(self, *words: str) -> list[str]:
        """What runs these words in it."""
        return [
            *("nsenter", "-t", str(self.init), "-a", "sh", "-c", 'cd / && exec "$@"', "sh", "env", "-i"),
            *(f"PATH={PATH}", "HOME=/root", "LC_ALL=C.UTF-8", "PIP_NO_INDEX=1", "PIP_FIND_LINKS=/share/wheels"),
            *words,
        ]

    def ask(self, *words: str, seconds: float = 240) -> subprocess.CompletedProcess[str]:
        """The command was run by root in there."""
        return subprocess.run(
            self.command(*words),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def run(self, *words: str, check: bool = True, seconds: float = 240) -> str:
        """What the command said. check: it must have ended well."""
        done = self.ask(*words, seconds=seconds)
        assert not check or done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def show(self, name: str, unit: str = "wabox") -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "-p", name, "--value", unit)

    def until(self, question: Callable[[], object], seconds: float = 60, *, what: str) -> None:
        """The question was answered by something true. When not, the test shows the log."""
        try:
            until(question, seconds, what=what)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.run('journalctl', '-n', '60', '--no-pager')}") from None
