"""Packages of wa-js for tests: made from the vendored script, with whatever a test wants wrong with them.

Older releases are not in this repository; a test that needs one skips unless WABOX_WAJS names a directory with
the archives that `npm pack @wppconnect/wa-js@4.2.0` writes.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from wabox.whatsapp import wajs

HOME = Path(wajs.__file__).parent / "wa-js"


def script(version: str, extra: str = "") -> bytes:
    """The vendored script as if it were another version."""
    return (wajs.BUILT_IN.source().replace(wajs.VERSION, version) + extra).encode()


def files(version: str, text: bytes | None = None, **changes: bytes | None) -> dict[str, bytes]:
    """What is in a package. changes: a path with __ for / and _dot_ for . → its content, None: not there."""
    manifest = {"name": wajs.NAME, "version": version, "license": wajs.LICENCE}
    found: dict[str, bytes | None] = {
        "package/LICENSE": (HOME / "LICENSE").read_bytes(),
        "package/package.json": json.dumps(manifest).encode(),
        "package/dist/wppconnect-wa.js": text if text is not None else script(version),
        "package/dist/wppconnect-wa.js.LICENSE.txt": (HOME / "wppconnect-wa.js.LICENSE.txt").read_bytes(),
        "package/dist/index.d.ts": b"export {};\n",
    }
    found |= {name.replace("__", "/").replace("_dot_", "."): content for name, content in changes.items()}
    return {name: content for name, content in found.items() if content is not None}


def archive(content: dict[str, bytes], *members: tarfile.TarInfo) -> bytes:
    """As npm packs it. members: what else is in it."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as packed:
        for name, text in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            packed.addfile(member, io.BytesIO(text))
        for member in members:
            packed.addfile(member, io.BytesIO(b"x" * member.size))
    return gzip.compress(raw.getvalue(), mtime=0)


def package(version: str, text: bytes | None = None) -> bytes:
    """A good one."""
    return archive(files(version, text))


def released(version: str) -> Path:
    """The archive of a release, if this machine has it."""
    place = os.environ.get("WABOX_WAJS")
    path = Path(place or "/nowhere") / f"wppconnect-wa-js-{version}.tgz"
    if not path.is_file():
        pytest.skip(f"WABOX_WAJS names no directory with {path.name} (npm pack {wajs.NAME}@{version})")
    return path
