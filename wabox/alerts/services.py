"""Knows the services that alerts go to besides, and what is owed to each: queued → sent, or failed after a day.

An address holds a secret, so it is sealed; shown is only what kind of service it is. `engine/calling.py` hands it
over. If wabox dies between the service's yes and the record, it goes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from wabox import times
from wabox.accounts.sealing import Seal, SealBroken
from wabox.db import Rows, Tx, reader
from wabox.errors import Invalid, NotFound
from wabox.languages import later

Status = Literal["queued", "sent", "failed"]

MOST = 5
MOST_WAITING = 20  # of a user
TEST = "wabox"  # the title of a test, and of nothing else
LONGEST = 1_000
KEPT = timedelta(days=30)
TRIED_FOR = timedelta(days=1)
GAPS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360))
TOO_MANY = later("An account has at most 5 services; remove one first.")
DROPPED = later("Too many alerts waited to go there, so this one was given up.")
GONE = later("There is no such service; look at the page Alerts for the ones you have.")
UNREADABLE = later("Its address does not open with this box's key; remove it and add it again.")


@dataclass(frozen=True, slots=True)
class Service:
    """shown: what it is, without its secret. status, error: of the last call, None if there was none."""

    id: int
    shown: str
    status: Status | None
    error: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Call:
    """What is handed to a service. address: None when this box's key does not open it."""

    id: int
    user_id: int
    address: str | None
    title: str
    body: str


def of_user(rows: Rows, user_id: int) -> list[Service]:
    """The user's services with what came of the last call."""
    found = rows.all(
        """select s.id, s.shown, c.status, c.error, coalesce(c.done_at, c.created_at) as at from alert_services s
           left join alert_calls c on c.id = (select max(id) from alert_calls where service_id = s.id)
           where s.user_id = :user_id order by s.id""",
        user_id=user_id,
    )
    return [_service(row) for row in found]


def add(tx: Tx, user_id: int, address: str, shown: str, *, seal: Seal, now: datetime) -> int:
    """The service is there; returns its id. Raises Invalid `too_many_services`.

    shown: as the address was understood.
    """
    check_room(tx, user_id)
    return tx.insert(
        """insert into alert_services (user_id, address, shown, created_at)
           values (:user_id, :address, :shown, :now)""",
        user_id=user_id,
        address=seal.close(address, about=_about(user_id)),
        shown=shown[:100],
        now=times.stored(now),
    )


def check_room(rows: Rows, user_id: int) -> None:
    """Raises Invalid `too_many_services` where no further one is kept."""
    if rows.value("select count(*) from alert_services where user_id = :id", id=user_id) >= MOST:
        raise Invalid("too_many_services", TOO_MANY, details={"address": TOO_MANY})


def remove(tx: Tx, user_id: int, service_id: int) -> None:
    """It is gone, with what was owed to it. Raises NotFound."""
    if not tx.run(
        "delete from alert_services where id = :id and user_id = :user_id", id=service_id, user_id=user_id
    ):
        raise NotFound("not_found", GONE)


def owe(tx: Tx, user_id: int, title: str, body: str, *, now: datetime) -> int:
    """Each of the user's services will be told; returns how many. What waited longest makes room for it."""
    mine = [one.id for one in of_user(tx, user_id)]
    _owe(tx, user_id, mine, title, body, now)
    return len(mine)


def owe_test(tx: Tx, user_id: int, service_id: int, body: str, *, now: datetime) -> None:
    """This service will be told that it is a test; one that is under way is this one. Raises NotFound."""
    if service_id not in [one.id for one in of_user(tx, user_id)]:
        raise NotFound("not_found", GONE)
    under_way = tx.value(
        """select 1 from alert_calls
           where service_id = :id and status = 'queued' and attempts = 0 and title = :title""",
        id=service_id,
        title=TEST,
    )
    if not under_way:
        _owe(tx, user_id, [service_id], TEST, body, now)


def _owe(tx: Tx, user_id: int, whom: Sequence[int], title: str, body: str, now: datetime) -> None:
    for service_id in whom:
        tx.insert(
            """insert into alert_calls (service_id, user_id, title, body, due_at, created_at)
               values (:service_id, :user_id, :title, :body, :now, :now)""",
            service_id=service_id,
            user_id=user_id,
            title=title[:250],
            body=body[:4_000],
            now=times.stored(now),
        )
    tx.run(
        """update alert_calls set status = 'failed', done_at = :now, error = :error
           where user_id = :user_id and status = 'queued' and id not in (
               select id from alert_calls where user_id = :user_id and status = 'queued'
               order by id desc limit :most)""",
        user_id=user_id,
        most=MOST_WAITING,
        now=times.stored(now),
        error=DROPPED,
    )


def sweep(tx: Tx, *, now: datetime) -> int:
    """Calls that were done with long ago are gone; returns how many."""
    return tx.run("delete from alert_calls where done_at < :before", before=times.stored(now - KEPT))


def due(rows: Rows, now: datetime, *, most: int = 1_000) -> list[int]:
    """Calls to make now: of each user the one that is longest due, so that nobody's hold up another's."""
    found = rows.all(
        """select id from (
               select id, due_at, row_number() over (partition by user_id order by due_at, id) as turn
               from alert_calls where status = 'queued' and due_at <= :now)
           where turn = 1 order by due_at, id limit :most""",
        now=times.stored(now),
        most=most,
    )
    return [row["id"] for row in found]


def call(rows: Rows, call_id: int, *, seal: Seal) -> Call | None:
    """What is to be handed over; None: it is done with, or its service is gone."""
    row = rows.one(
        """select c.user_id, c.title, c.body, s.address
           from alert_calls c join alert_services s on s.id = c.service_id
           where c.id = :id and c.status = 'queued'""",
        id=call_id,
    )
    if row is None:
        return None
    try:
        address: str | None = seal.open(row["address"], about=_about(row["user_id"]))
    except SealBroken:
        address = None
    return Call(call_id, row["user_id"], address, row["title"], row["body"])


def sent(tx: Tx, call_id: int, *, now: datetime) -> None:
    """The service took it."""
    _done(tx, call_id, "sent", None, now)


def failed(tx: Tx, call_id: int, error: str, *, final: bool = False, now: datetime) -> None:
    """It is tried again later, or given up after a day; a test is one try, so that the next one may go."""
    row = tx.one(
        "select title, attempts, created_at from alert_calls where id = :id and status = 'queued'", id=call_id
    )
    if row is None:
        return
    due_at = now + GAPS[min(row["attempts"], len(GAPS) - 1)]
    if final or row["title"] == TEST or due_at > times.read(row["created_at"]) + TRIED_FOR:
        _done(tx, call_id, "failed", error, now)
        return
    tx.run(
        """update alert_calls set attempts = attempts + 1, due_at = :due_at, error = :error
           where id = :id and status = 'queued'""",
        id=call_id,
        due_at=times.stored(due_at),
        error=error[:300],
    )


def _done(tx: Tx, call_id: int, status: Status, error: str | None, now: datetime) -> None:
    tx.run(
        """update alert_calls set status = :status, attempts = attempts + 1, done_at = :now, error = :error
           where id = :id and status = 'queued'""",
        id=call_id,
        status=status,
        now=times.stored(now),
        error=None if error is None else error[:300],
    )
    sweep(tx, now=now)


def _about(user_id: int) -> str:
    return f"alert service {user_id}"


_service = reader(Service)
