"""Makes the snapshot anew: python -m tests.audit.gather DIRECTORY [NAME...].

DIRECTORY: a clone of PyPA's advisory database (the repository pypa/advisory-database, CC-BY-4.0). Kept is what it
says of the packages in both locks, and of each NAME: packages that a lock will have soon.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name

from tests.audit import advisories

ROOT = Path(__file__).parents[2]
LOCKS = (ROOT / "deploy" / "requirements.lock", ROOT / "tests" / "requirements.lock")


def main(directory: Path, *more: str) -> None:
    """advisories.json is what the database says today of what we lock."""
    packages = sorted({*advisories.locked(*LOCKS), *(str(canonicalize_name(name)) for name in more)})
    said = subprocess.run(
        ["git", "-C", directory, "log", "-1", "--format=%H %cs"], capture_output=True, text=True, check=True
    )
    commit, day = said.stdout.split()
    files = sorted(directory.glob("vulns/*/*.yaml"))
    kept = []
    for file in files:
        if canonicalize_name(file.parent.name) in packages:
            kept += _kept(yaml.safe_load(file.read_text(encoding="utf-8")))
    told = {
        "source": "PyPA advisory database, repository pypa/advisory-database",
        "licence": "CC-BY-4.0",
        "commit": commit,
        "date": day,
        "looked_through": len(files),
        "packages": packages,
        "advisories": sorted(kept, key=lambda one: (one["package"], one["id"])),
    }
    advisories.SNAPSHOT.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _kept(told: dict[str, Any]) -> list[dict[str, Any]]:
    """What is needed of one advisory: not its text, and no version that a range covers."""
    if told.get("withdrawn"):
        return []
    summary = " ".join(str(told.get("summary") or told.get("details") or "").split())
    found = []
    for part in told.get("affected", []):
        ranges = [one for each in part.get("ranges", []) if each["type"] == "ECOSYSTEM" for one in _ranges(each)]
        found.append(
            {
                "id": told["id"],
                "aliases": sorted(told.get("aliases", [])),
                "package": str(canonicalize_name(part["package"]["name"])),
                "summary": summary[:120],
                "ranges": ranges,
                "versions": [] if ranges else [str(one) for one in part.get("versions", [])],
            }
        )
    return found


def _ranges(told: dict[str, Any]) -> list[dict[str, str]]:
    """OSV's list of events as spans, each from where the fault came in to where it ended."""
    found: list[dict[str, str]] = []
    for event in told["events"]:
        for name, version in event.items():
            if name == "introduced":
                found.append({"introduced": str(version)})
            elif name in ("fixed", "last_affected") and found:
                found[-1][name] = str(version)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
