"""How wabox writes its log: structured lines on stderr, never a message body, a key or a whole number."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from wabox.config import Logs

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(settings: Logs) -> None:
    """Everything logged from now on goes to stderr in the configured form."""
    json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer()
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([structlog.processors.dict_tracebacks] if json else []),
        renderer,
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s %(levelname)s %(message)s")
