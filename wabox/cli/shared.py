"""What several commands need: the settings, the database to read, a password that nobody sees.

The service's own program, as `wabox` typed on its machine is, takes the service's settings, wherever it is typed;
root becomes the user that the data belongs to, or it would leave files that the service cannot read.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pwd
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from wabox import config as settings
from wabox import datadir, opening
from wabox.cli import CONFIG_HELP
from wabox.config import Config
from wabox.db import Rows
from wabox.errors import ConfigError

DEFAULT_FILE = Path("wabox.toml")
SERVICE_HOME, SERVICE_FILE = Path("/opt/wabox"), Path("/etc/wabox/wabox.toml")


def configured(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command takes --config and is given a loaded `config`."""

    @click.option("--config", "config_file", type=click.Path(dir_okay=False, path_type=Path), help=CONFIG_HELP)
    @functools.wraps(command)
    def with_config(*args: Any, config_file: Path | None, **kwargs: Any) -> Any:
        return command(*args, config=load(config_file), **kwargs)

    return with_config


def load(config_file: Path | None) -> Config:
    """The settings in this file, else the service's, else those in ./wabox.toml, else the defaults.

    Raises ConfigError.
    """
    config_file = config_file or default_file()
    config = settings.load(config_file)
    if config_file is not None and config_file.absolute() == SERVICE_FILE:
        _become_owner_of(config.data.dir)
    return config


def default_file() -> Path | None:
    """Where the settings come from if nobody says; None: nowhere."""
    if Path(sys.prefix).is_relative_to(SERVICE_HOME) and SERVICE_FILE.exists():
        return SERVICE_FILE
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def _become_owner_of(directory: Path) -> None:
    """Root is the user that this belongs to from here on."""
    if os.geteuid() != 0 or not directory.exists():
        return
    owner = directory.stat()
    if owner.st_uid == 0:
        return
    os.setgroups([])
    with contextlib.suppress(KeyError):
        person = pwd.getpwuid(owner.st_uid)
        os.initgroups(person.pw_name, owner.st_gid)
        os.environ.update(HOME=person.pw_dir, USER=person.pw_name, LOGNAME=person.pw_name)
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)


@contextlib.contextmanager
def reading(config: Config) -> Iterator[Rows]:
    """The database as it is, also while wabox runs; nothing can be changed. Raises ConfigError."""
    data = datadir.DataDir(config.data.dir)
    if not data.database.exists() and not opening.has_lived(data):
        raise ConfigError(f"There is no database in {config.data.dir} yet; make the box with wabox init.")
    with opening.connected(data, query_only=True) as connection:
        yield Rows(connection)


def password(*, from_stdin: bool) -> str:
    """The new password: the first line of stdin, or asked twice without showing it."""
    if not from_stdin:
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt="Once more")
        return asked
    return _line("password")


def passphrase(*, from_stdin: bool, new: bool) -> str:
    """What seals or opens a backup: the first line of stdin, or asked without showing it, a new one twice."""
    if not from_stdin:
        asked: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt="Once more" if new else False)
        return asked
    found = _line("passphrase")
    if not found:
        raise click.UsageError("There is no passphrase on stdin.")
    return found


def _line(what: str) -> str:
    raw = sys.stdin.buffer.readline(4_096).rstrip(b"\r\n")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise click.UsageError(f"The {what} on stdin is not UTF-8 text.") from None
