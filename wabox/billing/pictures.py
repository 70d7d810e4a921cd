"""Looks whether a picture can really be drawn, and bears that it was made to hurt: the one importer of Pillow.

The decoder is chosen by the kind that is claimed; nothing but that decoder sees the bytes. One at a time: at
MOST_PIXELS a picture takes 80 MB while it is looked at.
"""

from __future__ import annotations

import io
import struct
import threading
import zlib
from collections.abc import Callable
from typing import IO

from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

MOST_PIXELS = 20_000_000  # a phone's camera makes 12 million
MOST_SCANS = 64  # a JPEG of 2 MB may hold 40,000, each as much work as the whole picture
_OPENERS: dict[str, Callable[[IO[bytes]], ImageFile]] = {
    "png": PngImageFile,
    "jpg": JpegImageFile,
    "webp": WebPImageFile,
}
_START_OF_SCAN = b"\xff\xda"
_ONE_AT_A_TIME = threading.Lock()
# What Pillow raises for bytes that are no such picture; anything else is ours.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)


class Unreadable(Exception):
    """It is no picture of this kind, or a broken one, or it moves."""


class TooLarge(Exception):
    """It is more to draw than a screenshot or a photo needs."""


def check(data: bytes, kind: str) -> None:
    """Nothing happens if the bytes are one still picture of this kind: png, jpg or webp.

    Raises Unreadable, TooLarge. Takes up to a second of one core: never on the loop.
    """
    if kind == "jpg" and data.count(_START_OF_SCAN) > MOST_SCANS:
        raise TooLarge
    if kind == "webp" and _webp_pixels(data) > MOST_PIXELS:
        raise TooLarge  # its decoder takes the memory before it can be asked
    with _ONE_AT_A_TIME:
        _draw(data, kind)


def _draw(data: bytes, kind: str) -> None:
    try:
        picture = _OPENERS[kind](io.BytesIO(data))
        width, height = picture.size
        if width * height > MOST_PIXELS:
            raise TooLarge
        if getattr(picture, "n_frames", 1) != 1:
            raise Unreadable
        picture.load()
    except _BROKEN as error:
        raise Unreadable from error


def _webp_pixels(data: bytes) -> int:
    """Width times height as the head says, whichever of the three forms it has."""
    form, head = data[12:16], data[20:30]
    if len(head) < 10:
        raise Unreadable
    if form == b"VP8X":
        return (int.from_bytes(head[4:7], "little") + 1) * (int.from_bytes(head[7:10], "little") + 1)
    if form == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1)
    width, height = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    return (width & 0x3FFF) * (height & 0x3FFF)
