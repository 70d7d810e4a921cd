"""Commands as a person types them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house.shell import Shell

Typed = Callable[..., subprocess.CompletedProcess[str]]
PASSWORD = "seven lamps under the jackfruit"


@pytest.fixture(autouse=True)
def same_umask() -> Iterator[None]:
    """Preparing a data directory sets the process's umask."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def shell() -> Iterator[Shell]:
    """A shell for all commands; each has a process of its own."""
    made = Shell()
    yield made
    made.close()


@pytest.fixture
def wabox(shell: Shell, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Typed:
    """Runs `wabox …` in an empty directory of its own."""
    place = tmp_path_factory.mktemp("said")

    def typed(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return shell.run(*words, stdin=stdin, cwd=tmp_path, place=place)

    return typed


@pytest.fixture
def program(tmp_path: Path) -> Typed:
    """The same from nothing, as the system starts it: takes seconds."""

    def typed(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "wabox", *words],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=60,
            check=False,
        )

    return typed


@pytest.fixture
def asha(wabox: Typed) -> subprocess.CompletedProcess[str]:
    """The owner, made by `wabox init`."""
    words = ("--email", "Asha@example.com", "--password-stdin", "--accept-disclaimer", "--json")
    done = wabox("init", *words, stdin=PASSWORD + "\n")
    assert done.returncode == 0, done.stderr
    return done
