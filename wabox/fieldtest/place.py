"""Where a field test runs: a directory of its own, the driver on it, and, for --sandbox, a sandbox process."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import phonenumbers

from wabox import __version__
from wabox.errors import ConfigError
from wabox.fieldtest import steps
from wabox.fieldtest.field import Field
from wabox.fieldtest.journal import Journal, Stopped
from wabox.fieldtest.people import People
from wabox.fieldtest.report import Report, version
from wabox.fieldtest.tempo import Tempo
from wabox.whatsapp import browser
from wabox.whatsapp.driver import SessionSpec
from wabox.whatsapp.gateway import Gateway

_START_SECONDS = 20
_LEAVE_SECONDS = 90


@contextlib.contextmanager
def temporary() -> Iterator[Path]:
    """A private directory for the test's profiles, gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix="wabox-fieldtest-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def sandbox() -> Iterator[str]:
    """The address of a sandbox in a process of its own. Raises ConfigError if it does not start."""
    words = [sys.executable, "-m", "wabox", "sandbox", "--port", "0"]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        said = process.stdout.readline() if process.stdout else ""
        found = re.search(r"ready at (http://\S+?);", said)
        if found is None:
            raise ConfigError("The sandbox does not start; try it alone: wabox sandbox.")
        yield found[1]
    finally:
        process.terminate()
        try:
            process.wait(_START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


async def tried(
    url: str,
    chromium: str | None,
    people: People,
    tempo: Tempo,
    journal: Journal,
    *,
    profiles: Path,
    profile: str | None = None,
    only: Collection[int] = (),
    overnight: bool = False,
) -> Report:
    """The report of a whole run. profile: of a linked device in `profiles`; None: one of the test's own.

    A link that the test made is given up at the end, whatever happened. Broken off, it reports what there is.
    """
    gateway = Gateway(url, chromium, profiles, journal.note, limits=tempo.limits)
    await gateway.start()
    spec = SessionSpec(1, 0, profile or "fieldtest", None)
    field = Field(
        gateway,
        journal,
        people,
        tempo,
        profiles=profiles,
        spec=spec,
        temporary=profile is None,
        overnight=overnight,
    )
    field.report.keep_out(people.phones.a, people.phones.b, people.phones.nobody)
    began = time.monotonic()
    field.report.about |= about(people, chromium)
    try:
        with contextlib.suppress(Stopped):
            await asyncio.to_thread(steps.run, field, only)
    finally:
        field.report.about |= {"minutes": round((time.monotonic() - began) / 60, 1), "messages": field.messages}
        if journal.stopped:
            field.report.about["broken_off"] = True
        await _leave(field)
        await gateway.stop()
    return field.report


def about(people: People, chromium: str | None) -> dict[str, object]:
    """Versions and the country; nothing else of whose phone it is."""
    found = browser.find(chromium)
    return {
        "wabox": version(__version__),
        "chromium": version(found.version if found else None),
        "country": country(people.phones.a),
        "day": time.strftime("%Y-%m-%d", time.gmtime()),
        **people.details(),
    }


def country(phone: str) -> int | None:
    """The country code of a number."""
    with contextlib.suppress(phonenumbers.NumberParseException):
        return phonenumbers.parse(f"+{phone}").country_code
    return None


async def _leave(field: Field) -> None:
    """The test's own link is logged out at WhatsApp, or at least wiped here."""
    if not field.temporary:
        field.gateway.close(field.spec.device_id)
        return
    leaving = field.gateway.log_out(field.spec, forget=True, anyway=True)
    with contextlib.suppress(Exception):
        await asyncio.wait_for(asyncio.wrap_future(leaving), _LEAVE_SECONDS)
