"""Has a service told by a child process: Apprise speaks to it there, and reaches only what is allowed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from wabox.languages import later

LONGEST_SECONDS = 30.0
LATE = later("The service did not answer within 30 seconds.")
BROKEN = later("The service could not be told; check its address.")


@dataclass(frozen=True, slots=True)
class Told:
    """shown: what kind of service it is. error: why it was not told, None if it was."""

    shown: str
    error: str | None


def ask(address: str, *, allow: Sequence[str], own_port: int, title: str = "", body: str = "") -> Told:
    """The service was told, or without a body only its address was looked at: that tells nobody.

    allow, own_port: as of `[webhooks]`. Takes up to 30 seconds: never on the loop.
    """
    order = {"address": address, "allow": list(allow), "own_port": own_port, "title": title, "body": body}
    words = [sys.executable, "-I", "-B", "-m", "wabox.alerts.child"]
    try:
        done = subprocess.run(
            words,
            input=json.dumps(order).encode(),
            capture_output=True,
            timeout=LONGEST_SECONDS,
            check=False,
            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"},
        )
    except subprocess.TimeoutExpired:
        return Told("", LATE)
    try:
        said = json.loads(done.stdout)
        return Told(str(said["shown"]), said["error"])
    except (ValueError, KeyError):
        return Told("", BROKEN)
