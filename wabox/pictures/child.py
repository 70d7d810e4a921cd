"""The process that sees a picture's bytes, which come on stdin; what to do is its one argument, as JSON.

It takes little memory and few seconds, or it ends. It says on stdout, as JSON, what it saw.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

from wabox.pictures import drawing, parts

MOST_MEMORY = 768 * 1024 * 1024  # 50 million dots of four bytes, drawn and turned, and Python beside
MOST_SECONDS = 10
MOST_WRITTEN = 128 * 1024 * 1024


def main() -> None:
    """Do as the order says. Raises whatever the bytes bring about."""
    for name, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_FSIZE, MOST_WRITTEN),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(name, (most, most))
    order = json.loads(sys.argv[1])
    try:
        answer = _look(order, sys.stdin.buffer.read())
    except (drawing.TooLarge, MemoryError):
        answer = {"wrong": "too_large"}
    except (drawing.Unreadable, parts.Cut):
        answer = {"wrong": "unreadable"}
    sys.stdout.write(json.dumps(answer))


def _look(order: dict[str, Any], data: bytes) -> dict[str, Any]:
    kind = order["kind"]
    drawn = drawing.draw(data, kind, most_pixels=order["most_pixels"])
    width, height = drawn.size
    seen: dict[str, Any] = {"width": width, "height": height, "moves": drawn.moves, "cleaned": False}
    if order["clean_to"] is not None:
        found = parts.of(data, kind)
        behind = data[found.end :].strip(b"\0\r\n\t ")
        seen["two_things"] = found.two_things
        if not found.two_things and (found.notes or behind):
            anew = drawn.turned and not drawn.moves
            clean = drawing.upright(drawn, kind) if anew else parts.without_notes(data, kind, found)
            Path(order["clean_to"]).write_bytes(clean)
            seen["cleaned"] = True
    if order["small_to"] is not None:
        Path(order["small_to"]).write_bytes(drawing.small(drawn))
    return seen


if __name__ == "__main__":
    main()
