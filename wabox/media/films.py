"""Reads MP4 as far as it must be known: whole boxes from end to end, what plays in it, and how long."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wabox.media.found import Found, Refused, refused
from wabox.media.stored import Kind
from wabox.pictures.behind import runs

MOST_BOXES = 200_000
MOST_NOTES = 1024 * 1024  # bytes that are looked at of a box that does not play
_NOTES = (b"udta", b"meta", b"uuid")
# Where it was filmed, and by what: Android's and Apple's ways, and XMP.
_TELLING = re.compile(
    rb"\xa9(?:xyz|mak|mod)|loci|com\.apple\.quicktime\.(?:location|make|model)|com\.android\.(?:manufacturer|model)"
    rb"|<x:xmpmeta|exif:GPS"
)
_PLAYED = (b"mdat", b"moov", b"moof", b"sidx")
_STILL = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis")
_HEIC = "This is a picture in Apple's form HEIC; save it as JPEG and send that."
QUICKTIME = "video/quicktime"  # what iPhones film; WhatsApp shows none as a film


@dataclass(slots=True)
class _Told:
    """What the boxes of a film's head said."""

    handlers: set[bytes] = field(default_factory=set)
    seconds: float | None = None
    width: int = 0
    height: int = 0
    telling: list[tuple[int, int]] = field(default_factory=list)


def mp4(data: mmap.mmap) -> Found:
    """A video, or the sound of one alone; of QuickTime a document. Raises Refused, Invalid for a still picture."""
    brand = data[8:12]
    if brand in _STILL:
        raise refused(_HEIC)
    top = list(_boxes(data, 0, len(data)))
    heads = [(start, end) for name, start, end in top if name == b"moov"]
    if len(heads) != 1:
        raise Refused
    if any(name not in _PLAYED and runs(data[start : min(end, start + MOST_NOTES)]) for name, start, end in top):
        raise Refused
    told = _Told()
    _read(data, *heads[0], told, depth=0)
    for name, start, end in top:
        if name in _NOTES and _TELLING.search(data[start:end]):
            told.telling.append((start, end))
    telling = tuple(told.telling)
    if brand == b"qt  ":
        kind: tuple[Kind, str, str] = ("document", QUICKTIME, "mov")
    elif b"soun" in told.handlers and b"vide" not in told.handlers:
        return Found("audio", "audio/mp4", "m4a", seconds=told.seconds, telling=telling)
    else:
        kind = ("video", "video/3gpp", "3gp") if brand[:2] == b"3g" else ("video", "video/mp4", "mp4")
    size = (told.width or None, told.height or None)
    return Found(*kind, None, *size, told.seconds, telling)


def blank(path: Path, telling: Iterable[tuple[int, int]]) -> None:
    """These notes are empty now: each box holds nothing, as long as it was, so that all else stays in place."""
    with path.open("r+b") as file:
        for start, end in telling:
            file.seek(start - 4)
            name = start - 4 if file.read(4) in _NOTES else start - 12  # a long box has its size behind its name
            file.seek(name)
            file.write(b"free")
            file.seek(start)
            file.write(bytes(end - start))


def _read(data: mmap.mmap, start: int, end: int, told: _Told, *, depth: int) -> None:
    for name, inside, stop in _boxes(data, start, end):
        if name in (b"trak", b"mdia") and depth < 4:
            _read(data, inside, stop, told, depth=depth + 1)
        elif name in _NOTES and _TELLING.search(data[inside:stop]):
            told.telling.append((inside, stop))
        elif name == b"hdlr":
            told.handlers.add(data[inside + 8 : inside + 12])
        elif name == b"mvhd":
            told.seconds = _seconds(data[inside : inside + 32])
        elif name == b"tkhd":
            told.width = max(told.width, int.from_bytes(data[stop - 8 : stop - 6], "big"))
            told.height = max(told.height, int.from_bytes(data[stop - 4 : stop - 2], "big"))


def _seconds(head: bytes) -> float | None:
    at, size = (20, 8) if head[0] == 1 else (12, 4)
    scale = int.from_bytes(head[at : at + 4], "big")
    length = int.from_bytes(head[at + 4 : at + 4 + size], "big")
    # a film in pieces has nothing here: how long it is, only its pieces tell
    return round(length / scale, 2) if scale and 0 < length < 86_400 * scale else None


def _boxes(data: mmap.mmap, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, from, to) of what each box holds; they fill the stretch exactly, or it raises Refused."""
    for _ in range(MOST_BOXES):
        if at == end:
            return
        size, name, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end or len(name) < 4:
            raise Refused
        yield name, at + head, at + size
        at += size
    raise Refused
