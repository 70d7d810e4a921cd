"""Knows what people see of webhooks: each delivery, what became of it, and every attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from wabox.db import Row, Rows, reader
from wabox.errors import Invalid, NotFound
from wabox.times import read

Status = Literal["owed", "delivered", "parked", "dropped"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery as the log shows it. attempts: posts so far; due_at: the next one, while it is owed.

    last_status: HTTP status of the last post, None if there was no answer; last_error: a sentence then.
    """

    id: int
    webhook_id: str
    event: str
    message_id: int | None
    status: Status
    payload: str
    attempts: int
    due_at: datetime | None
    created_at: datetime
    last_at: datetime | None
    last_status: int | None
    last_error: str | None
    last_excerpt: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One post. milliseconds: until the answer, or until it was given up."""

    delivery_id: int
    at: datetime
    status: int | None
    error: str | None
    milliseconds: int


def page(
    rows: Rows,
    user_id: int,
    *,
    limit: int,
    offset: int = 0,
    before_id: int | None = None,
    status: str | None = None,
    message_id: int | None = None,
) -> list[Delivery]:
    """The user's deliveries, newest first. before_id: only older ones, fast at any depth.

    Raises Invalid for a status that does not exist.
    """
    where, params = _filter(status, message_id)
    found = rows.all(
        f"""
        select * from deliveries where user_id = :user_id and id < :before_id and {where}
        order by id desc limit :limit offset :offset
        """,  # noqa: S608 - made of this module's constants
        user_id=user_id,
        before_id=before_id if before_id is not None else 2**63 - 1,
        limit=limit,
        offset=offset,
        **params,
    )
    return [_delivery(row) for row in found]


def count(rows: Rows, user_id: int, *, status: str | None = None, message_id: int | None = None) -> int:
    """How many `page` has in all. Without a filter it was counted as they were written."""
    if status is None and message_id is None:
        return int(rows.value("select deliveries from webhooks where user_id = :id", id=user_id) or 0)
    where, params = _filter(status, message_id)
    total = rows.value(
        f"select count(*) from deliveries where user_id = :user_id and {where}",  # noqa: S608 - constants
        user_id=user_id,
        **params,
    )
    return int(total)


def find(rows: Rows, user_id: int, delivery_id: int) -> Delivery:
    """One delivery of this user. Raises NotFound."""
    row = rows.one(
        "select * from deliveries where id = :id and user_id = :user_id", id=delivery_id, user_id=user_id
    )
    if row is None:
        raise NotFound("not_found", "There is no such delivery; look at the list for the ones you have.")
    return _delivery(row)


def attempts(rows: Rows, delivery_ids: Sequence[int]) -> list[Attempt]:
    """Every post of these deliveries, oldest first. The caller has made sure whose they are."""
    found: list[Attempt] = []
    for delivery_id in delivery_ids:
        found += [
            Attempt(delivery_id, read(row["at"]), row["status"], row["error"], row["milliseconds"])
            for row in rows.all(
                "select * from delivery_attempts where delivery_id = :id order by id",
                id=delivery_id,
            )
        ]
    return found


def _filter(status: str | None, message_id: int | None) -> tuple[str, dict[str, object]]:
    """A condition, and its parameters. Raises Invalid."""
    parts = ["1"]
    params: dict[str, object] = {}
    if status is not None:
        if status not in STATUSES:
            allowed = ", ".join(STATUSES)
            raise Invalid(
                "bad_status",
                f"There is no such status; use one of {allowed}.",
                details={"status": f"Use one of {allowed}."},
            )
        parts.append("status = :status")
        params["status"] = status
    if message_id is not None:
        parts.append("message_id = :message_id")
        params["message_id"] = message_id
    return " and ".join(parts), params


def _due_at(row: Row) -> datetime | None:
    return max(read(row["due_at"]), read(row["created_at"])) if row["status"] == "owed" else None


_delivery = reader(Delivery, due_at=_due_at)
