"""Says which phones are ready, for an upgrade: phones.py DATABASE prints their numbers, as 1,3.

phones.py DATABASE 1,3: exit code 0 once all of these that shall still send are ready; else 1.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from pathlib import Path


def states(path: Path) -> dict[int, tuple[bool, str]]:
    """{id: (whether it shall send, its state)}. Raises sqlite3.Error."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
    with contextlib.closing(connection):
        return {
            number: (bool(wanted), state)
            for number, wanted, state in connection.execute("select id, wanted, state from devices")
        }


def main(path: Path, awaited: str | None) -> int:
    """The exit code."""
    try:
        found = states(path)
    except sqlite3.Error:
        return 1
    if awaited is None:
        sys.stdout.write(",".join(str(one) for one, (_, state) in sorted(found.items()) if state == "ready"))
        return 0
    left = [found[number] for number in map(int, awaited.split(",")) if number in found]
    return 0 if all(state == "ready" or not wanted for wanted, state in left) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
