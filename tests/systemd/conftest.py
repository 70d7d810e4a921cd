"""One machine for all of these: they are what may befall it, in order."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.systemd import machine
from tests.systemd.machine import Machine
from tests.systemd.shop import Shop


def wanted(config: pytest.Config) -> bool:
    """Minutes long, so by hand only."""
    return bool(os.environ.get("WABOX_LONG")) or any("tests/systemd" in one for one in config.args)


@pytest.fixture(scope="session")
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A machine that has nothing of wabox yet but its settings."""
    if not wanted(request.config):
        pytest.skip("takes minutes; run it with ./install.sh test tests/systemd, or WABOX_LONG=1")
    if (why := machine.lacks()) is not None:
        pytest.skip(why)
    try:
        machine.make()
        machine.wheels()
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as failed:
        pytest.skip(f"what it needs could not be fetched: {failed}")
    made = Machine(tmp_path_factory.mktemp("systemd"))
    try:
        yield Shop(made)
    finally:
        made.close()
