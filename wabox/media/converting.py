"""Makes a voice note of other sound, where the machine has ffmpeg: Ogg/Opus, one channel, without notes."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from wabox.media.found import refused

LONGEST_SECONDS = 60
_DAMAGED = "The sound could not be made into a voice note; save it anew, or send it as Ogg/Opus."
_TOO_LONG = "Making a voice note of this sound takes too long here; shorten it, or send it as Ogg/Opus."
# By the form that the content has, so that ffmpeg opens nothing else with it.
_FORMS = {"audio/mpeg": "mp3", "audio/mp4": "mov", "audio/aac": "aac"}
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
    return mime in _FORMS and shutil.which("ffmpeg") is not None


def to_voice(source: Path, mime: str, target: Path) -> None:
    """The target is a voice note of the source. Raises Invalid `bad_file`. Takes up to a minute."""
    program = shutil.which("ffmpeg")
    assert program is not None
    before = ["-nostdin", "-v", "error", "-protocol_whitelist", "file", "-f", _FORMS[mime], "-i", str(source)]
    sound = ["-map", "0:a:0", "-ac", "1", "-ar", "48000", "-c:a", "libopus", "-b:a", "32k"]
    clean = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact", "-f", "ogg", "-y", str(target)]
    order = json.dumps([program, *before, *sound, *clean])
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
        raise refused(_DAMAGED)
