"""Power loss by images: what a disk may hold when the power goes, at any moment of a busy box.

Run by hand: .venv/bin/python -m tests.bench.power [images]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.power import disk
from tests.power.judging import Judgement, judge, under_load

IMAGES, MESSAGES = 3_000, 600
SHOWN = 5


def main() -> None:
    """Print what the images show; the exit code is 1 when one is not as it must be."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    if disk.library() is None:
        sys.stdout.write("SQLite is built into this Python, out of reach; use the system's Python.\n")
        return
    with tempfile.TemporaryDirectory() as place:
        notes = under_load(Path(place), MESSAGES)
        found = judge(Path(place) / "image", notes, count, seed=1)
        control = judge(Path(place) / "image", notes, max(count // 10, 10), seed=2, flushes=False)
    good = found.is_fair and not found.wrong and bool(control.wrong)
    for line in (
        f"{len(notes)} writes, flushes and answers of {MESSAGES} messages",
        f"as it is: {_told(found)}",
        f"had the log never been flushed: {_told(control)} (there must be some)",
        *found.wrong[:SHOWN],
        "holds" if good else "falls short",
    ):
        sys.stdout.write(f"{line}\n")
    sys.exit(0 if good else 1)


def _told(found: Judgement) -> str:
    return f"{found.count} images, {len(found.wrong)} of them wrong"


if __name__ == "__main__":
    main()
