"""Has a service told by a child process: Apprise speaks to it there, and reaches only what is allowed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import partial

from wabox.languages import later
from wabox.threads import Pool, Turn
from wabox.webhooks.targets import Reach

LONGEST_SECONDS = 30.0
LATE = later("The service did not answer within 30 seconds.")
BROKEN = later("The service could not be told; check its address.")
BUSY = later("The box is looking at other addresses. Try again in a moment.")
# Of their own: whoever makes them wait takes no thread from the rest of the box.
_THREADS = Pool(2, "services")
_turn = Turn(BUSY)


@dataclass(frozen=True, slots=True)
class Told:
    """shown: what kind of service it is. error: why it was not told, None if it was."""

    shown: str
    error: str | None


async def understood(address: str, *, reach: Reach) -> Told:
    """What kind of service this address is; it is not told. One at a time. Raises Unavailable `busy`."""
    async with _turn:
        return await told(address, reach=reach)


async def told(address: str, *, reach: Reach, title: str = "", body: str = "") -> Told:
    """As `ask`, in a thread that is kept for it."""
    work = partial(ask, address, reach=reach, title=title, body=body)
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)


def ask(address: str, *, reach: Reach, title: str = "", body: str = "") -> Told:
    """The service was told, or without a body only its address was looked at: that tells nobody.

    reach: as of webhooks, by address. Takes up to 30 seconds: never on the loop.
    """
    order = {"address": address, "reach": asdict(reach), "title": title, "body": body}
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
