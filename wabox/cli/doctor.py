"""`wabox doctor`: what is wrong with this box, in plain words, each line with its cure."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click

from wabox import config as settings
from wabox.backup import nightly
from wabox.checkup import box, chromium, files, machine, surroundings
from wabox.checkup import bundle as packing
from wabox.checkup.findings import Finding, bad
from wabox.cli import CONFIG_HELP, shared
from wabox.config import Config
from wabox.errors import ConfigError

MARKS = {
    "ok": click.style("ok  ", fg="green"),
    "warning": click.style("hm  ", fg="yellow"),
    "bad": click.style("BAD ", fg="red"),
}


@click.command("doctor")
@click.option("--config", "config_file", type=click.Path(dir_okay=False, path_type=Path), help=CONFIG_HELP)
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.option("--ready", is_flag=True, help="Only say, by the exit code, whether wabox answers and works now.")
@click.option("--browser", is_flag=True, help="Only look at the browser.")
@click.option(
    "--bundle",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what a helper needs to this file (zip): no secrets, texts or whole numbers.",
)
def command(config_file: Path | None, *, as_json: bool, ready: bool, browser: bool, bundle: Path | None) -> None:
    """Say what is wrong with this box, each with its cure. Exit code 1: something is."""
    wrong_settings: Finding | None = None
    try:
        config = shared.load(config_file)
    except ConfigError as error:
        if ready:
            raise
        cure = "Put it right; until then only the machine and the browser are looked at."
        wrong_settings = bad("config", "%(why)s", cure, why=error)
        config = settings.parse({}, base=Path.cwd())
    if ready:
        raise SystemExit(0 if box.is_well(box.local_url(config)) else 1)
    found = list(_looked_at(config, wrong_settings, browser=browser, show=not as_json))
    if bundle is not None:
        _pack(bundle, config, found)
    wrong = [one for one in found if one.level == "bad"]
    if as_json:
        click.echo(json.dumps({"ok": not wrong, "findings": [_plain(one) for one in found]}))
    else:
        click.echo("All is well." if not wrong else f"{len(wrong)} of {len(found)} must be put right.")
    raise SystemExit(1 if wrong else 0)


def _looked_at(config: Config, wrong: Finding | None, *, browser: bool, show: bool) -> Iterator[Finding]:
    """Everything; of a box whose settings are wrong only what does not need them."""
    if wrong is not None:
        parts: tuple[Callable[[Config], Iterable[Finding]], ...] = (machine.findings, chromium.findings)
    elif browser:
        parts = (chromium.findings,)
    else:
        parts = (
            *(machine.findings, surroundings.findings, surroundings.of_service),
            *(chromium.findings, files.findings, box.findings, nightly.findings),
        )
    for finding in itertools.chain([wrong] if wrong else [], *(part(config) for part in parts)):
        if show:
            _show(finding)
        yield finding


def _pack(path: Path, config: Config, found: list[Finding]) -> None:
    try:
        packing.write(path, config, found)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror}); name another file.") from None
    click.echo(f"What a helper needs is in {path}: look through it before you send it.", err=True)


def _plain(finding: Finding) -> dict[str, str]:
    return {"name": finding.name, "level": finding.level, "says": finding.says, "cure": finding.cure}


def _show(finding: Finding) -> None:
    click.echo(f"{MARKS[finding.level]}{finding.says}")
    if finding.cure:
        click.echo(f"     -> {finding.cure}")
