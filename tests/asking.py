"""How to ask on loopback: to who says nothing httpx reads all certificates, 17 ms of a processor each time."""

from __future__ import annotations

import ssl
from typing import Any

PLAIN: dict[str, Any] = {"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "trust_env": False}
