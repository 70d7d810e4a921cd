"""Knows who gave the right password and still owes a code: a token of five minutes, in memory only."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox.accounts import secrets

LASTS = timedelta(minutes=5)
MOST = 1_000
TRIES = 5


@dataclass(slots=True)
class Half:
    """A log-in that is half done. password_hash: as it was checked; a change since ends it."""

    user_id: int
    password_hash: str
    ends_at: datetime
    tries: int = 0


class Halfway:
    """Belongs to the loop. A restart forgets everybody: they type their password again."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Half] = OrderedDict()

    def begin(self, user_id: int, password_hash: str, now: datetime) -> str:
        """A token for the browser of somebody whose password was right."""
        token = secrets.token()
        self._kept[secrets.digest(token)] = Half(user_id, password_hash, now + LASTS)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return token

    def find(self, token: str, now: datetime) -> Half | None:
        """Who holds this token; None: unknown, too late, or tried too often."""
        half = self._kept.get(secrets.digest(token))
        if half is None or half.ends_at <= now or half.tries >= TRIES:
            return None
        return half

    def end(self, token: str) -> None:
        """The token is worth nothing any more."""
        self._kept.pop(secrets.digest(token), None)
