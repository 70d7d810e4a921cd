"""`wabox release`: a box that was restored or copied sends again."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click

from wabox import fence
from wabox.backup import releasing
from wabox.cli import alone, shared
from wabox.config import Config

SPAN = re.compile(r"([1-9][0-9]{0,4})(m|h|d)")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Span(click.ParamType[timedelta]):
    """A number of minutes, hours or days, like 24h."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The span. A wrong one is a usage error."""
        found = SPAN.fullmatch(str(value))
        if found is None:
            self.fail("write a number and m, h or d, like 90m, 24h or 3d", param, ctx)
        return timedelta(**{UNITS[found[2]]: int(found[1])})


@click.command("release")
@click.option("--cancel-older-than", type=Span(), help="Cancel first what was due longer ago, like 24h.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared.configured
def command(config: Config, *, cancel_older_than: timedelta | None, yes: bool) -> None:
    """Say what a restored or copied box would send now, and let it go on once you agree."""
    with alone.opened(config, what="wabox release", page="/admin/held") as (box, _):
        held = box.db.read_here(fence.held_as, "quarantined")
        click.echo(fence.SAID[held.why])
        if held.behind is not None:
            click.echo(f"What happened after {held.behind:%Y-%m-%d %H:%M} UTC it does not know.")
        if held.other:
            click.echo(f"The other box: {held.other}. Make sure that it does not send any more.")
        now = box.now()
        found = box.db.read_here(releasing.pending, now=now)
        since = "" if found.oldest is None else f", the oldest of {found.oldest:%Y-%m-%d %H:%M} UTC"
        click.echo(f"Messages that wait: {found.queued}{since}; planned for later: {found.planned}.")
        click.echo(f"Campaigns that go on: {found.campaigns}. Webhook posts that are owed: {found.posts}.")
        if found.repeats:
            click.echo(f"Repeating campaigns that go on: {found.repeats}; dates meanwhile are not made up for.")
        if cancel_older_than is not None:
            old = box.db.read_here(releasing.older, than=now - cancel_older_than)
            click.echo(f"Of the messages {old} are older than you said; they are cancelled.")
        if not yes:
            click.confirm("Let the box send?", abort=True)
        if cancel_older_than is not None:
            while box.db.write_now(releasing.cancel_older, than=now - cancel_older_than, now=box.now()):
                pass
        box.db.write_now(releasing.release, user_id=None, now=box.now())
    click.echo("Released. It sends as soon as wabox runs and its phones are linked.")
