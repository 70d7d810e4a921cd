"""How long each part of a field test takes: with people, and on the sandbox."""

from __future__ import annotations

from dataclasses import dataclass

from wabox.whatsapp.patience import Limits


@dataclass(frozen=True, slots=True)
class Tempo:
    """In seconds.

    samples: when the page's modules are counted. qr: how long the codes are watched; qr_age: none is older.
    linking: from the scan to ready. reload: the page's own reload is waited for so long after the link.
    boxes: what stands in the page's way shows itself within it. acks: for a receipt. hearing: for what a person
    wrote. settle: what must not come does not come within it. away, short, long: the phone's and the network's
    absence. again: so many restarts.
    """

    samples: tuple[float, ...] = (1, 5, 15, 30)
    qr: float = 180
    qr_age: float = 75
    ready: float = 120
    linking: float = 900
    reload: float = 335
    boxes: float = 20
    acks: float = 60
    hearing: float = 60
    settle: float = 30
    waking: float = 600
    away: float = 120
    short: float = 30
    long: float = 180
    again: int = 3
    limits: Limits = Limits()


PEOPLE = Tempo()
FAST = Tempo(
    samples=(0.2, 0.6),
    qr=3.4,
    qr_age=2.9,
    ready=30,
    linking=30,
    reload=6,
    boxes=1.2,
    acks=12,
    hearing=12,
    settle=0.6,
    waking=1,
    away=0.5,
    short=1,
    long=1.5,
    again=1,
    limits=Limits(
        heartbeat=0.5,
        answer=5,
        margin=2,
        look=0.25,
        gate=30,
        leaving=8,
        hand_over=4,
        resolve=5,
        reprobe=3,
        stable=0.2,
        notice=0.3,
        dialog=0.5,
        failed_after=20,
        socket_grace=1,
        pauses=(0, 0, 0.5, 1, 2),
    ),
)
