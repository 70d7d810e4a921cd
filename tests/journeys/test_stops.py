from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.box import Shop, WhatsApp, alive, descendants, free_port, once_each, until
from tests.journeys.conftest import long_only

pytestmark = pytest.mark.timeout(180)


def refused(config: Path) -> tuple[int, str]:
    """A `wabox serve` that does not start: its exit code and what it says."""
    words = [sys.executable, "-m", "wabox", "serve", "--config", str(config)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


def test_told_to_stop_in_the_midst_of_a_line_it_stops_in_time_and_loses_nothing(shop: Shop) -> None:
    """Row 13: nothing is left unknown."""
    before = len(shop.whatsapp.messages())
    for person in range(20_000, 20_060):
        shop.send(person)
    until(lambda: len(shop.whatsapp.messages()) >= before + 10, what="some are gone")
    below = descendants(shop.program.pid)
    code, seconds = shop.program.terminate()
    assert (code, seconds < 10) == (0, True)
    until(lambda: not any(alive(pid) for pid in below), 5, what="its processes end")
    assert len(shop.whatsapp.messages()) < before + 60
    shop.start()
    shop.all_end()
    once_each(shop)


def test_told_to_stop_while_an_answer_is_awaited_it_stops_in_time_and_looks_it_up_later(shop: Shop) -> None:
    """Row 13: the message in hand is looked up in the next life."""
    shop.whatsapp.ask("PUT", "faults", {"ack_ms": 20_000})
    before = len(shop.whatsapp.messages())
    job_id = shop.send(20_070)
    until(lambda: len(shop.whatsapp.messages()) > before, what="the server has it")
    code, seconds = shop.program.terminate()
    assert (code, seconds < 10) == (0, True)
    shop.whatsapp.ask("DELETE", "faults")
    shop.start()
    until(lambda: shop.message(job_id)["status"] in ("delivered", "read"), 60, what="looked up")
    once_each(shop)


def test_second_wabox_on_the_same_data_is_refused(shop: Shop) -> None:
    """Row 22."""
    code, said = refused(shop.config)
    assert code == 2
    assert str(shop.program.pid) in said
    assert "stop" in said
    assert shop.serves


def test_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        config = tmp_path / "wabox.toml"
        config.write_text(f'[server]\nport = {port}\n[whatsapp]\nurl = "http://127.0.0.1:{free_port()}"\n')
        code, said = refused(config)
    assert code == 2
    assert f"port {port}" in said
    assert "Traceback" not in said


def down_at_start(shop: Shop, whatsapp: WhatsApp, *, failed: bool) -> None:
    """wabox starts while WhatsApp is away, queues, and sends by itself when it is back."""
    shop.program.terminate()
    whatsapp.program.terminate()
    shop.start()
    before = shop.program.log.count("session_trouble")
    job_id = shop.send(20_080 + failed)
    if failed:
        shop.is_device("disconnected", "page_failed", seconds=110)
    until(lambda: shop.program.log.count("session_trouble") > before, what="it tries")
    waiting = shop.message(job_id)
    assert (waiting["status"], waiting["wait_reason"]) == ("queued", "device_not_ready")
    assert not shop.device()["ready"]
    whatsapp.start()
    shop.is_device("ready", seconds=150)
    shop.all_end()
    once_each(shop)


def test_whatsapp_away_at_start_is_waited_for(shop: Shop, whatsapp: WhatsApp) -> None:
    down_at_start(shop, whatsapp, failed=False)


@long_only()
@pytest.mark.timeout(400)
def test_whatsapp_away_for_long_is_a_named_state(shop: Shop, whatsapp: WhatsApp) -> None:
    down_at_start(shop, whatsapp, failed=True)
