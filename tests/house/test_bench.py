from __future__ import annotations

import json
from pathlib import Path

from tests.house.conftest import Typed
from wabox.cli.bench import LINES


def test_bench_measures_every_part_and_leaves_nothing(wabox: Typed, tmp_path: Path) -> None:
    done = wabox("bench", "--seconds", "0.2", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told) == set(LINES)
    assert all(value > 0 for value in told.values())
    assert list(tmp_path.iterdir()) == []
