"""One linked box for all journeys: linking is slow, and a box must bear many bad days in a row."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import browsers
from tests.journeys.box import EMAIL, PASSWORD, PHONE, Shop, WhatsApp
from tests.journeys.receiver import Receiver


def long_only() -> pytest.MarkDecorator:
    """Minutes long: run by hand with WABOX_LONG=1."""
    return pytest.mark.skipif(not os.environ.get("WABOX_LONG"), reason="takes minutes; run with WABOX_LONG=1")


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the box lives."""
    return tmp_path_factory.mktemp("journey")


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """The shop's own server."""
    found = Receiver()
    yield found
    found.close()


@pytest.fixture(scope="session")
def whatsapp(place: Path) -> Iterator[WhatsApp]:
    """A sandbox that serves."""
    if browsers.WHOLE is None:
        pytest.skip("needs a real Chromium")
    sandbox = WhatsApp(place)
    sandbox.start()
    yield sandbox
    sandbox.program.kill()


@pytest.fixture(scope="session")
def linked(place: Path, whatsapp: WhatsApp, receiver: Receiver) -> Iterator[Shop]:
    """A box, linked, with a webhook."""
    box = Shop(place, whatsapp, webhooks={"allow": [receiver.address]}, chromium=browsers.WHOLE)
    box.program.cold = True
    box.init()
    try:
        box.start()
        assert box.call("PUT", "/webhooks", {"webhook_url": receiver.url}).status_code == 200
        box.link()
        yield box
    finally:
        box.close()
    tells_nothing(box)


def tells_nothing(box: Shop) -> None:
    """In all its lives the box has logged no text, no number and no secret."""
    said = box.program.log
    assert "wabox serves" in said
    secrets = [PASSWORD, EMAIL, PHONE, box.http.headers["X-API-Key"], box.webhook_secret]
    words = ["Hello number", "Your parcel is here", "Hi there", "Later then", "from a full shop"]
    assert not [one for one in (*secrets, *words) if one in said]
    assert not re.findall(r"88017[0-9]{8}", said)


@pytest.fixture
def shop(linked: Shop) -> Shop:
    """That box, as `calm` leaves it."""
    return calm(linked)


def calm(box: Shop) -> Shop:
    """The box, serving and ready, whatever the test before did to it, with nothing in its line."""
    if not box.whatsapp.program.running:
        box.whatsapp.start()
    box.whatsapp.ask("DELETE", "faults")
    if not box.program.running:
        box.start()
    box.is_device("ready")
    box.all_end()
    return box
