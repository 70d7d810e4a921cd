"""`wabox version`."""

from __future__ import annotations

import json

import click

from wabox import __version__


@click.command("version")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def command(*, as_json: bool) -> None:
    """Print the version."""
    click.echo(json.dumps({"version": __version__}) if as_json else f"wabox {__version__}")
