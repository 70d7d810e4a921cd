from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from wabox import logs
from wabox.config import Logs


class FullDisk(io.StringIO):
    """A log file with no room left."""

    refused = 0

    def write(self, text: str) -> int:
        self.refused += 1
        raise OSError(28, "No space left on device")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What this file sets up is undone."""
    root = logging.getLogger()
    handlers, settings = list(root.handlers), structlog.get_config()
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    structlog.configure(**settings)


def fault(secret: str) -> None:
    body = {"message": secret}
    raise RuntimeError(f"a fault with {len(body)} local")


@pytest.mark.parametrize("form", ["json", "text"])
def test_fault_is_logged_without_the_values_at_hand(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written, secret = io.StringIO(), f"Your code is {4700 + 11}"
    monkeypatch.setattr(sys, "stderr", written)
    logs.configure(Logs(level="info", format=form))
    try:
        fault(secret)
    except RuntimeError:
        structlog.get_logger().exception("it broke", job_id=7)
    assert "a fault with 1 local" in written.getvalue()
    assert "in fault" in written.getvalue() or '"name": "fault"' in written.getvalue()
    assert "4711" not in written.getvalue()


def test_log_without_room_costs_the_line_and_not_the_one_who_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk()
    monkeypatch.setattr(sys, "stderr", disk)
    logs.configure(Logs(level="info", format="json"))
    structlog.get_logger().error("transaction failed")
    logging.getLogger("uvicorn").warning("slow")
    assert disk.refused >= 2
