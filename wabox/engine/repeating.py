"""Makes the runs of repeating campaigns when their dates come; nothing while the machine's clock looks wrong."""

from __future__ import annotations

import structlog

from wabox.box import Box
from wabox.campaigns import repeat_runs, repeats
from wabox.checkup import machine_clock
from wabox.engine.backoff import Backoff
from wabox.errors import Refusal

log = structlog.get_logger()

AGAIN = "changed_meanwhile"  # the audience is another one since it was looked up: the next look takes that


class Repeating:
    """What is due of repeating campaigns each tick."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._failed = Backoff()

    async def tick(self) -> None:
        """Look once."""
        now, zone = self._box.now(), self._box.config.zone
        due = self._box.db.read_here(repeats.due, zone=zone, now=now)
        if not due or self._box.db.read_here(machine_clock.looks_wrong, now):
            return
        for repeat_id in due:
            if not self._failed.rests(repeat_id):
                with self._failed.apart("repeat", repeat_id):
                    await self._go_on(repeat_id)

    async def _go_on(self, repeat_id: int) -> None:
        db, config, now = self._box.db, self._box.config, self._box.now()
        await db.write(repeats.recount, repeat_id, config=config, now=now)
        run = await db.read(repeat_runs.prepare, repeat_id, config=config, now=now)
        if run is None:
            return
        try:
            made = await db.write(repeat_runs.write, run, now=now)
        except Refusal as refused:
            if refused.code != AGAIN:
                await db.write(repeat_runs.halt, run, refused.code, now=now)
                log.warning("repeating campaign cannot go", repeat_id=repeat_id, code=refused.code)
            return
        log.info("repeating campaign due", repeat_id=repeat_id, campaign_id=made and made.id, result=run.result)
