"""`wabox serve`: the process."""

from __future__ import annotations

import click

from wabox import run
from wabox.cli.shared import configured
from wabox.config import Config


@click.command("serve")
@configured
def command(config: Config) -> None:
    """Run wabox: the dashboard, the API and the sending, until it is told to stop."""
    run.serve(config)
