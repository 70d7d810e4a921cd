from __future__ import annotations

import errno
import http.server
import json
import os
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import fresh
from tests.house.conftest import Typed
from wabox import config as settings
from wabox import datadir, db, memory_there
from wabox.checkup import box, chromium, machine
from wabox.checkup.findings import Finding
from wabox.config import Config

NOON = datetime(2025, 11, 3, 12, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return settings.parse({"server": {"port": port}}, base=tmp_path)


@pytest.fixture
def data(config: Config) -> datadir.DataDir:
    made = datadir.prepare(config.data.dir)
    datadir.secret_key(made)
    fresh.database(made.database)
    return made


def named(found: Iterator[Finding]) -> dict[str, Finding]:
    return {one.name: one for one in found}


def test_old_machine_is_told_what_to_use() -> None:
    assert machine.python((3, 10, 2)).level == "bad"
    assert machine.sqlite((3, 34, 1)).level == "bad"
    assert "64-bit Raspberry Pi OS" in machine.word_size(32, "armv7l").cure
    assert machine.clock(datetime(1970, 1, 1, tzinfo=UTC), synchronised=True).level == "bad"
    assert machine.clock(NOON, synchronised=False).level == "warning"
    assert machine.clock(NOON, synchronised=None).level == "ok"


@pytest.mark.parametrize(
    ("whole", "free", "devices", "level"),
    [(300, 200, 1, "bad"), (900, 300, 1, "warning"), (900, 800, 1, "ok"), (600, 500, 5, "warning")],
)
def test_memory_is_judged_for_the_phones(whole: int, free: int, devices: int, level: str) -> None:
    assert machine.memory((whole, free), devices).level == level


def test_memory_is_judged_for_the_phones_that_are_there() -> None:
    assert machine.for_phones(900, 4).level == "ok" and machine.for_phones(300, 0).level == "ok"
    assert machine.for_phones(500, 5).level == "bad" and "714 MB" in machine.for_phones(500, 5).says


MEMINFO = "MemTotal: 8000000 kB\nMemFree: 100 kB\nMemAvailable: 4000000 kB\n"
V2 = {
    "memory.max": "{limit}\n",
    "memory.current": "500000000\n",
    "memory.stat": "anon 1\ninactive_file 100000000\n",
}
V1 = {
    "memory.limit_in_bytes": "{limit}\n",
    "memory.usage_in_bytes": "500000000\n",
    "memory.stat": "inactive_file 1\ntotal_inactive_file 100000000\n",
}


@pytest.mark.parametrize(
    ("groups", "place", "files", "limit", "told"),
    [
        ("0::/", "sys/fs/cgroup", V2, "1000000000", (953, 572)),
        ("0::/user/shop", "sys/fs/cgroup/user", V2, "1000000000", (953, 572)),  # of a group above
        ("0::/", "sys/fs/cgroup", V2, "max", (7812, 3906)),
        ("0::/", "sys/fs/cgroup", V2, "450000000", (429, 47)),
        (
            "4:memory:/docker/5a8a\n0::/",
            "sys/fs/cgroup/memory",
            V1,
            "1000000000",
            (953, 572),
        ),  # unseen by its name
        ("4:cpu,memory:/", "sys/fs/cgroup/memory", V1, "9223372036854771712", (7812, 3906)),
        ("", "sys", {}, "", (7812, 3906)),
    ],
    ids=["v2", "above", "unlimited", "full", "v1", "v1 unlimited", "no groups"],
)
def test_what_a_container_may_have_is_its_memory(
    tmp_path: Path, groups: str, place: str, files: dict[str, str], limit: str, told: tuple[int, int]
) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text(MEMINFO)
    (tmp_path / "proc/self/cgroup").write_text(groups + "\n")
    for name, text in files.items():
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / name).write_text(text.format(limit=limit))
    assert memory_there.memory_mb(tmp_path) == told


def test_this_machine_can_be_looked_at(config: Config) -> None:
    assert set(named(machine.findings(config))) == {"python", "sqlite", "word_size", "memory", "disk", "clock"}


def test_whole_box_is_well(config: Config, data: datadir.DataDir) -> None:
    found = named(box.findings(config))
    assert {one.level for one in found.values()} == {"ok"}
    assert set(found) == {
        "config",
        "data",
        "key",
        "database",
        "schema",
        "invariants",
        "mail",
        "memory_phones",
        "wa_js",
        "port",
    }


