"""`wabox restore`: puts a backup in the place of the box, or looks whether it could."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.progress import Progress

from wabox import datadir, logs, opening, swapping
from wabox.backup import reading, restoring
from wabox.backup.age import Key
from wabox.backup.packing import Manifest
from wabox.cli import shared
from wabox.config import Config
from wabox.errors import ConfigError
from wabox.whatsapp import browser


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Only read it to its end and say what is in it.")
@click.option(
    "--passphrase-stdin",
    is_flag=True,
    help="Read the passphrase, or the identity of age, from the first line of stdin.",
)
@click.option("--yes", is_flag=True, help="Do not ask before a box that is there is set aside.")
@click.option("--json", "as_json", is_flag=True, help="The last line is JSON, for scripts.")
@shared.configured
def command(config: Config, file: Path, *, check: bool, passphrase_stdin: bool, yes: bool, as_json: bool) -> None:
    """Put a backup in the place of this box. It sends nothing until wabox release."""
    logs.configure(config.logs)
    key = None
    if reading.is_sealed(file):
        try:
            key = Key.of(shared.passphrase(from_stdin=passphrase_stdin, new=False))
        except ValueError as error:
            raise click.UsageError(f"What opens the backup is no key: {error}.") from None
    with Progress(disable=as_json, transient=True) as shown:
        task = shown.add_task("Reading", total=None)

        def progress(done: int, of: int) -> None:
            shown.update(task, completed=done, total=of)

        if check:
            found = reading.check(file, key, progress=progress)
        else:
            found = _restored(config, file, key, yes=yes, progress=progress, shown=shown)
    if as_json:
        click.echo(json.dumps(_plain(found, done=not check)))
        return
    click.echo(f"Of {found.made_at:%Y-%m-%d %H:%M} UTC, made on {found.host} by wabox {found.wabox}; whole.")
    click.echo(", ".join(f"{n:,} {table}" for table, n in found.counts.items() if n) or "An empty box.")
    if not check:
        _say_next(config, found)


def _restored(
    config: Config, file: Path, key: Key | None, *, yes: bool, progress: reading.Progress, shown: Progress
) -> Manifest:
    data = datadir.prepare(config.data.dir)
    try:
        with datadir.held(data, what="wabox restore"):
            if data.database.exists() and opening.has_lived(data) and not yes:
                shown.stop()
                click.confirm(f"There is a box in {data.path}. Set it aside and put the backup there?", abort=True)
            there = browser.find(config.whatsapp.chromium)
            version = None if there is None else there.version
            now = datetime.now(UTC)
            return restoring.restore(data, file, key, now=now, browser=version, progress=progress).manifest
    except datadir.InUse as used:
        by = f"wabox is running (process {used.pid})"
        raise ConfigError(f"{by}; stop it first: sudo systemctl stop wabox. The backup was not touched.") from None


def _say_next(config: Config, found: Manifest) -> None:
    aside = config.data.dir / swapping.ASIDE
    click.echo(
        f"The box is back in {config.data.dir}" + (f"; what was there lies in {aside}." if aside.exists() else ".")
    )
    settings = config.data.dir / swapping.RESTORED_SETTINGS
    if settings.exists():
        click.echo(f"Its settings were not put in force; compare {settings} with yours.")
    click.echo("It sends nothing yet. Start wabox, log in and open Held, or run wabox release.")
    there = browser.find(config.whatsapp.chromium)
    if found.kind != restoring.MOVE:
        click.echo("Each phone then asks for a new scan.")
    elif restoring.is_older(None if there is None else there.version, found.browser):
        said = there.version if there and there.version else "none"
        click.echo(
            f"Each phone then asks for a new scan: the browser here ({said}) is older than {found.browser}."
        )
    else:
        click.echo(
            "The phones stay linked; no scan is needed. Delete the file: whoever has it has their accounts."
        )


def _plain(found: Manifest, *, done: bool) -> dict[str, object]:
    told: dict[str, object] = {"made_at": found.made_at.isoformat(), "host": found.host, "wabox": found.wabox}
    return told | {"kind": found.kind, "counts": found.counts, "missing": found.missing, "restored": done}
