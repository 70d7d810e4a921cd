"""Whether each locked package comes ready made for every Python and machine that wabox runs on: nothing is built.

pip is asked to install the lock for a Pi and for a server, for each Python; nothing is loaded or installed. That
needs the package index, so no test does it: after `deploy/requirements.lock` has changed.
Run by hand: .venv/bin/python -m tests.bench.wheels
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

LOCK = Path(__file__).parents[2] / "deploy/requirements.lock"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = ("aarch64", "x86_64")
GLIBC = range(17, 37)  # Debian 12's is 2.36
SECONDS = 300


def main() -> None:
    """A line for each; the exit code is 1 where a package is missing."""
    lines = [line for line in LOCK.read_text().splitlines() if line and not line.startswith((" ", "#"))]
    locked = sum("sys_platform == 'win32'" not in line for line in lines)
    short = 0
    for machine in MACHINES:
        for python in PYTHONS:
            kinds, said = _asked(machine, python)
            there = kinds.total()
            short += there != locked
            sys.stdout.write(
                f"{machine:<8} {python}: {there} of {locked} packages, {kinds['pure']} for any machine, "
                f"{kinds['compiled']} compiled{said}\n"
            )
    sys.stdout.write("holds\n" if not short else "falls short\n")
    sys.exit(1 if short else 0)


def _asked(machine: str, python: str) -> tuple[Counter[str], str]:
    """({pure or compiled: how many wheels fit}, what pip said where not all do)."""
    tags = [f"--platform=manylinux_2_{n}_{machine}" for n in GLIBC] + [f"--platform=manylinux2014_{machine}"]
    words = [
        *(
            sys.executable,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--dry-run",
            "-q",
            "--ignore-installed",
        ),
        *(
            "--no-deps",
            "--require-hashes",
            "--only-binary=:all:",
            "--implementation=cp",
            f"--python-version={python}",
        ),
        *(*tags, "--target=/nowhere", "--report=-", "-r", str(LOCK)),
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        return Counter(), f": {errors[-1] if errors else done.stderr[-300:]}"
    names = [one["download_info"]["url"].rpartition("/")[2] for one in json.loads(done.stdout)["install"]]
    return Counter("pure" if name.endswith("-none-any.whl") else "compiled" for name in names), ""


if __name__ == "__main__":
    main()
