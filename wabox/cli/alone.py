"""Opens the box for one command, or says where the running wabox does the same."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from wabox import datadir, logs, open_box
from wabox.box import Box
from wabox.config import Config
from wabox.errors import ConfigError


@contextlib.contextmanager
def opened(config: Config, *, what: str, page: str) -> Iterator[tuple[Box, datadir.DataDir]]:
    """The box, for this process alone. page: where the dashboard does the same while wabox runs.

    Raises ConfigError that names that page when wabox runs.
    """
    logs.configure(config.logs)
    data = datadir.prepare(config.data.dir)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(datadir.held(data, what=what))
        except datadir.InUse as used:
            if used.url is None:
                raise
            by = f"wabox is running (process {used.pid})"
            raise ConfigError(f"{by}; do this in the dashboard: {used.url}{page}, or stop wabox first.") from None
        yield stack.enter_context(open_box.opened(config, data)), data
