"""`wabox user`: accounts, from the shell of the box."""

from __future__ import annotations

import json

import click

from wabox import times
from wabox.accounts import audit, passwords, sessions, users
from wabox.accounts.users import User
from wabox.cli import alone, shared
from wabox.config import Config
from wabox.db import Tx
from wabox.errors import NotFound


@click.group("user")
def command() -> None:
    """List accounts, set a password."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@shared.configured
def show(config: Config, *, as_json: bool) -> None:
    """Print every account."""
    with shared.reading(config) as rows:
        found = users.everyone(rows)
    if as_json:
        click.echo(json.dumps([_shown(one) for one in found]))
        return
    for one in found:
        click.echo(f"{one.email}  {one.role}  {one.state}  since {one.created_at:%Y-%m-%d}")
    if not found:
        click.echo("There is no account yet; make the owner's with wabox init.")


@command.command("set-password")
@click.option("--email", prompt="E-mail address", help="Whose password.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of stdin.")
@shared.configured
def set_password(config: Config, email: str, *, password_stdin: bool) -> None:
    """Give an account a new password; it is logged out everywhere."""
    with alone.opened(config, what="wabox user set-password", page="/settings") as (box, _):
        user = box.db.read_here(users.by_email, email)
        if user is None:
            raise NotFound("not_found", f"There is no account {email}; wabox user list shows them.")
        password = shared.password(from_stdin=password_stdin)
        passwords.check(password, email=user.email)
        hashed = passwords.hashed(password)

        def change(tx: Tx) -> None:
            users.set_password(tx, user.id, hashed)
            sessions.end_all(tx, user.id)
            details = {"by": "wabox user"}
            audit.note(tx, user_id=user.id, action="password.changed", details=details, now=box.now())

        box.db.write_now(change)
    click.echo(f"{user.email} has a new password and is logged out everywhere.")


def _shown(user: User) -> dict[str, object]:
    return {
        "id": user.id,
        "email": user.email,
        "role": user.role,
        "state": user.state,
        "created_at": times.wire(user.created_at),
    }
