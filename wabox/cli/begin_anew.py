"""`wabox begin-anew`: an empty box where the database is lost; what was there is kept aside."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from wabox import datadir, logs, opening
from wabox.cli import shared
from wabox.config import Config
from wabox.errors import ConfigError

WARNING = (
    "The new box knows nobody: messages, contacts, campaigns, API keys and opt-outs are forgotten, and whoever "
    "said stop must be left out of your lists by you. A backup that is put back keeps all that. Begin anew?"
)


@click.command("begin-anew")
@click.confirmation_option(prompt=WARNING, help="Do not ask.")
@shared.configured
def command(config: Config) -> None:
    """Start over with an empty box when the database is lost. The old files are moved aside, none is deleted."""
    logs.configure(config.logs)
    data = datadir.prepare(config.data.dir)
    with datadir.held(data, what="wabox begin-anew"):
        if not data.database.exists() and not opening.has_lived(data):
            raise ConfigError(f"There is no box in {data.path} yet; make it with wabox init.")
        if not opening.is_lost(data):
            raise ConfigError(
                f"The database in {data.path} is whole, so nothing was done; to start over all the same, stop "
                "wabox and move that directory away."
            )
        place = _move_aside(data)
    click.echo(f"The old files lie in {place}; backups stayed where they were.")
    click.echo("On each phone, open WhatsApp, Linked devices, and log the old box out.")
    click.echo("Next: wabox init, or wabox serve and the set-up link it prints.")


def _move_aside(data: datadir.DataDir) -> Path:
    """All that belonged to the old box, in a folder of its own.

    The database goes first and the key last: cut short, the box is still a lost one, and this can be run again.
    """
    place = data.aside / f"{datetime.now(UTC):%Y-%m-%d-%H%M%S-%f}"
    place.mkdir(mode=datadir.PRIVATE_DIR, parents=True)
    stays = {data.aside.name, data.backups.name, data.lock.name, data.key_file.name}
    belongs = [one for one in sorted(data.path.iterdir()) if one.name not in stays and _is_ours(data, one)]
    belongs.sort(key=lambda one: not one.name.startswith(data.database.name))
    for one in [*belongs, data.key_file]:
        if one.exists():
            one.rename(place / one.name)
    return place


def _is_ours(data: datadir.DataDir, path: Path) -> bool:
    """Whether wabox made it; a wabox.toml or anything else that lies here is left alone."""
    names = {data.profiles.name, data.media.name, data.first_start.name, "receipts", "imports", "setup-link"}
    return path.name in names or path.name.startswith((data.database.name, data.queue.name))
