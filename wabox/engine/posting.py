"""Posts what is owed to webhooks: each endpoint has slots of its own, so a slow receiver holds up nobody.

What a receiver took counts only once it is recorded: if wabox dies in between, it is posted again under
the same webhook-id. While an endpoint fails it is tried with one post at a time.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from wabox import __version__, crash
from wabox.accounts.sealing import Seal
from wabox.db import Database
from wabox.engine import outgoing
from wabox.engine.backoff import Backoff
from wabox.engine.outgoing import Answer
from wabox.errors import Unavailable
from wabox.webhooks import allowed, endpoints, retries, signing
from wabox.webhooks.endpoints import Address
from wabox.webhooks.lookups import Names, NamesBusy, Resolver
from wabox.webhooks.retries import Head, Outcome, Parcel
from wabox.webhooks.targets import Allow, Reach

log = structlog.get_logger()

SLOTS = 4
BATCH = 64
BUSY = "This box was looking up other names; this post was not tried, and is soon."
BUSY_REST = timedelta(seconds=10)


class Post(Protocol):
    """How one request goes out. Raises NamesBusy when nobody could look the name up."""

    async def __call__(
        self, url: str, headers: Mapping[str, str], body: bytes, allow: Allow, *, resolver: Resolver
    ) -> Answer:
        """What came of it."""
        ...


@dataclass(slots=True)
class _Lane:
    """One endpoint's work. flying: what is being posted or recorded, with its line; nothing flies twice.

    rest: the address that asked to be left alone, by Retry-After, and until when.
    """

    user_id: int
    width: int = SLOTS
    rest: tuple[str, datetime] | None = None
    waiting: deque[Head] = field(default_factory=deque)
    flying: dict[int, str | None] = field(default_factory=dict)
    slots: set[asyncio.Task[None]] = field(default_factory=set)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def heard(self, outcome: Outcome, url: str, now: datetime) -> None:
        """What the receiver asks for counts until it takes something; what was to be posted next waits, too."""
        if outcome.delivered:
            self.rest = None
        elif outcome.retry_after:
            self.rest = url, now + timedelta(seconds=outcome.retry_after)
            self.waiting.clear()


@dataclass(frozen=True, slots=True)
class _Taken:
    """A post that could not be recorded yet; until it is, it is not posted again."""

    lane: _Lane
    outcome: Outcome
    at: datetime


class Poster:
    """Belongs to the loop: call everything there.

    allow, allow_within: as of `[webhooks]`. now: the box's clock. own_port: where wabox itself listens. post: how
    one request goes out. names: looks names up.
    """

    def __init__(
        self,
        db: Database,
        seal: Seal,
        allow: Iterable[str],
        now: Callable[[], datetime],
        *,
        allow_within: Iterable[str] = (),
        own_port: int | None = None,
        post: Post = outgoing.post,
        names: Names | None = None,
    ) -> None:
        self._db = db
        self._seal = seal
        self._file = Reach(tuple(allow), tuple(allow_within), own_port=own_port)
        self._now = now
        self._post = post
        self._lanes: dict[int, _Lane] = {}
        self._unrecorded: dict[int, _Taken] = {}
        self._writable = True
        self._failed = Backoff()
        self._names = names or Names()
        self._recording = asyncio.Lock()
        self._stopping = False

    async def tick(self) -> None:
        """Every endpoint with something due is being posted to."""
        if self._stopping or not await self._record_again():
            return
        for user_id in self._db.read_here(retries.users_due, self._now()):
            lane = self._lanes.setdefault(user_id, _Lane(user_id))
            if len(lane.slots) < lane.width and self._may_post(lane):
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
            if not self._stopping and self._may_post(lane) and len(lane.slots) <= lane.width:
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

    def _may_post(self, lane: _Lane) -> bool:
        """Not while the box cannot write, nor to whom a few posts could not be recorded."""
        return self._writable and sum(taken.lane is lane for taken in self._unrecorded.values()) < SLOTS

    async def _refill(self, lane: _Lane) -> None:
        """Take what is due and not flying; a message of which something flies is left for the next time."""
        most = BATCH + len(lane.flying) + len(self._failed)
        heads = partial(retries.heads, rests=self._rests(lane))
        found = await self._db.read(heads, lane.user_id, self._now(), most)
        busy = {line for line in lane.flying.values() if line is not None}
        lane.waiting.extend(
            head
            for head in found
            if head.id not in lane.flying and head.line not in busy and not self._failed.rests(head.id)
        )

    def _rests(self, lane: _Lane) -> bool:
        """Whether it is left alone. A clock that was set back prolongs nothing; another address never asked."""
        if lane.rest is None:
            return False
        (url, until), now = lane.rest, self._now()
        if now < until <= now + timedelta(seconds=outgoing.LONGEST_REST):
            return url == self._db.read_here(endpoints.get, lane.user_id).url
        return False

    async def _deliver(self, lane: _Lane, head: Head) -> None:
        """Post it once, as it stands now, and record what came of it. A fault rests with this delivery alone."""
        outcome: Outcome | None = None
        try:
            with self._failed.apart("webhook", head.id):
                parcel = self._db.read_here(retries.parcel, head.id)
                address = self._db.read_here(endpoints.address, lane.user_id, seal=self._seal, now=self._now())
                if parcel is None or address is None:
                    return
                lane.width = 1 if address.failing else SLOTS
                outcome = await self._try(parcel, address)
                if outcome is not None:
                    lane.heard(outcome, address.url, self._now())
                if outcome is None:
                    await self._db.write(retries.put_off, head.id, BUSY, self._now() + BUSY_REST)
            if outcome is not None:
                await self._record(head.id, _Taken(lane, outcome, self._now()))
        finally:
            if outcome is None:
                lane.flying.pop(head.id, None)

    async def _try(self, parcel: Parcel, address: Address) -> Outcome | None:
        """As `_send`; a fault of ours is a failure like others, so that it waits its turn and is shown.

        None: nothing was tried, for nobody could look the name up.
        """
        try:
            return await self._send(parcel, address)
        except NamesBusy:
            log.warning("webhook put off: names are looked up", delivery_id=parcel.id, user_id=parcel.user_id)
            return None
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
        resolver = self._names.of(parcel.user_id)
        allow = self._db.read_here(allowed.in_force, self._file, parcel.user_id).allow()
        answer = await self._post(address.url, headers, parcel.body, allow, resolver=resolver)
        outcome = Outcome(
            answer.status, answer.error, answer.excerpt or None, answer.duration_ms, answer.retry_after
        )
        if outcome.delivered:
            crash.point("posted")
        else:
            log.info("webhook refused", delivery_id=parcel.id, user_id=parcel.user_id, status=answer.status)
        return outcome

    async def _record(self, delivery_id: int, taken: _Taken) -> None:
        """Durable; else it is kept for a later tick and stays flying.

        If the box cannot write now, nothing is posted until it can: a full disk must not make wabox post the
        same things over and over. If only this one cannot be written, only this one waits, and is written the
        next time without what the receiver said.
        """
        try:
            await self._db.write(retries.record, delivery_id, taken.outcome, taken.at)
        except (Unavailable, sqlite3.OperationalError) as error:
            self._unrecorded[delivery_id] = taken
            self._writable = False
            log.warning("webhook not recorded yet", delivery_id=delivery_id, error=str(error))
            return
        except Exception:
            self._unrecorded[delivery_id] = replace(
                taken, outcome=replace(taken.outcome, error=None, excerpt=None)
            )
            self._failed.failed(delivery_id)
            log.exception("webhook cannot be recorded", delivery_id=delivery_id, user_id=taken.lane.user_id)
            return
        self._writable = True
        self._failed.went_well(delivery_id)
        self._unrecorded.pop(delivery_id, None)
        taken.lane.flying.pop(delivery_id, None)

    async def _record_again(self) -> bool:
        """What was posted is recorded, as far as it can be. False: the box cannot write, so nothing is posted."""
        async with self._recording:
            for delivery_id, taken in list(self._unrecorded.items()):
                if self._failed.rests(delivery_id):
                    continue
                await self._record(delivery_id, taken)
                if not self._writable:
                    return False
        return self._writable
