"""News of wa-js is asked for only where the owner named an address, once a day, and only shown."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.cast import Stage, stage
from wabox.config import Engine, Webhooks
from wabox.engine.news import News
from wabox.renewal import news, shown, stored


class Registry(HTTPServer):
    """Answers what it is told, and counts."""

    asked: list[str]
    answer: bytes = b'{"version": "99.1.0"}'


class Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    server = Registry(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def look(shop: Stage, check: str | None, allow: tuple[str, ...] = ()) -> str | None:
    config = replace(shop.box.config, engine=Engine(check=check), webhooks=Webhooks(allow=allow))
    asyncio.run(News(replace(shop.box, config=config)).tick())
    return shop.box.db.read_here(shown.of).news


def test_nobody_is_asked_unless_the_owner_named_whom(shop: Stage, registry: Registry) -> None:
    assert look(shop, None) is None
    assert registry.asked == []


def test_it_is_asked_once_a_day_and_only_shown(shop: Stage, registry: Registry) -> None:
    port = registry.server_port
    url, allow = f"http://127.0.0.1:{port}/latest", (f"127.0.0.1:{port}",)
    assert look(shop, url, allow) == "99.1.0"
    assert look(shop, url, allow) == "99.1.0"
    assert registry.asked == ["/latest"]
    shop.hands.forward(hours=25)
    registry.answer = b'{"dist-tags": {"latest": "4.6.0"}}'
    assert look(shop, url, allow) is None
    assert len(registry.asked) == 2
    assert shop.box.db.read_here(stored.every) == []


def test_an_address_in_the_shops_own_network_is_not_asked(shop: Stage, registry: Registry) -> None:
    assert look(shop, f"http://127.0.0.1:{registry.server_port}/latest") is None
    assert registry.asked == []


@pytest.mark.parametrize(
    "answer",
    [b"", b"[]", b"no json", b'{"version": 4}', b'{"version": "<script>"}', b'{"dist-tags": []}', b"[" * 90_000],
)
def test_whatever_it_answers_harms_nobody(shop: Stage, answer: bytes) -> None:
    assert shop.box.db.write_now(news.heard, answer) is None
    assert shop.box.db.read_here(shown.of).news is None


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    made = stage(tmp_path)
    yield made
    made.close()
