"""`wabox user`: accounts, from the shell of the box."""

from __future__ import annotations

import json

import click

from wabox import closing, times
from wabox.accounts import audit, browsers, keys, passwords, registration, sessions, states, totp, users
from wabox.accounts.users import User
from wabox.cli import alone, shared
from wabox.config import Config
from wabox.db import Tx
from wabox.devices import orders
from wabox.errors import NotFound
from wabox.letters import accounts as letters


@click.group("user")
def command() -> None:
    """Make, list and delete accounts, set a password or a state."""


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


@command.command("add")
@click.option("--email", prompt="E-mail address", help="The name to log in with.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of stdin.")
@click.option("--json", "as_json", is_flag=True, help="The last line is JSON, for scripts.")
@shared.configured
def add(config: Config, email: str, *, password_stdin: bool, as_json: bool) -> None:
    """Make an account for somebody else, and print its API key, once."""
    with alone.opened(config, what="wabox user add", page="/admin/users") as (box, _):
        email = users.email_of(email)
        password = shared.password(from_stdin=password_stdin)
        passwords.check(password, email=email)
        hashed = passwords.hashed(password)

        def make(tx: Tx) -> tuple[User, str]:
            now = box.now()
            user = users.create(tx, email=email, password_hash=hashed, now=now)
            orders.create_primary(tx, user.id, now=now)
            details = {"name": user.email, "by": "wabox user"}
            audit.note(tx, user_id=None, action="account.made", subject=str(user.id), details=details, now=now)
            return user, keys.issue(tx, user.id, now=now).key

        user, key = box.db.write_now(make)
    if as_json:
        click.echo(json.dumps({**_shown(user), "api_key": key}))
        return
    click.echo(f"{user.email} can log in. Its API key is shown once; keep it:\n  {key}")


@command.command("set-state")
@click.option("--email", prompt="E-mail address", help="Whose account.")
@click.option("--reason", default="", help="Why; needed to suspend and to lock.")
@click.argument("what", type=click.Choice(list(states.MOVES)))
@shared.configured
def set_state(config: Config, email: str, reason: str, what: states.Move) -> None:
    """Approve, suspend, resume, lock or unlock an account."""
    with alone.opened(config, what="wabox user set-state", page="/admin/users") as (box, _):
        user = box.db.read_here(users.by_email, email)
        if user is None:
            raise NotFound("not_found", f"There is no account {email}; wabox user list shows them.")
        by = states.Actor(None, None)
        asked = box.db.read_here(registration.rule, config) or states.NOTHING_MORE

        def change(tx: Tx) -> User:
            moved = states.move(tx, user.id, what, by=by, reason=reason, asked=asked, now=box.now())
            letters.moved(tx, box, moved, what, reason)
            return moved

        moved = box.db.write_now(change)
    waits = " until its address is confirmed" if what == "approve" and moved.state == "pending" else ""
    click.echo(f"{moved.email} is {moved.state}{waits}.")


@command.command("set-password")
@click.option("--email", prompt="E-mail address", help="Whose password.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of stdin.")
@click.option("--without-code", is_flag=True, help="Also switch two-step log-in off: phone and codes are lost.")
@shared.configured
def set_password(config: Config, email: str, *, password_stdin: bool, without_code: bool) -> None:
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
            browsers.forget(tx, user.id)
            details = {"by": "wabox user"}
            audit.note(tx, user_id=user.id, action="password.changed", details=details, now=box.now())
            if without_code and totp.remove(tx, user.id):
                audit.note(tx, user_id=user.id, action="totp.off", details=details, now=box.now())

        box.db.write_now(change)
    click.echo(f"{user.email} has a new password and is logged out everywhere.")


@command.command("delete")
@click.option("--email", prompt="E-mail address", help="Whose account.")
@click.option("--reason", default="", help="Why; the record shows it.")
@click.confirmation_option(prompt="Delete the account and all it holds, for good?", help="Do not ask.")
@shared.configured
def delete(config: Config, email: str, reason: str) -> None:
    """Delete an account for good; payments, invoices and the record of what was done stay."""
    with alone.opened(config, what="wabox user delete", page="/admin/users") as (box, _):
        user = box.db.read_here(users.by_email, email)
        if user is None:
            raise NotFound("not_found", f"There is no account {email}; wabox user list shows them.")
        box.db.write_now(closing.close, user.id, by=states.Actor(None, None), reason=reason, now=box.now())
        while box.db.write_now(closing.forget, user.id, now=box.now()):
            pass
    click.echo(f"{user.email} is deleted. Its phones are logged out when wabox starts.")


def _shown(user: User) -> dict[str, object]:
    return {
        "id": user.id,
        "email": user.email,
        "role": user.role,
        "state": user.state,
        "created_at": times.wire(user.created_at),
    }
