"""Whether a link is about to be dropped because nobody uses the phone, or because the box is not connected.

WhatsApp unlinks what is linked to a phone that is not used for about 14 days, and a linked device that is away
for 30. What wabox sees of the phone's use is little: that it linked, and what was written on it. What is only
read there leaves no sign. So a warning says since when wabox has seen none, and not that there was none.
Source: faq.whatsapp.com/378279804439436, seen 2026-11-20.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from wabox import times
from wabox.db import Tx

Who = Literal["phone", "box"]
DROPPED_AFTER: dict[Who, timedelta] = {"phone": timedelta(days=14), "box": timedelta(days=30)}
WARNED_AFTER: dict[Who, timedelta] = {"phone": timedelta(days=10), "box": timedelta(days=25)}

SENTENCES: dict[Who, str] = {
    "phone": "wabox has seen no sign of the phone itself for days. WhatsApp unlinks this box when nobody uses the "
    "phone for about 14 days. Open WhatsApp on the phone. wabox sees only what is written there: one message, to "
    "yourself, too, ends this warning.",
    "box": "wabox has not been connected to WhatsApp with this phone for weeks. WhatsApp drops a link that is "
    "away for 30 days. Do what stands above; if nothing does, restart the phone here and ask its doctor.",
}


@dataclass(frozen=True, slots=True)
class Idle:
    """Who has given no sign, since when, and from when WhatsApp may drop the link for it."""

    who: Who
    since: datetime
    until: datetime

    @property
    def sentence(self) -> str:
        """What that means, with its cure."""
        return SENTENCES[self.who]


@dataclass(frozen=True, slots=True)
class Signs:
    """The last signs that are known. told: of whom the owner has been told; all None where nothing is linked."""

    phone: datetime | None
    box: datetime | None
    told: Who | None

    def idle(self, *, connected: bool, away: bool, now: datetime) -> Idle | None:
        """Who is idle for so long that a warning is due.

        connected: the page is ready and has caught up, so what was written on the phone would have been seen.
        away: it is not, and is not just on its way.
        """
        who: Who = "phone" if connected else "box"
        since = self.phone if connected else self.box if away else None
        if since is None or now - since < WARNED_AFTER[who]:
            return None
        return Idle(who, since, since + DROPPED_AFTER[who])


def shown(idle: Idle | None) -> dict[str, Any] | None:
    """As webhooks show it."""
    if idle is None:
        return None
    return {"who": idle.who, "since": times.wire(idle.since), "until": times.wire(idle.until)}


def began(tx: Tx, device_id: int, *, now: datetime) -> None:
    """A phone was linked just now, so it was used, and the box is connected."""
    tx.run(
        """update devices set phone_silent_since = :now, connected_at = :now, idle_told = null where id = :id""",
        id=device_id,
        now=times.stored(now),
    )


def phone_used(tx: Tx, device_id: int, session: int, at: datetime, *, now: datetime) -> None:
    """The phone of this session's link was in use at that moment. A sign of the future was a wrong clock's."""
    tx.run(
        """update devices set phone_silent_since = :at where id = :id and session = :session and linked = 1
           and (phone_silent_since < :at or phone_silent_since > :now)""",
        id=device_id,
        session=session,
        at=times.stored(at),
        now=times.stored(now),
    )


def connected(tx: Tx, *, now: datetime) -> int:
    """Every box's link whose page is ready was connected just now. How many."""
    return tx.run("update devices set connected_at = :now where state = 'ready'", now=times.stored(now))


def note(tx: Tx, device_id: int, told: Who | None) -> None:
    """The owner has been told of this one; None: it is over."""
    tx.run("update devices set idle_told = :told where id = :id", id=device_id, told=told)
