"""`wabox backup`: one file that a box can be put back from, also while wabox runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.progress import Progress

from wabox import datadir, logs
from wabox.backup import making
from wabox.backup.age import Key, Lock
from wabox.cli import shared
from wabox.config import Config
from wabox.errors import ConfigError


@click.command("backup")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--passphrase-stdin", is_flag=True, help="Seal it with the first line of stdin.")
@click.option("--unsealed", is_flag=True, help="Do not seal it: whoever has the file has everything.")
@click.option("--json", "as_json", is_flag=True, help="The last line is JSON, for scripts.")
@shared.configured
def command(config: Config, file: Path | None, *, passphrase_stdin: bool, unsealed: bool, as_json: bool) -> None:
    """Make a backup in one file, sealed with a passphrase; `age -d` opens it, too. Wabox may run meanwhile."""
    logs.configure(config.logs)
    data = datadir.DataDir(config.data.dir)
    if not data.database.exists():
        raise ConfigError(f"There is no box in {data.path} yet; make it with wabox init.")
    datadir.prepare(config.data.dir)
    passphrase = None if unsealed else shared.passphrase(from_stdin=passphrase_stdin, new=True)
    now = datetime.now(UTC)
    wanted = making.Wanted(
        (file or Path(f"wabox-{now:%Y-%m-%d-%H%M}.{'tar' if passphrase is None else 'tar.age'}")).absolute(),
        None if passphrase is None else Lock(passphrase=passphrase),
        None if passphrase is None else Key(passphrase=passphrase),
    )
    with Progress(disable=as_json, transient=True) as shown:
        task = shown.add_task("Packing", total=None)
        made = making.make(
            config, data, wanted, now=now, progress=lambda done, of: shown.update(task, completed=done, total=of)
        )
    if as_json:
        manifest = made.manifest
        told = {"file": str(made.path), "bytes": made.bytes, "sealed": passphrase is not None}
        told |= {"made_at": manifest.made_at.isoformat(), "counts": manifest.counts, "doubts": made.doubts}
        click.echo(json.dumps(told))
        return
    click.echo(f"{made.path}: {made.bytes:,} bytes, opened again and found whole.")
    click.echo(", ".join(f"{n:,} {table}" for table, n in made.manifest.counts.items() if n) or "An empty box.")
    for doubt in made.doubts:
        click.echo(f"Not true in the box, and so in its backup: {doubt}.")
    click.echo("The phones' links are not in it; a restored box asks for a new scan of each.")
    if passphrase is not None:
        click.echo("Keep the passphrase elsewhere: without it nobody can open the file.")
