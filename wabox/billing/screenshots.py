"""Screenshots of payments: judged by their content, kept under random names where no web server looks."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

from wabox.datadir import flush
from wabox.errors import Invalid, NotFound
from wabox.pictures import looking

MOST_BYTES = 2 * 1024 * 1024
TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
MOST_PIXELS = 20_000_000  # a phone's camera makes 12 million
ORPHANS_KEPT_SECONDS = 3_600
DAMAGED = "The picture is damaged or moves; take a screenshot and give that."
_NAME = re.compile(r"[0-9a-f]{32}\.(png|jpg|webp)")


def kind_of(data: bytes) -> str:
    """`png`, `jpg` or `webp`, by what the file holds, which can be drawn. Raises Invalid `bad_receipt`."""
    if len(data) > MOST_BYTES:
        raise _bad("The picture is over 2 MB; take a screenshot, or make it smaller.")
    kind = _claimed(data)
    try:
        seen = looking.look(data, kind, most_pixels=MOST_PIXELS)
    except looking.TooLarge:
        raise _bad("The picture has over 20 million dots; take a screenshot, or make it smaller.") from None
    except looking.Unreadable:
        raise _bad(DAMAGED) from None
    if seen.moves:
        raise _bad(DAMAGED)
    return kind


def _claimed(data: bytes) -> str:
    """What the file begins as."""
    if data.startswith(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if data[:4] == b"RIFF" and data[8:15] == b"WEBPVP8":
        return "webp"
    raise _bad("Give a picture: PNG, JPEG or WebP.")


def keep(directory: Path, data: bytes) -> str:
    """The picture is on the disk itself, private; returns its name. Raises Invalid `bad_receipt`.

    Flushed, and its name in the directory too: its row is written next, and must not outlive it in a power cut.
    """
    name = f"{secrets.token_hex(16)}.{kind_of(data)}"
    if not directory.is_dir():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        flush(directory.parent)
    try:
        with (directory / name).open("xb") as file:
            (directory / name).chmod(0o600)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        flush(directory)
    except OSError:
        (directory / name).unlink(missing_ok=True)
        raise
    return name


def read(directory: Path, name: str) -> tuple[bytes, str]:
    """The picture and its media type. Raises NotFound."""
    if not _NAME.fullmatch(name):
        raise _gone()
    try:
        return (directory / name).read_bytes(), TYPES[name.rsplit(".", 1)[1]]
    except OSError:
        raise _gone() from None


def drop(directory: Path, name: str) -> None:
    """The picture of a payment that was not taken is gone."""
    if _NAME.fullmatch(name):
        (directory / name).unlink(missing_ok=True)


def sizes(directory: Path, names: Mapping[int, str]) -> dict[int, int]:
    """The bytes of each of these pictures; 0 of one that is not there."""
    found = dict.fromkeys(names, 0)
    for one, name in names.items():
        with contextlib.suppress(OSError):
            found[one] = (directory / name).stat().st_size
    return found


def old_ones(directory: Path) -> list[str]:
    """Names of pictures that have been there for an hour: their payment is written down, or never will be."""
    young = time.time() - ORPHANS_KEPT_SECONDS
    found = []
    with contextlib.suppress(FileNotFoundError):
        found = [
            one.name for one in directory.iterdir() if _NAME.fullmatch(one.name) and one.stat().st_mtime < young
        ]
    return found


def _bad(sentence: str) -> Invalid:
    return Invalid("bad_receipt", sentence, details={"receipt": sentence})


def _gone() -> NotFound:
    return NotFound("not_found", "There is no such picture.")
