"""What a start costs until /healthz says ok, and what the process then holds, against the bare libraries.

Run by hand: .venv/bin/python -m tests.bench.start [times]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.bench.machine import SETTINGS, START_SECONDS, _free_port, _owner
from wabox.demo.children import started
from wabox.errors import ConfigError

TICKS = os.sysconf("SC_CLK_TCK")
SETTLED_SECONDS = 3.0
# What answers when nothing of wabox is there: the same libraries, one route.
BARE = """\
import sys
import uvicorn, uvloop
from litestar import Litestar, get
@get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}
uvicorn.run(Litestar([healthz], openapi_config=None, logging_config=None), port=int(sys.argv[1]), log_config=None)
"""


@dataclass(frozen=True, slots=True)
class Started:
    """One start. cpu, wall: seconds until /healthz. idle_mb: resident when all is quiet; page_mb: after a page."""

    cpu: float
    wall: float
    idle_mb: float
    page_mb: float


def of_box(settings: Path, port: int) -> Started:
    """`wabox serve` on an empty box."""
    began = time.monotonic()
    with started("wabox", ["serve", "--config", str(settings)], log=settings.with_suffix(".log")) as child:
        url = f"http://127.0.0.1:{port}"
        _answers(url, child.process)
        wall, cpu = time.monotonic() - began, cpu_seconds(child.process.pid)
        time.sleep(SETTLED_SECONDS)
        idle = resident_mb(child.process.pid)
        httpx.get(f"{url}/login", trust_env=False, follow_redirects=True).raise_for_status()
        return Started(cpu, wall, idle, resident_mb(child.process.pid))


def of_libraries(port: int) -> Started:
    """Litestar and uvicorn with one route."""
    began = time.monotonic()
    child = subprocess.Popen([sys.executable, "-c", BARE, str(port)])
    try:
        _answers(f"http://127.0.0.1:{port}", child)
        wall, cpu = time.monotonic() - began, cpu_seconds(child.pid)
        time.sleep(SETTLED_SECONDS)
        idle = resident_mb(child.pid)
        return Started(cpu, wall, idle, idle)
    finally:
        child.kill()
        child.wait()


def cpu_seconds(pid: int) -> float:
    """What the process has computed so far, in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid: int) -> float:
    """What of it lies in memory."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) / 1024
    raise ConfigError("smaps_rollup says nothing of Rss")


def _answers(url: str, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < until and child.poll() is None:
            try:
                if client.get(f"{url}/healthz").status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.01)
    raise ConfigError("it did not start")


def main(times: int) -> None:
    """Print both, interleaved, with their ratio."""
    with tempfile.TemporaryDirectory(prefix="wabox-bench-") as place:
        port = _free_port()
        settings = Path(place) / "wabox.toml"
        settings.write_text(SETTINGS.format(port=port), encoding="utf-8")
        _owner(settings)
        box, bare = [], []
        for _ in range(times):
            bare.append(of_libraries(_free_port()))
            box.append(of_box(settings, port))
    say = sys.stdout.write
    say(f"{times} starts each, medians; beside them Litestar and uvicorn with one route\n")
    for name, unit in (("cpu", "s"), ("wall", "s"), ("idle_mb", "MB"), ("page_mb", "MB")):
        ours, theirs = (statistics.median(getattr(one, name) for one in all_of) for all_of in (box, bare))
        digits = 2 if unit == "s" else 0
        shown = f"{ours:7.{digits}f} {unit:2}  {theirs:7.{digits}f} {unit:2}  {ours / theirs:4.1f} x"
        say(f"{name.removesuffix('_mb'):6} {shown}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
