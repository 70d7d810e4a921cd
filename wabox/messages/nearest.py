"""The name that a writer probably meant by one that is not there: `{Name}`, `{ city }`, `{citty}`; pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

NEAR = 0.75
_LONGEST = 64


def nearest(held: str, known: Collection[str]) -> str | None:
    """The known name that a brace which holds this means; None where none is near."""
    bare = re.sub(r"\W+", "_", held.partition(":")[0][:_LONGEST].strip().casefold()).strip("_")
    if bare in known:
        return bare
    return next(iter(difflib.get_close_matches(bare, list(known), n=1, cutoff=NEAR)), None)