def test_new_box_is_well(config: Config) -> None:
    assert {one.level for one in box.findings(config)} == {"ok"}


def test_a_file_in_the_datas_place_is_named(config: Config) -> None:
    config.data.dir.write_text("a file")
    found = named(box.findings(config))["data"]
    assert found.level == "bad" and "no directory" in found.says and "[data] dir" in found.cure


def test_who_may_not_look_is_told_so_and_nothing_else(
    config: Config, data: datadir.DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: datadir.DataDir) -> list[Path]:
        raise PermissionError

    monkeypatch.setattr(datadir.DataDir, "open_to_others", refuse)
    monkeypatch.setattr(os, "access", lambda *_: False)
    found = list(box.findings(config))
    assert [one.name for one in found] == ["config", "data"]
    assert found[-1].level == "bad" and "sudo wabox doctor" in found[-1].cure


def test_wrong_settings_are_one_finding_among_others(program: Typed, tmp_path: Path) -> None:
    (tmp_path / "wabox.toml").write_text("[server]\nport = 'high'\n")
    told = program("doctor", "--json", "--config", str(tmp_path / "wabox.toml"))
    found = {one["name"]: one for one in json.loads(told.stdout)["findings"]}
    assert told.returncode == 1 and found["config"]["level"] == "bad" and "port" in found["config"]["says"]
    assert {"python", "memory", "chromium"} <= found.keys() and "database" not in found


def test_open_directory_is_named(config: Config, data: datadir.DataDir) -> None:
    data.database.chmod(0o644)
    found = named(box.findings(config))["data"]
    assert found.level == "bad" and "wabox.db" in found.says and "chmod" in found.cure


def test_lost_key_is_named(config: Config, data: datadir.DataDir) -> None:
    data.key_file.unlink()
    assert named(box.findings(config))["key"].level == "bad"
    data.key_file.write_text("x")
    assert named(box.findings(config))["key"].level == "bad"


def test_damaged_database_is_named(config: Config, data: datadir.DataDir) -> None:
    """Row 28."""
    size = data.database.stat().st_size
    with data.database.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    found = [one for one in box.findings(config) if one.name == "database"]
    assert found[-1].level == "bad"
    assert "backup" in found[-1].cure


def test_file_that_is_no_database_is_named(config: Config, data: datadir.DataDir) -> None:
    data.database.write_bytes(b"this is not a database at all" * 100)
    assert named(box.findings(config))["database"].level == "bad"


def test_broken_promise_is_named(config: Config, data: datadir.DataDir) -> None:
    connection = db.connect(data.database)
    connection.execute(
        "insert into users (email, password_hash, role, created_at) values ('a@b.cd', 'x', 'owner', :now)",
        {"now": NOON.isoformat()},
    )
    connection.close()
    found = named(box.findings(config))["invariants"]
    assert found.level == "bad" and "primary device" in found.says


def test_every_promise_is_a_question_the_schema_understands(data: datadir.DataDir) -> None:
    connection = db.connect(data.database)
    assert [connection.execute(sql).fetchone()[0] for sql in box.INVARIANTS.values()] == [0] * len(box.INVARIANTS)
    connection.close()


def test_taken_port_is_named(config: Config) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", config.server.port))
        other.listen()
        found = box.port(config)
    assert found.level == "bad" and "[server] port" in found.cure


def test_process_that_holds_the_data_must_answer(config: Config, data: datadir.DataDir) -> None:
    with datadir.held(data, what="wabox serve", url=f"http://127.0.0.1:{config.server.port}"):
        assert named(box.findings(config))["running"].level == "bad"
    with datadir.held(data, what="wabox init"):
        assert named(box.findings(config))["running"].level == "ok"


def test_box_that_answers_is_ready(wabox: Typed, tmp_path: Path) -> None:
    class Healthy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Healthy) as server:
        (tmp_path / "wabox.toml").write_text(f"[server]\nport = {server.server_address[1]}\n")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        assert wabox("doctor", "--ready").returncode == 0
        server.shutdown()
        thread.join()
    assert wabox("doctor", "--ready").returncode == 1


