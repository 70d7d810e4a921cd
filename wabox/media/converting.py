"""Makes what WhatsApp plays of other sound and films, where the machine has ffmpeg, without their notes.

A voice note is Ogg/Opus of one channel; sound that WhatsApp plays no way becomes M4A. Of a QuickTime film the
picture goes into an MP4 as it is if it is H.264, else it is drawn anew, which only a short one lives to see.
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
_MP4 = ["-map", "0:a:0?", "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", "-f", "mp4"]
_AS_IT_IS = ["-c:v", "copy", "-bsf:v", "h264_metadata"]  # which takes nothing but H.264
# At most 720p, in even numbers of dots.
_WIDTH, _HEIGHT = "if(gte(iw,ih),trunc(min(1280,iw)/2)*2,-2)", "if(gte(iw,ih),-2,trunc(min(1280,ih)/2)*2)"
_SMALLER = f"scale=w='{_WIDTH}':h='{_HEIGHT}'"
_ANEW = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-pix_fmt", "yuv420p", "-threads", "2"]
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


def to_film(source: Path, target: Path) -> bool:
    """Whether the target is the QuickTime film as MP4: ffmpeg is there, reads it, and needs no minute for it."""
    if shutil.which("ffmpeg") is None:
        return False
    for how in (_AS_IT_IS, ["-vf", _SMALLER, *_ANEW]):
        done = _run(source, "mov", target, ["-map", "0:v:0", *how, *_MP4])
        if _is_made(done, target):
            return True
        target.unlink(missing_ok=True)
        if _took_too_long(done):
            break
    return False


def _make(source: Path, mime: str, target: Path, how: list[str], damaged: str) -> None:
    done = _run(source, (_FORMS | FOREIGN)[mime], target, ["-map", "0:a:0", *how])
    if _took_too_long(done):
        raise refused(_TOO_LONG)
    if not _is_made(done, target):
        raise refused(damaged)


def _run(source: Path, form: str, target: Path, how: list[str]) -> int | None:
    """How ffmpeg ended; None: it was ended, for it took a minute."""
    program = shutil.which("ffmpeg")
    assert program is not None
    before = ["-nostdin", "-v", "error", "-protocol_whitelist", "file", "-f", form, "-i", str(source)]
    clean = ["-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]
    order = json.dumps([program, *before, *clean, *how, "-y", str(target)])
    try:
        return subprocess.run(
            [sys.executable, "-I", "-c", _BOUND, order],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LONGEST_SECONDS,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return None


def _took_too_long(done: int | None) -> bool:
    return done is None or -done in (signal.SIGXCPU, signal.SIGXFSZ, signal.SIGKILL)


def _is_made(done: int | None, target: Path) -> bool:
    return done == 0 and target.is_file() and target.stat().st_size > 0
