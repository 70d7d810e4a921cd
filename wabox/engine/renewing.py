"""Tries the wa-js that the owner brought, gives it to phone after phone, and takes it back where it is no good.

What is done next stands in the rows; a process that is killed anywhere goes on from there at its next start. One
phone moves at a time. It moves while nothing of it is in hand, has to be ready and answer for a message that is
not there, and the next one waits until a real message went, or an hour is over.
"""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime, timedelta
from time import monotonic, time

import structlog

from wabox.box import Box
from wabox.engine.backoff import Backoff
from wabox.engine.trying import Trial, Trials
from wabox.renewal import store, stored, switching
from wabox.renewal.stored import Phone
from wabox.whatsapp.driver import Driver, SessionLost, Sights

log = structlog.get_logger()

READY_WITHIN = timedelta(seconds=300)
PROVED_WITHIN = timedelta(hours=1)
MOST_DOUBTS = 2
UNSENT = ("failed", "unknown", "skipped", "cancelled")
LOOK_SECONDS, BROKEN_SECONDS = 60.0, 5.0
TICK_SECONDS = 0.9
NEW_SECONDS = 600.0


class Renewing:
    """One step of the clock. driver, sights: the phones' pages. trial: tries an engine; tests bring their own."""

    def __init__(self, box: Box, driver: Driver, sights: Sights, trial: Trial | None = None) -> None:
        self._box = box
        self._driver = driver
        self._sights = sights
        self.trials = Trials(box, trial)
        self._failed = Backoff()
        self._looked_at, self._first = -LOOK_SECONDS, True
        self._ticked_at = -TICK_SECONDS
        self._engines = box.config.data.dir / "engine"

    async def tick(self) -> None:
        """Whatever is due next is done, or begun; each second is soon enough, however much is committed."""
        if monotonic() - self._ticked_at < TICK_SECONDS:
            return
        self._ticked_at = monotonic()
        self.trials.go_on()
        phones = await self._box.db.read(stored.phones)
        pause = BROKEN_SECONDS if any(phone.incompatible for phone in phones) else LOOK_SECONDS
        if monotonic() - self._looked_at >= pause:
            self._looked_at = monotonic()
            await self._look(phones)
            self._first = False
        for phone in phones:
            if phone.move is not None and not self._failed.rests(("engine", phone.id)):
                with self._failed.apart("engine", ("engine", phone.id)):
                    await self._follow(phone)
        await self._next(await self._box.db.read(stored.phones))

    async def tidy(self) -> None:
        """What is not kept any more is gone from the disk, too."""
        stay = await self._box.db.write(switching.forget)
        kept, before = [one.wajs for one in stay], time() - NEW_SECONDS
        await asyncio.to_thread(store.clear, self._engines, kept, before=before)

    async def stop(self, deadline_seconds: float) -> None:
        """A trial is broken off; it is made anew at the next start."""
        await self.trials.stop(deadline_seconds)

    # a phone that moves

    async def _follow(self, phone: Phone) -> None:
        now, write = self._box.now(), self._box.db.write
        assert phone.since is not None
        if not phone.wanted:
            await write(switching.rests, phone, now=now)
        elif phone.move == "back":
            await self._follow_back(phone, late=now - phone.since > READY_WITHIN)
        elif phone.incompatible:
            await self._take_back(phone, switching.MISSING)
        elif phone.move == "opening":
            await self._follow_opening(phone, late=now - phone.since > READY_WITHIN)
        else:
            await self._follow_proving(phone)

    async def _follow_back(self, phone: Phone, *, late: bool) -> None:
        if phone.incompatible and phone.reason != switching.ALTERED:
            log.warning("both engines fail", device_id=phone.id)
            await self._box.db.write(switching.stays_on_newer, phone, now=self._box.now())
        elif phone.ready or late:
            await self._box.db.write(switching.rests, phone, now=self._box.now())

    async def _follow_opening(self, phone: Phone, *, late: bool) -> None:
        write, now = self._box.db.write, self._box.now()
        if phone.ready and await asyncio.to_thread(self._answers, phone):
            await write(switching.arrived, phone, now=now)
            log.info("phone has its engine", device_id=phone.id)
        elif phone.state == "qr" and not phone.linked:
            await write(switching.rests, phone, now=now)
        elif late:
            await self._take_back(phone, switching.NOT_READY)

    def _answers(self, phone: Phone) -> bool:
        """Whether the page can say of a message that it is not there. If not, it is no good after three times."""
        try:
            found = self._driver.look_up(
                phone.id, "3EB0" + secrets.token_hex(9).upper(), (f"{phone.phone}@c.us",), None
            )
        except SessionLost:
            return False
        return found.ack is None

    async def _follow_proving(self, phone: Phone) -> None:
        assert phone.since is not None
        if phone.canary in UNSENT:
            await self._take_back(phone, switching.UNSENT)
            return
        went, doubts = await self._box.db.read(stored.handed_since, phone.id, phone.since)
        if doubts >= MOST_DOUBTS:
            await self._take_back(phone, switching.DOUBTS)
        elif went:
            await self._box.db.write(switching.rests, phone, now=self._box.now())

    async def _take_back(self, phone: Phone, reason: str) -> None:
        log.warning("engine taken back", device_id=phone.id, reason=reason, missing=phone.detail_text)
        await self._box.db.write(switching.went_back, phone, reason, now=self._box.now())

    # the next phone

    async def _next(self, phones: list[Phone]) -> None:
        choice = await self._box.db.read(stored.choice)
        if choice is None or choice.stopped_at is not None or any(self._holds_up(one) for one in phones):
            return
        for phone in phones:
            key = ("move", phone.id)
            if phone.engine_id != choice.engine_id and _may_move(phone) and not self._failed.rests(key):
                with self._failed.apart("move", key):
                    await self._move(phone, choice.engine_id)
                if phone.wanted:
                    return

    async def _move(self, phone: Phone, engine_id: int | None) -> None:
        if await self._box.db.write(switching.move, phone, engine_id, now=self._box.now()):
            log.info("phone gets an engine", device_id=phone.id, engine_id=engine_id)

    def _holds_up(self, phone: Phone) -> bool:
        """Whether the next phone waits for what becomes of this one."""
        if phone.move == "proving":
            assert phone.since is not None
            return self._box.now() - phone.since < PROVED_WITHIN
        return phone.move is not None

    # what pages have

    async def _look(self, phones: list[Phone]) -> None:
        """What each page has and lacks is known, and an engine that is not what it was goes from its phone.

        At a start all are looked at: a box that was put back from a backup has none of them.
        """
        for phone in phones:
            with self._failed.apart("page", ("page", phone.id)):
                await self._look_at(phone, self._box.now())

    async def _look_at(self, phone: Phone, now: datetime) -> None:
        if phone.wanted:
            page = await asyncio.to_thread(self._sights.checkup, phone.id)
            seen = (page.page_version, page.wajs_version, page.missing, page.lacks, dict(page.patches))
            known = (phone.page_version, phone.wajs_version, phone.missing, phone.lacks, phone.patches)
            if page.wajs_version is not None and seen != known:
                await self._box.db.write(switching.saw, phone.id, page, now=now)
        if phone.engine_id is not None and (phone.incompatible or self._first):
            found = await self._box.db.read(stored.by_id, phone.engine_id)
            engine = store.engine_of(self._engines, found.wajs) if found is not None else None
            if engine is None or not await asyncio.to_thread(store.is_whole, engine):
                log.error("engine altered", device_id=phone.id)
                await self._box.db.write(switching.lost, phone, now=now)


def _may_move(phone: Phone) -> bool:
    """At rest, or in a state that only another engine may mend; never in the midst of something."""
    if phone.leaving:
        return False
    if not phone.wanted or phone.incompatible:
        return True
    return not phone.in_hand and (phone.ready or (phone.state == "qr" and not phone.linked))
