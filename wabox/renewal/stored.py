"""The rows of installed wa-js: each with its state, what the owner chose, and which phone has which.

An engine is waiting, trying, then good or refused; a good one that is not kept any more is gone. The choice says
which all phones shall have, None being wabox's own; a phone that has another is moved: opening, then proving, then
at rest; or back, to the one before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from wabox import times
from wabox.db import Row, Rows, reader
from wabox.whatsapp.driver import WaJs

KEPT = 3
State = Literal["waiting", "trying", "good", "refused", "gone"]
Going = Literal["opening", "proving", "back"]


@dataclass(frozen=True, slots=True)
class Installed:
    """One wa-js that the owner brought. reason: why it was refused, a name of trial; lacks: what is told only.

    canary: each phone may prove it by a message to its own number.
    """

    id: int
    version: str
    sha256: str
    sha512: str
    origin: str
    state: State
    step: str | None
    reason: str | None
    lacks: tuple[str, ...]
    tries: int
    canary: bool
    added_at: datetime
    tried_at: datetime | None

    @property
    def wajs(self) -> WaJs:
        """As the driver is told of it."""
        return WaJs(self.version, self.sha256)


@dataclass(frozen=True, slots=True)
class Choice:
    """What all phones shall have. engine_id None: wabox's own. stopped_at: no further phone moves; reason: why."""

    id: int
    engine_id: int | None
    chosen_at: datetime
    stopped_at: datetime | None
    reason: str | None
    canary: bool


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone and its engine. move: how far it has come, None = at rest. was_well: the one before worked.

    in_hand: a message of it is being handed over, or in doubt. canary: what became of the message to its own
    number that proves the engine, None if there is none. missing, lacks, patches: what its page said last.
    """

    id: int
    user_id: int
    label: str
    wanted: bool
    state: str
    detail: str | None
    detail_text: str | None
    linked: bool
    synced: bool
    phone: str | None
    leaving: bool
    in_hand: bool
    engine_id: int | None
    before_id: int | None
    since: datetime | None
    move: Going | None
    was_well: bool
    reason: str | None
    canary: str | None
    page_version: str | None
    wajs_version: str | None
    missing: tuple[str, ...]
    lacks: tuple[str, ...]
    patches: dict[str, str]
    seen_at: datetime | None

    @property
    def ready(self) -> bool:
        """Its page is linked and has caught up."""
        return self.state == "ready" and self.synced

    @property
    def incompatible(self) -> bool:
        """Its page lacks what sending needs."""
        return self.detail == "engine_incompatible"


def _lacks(row: Row) -> tuple[str, ...]:
    return tuple(json.loads(row["lacks"] or "[]"))


def _missing(row: Row) -> tuple[str, ...]:
    return tuple(json.loads(row["missing"] or "[]"))


def _patches(row: Row) -> dict[str, str]:
    found: dict[str, str] = json.loads(row["patches"] or "{}")
    return found


_installed = reader(Installed, lacks=_lacks)
_choice = reader(Choice)
_phone = reader(Phone, missing=_missing, lacks=_lacks, patches=_patches)


def every(rows: Rows) -> list[Installed]:
    """Newest first."""
    return [_installed(row) for row in rows.all("select * from engines order by id desc")]


def by_id(rows: Rows, engine_id: int) -> Installed | None:
    """The one of this id."""
    row = rows.one("select * from engines where id = :id", id=engine_id)
    return None if row is None else _installed(row)


def by_sha256(rows: Rows, sha256: str) -> Installed | None:
    """The one with this script."""
    row = rows.one("select * from engines where sha256 = :sha256", sha256=sha256)
    return None if row is None else _installed(row)


def in_trial(rows: Rows) -> Installed | None:
    """The one that waits to be tried, or is being tried."""
    row = rows.one("select * from engines where state in ('waiting', 'trying')")
    return None if row is None else _installed(row)


def choices(rows: Rows, most: int = 20) -> list[Choice]:
    """Newest first."""
    return [_choice(row) for row in rows.all("select * from engine_choices order by id desc limit :n", n=most)]


def choice(rows: Rows) -> Choice | None:
    """The latest; None: nobody ever chose, and wabox's own is used."""
    return next(iter(choices(rows, 1)), None)


def before(rows: Rows) -> Choice | None:
    """The latest choice of another engine that is still kept; None: there was none but wabox's own."""
    now = choice(rows)
    good = {one.id for one in every(rows) if one.state == "good"}
    for one in choices(rows):
        if now is not None and one.engine_id != now.engine_id and (one.engine_id is None or one.engine_id in good):
            return one
    return None


def kept(rows: Rows) -> list[Installed]:
    """Those whose files stay: what phones have or had before, what waits, and the last three that were good."""
    used = {
        row["id"]
        for row in rows.all(
            """select engine_id as id from device_engines where engine_id is not null
               union select before_id from device_engines where before_id is not null and move is not null"""
        )
    }
    chosen = choice(rows)
    found = every(rows)
    last = [one.id for one in found if one.state == "good"][:KEPT]
    wanted = used | set(last) | ({chosen.engine_id} if chosen is not None else set())
    return [one for one in found if one.id in wanted or one.state in ("waiting", "trying")]


def phones(rows: Rows) -> list[Phone]:
    """Every phone that is not removed, oldest first."""
    found = rows.all(
        """select d.id, d.user_id, d.label, d.wanted, d.state, d.detail, d.detail_text, d.linked, d.synced,
                  d.phone,
                  coalesce(d.command, '') in ('logout', 'forget') as leaving,
                  exists (select 1 from messages m where m.device_id = d.id and m.status = 'sending') as in_hand,
                  e.engine_id, e.before_id, e.since, e.move, coalesce(e.was_well, 1) as was_well, e.reason,
                  (select status from messages m where m.id = e.canary_id) as canary,
                  p.page_version, p.wajs_version, p.missing, p.lacks, p.patches, p.seen_at
           from devices d left join device_engines e on e.device_id = d.id
           left join device_pages p on p.device_id = d.id
           where d.removed_at is null order by d.id"""
    )
    return [_phone(row) for row in found]


def phone(rows: Rows, device_id: int) -> Phone | None:
    """The one of this id, if it is not removed."""
    return next((one for one in phones(rows) if one.id == device_id), None)


def handed_since(rows: Rows, device_id: int, since: datetime) -> tuple[int, int]:
    """(how many messages of this phone went since, without a doubt; how many of the last ones were in doubt)."""
    found = rows.all(
        """select status, recoveries from messages where device_id = :id and handed_at >= :since
           order by handed_at desc, id desc limit 20""",
        id=device_id,
        since=times.stored(since),
    )
    doubts = [row["recoveries"] > 0 or row["status"] == "unknown" for row in found]
    went = [
        row["status"] in ("sent", "delivered", "read") and not doubt
        for row, doubt in zip(found, doubts, strict=True)
    ]
    in_a_row = next((at for at, doubt in enumerate(doubts) if not doubt), len(doubts))
    return sum(went), in_a_row
