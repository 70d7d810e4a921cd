"""`wabox …` in processes of their own, forked from one that has imported it: the import is most of a start."""

from __future__ import annotations

import atexit
import functools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Each line asks for a start, or how one goes on: None, or its exit code. Nothing but forks here, and the pages
# and routes of a box, which know no box: they are most of what a start takes once all is imported.
SERVER = """
import contextlib, functools, gc, importlib, json, os, pathlib, sys
import wabox.__main__ as wabox
from wabox import late
for name in ("engine", "init", "sandbox", "serve"):
    wabox._imported(name)
for name in late.NAMES:
    importlib.import_module(name)
import anyio._backends._asyncio, uvicorn.lifespan.off, uvicorn.protocols.http.auto
from wabox import app, config
from wabox.errors import ConfigError
app.bare, app.pages = functools.cache(app.bare), functools.cache(app.pages)
config.Config().zone
gc.collect()
gc.freeze()
for line in sys.stdin:
    asked = json.loads(line)
    if "pid" in asked:
        pid, ended = os.waitpid(asked["pid"], os.WNOHANG)
        print(json.dumps(os.waitstatus_to_exitcode(ended) if pid else None), flush=True)
        continue
    if asked["words"][0] == "serve":
        with contextlib.suppress(ConfigError, ValueError):
            of = config.load(pathlib.Path(asked["words"][asked["words"].index("--config") + 1]))
            for made in (app.bare, app.pages):
                made(billing=of.billing.enabled, body_kilobytes=of.limits.body_kilobytes)
    pid = os.fork()
    if pid:
        print(pid, flush=True)
        continue
    new = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    for number, (path, how) in enumerate([(asked["in"], 0), (asked["out"], new), (asked["err"], new)]):
        opened = os.open(path, how)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["place"])
    sys.argv = ["wabox", *asked["words"]]
    sys.orig_argv = [sys.executable, "-m", "wabox", *asked["words"]]
    wabox.main()
"""


class Fork:
    """One of these processes; as a Popen."""

    def __init__(self, forks: Forks, pid: int) -> None:
        self.pid, self._forks = pid, forks
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            self.returncode = self._forks.ask(pid=self.pid)
        return self.returncode

    def wait(self, seconds: float) -> int:
        """The exit code. Raises subprocess.TimeoutExpired."""
        deadline = time.monotonic() + seconds
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("wabox", seconds)
            time.sleep(0.02)
        return code

    def send_signal(self, number: int) -> None:
        """Unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """At once."""
        self.send_signal(signal.SIGKILL)


class Forks:
    """Where they come from: a process that has imported all, and started no thread."""

    def __init__(self) -> None:
        words = [sys.executable, "-c", SERVER]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        self._lock = threading.Lock()
        atexit.register(self._end)

    def start(
        self, words: list[str], *, env: Mapping[str, str], out: Path, err: Path, given: Path | None = None
    ) -> Fork:
        """It runs. out, err: what it says is added there. given: what it reads."""
        files = {"in": str(given or os.devnull), "out": str(out), "err": str(err)}
        return Fork(self, self.ask(words=words, env=dict(env), place=str(Path.cwd()), **files))

    def ask(self, **what: Any) -> Any:
        """What the process answers."""
        with self._lock:
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def _end(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@functools.cache
def forks() -> Forks:
    """This process's own."""
    return Forks()


def run(words: list[str], place: Path, *, given: str = "", seconds: float = 60) -> tuple[int, str, str]:
    """`wabox …` to its end: exit code, and what it said on each way. place: keeps that while it runs."""
    came, out, err = (place / f"wabox-{time.monotonic_ns()}.{name}" for name in ("in", "out", "err"))
    came.write_text(given)
    code = forks().start(words, env=os.environ, out=out, err=err, given=came).wait(seconds)
    said = out.read_text(), err.read_text()
    for path in (came, out, err):
        path.unlink()
    return code, *said
