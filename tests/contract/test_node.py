"""A machine on which Playwright's own Node does not run: the true reason is told, at once, wherever one looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.worlds import Diary, LoopThread
from wabox.checkup import chromium
from wabox.whatsapp import browser, node
from wabox.whatsapp.driver import Link, SessionSpec
from wabox.whatsapp.gateway import Gateway

LOADER = (
    "node: error while loading shared libraries: libatomic.so.1: cannot open shared object file: No such file or "
    "directory"
)


@pytest.fixture
def broken_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Playwright is given a Node that ends as one does whose library is missing."""
    program = tmp_path / "node"
    program.write_text(f"#!/bin/sh\necho '{LOADER}' >&2\nexit 127\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(program))
    return program


def test_the_node_that_comes_with_playwright_runs() -> None:
    assert node.complaint() is None
    assert chromium.runs(node.complaint()).level == "ok"


def test_doctor_names_the_library_and_its_package(broken_node: Path) -> None:
    found = chromium.runs(node.complaint())
    assert found.level == "bad"
    assert LOADER in found.says
    assert "apt-get install libatomic1" in found.cure


def test_another_library_and_a_node_that_is_gone_have_a_cure_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "./install.sh setup" in node.cure(
        "node: error while loading shared libraries: libfoo.so.1: cannot open"
    )
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(tmp_path / "gone"))
    why = node.complaint()
    assert why is not None and "No such file" in why
    assert "remove .venv" in node.cure(why)


def test_a_device_says_at_once_what_its_browser_lacks(
    broken_node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "refuses", lambda _url: False)
    diary, thread = Diary(), LoopThread()
    gateway = Gateway("http://127.0.0.1:9", "/bin/true", tmp_path / "profiles", diary.note)
    thread.run(gateway.start())
    gateway.open(SessionSpec(1, 1, "fresh", None))
    link = diary.wait(Link, lambda one: one.state == "disconnected")
    thread.run(gateway.stop(5))
    thread.close()
    assert link.detail == "browser_failed"
    assert link.detail_text is not None
    assert LOADER in link.detail_text and "apt-get install libatomic1" in link.detail_text
