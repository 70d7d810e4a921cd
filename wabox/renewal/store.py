"""Where an installed wa-js lies: a directory each below data/engine, read-only, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import secrets
import shutil
from collections.abc import Collection
from pathlib import Path

from wabox import datadir
from wabox.renewal.archive import Package
from wabox.whatsapp import wajs
from wabox.whatsapp.driver import WaJs
from wabox.whatsapp.wajs import Engine

PART = ".part"


def keep(directory: Path, package: Package) -> Engine:
    """The package lies there, flushed, and nobody changes it; one that lies there already and is whole stays."""
    engine = engine_of(directory, WaJs(package.version, package.sha256))
    if is_whole(engine):
        return engine
    directory.mkdir(mode=datadir.PRIVATE_DIR, parents=True, exist_ok=True)
    part = directory / f"{secrets.token_hex(8)}{PART}"
    part.mkdir(mode=datadir.PRIVATE_DIR)
    for name, content in _contents(package).items():
        path = part / name
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.chmod(0o400)
    datadir.flush(part)
    _remove(engine.path.parent)  # what lay there was damaged
    part.rename(engine.path.parent)
    datadir.flush(directory)
    return engine


def engine_of(directory: Path, wanted: WaJs) -> Engine:
    """Where it would lie."""
    return wajs.installed(directory, wanted)


def is_whole(engine: Engine) -> bool:
    """Whether the script is there, byte for byte. Reads the disk."""
    try:
        return hashlib.sha256(engine.path.read_bytes()).hexdigest() == engine.sha256
    except OSError:
        return False


def clear(directory: Path, kept: Collection[WaJs], *, before: float = math.inf) -> list[str]:
    """What is none of these and lay there before then is gone, half-written ones too; the names of what went.

    before: seconds since the epoch. What a command has just put there has no row yet.
    """
    if not directory.is_dir():
        return []
    names = {wajs.directory_name(one.version, one.sha256) for one in kept}
    found = [path for path in sorted(directory.iterdir()) if path.name not in names]
    gone = [path for path in found if path.stat().st_mtime < before]
    for path in gone:
        _remove(path)
    return [path.name for path in gone]


def _contents(package: Package) -> dict[str, bytes]:
    named = {wajs.BUNDLE: package.script, "LICENSE": package.licence}
    return named | ({f"{wajs.BUNDLE}.LICENSE.txt": package.notice} if package.notice is not None else {})


def _remove(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
