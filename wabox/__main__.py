"""`wabox`: finds the command, imports only that one, and says in one sentence what cannot be done."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import click

from wabox.cli import COMMANDS, CONFIG_HELP
from wabox.errors import ConfigError, Refusal


class Commands(click.Group):
    """Every file of wabox/cli that is a command; a command's file is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command; each takes --config, also where it changes nothing."""
        if cmd_name not in COMMANDS:
            return None
        command = _imported(cmd_name).command
        assert isinstance(command, click.Command)
        if not isinstance(command, click.Group) and "--config" not in _options(command):
            command.params.append(click.Option(["--config"], help=CONFIG_HELP, expose_value=False))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in --help, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Run it. Exit code 2: something must be put right first; 1: it was refused."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            click.echo(f"wabox: {error}", err=True)
            ctx.exit(2)
        except Refusal as refusal:
            click.echo(f"wabox: {refusal.sentence}", err=True)
            ctx.exit(1)


def _imported(cmd_name: str) -> ModuleType:
    """The command's file, imported in two thirds of the time that Python alone takes.

    What is imported stays, so nothing is collected meanwhile. structlog would take rich along, for
    tracebacks with values in them, which `logs` forbids, and httpx a command of its own.
    """
    gc.disable()
    try:
        with _absent("rich", "httpx._main"):
            import_module("structlog")
            import_module("httpx")
        return import_module(f"wabox.cli.{cmd_name.replace('-', '_')}")
    finally:
        gc.freeze()  # or the first collection would walk through all of it, for a tenth of the time that it took
        gc.enable()


@contextlib.contextmanager
def _absent(*names: str) -> Iterator[None]:
    """Whoever imports these meanwhile goes on as if they were not installed."""
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    barred = [name for name in names if name not in modules]
    modules.update(dict.fromkeys(barred))
    try:
        yield
    finally:
        for name in barred:
            del modules[name]


def _options(command: click.Command) -> set[str]:
    return {name for one in command.params for name in one.opts}


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A self-hosted WhatsApp sending box for small shops."""


if __name__ == "__main__":
    main()
