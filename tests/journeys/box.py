"""A whole box in a directory of its own: `wabox serve` and `wabox sandbox` as real processes, linked and watched.

The one place in the tests where waiting is allowed, and only for something, with a deadline.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import cv2
import httpx
import numpy

from tests import browsers
from tests.asking import PLAIN
from tests.journeys import forks

T = TypeVar("T")
EMAIL, PASSWORD = "asha@example.com", "correct horse battery"
PHONE = "8801700000001"
ENDED = ("sent", "delivered", "read", "failed", "skipped", "cancelled", "unknown")
ARRIVED = ("delivered", "read")
ON_THEIR_WAY = ("queued", "sending", "sent")
FIRST_PERSON = 8801711000001


def until(question: Callable[[], T], seconds: float = 30.0, *, what: str = "", pause: float = 0.05) -> T:
    """The first answer that is true of something. Fails the test when none comes in time.

    It is asked a third of the time at most, and in a longer wait a tenth: what is waited for needs the processors,
    too. pause: between two times at least, in seconds; more where what comes stays.
    """
    began = time.monotonic()
    deadline = began + seconds
    while True:
        asked = time.monotonic()
        if answer := question():
            return answer
        now = time.monotonic()
        assert now < deadline, f"not within {seconds:g} s: {what or question}; last {answer!r}"
        took = now - asked
        time.sleep(max(pause, 2 * took, min(9 * took, (now - began) / 8)))


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def alive(pid: int) -> bool:
    """The process exists and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def descendants(pid: int) -> set[int]:
    """The process and everything below it."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found, todo = {pid}, {pid}
    while todo:
        todo = {child for child, parent in parents.items() if parent in todo} - found
        found |= todo
    return found


def command_line(pid: int) -> str:
    """What the process was started with; empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:
        return ""


def listening(pids: Iterable[int]) -> set[tuple[str, int]]:
    """Addresses (as /proc/net writes them, in hex) and ports on which these processes listen."""
    sockets = {one for pid in pids for one in _sockets(pid)}
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            state = "0A" if table.startswith("tcp") else "07"
            if fields[3] == state and fields[9] in sockets:
                address, _, port = fields[1].partition(":")
                found.add((address, int(port, 16)))
    return found


