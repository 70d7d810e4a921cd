"""`wabox doctor`: what is wrong with this box, in plain words, each line with its cure."""

from __future__ import annotations

import json

import click

from wabox.backup import nightly
from wabox.checkup import box, chromium, files, machine
from wabox.checkup.findings import Finding
from wabox.cli import shared
from wabox.config import Config

MARKS = {
    "ok": click.style("ok  ", fg="green"),
    "warning": click.style("hm  ", fg="yellow"),
    "bad": click.style("BAD ", fg="red"),
}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.option("--ready", is_flag=True, help="Only say, by the exit code, whether wabox answers and works now.")
@click.option("--browser", is_flag=True, help="Only look at the browser.")
@shared.configured
def command(config: Config, *, as_json: bool, ready: bool, browser: bool) -> None:
    """Say what is wrong with this box, each with its cure. Exit code 1: something is."""
    if ready:
        raise SystemExit(0 if box.is_well(box.local_url(config)) else 1)
    found: list[Finding] = []
    for part in (chromium,) if browser else (machine, chromium, files, box, nightly):
        for finding in part.findings(config):
            found.append(finding)
            if not as_json:
                _show(finding)
    wrong = [one for one in found if one.level == "bad"]
    if as_json:
        click.echo(json.dumps({"ok": not wrong, "findings": [_plain(one) for one in found]}))
    else:
        click.echo("All is well." if not wrong else f"{len(wrong)} of {len(found)} must be put right.")
    raise SystemExit(1 if wrong else 0)


def _plain(finding: Finding) -> dict[str, str]:
    return {"name": finding.name, "level": finding.level, "says": finding.says, "cure": finding.cure}


def _show(finding: Finding) -> None:
    click.echo(f"{MARKS[finding.level]}{finding.says}")
    if finding.cure:
        click.echo(f"     -> {finding.cure}")
