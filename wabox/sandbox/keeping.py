"""The sandbox's memory on disk: one JSON file in its data directory, replaced whole, never torn."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import msgspec

from wabox.errors import ConfigError
from wabox.sandbox.world import Kept

FILE = "sandbox.json"
PAUSE_SECONDS = 0.2


class Keeper:
    """Loads and saves what outlives the process; without a directory nothing does."""

    def __init__(self, directory: Path | None) -> None:
        self._path = directory / FILE if directory else None
        self._pending: asyncio.TimerHandle | None = None
        self._took = 0.0

    def load(self) -> Kept:
        """What was kept last time, or a world without memory. Raises ConfigError."""
        if self._path is None or not self._path.exists():
            return Kept()
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Kept)
        except msgspec.MsgspecError as error:
            cure = "Move it away to start with an empty sandbox."
            raise ConfigError(f"{self._path} cannot be read: {error}. {cure}") from None

    def save_soon(self, kept: Kept) -> None:
        """It will be on disk shortly; many calls in a row are one write."""
        if self._path is None or self._pending is not None:
            return
        wait = max(PAUSE_SECONDS, 20 * self._took)
        self._pending = asyncio.get_running_loop().call_later(wait, self.save, kept)

    def save(self, kept: Kept) -> None:
        """It is on disk."""
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None
        if self._path is None:
            return
        began = time.monotonic()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(kept))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        self._took = time.monotonic() - began
