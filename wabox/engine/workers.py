"""The worker threads: Huey in this process, where a task is only a wake-up that says whose turn it is.

Every kind of turn has a pool of its own: phones that hang hold up no campaign, and a pool grows while
all its threads are busy, so that a phone that hangs holds up no other phone. A turn that fails rests
before it is given again. Huey deletes a task before it runs, so losing one must be harmless: a later tick
gives it again. The same turn is never in flight twice. Its file is wiped at start; ids only travel in it.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import structlog
from huey import Huey
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import SqliteStorage

from wabox import threads
from wabox.engine.backoff import Backoff
from wabox.errors import Unavailable
from wabox.pulse import Pulse, Turns

log = structlog.get_logger()

LOST_SECONDS = 30.0  # a wake-up that no thread has taken by then is lost

Turn = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Kind:
    """What is done with an id. most: threads at once; the first is started with the pool."""

    turn: Turn
    most: int


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
    """A consumer that leaves the process's signals alone, grows, and takes the process along if a thread dies."""

    def start(self) -> None:
        """The threads work; Huey's scheduler does not run, for the clock is the only one."""
        for _, thread in self.worker_threads:
            thread.start()

    def _create_process(self, process: Any, name: str) -> threading.Thread:
        def work() -> None:
            while not self.stop_flag.is_set():
                process.loop()

        named = f"{self.huey.name} {name.lower()}"
        return threads.lasting(named, work, asked=self.stop_flag.is_set)

    def grow(self) -> None:
        """One more thread works."""
        worker = self._create_worker()
        thread = self._create_process(worker, f"Worker-{len(self.worker_threads) + 1}")
        thread.start()
        self.worker_threads.append((worker, thread))


class _Pool:
    """The threads of one kind, and who of it waits for a turn or has it."""

    def __init__(self, path: Path, name: str, kind: Kind, seen: Turns) -> None:
        self._name = name
        self._kind = kind
        self._seen = seen
        self._lock = threading.Lock()
        self._given: dict[int, float] = {}  # since when it waits for its turn
        self._having: set[int] = set()
        self._failed = Backoff()
        self._huey = Huey(
            name,
            results=False,
            serializer=_Json(),
            storage_class=_WakingStorage,
            filename=str(path),
            fsync=False,
        )
        self._task = self._huey.task(name="turn")(self._run)
        self._consumer = _Embedded(self._huey, workers=1, max_delay=1, periodic=False, check_worker_health=False)

    def start(self) -> None:
        self._consumer.start()
        self._seen.threads = 1

    def stop(self) -> None:
        """Take no more turns."""
        self._consumer.stop_flag.set()
        work = self._huey.storage.work
        with work:
            work.notify_all()

    def wait(self, ends: float) -> None:
        for _, thread in self._consumer.worker_threads:
            thread.join(max(ends - monotonic(), 0))
        with contextlib.suppress(Exception):
            self._huey.storage.close()

    def give(self, number: int) -> None:
        with self._lock:
            since = self._given.get(number)
            waits = since is not None and monotonic() - since < LOST_SECONDS
            if waits or number in self._having or self._failed.rests(number):
                return
            self._given[number] = monotonic()
            self._grow()
        try:
            self._task(number)
        except Exception:
            with self._lock:
                self._given.pop(number, None)
            raise

    def _grow(self) -> None:
        """A thread for each that waits or has its turn, as far as there may be so many."""
        wanted = min(len(self._given) + len(self._having), self._kind.most)
        if wanted <= self._seen.threads or self._consumer.stop_flag.is_set():
            return
        try:
            self._consumer.grow()
            self._seen.threads += 1
        except RuntimeError as error:  # the machine has no room for it; those that are there go on
            log.warning("no further worker thread", kind=self._name, error=str(error))

    def _run(self, number: int) -> None:
        with self._lock:
            if number in self._having or self._given.pop(number, None) is None:
                return  # a wake-up that was taken for lost came after all
            self._having.add(number)
            self._seen.busy[number] = monotonic()
        error: Exception | None = None
        try:
            self._kind.turn(number)
        except Unavailable as refusal:  # the box cannot write: nobody's own failure
            log.warning("turn put off", kind=self._name, number=number, why=refusal.code)
        except Exception as fault:  # a turn's failure is its own; it is given again when it has rested
            log.exception("turn failed", kind=self._name, number=number)
            error = fault
        finally:
            self._over(number, error)

    def _over(self, number: int, error: Exception | None) -> None:
        with self._lock:
            self._having.discard(number)
            self._seen.busy.pop(number, None)
            if error is None:
                self._failed.went_well(number)
            else:
                self._failed.failed(number)
                self._seen.failures += 1
            self._seen.resting = len(self._failed)


class Workers:
    """Runs turns, each kind's on threads of its own. pulse: is told how they fare."""

    def __init__(self, path: Path, kinds: Mapping[str, Kind], pulse: Pulse | None = None) -> None:
        for leftover in path.parent.glob(f"{path.name}*"):
            leftover.unlink()
        turns = (pulse or Pulse()).turns
        self._pools = {
            name: _Pool(path, name, kind, turns.setdefault(name, Turns(name))) for name, kind in kinds.items()
        }

    def start(self) -> None:
        """Start the threads."""
        for pool in self._pools.values():
            pool.start()

    def stop(self, seconds: float) -> None:
        """Take no more turns, wait for those that run, at most this long."""
        ends = monotonic() + seconds
        for pool in self._pools.values():
            pool.stop()
        for pool in self._pools.values():
            pool.wait(ends)

    def give(self, kind: str, number: int) -> None:
        """Give this one its turn, unless it waits for it, has it, or rests because its last one failed.

        Raises what the queue's file raises, as on a full disk; then the next tick may give it again.
        """
        self._pools[kind].give(number)
