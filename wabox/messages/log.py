"""The log of messages: lists with filters, pages by number or by cursor, and the day's counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wabox import times
from wabox.contacts import identities
from wabox.db import Rows
from wabox.messages import statuses, stored


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the log; None = all. since and until: by queued_at, until exclusive.

    text: words in the text, or in what its person calls themselves.
    """

    status: statuses.Status | None = None
    campaign_id: int | None = None
    phone: str | None = None
    person_id: int | None = None
    device_label: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Messages, newest first. total: of all pages. next_cursor: for the page after this, None at the end."""

    messages: list[stored.Message]
    total: int
    next_cursor: int | None


def page(
    rows: Rows, user_id: int, wanted: Wanted, *, number: int = 1, per_page: int = 50, cursor: int | None = None
) -> Page:
    """One page of the user's log. With a cursor, the page number is not looked at and any depth is fast."""
    where, params = _where(user_id, wanted)
    total = _total(rows, user_id, wanted)
    found = rows.all(
        f"""{stored.COLUMNS} where {where} and m.id < ifnull(:cursor, 9e18)
            order by m.id desc limit :limit offset :offset""",
        cursor=cursor,
        limit=per_page + 1,
        offset=0 if cursor is not None else (number - 1) * per_page,
        **params,
    )
    messages = [stored.of_row(row) for row in found[:per_page]]
    more = len(found) > per_page
    return Page(messages, total, messages[-1].id if more else None)


def recent(
    rows: Rows, user_id: int, status: statuses.Status, *, since: datetime, until: datetime, most: int
) -> Page:
    """The newest messages that came to this end between two moments; quick however many older ones there are."""
    newest = rows.all(
        f"""{stored.COLUMNS} where m.finished_at >= :since and m.id in (
              select id from messages where user_id = :user_id and status = :status order by id desc limit :most)
            order by m.id desc""",  # noqa: S608 - this house's constant
        user_id=user_id,
        status=status,
        since=times.stored(since),
        most=most,
    )
    messages = [stored.of_row(row) for row in newest]
    total = reached(rows, user_id, since, until).get(status, 0)
    return Page(messages, max(total, len(messages)), None)


def counts(rows: Rows, user_id: int) -> dict[statuses.Status, int]:
    """How many of the user's messages are in each status now."""
    found = dict.fromkeys(statuses.STATUSES, 0)
    for row in rows.all(
        "select status, count(*) as n from messages where user_id = :user_id group by status", user_id=user_id
    ):
        found[row["status"]] = row["n"]
    return found


def reached(rows: Rows, user_id: int, since: datetime, until: datetime) -> Mapping[str, int]:
    """How many messages came to each status between two moments. Counted in quarters of an hour."""
    return {
        row["status"]: row["n"]
        for row in rows.all(
            """select status, sum(n) as n from message_counts where user_id = :user_id
               and bucket >= :since and bucket < :until group by status""",
            user_id=user_id,
            since=times.stored(since),
            until=times.stored(until),
        )
    }


def _total(rows: Rows, user_id: int, wanted: Wanted) -> int:
    """How many there are: known of the whole log, counted of a part."""
    if wanted == Wanted():
        return int(rows.value("select n from message_totals where user_id = :user_id", user_id=user_id) or 0)
    where, params = _where(user_id, wanted)
    return int(rows.value(f"select count(*) from messages m where {where}", **params))  # noqa: S608


_PERSON = """m.phone = (select p.phone from people p where p.user_id = :user_id and p.joined_to is null and p.id =
    (select coalesce(joined_to, id) from people where id = :person_id))"""


_SAID = f"""(instr(lower(m.text), lower(:text)) > 0 or (:who <> '' and m.phone in (select p.phone from people p
    where p.user_id = :user_id and p.joined_to is null and {identities.CALLED})))"""  # noqa: S608 - a constant


def _where(user_id: int, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    clauses = ["m.user_id = :user_id"]
    params: dict[str, Any] = {"user_id": user_id, "who": identities.sought(wanted.text or "")}
    for clause, name, value in (
        ("m.status = :status", "status", wanted.status),
        ("m.campaign_id = :campaign_id", "campaign_id", wanted.campaign_id),
        ("m.phone = :phone", "phone", wanted.phone),
        (_PERSON, "person_id", wanted.person_id),
        (
            "m.device_id in (select id from devices where user_id = :user_id and label = :device_label)",
            "device_label",
            wanted.device_label,
        ),
        ("m.queued_at >= :since", "since", times.stored_or_none(wanted.since)),
        ("m.queued_at < :until", "until", times.stored_or_none(wanted.until)),
        (_SAID, "text", wanted.text),
    ):
        if value is not None:
            clauses.append(clause)
            params[name] = value
    return " and ".join(clauses), params
