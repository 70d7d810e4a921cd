"""What a disk may hold when the power goes: every write, truncation and flush of one database, written down.

SQLite's own way to its files (its VFS) is copied, with four calls that also make a note; Python's `sqlite3` in
this process uses it from then on. Nothing is compiled, and nothing of wabox knows. `images` then plays the notes
back: what was flushed is there; of what was not, each sector of 512 bytes is there by chance.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

SECTOR = 512
CHANCES = (0.0, 0.2, 0.5, 0.8, 1.0)
DEFAULT = 1  # sqlite3_vfs_register: use it for every connection from now on

What = Literal["was", "write", "truncate", "flushing", "flushed", "told"]


class Note(msgspec.Struct, array_like=True, frozen=True):
    """One thing that happened. file: "db" or "wal"; for `told`, what somebody learned and n its number."""

    what: What
    file: str
    n: int
    data: bytes = b""


_OPEN = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_void_p,  # not c_char_p: SQLite keeps the very pointer, and names the -shm file by it
    ctypes.c_void_p,
    ctypes.c_int,
    ctypes.POINTER(ctypes.c_int),
)
_CLOSE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
_WRITE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
_TRUNCATE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)
_FLUSH = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)


class _Methods(ctypes.Structure):
    """sqlite3_io_methods, version 3 (sqlite3.h, seen 2026-11-26)."""

    _fields_ = [
        ("version", ctypes.c_int),
        ("close", _CLOSE),
        ("read", ctypes.c_void_p),
        ("write", _WRITE),
        ("truncate", _TRUNCATE),
        ("flush", _FLUSH),
        ("others", ctypes.c_void_p * 12),
    ]


class _Vfs(ctypes.Structure):
    """sqlite3_vfs, version 3 (sqlite3.h, seen 2026-11-26)."""

    _fields_ = [
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("own", ctypes.c_void_p),
        ("open", _OPEN),
        ("others", ctypes.c_void_p * 14),
    ]


def library() -> ctypes.CDLL | None:
    """The SQLite that Python's sqlite3 uses; None if it is built into Python out of reach."""
    for place in (getattr(_sqlite3, "__file__", None), None):
        found = ctypes.CDLL(place)
        if hasattr(found, "sqlite3_vfs_find"):
            return found
    return None


class Recorder:
    """Writes down what becomes of one database's files, and what is told to anybody meanwhile."""

    def __init__(self, path: Path) -> None:
        self._names = {bytes(path): "db", bytes(path) + b"-wal": "wal"}
        self._path = path
        self._notes: list[Note] = []
        self._lock = threading.Lock()
        self._files: dict[int, str] = {}
        self._methods: dict[int, _Methods] = {}
        self._keep: list[Any] = []
        self._vfs = self._registered()

    def told(self, what: str, number: int) -> None:
        """Somebody learned this now; it must never be untrue after."""
        self._note("told", what, number)

    def written(self) -> bytes:
        """All notes so far."""
        with self._lock:
            return msgspec.msgpack.encode(self._notes)

    def _note(self, what: What, file: str, n: int, data: bytes = b"") -> None:
        with self._lock:
            self._notes.append(Note(what, file, n, data))

    def _registered(self) -> _Vfs:
        found = library()
        assert found is not None
        found.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        found.sqlite3_vfs_register.argtypes = [ctypes.c_void_p, ctypes.c_int]
        usual: _Vfs = found.sqlite3_vfs_find(None).contents
        vfs = _Vfs.from_buffer_copy(usual)
        vfs.name, vfs.next = b"recorder", None
        vfs.open = _OPEN(self._opener(usual.open))
        assert found.sqlite3_vfs_register(ctypes.addressof(vfs), DEFAULT) == 0
        return vfs

    def _opener(self, usual: Callable[..., int]) -> Callable[..., int]:
        def opened(vfs: int, name: int | None, file: int, flags: int, out: Any) -> int:
            done = usual(vfs, name, file, flags, out)
            kind = self._names.get(ctypes.string_at(name) if name else b"")
            if done == 0 and kind is not None:
                self._watch(file, kind)
            return done

        return opened

    def _watch(self, file: int, kind: str) -> None:
        """From now on calls on this open file are noted; what it held before comes first."""
        if kind not in self._files.values():
            path = self._path if kind == "db" else self._path.with_name(self._path.name + "-wal")
            self._note("was", kind, 0, path.read_bytes())
        self._files[file] = kind
        pointer = ctypes.c_void_p.from_address(file)
        usual = pointer.value
        assert usual is not None
        if usual not in self._methods:
            self._methods[usual] = self._noting(_Methods.from_address(usual))
        pointer.value = ctypes.addressof(self._methods[usual])

    def _noting(self, usual: _Methods) -> _Methods:
        made = _Methods.from_buffer_copy(usual)

        def write(file: int, data: int, length: int, offset: int) -> int:
            done: int = usual.write(file, data, length, offset)
            if done == 0:
                self._note("write", self._files[file], offset, ctypes.string_at(data, length))
            return done

        def truncate(file: int, size: int) -> int:
            done: int = usual.truncate(file, size)
            if done == 0:
                self._note("truncate", self._files[file], size)
            return done

        def flush(file: int, flags: int) -> int:
            self._note("flushing", self._files[file], 0)
            done: int = usual.flush(file, flags)
            if done == 0:
                self._note("flushed", self._files[file], 0)
            return done

        self._keep += [one := _WRITE(write), two := _TRUNCATE(truncate), three := _FLUSH(flush)]
        made.write, made.truncate, made.flush = one, two, three
        return made


