"""Looks at the database each second as the file has it: hurt, or with a journal that nobody can tidy.

The first step of a tick, so that no turn is given on a damaged file.
"""

from __future__ import annotations

import os
from time import monotonic

import structlog

from wabox import db, shortage
from wabox.box import Box
from wabox.errors import Unavailable

log = structlog.get_logger()

EVERY_SECONDS = 1.0
NEXT_TO_GO = "messages"


class Storage:
    """Asked each tick."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._looked_at = -EVERY_SECONDS
        self._alarmed = False

    async def tick(self) -> None:
        """What goes next lies on sound pages; once a second, so does everything else."""
        everything = monotonic() - self._looked_at >= EVERY_SECONDS
        if everything:
            self._looked_at = monotonic()
            self._watch_journal()
            _open_one_more()
        try:
            await self._box.db.touch(None if everything else NEXT_TO_GO)
        except Unavailable as refusal:
            if refusal.code != db.DAMAGED:  # which is in the log already, once
                raise

    def _watch_journal(self) -> None:
        size = self._box.db.journal_bytes
        if (size > db.JOURNAL_ALARM_BYTES) != self._alarmed:
            self._alarmed = not self._alarmed
            log.warning("the journal is too long" if self._alarmed else "the journal is short again", bytes=size)


def _open_one_more() -> None:
    """Whether this process can open one more file; if not, it is remembered."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        shortage.notice(error)
