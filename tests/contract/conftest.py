"""The worlds that the contract is tried in; one Chromium world, with a linked device, for a whole module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import browsers
from tests.contract.worlds import ChromiumWorld, FakeWorld, World
from wabox.whatsapp.driver import SessionSpec


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts a browser is marked so: `./install.sh check` leaves it out."""
    for item in items:
        if isinstance(item, pytest.Function) and ("sky" in item.fixturenames or _in_chromium(item)):
            item.add_marker("browser")


def _in_chromium(item: pytest.Function) -> bool:
    return hasattr(item, "callspec") and item.callspec.params.get("everywhere") == "chromium"


@pytest.fixture(scope="module")
def sky(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromiumWorld]:
    """The Chromium world. A module's CHROMIUM is the one it asks for; else the shell, at half the processor."""
    chromium = getattr(request.module, "CHROMIUM", browsers.SHELL)
    world = ChromiumWorld(tmp_path_factory.mktemp("profiles"), chromium=chromium)
    yield world
    world.close()


@pytest.fixture(scope="module")
def linked(sky: ChromiumWorld) -> tuple[SessionSpec, str]:
    """A device of that world, and its phone's number: linking starts a browser, so tests share it."""
    return sky.linked()


@pytest.fixture
def calm(sky: ChromiumWorld, linked: tuple[SessionSpec, str]) -> Iterator[tuple[SessionSpec, str]]:
    """That device in fair weather, well again whatever the test before did to it."""
    sky.calm()
    sky.well(linked[0].device_id)
    yield linked
    sky.calm()


@pytest.fixture(scope="module", params=["fake", "chromium"])
def everywhere(request: pytest.FixtureRequest) -> World:
    return FakeWorld() if request.param == "fake" else request.getfixturevalue("sky")


@pytest.fixture
def world(everywhere: World) -> Iterator[World]:
    """A world in fair weather."""
    yield everywhere
    everywhere.calm()


@pytest.fixture(scope="module")
def shop(everywhere: World, request: pytest.FixtureRequest) -> tuple[SessionSpec, str]:
    """A linked device that tests share, and its phone's number."""
    return everywhere.linked() if isinstance(everywhere, FakeWorld) else request.getfixturevalue("linked")
