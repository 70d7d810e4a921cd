"""`wabox unmove`: a box that was moved to another machine takes up its work again."""

from __future__ import annotations

import click

from wabox import fence
from wabox.backup import releasing
from wabox.cli import alone, shared
from wabox.config import Config

WARNING = (
    "If the box it was moved to still runs, both send the same messages, and WhatsApp ends the link of one. "
    "Stop and delete that one first. Is it gone for good?"
)


@click.command("unmove")
@click.confirmation_option(prompt=WARNING, help="Do not ask.")
@shared.configured
def command(config: Config) -> None:
    """Call a box back that was moved away, after the other one is gone for good; then wabox release."""
    with alone.opened(config, what="wabox unmove", page="/admin/held") as (box, _):
        held = box.db.read_here(fence.held_as, "moved_away")
        box.db.write_now(releasing.unmove, user_id=None, now=box.now())
    click.echo(f"It was moved away on {held.since:%Y-%m-%d %H:%M} UTC. What waits here may have gone from there.")
    click.echo("Next: wabox release, which says what would go. Each phone asks for a new scan.")
