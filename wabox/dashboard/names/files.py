"""Knows how files are called on pages: their kinds, how large they are, and may be."""

from __future__ import annotations

import json

from wabox.dashboard.names.shown import Shown
from wabox.dashboard.voice import Voice
from wabox.languages import later
from wabox.media import kinds, store
from wabox.media.allowance import Allowance
from wabox.media.kinds import MEGABYTE
from wabox.media.stored import Kind

KIND: dict[Kind, Shown] = {
    "image": Shown("calm", "eye", later("Picture")),
    "video": Shown("calm", "play", later("Video")),
    "audio": Shown("calm", "play", later("Sound")),
    "voice": Shown("calm", "messages", later("Voice note")),
    "document": Shown("calm", "copy", later("Document")),
}
# What a chooser offers first. Types by name, not `image/*`: so a phone that keeps pictures as HEIC gives a JPEG.
ACCEPT = ",".join(
    [
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "video/mp4",
        "video/quicktime",
        "audio/*",
        ".mp4",
        ".mov",
    ]
    + [
        ".ogg",
        ".oga",
        ".opus",
        ".mp3",
        ".m4a",
        ".aac",
        ".amr",
        "application/pdf",
        ".pdf",
        ".docx",
        ".xlsx",
        ".pptx",
    ]
    + [".odt", ".ods", ".odp", "text/plain", "text/csv", "text/vcard", ".txt", ".csv", ".vcf"]
)
_UP_TO = later("Pictures, videos, sound, PDF, office files and texts up to %(mb)s MB.")
_EACH = later(
    "Pictures, videos and sound up to %(small)s MB; PDF, office files, texts and what goes as a document up to "
    "%(large)s MB."
)
_PLAN = later("Your plan lets in %(most)s a day; %(left)s of it are left.")


def megabytes(voice: Voice, count: int) -> str:
    """So many bytes of a limit, as its owner sets it: `2 MB` for 2 * 1024 * 1024."""
    return f"{voice.num(round(count / MEGABYTE, 1))} MB"


def limits(voice: Voice, max_megabytes: int) -> str:
    """What may be chosen, and how large. max_megabytes: of this box."""
    most = {kind: min(count // MEGABYTE, max_megabytes) for kind, count in kinds.MOST_OF.items()}
    if most["image"] == most["document"]:
        return voice.say(_UP_TO, mb=voice.num(most["image"]))
    return voice.say(_EACH, small=voice.num(most["image"]), large=voice.num(most["document"]))


def judged(voice: Voice, max_megabytes: int, allowance: Allowance) -> str:
    """By what a script tells a wrong file when it is chosen, as JSON.

    kinds: of each the most bytes and what is said of more; left: the same of what the plan still lets in today,
    or null; unknown: what is said of what is not sent.
    """
    box = max_megabytes * MEGABYTE
    found: dict[str, tuple[int, str]] = {}
    for kind, count in kinds.MOST_OF.items():
        sentence = kinds.over(kind) if count <= box else store.too_large(box).sentence
        found[kind] = (min(count, box), voice.say(sentence))
    left = (allowance.left, plan(voice, allowance)) if allowance.most else None
    return json.dumps({"kinds": found, "left": left, "unknown": voice.say(kinds.UNKNOWN)}, ensure_ascii=False)


def plan(voice: Voice, allowance: Allowance) -> str:
    """What the reader's plan lets in a day, and what of it is left."""
    most, left = megabytes(voice, allowance.most), megabytes(voice, allowance.left)
    return voice.say(_PLAN, most=most, left=left)


def size(voice: Voice, count: int) -> str:
    """So many bytes in words: `48 kB`, `3.2 MB`."""
    if count < 1_000_000:
        return f"{voice.num(max(1, round(count / 1_000)))} kB"
    return f"{voice.num(round(count / 1_000_000, 1))} MB"