def test_a_hurt_box_that_answers_is_told_by_its_own_reasons(config: Config, data: datadir.DataDir) -> None:
    class Hurt(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()
            if self.path == "/readyz":
                self.wfile.write(b'{"status": "not_ready", "reasons": ["storage_failing"]}')

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Hurt) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        with datadir.held(data, what="wabox serve", url=f"http://127.0.0.1:{server.server_address[1]}"):
            found = named(box.findings(config))["running"]
        server.shutdown()
        thread.join()
    assert found.level == "bad" and "storage_failing" in found.says and "does not answer" not in found.says
    assert "disk" in found.cure and "restart" not in found.cure


def test_missing_browser_and_snap_are_named(tmp_path: Path, config: Config) -> None:
    made = settings.parse({"whatsapp": {"chromium": "/nowhere/chromium"}}, base=tmp_path)
    [missing] = chromium.findings(made)
    assert missing.level == "bad" and "Take [whatsapp] chromium out" in missing.cure
    wrapper = tmp_path / "chromium-browser"
    wrapper.write_text('#!/bin/sh\nexec /snap/bin/chromium "$@"\n')
    wrapper.chmod(0o755)
    assert chromium.is_snap(wrapper)
    made = settings.parse({"whatsapp": {"chromium": str(wrapper)}}, base=tmp_path)
    [snap] = chromium.findings(made)
    assert "is a snap" in snap.says


def test_root_may_only_drive_a_sandbox() -> None:
    assert chromium.user(as_root=True, loopback=False).level == "bad"
    assert chromium.user(as_root=True, loopback=True).level == "warning"
    assert chromium.user(as_root=False, loopback=False).level == "ok"


def test_browser_that_ends_at_once_is_named(tmp_path: Path) -> None:
    fake = tmp_path / "chromium"
    fake.write_text("#!/bin/sh\necho 'FATAL: No usable sandbox!' >&2\nexit 1\n")
    fake.chmod(0o755)
    found = chromium.starts(fake, sandboxed=True)
    assert found.level == "bad" and "unprivileged_userns" in found.cure


def test_a_browser_that_the_system_ended_is_not_installed_anew(tmp_path: Path) -> None:
    fake = tmp_path / "chromium"
    fake.write_text("#!/bin/sh\necho 'ERROR:dbus/bus.cc:405] Failed to connect' >&2\nkill -9 $$\n")
    fake.chmod(0o755)
    found = chromium.starts(fake, sandboxed=True)
    assert found.level == "bad" and "The system ended Chromium" in found.says and "memory" in found.cure


def test_a_full_tmp_is_not_blamed_on_the_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_asked: object, **_more: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", full)
    found = chromium.starts(tmp_path / "chromium", sandboxed=True)
    assert found.level == "bad" and found.cure == chromium.NO_TEMPORARY


def test_a_disk_that_can_only_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = datadir.prepare(tmp_path / "data")
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_flag=os.ST_RDONLY))
    found = box.privacy(data)
    assert found.level == "bad" and "only be read" in found.says and "chown" not in found.cure


def test_where_the_data_have_a_disk_of_their_own_room_is_made_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.free_space(Path("/")) == machine.FREE_SPACE
    assert machine.free_space(Path("/proc/self")) == machine.FREE_THERE
    monkeypatch.setattr(machine, "LEAST_DISK_MB", 10**12)
    assert "du -xh /proc |" in machine.disk(Path("/proc")).cure


def test_doctor_looks_at_a_real_box(asha: subprocess.CompletedProcess[str], wabox: Typed, tmp_path: Path) -> None:
    (tmp_path / "wabox.toml").write_text('[whatsapp]\nurl = "http://127.0.0.1:8471"\n')
    done = wabox("doctor", "--json")
    told = json.loads(done.stdout.splitlines()[-1])
    levels = {one["name"]: one["level"] for one in told["findings"]}
    assert levels["chromium_starts"] == "ok"
    assert levels["invariants"] == "ok"
    assert done.returncode == (0 if told["ok"] else 1)


def test_a_browser_that_lacks_a_library_is_told_by_its_name(tmp_path: Path) -> None:
    fake = tmp_path / "chromium"
    said = "chromium: error while loading shared libraries: libnss3.so: cannot open shared object file"
    fake.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 127\n")
    fake.chmod(0o755)
    found = chromium.starts(fake, sandboxed=True)
    assert found.level == "bad" and "libnss3.so" in found.says
    assert "./install.sh setup" in found.cure
