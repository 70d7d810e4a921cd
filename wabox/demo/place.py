"""Knows data/demo: the demo's own settings, data and result, made anew at each run."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wabox import datadir
from wabox.errors import ConfigError

SETTINGS = """\
# The demo's settings; written anew at each run.
[server]
port = {port}

[data]
dir = "box"

[whatsapp]
url = "{sandbox_url}"

[sending]
gap_seconds = [0, 0]
quiet_hours = []
daily_cap = 0
hourly_cap = 0
new_chats_per_day = 0
warmup = false
"""

SELLING = """
[billing]
enabled = true
bkash = "Send Money to 01700-000000 (this is only a demo: send nothing)."
seller = "The demo's owner\\nDhaka"
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the demo lives and listens. selling: with plans, payments and other people's accounts."""

    path: Path
    port: int
    sandbox_port: int
    selling: bool = False

    @property
    def url(self) -> str:
        """wabox."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        """The pretend WhatsApp."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def settings(self) -> Path:
        """Its wabox.toml."""
        return self.path / "wabox.toml"

    @property
    def result(self) -> Path:
        """What scripts read."""
        return self.path / "demo.json"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """No other demo uses this place. Raises ConfigError if one does, or if it cannot be written."""
        os.umask(0o077)
        try:
            self.path.mkdir(mode=datadir.PRIVATE_DIR, parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from None
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(datadir.held(datadir.DataDir(self.path), what="wabox demo", url=self.url))
            except OSError as error:
                raise self._unusable(error) from None
            yield

    def make(self) -> None:
        """Nothing is left of an earlier demo; its lock is held by the caller."""
        self.result.unlink(missing_ok=True)
        for name in ("box", "sandbox"):
            shutil.rmtree(self.path / name, ignore_errors=True)
        settings = SETTINGS.format(port=self.port, sandbox_url=self.sandbox_url)
        self.settings.write_text(settings + (SELLING if self.selling else ""), encoding="utf-8")

    def _unusable(self, error: OSError) -> ConfigError:
        return ConfigError(
            f"The demo cannot write to {self.path} ({error.strerror}); start it in a directory of your own, for "
            "instance in a copy of wabox's tree."
        )

    def check_ports(self) -> None:
        """Raises ConfigError when a port is taken."""
        if self.port == self.sandbox_port:
            raise ConfigError("The demo needs two different ports; change --port or --sandbox-port.")
        for port, option in ((self.port, "--port"), (self.sandbox_port, "--sandbox-port")):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    raise ConfigError(
                        f"Port {port} cannot be used ({error.strerror}); choose another with {option}."
                    ) from None

    def write_result(self, told: dict[str, str]) -> None:
        """demo.json is there, whole, and private: it holds the API key and the password."""
        half = self.result.with_suffix(".new")
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(told, file, indent=2)
            file.write("\n")
        half.rename(self.result)
