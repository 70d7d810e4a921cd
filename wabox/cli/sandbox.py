"""`wabox sandbox`: the stand-in for WhatsApp alone, in a process of its own."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from wabox.errors import ConfigError
from wabox.sandbox.server import Sandbox


@click.command("sandbox")
@click.option("--port", default=8471, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--tls-port",
    type=click.IntRange(0, 65535),
    help="Also serve TLS here, with a certificate for web.whatsapp.com made at start.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep phones, links and messages in this directory; without it a restart forgets them.",
)
def command(port: int, tls_port: int | None, data: Path | None) -> None:
    """Run a stand-in for WhatsApp on this machine: a page to link, and phones to play with."""
    try:
        asyncio.run(run(port, tls_port, data))
    except OSError as error:
        advice = "Choose another with --port or --tls-port."
        raise click.ClickException(f"The sandbox cannot listen. {error.strerror}. {advice}") from None
    except ConfigError as error:
        raise click.ClickException(str(error)) from None


async def run(port: int, tls_port: int | None, data: Path | None) -> None:
    """The sandbox has run until SIGTERM or Ctrl-C. Raises OSError if a port is taken."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopped.set)
    sandbox = Sandbox(port=port, tls_port=tls_port, data=data)
    await sandbox.start()
    tls = "" if sandbox.tls_port is None else f" (TLS on port {sandbox.tls_port})"
    click.echo(f"Sandbox ready at {sandbox.url}{tls}; play the phones at {sandbox.url}/phones")
    await stopped.wait()
    await sandbox.stop()
