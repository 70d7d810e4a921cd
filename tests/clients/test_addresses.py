"""A box at IPv6's loopback, asked by real clients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.asking import PLAIN
from tests.clients.programs import Ask, Client
from tests.journeys.box import Shop, WhatsApp, until


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """It listens at ::1 alone."""
    place: Path = tmp_path_factory.mktemp("six")
    shop = Shop(place, WhatsApp(place), server={"host": "::1"})
    shop.init()
    shop.launch()

    def serves() -> bool:
        try:
            return httpx.get(f"http://[::1]:{shop.port}/healthz", timeout=5, **PLAIN).is_success
        except httpx.HTTPError:
            return False

    try:
        until(lambda: serves() or not shop.program.running, what="wabox serves")
        assert shop.program.running, shop.program.log[-2000:]
        yield shop
    finally:
        shop.close()


@pytest.mark.parametrize("host", ["[::1]", "[0:0:0:0:0:0:0:1]"])
def test_a_text_is_sent_at_ipv6s_loopback(there: Shop, client: Client, host: str) -> None:
    body = json.dumps({"phone": "8801711000001", "message": "Hello", "queue_if_offline": True}).encode()
    headers = {"X-API-Key": there.http.headers["X-API-Key"]}
    got = client.ask(Ask("POST", f"http://{host}:{there.port}/api/v1/send", headers, "json", body))
    assert (got.status, got.json["status"]) == (202, "queued")
