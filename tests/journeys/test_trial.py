"""The trial of an engine, in its own process and on real browsers: what is no good is refused, and named."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvloop

from tests import browsers
from tests import wajs_packages as made
from tests.asking import PLAIN
from wabox.renewal import archive, store
from wabox.sandbox.server import Sandbox

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """What stands for WhatsApp's log-in page."""
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    sandbox = Sandbox(port=0)
    asyncio.run_coroutine_threadsafe(sandbox.start(), loop).result(20)
    yield sandbox.url
    asyncio.run_coroutine_threadsafe(sandbox.stop(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()


def begun(place: Path, raw: bytes, url: str) -> subprocess.Popen[str]:
    package = archive.read(raw)
    store.keep(place, package)
    asked = {
        "engines": str(place),
        "version": package.version,
        "sha256": package.sha256,
        "url": url,
        "chromium": browsers.SHELL,
    }
    words = [sys.executable, "-m", "wabox.trial"]
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    child.stdin.write(json.dumps(asked) + "\n")
    child.stdin.flush()
    return child


def tried(place: Path, raw: bytes, url: str) -> tuple[list[str], dict[str, Any]]:
    """The steps that were begun, and the end."""
    with begun(place, raw, url) as child:
        assert child.stdout is not None
        told = [json.loads(line) for line in child.stdout]
        assert child.stdin is not None
    return [one["step"] for one in told[:-1]], told[-1]


def test_a_good_engine_passes_and_nothing_is_linked_on_the_log_in_page(site: str, tmp_path: Path) -> None:
    steps, end = tried(tmp_path, made.package("4.6.1"), site)
    assert end == {"good": True, "lacks": []}
    assert steps == ["link", "exists", "send", "look_up", "kill", "picture", "inbound", "log_in_page"]
    state = httpx.get(f"{site}/sandbox/state", **PLAIN).json()
    assert state["accounts"] == []


def test_one_that_lacks_a_binding_is_refused_by_its_name(site: str, tmp_path: Path) -> None:
    text = made.script("4.6.2").replace(b"addAndSendMsgToChat", b"addAndSendMsgToChatNoMore")
    steps, end = tried(tmp_path, made.package("4.6.2", text), site)
    assert (steps, end["good"], end["step"]) == (["link"], False, "bindings")
    assert "lacks addAndSendMsgToChat," in end["why"]


def test_one_that_fails_only_where_a_message_is_not_there_is_refused(site: str, tmp_path: Path) -> None:
    """As wa-js 4.0.0 does, which has every binding, links and sends."""
    text = made.script("4.6.3").replace(b"msg_not_found", b"it_is_nowhere")
    steps, end = tried(tmp_path, made.package("4.6.3", text), site)
    assert (steps[-1], end["good"], end["step"]) == ("look_up", False, "look_up_absent")


def test_a_log_in_page_that_lacks_what_it_needs_refuses_it(site: str, tmp_path: Path) -> None:
    httpx.put(
        f"{site}/sandbox/faults",
        json={"missing_exports": ["WAWebUserPrefsInfoStore.waNoiseInfo"]},
        **PLAIN,
    ).raise_for_status()
    try:
        steps, end = tried(tmp_path, made.package("4.6.4"), site)
    finally:
        httpx.delete(f"{site}/sandbox/faults", **PLAIN)
    assert (steps[-1], end["good"], end["step"]) == ("log_in_page", False, "log_in_page_bindings")
    assert "waNoiseInfo" in end["why"]


def test_a_trial_ends_when_nobody_waits_for_it_any_more(site: str, tmp_path: Path) -> None:
    with begun(tmp_path, made.package("4.6.5"), site) as child:
        assert child.stdout is not None
        assert json.loads(child.stdout.readline()) == {"step": "link"}
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(30) == 1


@pytest.mark.parametrize(
    ("version", "step"), [("4.0.0", "look_up_absent"), ("4.2.0", None), ("4.5.0", None), ("4.6.0", None)]
)
def test_releases_of_wajs_as_npm_packs_them(site: str, tmp_path: Path, version: str, step: str | None) -> None:
    _, end = tried(tmp_path, made.released(version).read_bytes(), site)
    assert end.get("step") == step
    assert end["good"] == (step is None)


def test_a_signal_ends_it(site: str, tmp_path: Path) -> None:
    with begun(tmp_path, made.package("4.6.6"), site) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        assert child.wait(10) == -signal.SIGKILL
