"""In which order files run: what waits for other programs beside what computes, the longest waits first.

Run in the order of their names, all workers would wait together in the journeys and compute together in the nouns.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest
from pathlib import Path

import pytest

from tests import weight

# Those that take minutes, the longest first: one that began last would be waited for by all.
LONGEST = (
    "journeys/test_kills.py",
    "journeys/test_engine.py",
    "contract/test_bad_days.py",
    "journeys/test_deeds.py",
    "journeys/test_files.py",
    "house/test_service_kills.py",
    "journeys/terms/test_5_expiry.py",
    "contract/test_weeks.py",
    "fieldtest/test_on_sandbox.py",
    "journeys/test_campaign.py",
    "journeys/terms/test_2_locking.py",
    "journeys/terms/test_kills_on_credits.py",
    "journeys/terms/test_3_free_trial.py",
    "contract/test_files.py",
    "contract/test_links.py",
    "faces/api/test_schemathesis.py",
)


def mixed(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The same tests, a file's together and in its own order."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    long = [weight.TESTS / name for name in LONGEST if weight.TESTS / name in files]
    waiting = [*long, *(path for path in files if weight.is_real(path) and path not in long)]
    others = [path for path in files if path not in waiting]
    step = max(1, round(len(others) / max(1, len(waiting))))
    pieces = [others[n : n + step] for n in range(0, len(others), step)]
    order = chain.from_iterable(
        ([one] if one else []) + (piece or []) for one, piece in zip_longest(waiting, pieces)
    )
    return [item for path in order for item in files[path]]
