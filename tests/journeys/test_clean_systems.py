"""README's commands on a minimal Debian 12 and 13, made for it: minutes and gigabytes, so by hand only."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.journeys.conftest import long_only

RUN = Path(__file__).parents[1] / "clean" / "run.sh"

pytestmark = [
    long_only(),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make systems of its own"),
    pytest.mark.skipif(not shutil.which("debootstrap"), reason="needs debootstrap"),
    pytest.mark.timeout(1800),
]


@pytest.mark.parametrize(("suite", "python"), [("bookworm", "3.11"), ("trixie", "3.13")])
def test_a_minimal_debian_delivers_the_demo(suite: str, python: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [RUN, suite], env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.count(": delivered") >= 3
    assert f"Python: Python {python}." in done.stdout
    assert list(tmp_path.iterdir()) == []
