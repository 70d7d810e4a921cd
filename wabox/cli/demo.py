"""`wabox demo`: wabox and the sandbox side by side, and a first message through a real Chromium."""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import click

from wabox.demo.children import started
from wabox.demo.place import Place
from wabox.demo.story import FRIEND_PHONE, DemoFailed, Story

EMAIL = "demo@example.com"
DIRECTORY = Path("data/demo")
PORTS = click.IntRange(1, 65_535)


@click.command("demo")
@click.option("--once", is_flag=True, help="Stop when the first message has arrived; exit code 0 if it did.")
@click.option("--port", default=8470, show_default=True, type=PORTS, help="Where the demo's wabox listens.")
@click.option("--sandbox-port", default=8471, show_default=True, type=PORTS, help="Where the sandbox listens.")
@click.option("--selling", is_flag=True, help="With plans, payments and customers, as for a reseller.")
def command(port: int, sandbox_port: int, *, once: bool, selling: bool) -> None:
    """Try wabox with a pretend WhatsApp; no phone needed. Its data lies in data/demo, made anew each time."""
    place = Place(DIRECTORY.absolute(), port, sandbox_port, selling=selling)
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _stop)
    try:
        with place.held():
            place.check_ports()
            place.make()
            _play(place, once=once)
    except DemoFailed as failed:
        click.echo(f"wabox: the demo failed. {failed}", err=True)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        click.echo("Stopped.")
        raise SystemExit(130 if once else 0) from None


def _play(place: Place, *, once: bool) -> None:
    made = _owner(place)
    sandbox = ["sandbox", "--port", str(place.sandbox_port), "--data", str(place.path / "sandbox")]
    serve = ["serve", "--config", str(place.settings)]
    with contextlib.ExitStack() as stack:
        children = [
            stack.enter_context(started("The sandbox", sandbox, log=place.path / "sandbox.log")),
            stack.enter_context(started("wabox", serve, log=place.path / "wabox.log")),
        ]
        story = Story(
            url=place.url,
            sandbox_url=place.sandbox_url,
            api_key=made["api_key"],
            children=children,
            say=lambda line: click.echo(f"  {line}"),
        )
        stack.callback(story.close)
        try:
            story.tell(campaign=not once)
        except DemoFailed:
            click.echo(children[1].last_words(), err=True)
            raise
        place.write_result({"url": place.url, "sandbox_url": place.sandbox_url, **made})
        _show(place, made, campaign=not once)
        if not once:
            click.echo("Ctrl-C ends the demo.")
        while not once:
            time.sleep(1)
            story.check_lives()


def _owner(place: Place) -> dict[str, str]:
    """The demo's account, made by the very command a person would type."""
    password = secrets.token_urlsafe(12)
    words = ["init", "--config", str(place.settings), "--email", EMAIL]
    done = subprocess.run(
        [sys.executable, "-m", "wabox", *words, "--password-stdin", "--accept-disclaimer", "--json"],
        input=f"{password}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DemoFailed(done.stderr.strip())
    told = json.loads(done.stdout.splitlines()[-1])
    return {
        "api_key": told["api_key"],
        "email": EMAIL,
        "password": password,
        "webhook_secret": told["webhook_secret"],
    }


def _show(place: Place, made: dict[str, str], *, campaign: bool) -> None:
    campaigns = f"Campaigns   {place.url}/campaigns\n" if campaign else ""
    body = f'{{"phone": "{FRIEND_PHONE}", "message": "Hi there"}}'
    click.echo(
        f"""
The message arrived. This is yours now, and in {place.result} too:
  Dashboard   {place.url}
  Log in      {made["email"]}  {made["password"]}
  API key     {made["api_key"]}
  The phones  {place.sandbox_url}/phones
  {campaigns}
Send another:
  curl -X POST {place.url}/api/v1/send -H 'X-API-Key: {made["api_key"]}' \\
    -H 'Content-Type: application/json' -d '{body}'
"""
    )

    if place.selling:
        click.echo(
            f"""\
Selling: make a plan at {place.url}/admin/plans. In another browser, or a private window, be a customer at
{place.url}/register; approve the account at {place.url}/admin/users, the payment at {place.url}/admin/payments.
"""
        )


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
