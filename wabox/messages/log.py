"""The log of messages as people read it: lists, talks with one person, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from wabox import times
from wabox.contacts import identities, inbox, inbox_files
from wabox.contacts.inbox import Received
from wabox.contacts.inbox_files import Sent
from wabox.db import Rows
from wabox.media import stored as media
from wabox.media.stored import Media
from wabox.messages import reacting, stored
from wabox.messages.reacting import Put
from wabox.messages.stored import Message
from wabox.whatsapp.driver import Place


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the log; None = all. since and until: by queued_at, until exclusive.

    text: words in the text, or in what its person calls themselves.
    """

    status: stored.Status | None = None
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
    rows: Rows, user_id: int, status: stored.Status, *, since: datetime, until: datetime, most: int
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


def saying(rows: Rows, user_id: int, text: str, *, among: int, most: int) -> list[Message]:
    """The newest messages with these words, the latest first, looked for in that many of the newest alone."""
    found = rows.all(
        f"""{stored.COLUMNS} where m.user_id = :user_id and instr(lower(m.text), lower(:text)) > 0
            and m.id > ifnull((select id from messages where user_id = :user_id
              order by id desc limit 1 offset :among), 0) order by m.id desc limit :most""",  # noqa: S608 - this house's constant
        user_id=user_id,
        text=text,
        among=among,
        most=most,
    )
    return [stored.of_row(row) for row in found]


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a talk. Exactly one of ours and theirs is there. at: when it went, or came."""

    at: datetime
    ours: Message | None = None
    theirs: Received | None = None


@dataclass(frozen=True, slots=True)
class Border:
    """A line of a talk, before which more is asked for. side: 0 theirs, 1 ours, as an answer follows."""

    at: datetime
    side: Literal[0, 1]
    id: int

    @property
    def written(self) -> str:
        """As an address has it: `2026-11-22T18:30:00.000000+00:00~1~42`."""
        return f"{times.stored(self.at)}~{self.side}~{self.id}"


def border(text: str) -> Border | None:
    """What `written` wrote; None for anything else."""
    at, side, number = (*text.split("~"), "", "")[:3]
    if side not in ("0", "1") or not number.isascii() or not number.isdigit() or len(number) > 18:
        return None
    try:
        return Border(times.read(at).astimezone(UTC), 0 if side == "0" else 1, int(number))
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class Talk:
    """A stretch of a talk, oldest first. before: the line to ask for earlier ones with, None at the beginning.

    files: those that its messages carry, by id. sent: those that the person sent, by the id of their message.
    put, put_to_theirs: the emoji of both sides, by the id of our or their message.
    """

    said: list[Said]
    before: Border | None
    files: dict[int, Media]
    sent: dict[int, Sent]
    put: dict[int, Put]
    put_to_theirs: dict[int, Put]


def talk(rows: Rows, user_id: int, phone: str, *, most: int = 50, before: Border | None = None) -> Talk:
    """The latest of the talk, or what was said before a line of it. phone: digits.

    WhatsApp tells whole seconds: what came within one stands in its order, and a stretch may begin amid it.
    """
    wanted = {
        "user_id": user_id,
        "phone": phone,
        "most": most + 1,
        "at": before and times.stored(before.at),
        "side": before and before.side,
        "id": before and before.id,
    }
    sent = rows.all(
        f"""{stored.COLUMNS} where m.user_id = :user_id and m.phone = :phone
            and (:at is null or (coalesce(m.sent_at, m.queued_at), 1, m.id) < (:at, :side, :id))
            order by coalesce(m.sent_at, m.queued_at) desc, m.id desc limit :most""",
        **wanted,
    )
    received = rows.all(
        """select id from inbox where user_id = :user_id and phone = :phone
           and (:at is null or (at, 0, id) < (:at, :side, :id)) order by at desc, id desc limit :most""",
        **wanted,
    )
    said = [_ours(stored.of_row(row)) for row in reversed(sent)]
    if received:
        newest = max(row["id"] for row in received)
        ids = {row["id"] for row in received}
        theirs = inbox.thread(rows, user_id, phone, most=newest - min(ids) + 1, before=newest + 1)
        said += [Said(one.at, theirs=one) for one in reversed(theirs) if one.id in ids]
    said.sort(key=_place)
    begins = _border(said[-most]) if len(said) > most else None
    said = said[-most:]
    sent_files = inbox_files.of(rows, (one.theirs.id for one in said if one.theirs is not None))
    theirs_kept = [one.media_id for one in sent_files.values()]
    files = media.named(rows, [*(one.ours.media_id for one in said if one.ours is not None), *theirs_kept])
    put = reacting.put(rows, "message", (one.ours.id for one in said if one.ours is not None))
    to_theirs = reacting.put(rows, "inbox", (one.theirs.id for one in said if one.theirs is not None))
    return Talk(said, begins, files, sent_files, put, to_theirs)


def last_place(rows: Rows, user_id: int) -> Place | None:
    """The place that the user sent last, whomever to: mostly the shop's own."""
    found = rows.value(
        """select enclosed from messages where user_id = :user_id and enclosed is not null
           and enclosed ->> 'kind' = 'location' order by id desc limit 1""",
        user_id=user_id,
    )
    given = stored.read_enclosed(found)
    return given if isinstance(given, Place) else None


def counts(rows: Rows, user_id: int) -> dict[stored.Status, int]:
    """How many of the user's messages are in each status now."""
    found = dict.fromkeys(stored.STATUSES, 0)
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

_ENCLOSED = """(m.enclosed is not null and instr(lower(
    coalesce(m.enclosed ->> 'name', m.enclosed ->> 'question', '') || char(10)
    || coalesce(m.enclosed ->> 'address', m.enclosed ->> 'phone',
      (select group_concat(value, char(10)) from json_each(m.enclosed, '$.options')), '')), lower(:text)) > 0)"""

_SAID = f"""(instr(lower(m.text), lower(:text)) > 0 or {_ENCLOSED}
    or (:who <> '' and m.phone in (select p.phone from people p
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


def _border(said: Said) -> Border:
    if said.ours is not None:
        return Border(said.at, 1, said.ours.id)
    assert said.theirs is not None
    return Border(said.at, 0, said.theirs.id)


def _place(said: Said) -> tuple[datetime, int, int]:
    border = _border(said)
    return border.at, border.side, border.id


def _ours(message: Message) -> Said:
    return Said(message.sent_at or message.queued_at, ours=message)
