"""Knows how files are called on pages: their kinds, and how large they are."""

from __future__ import annotations

from wabox.dashboard.names.shown import Shown
from wabox.dashboard.voice import Voice
from wabox.languages import later
from wabox.media.kinds import MEGABYTE
from wabox.media.stored import Kind

KIND: dict[Kind, Shown] = {
    "image": Shown("calm", "eye", later("Picture")),
    "video": Shown("calm", "play", later("Video")),
    "audio": Shown("calm", "play", later("Sound")),
    "voice": Shown("calm", "messages", later("Voice note")),
    "document": Shown("calm", "copy", later("Document")),
}


def megabytes(voice: Voice, count: int) -> str:
    """So many bytes of a limit, as its owner sets it: `2 MB` for 2 * 1024 * 1024."""
    return f"{voice.num(round(count / MEGABYTE, 1))} MB"


def size(voice: Voice, count: int) -> str:
    """So many bytes in words: `48 kB`, `3.2 MB`."""
    if count < 1_000_000:
        return f"{voice.num(max(1, round(count / 1_000)))} kB"
    return f"{voice.num(round(count / 1_000_000, 1))} MB"
