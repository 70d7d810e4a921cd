"""`wabox serve`: the process."""

from __future__ import annotations

import os

import click

from wabox import run
from wabox.cli.shared import configured
from wabox.config import Config


@click.command("serve")
@configured
def command(config: Config) -> None:
    """Run wabox: the dashboard, the API and the sending, until it is told to stop."""
    environ = dict(os.environ)  # as it was: what is for this process alone is taken out of it on the way
    kept = run.serve(config)
    if kept is not None:
        run.begin_anew(kept, environ)
