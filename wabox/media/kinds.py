"""What a file is, by its content alone: what may be sent, as what kind, and what never.

A file is one of the kinds listed here, whole from its first byte to its last, or it is refused in words: what only
begins as a picture, what is two things at once, and whatever a machine could run. Its name proves nothing.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from wabox.errors import Invalid
from wabox.media import films, papers, sounds
from wabox.media.found import Found, Refused, refused
from wabox.media.stored import Kind

Look: TypeAlias = Callable[[mmap.mmap], Found]

# More than WhatsApp takes of a kind is refused before anything is queued. 16 MB is what its help named for photos,
# videos and voice, 100 MB what its Cloud API takes of a document (developers.facebook.com/docs/whatsapp/cloud-api,
# November 2026). Its page may take more, or shrink a picture first: whatever it is, it goes as a document too.
MEGABYTE = 1024 * 1024
MOST_OF: dict[Kind, int] = {
    "image": 16 * MEGABYTE,
    "video": 16 * MEGABYTE,
    "audio": 16 * MEGABYTE,
    "voice": 16 * MEGABYTE,
    "document": 100 * MEGABYTE,
}
UNKNOWN = (
    "This kind of file is not sent. There are: JPEG, PNG, WebP and GIF pictures, MP4 and QuickTime videos, "
    "Ogg/Opus, MP3, M4A and AAC sound (WAV, FLAC, AIFF, AMR and WebM where ffmpeg is installed), PDF, Word, "
    "Excel, PowerPoint and OpenDocument files, and texts."
)
_RUNS_BY_NAME = re.compile(  # texts that a machine runs, or a browser
    "apk|app|bash|bat|bin|chm|class|cmd|com|cpl|dll|dmg|elf|exe|gadget|hta|htm|html|inf|ins|iso|jar|js|"
    "jse|lnk|mjs|msc|msi|msp|php|pif|ps1|psm1|py|rb|reg|scf|scr|sh|shtml|svg|svgz|sys|url|vb|vbe|vbs|wasm|"
    "ws|wsf|wsh|xht|xhtml|xml"
)
_RUNS_BY_TYPE = re.compile(r"html|javascript|ecmascript|x-sh|x-php|svg|/xml|\+xml")
_NO_TEXT_BY_NAME = re.compile(
    "jpe?g|png|gif|webp|heic|bmp|tiff?|mp4|m4v|mov|3gp|webm|mkv|avi|mp3|m4a|aac|ogg|opus|oga|wav|flac|pdf|docx?|xlsx?|"
    "pptx?|od[tsp]|zip|rar"
)
_NO_TEXT_BY_TYPE = re.compile(r"(?:image|audio|video)/|application/(?:pdf|zip|vnd\.)")
_ONLY_A_TEXT = (
    "By its name this is a picture, sound, a film or a paper, but what is in it is a plain text; often that is an "
    "error message of where it was fetched from. Get the file anew, or call it .txt."
)
_RUNS = (
    b"MZ",
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\0asm",
    b"dex\n",
    b"#!",
    b"L\0\0\0\x01\x14\x02\0",
)
_STARTS: tuple[tuple[int, bytes, Look], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", lambda _: Found("image", "image/png", "png", picture="png")),
    (0, b"\xff\xd8\xff", lambda _: Found("image", "image/jpeg", "jpg", picture="jpg")),
    (8, b"WEBPVP8", lambda _: Found("image", "image/webp", "webp", picture="webp")),
    (0, b"GIF8", lambda _: Found("document", "image/gif", "gif", picture="gif")),
    (4, b"ftyp", films.mp4),
    (0, b"OggS", sounds.ogg),
    (0, b"RIFF", sounds.wav),
    (0, b"FORM", sounds.aiff),
    (0, b"fLaC", sounds.flac),
    (0, b"#!AMR\n", sounds.amr),
    (0, b"#!AMR-WB\n", sounds.amr),
    (0, b"\x1a\x45\xdf\xa3", sounds.webm),
    (0, b"ID3", sounds.mp3),
    (0, b"PK\x03\x04", papers.office),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", papers.old_office),
)


def of(path: Path, filename: str, claims: str = "") -> Found:
    """What this file is. filename: as its sender calls it, which tells a list from a plain text. claims: the
    content type that they give it. A text that either calls a picture or a PDF is what a broken download left.

    Raises Invalid `bad_file`. Reads the file once or twice: never on the loop. A picture is not drawn here.
    """
    if path.stat().st_size == 0:
        raise refused("The file is empty.")
    suffix = suffix_of(filename)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        head = data[:1024]
        if head.startswith(_RUNS) and not head.startswith(b"#!AMR"):
            raise refused(papers.RUNNABLE)
        try:
            found = _looked(data, head, suffix)
            if found.mime.startswith("text/"):
                _check_claims(suffix, claims)
        except (Refused, IndexError, ValueError):
            raise refused("The file is damaged or cut off; save it anew and send that.") from None
        if data[:2] != b"PK" and papers.is_archive(data):
            raise refused(papers.TWO_THINGS)
    return found


def check_size(kind: Kind, size: int) -> None:
    """Nothing happens if WhatsApp takes so many bytes of this kind. Raises Invalid `file_too_large`."""
    if size > MOST_OF[kind]:
        raise Invalid("file_too_large", over(kind), details={"media": over(kind)})


def over(kind: Kind) -> str:
    """What is said of a file of this kind that is larger than WhatsApp takes."""
    sentence = f"WhatsApp takes up to {MOST_OF[kind] // MEGABYTE} MB of this kind; make it smaller"
    return sentence + ("." if kind == "document" else ", or send it as a document.")


def suffix_of(filename: str) -> str:
    """What stands behind the last point of a name, in small letters; "" if nothing does."""
    return filename.rpartition(".")[2].strip().lower() if "." in filename else ""


def _looked(data: mmap.mmap, head: bytes, suffix: str) -> Found:
    for at, start, look in _STARTS:
        if head[at : at + len(start)] == start:
            return look(data)
    return _without_start(data, head, suffix)


def _check_claims(suffix: str, claims: str) -> None:
    said = claims.partition(";")[0].strip().lower()
    if _RUNS_BY_NAME.fullmatch(suffix) or _RUNS_BY_TYPE.search(said):
        raise refused(papers.RUNNABLE)
    if _NO_TEXT_BY_NAME.fullmatch(suffix) or _NO_TEXT_BY_TYPE.match(said):
        raise refused(_ONLY_A_TEXT)


def _without_start(data: mmap.mmap, head: bytes, suffix: str) -> Found:
    if papers.is_page(head):
        raise refused(papers.RUNNABLE)
    if b"%PDF-" in head:
        return papers.pdf(data)
    if sounds.is_frame(data, 0):
        return sounds.mp3(data)
    if sounds.is_aac(data, 0):
        return sounds.aac(data)
    found = papers.text(data, suffix)
    if found is None:
        raise refused(UNKNOWN)
    return found
