"""The worlds that the contract is tried in; one Chromium world for a whole module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import browsers
from tests.contract.worlds import ChromiumWorld, FakeWorld, World
from wabox.whatsapp.driver import SessionSpec


@pytest.fixture(scope="module", params=["fake", "chromium"])
def everywhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    profiles = tmp_path_factory.mktemp("profiles")
    world = FakeWorld() if request.param == "fake" else ChromiumWorld(profiles, chromium=browsers.WHOLE)
    yield world
    world.close()


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromiumWorld]:
    """The Chromium world of a module that has no use for the fake one."""
    world = ChromiumWorld(tmp_path_factory.mktemp("profiles"))
    yield world
    world.close()


@pytest.fixture
def world(everywhere: World) -> Iterator[World]:
    """A world in fair weather."""
    yield everywhere
    everywhere.calm()


@pytest.fixture(scope="module")
def shop(everywhere: World) -> tuple[SessionSpec, str]:
    """A linked device that tests share, and its phone's number."""
    return everywhere.linked()
