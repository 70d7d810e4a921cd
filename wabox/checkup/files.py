"""Looks at what files need: a folder that wabox and its browser may use, room, and ffmpeg for voice notes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from wabox.checkup import chromium
from wabox.checkup.findings import Finding, bad, ok, warning
from wabox.config import Config
from wabox.datadir import DataDir
from wabox.db import Rows
from wabox.media.room import Room, of_box
from wabox.whatsapp import browser

MEGABYTE = 1024 * 1024
MUCH = 0.8
WORDS = "read-by-wabox"
SECONDS = 10


def findings(config: Config) -> Iterator[Finding]:
    """Everything about files, with the browser started to read one."""
    data = DataDir(config.data.dir)
    found = folder(data)
    yield found
    program = browser.find(config.whatsapp.chromium)
    if found.level == "ok" and data.media.is_dir() and program is not None and not chromium.is_snap(program.path):
        yield readable(program.path, data.media, sandboxed=not browser.runs_as_root())
    yield voice(shutil.which("ffmpeg"))
    yield from _stored(data, config)


def without_browser(config: Config) -> list[Finding]:
    """What can be said of files without starting a browser or reading the database."""
    return [folder(DataDir(config.data.dir)), voice(shutil.which("ffmpeg"))]


def folder(data: DataDir) -> Finding:
    """Files can be laid down and read where they lie."""
    path = data.media
    if not data.path.is_dir() or not path.exists():
        return ok("files_folder", "%(path)s is not there yet; it is made with the first file.", path=path)
    if path.is_dir() and os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return ok("files_folder", "Files lie in %(path)s.", path=path)
    cure = "Give it to the user that wabox runs as: sudo chown -R wabox: %(path)s; chmod 700 %(path)s"
    return bad("files_folder", "Files cannot be laid down in %(path)s.", cure, path=path)


def readable(program: Path, directory: Path, *, sandboxed: bool) -> Finding:
    """The browser read a small file there just now, as it reads what it sends."""
    try:
        with tempfile.NamedTemporaryFile("w", dir=directory, prefix="doctor-", suffix=".txt") as probe:
            probe.write(WORDS)
            probe.flush()
            seen = chromium.shows(program, Path(probe.name).as_uri(), WORDS, sandboxed=sandboxed)
    except OSError as error:
        cure = "Give it to the user that wabox runs as: sudo chown -R wabox: %(path)s; chmod 700 %(path)s"
        says = "Files cannot be laid down in %(path)s: %(why)s."
        return bad("files_readable", says, cure, path=directory, why=error.strerror)
    if seen:
        return ok("files_readable", "Chromium reads what lies in %(path)s.", path=directory)
    cure = (
        "Files cannot be sent until it may: set [data] dir to a folder that AppArmor or SELinux lets it read, "
        "or install a browser that is no snap."
    )
    return bad("files_readable", "Chromium does not read what lies in %(path)s.", cure, path=directory)


def voice(program: str | None) -> Finding:
    """Whether other sound is made into voice notes here. That it is not is no fault."""
    if program is None:
        says = (
            "There is no ffmpeg, so voice notes must come as Ogg/Opus. For MP3 and M4A, too: "
            "sudo apt-get install ffmpeg"
        )
        return ok("voice_notes", says)
    if _knows_opus(program):
        return ok("voice_notes", "Other sound is made into voice notes by %(path)s.", path=program)
    cure = "Install one that can: sudo apt-get install ffmpeg"
    return warning(
        "voice_notes", "%(path)s cannot make Opus, so no voice notes of other sound.", cure, path=program
    )


def room(found: Room, most_megabytes: int, free_bytes: int) -> Finding:
    """How full the share of files is. What nothing needs makes room by itself. free_bytes: of the disk."""
    most = most_megabytes * MEGABYTE
    says = "Files take %(used)s MB of %(most)s MB; something needs %(needed)s MB of it."
    values = {
        "used": -(-found.used // MEGABYTE),
        "needed": -(-found.needed // MEGABYTE),
        "most": most_megabytes,
        "free": free_bytes // MEGABYTE,
    }
    if found.needed > most * MUCH:
        cure = "Soon no new file fits: raise [media] disk_megabytes, or take files off stored texts and campaigns."
        return warning("files_room", says, cure, **values)
    if most - found.used > free_bytes:
        cure = "The disk has only %(free)s MB free, less than files may still take: lower [media] disk_megabytes."
        return warning("files_room", says, cure, **values)
    return ok("files_room", says, **values)


def _stored(data: DataDir, config: Config) -> Iterator[Finding]:
    """What the database says of files, if it can be asked; if not, others say why."""
    if not data.database.exists():
        return
    try:
        with closing(sqlite3.connect(f"file:{data.database}?mode=ro", uri=True, timeout=5)) as connection:
            connection.row_factory = sqlite3.Row
            found = of_box(Rows(connection))
    except sqlite3.Error:
        return
    yield room(found, config.media.disk_megabytes, shutil.disk_usage(data.path).free)


def _knows_opus(program: str) -> bool:
    try:
        done = subprocess.run(
            [program, "-nostdin", "-v", "error", "-encoders"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return b" libopus " in done.stdout
