"""Draws a picture, and bears that it was made to hurt: the one importer of Pillow.

The decoder is chosen by the kind that is claimed; nothing but that decoder sees the bytes.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from PIL import Image, ImageOps
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile, get_sampling
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from wabox.pictures.faults import TooLarge, Unreadable

__all__ = ["TooLarge", "Unreadable"]

MOST_SCANS = 64  # a JPEG of 2 MB may hold 40,000, each as much work as the whole picture
SMALL = 320  # dots of a small picture's longer side
ORIENTATION = 0x0112  # EXIF's tag: which way the phone was held
_OPENERS: dict[str, Callable[[IO[bytes]], ImageFile]] = {
    "png": PngImageFile,
    "jpg": JpegImageFile,
    "webp": WebPImageFile,
    "gif": GifImageFile,
}
_START_OF_SCAN = b"\xff\xda"
# What Pillow raises for bytes that are no such picture; anything else is ours.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture that was drawn. moves: it has several frames, of which the first was drawn."""

    image: ImageFile
    moves: bool

    @property
    def turned(self) -> bool:
        """Whether it must be turned to be seen as it was taken."""
        return bool(self.image.getexif().get(ORIENTATION, 1) != 1)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, as it is seen."""
        width, height = self.image.size
        return (height, width) if self.image.getexif().get(ORIENTATION, 1) in (5, 6, 7, 8) else (width, height)


def draw(data: bytes, kind: str, *, most_pixels: int) -> Drawn:
    """The bytes as a picture of this kind: png, jpg, webp or gif. Raises Unreadable, TooLarge.

    Takes up to a second of one core, and four bytes a dot.
    """
    if kind == "jpg" and data.count(_START_OF_SCAN) > MOST_SCANS:
        raise TooLarge
    if kind == "webp" and _webp_pixels(data) > most_pixels:
        raise TooLarge  # its decoder takes the memory before it can be asked
    try:
        picture = _OPENERS[kind](io.BytesIO(data))
        width, height = picture.size
        if width * height > most_pixels:
            raise TooLarge
        moves = getattr(picture, "n_frames", 1) != 1
        picture.load()
    except _BROKEN as error:
        raise Unreadable from error
    return Drawn(picture, moves)


def upright(drawn: Drawn, kind: str) -> bytes:
    """The picture anew, turned as it is seen, with its colours and nothing else that was noted in it."""
    picture, file = drawn.image, io.BytesIO()
    how: dict[str, object] = {"icc_profile": picture.info.get("icc_profile")}
    if kind == "jpg":
        assert isinstance(picture, JpegImageFile)
        how |= {"qtables": picture.quantization, "progressive": bool(picture.info.get("progressive"))}
        if (sampling := get_sampling(picture)) >= 0:
            how["subsampling"] = sampling
    elif kind == "webp":
        how |= {"quality": 90}
    turned = ImageOps.exif_transpose(picture)
    turned.getexif().clear()
    for name in ("exif", "comment"):
        turned.info.pop(name, None)
    turned.save(file, {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[kind], **how)
    return file.getvalue()


def small(drawn: Drawn) -> bytes:
    """A WebP of the picture that no side of is longer than SMALL dots."""
    picture: Image.Image = drawn.image
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    if picture.mode != mode:
        picture = picture.convert(mode)
    picture.thumbnail((SMALL, SMALL))
    if drawn.turned:
        picture = ImageOps.exif_transpose(picture)
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=75, exif=b"", xmp=b"", icc_profile=None)
    return file.getvalue()


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
