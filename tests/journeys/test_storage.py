from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.journeys.box import Shop, WhatsApp, once_each, until

pytestmark = pytest.mark.timeout(180)


@contextlib.contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """A disk of its own that can be filled; skips the test where none can be made."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "wabox-test", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs root and mount")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path) -> Path:
    """Not a byte is left."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(b"x" * size):
                    pass
    return filler


def send(shop: Shop, phone: int) -> httpx.Response:
    return shop.call("POST", "/send", {"phone": str(phone), "message": "Hello from a full shop"})


@pytest.fixture
def cramped(tmp_path: Path, whatsapp: WhatsApp) -> Iterator[Shop]:
    """A linked box whose data lies on a small disk."""
    with small_disk(tmp_path / "disk", 300) as disk:
        box = Shop(tmp_path, whatsapp, data={"dir": str(disk / "data")})
        box.data = disk / "data"
        box.init()
        box.start()
        try:
            box.link(phone="8801700000022")
            yield box
        finally:
            box.close()


def test_full_disk_is_refused_by_name_and_nothing_is_lost_or_doubled(cramped: Shop) -> None:
    """Row 26: a real full file system, to and fro."""
    before = [send(cramped, 8801711600001 + n).status_code for n in range(20)]
    assert set(before) == {202}
    filler = fill(cramped.data.parent)
    refusals: list[httpx.Response] = []

    def full() -> bool:
        answer = send(cramped, 8801711700001 + len(refusals))
        refusals.append(answer)
        assert answer.status_code in (202, 503), answer.text
        return answer.status_code == 503

    until(full, what="the disk is full")
    refusal = refusals[-1]
    assert refusal.json()["code"] == "storage_full"
    assert int(refusal.headers["retry-after"]) > 0
    assert "\n" not in refusal.json()["error"]
    os.truncate(filler, filler.stat().st_size - 30_000_000)  # enough for the database, not for a browser
    cramped.is_device("disconnected", "storage_full")
    assert send(cramped, 8801711800001).status_code == 202
    until(lambda: not cramped.browsers(), what="its browser is closed")
    filler.unlink()
    assert cramped.call("POST", "/devices/primary/restart").status_code == 202  # or wait for its next look
    cramped.is_device("ready")
    log = cramped.all_end(120)
    taken = 20 + sum(answer.status_code == 202 for answer in refusals) + 1
    assert len(log) == taken
    once_each(cramped)


def test_database_locked_by_another_for_a_moment_is_waited_for(shop: Shop) -> None:
    """Row 27: 503 with Retry-After, no loss."""
    with contextlib.closing(sqlite3.connect(shop.data / "wabox.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        refusal = send(shop, 8801711900001)
        assert (refusal.status_code, refusal.json()["code"]) == (503, "busy")
        assert int(refusal.headers["retry-after"]) > 0
        other.execute("rollback")
    assert send(shop, 8801711900002).status_code == 202
    shop.all_end()
    once_each(shop)
