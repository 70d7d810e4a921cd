"""What a stranger needs to help with this box, in one file without anybody's secrets, texts or whole numbers.

Made to be safe to send: settings are told only where they are numbers or switches, the database only by how many
rows it has, and whatever else is words goes through `masked`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wabox import __version__, config, migrations
from wabox.checkup.findings import Finding
from wabox.config import Config
from wabox.whatsapp import browser, wajs

LOG_LINES = 1_000
MAIL = re.compile(r"[^\s@\"'<>=:,;]+@[^\s@\"'<>=:,;]+")
LINK = re.compile(r"(https?://[^/\s\"']+)(/[^\s\"']*)?")
TOKEN = re.compile(r"(?=[A-Za-z0-9_+/=.-]*[0-9])[A-Za-z0-9_+/=-]{20,}")
DIGITS = re.compile(r"\d(?:[ ()-]?\d){5,}")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
HOME = re.compile(r"/(home|Users)/[^/\s\"']+")


def write(path: Path, config: Config, found: Iterable[Finding]) -> None:
    """The file is there, for this user alone, and is told from others by nothing but this box's numbers.

    Raises FileExistsError: it never replaces anything.
    """
    parts = {
        "README.txt": "What `wabox doctor --bundle` saw: no keys, texts, names, addresses or whole numbers.\n",
        "doctor.json": _json([_plain(one) for one in found]),
        "versions.json": _json(_versions(config)),
        "settings.json": _json(settings(config)),
        "database.json": _json(_database(config.data.dir / "wabox.db")),
        "files.json": _json(_files(config.data.dir)),
        "service.txt": masked(_said("systemctl", "show", "wabox", "--no-pager")),
        "log.txt": masked(
            _said("journalctl", "-u", "wabox", "-n", str(LOG_LINES), "--no-pager", "-o", "short-iso")
        ),
    }
    with path.open("xb") as file:
        path.chmod(0o600)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, text in parts.items():
                packed.writestr(name, text)


def masked(text: str) -> str:
    """The text without addresses, paths of links, long tokens, and the middle of long numbers."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\0{len(kept) - 1}\0"

    hidden = TIME.sub(keep, text)
    hidden = MAIL.sub("…@…", hidden)
    hidden = LINK.sub(lambda found: found[1] + ("/…" if found[2] and found[2] != "/" else ""), hidden)
    hidden = HOME.sub(r"/\1/…", hidden)
    hidden = TOKEN.sub("…", hidden)
    hidden = DIGITS.sub(lambda found: f"{found[0][:3]}…", hidden)
    return re.sub(r"\0(\d+)\0", lambda found: kept[int(found[1])], hidden)


def settings(found: Config) -> dict[str, dict[str, Any]]:
    """What differs from the default: numbers and switches as they are, words only as `set`."""
    fresh = config.parse({}, base=found.data.dir)
    told: dict[str, dict[str, Any]] = {}
    for name, kind in config.sections().items():
        now, then = getattr(found, name), getattr(fresh, name)
        for one in dataclasses.fields(kind):
            value = getattr(now, one.name)
            if value != getattr(then, one.name):
                told.setdefault(name, {})[one.name] = _told(value)
    return told


def _told(value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, tuple | list):
        return [_told(one) for one in value]
    return "set"


def _plain(finding: Finding) -> dict[str, str]:
    return {
        "name": finding.name,
        "level": finding.level,
        "says": masked(finding.says),
        "cure": masked(finding.cure),
    }


def _versions(config: Config) -> dict[str, Any]:
    found = browser.find(config.whatsapp.chromium)
    return {
        "wabox": __version__,
        "wa-js": wajs.BUILT_IN.version,
        "browser": found.version if found else None,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": masked(platform.platform()),
        "release": Path(sys.prefix).parent.name,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _database(path: Path) -> dict[str, Any]:
    """{table: how many rows}, and the last step of its schema."""
    if not path.exists():
        return {}
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
            names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
            rows = {
                name: connection.execute(f'select count(*) from "{name}"').fetchone()[0]  # noqa: S608 - of the schema
                for name in names
            }
            return {"rows": rows, "lacks": migrations.pending(connection)}
    except sqlite3.Error as error:
        return {"error": masked(str(error))}


def _files(directory: Path) -> dict[str, Any]:
    """{what: bytes}, of what lies at the top; folders by how many files they hold."""
    if not directory.is_dir():
        return {}
    found: dict[str, Any] = {"free": shutil.disk_usage(directory).free}
    with contextlib.suppress(OSError):
        for one in sorted(directory.iterdir()):
            found[masked(one.name)] = sum(1 for _ in one.rglob("*")) if one.is_dir() else one.stat().st_size
    return found


def _said(*words: str) -> str:
    if shutil.which(words[0]) is None:
        return "not on this machine\n"
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as failed:
        return f"{failed}\n"
    return done.stdout or done.stderr


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)
