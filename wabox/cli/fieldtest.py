"""`wabox fieldtest`: tries on the owner's own phones what wabox takes for true of WhatsApp."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import signal
from pathlib import Path
from typing import Any

import click
import structlog

from wabox import datadir
from wabox.cli import shared
from wabox.config import Config
from wabox.devices import stored as devices
from wabox.errors import ConfigError
from wabox.fieldtest import place, shown
from wabox.fieldtest.journal import Journal
from wabox.fieldtest.people import People, Phones
from wabox.fieldtest.played import Played
from wabox.fieldtest.tempo import FAST, PEOPLE, Tempo
from wabox.fieldtest.terminal import Terminal

_PHONE = re.compile(r"[0-9]{7,15}")
BEFORE = """\
This tries on your own phones what wabox takes for true of WhatsApp: 20 steps, about 30 minutes, at most 25
messages, all to phone B and to phone A itself. Phone A is linked to a browser of the test's own and removed again
at the end; its number carries the risk that README names. Phone B is a second phone of yours, or of somebody
beside you. Nothing is uploaded; you see the whole report before it is saved.
"""


@click.command("fieldtest")
@click.option("--phone-a", help="The number that is linked, with the country's code.")
@click.option("--phone-b", help="The second phone's number.")
@click.option("--device", type=int, help="Use this linked phone of the box (its id) instead of linking anew.")
@click.option("--sandbox", is_flag=True, help="Run every step on a sandbox of its own; no phones needed.")
@click.option("--step", "only", type=click.IntRange(1, 20), multiple=True, help="Only these steps.")
@click.option("--overnight", is_flag=True, help="Watch the browser's memory for 12 hours in step 18.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Where to save the report (JSON).")
@click.option(
    "--check-sandbox",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Run on a sandbox and print how it differs from this saved report.",
)
@shared.configured
def command(config: Config, *, check_sandbox: Path | None, as_json: bool, save: Path | None, **asked: Any) -> None:
    """Try with two phones of yours what wabox takes for true of WhatsApp. Exit code 1: one was not."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if check_sandbox is not None:
        _compare(config, check_sandbox, asked["only"])
        return
    report = _on_sandbox(config, asked["only"]) if asked["sandbox"] else _on_phones(config, **asked)
    click.echo(json.dumps(report, indent=2) if as_json else shown.text(report))
    if save is not None and (asked["sandbox"] or click.confirm(f"Save this report in {save}?", err=True)):
        save.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    raise SystemExit(1 if any(step["result"] == "FAIL" for step in report["steps"]) else 0)


def _on_sandbox(config: Config, only: tuple[int, ...]) -> dict[str, Any]:
    journal = Journal()
    with place.temporary() as profiles, place.sandbox() as url, contextlib.closing(Played(url)) as people:
        return _run(config, url, people, FAST, journal, profiles=profiles, only=only)


def _on_phones(
    config: Config,
    *,
    phone_a: str | None,
    phone_b: str | None,
    device: int | None,
    overnight: bool,
    only: tuple[int, ...],
    **_rest: Any,
) -> dict[str, Any]:
    click.echo(BEFORE, err=True)
    phones = Phones(_number("Number of phone A", phone_a), _number("Number of phone B", phone_b))
    if not click.confirm("Both phones are at hand, and their people agree?", err=True):
        raise ConfigError("Nothing was tried.")
    journal = Journal()
    people = Terminal(phones, lambda: journal.stopped)
    url = config.whatsapp.url
    if device is None:
        with place.temporary() as profiles:
            return _run(config, url, people, PEOPLE, journal, profiles=profiles, only=only, overnight=overnight)
    data = datadir.prepare(config.data.dir)
    with datadir.held(data, what="wabox fieldtest"):
        profile = _profile(config, device)
        if not click.confirm("Step 20 ends this phone's link. Go on?", err=True):
            raise ConfigError("Nothing was tried. Leave out step 20 with --step.")
        return _run(
            config,
            url,
            people,
            PEOPLE,
            journal,
            profiles=data.profiles,
            profile=profile,
            only=only,
            overnight=overnight,
        )


def _run(
    config: Config, url: str, people: People, tempo: Tempo, journal: Journal, *, profiles: Path, **more: Any
) -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, journal.stop)
        chromium = config.whatsapp.chromium or None
        report = await place.tried(url, chromium, people, tempo, journal, profiles=profiles, **more)
        return report.data()

    return asyncio.run(run())


def _compare(config: Config, saved: Path, only: tuple[int, ...]) -> None:
    try:
        before = json.loads(saved.read_text(encoding="utf-8"))
        found = shown.differences(before, _on_sandbox(config, only))
    except (ValueError, KeyError, TypeError):
        raise ConfigError(f"{saved} is no report of wabox fieldtest.") from None
    click.echo("\n".join(found) if found else "The sandbox behaves as that report says.")


def _number(question: str, given: str | None) -> str:
    said = given or click.prompt(question, err=True)
    digits = re.sub(r"[\s()+-]", "", said)
    if not _PHONE.fullmatch(digits):
        raise ConfigError(f"{question}: give it with the country's code, 7 to 15 digits.")
    return digits


def _profile(config: Config, device_id: int) -> str:
    with shared.reading(config) as rows:
        found = devices.profile_of(rows, device_id)
    if found is None:
        raise ConfigError(f"There is no linked phone {device_id} in this box.")
    return found
