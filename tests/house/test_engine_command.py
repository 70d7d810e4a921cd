"""`wabox engine` reads a file or an address that the owner names, and no other of the shop's network."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests import fresh
from tests import wajs_packages as made
from tests.house.conftest import Typed
from wabox import config as settings
from wabox import datadir
from wabox.cli import engine
from wabox.errors import ConfigError, Invalid, TooLarge
from wabox.renewal import archive
from wabox.whatsapp import wajs

PACKAGE = made.package("4.7.0", b'/*! wppconnect-team/wa-js v4.7.0 */ t.version="4.7.0";')


class Server(HTTPServer):
    answer = PACKAGE


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def read(tmp_path: Path, source: str, *allow: str) -> bytes:
    config = settings.parse({"webhooks": {"allow": list(allow)}}, base=tmp_path)
    return engine._bytes(config, datadir.prepare(config.data.dir), source)


def test_an_address_that_is_allowed_is_fetched(tmp_path: Path, server: Server) -> None:
    place = f"127.0.0.1:{server.server_port}"
    raw = read(tmp_path, f"http://{place}/wa-js-4.7.0.tgz?token=1", place)
    assert archive.read(raw).version == "4.7.0"
    assert archive.origin_of(f"http://{place}/wa-js-4.7.0.tgz?token=1") == f"http://{place}/wa-js-4.7.0.tgz"
    assert list((tmp_path / "data" / "media" / "incoming").iterdir()) == []


@pytest.mark.parametrize("scheme", ["http", "file", "ftp"])
def test_another_is_not(tmp_path: Path, server: Server, scheme: str) -> None:
    with pytest.raises(Invalid):
        read(tmp_path, f"{scheme}://127.0.0.1:{server.server_port}/wa-js.tgz")


def test_what_is_too_large_is_not_kept(tmp_path: Path, server: Server) -> None:
    server.answer = b"x" * (archive.MOST_PACKED + 1)
    place = f"127.0.0.1:{server.server_port}"
    with pytest.raises(TooLarge):
        read(tmp_path, f"http://{place}/wa-js.tgz", place)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path, str(tmp_path / "nothing.tgz"))


def test_it_says_what_the_phones_have(wabox: Typed, tmp_path: Path) -> None:
    assert wabox("engine").returncode == 2, "there is no box yet"
    data = datadir.prepare(tmp_path / "data")
    datadir.secret_key(data)
    fresh.database(data.database)
    said = json.loads(wabox("engine", "--json").stdout)
    assert (said["version"], said["built_in"], said["phones"], said["news"]) == (wajs.VERSION, True, [], None)
    assert wajs.SHA256 in wabox("engine").stdout
    refused = wabox("engine", "back")
    assert (refused.returncode, "no other engine" in refused.stderr) == (1, True)
