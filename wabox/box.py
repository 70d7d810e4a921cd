"""What every face and every engine part is given: the box they all work on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from wabox.accounts import mail_server
from wabox.accounts.sealing import Seal
from wabox.config import Config
from wabox.db import Database
from wabox.pulse import Pulse
from wabox.whatsapp.driver import Sights


@dataclass(frozen=True, slots=True)
class Box:
    """now: the box's clock, aware UTC; nobody else asks for the time. pulse: what it notices of itself.

    sights: the phones' pages, where browsers are open. memory: what its faces keep while the process lives, by who
    made it; used on the event loop alone. stopping: set once the process ends, so that long work breaks off.
    begin_anew: ends the process's work in order and starts it from the beginning; called on the loop.
    """

    config: Config
    db: Database
    seal: Seal
    now: Callable[[], datetime]
    pulse: Pulse = field(default_factory=Pulse)
    sights: Sights | None = None
    memory: dict[object, Any] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    begin_anew: Callable[[], None] | None = None

    @property
    def media(self) -> Path:
        """Where files that are sent lie."""
        return self.config.data.dir / "media"

    def sends_mail(self) -> bool:
        """Whether there is a mail server: of wabox.toml, or of the page."""
        return self.config.smtp.host is not None or self.db.read_here(mail_server.is_set, self.config)

    @property
    def base_url(self) -> str:
        """Where people reach this box, without a slash at the end."""
        server = self.config.server
        host = f"[{server.host}]" if ":" in server.host else server.host
        return server.public_url or f"http://{host}:{server.port}"
