"""`wabox setup-link`: the link that makes a new box yours."""

from __future__ import annotations

import click

from wabox import datadir, logs, open_box, welcome
from wabox.cli import shared
from wabox.config import Config
from wabox.errors import ConfigError


@click.command("setup-link")
@click.option("--if-new", is_flag=True, help="Print nothing, and be content, if the box has an owner.")
@shared.configured
def command(config: Config, *, if_new: bool) -> None:
    """Print the link that makes a new box yours: it works once, for a day."""
    logs.configure(config.logs)
    data = datadir.prepare(config.data.dir)
    try:
        with datadir.held(data, what="wabox setup-link"), open_box.opened(config, data) as box:
            url = welcome.set_up_url(box, data)
    except datadir.InUse as used:
        token = welcome.kept_token(data)
        url = f"{config.server.public_url or used.url}{welcome.PATH}{token}" if token else None
    if url is not None:
        click.echo(url)
    elif not if_new:
        raise ConfigError("This box has an owner already; log in, or use wabox user set-password.")
