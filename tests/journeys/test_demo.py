from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.asking import PLAIN
from tests.some import some
from wabox.demo import picture
from wabox.demo.story import FRIEND_PHONE, PEOPLE

pytestmark = [
    pytest.mark.skipif(not shutil.which("chromium"), reason="needs a real Chromium"),
    pytest.mark.timeout(240),
]


@pytest.fixture
def ports() -> Iterator[tuple[int, int]]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        found = one.getsockname()[1], other.getsockname()[1]
    yield found


def demo(tmp_path: Path, ports: tuple[int, int], *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "wabox", "demo", "--port", str(ports[0]), "--sandbox-port", str(ports[1]), *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def line_with(process: subprocess.Popen[str], text: str) -> list[str]:
    """Reads up to the line that has the text."""
    assert process.stdout is not None
    read: list[str] = []
    for line in process.stdout:
        read.append(line.rstrip())
        if text in line:
            return read
    raise AssertionError("\n".join(read))


def descendants(pid: int) -> set[int]:
    """The processes below this one."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    below, todo = set[int](), {pid}
    while todo:
        todo = {child for child, parent in parents.items() if parent in todo}
        below |= todo
    return below


def all_end(pids: set[int], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}/exe").exists() for pid in pids):
        if time.monotonic() > until:
            return False
        threading.Event().wait(0.05)
    return True


def test_demo_sends_a_first_message_and_serves_until_told_to_stop(tmp_path: Path, ports: tuple[int, int]) -> None:
    with demo(tmp_path, ports) as running:
        read = line_with(running, "Ctrl-C")
        states = [line.split(": ")[1] for line in read if "Device primary: " in line]
        assert states[-2:] == ["qr", "ready"]
        assert any(line.endswith((": delivered", ": read")) for line in read)
        result = tmp_path / "data" / "demo" / "demo.json"
        assert result.stat().st_mode & 0o777 == 0o600
        told = json.loads(result.read_text())
        assert set(told) == {"url", "sandbox_url", "api_key", "email", "password", "webhook_secret"}
        with httpx.Client(headers={"X-API-Key": told["api_key"]}, **PLAIN) as client:
            body = {"phone": "8801711000005", "message": "Hi there"}
            assert client.post(f"{told['url']}/api/v1/send", json=body).status_code == 202
            assert client.get(f"{told['sandbox_url']}/sandbox/state").json()["sandbox"] is True
            messages = client.get(f"{told['sandbox_url']}/sandbox/messages").json()["messages"][:4]
            for one in some(messages):
                assert (one["media"]["kind"], one["media"]["mime"]) == ("image", "image/png")
                assert one["media"]["sha256"] == hashlib.sha256(picture.shop()).hexdigest()
                assert one["copies"] == 1
            captions = {one["to"]: one["text"] for one in messages}
            assert set(captions) == {FRIEND_PHONE, *(phone for phone, _, _ in PEOPLE)}
            for phone, name, custom in some(PEOPLE):
                assert captions[phone].endswith(f" {name}! This week at our shop: {custom}.")
            campaign = client.get(f"{told['url']}/api/v1/campaigns").json()["data"][0]
            assert campaign["media"]["kind"] == "image" and campaign["delivered"] == campaign["total"] == 3
        below = descendants(running.pid)
        assert len(below) >= 3
        second = demo(tmp_path, ports, "--once")
        assert "in use by `wabox demo`" in second.communicate()[0]
        assert second.returncode == 2
        running.send_signal(signal.SIGTERM)
        assert running.wait(25) == 0
        assert all_end(below, 5)


def test_demo_that_is_killed_takes_its_processes_along_and_can_be_repeated(
    tmp_path: Path, ports: tuple[int, int]
) -> None:
    with demo(tmp_path, ports) as running:
        line_with(running, "Device primary: qr")
        below = descendants(running.pid)
        running.kill()
        running.wait()
        assert all_end(below, 25)
    with demo(tmp_path, ports, "--once") as again:
        line_with(again, "The message arrived")
        assert again.wait(25) == 0


def test_demo_says_which_port_is_taken(tmp_path: Path, ports: tuple[int, int]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports[1]))
        other.listen()
        with demo(tmp_path, ports, "--once") as refused:
            assert refused.stdout is not None
            assert f"Port {ports[1]} cannot be used" in refused.stdout.read()
        assert refused.returncode == 2
    assert not (tmp_path / "data" / "demo" / "demo.json").exists()


def test_demo_without_a_browser_says_so(tmp_path: Path, ports: tuple[int, int]) -> None:
    env = {name: value for name, value in os.environ.items() if name != "PATH"}
    words = ["--once", "--port", str(ports[0]), "--sandbox-port", str(ports[1])]
    done = subprocess.run(
        [sys.executable, "-m", "wabox", "demo", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        env={**env, "PATH": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 1
    assert "There is no Chromium on this" in done.stderr


def test_demo_for_who_sells_lets_a_customer_in_and_asks_for_a_plan(tmp_path: Path, ports: tuple[int, int]) -> None:
    with demo(tmp_path, ports, "--selling") as running:
        read = line_with(running, "Ctrl-C")
        assert any("/admin/plans" in line for line in read)
        told = json.loads((tmp_path / "data" / "demo" / "demo.json").read_text())
        with httpx.Client(**PLAIN) as client:
            assert client.get(f"{told['url']}/register").status_code == 200
            assert client.get(f"{told['url']}/terms").status_code == 200
            summary = client.get(f"{told['url']}/api/v1/reports/summary", headers={"X-API-Key": told["api_key"]})
            assert summary.json()["plan"]["name"] == "Owner"
        running.send_signal(signal.SIGTERM)
        assert running.wait(25) == 0
