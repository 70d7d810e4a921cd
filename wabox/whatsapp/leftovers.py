"""What a killed wabox leaves behind: its browsers, and their files in the machine's temporary directory.

Chromium and Playwright put sockets and artifacts there under names that anybody's Chromium uses. So ours get a
directory of their own in it: whatever lies in there, and whatever process was started with it, is ours. It is
not in the data directory, whose path may be too long for a socket, and which may be on a card that wears out.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

import structlog

from wabox.whatsapp import processes

log = structlog.get_logger(__name__)

_SOCKETS = re.compile(r"(org\.chromium\.Chromium|com\.google\.Chrome)\.[A-Za-z0-9]{6}")


class Temporary:
    """The directory for temporary files of all browsers on these profiles. One process at a time uses them."""

    def __init__(self, profiles: Path) -> None:
        mark = hashlib.sha256(f"{os.geteuid()} {profiles.absolute()}".encode()).hexdigest()[:12]
        self.path = Path(tempfile.gettempdir(), f"wabox-browsers-{mark}")

    def prepare(self) -> Path:
        """It is there, private and ours; under another name if a stranger has taken that one."""
        with suppress(FileExistsError):
            self.path.mkdir(mode=0o700)
        if not _is_ours(self.path):
            self.path = Path(tempfile.mkdtemp(prefix="wabox-browsers-"))
        return self.path

    def clear(self) -> None:
        """Nothing of it is left, unless it is a stranger's."""
        if _is_ours(self.path):
            shutil.rmtree(self.path, ignore_errors=True)


def sweep(profiles: Path, temporary: Temporary) -> None:
    """No process and no temporary file is left of an earlier life on these profiles.

    Only for who holds the data directory: a process that uses it is then a leftover.
    """
    ended = processes.end(lambda: processes.marked(profiles.absolute(), temporary.path))
    if ended:
        log.warning("leftover_browsers_ended", processes=ended)
    temporary.clear()


def unlock(directory: Path) -> None:
    """No browser's lock is on this profile, and the socket that it pointed to is gone with its directory."""
    with suppress(OSError):
        _drop_sockets((directory / "SingletonSocket").readlink().parent)
    for name in ("SingletonLock", "SingletonSocket", "SingletonCookie"):
        (directory / name).unlink(missing_ok=True)


def _drop_sockets(place: Path) -> None:
    """Chromium's directory for its socket, if it is one and ours; nothing else is touched."""
    if _SOCKETS.fullmatch(place.name) and _is_ours(place):
        for name in ("SingletonSocket", "SingletonCookie"):
            (place / name).unlink(missing_ok=True)
        place.rmdir()


def _is_ours(place: Path) -> bool:
    """A directory, no link to one, of this user and closed to others."""
    try:
        found = place.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
