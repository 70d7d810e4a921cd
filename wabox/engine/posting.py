"""Posts what is owed to webhooks: each endpoint has slots of its own, so a slow receiver holds up nobody.

What a receiver took counts only once it is recorded: if wabox dies in between, it is posted again under
the same webhook-id. While an endpoint fails it is tried with one post at a time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from wabox import __version__, crash
from wabox.accounts.sealing import Seal
from wabox.db import Database
from wabox.engine import outgoing
from wabox.engine.outgoing import Answer
from wabox.webhooks import endpoints, retries, signing
from wabox.webhooks.endpoints import Address
from wabox.webhooks.retries import Head, Outcome, Parcel
from wabox.webhooks.targets import Allow

log = structlog.get_logger()

SLOTS = 4
BATCH = 64

Post = Callable[[str, Mapping[str, str], bytes, Allow], Awaitable[Answer]]


@dataclass(slots=True)
class _Lane:
    """One endpoint's work. flying: what is being posted or recorded, with its line; nothing flies twice."""

    user_id: int
    width: int = SLOTS
    waiting: deque[Head] = field(default_factory=deque)
    flying: dict[int, str | None] = field(default_factory=dict)
    slots: set[asyncio.Task[None]] = field(default_factory=set)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A post that could not be recorded yet; until it is, it is not posted again."""

    lane: _Lane
    outcome: Outcome
    at: datetime


class Poster:
    """Belongs to the loop: call everything there.

    allow: as `[webhooks] allow`. now: the box's clock. own_port: where wabox itself listens. post: how one
    request goes out.
    """

    def __init__(
        self,
        db: Database,
        seal: Seal,
        allow: Iterable[str],
        now: Callable[[], datetime],
        *,
        own_port: int | None = None,
        post: Post = outgoing.post,
    ) -> None:
        self._db = db
        self._seal = seal
        self._allow = Allow.parse(allow, own_port=own_port)
        self._now = now
        self._post = post
        self._lanes: dict[int, _Lane] = {}
        self._unrecorded: dict[int, _Taken] = {}
        self._recording = asyncio.Lock()
        self._stopping = False

    async def tick(self) -> None:
        """Every endpoint with something due is being posted to."""
        if self._stopping or not await self._record_again():
            return
        for user_id in self._db.read_here(retries.users_due, self._now()):
            lane = self._lanes.setdefault(user_id, _Lane(user_id))
            if len(lane.slots) < lane.width:
                self._open_slot(lane)

    async def quiet(self) -> None:
        """Nothing is being posted any more; what fails meanwhile waits for its next tick."""
        while tasks := self._tasks():
            await asyncio.wait(tasks)

    async def stop(self, deadline_seconds: float) -> None:
        """No post begins any more; one that is unfinished by then is broken off and posted again later."""
        self._stopping = True
        tasks = self._tasks()
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=deadline_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [task for lane in self._lanes.values() for task in lane.slots]

    def _open_slot(self, lane: _Lane) -> None:
        task = asyncio.create_task(self._slot(lane), name=f"webhook {lane.user_id}")
        lane.slots.add(task)
        task.add_done_callback(lane.slots.discard)

    async def _slot(self, lane: _Lane) -> None:
        """Post one after the other until nothing is due."""
        try:
            while (head := await self._next(lane)) is not None:
                await self._deliver(lane, head)
        except Exception:
            log.exception("webhook slot failed", user_id=lane.user_id)

    async def _next(self, lane: _Lane) -> Head | None:
        """What this slot posts next, marked as flying. Opens another slot while more is waiting."""
        async with lane.lock:
            if not self._stopping and not self._unrecorded and len(lane.slots) <= lane.width:
                if not lane.waiting:
                    await self._refill(lane)
                if lane.waiting:
                    head = lane.waiting.popleft()
                    lane.flying[head.id] = head.line
                    if lane.waiting and len(lane.slots) < lane.width:
                        self._open_slot(lane)
                    return head
            task = asyncio.current_task()
            assert task is not None
            lane.slots.discard(task)
            return None

    async def _refill(self, lane: _Lane) -> None:
        """Take what is due and not flying; a message of which something flies is left for the next time."""
        found = await self._db.read(retries.heads, lane.user_id, self._now(), BATCH + len(lane.flying))
        busy = {line for line in lane.flying.values() if line is not None}
        lane.waiting.extend(head for head in found if head.id not in lane.flying and head.line not in busy)

    async def _deliver(self, lane: _Lane, head: Head) -> None:
        """Post it once, as it stands now, and record what came of it."""
        outcome: Outcome | None = None
        try:
            parcel = self._db.read_here(retries.parcel, head.id)
            address = self._db.read_here(endpoints.address, lane.user_id, seal=self._seal, now=self._now())
            if parcel is None or address is None:
                return
            lane.width = 1 if address.failing else SLOTS
            outcome = await self._try(parcel, address)
            await self._record(head.id, _Taken(lane, outcome, self._now()))
        finally:
            if outcome is None:
                lane.flying.pop(head.id, None)

    async def _try(self, parcel: Parcel, address: Address) -> Outcome:
        """As `_send`; a fault of ours is a failure like others, so that it waits its turn and is shown."""
        try:
            return await self._send(parcel, address)
        except Exception:
            log.exception("webhook fault", delivery_id=parcel.id, user_id=parcel.user_id)
            return Outcome(None, "A fault in wabox stopped this post; the log of the box says which.", None, 0)

    async def _send(self, parcel: Parcel, address: Address) -> Outcome:
        """One post. The signature is of this moment; the webhook-id is the same each time."""
        if address.secret is None:
            sentence = "The secret does not open with this box's key; set the webhook with rotate_secret."
            return Outcome(None, sentence, None, 0)
        signed = signing.headers(
            address.secret,
            parcel.body,
            webhook_id=parcel.webhook_id,
            timestamp=self._now(),
            previous_secret=address.previous_secret,
        )
        headers = {"Content-Type": "application/json", "User-Agent": f"wabox/{__version__}", **signed}
        answer = await self._post(address.url, headers, parcel.body, self._allow)
        outcome = Outcome(answer.status, answer.error, answer.excerpt or None, answer.duration_ms)
        if outcome.delivered:
            crash.point("posted")
        else:
            log.info("webhook refused", delivery_id=parcel.id, user_id=parcel.user_id, status=answer.status)
        return outcome

    async def _record(self, delivery_id: int, taken: _Taken) -> bool:
        """Durable. False: the box cannot write now; it is kept for the next tick and stays flying."""
        try:
            await self._db.write(retries.record, delivery_id, taken.outcome, taken.at)
        except Exception as error:  # noqa: BLE001 - whatever it is, what was posted must not be forgotten
            self._unrecorded[delivery_id] = taken
            log.warning("webhook not recorded yet", delivery_id=delivery_id, error=str(error))
            return False
        self._unrecorded.pop(delivery_id, None)
        taken.lane.flying.pop(delivery_id, None)
        return True

    async def _record_again(self) -> bool:
        """Whether all that was posted is recorded. Posting goes on only then: a full disk must not make
        wabox post the same things over and over."""
        async with self._recording:
            for delivery_id, taken in list(self._unrecorded.items()):
                if not await self._record(delivery_id, taken):
                    return False
        return True
