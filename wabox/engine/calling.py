"""Hands alerts to the services that people named, one of each user in turn; nothing waits for it."""

from __future__ import annotations

import asyncio

import structlog

from wabox.alerts import asking, services
from wabox.box import Box
from wabox.engine.backoff import Backoff
from wabox.webhooks import allowed

log = structlog.get_logger()


class Calling:
    """Belongs to the loop."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._task: asyncio.Task[None] | None = None
        self._failed = Backoff()

    async def tick(self) -> None:
        """What is due is going."""
        if self._task is not None and not self._task.done():
            return
        if self._box.stopping.is_set() or not self._box.db.read_here(services.due, self._box.now(), most=1):
            return
        self._task = asyncio.create_task(self._run(), name="calls")

    async def quiet(self) -> None:
        """Nothing is being told any more."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        for call_id in self._box.db.read_here(services.due, self._box.now()):
            if self._box.stopping.is_set():
                return
            if not self._failed.rests(call_id):
                with self._failed.apart("alert", call_id):
                    await self._call(call_id)

    async def _call(self, call_id: int) -> None:
        box = self._box
        call = box.db.read_here(services.call, call_id, seal=box.seal)
        if call is None or call.address is None:
            await box.db.write(services.failed, call_id, services.UNREADABLE, final=True, now=box.now())
            return
        reach = box.db.read_here(allowed.in_force, allowed.by_file(box.config), call.user_id)
        told = await asking.told(call.address, reach=reach, title=call.title, body=call.body)
        if told.error is None:
            await box.db.write(services.sent, call_id, now=box.now())
            return
        log.info("alert refused by a service", call_id=call_id)
        await box.db.write(services.failed, call_id, told.error, now=box.now())
