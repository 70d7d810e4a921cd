"""In which order files run: what waits for other programs beside what computes, the longest waits first.

Run in the order of their names, all workers would wait together in the journeys and compute together in the nouns.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

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
    "journeys/terms/test_2_locking.py",
    "journeys/terms/test_3_free_trial.py",
    "journeys/terms/test_1_acceptable_use.py",
    "journeys/terms/test_7_liability.py",
    "journeys/terms/test_4_payments.py",
    "journeys/terms/test_2_content.py",
    "journeys/terms/test_6_data.py",
    "contract/test_weeks.py",
    "journeys/test_campaign.py",
    "fieldtest/test_on_sandbox.py",
    "journeys/terms/test_kills_on_credits.py",
    "contract/test_files.py",
    "contract/test_links.py",
    "faces/api/test_schemathesis.py",
)

# Whose files share what takes long to set up: one worker has them, one after the other.
TOGETHER = (
    ("journeys/terms/test_2_l", "journeys/terms/test_3", "journeys/terms/test_1", "journeys/terms/test_7"),
    ("journeys/terms/test_4", "journeys/terms/test_2_c", "journeys/terms/test_6"),
)


def together(config: pytest.Config, log: Any) -> Any:
    """xdist's way to hand out files: a worker has one at a time, or those that share something."""
    made = LoadFileScheduling(config, log)
    made._split_scope = scope
    return made


def scope(nodeid: str) -> str:
    """What is handed to one worker as a whole."""
    file = nodeid.partition("::")[0]
    return next((starts[0] for starts in TOGETHER if file.removeprefix("tests/").startswith(starts)), file)


def mixed(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The same tests, a file's together and in its own order."""
    files: dict[str, dict[Path, list[pytest.Item]]] = {}
    for item in items:
        files.setdefault(scope(item.nodeid), {}).setdefault(item.path, []).append(item)
    long = dict.fromkeys(one for name in LONGEST if (one := scope(f"tests/{name}")) in files)
    waiting = [*long, *(one for one in files if one not in long and weight.is_real(next(iter(files[one]))))]
    others = [one for one in files if one not in waiting]
    step = max(1, round(len(others) / max(1, len(waiting))))
    pieces = [others[n : n + step] for n in range(0, len(others), step)]
    order = chain.from_iterable(
        ([one] if one else []) + (piece or []) for one, piece in zip_longest(waiting, pieces)
    )
    return [item for one in order for own in files[one].values() for item in own]
