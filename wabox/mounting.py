"""A router that holds many others and is mounted once."""

from __future__ import annotations

from typing import Any

from litestar import Router


class Mount(Router):
    """As Router, but mounted as it is.

    Litestar copies a router, with all that hangs on it, at each level it is mounted on, since one may be mounted
    twice. Ours are made for one box; the copies were more than half of the time that the app took to start.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> Mount:
        """Itself."""
        return self
