"""Alerts to services that Apprise speaks: told by a child that reaches only what is allowed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Engine, make
from wabox.alerts import asking, child, services
from wabox.engine import alerting
from wabox.engine.calling import Calling
from wabox.errors import Invalid, NotFound, Unavailable
from wabox.webhooks import allowed, targets
from wabox.webhooks.targets import Reach

TOKEN = "verysecrettoken"


class Service(HTTPServer):
    """Takes posts, or answers with what it is told."""

    status, got = 200, ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        here: Any = self.server
        here.got += self.rfile.read(int(self.headers["content-length"])).decode()
        self.send_response(here.status)
        self.send_header("Location", "http://198.51.100.7/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def engine(tmp_path: Path, service: Service) -> Iterator[Engine]:
    made = make(tmp_path, webhooks={"allow": [f"127.0.0.1:{service.server_port}"]})
    yield made
    made.stage.close()


def add(engine: Engine, service: Service) -> int:
    stage, address = engine.stage, f"json://127.0.0.1:{service.server_port}/{TOKEN}"
    shown = asking.ask(address, reach=allowed.by_file(stage.box.config))
    assert (shown.shown, shown.error) == ("JSON (json://…)", None)
    return stage.box.db.write_now(
        services.add, stage.asha.id, address, shown.shown, seal=stage.box.seal, now=stage.hands.now()
    )


def call(engine: Engine) -> services.Service:
    async def run() -> None:
        step = Calling(engine.stage.box)
        await step.tick()
        await step.quiet()

    asyncio.run(run())
    (found,) = engine.stage.box.db.read_here(services.of_user, engine.stage.asha.id)
    return found


@pytest.mark.heavy("starts the child process that a service is told in, several times")
def test_a_service_is_told_once_its_failures_are_shown_and_its_secret_never(
    engine: Engine, service: Service
) -> None:
    stage = engine.stage
    service_id = add(engine, service)
    assert service.got == ""
    assert TOKEN not in str(stage.value("select address || shown from alert_services"))
    engine.driver.unlink(stage.asha.device_id)
    service.status = 500
    for _ in range(2):
        stage.box.db.write_now(alerting.look_and_tell, stage.box, {})
    failed = call(engine)
    assert failed.status == "queued" and failed.error
    assert TOKEN not in failed.error
    service.status, service.got = 302, ""
    stage.hands.forward(minutes=2)
    assert call(engine).error == child.REDIRECTED
    service.status, service.got = 200, ""
    stage.hands.forward(minutes=6)
    assert (call(engine).status, call(engine).status) == ("sent", "sent")
    assert service.got.count("The phone primary sends nothing.") == 2  # the title, and the first line of the text
    with pytest.raises(NotFound):
        stage.box.db.write_now(services.remove, stage.bilal.id, service_id)


@pytest.mark.heavy("starts the child process that a service is told in, several times")
def test_a_service_reaches_nothing_that_a_webhook_may_not(service: Service) -> None:
    def told(address: str, **more: Any) -> str | None:
        return asking.ask(address, **{"reach": Reach(own_port=8470), "body": "x", **more}).error

    closed = told(f"json://127.0.0.1:{service.server_port}/")
    assert closed == targets.sentence("loopback")
    assert told("json://169.254.169.254/", reach=Reach(("0.0.0.0/0",))) is not None
    assert service.got == ""
    assert told("syslog://") == child.HERE
    assert told("pigeon://roof") == child.UNKNOWN
    assert told("") == child.UNKNOWN
    assert told("mailto://shop:secret@example.com", body="") == child.MAIL


@pytest.mark.heavy("an audit hook stays, so it has a process of its own")
def test_a_service_reads_no_file_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("secret")
    text = """
import os, sys
from wabox.alerts import child
child.fenced({"reach": {}})
for path in sys.argv[1:]:
    for read in (open, lambda path: os.open(path, os.O_RDONLY)):
        try:
            read(path)
        except PermissionError:
            continue
        sys.exit("read " + path)
    if os.path.exists(path) or os.access(path, os.R_OK):
        sys.exit("found " + path)
