"""A program that is imported once, and then runs again and again, each time in a process of its own: a fork."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Each line is a run: its words, and the files for what it says and what it complains of. Nothing but forks here.
SERVER = """
import json, os, sys, traceback
exec(sys.argv[1])
body = compile(sys.argv[2], "<warm>", "exec")
for line in sys.stdin:
    words, out, err = json.loads(line)
    pid = os.fork()
    if pid == 0:
        for number, path in ((1, out), (2, err)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.argv = ["-c", *words]
        code = 1
        try:
            exec(body, globals())
            code = 0
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Warm:
    """The program, ready to run."""

    def __init__(self, process: subprocess.Popen[str], place: Path) -> None:
        self._process, self._place = process, place

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        """It ran with these words; returncode is negative when a signal ended it."""
        said = [list(map(str, words)), str(self._place / "out"), str(self._place / "err")]
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        out, err = ((self._place / name).read_text() for name in ("out", "err"))
        return subprocess.CompletedProcess(said[0], code, out, err)


@contextmanager
def warmed(imports: str, body: str) -> Iterator[Warm]:
    """imports: run once, and starts no thread. body: each run's own, in `sys.argv` its words."""
    words = [sys.executable, "-c", SERVER, imports, body]
    with (
        tempfile.TemporaryDirectory() as place,
        subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, bufsize=1
        ) as process,
    ):
        yield Warm(process, Path(place))
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0