def _sockets(pid: int) -> set[str]:
    found = set()
    for handle in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            target = str(handle.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return found


def decoded(data_url: str) -> str:
    """The text of a QR image, read as a phone's camera would: by a decoder that is not ours.

    OpenCV's other detector misses 55 of 1,000 clean pictures, and the first code stands for a minute.
    """
    png = base64.b64decode(data_url.partition(",")[2])
    image = cv2.imdecode(numpy.frombuffer(png, numpy.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    text, _, _ = cv2.QRCodeDetectorAruco().detectAndDecode(image)
    return text


@dataclass(slots=True)
class Program:
    """One `wabox …` in a process of its own, with its output in a file."""

    words: list[str]
    out: Path
    env: dict[str, str] = field(default_factory=dict)
    cold: bool = False  # started by a Python of its own, as on a shop's machine
    process: subprocess.Popen[bytes] | forks.Fork | None = None

    def start(self, **env: str) -> None:
        """It runs; whether it answers is the caller's question."""
        given = {**os.environ, **self.env, **env}
        if not self.cold:
            self.process = forks.forks().start(self.words, env=given, out=self.out, err=self.out)
            return
        line = [sys.executable, "-m", "wabox", *self.words]
        with self.out.open("ab") as said:
            self.process = subprocess.Popen(
                line, stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=given
            )

    @property
    def pid(self) -> int:
        """The process's number."""
        assert self.process is not None
        return self.process.pid

    @property
    def running(self) -> bool:
        """Started, and not yet ended."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """As a power cut would: at once."""
        if self.process is not None:
            self.process.kill()
            self.ended()

    def ended(self, seconds: float = 30) -> int:
        """The exit code, once it has ended."""
        assert self.process is not None
        return self.process.wait(seconds)

    def terminate(self, seconds: float = 30) -> tuple[int, float]:
        """Told to stop: its exit code, and how long that took."""
        began = time.monotonic()
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.ended(seconds), time.monotonic() - began

    @property
    def log(self) -> str:
        """All it has written so far, in all its lives."""
        return self.out.read_text(errors="replace") if self.out.exists() else ""


@dataclass(slots=True)
class WhatsApp:
    """The sandbox. It keeps its world on the disk, so it may be killed too."""

    place: Path
    port: int = field(default_factory=free_port)
    program: Program = field(init=False)
    owners: dict[str, Path] = field(default_factory=dict)  # whose phone it is: several boxes share a sandbox

    def __post_init__(self) -> None:
        words = ["sandbox", "--port", str(self.port), "--data", str(self.place / "whatsapp")]
        self.program = Program(words, self.place / "sandbox.log")

    @property
    def url(self) -> str:
        """The site that wabox drives."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """It answers."""
        self.program.start()
        until(lambda: _answers(f"{self.url}/sandbox/state"), what="sandbox answers")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The control API."""
        answer = httpx.request(method, f"{self.url}/sandbox/{path}", json=body, timeout=20, **PLAIN)
        assert answer.is_success, answer.text
        return answer.json()

    def link(self, qr: str, phone: str = PHONE) -> None:
        """The phone scans this."""
        self.ask("POST", "link", {"phone": phone, "name": "Shop", "qr": qr})

    def messages(self) -> list[dict[str, Any]]:
        """What recipients got."""
        found: list[dict[str, Any]] = self.ask("GET", "messages")["messages"]
        return found


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, **PLAIN).is_success
    except httpx.HTTPError:
        return False


class Shop:
    """A box: its settings, its process, its API. sections: as in wabox.toml, over those of a patient test."""

    def __init__(
        self, place: Path, whatsapp: WhatsApp, *, chromium: str | None = browsers.SHELL, **sections: dict[str, Any]
    ) -> None:
        self.place, self.whatsapp = place, whatsapp
        self.port = free_port()
        self.data = place / "data"
        self.config = place / "wabox.toml"
        self.config.write_text(self._settings(sections, chromium or ""))
        self.program = Program(["serve", "--config", str(self.config)], place / "serve.log")
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20, **PLAIN)
        self.webhook_secret = ""
        self.phones: set[str] = set()

    def _settings(self, sections: dict[str, dict[str, Any]], chromium: str) -> str:
        settings: dict[str, dict[str, Any]] = {
            "server": {"port": self.port},
            "whatsapp": {"url": self.whatsapp.url, "chromium": chromium},
            "data": {"dir": str(self.data)},
            "sending": {
                "gap_seconds": [0, 0],
                "quiet_hours": [],
                "daily_cap": 0,
                "hourly_cap": 0,
                "new_chats_per_day": 0,
                "warmup": False,
            },
            "limits": {"send_burst": 10_000, "send_per_second": 1_000},
        }
        for name, keys in sections.items():
            settings.setdefault(name, {}).update(keys)
        lines = []
        for name, keys in settings.items():
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]
        return "\n".join(lines) + "\n"

    # its process

    def init(self) -> None:
        """The owner exists; the key is known."""
        words = ["init", "--config", str(self.config), "--email", EMAIL, "--password-stdin"]
        words += ["--accept-disclaimer", "--json"]
        code, out, err = forks.run(words, self.place, given=f"{PASSWORD}\n")
        assert code == 0, err
        made = json.loads(out.splitlines()[-1])
        self.http.headers["X-API-Key"] = made["api_key"]
        self.webhook_secret = made["webhook_secret"]

    def start(self, **env: str) -> None:
        """It serves."""
        self.launch(**env)
        until(lambda: self.serves or not self.program.running, what="wabox serves")
        assert self.program.running, self.program.log[-2000:]

    def launch(self, **env: str) -> None:
        """It runs; it may die or refuse before it serves."""
        self.program.start(**env)

    @property
    def serves(self) -> bool:
        """/healthz says so."""
        return _answers(f"http://127.0.0.1:{self.port}/healthz")

    def close(self) -> None:
        """Nothing of it runs any more."""
        if self.program.running:
            below = descendants(self.program.pid)
            self.program.terminate()
            until(lambda: not any(alive(pid) for pid in below), 20, what="its processes end")
        for pid in self.browsers():
            os.kill(pid, signal.SIGKILL)
        self.http.close()

    def browsers(self) -> list[int]:
        """Chromium's main processes on profiles of this box."""
        flag = f"--user-data-dir={self.data}/profiles/"
        found = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
        return [pid for pid in found if flag in (line := command_line(pid)) and "--type=" not in line]

    # its API

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One request."""
        return self.http.request(method, f"/api/v1{path}", json=body, headers=headers)

    def get(self, path: str) -> Any:
        """The answer's JSON; it must be a success."""
        answer = self.call("GET", path)
        assert answer.is_success, answer.text
        return answer.json()

    def device(self, label: str = "primary") -> dict[str, Any]:
        """As GET /devices shows it."""
        return next(one for one in self.get("/devices")["devices"] if one["device_label"] == label)

    def is_device(
        self, state: str, detail: str | None = None, *, label: str = "primary", seconds: float = 40
    ) -> None:
        """Waits until the device is in this state."""

        def there() -> bool:
            seen = self.device(label)
            return bool(seen["state"] == state and (detail is None or seen["detail"] == detail))

        until(there, seconds, what=f"{label} is {state} {detail or ''}")

    def link(self, phone: str = PHONE, label: str = "primary") -> None:
        """The owner starts the device, the phone's camera reads the picture, the device is ready."""
        assert self.call("POST", f"/devices/{label}/start").status_code == 202
        self.scan(phone, label)
        self.is_device("ready", label=label)

    def scan(self, phone: str = PHONE, label: str = "primary") -> None:
        """The phone's camera reads the picture that GET …/qr shows."""

        def linked() -> bool:
            shown = self.get(f"/devices/{label}/qr")["qr"]
            text = decoded(shown) if shown else ""
            if not text:
                return False
            body = {"phone": phone, "name": "Shop", "qr": text}
            answer = httpx.post(f"{self.whatsapp.url}/sandbox/link", json=body, timeout=20, **PLAIN)
            return answer.is_success  # a QR may have been renewed while it was read

        owner = self.whatsapp.owners.setdefault(phone, self.place)
        assert owner == self.place, f"{phone} is a phone of the box in {owner}: its messages are not this one's"
        self.phones.add(phone)
        until(linked, 60, what="a QR is scanned")

    def send(self, person: int, text: str | None = None, label: str = "primary") -> int:
        """A 202's job id. The same person and text may be asked for again: the key makes it one message."""
        phone, said = str(FIRST_PERSON + person), text or f"Hello number {person}"
        body = {"phone": phone, "message": said, "device_label": label}
        key = hashlib.sha256(f"{label} {phone} {said}".encode()).hexdigest()
        answer = self.call("POST", "/send", body, **{"Idempotency-Key": key})
        assert answer.status_code == 202, answer.text
        job_id: int = answer.json()["job_id"]
        return job_id

    def message(self, job_id: int) -> dict[str, Any]:
        """As GET /messages/{job_id} shows it."""
        found: dict[str, Any] = self.get(f"/messages/{job_id}")
        return found

    def messages(self) -> list[dict[str, Any]]:
        """The whole log."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            answer = self.get(f"/messages?per_page=200&page={page}")
            found += answer["data"]
            if page >= answer["pages"]:
                return found
            page += 1

    def all_end(self, seconds: float = 60) -> list[dict[str, Any]]:
        """Every message, once each has come to an end and those that were sent have arrived."""

        found: list[dict[str, Any]] = []

        def settled() -> bool:
            if any(self.get(f"/messages?status={one}&per_page=1")["data"] for one in ON_THEIR_WAY):
                return False  # the whole log is read once, at the end
            found[:] = self.messages()
            return all(one["status"] in ENDED and one["status"] != "sent" for one in found)

        until(settled, seconds, what="every message has ended")
        return found


@contextlib.contextmanager
def alone(place: Path, **sections: Any) -> Iterator[Shop]:
    """A linked box with a sandbox of its own; sections as in Shop."""
    whatsapp = WhatsApp(place)
    whatsapp.start()
    box = Shop(place, whatsapp, **sections)
    try:
        box.init()
        box.start()
        box.link()
        yield box
    finally:
        box.close()
        whatsapp.program.kill()


def once_each(shop: Shop) -> None:
    """Every message of the log reached its person exactly once, and nobody got anything else."""
    log = shop.messages()
    bad = [(one["job_id"], one["status"], one["error"]) for one in log if one["status"] not in ARRIVED]
    assert not bad, f"not arrived: {bad}"
    got = [one for one in shop.whatsapp.messages() if one["from"] in shop.phones]
    copies = [(one["id"], one["to"], one["copies"]) for one in got if one["copies"] != 1]
    assert not copies, f"handed over more than once: {copies}"
    assert sorted((one["to"], one["text"]) for one in got) == sorted((one["phone"], one["message"]) for one in log)