assert not child._strange(sys.prefix + "/x") and child._strange(sys.prefix + "-x/y")
import wave
"""
    words = [
        sys.executable,
        "-I",
        "-B",
        "-c",
        text,
        str(tmp_path / "secret.key"),
        "/etc/passwd",
        "/proc/self/environ",
    ]
    done = subprocess.run(words, capture_output=True, timeout=60, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    key = tmp_path / "secret.key"
    for path in (key, tmp_path / "nothing.key"):
        told = asking.ask(f"fcm://project@{TOKEN}/?mode=oauth2&keyfile={path}&to=x", reach=Reach(), body="x")
        assert told.error == child.NO_FILE


def test_five_services_are_enough(engine: Engine) -> None:
    stage = engine.stage

    def one_more() -> int:
        return stage.box.db.write_now(
            services.add, stage.asha.id, "ntfy://shop", "ntfy", seal=stage.box.seal, now=stage.hands.now()
        )

    for _ in range(5):
        one_more()
    with pytest.raises(Invalid):
        one_more()


def queued(engine: Engine) -> list[int]:
    return engine.stage.box.db.read_here(services.due, engine.stage.hands.now())


def test_one_users_alerts_hold_up_nobody_elses(engine: Engine) -> None:
    stage, now = engine.stage, engine.stage.hands.now()
    for user in (stage.asha, stage.bilal):
        stage.box.db.write_now(services.add, user.id, "ntfy://shop", "ntfy", seal=stage.box.seal, now=now)
    for number in range(25):
        stage.box.db.write_now(services.owe, stage.asha.id, f"alert {number}", "x", now=now)
    assert stage.value("select count(*) from alert_calls where status = 'queued'") == services.MOST_WAITING
    assert stage.value("select max(title) from alert_calls where status = 'failed'") == "alert 4"
    assert stage.value("select distinct error from alert_calls where status = 'failed'") == services.DROPPED
    stage.box.db.write_now(services.owe, stage.bilal.id, "alert", "x", now=now)
    first = queued(engine)
    assert len(first) == 2
    stage.box.db.write_now(services.failed, first[0], "no", final=True, now=now)
    assert (len(queued(engine)), first[0] in queued(engine)) == (2, False)
    stage.hands.forward(days=31)
    stage.box.db.write_now(services.failed, queued(engine)[0], "no", final=True, now=stage.hands.now())
    assert stage.value("select count(*) from alert_calls where status = 'failed'") == 1


def test_one_test_at_a_time_waits_for_a_service(engine: Engine) -> None:
    stage, now = engine.stage, engine.stage.hands.now()
    one = stage.box.db.write_now(services.add, stage.asha.id, "ntfy://a", "ntfy", seal=stage.box.seal, now=now)
    stage.box.db.write_now(services.owe, stage.asha.id, "alert", "x", now=now)
    stage.box.db.write_now(services.owe_test, stage.asha.id, one, "x", now=now)
    stage.box.db.write_now(services.owe_test, stage.asha.id, one, "x", now=now)
    assert stage.value("select group_concat(title) from alert_calls") == "alert,wabox"
    with pytest.raises(NotFound):
        stage.box.db.write_now(services.owe_test, stage.bilal.id, one, "x", now=now)


def test_a_test_is_one_try_so_that_the_next_may_go(engine: Engine) -> None:
    stage, now = engine.stage, engine.stage.hands.now()
    one = stage.box.db.write_now(services.add, stage.asha.id, "ntfy://a", "ntfy", seal=stage.box.seal, now=now)
    for error in ("no", "no again"):
        stage.box.db.write_now(services.owe_test, stage.asha.id, one, "x", now=now)
        stage.box.db.write_now(services.failed, queued(engine)[0], error, now=now)
        shown = stage.box.db.read_here(services.of_user, stage.asha.id)[0]
        assert (shown.status, shown.error, queued(engine)) == ("failed", error, [])
    stage.box.db.write_now(services.owe, stage.asha.id, "alert", "x", now=now)
    stage.box.db.write_now(services.failed, queued(engine)[0], "no", now=now)
    assert stage.value("select count(*) from alert_calls where status = 'queued'") == 1


def test_addresses_are_understood_one_at_a_time_beside_the_boxs_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, names = threading.Event(), []

    def ask(*_: object, **__: object) -> asking.Told:
        names.append(threading.current_thread().name)
        goes_on.wait(10)
        return asking.Told("x", None)

    monkeypatch.setattr(asking, "ask", ask)
    monkeypatch.setattr(asking._turn, "waits_seconds", 0.3)

    async def run() -> None:
        waiting = [asyncio.create_task(asking.understood("a", reach=Reach())) for _ in range(20)]
        done, left = await asyncio.wait(waiting, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        while len(left) > 1:
            more, left = await asyncio.wait(left, timeout=5, return_when=asyncio.FIRST_COMPLETED)
            done |= more
        assert {type(one.exception()) for one in done} == {Unavailable}
        goes_on.set()
        (last,) = left
        assert (await last).shown == "x"

    try:
        asyncio.run(run())
    finally:
        goes_on.set()
    assert len(names) == 1
    assert names[0].startswith("services")
