"""Knows the snapshot of advisories, and which versions each of them speaks of (OSV's rules, PEP 440's order)."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

HOME = Path(__file__).parent
SNAPSHOT = HOME / "advisories.json"
EXCEPTIONS = HOME / "exceptions.toml"


@dataclass(frozen=True, slots=True)
class Advisory:
    """One fault of one package. ranges: (introduced, fixed, last_affected) each; versions: named one by one."""

    id: str
    aliases: tuple[str, ...]
    package: str
    summary: str
    ranges: tuple[tuple[str, str | None, str | None], ...]
    versions: tuple[str, ...]

    def speaks_of(self, version: str) -> bool:
        """Whether this version has the fault."""
        if version in self.versions:
            return True
        return any(_within(Version(version), *one) for one in self.ranges)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """asked: the packages whose advisories were kept; of any other package it knows nothing."""

    source: str
    licence: str
    commit: str
    day: date
    looked_through: int
    asked: frozenset[str]
    advisories: tuple[Advisory, ...]


@dataclass(frozen=True, slots=True)
class Exempt:
    """An advisory that somebody has judged. until: the day on which it must be judged again."""

    id: str
    package: str
    reason: str
    until: date


def snapshot(path: Path = SNAPSHOT) -> Snapshot:
    """What is kept."""
    told = json.loads(path.read_text(encoding="utf-8"))
    found = tuple(_advisory(one) for one in told["advisories"])
    return Snapshot(
        told["source"],
        told["licence"],
        told["commit"],
        date.fromisoformat(told["date"]),
        told["looked_through"],
        frozenset(told["packages"]),
        found,
    )


def exempt(path: Path = EXCEPTIONS) -> tuple[Exempt, ...]:
    """The advisories that were judged; an exception without reason or day is an error."""
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Exempt(one["id"], one["package"], one["reason"], one["until"]) for one in told.get("exception", [])
    )


def locked(*locks: Path) -> dict[str, str]:
    """name -> version of everything in these locks."""
    found: dict[str, str] = {}
    for lock in locks:
        found |= dict(re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8")))
    return {str(canonicalize_name(name)): version for name, version in found.items()}


def hits(packages: dict[str, str], known: Snapshot) -> list[Advisory]:
    """The advisories that speak of these very versions."""
    return [one for one in known.advisories if one.package in packages and one.speaks_of(packages[one.package])]


def judged(hit: Advisory, exceptions: tuple[Exempt, ...], today: date) -> bool:
    """Somebody has judged it, and not too long ago."""
    return any(
        one.package == hit.package and one.id in (hit.id, *hit.aliases) and today < one.until for one in exceptions
    )


def _advisory(told: dict[str, Any]) -> Advisory:
    return Advisory(
        told["id"],
        tuple(told["aliases"]),
        told["package"],
        told["summary"],
        tuple((one["introduced"], one.get("fixed"), one.get("last_affected")) for one in told["ranges"]),
        tuple(told["versions"]),
    )


def _within(version: Version, introduced: str, fixed: str | None, last: str | None) -> bool:
    try:
        if introduced != "0" and version < Version(introduced):
            return False
        if fixed is not None:
            return version < Version(fixed)
        return last is None or version <= Version(last)
    except InvalidVersion:  # an end that is no version: nobody can say that this one is out of it
        return True
