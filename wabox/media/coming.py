"""What is on its way in: no more files of an account at once, and no more of their bytes, than there is room for.

It is known to this process alone, which is the only one that takes files in: what it does not finish is gone.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from wabox.db import Rows
from wabox.errors import TooMany, Unavailable
from wabox.media import allowance, room
from wabox.media.kinds import MEGABYTE

AT_ONCE = 50  # of an account
_lock = threading.Lock()
_places: set[Place] = set()


@dataclass(frozen=True, slots=True)
class Room:
    """What an account may have on its way. most: bytes, of all its files together."""

    user_id: int
    most: int


def room_for(rows: Rows, user_id: int, disk_megabytes: int, *, now: datetime) -> Room:
    """What may come of the user's. Raises InsufficientCredits `no_plan`."""
    allowance.check_plan(rows, user_id, now=now)
    return Room(user_id, room.left_for(rows, user_id, disk_megabytes))


class Place:
    """The place of one file that comes. As a context: free again when it is left."""

    def __init__(self, found: Room | None = None) -> None:
        """found: None asks for no room, as what this box fetches by itself."""
        self.room = found
        self._bytes = 0

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_: object) -> None:
        with _lock:
            _places.discard(self)

    def take(self, size: int) -> None:
        """There is room for so many bytes of it. Raises TooMany `too_many_uploads`, Unavailable `media_full`."""
        if self.room is None or (size <= self._bytes and self in _places):
            return
        with _lock:
            mine = self.room.user_id
            others = [one for one in _places if one is not self and one.room and one.room.user_id == mine]
            if len(others) >= AT_ONCE:
                sentence = f"{AT_ONCE} files of yours are on their way already; send this one when they are here."
                raise TooMany("too_many_uploads", sentence, details={"file": sentence}, retry_after=10)
            if size + sum(one._bytes for one in others) > self.room.most:
                raise _no_room(self.room.most, alone=not others)
            self._bytes = size
            _places.add(self)


def _no_room(most: int, *, alone: bool) -> Unavailable:
    megabytes = f"{most // MEGABYTE:,} MB"
    if alone:
        sentence = (
            f"There is room for {megabytes} more of your files beside those that something needs; make this one "
            "smaller, or take files off stored texts and campaigns."
        )
        return Unavailable("media_full", sentence, details={"file": sentence}, retry_after=3600)
    sentence = (
        f"Files of yours are on their way, and there is room for {megabytes}; send this one when they are here."
    )
    return Unavailable("media_full", sentence, details={"file": sentence}, retry_after=30)
