"""A shell that has imported every command already, and runs each in a process of its own, forked from it.

Importing them takes a second and a half of a processor, most of what a command costs. Not forked from the
tests themselves: their process has threads. As `python -m tests.house.shell` it reads an `Asked` a line, and
answers each with the exit code.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import msgspec

from wabox.__main__ import main
from wabox.cli import COMMANDS

ROOT = Path(__file__).parents[2]


class Asked(msgspec.Struct):
    """What was typed, and where. place: holds `stdin`; is given `stdout` and `stderr`."""

    words: list[str]
    cwd: str
    place: str


class Shell:
    """Whoever types."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.house.shell"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def close(self) -> None:
        self._process.communicate()

    def run(self, *words: str, stdin: str, cwd: Path, place: Path) -> subprocess.CompletedProcess[str]:
        """The command has ended. place: a directory for what it reads and says."""
        assert self._process.stdin is not None and self._process.stdout is not None
        (place / "stdin").write_text(stdin, encoding="utf-8")
        asked = Asked(["wabox", *words], str(cwd), str(place))
        self._process.stdin.write(msgspec.json.encode(asked) + b"\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        said, complained = ((place / name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(asked.words, code, said, complained)


def serve() -> None:
    """Runs what is asked for until nobody asks."""
    for name in COMMANDS:
        importlib.import_module(f"wabox.cli.{name.replace('-', '_')}")
    decoder = msgspec.json.Decoder(Asked)
    for line in sys.stdin.buffer:
        child = os.fork()
        if child == 0:
            _become(decoder.decode(line))
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


def _become(asked: Asked) -> NoReturn:
    """This process is the command, and ends with it."""
    code = 70
    try:
        os.chdir(asked.cwd)
        for number, name, how in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
            with (Path(asked.place) / name).open(how) as file:
                os.dup2(file.fileno(), number)
        sys.stdin = os.fdopen(os.dup(0), encoding="utf-8")  # what the server had read ahead is not for it
        sys.argv = asked.words
        main(prog_name="wabox")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
