"""Knows the data directory: private to one user of the machine, used by one process at a time."""

from __future__ import annotations

import base64
import binascii
import contextlib
import fcntl
import json
import os
import pwd
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wabox import swapping
from wabox.errors import ConfigError

KEY_BYTES = 32
PRIVATE_DIR, PRIVATE_FILE = 0o700, 0o600


class InUse(ConfigError):
    """Another process holds the directory. what: the command it runs; url: its dashboard, if it serves."""

    def __init__(self, sentence: str, *, pid: int | None, what: str, url: str | None) -> None:
        super().__init__(sentence)
        self.pid = pid
        self.what = what
        self.url = url


@dataclass(frozen=True, slots=True)
class DataDir:
    """A prepared directory and what lies where in it."""

    path: Path

    @property
    def database(self) -> Path:
        """Everything wabox knows."""
        return self.path / "wabox.db"

    @property
    def queue(self) -> Path:
        """Wake-ups of the engine; may be lost at any time."""
        return self.path / "queue.db"

    @property
    def profiles(self) -> Path:
        """One browser profile a device: as good as the WhatsApp account itself."""
        return self.path / "profiles"

    @property
    def media(self) -> Path:
        """Files that are sent and received, each under its hash."""
        return self.path / "media"

    @property
    def engines(self) -> Path:
        """Each wa-js that the owner installed, in a directory of its own."""
        return self.path / "engine"

    @property
    def backups(self) -> Path:
        """Copies wabox made by itself."""
        return self.path / "backups"

    @property
    def lock(self) -> Path:
        """Held while a process uses the directory."""
        return self.path / "lock"

    @property
    def key_file(self) -> Path:
        """What seals the secrets in the database."""
        return self.path / "secret.key"

    @property
    def first_start(self) -> Path:
        """There from before the key is made until the database has its tables: until then nothing can be lost."""
        return self.path / "first-start"

    @property
    def aside(self) -> Path:
        """Where `wabox begin-anew` keeps what it took out of the way, a folder each time."""
        return self.path / "set-aside"

    @property
    def staged(self) -> Path:
        """Where a restore unpacks, before anything of the box is touched."""
        return self.path / swapping.STAGED

    @property
    def brought(self) -> Path:
        """Where a backup lies that a browser brings to a new box, until it is put back."""
        return self.path / swapping.BROUGHT

    def open_to_others(self) -> list[Path]:
        """What in here other users of the machine may read or write; nothing, if all is well."""
        looked_at = [self.path, *self.path.iterdir()] if self.path.is_dir() else []
        return [one for one in looked_at if not one.is_symlink() and one.stat().st_mode & 0o077]


def prepare(path: Path) -> DataDir:
    """The directory exists, nobody else can look into it, and what this process writes stays private.

    Sets the process's umask to 077. Raises ConfigError when it cannot be used, with the cure.
    """
    os.umask(0o077)
    data = DataDir(path)
    try:
        path.mkdir(mode=PRIVATE_DIR, parents=True, exist_ok=True)
        _refuse_a_strangers(data)
        data.profiles.mkdir(mode=PRIVATE_DIR, exist_ok=True)
        for one in data.open_to_others():
            one.chmod(PRIVATE_DIR if one.is_dir() else PRIVATE_FILE)
        probe = path / f".probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except (FileExistsError, NotADirectoryError):
        raise ConfigError(
            f"The data directory {path} is not a directory; set another [data] dir in wabox.toml."
        ) from None
    except OSError as error:
        raise ConfigError(
            f"The data directory {path} cannot be used ({error.strerror}); make it writable for the user "
            f"{_name_of(os.geteuid())}, or set another [data] dir in wabox.toml."
        ) from None
    return data


@contextlib.contextmanager
def held(data: DataDir, *, what: str, url: str | None = None) -> Iterator[None]:
    """This process alone uses the directory, until the block ends or the process dies.

    what: the command, as `wabox serve`; url: the dashboard, so that a second process can name it.
    Raises InUse, a ConfigError that says who holds it and what to do.
    """
    handle = os.open(data.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _in_use(data) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"pid": os.getpid(), "what": what, "url": url}).encode(), 0)
        swapping.finish(data.path)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)  # the lock goes with it; the file stays, or two processes could hold two files


def holder(data: DataDir) -> InUse | None:
    """Who holds the directory now; None: nobody."""
    try:
        handle = os.open(data.lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _in_use(data)
    finally:
        os.close(handle)
    return None


def secret_key(data: DataDir) -> bytes:
    """The 32 bytes that seal secrets; made, and safe on disk, if this directory is new.

    Raises ConfigError when it is damaged, or gone while the database is there.
    """
    try:
        text = data.key_file.read_text(encoding="ascii").strip()
        key = base64.b64decode(text, validate=True)
    except FileNotFoundError:
        return _new_key(data)
    except (UnicodeDecodeError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{data.key_file} is damaged; put it back from a backup of this box.")
    return key


def _new_key(data: DataDir) -> bytes:
    if data.database.exists() and data.database.stat().st_size:
        raise ConfigError(
            f"{data.key_file} is missing, and without it the secrets in {data.database.name} cannot be read; "
            "put it back from a backup of this box."
        )
    key = secrets.token_bytes(KEY_BYTES)
    if not any(data.profiles.glob("*")):
        _write(data.first_start, b"")
        flush(data.path)
    half = data.key_file.with_suffix(".new")
    _write(half, base64.b64encode(key) + b"\n")
    half.rename(data.key_file)
    flush(data.path)
    return key


def started(data: DataDir) -> None:
    """The database has its tables: from now on it can be lost."""
    if data.first_start.exists():
        data.first_start.unlink()
        flush(data.path)


def _write(path: Path, content: bytes) -> None:
    """The file holds this, and is on the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)


def flush(path: Path) -> None:
    """A file is on the disk as it is; of a directory, what came into it, went or was renamed is."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refuse_a_strangers(data: DataDir) -> None:
    """Root must not leave files of its own among those of the service's user, or that one is locked out."""
    if not data.database.exists() or data.database.stat().st_uid == os.geteuid():
        return
    owner, me = _name_of(data.database.stat().st_uid), _name_of(os.geteuid())
    raise ConfigError(
        f"The data in {data.path} belongs to the user {owner}, but this runs as {me}; "
        f"run it as that user: sudo -u {owner} wabox …"
    )


def _in_use(data: DataDir) -> InUse:
    try:
        told = json.loads(data.lock.read_text(encoding="utf-8"))
        pid, what, url = int(told["pid"]), str(told["what"]), told["url"]
    except (OSError, ValueError, KeyError, TypeError):
        pid, what, url = None, "wabox", None
    by = f"`{what}`" if pid is None else f"`{what}`, process {pid}"
    return InUse(
        f"The data directory {data.path} is in use by {by}; stop that first (kill {pid or 'it'}, or sudo "
        "systemctl stop wabox), or set another [data] dir.",
        pid=pid,
        what=what,
        url=url,
    )


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
