"""One box as a process of its own, whose phone is not linked, and the clients that ask it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients import programs
from tests.clients.programs import Client
from tests.journeys.box import Shop, WhatsApp, free_port


@pytest.fixture(scope="session")
def door() -> int:
    """A port of this machine that the box may post webhooks to."""
    return free_port()


@pytest.fixture(scope="session")
def box(tmp_path_factory: pytest.TempPathFactory, door: int) -> Iterator[Shop]:
    """It serves; nothing goes to WhatsApp, so what is sent is queued."""
    place = tmp_path_factory.mktemp("clients")
    shop = Shop(place, WhatsApp(place), webhooks={"allow": [f"127.0.0.1:{door}"]})
    shop.init()
    shop.start()
    yield shop
    shop.close()


@pytest.fixture(scope="session", params=programs.NAMES)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """Each in turn."""
    why = programs.lacks(request.param)
    if why is not None:
        pytest.skip(why)
    found = programs.start(request.param)
    yield found
    found.close()
