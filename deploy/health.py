"""Says by the exit code whether wabox answers, can write and works: health.py CONFIG. Light, while it starts."""

from __future__ import annotations

import json
import sys
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

SECONDS = 5
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def address(config: Path) -> str:
    """Where this machine itself reaches the box."""
    server = tomllib.loads(config.read_text(encoding="utf-8")).get("server", {})
    host = ANY.get(server.get("host", "127.0.0.1"), server.get("host", "127.0.0.1"))
    return f"http://{f'[{host}]' if ':' in host else host}:{server.get('port', 8470)}"


def asked(url: str) -> tuple[int, dict[str, object]]:
    """(status, body); (0, {}) where nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=SECONDS) as answer:
            return answer.status, json.loads(answer.read(10_000))
    except urllib.error.HTTPError as answer:
        return answer.code, json.loads(answer.read(10_000) or b"{}")
    except (OSError, ValueError):
        return 0, {}


def main(config: Path) -> int:
    """The exit code. A clock that looks wrong and the like is no fault of the release."""
    url = address(config)
    status, _ = asked(f"{url}/healthz")
    if status != 200:
        return 1
    _, said = asked(f"{url}/readyz")
    return 1 if not said or "engine" in said.get("reasons", []) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
