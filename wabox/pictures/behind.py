"""Knows what phones put behind the end of a photo, and what in a picture's bytes is no part of a picture.

Pure, of bytes alone. What lies behind is taken off the picture anyway; but what no phone puts there says that the
file is two things at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# What a browser or a machine takes for its own, wherever it begins; too long to come in a film by chance.
_RUNS = re.compile(
    rb"<(?:script|html|body|iframe|object|embed|!doctype|\?php|svg[\s>])|%PDF-|This program cannot be run", re.I
)
_RUNS_IN_NOTES = re.compile(_RUNS.pattern + rb"|<(?:img|\?=|%)|\*/|PK\x03\x04|\x7fELF", re.I)
_BEGINS = (b"MZ", b"\x7fELF", b"#!", b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"\xca\xfe\xba\xbe", b"\0asm")
_BLANKS = re.compile(rb"(?:[\0\s]|\xff\xff|\xff\xd9)*")
_BOX = re.compile(rb"[\x20-\x7e\xa9]{4}")
# The last bytes of what Samsung, Vivo and OnePlus with its like write behind a photo, as exiftool knows them
# (github.com/exiftool/exiftool, lib/Image/ExifTool/Samsung.pm and Trailer.pm, seen November 2026).
_MAKERS = re.compile(rb"(?:SEFT|QDIOBS|\xff{4}\x1b\*9HWfu\x84\x93\xa2\xb1|jxrs.{3}\0)\Z", re.S)


def runs(note: bytes) -> bool:
    """Whether something stands in this note that runs, unpacks, or shows itself as a page."""
    return _RUNS_IN_NOTES.search(note) is not None


def is_second(rest: bytes) -> bool:
    """Whether these bytes, however many, begin as a program or an archive, or hold a page anywhere."""
    return rest.startswith(_BEGINS) or _RUNS.search(rest) is not None


def is_a_phones(data: bytes, at: int, end_of_jpeg: Callable[[bytes, int], int]) -> bool:
    """Whether what lies behind a JPEG, from here on, is what phones put there, or nothing but blanks.

    That is: more JPEGs (a depth map, a brighter copy), the film of a moving photo, and then a maker's own notes,
    known by their last bytes; of those no more is asked than that nothing in them runs. end_of_jpeg: where the
    JPEG that begins at a place ends; that place, if it is none.
    """
    while (at := _behind_blanks(data, at)) < len(data):
        after = end_of_jpeg(data, at) if data.startswith(b"\xff\xd8\xff", at) else _behind_film(data, at)
        if after == at:
            rest = data[at:].rstrip(b"\0\r\n\t ")
            signed = _MAKERS.search(rest) or _MAKERS.search(data[at:])
            return signed is not None and _RUNS.search(rest) is None
        at = after
    return True


def _behind_blanks(data: bytes, at: int) -> int:
    found = _BLANKS.match(data, at)
    assert found is not None
    film = data.find(b"ftyp", found.end(), found.end() + 8) - 4  # its size may begin with what else is a blank
    return film if film >= at else found.end()


def _behind_film(data: bytes, at: int) -> int:
    """Where the boxes of an MP4 that begins here end; this place, if none does or one of them holds a page."""
    if data[at + 4 : at + 8] != b"ftyp":
        return at
    begin = at
    while _BOX.match(data, at + 4):
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(data) - at
        if size < head or at + size > len(data):
            break
        if data[at + 4 : at + 8] != b"mdat" and _RUNS.search(data, at, at + size):
            return begin
        at += size
    return at
