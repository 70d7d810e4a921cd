"""`wabox init`: the owner's account, without the browser."""

from __future__ import annotations

import json

import click

from wabox import welcome
from wabox.accounts import passwords, users
from wabox.cli import alone, shared
from wabox.config import Config


@click.command("init")
@click.option("--email", prompt="E-mail address", help="The owner's address; it is the name to log in with.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of stdin.")
@click.option("--accept-disclaimer", is_flag=True, help="You have read what WhatsApp does not allow.")
@click.option("--json", "as_json", is_flag=True, help="The last line is JSON, for scripts.")
@shared.configured
def command(config: Config, email: str, *, password_stdin: bool, accept_disclaimer: bool, as_json: bool) -> None:
    """Make the owner's account and print its API key, once."""
    email = users.email_of(email)
    if not accept_disclaimer:
        _ask_to_accept(by_script=password_stdin)
    with alone.opened(config, what="wabox init", page="/setup") as (box, _):
        password = shared.password(from_stdin=password_stdin)
        passwords.check(password, email=email)
        hashed = passwords.hashed(password)
        made = box.db.write_now(welcome.make_owner, email, hashed, seal=box.seal, ip=None, now=box.now())
    if as_json:
        shown = {"api_key": made.api_key, "email": made.email, "webhook_secret": made.webhook_secret}
        click.echo(json.dumps(shown))
        return
    click.echo(f"The box belongs to {made.email} now. These two are shown once; keep them:")
    click.echo(f"  API key         {made.api_key}\n  Webhook secret  {made.webhook_secret}")
    click.echo(f"Next: wabox serve, then open {box.base_url} and link your phone.")


def _ask_to_accept(*, by_script: bool) -> None:
    if by_script:
        raise click.UsageError("Read the disclaimer in README.md, then add --accept-disclaimer.")
    click.echo(users.DISCLAIMER + "\n")
    click.confirm("Do you accept?", abort=True)
