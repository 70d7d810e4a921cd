"""Python's requests. Each line in asks for something, each line out is what came back."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import requests


def _pieces(body: bytes) -> Iterator[bytes]:
    for at in range(0, len(body), 7):
        yield body[at : at + 7]


def _body(ask: dict[str, Any]) -> dict[str, Any]:
    body = base64.b64decode(ask.get("body") or "")
    match ask["kind"]:
        case "json":
            return {"json": json.loads(body)}
        case "form":
            return {"data": dict(parse_qsl(body.decode()))}
        case "parts":
            return {"files": {name: (None, value) for name, value in parse_qsl(body.decode())}}
        case "file":
            path = Path(ask["file"])
            return {"files": {"file": (path.name, path.read_bytes())}}
        case "chunked":
            return {"data": _pieces(body)}
        case "raw":
            return {"data": body}
    return {}


def main() -> None:
    """Until there are no more lines."""
    session = requests.Session()
    session.trust_env = False
    for line in sys.stdin:
        ask = json.loads(line)
        answer = session.request(ask["method"], ask["url"], headers=ask["headers"], timeout=20, **_body(ask))
        told = {
            "status": answer.status_code,
            "headers": {name.lower(): value for name, value in answer.headers.items()},
            "body": base64.b64encode(answer.content).decode(),
            "error": "",
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


main()