@dataclass(frozen=True, slots=True)
class Image:
    """Both files after the power went. told: {what: the numbers somebody had learned by then}."""

    cut: int
    chance: float
    db: bytes
    wal: bytes
    told: dict[str, set[int]]


@dataclass(slots=True)
class _File:
    """kept: what is on the disk for sure; loose: what came since; flushing: how much of it is being flushed."""

    kept: bytearray = field(default_factory=bytearray)
    loose: list[Note] = field(default_factory=list)
    flushing: int = 0

    def settle(self) -> None:
        for note in self.loose[: self.flushing]:
            _apply(self.kept, note, lambda: True)
        del self.loose[: self.flushing]
        self.flushing = 0

    def cut(self, is_there: Callable[[], bool]) -> bytes:
        found = bytearray(self.kept)
        for note in self.loose:
            _apply(found, note, is_there)
        return bytes(found)


def images(notes: list[Note], count: int, dice: random.Random, *, flushes: bool = True) -> Iterator[Image]:
    """So many images, the power gone after a random note each. flushes: False = as if the log never was."""
    first = next(n for n, note in enumerate(notes) if note.what == "told")
    cuts = sorted(dice.choices(range(first, len(notes)), k=count))
    files = {"db": _File(), "wal": _File()}
    told: dict[str, set[int]] = {}
    done = 0
    for cut in cuts:
        for note in notes[done : cut + 1]:
            _play(files, told, note, flushes=flushes)
        done = cut + 1
        chance = dice.choice(CHANCES)

        def is_there(chance: float = chance) -> bool:
            return dice.random() < chance

        yield Image(
            cut,
            chance,
            files["db"].cut(is_there),
            files["wal"].cut(is_there),
            {what: set(numbers) for what, numbers in told.items()},
        )


def _play(files: dict[str, _File], told: dict[str, set[int]], note: Note, *, flushes: bool) -> None:
    if note.what == "told":
        told.setdefault(note.file, set()).add(note.n)
        return
    file = files[note.file]
    if note.what == "was":
        file.kept = bytearray(note.data)
    elif note.what == "flushing":
        file.flushing = len(file.loose)
    elif note.what == "flushed":
        if flushes or note.file == "db":
            file.settle()
    else:
        file.loose.append(note)


def _apply(held: bytearray, note: Note, is_there: Callable[[], bool]) -> None:
    if note.what == "truncate":
        if is_there():
            del held[note.n :]
            held.extend(bytes(max(note.n - len(held), 0)))
        return
    start, end = note.n, note.n + len(note.data)
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        if is_there():
            held.extend(bytes(max(start - len(held), 0)))
            held[start:stop] = note.data[start - note.n : stop - note.n]
        start = stop
