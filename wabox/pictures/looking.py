"""Has a picture looked at by a child process: what comes of bytes made to hurt ends there."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from wabox.pictures.faults import TooLarge, Unreadable

__all__ = ["Seen", "TooLarge", "Unreadable", "look"]

LONGEST_SECONDS = 10.0
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture that can be drawn. width, height: dots, as it is seen. moves: it has several frames.

    cleaned: what it says of place and camera was taken out; the rest lies where it was asked for. two_things: what
    is no part of a picture is in it or behind its end; false if nobody asked for a clean one.
    """

    width: int
    height: int
    moves: bool
    cleaned: bool
    two_things: bool


def look(
    given: Path | bytes, kind: str, *, most_pixels: int, clean_to: Path | None = None, small_to: Path | None = None
) -> Seen:
    """The picture was drawn. kind: png, jpg, webp or gif, as its first bytes say.

    clean_to: where a copy without notes is written, if there are any, turned as it is seen. small_to: where a
    small WebP of it is written. Raises Unreadable, TooLarge. Takes up to ten seconds: never on the loop. One at a
    time, for the memory's sake.
    """
    order = {
        "kind": kind,
        "most_pixels": most_pixels,
        "clean_to": None if clean_to is None else str(clean_to),
        "small_to": None if small_to is None else str(small_to),
    }
    words = [sys.executable, "-I", "-m", "wabox.pictures.child", json.dumps(order)]
    with _ONE_AT_A_TIME:
        try:
            if isinstance(given, bytes):
                done = subprocess.run(
                    words, input=given, capture_output=True, timeout=LONGEST_SECONDS, check=False
                )
            else:
                with given.open("rb") as file:
                    done = subprocess.run(
                        words, stdin=file, capture_output=True, timeout=LONGEST_SECONDS, check=False
                    )
        except subprocess.TimeoutExpired:
            raise TooLarge from None
    return _answer(done)


def _answer(done: subprocess.CompletedProcess[bytes]) -> Seen:
    try:
        said = json.loads(done.stdout)
    except ValueError:
        raise Unreadable from None  # it ended badly
    if said.get("wrong") == "too_large":
        raise TooLarge
    if "wrong" in said:
        raise Unreadable
    return Seen(said["width"], said["height"], said["moves"], said["cleaned"], said.get("two_things", False))
