"""What all sessions of one gateway share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from wabox.whatsapp.driver import Event
from wabox.whatsapp.page import Limits
from wabox.whatsapp.runtime import Runtime


@dataclass(frozen=True, slots=True)
class House:
    """What all sessions share. may_renew: no other device would suffer from a new Playwright."""

    url: str
    chromium: str | None
    profiles: Path
    runtime: Runtime
    limits: Limits
    min_free_bytes: int
    emit: Callable[[Event], None]
    now: Callable[[], datetime]
    may_renew: Callable[[int], bool]
