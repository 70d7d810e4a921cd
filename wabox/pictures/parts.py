"""Knows of which parts a picture's file is made: where it ends, and which of them tell of a place or a person.

Pure, of bytes alone. Parts are taken out letter by letter, so that what is drawn stays exactly as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from wabox.pictures import behind

MOST_PARTS = 100_000
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_COMMENT = 0xFE
_ALONE = {0x01, 0xD8, *range(0xD0, 0xD8)}  # markers of JPEG without a length
_JPEG_NOTES = {
    0xE1: (b"Exif\0", b"http://ns.adobe.com/xap/", b"http://ns.adobe.com/xmp/"),
    0xE2: (b"MPF\0",),  # says where a second picture lies behind this one
    0xED: (b"Photoshop 3.0\0",),
}
_PNG_NOTES = {b"eXIf", b"tEXt", b"zTXt", b"iTXt"}
_PNG_TELLING = (b"XML:com.adobe.xmp", b"Raw profile type", b"xmp", b"exif")
_WEBP_NOTES = {b"EXIF", b"XMP "}
_WEBP_NOTE_BITS = 0x08 | 0x04
_WEBP_DRAWN = {b"VP8 ", b"VP8L", b"ALPH", b"ANMF", b"ICCP"}
_WEBP_HEADS = {b"VP8X", b"ANIM"}
_GIF_COMMENT, _GIF_XMP = b"\x21\xfe", b"\x21\xff\x0bXMP DataXMP"
# Where a picture ends, its notes, and the parts that nobody draws and that must not run; comments are both.
_Found: TypeAlias = tuple[int, list[tuple[int, int]], list[tuple[int, int]]]


class Cut(Exception):
    """It ends before it is over, or is no such file."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Where the picture ends, and the (from, to) of its notes: EXIF, XMP, comments, what tells of its maker.

    two_things: what is no part of any picture lies behind its end, or stands in a note that stays in it.
    """

    end: int
    notes: tuple[tuple[int, int], ...]
    two_things: bool


def of(data: bytes, kind: str) -> Parts:
    """The parts of a file of this kind: png, jpg, webp or gif. Raises Cut."""
    try:
        end, notes, rest = {"png": _png, "jpg": _jpg, "webp": _webp, "gif": _gif}[kind](data)
    except IndexError:
        raise Cut from None
    clean = not data[end:].strip(b"\0\r\n\t ") or (
        kind == "jpg" and behind.is_a_phones(data, end, _end_of_jpeg)  # phones put films and notes there
    )
    two_things = not clean or any(behind.runs(data[start:stop]) for start, stop in rest)
    return Parts(end, tuple(notes), two_things)


def without_notes(data: bytes, kind: str, parts: Parts) -> bytes:
    """The same picture without its notes and without what lies behind its end."""
    pieces, at = [], 0
    for start, end in parts.notes:
        pieces.append(data[at:start])
        at = end
    kept = bytearray(b"".join([*pieces, data[at : parts.end]]))
    if kind == "webp":
        kept[4:8] = (len(kept) - 8).to_bytes(4, "little")
        if kept[12:16] == b"VP8X":
            kept[20] &= ~_WEBP_NOTE_BITS & 0xFF
    return bytes(kept)


def _end_of_jpeg(data: bytes, at: int) -> int:
    try:
        return _jpg(data, at)[0]
    except (Cut, IndexError):
        return at


def _jpg(data: bytes, begin: int = 0) -> _Found:
    notes: list[tuple[int, int]] = []
    rest: list[tuple[int, int]] = []
    for marker, at, end in _segments(data, begin + 2):
        if marker == 0xD9:
            return end, notes, rest
        if marker == _COMMENT or data.startswith(_JPEG_NOTES.get(marker, ()), at + 4):
            notes.append((at, end))
        if marker == _COMMENT or 0xE0 <= marker <= 0xEF and (at, end) not in notes[-1:]:
            rest.append((at, end))
    raise Cut


def _segments(data: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """(marker, from, to) of each that has a length, and of the end."""
    for _ in range(MOST_PARTS):
        while data[at] == 0xFF and data[at + 1] == 0xFF:
            at += 1
        if data[at] != 0xFF:
            raise Cut
        marker = data[at + 1]
        if marker in _ALONE or marker == 0xD9:
            end = at + 2
        else:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if end > len(data) or end < at + 4:
                raise Cut
        if marker not in _ALONE:
            yield marker, at, end
        at = _after_scan(data, end) if marker == 0xDA else end


def _after_scan(data: bytes, at: int) -> int:
    found = _MARKER.search(data, at)
    if found is None:
        raise Cut
    return found.start()


def _png(data: bytes) -> _Found:
    notes: list[tuple[int, int]] = []
    rest: list[tuple[int, int]] = []
    for start, end, name in _chunks(data, 8, before=True):
        if name in _PNG_NOTES:
            notes.append((start, end))
        elif name[:1].islower():  # of no use for drawing
            rest.append((start, end))
        if name == b"IEND":
            telling = any(_tells(data[start:end]) for start, end in notes)
            return end, notes, rest if telling else rest + notes
    raise Cut


def _tells(chunk: bytes) -> bool:
    return chunk[4:8] == b"eXIf" or chunk[8:40].lower().startswith(tuple(one.lower() for one in _PNG_TELLING))


def _webp(data: bytes) -> _Found:
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise Cut
    found = list(_chunks(data[:end], 12, before=False))
    notes = [(start, stop) for start, stop, name in found if name not in _WEBP_DRAWN | _WEBP_HEADS]
    rest = [(start, stop) for start, stop, name in found if name not in _WEBP_NOTES | _WEBP_DRAWN]
    return end, notes, rest


def _chunks(data: bytes, at: int, *, before: bool) -> Iterator[tuple[int, int, bytes]]:
    """(from, to, name) of each. before: PNG's way, the length before the name and a sum at the end."""
    for _ in range(MOST_PARTS):
        if at == len(data):
            return
        first, second = data[at : at + 4], data[at + 4 : at + 8]
        if before:
            end, name = at + 12 + int.from_bytes(first, "big"), second
        else:
            length = int.from_bytes(second, "little")
            end, name = at + 8 + length + length % 2, first
        if end > len(data) or len(second) < 4:
            raise Cut
        yield at, end, name
        at = end
    raise Cut


def _gif(data: bytes) -> _Found:
    notes: list[tuple[int, int]] = []
    rest: list[tuple[int, int]] = []
    at = 13 + _colours(data[10])
    for _ in range(MOST_PARTS):
        sign = data[at]
        if sign == 0x3B:
            return at + 1, notes, rest
        if sign == 0x2C:
            at = _blocks(data, at + 11 + _colours(data[at + 9]))
        elif sign == 0x21:
            part = (at, _blocks(data, at + 2))
            if data.startswith((_GIF_COMMENT, _GIF_XMP), at):
                notes.append(part)
            if not data.startswith(_GIF_XMP, at):
                rest.append(part)
            at = part[1]
        else:
            raise Cut
    raise Cut


def _colours(packed: int) -> int:
    return 3 << ((packed & 7) + 1) if packed & 0x80 else 0


def _blocks(data: bytes, at: int) -> int:
    for _ in range(len(data)):
        if data[at] == 0:
            return at + 1
        at += 1 + data[at]
    raise Cut
