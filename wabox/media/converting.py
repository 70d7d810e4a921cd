"""Makes sound that WhatsApp plays of other sound, where the machine has ffmpeg, without its notes.

A voice note is Ogg/Opus of one channel; what WhatsApp plays no way becomes M4A.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from wabox.media.found import refused

LONGEST_SECONDS = 60
NEEDS_FFMPEG = (
    "WhatsApp plays no sound of this form; save it as MP3 or M4A and send that, or install ffmpeg on the box, "
    "which then makes M4A of it."
)
_UNREADABLE = "The sound could not be read; save it anew as MP3 or M4A and send that."
_DAMAGED = "The sound could not be made into a voice note; save it anew, or send it as Ogg/Opus."
_TOO_LONG = "Making a voice note of this sound takes too long here; shorten it, or send it as Ogg/Opus."
# By the form that the content has, so that ffmpeg opens nothing else with it.
_FORMS = {"audio/mpeg": "mp3", "audio/mp4": "mov", "audio/aac": "aac"}
# Those that WhatsApp does not play as they are.
FOREIGN = {
    "audio/wav": "wav",
    "audio/flac": "flac",
    "audio/aiff": "aiff",
    "audio/amr": "amr",
    "audio/webm": "matroska",
}
_OPUS = ["-ac", "1", "-ar", "48000", "-c:a", "libopus", "-b:a", "32k", "-f", "ogg"]
_M4A = ["-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", "-f", "ipod"]
# Little memory and time, and then ffmpeg in its place.
_BOUND = """
import json, os, resource, sys
words = json.loads(sys.argv[1])
for name, most in ((resource.RLIMIT_AS, 1 << 30), (resource.RLIMIT_CPU, 60), (resource.RLIMIT_FSIZE, 64 << 20)):
    resource.setrlimit(name, (most, most))
os.execv(words[0], words)
"""


def can(mime: str) -> bool:
    """Whether this machine can make a voice note of such sound."""
    return mime in _FORMS | FOREIGN and shutil.which("ffmpeg") is not None


def to_voice(source: Path, mime: str, target: Path) -> None:
    """The target is a voice note of the source. Raises Invalid `bad_file`. Takes up to a minute."""
    _make(source, mime, target, _OPUS, _DAMAGED)


def to_sound(source: Path, mime: str, target: Path) -> None:
    """The target is the source as M4A. Raises Invalid `bad_file`, without ffmpeg too. Takes up to a minute."""
    if not can(mime):
        raise refused(NEEDS_FFMPEG)
    _make(source, mime, target, _M4A, _UNREADABLE)


def _make(source: Path, mime: str, target: Path, how: list[str], damaged: str) -> None:
    program = shutil.which("ffmpeg")
    assert program is not None
    form = (_FORMS | FOREIGN)[mime]
    before = ["-nostdin", "-v", "error", "-protocol_whitelist", "file", "-f", form, "-i", str(source)]
    clean = ["-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]
    order = json.dumps([program, *before, "-map", "0:a:0", *clean, *how, "-y", str(target)])
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _BOUND, order],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise refused(_TOO_LONG) from None
    if -done.returncode in (signal.SIGXCPU, signal.SIGXFSZ, signal.SIGKILL):
        raise refused(_TOO_LONG)
    if done.returncode or not target.is_file() or not target.stat().st_size:
        raise refused(damaged)
