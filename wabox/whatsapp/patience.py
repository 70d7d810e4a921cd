"""How long each thing of a page may take, and after how long what is done about it: all of it here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take, in seconds.

    margin: beyond a question's own limit, which the page keeps itself. qr_confirm: a linked profile that shows
    a QR for longer, and says that it holds no link, is logged out.
    qr_first, qr: how long a code lives, the first of six and the others. qr_late: so long after a code's end the
    page may still make the next one itself. qr_wait: between two requests for new codes. qr_failed: without any
    living code for longer the page is loaded anew. passkey: a passkey step at linking lasts at most.
    notice: a box with one button stands so long before it is pressed. dialog: after that it is for the owner.
    unsynced: a connected page that does not say it has caught up is taken to have after this long.
    sweep: between two readings of the page's store, for what its listeners have missed.
    renew_age: a page is renewed at night once it is so old, if nothing was asked of it for `idle`. memory_mb: its
    browser is renewed when it weighs more (0 = never), looked at every `weigh`, not before `renew_gap` is over.
    silence_gap: WhatsApp says nothing though the page was loaded anew twice: so long until it is again, then twice
    as long.
    upload_rate: so many bytes of a file go up in a second at least. upload_still: a page with a file in hand comes
    to another stage within this; while it uploads, within this and the time that the bytes need.
    download: beyond what the bytes that it claims need, so long a file may take to come; download_most: however
    large. The page goes on with one that is given up, so the next time it may be there.
    revoke: so long a deletion, a reaction or a change may take to show.
    leaving: so long a logout waits for the page to be ready. renew: so often WhatsApp is asked for the
    account's limits when nothing else asks.
    socket_grace: a socket that is down for longer makes the device `starting`. failed_after: trouble
    for longer is `disconnected`. retry: until a page whose session WhatsApp ended is opened again, each time twice
    as long. pauses: between attempts, the last one for ever.
    """

    launch: float = 45
    goto: float = 45
    gate: float = 60
    inject: float = 30
    heartbeat: float = 5
    answer: float = 10
    margin: float = 5
    look: float = 1
    socket_grace: float = 3
    unsynced: float = 120
    sweep: float = 3600
    renew_age: float = 12 * 3600
    renew_gap: float = 3600
    idle: float = 60
    weigh: float = 60
    memory_mb: int = 900
    silence_gap: float = 600
    qr_confirm: float = 60
    qr_first: float = 60
    qr: float = 20
    qr_late: float = 4
    qr_wait: float = 8
    qr_failed: float = 30
    passkey: float = 600
    notice: float = 3
    dialog: float = 15
    resolve: float = 15
    hand_over: float = 30
    upload_rate: int = 64 * 1024
    upload_still: float = 60
    download: float = 20
    download_most: float = 60
    revoke: float = 20
    look_up: float = 20
    pairing: float = 30
    pairing_code: float = 180
    logout: float = 15
    leaving: float = 45
    starting: float = 90
    reconnecting: float = 300
    syncing: float = 900
    reprobe: float = 300
    renew: float = 3600
    stable: float = 30
    failed_after: float = 60
    retry: float = 30
    pauses: tuple[float, ...] = (0, 0, 1, 2, 5, 10, 20, 30, 60)
