"""Ten thousand posts at once, through 64 and through 512 connections: none lost, none doubled, memory flat.

Run by hand: .venv/bin/python -m tests.bench.burst [posts]
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from time import perf_counter

from tests.cast import stage
from tests.faces.api.serving import Ask, rush, serving
from wabox.api import v1

POSTS = 10_000
MOST_GROWTH_MB = 64
KNOWN = {202, 429, 503}


def main() -> None:
    """Print what became of them; the exit code is 1 when anything was lost, doubled or kept in memory."""
    warnings.simplefilter("ignore")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else POSTS
    good = [_burst(count, connections) for connections in (64, 512)]
    sys.exit(0 if all(good) else 1)


def _burst(count: int, connections: int) -> bool:
    with tempfile.TemporaryDirectory() as place:
        made = stage(Path(place), limits={"send_burst": 100_000, "send_per_second": 10_000})
        headers = {"X-API-Key": made.asha.key}
        asks = [
            Ask(
                v1.PATH + "/send",
                headers,
                {"phone": f"8801711{n:06d}", "message": f"{n}", "queue_if_offline": True},
            )
            for n in range(count)
        ]
        with serving(made) as url:
            rush(url, asks[: count // 10], connections=connections)
            before, began = _resident_mb(), perf_counter()
            answers = rush(url, asks[count // 10 :], connections=connections)
            seconds, grown = perf_counter() - began, _resident_mb() - before
        told = Counter(one.status for one in answers)
        late = sum("retry-after" not in one.headers for one in answers if one.status != 202)
        rows = made.value("select count(*) from messages") - count // 10
        texts = made.value("select count(distinct text) from messages") - count // 10
        made.close()
    good = set(told) <= KNOWN and rows == texts == told[202] and not late and grown < MOST_GROWTH_MB
    sys.stdout.write(
        f"{connections:>4} connections: {dict(told)} in {seconds:.1f} s, {rows} messages, "
        f"{late} without Retry-After, memory +{grown:.0f} MB: {'holds' if good else 'falls short'}\n"
    )
    return good


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


if __name__ == "__main__":
    main()
