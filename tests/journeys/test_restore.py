"""A new box as a real process takes a backup by its page: it begins anew by itself, and nobody is turned away."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.asking import PLAIN
from tests.cast import stage
from tests.faces.scene import PASSWORD, SECTIONS, dress
from tests.faces.tab import csrf_of, words
from tests.journeys.box import free_port, until
from wabox.backup import making
from wabox.datadir import DataDir

OWNER = "asha@example.com"


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """asha's box, with 40 MB that are in nobody's way."""
    place = tmp_path_factory.mktemp("old")
    made = stage(place, **SECTIONS)
    dress(made)
    data = DataDir(made.box.config.data.dir)
    receipts = data.path / "receipts"
    receipts.mkdir(exist_ok=True)
    (receipts / "large").write_bytes(bytes(range(256)) * 160_000)
    making.make(made.box.config, data, making.Wanted(place / "shop.tar"), now=made.hands.now())
    made.close()
    return (place / "shop.tar").read_bytes()


class Serving:
    """`wabox serve` on an empty directory; link: what it printed."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.port = free_port()
        (place / "wabox.toml").write_text(
            f'[server]\nport = {self.port}\n[whatsapp]\nurl = "http://127.0.0.1:1"\n[logs]\nformat = "json"\n'
        )
        self.log = place / "log"
        self.process = self.start()

    @property
    def data(self) -> Path:
        return self.place / "data"

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen([sys.executable, "-m", "wabox", "serve"], cwd=self.place, stderr=log)

    def said(self, event: str) -> list[dict[str, str]]:
        lines = [json.loads(one) for one in self.log.read_text().splitlines() if one.startswith("{")]
        return [one for one in lines if one["event"] == event]

    def link(self) -> str:
        """The address of the restore page, once it serves."""
        until(lambda: self.said("wabox serves"), what=self.log.read_text())
        found = until(lambda: re.findall(r'"set_up": ?"([^"]+)"', self.log.read_text()))
        return f"{found[-1]}/restore"

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0


@contextmanager
def serving(place: Path) -> Iterator[Serving]:
    made = Serving(place)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait(10)


def bring(client: httpx.Client, link: str, raw: bytes, key: str = "") -> httpx.Response:
    csrf = csrf_of(client.get(link).text)
    return client.post(link, files={"_csrf": (None, csrf), "key": (None, key), "file": ("shop.tar", raw)})


@pytest.mark.heavy("a box that starts twice")
def test_the_box_begins_anew_in_the_same_process_and_asks_for_the_log_in(tmp_path: Path, backup: bytes) -> None:
    with serving(tmp_path) as box, httpx.Client(**PLAIN, timeout=30) as client:
        link = box.link()
        assert bring(client, link, backup).status_code == 303
        seen: list[str] = []

        def at_the_log_in() -> bool:  # nobody is refused a connection meanwhile: that would raise
            answer = client.get(link)
            seen.append(answer.headers.get("location", "") or words(answer.text)[:80])
            return seen[-1] == "/login?next=/admin/held"

        until(at_the_log_in, 60, what="the log-in page")
        assert box.process.poll() is None
        assert len(box.said("wabox serves")) == 2
        assert box.said("wabox stopped")
        page = client.get(f"{box.base}/login?next=/admin/held")
        sent = {"_csrf": csrf_of(page.text), "email": OWNER, "password": PASSWORD, "next": "/admin/held"}
        entered = client.post(f"{box.base}/login", data=sent)
        assert entered.headers["location"] == "/admin/held"
        held = words(client.get(f"{box.base}/admin/held").text)
        assert "This box was restored from a backup" in held
        assert (box.data / "receipts" / "large").stat().st_size == 40_960_000
        assert not [
            one for one in box.data.iterdir() if one.name in ("brought", "restoring", "restored", "placing")
        ]
        box.end()


@pytest.mark.heavy("a box that is killed and starts again")
def test_who_goes_away_in_the_middle_leaves_nothing_and_so_does_a_kill(tmp_path: Path, backup: bytes) -> None:
    with serving(tmp_path) as box, httpx.Client(**PLAIN, timeout=30) as client:
        link = box.link()
        brought = box.data / "brought"
        with half_sent(client, link, box.port, backup):
            until(lambda: brought.exists() and brought.stat().st_size > 1_000_000, what="half of it is there")
        until(lambda: not brought.exists(), what="it is gone with its sender")
        with half_sent(client, link, box.port, backup):
            until(lambda: brought.exists() and brought.stat().st_size > 1_000_000, what="half of it is there")
            box.process.kill()
            box.process.wait(10)
        assert brought.exists()
        box.log.unlink()
        box.process = box.start()
        assert box.link() == link
        assert not brought.exists()
        assert bring(client, link, backup).status_code == 303
        box.end()


@contextmanager
def half_sent(client: httpx.Client, link: str, port: int, raw: bytes) -> Iterator[None]:
    """Half of the form is on its way, and the connection stands still."""
    csrf = csrf_of(client.get(link).text)
    request = client.build_request("POST", link, files={"_csrf": (None, csrf), "file": ("shop.tar", raw)})
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    request.read()
    head = "\r\n".join(
        [
            f"POST {request.url.path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            f"Cookie: {cookies}",
            f"Content-Type: {request.headers['content-type']}",
            f"Content-Length: {len(request.content)}",
        ]
    )
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(head.encode() + b"\r\n\r\n" + request.content[: len(request.content) // 2])
        yield
