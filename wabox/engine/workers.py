"""The worker threads: Huey in this process, where a task is only a wake-up that says whose turn it is.

Huey deletes a task before it runs, so losing one must be harmless: the next tick gives it again. The
same turn is never in flight twice. Its file is wiped at start; ids only travel in it, as JSON.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import structlog
from huey import Huey
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import SqliteStorage

log = structlog.get_logger()

Turn = Callable[[int], None]


class _Json(Serializer):  # type: ignore[misc]
    """A task message as JSON. Huey's default pickles: whoever can write the file could run code."""

    def _serialize(self, message: Message) -> bytes:
        return json.dumps([message.id, message.name, list(message.args)]).encode()

    def _deserialize(self, data: bytes) -> Message:
        number, name, args = json.loads(bytes(data))
        return Message(id=number, name=name, args=tuple(args), kwargs={}, retries=0, retry_delay=0)


class _WakingStorage(SqliteStorage):  # type: ignore[misc]
    """Hands a task to a waiting worker at once, where Huey would poll."""

    blocking = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.work = threading.Condition()
        super().__init__(*args, **kwargs)

    def enqueue(self, data: bytes, priority: int | None = None) -> None:
        super().enqueue(data, priority)
        with self.work:
            self.work.notify()

    def dequeue(self) -> bytes | None:
        with self.work:
            found: bytes | None = super().dequeue()
            if found is None:
                self.work.wait(1.0)
                found = super().dequeue()
            return found


class _Embedded(Consumer):  # type: ignore[misc]
    """A consumer that leaves the process's signals alone."""

    def _set_signal_handlers(self) -> None:
        return


class Workers:
    """Runs turns. kinds: {kind: what to do with an id}."""

    def __init__(self, path: Path, kinds: dict[str, Turn], *, threads: int) -> None:
        for leftover in path.parent.glob(f"{path.name}*"):
            leftover.unlink()
        self._in_flight: set[tuple[str, int]] = set()
        self._lock = threading.Lock()
        self._kinds = kinds
        self._huey = Huey(
            "turns",
            results=False,
            serializer=_Json(),
            storage_class=_WakingStorage,
            filename=str(path),
            fsync=False,
        )
        self._task = self._huey.task(name="turn")(self._run)
        self._consumer = _Embedded(self._huey, workers=threads, periodic=False, check_worker_health=False)

    def start(self) -> None:
        """Start the threads."""
        self._consumer.start()

    def stop(self, seconds: float) -> None:
        """Take no more turns, wait for those that run, at most this long."""
        ends = monotonic() + seconds
        self._consumer.shutdown_timeout = seconds
        self._consumer.stop_flag.set()
        storage = self._huey.storage
        with storage.work:
            storage.work.notify_all()
        for _, thread in self._consumer.worker_threads:
            thread.join(max(ends - monotonic(), 0))
        with contextlib.suppress(Exception):
            storage.close()

    def give(self, kind: str, number: int) -> None:
        """Give this one its turn, unless it is waiting for it or having it.

        Raises what the queue's file raises, as on a full disk; then the next tick may give it again.
        """
        with self._lock:
            if (kind, number) in self._in_flight:
                return
            self._in_flight.add((kind, number))
        try:
            self._task(kind, number)
        except Exception:
            self._over(kind, number)
            raise

    def _run(self, kind: str, number: int) -> None:
        try:
            self._kinds[kind](number)
        except Exception:  # a turn's failure is the turn's own; the next tick gives it again
            log.exception("turn failed", kind=kind, number=number)
        finally:
            self._over(kind, number)

    def _over(self, kind: str, number: int) -> None:
        with self._lock:
            self._in_flight.discard((kind, number))
