"""What a killed wabox leaves behind is swept at the next start; nothing of anybody else is touched."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from tests.contract.worlds import Diary
from wabox import memory_there
from wabox.whatsapp import leftovers, processes, profile, runtime
from wabox.whatsapp.driver import Joined, SessionSpec, Withdrawn
from wabox.whatsapp.gateway import Gateway
from wabox.whatsapp.hearing import Hearing
from wabox.whatsapp.leftovers import Temporary
from wabox.whatsapp.page import Page
from wabox.whatsapp.profile import Profile

WAIT = "import sys; print('up', flush=True); sys.stdin.read()"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's temporary directory is the test's own."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for one in started:
        one.kill()
        one.communicate()


def run(started: list[subprocess.Popen[bytes]], *words: str, **env: str) -> subprocess.Popen[bytes]:
    one = subprocess.Popen(
        [sys.executable, "-c", WAIT, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **env},
    )
    started.append(one)
    assert one.stdout is not None
    assert one.stdout.readline() == b"up\n"
    return one


def test_only_processes_with_our_marks_are_ended(tmp_path: Path, running: list[subprocess.Popen[bytes]]) -> None:
    profiles, temporary = tmp_path / "profiles", Temporary(tmp_path / "profiles")
    place = temporary.prepare()
    ours = [
        run(running, f"--user-data-dir={profiles}/abc"),
        run(running, TMPDIR=str(place)),
    ]
    theirs = [
        run(running, f"--user-data-dir={profiles}-of-another-box/abc"),
        run(running, f"--user-data-dir={tmp_path}/abc"),
        run(running, TMPDIR=f"{place}-2"),
        run(running, f"look at {profiles}/abc"),
    ]
    leftovers.sweep(profiles, temporary)
    for one in ours:
        one.wait(10)
    assert [one for one in theirs if not processes.alive(one.pid)] == []


def test_what_is_ended_is_gone_when_that_is_said(
    tmp_path: Path, running: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = run(running, f"--user-data-dir={tmp_path}/abc")
    kill, slow = processes.kill, list[threading.Timer]()

    def dies_slowly(pids: set[int]) -> None:
        if pids:
            slow.append(threading.Timer(0.3, kill, [pids]))
            slow[-1].start()

    monkeypatch.setattr(processes, "kill", dies_slowly)
    assert processes.end_browsers_of(tmp_path / "abc") == 1
    assert not processes.alive(one.pid)
    assert len(slow) == 1, "killed once"


def test_only_our_own_directory_is_swept(tmp_path: Path) -> None:
    temporary = Temporary(tmp_path / "profiles")
    place = temporary.prepare()
    assert place.stat().st_mode & 0o777 == 0o700
    (place / "playwright-artifacts-Ab3dEf").mkdir()
    (place / "org.chromium.Chromium.Ab3dEf").mkdir()
    strange = place.parent / "playwright-artifacts-Gh1jKl"
    strange.mkdir()
    leftovers.sweep(tmp_path / "profiles", temporary)
    assert [one.name for one in place.parent.iterdir()] == [strange.name]


@pytest.mark.parametrize("kind", ["open to others", "a link"])
def test_a_strangers_directory_of_that_name_is_neither_used_nor_swept(tmp_path: Path, kind: str) -> None:
    temporary = Temporary(tmp_path / "profiles")
    named, elsewhere = temporary.path, tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    if kind == "a link":
        named.symlink_to(elsewhere)
    else:
        named.mkdir(mode=0o755)
        named.chmod(0o755)
    (named / "theirs").write_text("theirs")
    leftovers.sweep(tmp_path / "profiles", temporary)
    assert temporary.prepare() != named
    assert temporary.path.stat().st_mode & 0o777 == 0o700
    temporary.clear()
    assert (named / "theirs").exists()


def test_each_box_has_a_directory_of_its_own_short_enough_for_a_socket(tmp_path: Path) -> None:
    deep = tmp_path / "/".join(["a" * 60] * 3)
    assert Temporary(deep).path != Temporary(tmp_path).path
    name = f"/tmp/{Temporary(deep).path.name}/org.chromium.Chromium.Ab3dEf/SingletonSocket"
    assert len(name) < 108


@pytest.mark.parametrize(
    ("name", "swept"),
    [("org.chromium.Chromium.Ab3dEf", True), ("com.google.Chrome.Ab3dEf", True), ("photos", False)],
)
def test_the_socket_of_an_old_browser_goes_with_its_lock(tmp_path: Path, name: str, swept: bool) -> None:  # noqa: FBT001
    old = Profile(tmp_path / "profiles", "abc")
    old.prepare()
    place = tmp_path / name
    place.mkdir(mode=0o700)
    (place / "SingletonSocket").write_text("")
    (old.directory / "SingletonSocket").symlink_to(place / "SingletonSocket")
    (old.directory / "SingletonLock").symlink_to("another-host-4242")
    old.prepare()
    assert place.exists() != swept
    assert list(old.directory.iterdir()) == []


def test_profiles_of_no_device_go_only_when_unused_for_long(tmp_path: Path) -> None:
    profiles = tmp_path / "profiles"
    gateway = Gateway("http://127.0.0.1:1", None, profiles, Diary().note)
    now = datetime.now(UTC)
    for name, age in (("old", 8), ("newer", 6)):
        one = Profile(profiles, name)
        one.prepare()
        (one.directory / "Local State").write_text("{}")
        for path in (one.directory / "Local State", one.directory):
            os.utime(path, ((now - timedelta(days=age)).timestamp(),) * 2)
    (profiles / ".hidden").mkdir()
    (profiles / "linked").symlink_to(profiles / "old")
    assert gateway.kept() == profile.names(profiles) == {"old", "newer"}
    assert gateway.discard({"old", "newer"}, unused_since=now - timedelta(days=7)) == ["old"]
    assert gateway.kept() == {"newer"}


def test_a_wipe_that_leaves_something_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Profile(tmp_path, "abc")
    one.prepare()
    with monkeypatch.context() as stuck:
        stuck.setattr(shutil, "rmtree", lambda *_, **__: None)
        assert not one.wipe()
    assert one.wipe()


@pytest.mark.parametrize(("free", "cores", "at_once"), [(8_000, 2, 2), (900, 4, 2), (300, 4, 1), (0, 1, 1)])
def test_browsers_start_side_by_side_as_processors_and_memory_allow(
    free: int, cores: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "free_mb", lambda: free)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert runtime.side_by_side() == at_once


async def test_each_start_asks_anew_what_there_is_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, going, may_end = 300, set[str](), asyncio.Event()
    monkeypatch.setattr(processes, "free_mb", lambda: free)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    one = runtime.Runtime(Temporary(tmp_path))

    async def start(name: str) -> None:
        async with one._turn():
            going.add(name)
            await may_end.wait()

    async def starting(*names: str) -> tuple[list[asyncio.Task[None]], int]:
        tasks = [asyncio.create_task(start(name)) for name in names]
        for _ in range(5):
            await asyncio.sleep(0)
        return tasks, len(going)

    first, at_once = await starting("a", "b", "c")
    assert at_once == 1
    free = 900
    second, at_once = await starting("d")
    assert (at_once, "d" in going) == (2, True)
    may_end.set()
    await asyncio.wait_for(asyncio.gather(*first, *second), 5)
    assert going == {"a", "b", "c", "d"}


async def test_a_sweep_tells_whose_number_it_is_before_what_they_deleted(tmp_path: Path) -> None:
    found = {
        "withdrawn": [{"id": "3A1", "chat": "8801711999999@c.us"}],
        "joined": [{"lid": "123456", "phone": "8801711999999"}],
    }

    class Store:
        async def ask(self, *_: Any) -> Any:
            return found

    linked = Profile(tmp_path, "abc")
    linked.prepare()
    linked.remember(profile.Note("8801711000001", 1, 1))
    told: list[Any] = []
    ears = Hearing(SessionSpec(1, 1, "abc", None), linked, told.append, lambda: datetime.now(UTC))
    await ears.sweep(cast("Page", Store()))
    assert [type(one) for one in told] == [Joined, Withdrawn]


@pytest.mark.parametrize("soon", [True, False])
async def test_what_browsers_need_is_made_ready_only_where_sessions_will_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, soon: bool
) -> None:
    made: list[str] = []
    readied = asyncio.Event()

    async def ready(_: runtime.Runtime) -> None:
        made.append("playwright")
        readied.set()
        raise runtime.BrowserLost("Playwright does not start")

    monkeypatch.setattr(runtime.Runtime, "ready", ready)
    monkeypatch.setattr("wabox.whatsapp.browser.find", lambda setting: made.append(setting))
    gateway = Gateway("http://127.0.0.1:1", "lamp", tmp_path / "profiles", Diary().note)
    await gateway.start(soon=soon)
    if soon:
        await asyncio.wait_for(readied.wait(), 5)
    await gateway.stop(1)
    assert set(made) <= {"playwright", "lamp"} and ("playwright" in made) is soon


def test_what_this_machine_has_free_is_known() -> None:
    assert 0 < processes.free_mb() <= memory_there.memory_mb()[0]


def test_what_is_free_in_a_container_is_what_its_limit_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_there, "_limits", lambda _: iter([(1 << 30, 700 << 20), (1 << 40, 1 << 39)]))
    assert processes.free_mb() <= 700
