"""Reads a package of wa-js as npm packs it: in memory, and nothing believed of what it says of itself."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from wabox.errors import Invalid
from wabox.languages import later
from wabox.whatsapp import wajs

MOST_PACKED = 2 * 1024 * 1024
MOST_UNPACKED = 8 * 1024 * 1024
MOST_FILES = 5_000
TOP = "package/"
MANIFEST, LICENCE = "package/package.json", "package/LICENSE"
SCRIPT = f"package/dist/{wajs.BUNDLE}"
NOTICE = f"{SCRIPT}.LICENSE.txt"  # beside the script, where there is one
_VERSION = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}(-[0-9A-Za-z.-]{1,20})?")
_SHA512_HEX = re.compile(r"[0-9a-fA-F]{128}")

NO_ARCHIVE = later("This is no package as npm packs it (a .tgz); get one with: npm pack @wppconnect/wa-js")
TOO_LARGE = later("This package is larger than any wa-js ever was.")
STRANGE = later("The package holds something that a wa-js does not: %(name)s.")
LACKS = later("The package lacks %(name)s.")
OTHER = later("This is another package: %(name)s.")
DISAGREES = later("The script in the package says that it is another version than the package.")
NO_LICENCE = later("The package does not carry the licence that wa-js has (%(name)s).")
WRONG_HASH = later("The package is not the one that this SHA-512 belongs to.")
BAD_HASH = later("A SHA-512 is 128 hexadecimal digits, or npm's form: sha512- and 88 characters.")


@dataclass(frozen=True, slots=True)
class Package:
    """What wabox takes of it. sha256: of the script; sha512: of the archive, in hexadecimal."""

    version: str
    script: bytes
    licence: bytes
    notice: bytes | None
    sha256: str
    sha512: str


class Unfit(Invalid):
    """The package is not taken. text, values: the sentence without its values, for a page to translate."""

    def __init__(self, text: str, values: Mapping[str, str]) -> None:
        super().__init__("bad_engine", text % values if values else text)
        self.text = text
        self.values = values


def read(raw: bytes, *, sha512: str | None = None) -> Package:
    """The package in this archive. sha512: what it must be, in hexadecimal or as npm writes it.

    Raises Unfit `bad_engine` with what is wrong with it.
    """
    if len(raw) > MOST_PACKED:
        raise _bad(TOO_LARGE)
    digest = hashlib.sha512(raw).digest()
    if sha512 is not None and digest != _expected(sha512):
        raise _bad(WRONG_HASH)
    files = _files(_unpacked(raw))
    for name in (MANIFEST, LICENCE, SCRIPT):
        if name not in files:
            raise _bad(LACKS, name=name)
    version = _version(files[MANIFEST])
    script = files[SCRIPT]
    if _said(script) != version:
        raise _bad(DISAGREES)
    if b"Apache License" not in files[LICENCE]:
        raise _bad(NO_LICENCE, name=wajs.LICENCE)
    sha256 = hashlib.sha256(script).hexdigest()
    return Package(version, script, files[LICENCE], files.get(NOTICE), sha256, digest.hex())


def origin_of(source: str) -> str:
    """Where a package came from: a file's name, or its address without what that may hide in its query."""
    if "://" in source:
        return source.split("?")[0].split("#")[0]
    return source.replace("\\", "/").rpartition("/")[2]


def _bad(text: str, **values: str) -> Unfit:
    return Unfit(text, values)


def _expected(said: str) -> bytes:
    said = said.strip()
    if _SHA512_HEX.fullmatch(said):
        return bytes.fromhex(said)
    try:
        found = base64.b64decode(said.removeprefix("sha512-"), validate=True)
    except ValueError:
        found = b""
    if not said.startswith("sha512-") or len(found) != 64:
        raise _bad(BAD_HASH)
    return found


def _unpacked(raw: bytes) -> bytes:
    """The tar, not a byte more than it may have, and nothing behind it."""
    try:
        opened = zlib.decompressobj(wbits=31)
        whole = opened.decompress(raw, MOST_UNPACKED + 1)
    except zlib.error:
        raise _bad(NO_ARCHIVE) from None
    if len(whole) > MOST_UNPACKED or opened.unconsumed_tail:
        raise _bad(TOO_LARGE)
    if not opened.eof or opened.unused_data:
        raise _bad(NO_ARCHIVE)
    return whole


def _files(whole: bytes) -> dict[str, bytes]:
    """{name: content} of all its files, each a plain one with a name of its own below package/."""
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(whole), mode="r:") as archive:
            for member in archive:
                if member.isdir() and _is_inside(f"{member.name}/x"):
                    continue
                if not _is_plain(member) or member.name in files or len(files) >= MOST_FILES:
                    raise _bad(STRANGE, name=_shown(member.name))
                content = archive.extractfile(member)
                files[member.name] = content.read() if content is not None else b""
    except (tarfile.TarError, OSError, ValueError, EOFError, OverflowError):
        raise _bad(NO_ARCHIVE) from None
    return files


def _is_plain(member: tarfile.TarInfo) -> bool:
    return member.isreg() and not member.issparse() and _is_inside(member.name)


def _is_inside(name: str) -> bool:
    parts = name.split("/")
    return name.startswith(TOP) and not any(part in ("", ".", "..") for part in parts) and "\\" not in name


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)[:80]


def _version(manifest: bytes) -> str:
    """Of wa-js, under the licence that it has."""
    try:
        said = json.loads(manifest)
        name, version, licence = str(said["name"]), str(said["version"]), said.get("license")
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _bad(LACKS, name=MANIFEST) from None
    if name != wajs.NAME:
        raise _bad(OTHER, name=_shown(name))
    if not _VERSION.fullmatch(version):
        raise _bad(STRANGE, name=_shown(version))
    if licence != wajs.LICENCE:
        raise _bad(NO_LICENCE, name=wajs.LICENCE)
    return version


def _said(script: bytes) -> str | None:
    """The version that the script itself says, in its head and in its text."""
    found = re.search(rb"wa-js v([0-9A-Za-z.-]{1,40}) \*/", script[:400])
    try:
        version = found[1].decode() if found else None
        script.decode()
    except UnicodeDecodeError:
        return None
    return version if version and f'.version="{version}"'.encode() in script else None
