"""A device's profile directory: Chromium's files, and our note that it was linked and what it saw.

Whoever holds this directory holds the WhatsApp account: mode 0700, and wiped when the link ends.
"""

from __future__ import annotations

import json
import re
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from wabox.whatsapp import leftovers, processes

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_NOTE = "wabox-link.json"
_STORES = ("IndexedDB", "Local Storage", "Session Storage", "Service Worker", "WebStorage")
_ENDED = "wabox-ended.json"
_GONE = ".gone-"  # a directory that is being removed, whatever becomes of us meanwhile


@dataclass(frozen=True, slots=True)
class Note:
    """What we know of the link without opening the browser.

    phone: digits, None if not known. linked_at, seen_at: epoch seconds of the link and of the
    newest message that was seen, so that a sweep neither misses nor dredges up. chromium: version of the browser
    that last ran on it.
    """

    phone: str | None
    linked_at: int
    seen_at: int
    chromium: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How the link of a profile ended. reason: WhatsApp's name for it, None if it gave none; at: aware UTC."""

    reason: str | None
    at: datetime


def names(profiles: Path) -> set[str]:
    """Of all profiles that are there; whatever else lies in the directory is none of ours."""
    if not profiles.is_dir():
        return set()
    there = (one for one in profiles.iterdir() if one.is_dir() and not one.is_symlink())
    return {one.name for one in there if _NAME.fullmatch(one.name)}


def clear(profiles: Path) -> None:
    """What was put away is gone, also what an earlier life has left."""
    for away in profiles.glob(f"{_GONE}*"):
        processes.end_browsers_of(away)
        shutil.rmtree(away, ignore_errors=True)


class Profile:
    """One directory below `profiles`; nothing else on the disk is touched."""

    def __init__(self, profiles: Path, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no profile name")
        self.directory = (profiles / name).absolute()
        self._note: Note | None = None
        self._read = False

    def prepare(self) -> None:
        """The directory is there, private, and no process or lock of an earlier life holds it.

        Raises OSError if it cannot be written.
        """
        self.directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory.mkdir(mode=0o700, exist_ok=True)
        self.directory.chmod(0o700)
        processes.end_browsers_of(self.directory)
        leftovers.unlock(self.directory)

    def used_at(self) -> datetime:
        """When something in the directory was last written: a browser that is open does so all the time."""
        stamps = [one.lstat().st_mtime for one in (self.directory, *self.directory.iterdir())]
        return datetime.fromtimestamp(max(stamps), UTC)

    def free_bytes(self) -> int:
        """Room left on the profile's disk."""
        place = self.directory
        while not place.exists():
            place = place.parent
        return shutil.disk_usage(place).free

    @property
    def note(self) -> Note | None:
        """The note of an earlier link, None if this profile was never linked or was wiped."""
        if not self._read:
            self._note, self._read = self._load(), True
        return self._note

    def remember(self, note: Note) -> None:
        """Writes the note if it says anything new. Raises OSError if it cannot be written."""
        if note == self.note:
            return
        fresh = self.directory / f"{_NOTE}.new"
        fresh.write_text(json.dumps(asdict(note)))
        fresh.replace(self.directory / _NOTE)
        self._note = note

    def runs_on(self, chromium: str | None) -> bool:
        """A browser of this version is about to run here. Whether it is another than before; then its caches go.

        What another build has compiled and cached can keep the page from loading. What the site itself keeps, the
        link above all, is left alone. Source: OpenWA issues 663 and 708, seen 2026-11-20.
        """
        note = self.note
        if note is None or chromium is None or note.chromium == chromium:
            return False
        if changed := note.chromium is not None:
            for cache in _caches(self.directory):
                shutil.rmtree(cache, ignore_errors=True)
        self.remember(replace(note, chromium=chromium))
        return changed

    def saw(self, at: int) -> None:
        """A message of this moment (epoch seconds) was seen; kept in memory until `remember`."""
        if self.note is not None and at > self.note.seen_at:
            self._note = replace(self.note, seen_at=at)

    def save(self) -> None:
        """Writes what `saw` gathered. Raises OSError if it cannot be written."""
        if (note := self.note) is not None and note != self._load():
            self._note = None
            self.remember(note)

    def unlink(self) -> None:
        """The link ended, while the directory stays."""
        (self.directory / _NOTE).unlink(missing_ok=True)
        self._note, self._read = None, True

    @property
    def ended(self) -> Ended | None:
        """How its link ended, while nobody has opened it since. Reads the disk."""
        try:
            said = json.loads((self.directory / _ENDED).read_text())
            return Ended(said["reason"], datetime.fromtimestamp(int(said["at"]), UTC))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def end(self, ended: Ended) -> None:
        """The link is over; the directory lies as it is until it is opened or wiped. Raises OSError.

        First the mark, then the note: killed between, the next opening asks the page once more.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.directory / f"{_ENDED}.new"
        fresh.write_text(json.dumps({"reason": ended.reason, "at": int(ended.at.timestamp())}))
        fresh.replace(self.directory / _ENDED)
        self.unlink()

    def revive(self) -> None:
        """It is opened again: nobody wipes it meanwhile."""
        (self.directory / _ENDED).unlink(missing_ok=True)

    def put_away(self) -> Path:
        """The directory is named as no profile is, in one step, so that no session finds half of it."""
        away = self.directory.with_name(_GONE + self.directory.name)
        shutil.rmtree(away, ignore_errors=True)
        return self.directory.rename(away)

    def wipe(self) -> bool:
        """The directory is gone, and with it the link. False: something of it could not be removed.

        The note goes first: of a half wiped directory it would say that it is linked.
        """
        processes.end_browsers_of(self.directory)
        with suppress(OSError):
            leftovers.unlock(self.directory)
        with suppress(OSError):
            (self.directory / _NOTE).unlink(missing_ok=True)
        shutil.rmtree(self.directory, ignore_errors=True)
        self._note, self._read = None, True
        return not self.directory.exists()

    def _load(self) -> Note | None:
        try:
            seen = json.loads((self.directory / _NOTE).read_text())
            return Note(seen["phone"], int(seen["linked_at"]), int(seen["seen_at"]), seen.get("chromium"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return Note(None, 0, 0)


def _caches(profile: Path) -> list[Path]:
    """Chromium's own caches below a profile; none of the site's stores, nor anything in them."""
    found: list[Path] = []
    for below in (profile, *(one for one in profile.iterdir() if one.is_dir() and not one.is_symlink())):
        if below.name not in _STORES:
            found += [
                one for one in below.iterdir() if "Cache" in one.name and one.is_dir() and not one.is_symlink()
            ]
    return found
