"""What outlives a sandbox, and the command that runs one."""

from __future__ import annotations

import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.sandbox.client import ASHA, SHOP
from tests.sandbox.test_linking import NOW, link
from wabox.errors import ConfigError
from wabox.sandbox import faulting, linking, mail
from wabox.sandbox.keeping import FILE, Keeper
from wabox.sandbox.world import World

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


def test_command_says_where_it_is_and_stops_when_told(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as (process, line):
        url = address(line)
        assert f"{url}/phones" in line
        httpx.put(f"{url}/sandbox/phone", json={"phone": ASHA, "on": False, "name": "Asha"})
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
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


@pytest.mark.heavy("starts the sandbox again and again, from nothing")
def test_killed_sandbox_has_all_that_it_ever_said(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as (process, line):
        for number in range(50):
            body = {"phone": str(8801720000000 + number + 1), "on": True}
            httpx.put(f"{address(line)}/sandbox/phone", json=body).raise_for_status()
        process.kill()
        process.wait(5)
    keeper = Keeper(tmp_path)
    assert len(keeper.load().accounts) == 50
    keeper.close()


def test_without_a_directory_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.chdir(tmp_path)
    world.account(ASHA)
    keeper = Keeper(None)
    keeper.load()
    keeper.save(world.unsaved)
    keeper.close()
    assert list(tmp_path.iterdir()) == []


def test_world_comes_back_from_its_file_as_it_was(tmp_path: Path, world: World) -> None:
    keeper = Keeper(tmp_path / "new")
    keeper.load()
    companion = link(world)
    faulting.set_faults(world, {"ack_ms": 7, "exists_error": 2}, NOW)
    mail.write(world, ASHA, SHOP, "confirmed", NOW)
    mail.write(world, ASHA, SHOP, "waiting", NOW)
    keeper.save(world.unsaved)
    world.unsaved.clear()
    world.dequeue(companion.id, 1)
    world.strikes("exists_error")
    mail.seen(world, SHOP, ASHA)
    keeper.save(world.unsaved)
    keeper.close()

    assert (tmp_path / "new" / FILE).stat().st_mode & 0o777 == 0o600
    again = keeper.load()
    keeper.close()
    assert again == world.kept
    assert [each.event["text"] for each in again.queued[companion.id]] == ["waiting"]
    assert again.faults.exists_error == 1


def test_removed_device_leaves_nothing_behind(tmp_path: Path, world: World) -> None:
    keeper = Keeper(tmp_path)
    keeper.load()
    link(world)
    mail.write(world, ASHA, SHOP, "never read", NOW)
    keeper.save(world.unsaved)
    linking.unlink(world, SHOP)
    keeper.save(world.unsaved)
    keeper.close()
    again = keeper.load()
    keeper.close()
    assert (again.companions, again.queued) == ({}, {})


def test_damaged_file_is_named_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("this is no database, whatever its name may say")
    with pytest.raises(ConfigError, match="Move it away"):
        Keeper(tmp_path).load()
