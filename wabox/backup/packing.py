"""The one file a box goes into: a tar that begins with what is in it and ends with the hash of every byte before.

`tar x` unpacks it anywhere. Read here, every byte is accounted for: a header, a part or the padding that is not as
it was written is refused, and so is whatever follows the end.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

import msgspec

from wabox.backup.age import Damaged, Readable, Writable

FORMAT = 1
BLOCK, PIECE = 512, 64 * 1024
MANIFEST, MANIFEST_SEAL, SEAL = "manifest.json", "manifest.sha256", "sha256"
DATABASE, KEY, SETTINGS = "wabox.db", "secret.key", "wabox.toml"
MOST_MANIFEST = 256 * 1024 * 1024
FOLDERS = ("media", "receipts", "imports", "engine", "profiles")
_PART = re.compile(
    r"(wabox\.db|secret\.key|wabox\.toml|(media|receipts|imports|engine|profiles)(/[^/\x00]{1,255}){1,40})"
)


class Part(msgspec.Struct, frozen=True):
    """One file in it. name: relative, with slashes."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """What is in the file. schema: the database's steps. counts: rows of the tables that people know of.

    missing: files that rows name and that were not there. browser: the version that the profiles were used with.
    """

    wabox_backup: int
    kind: str
    wabox: str
    schema: list[str]
    box: str
    host: str
    made_at: datetime
    counts: dict[str, int]
    missing: int
    parts: list[Part]
    browser: str = ""

    @property
    def size(self) -> int:
        """Of all parts, in bytes."""
        return sum(one.bytes for one in self.parts)


@dataclass(slots=True)
class _Sum:
    """Counts and hashes what passes."""

    sha: Any
    at: int = 0

    def add(self, piece: bytes) -> bytes:
        self.sha.update(piece)
        self.at += len(piece)
        return piece


def write(out: Writable, manifest: Manifest, open_part: Callable[[Part], IO[bytes]]) -> None:
    """The whole file. Raises Damaged if a part is not what the manifest says of it."""
    seen = _Sum(hashlib.sha256())
    stamp = int(manifest.made_at.timestamp())
    head = msgspec.json.encode(manifest)
    out.write(seen.add(_header(MANIFEST, len(head), stamp) + head + _padding(len(head))))
    out.write(seen.add(_sealing(MANIFEST_SEAL, hashlib.sha256(head).hexdigest())))
    for part in manifest.parts:
        out.write(seen.add(_header(part.name, part.bytes, stamp)))
        sha, left = hashlib.sha256(), part.bytes
        with open_part(part) as file:
            while left and (piece := file.read(min(PIECE, left))):
                sha.update(piece)
                left -= len(piece)
                out.write(seen.add(piece))
        if left or sha.hexdigest() != part.sha256:
            raise Damaged(f"in {part.name}, which changed while it was packed")
        out.write(seen.add(_padding(part.bytes)))
    out.write(_tail(seen.sha.hexdigest()))


class Unpacking:
    """Reads such a file from its start to its end, once."""

    def __init__(self, file: Readable) -> None:
        """Raises Damaged; Newer if a newer wabox made it."""
        self._file = file
        self._seen = _Sum(hashlib.sha256())
        try:
            name, size = self._next()
        except Damaged:
            name, size = "", 0
        if name != MANIFEST or size > MOST_MANIFEST:
            raise Damaged("at its start: it is no backup of wabox")
        head = self._take(size)
        self._skip_padding(size)
        sealing = _sealing(MANIFEST_SEAL, hashlib.sha256(head).hexdigest())
        if self._take(len(sealing)) != sealing:  # before a word of it is believed, its version too
            raise Damaged("in its manifest")
        self.manifest = _manifest(head)

    def parts(self) -> Iterator[tuple[Part, Iterator[bytes]]]:
        """Each part with its bytes, which must be read to their end. Raises Damaged, also after the last."""
        for part in self.manifest.parts:
            name, size = self._next()
            if (name, size) != (part.name, part.bytes):
                raise Damaged(f"where {part.name} should begin")
            yield part, self._bytes(part)
            self._skip_padding(size)
        self._check_end()

    def _bytes(self, part: Part) -> Iterator[bytes]:
        sha, left = hashlib.sha256(), part.bytes
        while left:
            piece = self._take(min(PIECE, left))
            sha.update(piece)
            left -= len(piece)
            yield piece
        if sha.hexdigest() != part.sha256:
            raise Damaged(f"in {part.name}")

    def _next(self) -> tuple[str, int]:
        """The name and the size of what comes next. A long name comes as a file of its own before."""
        info = self._header()
        if info.type == tarfile.GNUTYPE_LONGNAME and info.size <= 64 * 1024:
            long = self._take(info.size).rstrip(b"\0").decode("utf-8", "replace")
            self._skip_padding(info.size)
            return long, self._header().size
        return info.name, info.size

    def _header(self) -> tarfile.TarInfo:
        place = self._seen.at
        block = self._take(BLOCK)
        try:
            return tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, UnicodeDecodeError):
            raise Damaged(f"at byte {place:,}") from None

    def _skip_padding(self, size: int) -> None:
        place = self._seen.at
        if any(self._take(len(_padding(size)))):
            raise Damaged(f"at byte {place:,}")

    def _check_end(self) -> None:
        place = self._seen.at
        wanted = _tail(self._seen.sha.hexdigest())
        if self._take(len(wanted)) != wanted:
            raise Damaged(f"somewhere before byte {place:,}: its hash is another")
        if self._file.read(1):
            raise Damaged(f"after byte {place:,}: there is more than it should hold")

    def _take(self, size: int) -> bytes:
        """Exactly so many bytes."""
        found = bytearray()
        while len(found) < size:
            piece = self._file.read(size - len(found))
            if not piece:
                raise Damaged(f"at byte {self._seen.at + len(found):,}: it is cut off there")
            found += piece
        return self._seen.add(bytes(found))


class Newer(Exception):
    """A newer wabox made it; its version."""


def _manifest(raw: bytes) -> Manifest:
    try:
        told = msgspec.json.decode(raw)
        if isinstance(told, dict) and isinstance(told.get("wabox_backup"), int) and told["wabox_backup"] > FORMAT:
            raise Newer(str(told.get("wabox", "")))
        found = msgspec.convert(told, Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        raise Damaged("in its manifest") from None
    names = [one.name for one in found.parts]
    if len(set(names)) < len(names) or not {DATABASE, KEY} <= set(names) or not all(map(is_part, names)):
        raise Damaged("in its manifest: what a box needs is not all there")
    return found


def is_part(name: str) -> bool:
    """Whether a part may be called so: nothing that leads out of the data directory."""
    return bool(_PART.fullmatch(name)) and not {".", ".."} & set(name.split("/"))


def _header(name: str, size: int, stamp: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, stamp, 0o600
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")


def _padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def _tail(digest: str) -> bytes:
    """The last part, and the end as tar wants it."""
    return _sealing(SEAL, digest) + bytes(2 * BLOCK)


def _sealing(name: str, digest: str) -> bytes:
    text = digest.encode() + b"\n"
    return _header(name, len(text), 0) + text + _padding(len(text))
