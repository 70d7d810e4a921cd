"""Playwright's own Node, through which every browser is started: whether it runs, and why not."""

from __future__ import annotations

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

from wabox.whatsapp import browser

_SECONDS = 20
_MISSING = "error while loading shared libraries"


def complaint() -> str | None:
    """Why it does not run, in its own words or its loader's; None: it runs. Starts it, for its version."""
    try:
        asked = subprocess.run(
            [_program(), "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
            env=browser.environment(),
        )
    except (OSError, subprocess.TimeoutExpired) as failed:
        return str(failed)[:300]
    if asked.returncode == 0:
        return None
    said = [line.strip() for line in asked.stderr.splitlines() if line.strip()]
    telling = [line for line in said if _MISSING in line] or said
    return telling[0][:300] if telling else f"exit code {asked.returncode}"


def cure(why: str) -> str:
    """What to do about that complaint."""
    if "libatomic.so.1" in why:
        return "Install the library it lacks: sudo apt-get install libatomic1"
    if _MISSING in why or "version `" in why:
        return "Install the library it lacks: ./install.sh setup does so where it can."
    return "Install wabox's packages anew: remove .venv, then ./install.sh setup, or sudo ./install.sh service."


def _program() -> Path:
    """Where Playwright looks for it. Asked without importing Playwright, which takes a second and many MB."""
    if named := os.environ.get("PLAYWRIGHT_NODEJS_PATH"):
        return Path(named)
    package = find_spec("playwright")
    assert package is not None and package.origin is not None
    return Path(package.origin).parent / "driver" / "node"
