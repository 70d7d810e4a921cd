"""`wabox move`: the box with its phones' links in one file, for another machine; here it is held from then on."""

from __future__ import annotations

from pathlib import Path

import click
from rich.progress import Progress

from wabox import fence
from wabox.backup import making
from wabox.backup.age import Key, Lock
from wabox.cli import alone, shared
from wabox.config import Config
from wabox.whatsapp import browser

WARNING = "This box sends nothing any more once the file is there. Move it?"


@click.command("move")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--passphrase-stdin", is_flag=True, help="Seal it with the first line of stdin.")
@click.confirmation_option(prompt=WARNING, help="Do not ask.")
@shared.configured
def command(config: Config, file: Path, *, passphrase_stdin: bool) -> None:
    """Pack the box with its phones' links, sealed, and hold it here; wabox restore takes it up elsewhere.

    wabox must be stopped, so that its browsers have closed cleanly.
    """
    with alone.opened(config, what="wabox move", page="/admin/backups") as (box, data):
        passphrase = shared.passphrase(from_stdin=passphrase_stdin, new=True)
        there = browser.find(config.whatsapp.chromium)
        path = file.absolute()
        wanted = making.Wanted(
            path,
            Lock(passphrase=passphrase),
            Key(passphrase=passphrase),
            kind="move",
            browser=(there.version if there else None) or "",
        )

        def hold() -> None:  # before the file has its name: it can be used only if this box is held
            box.db.write_now(fence.move_away, to=str(path), now=box.now())

        with Progress(transient=True) as shown:
            task = shown.add_task("Packing", total=None)
            made = making.make(
                config,
                data,
                wanted,
                now=box.now(),
                progress=lambda done, of: shown.update(task, completed=done, total=of),
                before_named=hold,
            )
    click.echo(
        f"{made.path}: {made.bytes:,} bytes, opened again and found whole. This box sends nothing any more."
    )
    click.echo("On the other machine: wabox restore FILE, wabox release, and start it. Then delete the file:")
    click.echo("whoever has it and the passphrase has the WhatsApp accounts. To call this box back: wabox unmove.")
