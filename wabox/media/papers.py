"""Knows papers: PDF, office files by what their archive lists, and texts; and what only looks like one."""

from __future__ import annotations

import mmap
import re
import zipfile
from collections.abc import Sequence
from typing import IO, cast

from wabox.media.found import Found, Refused, refused
from wabox.pictures import behind as notes

MOST_ENTRIES = 20_000
MOST_LISTING = 4 * 1024 * 1024  # bytes of an archive's table of contents
_END = b"PK\x05\x06"
_OFFICE = "application/vnd.openxmlformats-officedocument."
_BY_FOLDER = {
    "word/": (_OFFICE + "wordprocessingml.document", "docx"),
    "xl/": (_OFFICE + "spreadsheetml.sheet", "xlsx"),
    "ppt/": (_OFFICE + "presentationml.presentation", "pptx"),
}
_OPEN = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
}
RUNNABLE = (
    "This is a program, a page or a script; such files are not sent. Send a picture, a PDF or an office file."
)
_PROGRAMS = ("AndroidManifest.xml", "classes.dex", "META-INF/MANIFEST.MF")
_PROGRAM = "This archive holds a program; such files are not sent."
_MACROS = "This office file holds macros, which are programs; save it without them and send that."
_ARCHIVE = "Archives are not sent; send the files in it one by one."
_OLD = "This is an office file of the old form; save it as DOCX, XLSX or PPTX, or as PDF, and send that."
TWO_THINGS = (
    "This file is two things at once, with an archive or a page in it or behind its end; "
    "save it anew and send that."
)
_PDF_END = b"%%EOF"
MOST_BEHIND = 2 * 1024  # bytes behind a PDF's end that are not blank
_BLANKS = b"\0\t\n\f\r \x1a"
_IN_A_TEXT = re.compile(rb"<\s*(?:!doctype\s+html|html|script|svg|iframe|object|embed|body|\?php)\b", re.I)
_PAGE = re.compile(
    rb"^(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*<(?:!doctype|html|head|body|script|svg|iframe|img|\?)", re.I | re.S
)
_BY_SUFFIX = {"csv": "text/csv", "vcf": "text/vcard"}
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f")) + b"\x7f"


def pdf(data: mmap.mmap) -> Found:
    """A PDF, with nothing but blanks before it and nothing that runs behind its end. It goes as it is.

    One without an end is cut off; many have a few bytes behind it that mean nothing. Raises Invalid, Refused.
    """
    begin, end = data.find(b"%PDF-"), data.rfind(_PDF_END)
    behind = data[end + len(_PDF_END) :] if end >= 0 else data[begin + 5 : begin + 1_024]
    if notes.is_second(behind.lstrip(_BLANKS)) or data[:begin].removeprefix(b"\xef\xbb\xbf").strip(_BLANKS):
        raise refused(TWO_THINGS)
    if end < 0 or len(behind.rstrip(_BLANKS)) > MOST_BEHIND:
        raise Refused
    return Found("document", "application/pdf", "pdf")


def old_office(_: mmap.mmap) -> Found:
    """Never: what is in it, macros too, can be known by its own program alone."""
    raise refused(_OLD)


def office(data: mmap.mmap) -> Found:
    """An office file, by what its archive lists. Raises Refused, and Invalid for every other archive."""
    _check_listing(data)
    try:
        with zipfile.ZipFile(cast(IO[bytes], data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError):
        raise Refused from None
    names = [one.filename for one in entries]
    _check_names(names)
    if min((one.header_offset for one in entries), default=1) != 0:
        raise Refused
    first = data[38 : 38 + int.from_bytes(data[22:26], "little")] if data[30:38] == b"mimetype" else b""
    if first in _OPEN:
        return Found("document", first.decode(), _OPEN[first])
    if "[Content_Types].xml" in names:
        for folder, (mime, suffix) in _BY_FOLDER.items():
            if any(one.startswith(folder) for one in names):
                return Found("document", mime, suffix)
    raise refused(_ARCHIVE)


def _check_names(names: Sequence[str]) -> None:
    if any(one in _PROGRAMS or one.lower().endswith((".exe", ".dll", ".class", ".dex", ".js")) for one in names):
        raise refused(_PROGRAM)
    if any("vbaproject" in one.lower() or one.startswith(("Basic/", "Scripts/")) for one in names):
        raise refused(_MACROS)


def _check_listing(data: mmap.mmap) -> None:
    """The table of contents is small enough to be read; its end is the file's."""
    at = data.rfind(_END, max(len(data) - 22 - 0xFFFF, 0))
    said = int.from_bytes(data[at + 20 : at + 22], "little")
    if at < 0 or at + 22 + said != len(data):
        raise Refused
    if data[at + 22 :].strip(_BLANKS):  # an office program writes nothing there
        raise refused(TWO_THINGS)
    entries = int.from_bytes(data[at + 10 : at + 12], "little")
    size = int.from_bytes(data[at + 12 : at + 16], "little")
    if entries > MOST_ENTRIES or size > MOST_LISTING:
        raise Refused


def is_archive(data: mmap.mmap) -> bool:
    """Whether what unpacks archives would take the end of this file for one."""
    at = data.rfind(_END, max(len(data) - 22 - 0xFFFF, 0))
    if at < 0 or at + 22 > len(data):
        return False
    size = int.from_bytes(data[at + 12 : at + 16], "little")
    listed = data[at - size : at - size + 4] if 0 < size <= at else b""
    return listed == b"PK\x01\x02"


def is_page(head: bytes) -> bool:
    """Whether a browser would take this for a page, a drawing or another text that it runs."""
    return _PAGE.match(head) is not None or (b"<html" in head.lower() and b"%PDF-" not in head[:8])


def text(data: mmap.mmap, suffix: str) -> Found | None:
    """A text in UTF-8 or UTF-16; None if it is none. suffix: of its name, which tells a list from a plain text.

    Raises Invalid for a page, a drawing or a script in it, wherever it begins.
    """
    whole = data[:]
    try:
        if whole[:2] in (b"\xff\xfe", b"\xfe\xff"):
            whole = whole.decode("utf-16").encode()
        whole.decode("utf-8")
    except UnicodeError:
        return None
    if whole.translate(None, _CONTROLS) != whole:
        return None
    if _PAGE.match(whole) or _IN_A_TEXT.search(whole):
        raise refused(RUNNABLE)
    if whole.removeprefix(b"\xef\xbb\xbf").lstrip()[:11].upper() == b"BEGIN:VCARD":
        return Found("document", "text/vcard", "vcf")
    mime = _BY_SUFFIX.get(suffix, "text/plain") if suffix != "vcf" else "text/plain"
    return Found("document", mime, "csv" if mime == "text/csv" else "txt")
