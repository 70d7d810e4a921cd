"""Fetches the files that people sent and somebody wants, one at a time a device, while nothing of it is going out.

A turn of its own: what hangs in it holds up no message. What is fetched is judged by its content, like an upload.
"""

from __future__ import annotations

from pathlib import Path

import structlog

from wabox.box import Box
from wabox.contacts import inbox_files
from wabox.contacts.inbox_files import State, Wanted
from wabox.engine.workers import Workers
from wabox.errors import Invalid, NotFound, Refusal, TooLarge, Unavailable
from wabox.media import intake, store
from wabox.media.store import Incoming
from wabox.whatsapp.driver import Downloaded, Driver, SessionLost

log = structlog.get_logger()

PIECE = 1024 * 1024
NO_ROOM = ("storage_full", "media_full")
_ENDS: dict[str, State] = {"bad_file": "refused", "too_large": "too_large"}


class Fetching:
    """A device's turn to fetch one file; until it is here, or will not come, its row says so."""

    def __init__(self, box: Box, driver: Driver) -> None:
        self._box = box
        self._driver = driver

    def turn(self, device_id: int) -> None:
        """Fetch what is wanted longest. Runs in a worker thread, for a minute or so."""
        box = self._box
        wanted = box.db.write_now(inbox_files.claim, device_id, box.config.media, now=box.now())
        if wanted is None:
            return
        into = store.part(box.media)
        try:
            store.check_room(box.media, wanted.room)
            found = self._driver.download(device_id, wanted.chat_id, wanted.message_id, into, wanted.most)
            self._settle(wanted, found, into)
        except SessionLost:
            box.db.write_now(inbox_files.put_off, wanted.inbox_id, "no_answer")
        except NotFound:
            log.info("file of a message that is gone", inbox_id=wanted.inbox_id)
        except (Invalid, TooLarge, Unavailable) as refusal:
            self._refused(wanted, refusal)
        finally:
            into.unlink(missing_ok=True)

    def _settle(self, wanted: Wanted, found: Downloaded, into: Path) -> None:
        if found.outcome == "here":
            self._take_in(wanted, into)
            return
        log.info("file did not come", inbox_id=wanted.inbox_id, outcome=found.outcome, reason=found.reason)
        if found.outcome == "failed":
            self._box.db.write_now(inbox_files.unanswered, wanted.inbox_id)
            return
        state: State = "failed" if found.outcome == "missing" else found.outcome
        self._box.db.write_now(inbox_files.end, wanted.inbox_id, state, found.outcome, size=found.bytes)

    def _take_in(self, wanted: Wanted, path: Path) -> None:
        box = self._box
        settings = box.config.media
        with Incoming(box.media, most_bytes=wanted.most) as incoming:
            with path.open("rb") as file:
                while piece := file.read(PIECE):
                    incoming.write(piece)
            with intake.taken_here(box.db, box.media, incoming, wanted.filename) as examined:
                kept = box.db.write_now(inbox_files.came, wanted, examined, settings, now=box.now())
        if kept.made_room:
            intake.clear(box.db, box.media)
        log.info("file fetched", inbox_id=wanted.inbox_id, media_id=kept.media.id, bytes=kept.media.bytes)

    def _refused(self, wanted: Wanted, refusal: Refusal) -> None:
        """Nothing of it is left. That the box cannot write just now is nobody's word on the file."""
        if isinstance(refusal, Unavailable) and refusal.code not in NO_ROOM:
            raise refusal
        log.info("file not kept", inbox_id=wanted.inbox_id, why=refusal.code)
        state = _ENDS.get(refusal.code, "failed")
        self._box.db.write_now(inbox_files.end, wanted.inbox_id, state, refusal.code)


class Fetches:
    """Which devices have something to fetch, each tick."""

    def __init__(self, box: Box, workers: Workers) -> None:
        self._box = box
        self._workers = workers

    async def tick(self) -> None:
        """Give each its turn."""
        for device_id in self._box.db.read_here(inbox_files.due, now=self._box.now()):
            self._workers.give("fetch", device_id)
