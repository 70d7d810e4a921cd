"""A real `wabox serve` on a bad disk: rows 28 and 26 of the catalogue, without a browser."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.asking import PLAIN
from tests.journeys.box import Shop, WhatsApp, until

pytestmark = pytest.mark.timeout(180)
FAILING = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
static int bad(void) { const char *sign = getenv("DISK_IS_BAD"); return sign && !access(sign, F_OK); }
#define FAILS(name) int name(int fd) { int (*real)(int) = dlsym(RTLD_NEXT, #name); \
  if (bad()) { errno = EIO; return -1; } return real(fd); }
FAILS(fsync)
FAILS(fdatasync)
"""


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    """A library under which every flush fails once its sign is there."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc, to build a disk that fails")
    source, library = tmp_path / "failing.c", tmp_path / "failing.so"
    source.write_text(FAILING)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    return library


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A box of its own, not linked: its WhatsApp is not even there."""
    box = Shop(tmp_path, WhatsApp(tmp_path))
    box.init()
    yield box
    box.close()


def send(shop: Shop, n: int) -> httpx.Response:
    body = {"phone": f"88017110000{n:02d}", "message": "Hello number", "queue_if_offline": True}
    return shop.call("POST", "/send", body)


def ready(shop: Shop) -> list[str]:
    reasons: list[str] = httpx.get(f"http://127.0.0.1:{shop.port}/readyz", timeout=20, **PLAIN).json()["reasons"]
    return reasons


def answers(shop: Shop) -> bool:
    try:
        return bool(ready(shop))
    except httpx.TransportError:
        return False


def test_row_26_disk_that_cannot_flush_is_named_and_nothing_is_lost(
    shop: Shop, failing: Path, tmp_path: Path
) -> None:
    """Catalogue row 26."""
    sign = tmp_path / "bad"
    shop.program.cold = True
    shop.program.env.update(LD_PRELOAD=str(failing), DISK_IS_BAD=str(sign))
    shop.start()
    assert send(shop, 1).status_code == 202
    sign.touch()
    refusal = send(shop, 2)
    assert (refusal.status_code, refusal.json()["code"]) == (503, "storage_failing")
    assert "full" not in refusal.json()["error"] and "EIO" in refusal.json()["error"]
    assert ready(shop) == ["storage_failing"]
    sign.unlink()
    assert send(shop, 3).status_code == 202
    until(lambda: ready(shop) == [], what="ready again")
    assert [one["phone"][-2:] for one in reversed(shop.messages())] == ["01", "03"]


def test_row_28_page_overwritten_under_a_serving_box_is_named_at_once_and_after_a_start(shop: Shop) -> None:
    """Catalogue row 28."""
    shop.start()
    assert send(shop, 1).status_code == 202
    shop.program.terminate()
    shop.start()
    with sqlite3.connect(f"file:{shop.data}/wabox.db?mode=ro", uri=True) as rows:
        root = rows.execute("select rootpage from sqlite_master where name = 'messages'").fetchone()[0]
        page = rows.execute("pragma page_size").fetchone()[0]
    rows.close()
    with (shop.data / "wabox.db").open("r+b") as file:
        file.seek((root - 1) * page)
        file.write(os.urandom(page))
    assert ready(shop) == ["database_damaged"]
    for _ in range(2):
        refusal = send(shop, 2)
        assert (refusal.status_code, refusal.json()["code"]) == (503, "database_damaged")
        assert "Traceback" not in shop.program.log
        shop.program.terminate()
        shop.launch()
        until(lambda: answers(shop), what="the damaged box answers")
        assert ready(shop) == ["database_damaged"]
