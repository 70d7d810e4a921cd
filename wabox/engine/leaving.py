"""Goes on where something was stopped or taken back: what waits and will never go, what is to be deleted."""

from __future__ import annotations

from wabox.box import Box
from wabox.campaigns import taking_back
from wabox.engine.backoff import Backoff
from wabox.messages import leaving


class Leaving:
    """Looks each tick; a piece that is cancelled wakes the next one."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._failed = Backoff()

    async def tick(self) -> None:
        """One piece of each."""
        left = self._box.db.read_here(leaving.left)
        taken_back = self._box.db.read_here(taking_back.left)
        for verb, ids in (
            (leaving.of_campaign, left.campaigns),
            (leaving.of_device, left.devices),
            (taking_back.piece, taken_back),
        ):
            for number in ids:
                if self._failed.rests((verb, number)):
                    continue
                with self._failed.apart(verb.__name__, (verb, number)):
                    await self._box.db.write(verb, number, now=self._box.now())
