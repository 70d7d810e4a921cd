"""An engine on WhatsApp's own log-in page, in a fresh profile: a QR comes, nothing is missing or linked."""

from __future__ import annotations

import asyncio
from pathlib import Path

from wabox.trial.events import Events
from wabox.trial.selftest import SLOW_SECONDS, shows
from wabox.whatsapp.driver import SessionSpec, WaJs
from wabox.whatsapp.gateway import Gateway


async def run(engines: Path, wanted: WaJs, chromium: str | None, place: Path, url: str) -> tuple[str, ...]:
    """What the page lacks that sending does not need. Raises Failed.

    Nobody scans the code; it goes with the profile.
    """
    events = Events()
    gateway = Gateway(url, chromium, place, events.note, engines=engines)
    await gateway.start()
    try:
        gateway.open(SessionSpec(1, 1, "canary", None, wanted))
        await asyncio.to_thread(shows, events, lambda link: link.qr is not None, since=0, seconds=SLOW_SECONDS)
        return (await asyncio.to_thread(gateway.checkup, 1)).lacks
    finally:
        await gateway.stop()
