"""A shop's own server: it takes webhooks, keeps what came, and can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Post:
    """One request as it came. headers: names in lower case."""

    headers: dict[str, str]
    raw: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The payload."""
        found: dict[str, Any] = json.loads(self.raw)
        return found

    def is_signed(self, secret: str) -> bool:
        """Both signatures are right: the reference's and Standard Webhooks'."""
        plain = hmac.new(secret.encode(), self.raw, hashlib.sha256).hexdigest()
        told = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.raw
        key = base64.b64decode(secret.removeprefix("whsec_"))
        standard = base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()
        return (
            self.headers["x-webhook-signature"] == f"sha256={plain}"
            and f"v1,{standard}" in self.headers["webhook-signature"].split()
        )


class Receiver:
    """Listens on loopback until closed. status: what it answers at its path; nothing else is its own."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.status = 200
        self.path = f"/wa-events/{uuid4().hex}"
        receiver = self

        class Taker(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", "0"))
                raw = self.rfile.read(length)
                if len(raw) < length:  # who posted died in the middle
                    return
                if self.path != receiver.path:  # a box of another test still posts to who had this port before
                    self.send_error(404)
                    return
                receiver.posts.append(Post({name.lower(): value for name, value in self.headers.items()}, raw))
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """As `[webhooks] allow` names it."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """As PUT /webhooks names it."""
        return f"http://{self.address}{self.path}"

    def of(self, event: str) -> dict[int, set[str]]:
        """{job id: the webhook-ids under which this event of it came}."""
        found: dict[int, set[str]] = {}
        for post in list(self.posts):
            told = post.event
            if told["event"] == event:
                found.setdefault(told["job_id"], set()).add(post.headers["webhook-id"])
        return found

    def close(self) -> None:
        """It listens no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
