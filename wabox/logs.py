"""How wabox writes its log: structured lines on stderr, never a message body, a key or a whole number."""

from __future__ import annotations

import logging
import sys
from typing import IO, Any

import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer

from wabox import shortage
from wabox.config import Logs

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class _Patient:
    """A stream that takes what it can: a full disk or a closed pipe costs the line, not who writes it."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Written, or dropped."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        """Passed on, or dropped."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            return


def configure(settings: Logs) -> None:
    """Everything logged from now on goes to stderr in the configured form.

    A traceback names lines of code, never the values there: those are messages, numbers and keys.
    """
    json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    patient: Any = _Patient(sys.stderr)
    if json:
        ends: list[Any] = [
            ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ]
    else:
        ends = [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            shortage.from_log,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *ends,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.level]),
        logger_factory=structlog.PrintLoggerFactory(patient),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=patient, format="%(name)s %(levelname)s %(message)s")
