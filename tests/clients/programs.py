"""Real clients as programs of their own, each asked in the same words; what the machine lacks is skipped."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import pytest

HERE = Path(__file__).parent
Kind = Literal["none", "json", "form", "parts", "file", "raw", "chunked"]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request.

    kind: how its client makes the body: itself of a JSON text, of a query (form, parts) or of a file (that lies
    there); raw and chunked are the bytes as they stand.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: Kind = "none"
    body: bytes = b""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Got:
    """What came back. headers: in lower case. reused: whether its connection was an old one, if that is known."""

    status: int
    headers: dict[str, str]
    body: bytes
    reused: bool | None = None

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class Client(Protocol):
    """A real client. kinds: the bodies that it can make."""

    kinds: frozenset[str]

    def ask(self, ask: Ask) -> Got:
        """The answer."""
        ...

    def close(self) -> None:
        """It runs no more."""
        ...


class Spoken:
    """A program that reads requests line by line and writes answers."""

    def __init__(self, *words: str, kinds: tuple[Kind, ...]) -> None:
        self.kinds: frozenset[str] = frozenset(("none", *kinds))
        self._program = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, ask: Ask) -> Got:
        """The answer."""
        stdin, stdout = self._program.stdin, self._program.stdout
        assert stdin is not None and stdout is not None
        words = {"method": ask.method, "url": ask.url, "headers": dict(ask.headers), "kind": ask.kind}
        body = {"body": base64.b64encode(ask.body).decode(), "file": ask.file}
        stdin.write(json.dumps({**words, **body}) + "\n")
        stdin.flush()
        told = json.loads(stdout.readline())
        assert not told["error"], told["error"]
        return Got(told["status"], told["headers"], base64.b64decode(told["body"]), told.get("reused"))

    def close(self) -> None:
        """It has read its last line and ended."""
        self._program.communicate(timeout=20)


def run(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """A command, to its end."""
    return subprocess.run(words, input=given, capture_output=True, timeout=30, check=False)


class Curl:
    """The command line's cURL, a process a request."""

    kinds = frozenset(("none", "json", "form", "parts", "file", "raw", "chunked"))

    def ask(self, ask: Ask) -> Got:
        """The answer."""
        words = ["curl", "-sS", "--noproxy", "*", "--max-time", "20"]
        words += ["-I"] if ask.method == "HEAD" else ["-D", "-", "-X", ask.method]
        for name, value in ask.headers.items():
            words += ["-H", f"{name}: {value}"]
        done = run(*words, *self._body(ask), ask.url, given=ask.body)
        assert done.returncode == 0, done.stderr
        head, body = done.stdout, b""
        while head.startswith(b"HTTP/1.1 100"):
            head = head.partition(b"\r\n\r\n")[2]
        head, _, body = head.partition(b"\r\n\r\n")
        return _got(head.decode("latin-1"), body)

    def _body(self, ask: Ask) -> list[str]:
        match ask.kind:
            case "json":
                return ["-H", "Content-Type: application/json", "-d", ask.body.decode()]
            case "form":
                return ["-d", ask.body.decode()]
            case "parts":
                return [word for one in ask.body.decode().split("&") for word in ("-F", one)]
            case "file":
                return ["-F", f"file=@{ask.file}"]
            case "chunked":
                return ["-H", "Transfer-Encoding: chunked", "--data-binary", "@-"]
            case "raw":
                return ["--data-binary", "@-"]
        return []

    def close(self) -> None:
        """Each process ended by itself."""


class Wget:
    """wget, a process a request; it follows nothing and shows what was refused."""

    kinds = frozenset(("none", "json", "form", "raw"))

    def ask(self, ask: Ask) -> Got:
        """The answer."""
        words = ["wget", "-nv", "-S", "-O", "-", "--no-proxy", "--tries=1", "--timeout=20", "--content-on-error"]
        words += ["--max-redirect=0", "--spider"] if ask.method == "HEAD" else [f"--method={ask.method}"]
        headers = dict(ask.headers) | ({"Content-Type": "application/json"} if ask.kind == "json" else {})
        words += [f"--header={name}: {value}" for name, value in headers.items()]
        if ask.kind == "form":
            words.append("--header=Content-Type: application/x-www-form-urlencoded")
        with tempfile.NamedTemporaryFile() as file:
            file.write(ask.body)
            file.flush()
            done = run(*words, *([f"--body-file={file.name}"] if ask.kind != "none" else ()), ask.url)
        said = [line.strip() for line in done.stderr.decode("latin-1").splitlines() if line.startswith("  ")]
        return _got("\n".join(said), done.stdout)

    def close(self) -> None:
        """Each process ended by itself."""


def _got(head: str, body: bytes) -> Got:
    first, *lines = head.splitlines()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Got(int(first.split()[1]), headers, body)


ALL: tuple[Kind, ...] = ("json", "form", "parts", "file", "raw", "chunked")
HANDMADE: tuple[Kind, ...] = ("json", "form", "file", "raw", "chunked")
NAMES = ("php-curl", "php-streams", "node-fetch", "node-http", "requests", "curl", "wget")


def need(program: str) -> None:
    """Skips the test where the machine lacks it."""
    if why := lacks(program):
        pytest.skip(why)


def lacks(name: str) -> str | None:
    """Why this machine cannot run the client."""
    program = name.partition("-")[0]
    if program in ("php", "node", "curl", "wget") and shutil.which(program) is None:
        return f"needs {program}"
    if name == "php-curl" and b"curl" not in run("php", "-m").stdout.split():
        return "needs PHP's curl extension"
    return None


def start(name: str) -> Client:
    """The client runs."""
    match name:
        case "php-curl":
            return Spoken("php", str(HERE / "php_curl.php"), kinds=ALL)
        case "php-streams":
            return Spoken("php", str(HERE / "php_streams.php"), kinds=("json", "form", "file", "raw"))
        case "node-fetch":
            return Spoken("node", str(HERE / "node_fetch.mjs"), kinds=ALL)
        case "node-http":
            return Spoken("node", str(HERE / "node_http.mjs"), kinds=HANDMADE)
        case "requests":
            return Spoken(sys.executable, str(HERE / "python_requests.py"), kinds=ALL)
        case "curl":
            return Curl()
    return Wget()
