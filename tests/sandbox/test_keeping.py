"""What outlives a sandbox, and the command that runs one."""

from __future__ import annotations

import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.sandbox.client import ASHA
from wabox.errors import ConfigError
from wabox.sandbox import keeping
from wabox.sandbox.keeping import FILE, Keeper
from wabox.sandbox.server import Sandbox
from wabox.sandbox.world import Kept, World

START = "from wabox.cli.sandbox import command; command()"


@contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in its own process, and the line it printed."""
    arguments = [sys.executable, "-c", START, "--port", "0", *options]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


def address(line: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found, line
    return found[0]


def test_command_says_where_it_is_and_stops_within_two_seconds(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as (process, line):
        url = address(line)
        assert f"{url}/phones" in line
        httpx.put(f"{url}/sandbox/phone", json={"phone": ASHA, "on": False, "name": "Asha"})
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert time.monotonic() - began < 2
    with running("--data", str(tmp_path)) as (_, line):
        [phone] = httpx.get(f"{address(line)}/sandbox/state").json()["accounts"]
    assert (phone["phone"], phone["name"], phone["on"]) == (ASHA, "Asha", False)


def test_command_says_when_its_port_is_taken() -> None:
    with running() as (_, line):
        port = address(line).rsplit(":", 1)[1]
        arguments = [sys.executable, "-c", START, "--port", port]
        second = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert "--port" in second.stderr


def test_tls_port_shows_a_certificate_for_whatsapp() -> None:
    with running("--tls-port", "0") as (_, line):
        found = re.search(r"TLS on port (\d+)", line)
        assert found
        pem = ssl.get_server_certificate(("127.0.0.1", int(found[1])))
        trusting = ssl.create_default_context(cadata=pem)
        trusting.check_hostname = False
        state = httpx.get(f"https://127.0.0.1:{found[1]}/sandbox/state", verify=trusting)
    assert state.json()["sandbox"] is True


def test_without_a_directory_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Keeper(None).save(Kept())
    assert list(tmp_path.iterdir()) == []


def test_file_is_private_and_whole(tmp_path: Path) -> None:
    world = World()
    world.account(ASHA, "Asha")
    Keeper(tmp_path / "new").save(world.kept)
    assert (tmp_path / "new" / FILE).stat().st_mode & 0o777 == 0o600
    assert [each.name for each in (tmp_path / "new").iterdir()] == [FILE]
    assert Keeper(tmp_path / "new").load().accounts[ASHA].name == "Asha"


def test_damaged_file_is_named_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    with pytest.raises(ConfigError, match="Move it away"):
        Keeper(tmp_path).load()


@pytest.mark.asyncio(loop_scope="session")
async def test_change_is_on_disk_before_anybody_stops_the_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PAUSE_SECONDS", 0)
    sandbox = Sandbox(data=tmp_path)
    await sandbox.start()
    async with httpx.AsyncClient(base_url=sandbox.url) as control:
        await control.put("/sandbox/phone", json={"phone": ASHA, "on": True})
        for _ in range(20):
            await control.get("/sandbox/state")
    assert ASHA in Keeper(tmp_path).load().accounts
    await sandbox.stop()
