"""Prints a page of ours as a PDF by the box's own Chromium: one at a time, without a network, in its seconds."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from wabox.errors import Unavailable
from wabox.languages import later
from wabox.memory_there import memory_mb
from wabox.threads import Turn
from wabox.whatsapp import browser

SECONDS = 30
LEAST_MB = 300  # what a browser takes beside those of the phones
NO_BROWSER = later("This box has no browser of its own to make the PDF with. Use Print, and save it as PDF there.")
NO_ROOM = later("The box has too little memory for a PDF now. Use Print, and save it as PDF there.")
BUSY = later("The box is making other PDFs. Try again in a moment, or use Print and save it as PDF there.")
FAILED = later("The PDF could not be made. Use Print, and save it as PDF there.")
# What the page may load: nothing. Its style stands in it, and it has no script.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_turn = Turn(BUSY)


async def pdf(body: str, *, language: str, title: str, chromium: str | None) -> bytes:
    """The page as A4. body: HTML of our own, escaped; title: escaped too. chromium: the setting of that name.

    Takes seconds, and one thread at a time. Raises Unavailable, whose sentence says to print instead.
    """
    found = browser.find(chromium)
    if found is None:
        raise Unavailable("no_browser", NO_BROWSER)
    async with _turn:
        if memory_mb()[1] < LEAST_MB:
            raise Unavailable("out_of_memory", NO_ROOM, retry_after=60)
        return await asyncio.to_thread(_printed, found.path, _page(body, language, title))


def _page(body: str, language: str, title: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><style>{_style()}</style></head>'
        f"<body>{body}</body></html>"
    )


@functools.cache
def _style() -> str:
    return (Path(__file__).parents[1] / "static" / "paper.css").read_text(encoding="utf-8")


def _printed(chromium: Path, page: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="wabox-print-", ignore_cleanup_errors=True) as place:
        source, made = Path(place) / "page.html", Path(place) / "page.pdf"
        source.write_text(page, encoding="utf-8")
        command = [
            str(chromium),
            "--headless=new",
            f"--user-data-dir={place}/profile",
            "--no-first-run",
            "--disable-extensions",
            *browser.HARDENING,
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--proxy-server=http://127.0.0.1:9",  # a bare IP address is not looked up: it goes nowhere either
            "--proxy-bypass-list=<-loopback>",
            *(["--no-sandbox"] if browser.runs_as_root() else []),
            "--no-pdf-header-footer",
            f"--print-to-pdf={made}",
            source.as_uri(),
        ]
        try:
            _run(command, place)
            printed = made.read_bytes()
        except (OSError, subprocess.TimeoutExpired):
            printed = b""
    if not printed.startswith(b"%PDF-"):
        raise Unavailable("print_failed", FAILED, retry_after=60)
    return printed


def _run(command: list[str], place: str) -> None:
    """The browser ran and is gone, with all that it started. Raises TimeoutExpired."""
    environment = {**browser.environment(), "HOME": place, "TMPDIR": place}
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(
        command, stdout=nowhere, stderr=nowhere, env=environment, start_new_session=True
    ) as running:
        try:
            running.wait(SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
