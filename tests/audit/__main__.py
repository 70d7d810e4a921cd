"""`python -m tests.audit`: fails on a known advisory for a locked package, and says what was not checked."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path

from tests.audit import advisories
from tests.audit.gather import LOCKS, ROOT
from wabox.whatsapp import wajs

OLD_DAYS = 30


def report(packages: dict[str, str], known: advisories.Snapshot, today: date) -> tuple[list[str], bool]:
    """What to print, and whether all is well."""
    lines = [
        f"{len(packages)} locked packages; {known.looked_through:,} advisories as of {known.day}: {known.source}.",
    ]
    age = (today - known.day).days
    if age > OLD_DAYS:
        lines.append(
            f"WARNING: the snapshot is {age} days old; what was published after {known.day} was NOT looked for. "
            "Make it anew from a fresh clone: python -m tests.audit.gather DIRECTORY"
        )
    strangers = sorted(packages.keys() - known.asked)
    if strangers:
        lines.append(f"NOT CHECKED, for the snapshot was made without them: {', '.join(strangers)}.")
    lines.append(f"NOT CHECKED, for it holds Python packages only: {', '.join(others())}.")
    exceptions = advisories.exempt()
    found = advisories.hits(packages, known)
    open_ones = [one for one in found if not advisories.judged(one, exceptions, today)]
    lines += [
        f"{'ADVISORY' if one in open_ones else 'judged'}: {one.package} {packages[one.package]}: {one.id} "
        f"{' '.join(one.aliases)}: {one.summary}"
        for one in found
    ]
    lines.append(
        "Raise the lock, or write a dated exception to tests/audit/exceptions.toml." if open_ones else "None hits."
    )
    return lines, not open_ones


def others() -> list[str]:
    """What wabox brings or uses that is no Python package."""
    versions = [*(ROOT / "wabox").rglob("VERSION"), *(ROOT / "tests").rglob("VERSION")]
    named = sorted(_first_words(one) for one in versions)
    return [*named, f"{wajs.NAME} {wajs.VERSION}", "the Node inside playwright", "the system's Chromium"]


def _first_words(version: Path) -> str:
    return " ".join(version.read_text(encoding="utf-8").split()[:2])


def main() -> int:
    """The exit code."""
    lines, well = report(advisories.locked(*LOCKS), advisories.snapshot(), datetime.now(UTC).date())
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
