"""A move that is asked for while wabox runs: its browsers close, the box is packed with their profiles, and held.

moving -> moved. The box is moved just before the file has its name. Until then it is only `moving`: if it is cut
off, the next start goes on as if nothing had been asked, for nobody can have the file.
"""

from __future__ import annotations

import contextlib
from datetime import datetime

from wabox import fence
from wabox.accounts import audit
from wabox.backup import making, record
from wabox.backup.age import Key, Lock
from wabox.backup.nightly import Work
from wabox.backup.record import Entry
from wabox.box import Box
from wabox.datadir import DataDir
from wabox.db import Tx
from wabox.devices import linking
from wabox.errors import Refusal, Unavailable
from wabox.languages import later
from wabox.whatsapp import processes

BY = "move"
NAME = "wabox-move"
LOOK_SECONDS = 0.5
QUIET_LOOKS = 6  # in a row without a browser: one that was about to open is closed again within a second
MOST_LOOKS = 240
OPEN = later("A phone's browser does not close, so nothing was packed and the phones go on. Try again.")


def begin(tx: Tx, *, user_id: int, ip: str | None, now: datetime) -> None:
    """The box sends nothing more, and its browsers close. Raises Invalid `held`."""
    fence.begin_moving(tx, now=now)
    audit.note(tx, user_id=user_id, action="box.move_asked", ip=ip, now=now)


def run(box: Box, data: DataDir, passphrase: str, work: Work, *, browser: str) -> Entry:
    """The file lies in `backups/made` and this box is moved away; or it goes on, and the entry says why.

    After `begin`; blocks for minutes. browser: the version that the profiles were used with.
    """
    now = box.now()
    place = data.backups / "made"
    name = f"{NAME}-{now.astimezone(box.config.zone):%Y-%m-%d-%H%M%S}.tar.age"
    wanted = making.Wanted(
        place / name, Lock(passphrase=passphrase), Key(passphrase=passphrase), kind="move", browser=browser
    )
    why, made = "", None
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        forget(data)
        _wait_for_browsers(data, work)
        made = making.make(
            box.config,
            data,
            wanted,
            now=now,
            progress=work.progress,
            before_named=lambda: box.db.write_now(fence.move_away, to=name, now=box.now()),
        )
    except Refusal as refusal:
        why = refusal.sentence
    except OSError as error:
        why = f"The backup was not made in {place}: {error.strerror}."
    finally:
        if made is None and not wanted.path.exists():
            box.db.write_now(go_on)
    entry = Entry(
        at=now,
        by=BY,
        name=name,
        place=str(place),
        bytes=made.bytes if made else 0,
        sealed=True,
        tried_at=now if made else None,
        why=why,
        messages=made.manifest.counts["messages"] if made else 0,
        doubts=list(made.doubts) if made else [],
    )
    record.add(data, entry)
    return entry


def go_on(tx: Tx) -> None:
    """Nothing was moved, for there is no file: the box sends again, and its phones start."""
    if not fence.end_moving(tx) and fence.reason(tx) == "moved_away":
        fence.lift(tx, "moved_away")
    linking.all_starting(tx)


def forget(data: DataDir) -> None:
    """No file of a move lies on this box: whoever had one would have the phones' links."""
    for left in (data.backups / "made").glob(f"{NAME}-*.tar.age"):
        with contextlib.suppress(FileNotFoundError):
            left.unlink()


def _wait_for_browsers(data: DataDir, work: Work) -> None:
    """No browser has a profile open any more. Raises Unavailable `busy`, `stopping`."""
    quiet = 0
    for _ in range(MOST_LOOKS):
        work.progress(0, 0)
        there = any(processes.browsers_of(one) for one in data.profiles.iterdir())
        quiet = 0 if there else quiet + 1
        if quiet >= QUIET_LOOKS:
            return
        work.stopping.wait(LOOK_SECONDS)
    raise Unavailable("busy", OPEN, retry_after=60)
