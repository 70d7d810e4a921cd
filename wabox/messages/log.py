"""The log of messages as people read it: lists, talks with one person, and how many there are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlencode

from wabox import times
from wabox.contacts import inbox, inbox_files, naming
from wabox.contacts.inbox import Received
from wabox.contacts.inbox_files import Sent
from wabox.db import Rows
from wabox.finding import kinds, looking, reading
from wabox.finding.reading import Sought
from wabox.media import stored as media
from wabox.media.stored import Media
from wabox.messages import quoting, reacting, stored
from wabox.messages.quoting import Found
from wabox.messages.reacting import Put
from wabox.messages.stored import Message
from wabox.whatsapp.driver import Place

MOST_COUNTED = 10_000  # of a part of the log; then there are more
MOST_PEOPLE = 50  # whose messages are looked for by their name
TOLD = 200  # of what has the words, so many behind the page are counted
_NEWEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the log; None = all. since and until: by queued_at, until exclusive.

    text: words in the text, or in the name of its person.
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
    """Messages, newest first. total: of all pages. next_cursor: for the page after this, None at the end.

    at_least: there may be more than total. looked_to: the id down to which was looked for words, None: all of it;
    then the page may be short, even empty, and next_cursor goes on looking.
    """

    messages: list[stored.Message]
    total: int
    next_cursor: int | None
    at_least: bool = False
    looked_to: int | None = None


def page(
    rows: Rows, user_id: int, wanted: Wanted, *, number: int = 1, per_page: int = 50, cursor: int | None = None
) -> Page:
    """One page of the user's log. With a cursor, the page number is not looked at and any depth is fast."""
    if wanted.text is not None and (what := reading.sought(wanted.text)).anything:
        named = "" if what.number else wanted.text
        asked = _Asked(user_id, wanted, what, naming.phones_of(rows, user_id, named, most=MOST_PEOPLE))
        return _saying(rows, asked, skipped=0 if cursor else (number - 1) * per_page, most=per_page, cursor=cursor)
    if wanted.device_label is not None and not _has(rows, user_id, wanted.device_label):
        return Page([], 0, None)
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
    counted = total if wanted == Wanted() else min(total, MOST_COUNTED)
    return Page(messages, counted, messages[-1].id if len(found) > per_page else None, counted < total)


def recent(
    rows: Rows, user_id: int, status: stored.Status, *, since: datetime, until: datetime, most: int
) -> Page:
    """The newest messages that came to this end between two moments; quick however many older ones there are."""
    newest = rows.all(
        f"""{stored.COLUMNS} where m.finished_at >= :since and m.id in (
              select id from messages where user_id = :user_id and status = :status
              and status <> 'sending' order by id desc limit :most)
            order by m.id desc""",  # noqa: S608 - this house's constant
        user_id=user_id,
        status=status,
        since=times.stored(since),
        most=most,
    )
    messages = [stored.of_row(row) for row in newest]
    total = reached(rows, user_id, since, until).get(status, 0)
    return Page(messages, max(total, len(messages)), None)


def saying(rows: Rows, user_id: int, text: str, *, most: int) -> tuple[list[Message], bool]:
    """The newest messages with these words; and whether it was looked as far back as it takes to find so many."""
    found = looking.look(rows, kinds.MESSAGES, user_id, reading.sought(text), most=most)
    return _by_ids(rows, user_id, found.ids), found.complete or len(found.ids) == most


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
    quoted: what theirs answer to, by their id, with the address of it if it is here.
    """

    said: list[Said]
    before: Border | None
    files: dict[int, Media]
    sent: dict[int, Sent]
    put: dict[int, Put]
    put_to_theirs: dict[int, Put]
    quoted: dict[int, Found]

    def place_of(self, phone: str, found: Found) -> str | None:
        """The address of what is quoted, in this stretch or elsewhere; None if it is not here."""
        if found.job_id is not None:
            here = any(one.ours is not None and one.ours.id == found.job_id for one in self.said)
            return f"#ours-{found.job_id}" if here else f"/messages/{found.job_id}"
        if found.message_id is None or found.at is None:
            return None
        anchor = f"#theirs-{found.message_id}"
        if any(one.theirs is not None and one.theirs.id == found.message_id for one in self.said):
            return anchor
        behind = Border(found.at, 0, found.message_id + 1)
        return f"/inbox/{phone}?{urlencode({'before': behind.written})}{anchor}"


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
    theirs_said = [one.theirs for one in said if one.theirs is not None]
    quoted = {one.id: it for one in theirs_said if (it := quoting.of(rows, user_id, one)) is not None}
    return Talk(said, begins, files, sent_files, put, to_theirs, quoted)


def last_place(rows: Rows, user_id: int) -> Place | None:
    """The place that the user sent last, whomever to: mostly the shop's own."""
    found = rows.value(
        """select enclosed from messages where user_id = :user_id and enclosed is not null
           and enclosed ->> 'kind' = 'location' order by id desc limit 1""",
        user_id=user_id,
    )
    given = stored.read_enclosed(found)
    return given if isinstance(given, Place) else None


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


@dataclass(frozen=True, slots=True)
class _Asked:
    """Words that are looked for. phones: of people who are called so."""

    user_id: int
    wanted: Wanted
    what: Sought
    phones: list[str]


def _saying(rows: Rows, asked: _Asked, *, skipped: int, most: int, cursor: int | None) -> Page:
    """Those with the words in their text, and those to people who are called so."""
    ids, above = _look(rows, asked, most=skipped + most + TOLD, below=cursor or _NEWEST)
    shown = ids[skipped : skipped + most]
    goes_on = shown[-1] if len(ids) > skipped + most else (above + 1 if above else None)
    counted, uncounted = (ids, above) if cursor is None else _look(rows, asked, most=TOLD + 1, below=_NEWEST)
    short = above if above and len(shown) < most else None
    messages = _by_ids(rows, asked.user_id, shown)
    more = bool(uncounted) or len(counted) > TOLD
    return Page(messages, min(len(counted), TOLD), goes_on, at_least=more, looked_to=short)


def _look(rows: Rows, asked: _Asked, *, most: int, below: int) -> tuple[list[int], int]:
    """Ids, the newest first, and above which id nothing is missing; 0 if nothing is at all."""
    where, params = _where(asked.user_id, asked.wanted)
    where = where.replace("m.queued_at", "+m.queued_at")  # by their ids, or each stretch would be sorted
    found = looking.look(
        rows, kinds.MESSAGES, asked.user_id, asked.what, most=most, below=below, where=where, params=params
    )
    ids, above = set(found.ids), found.above
    for phone in asked.phones:
        to = rows.all(
            f"""select m.id from messages m where {where} and m.phone = :to_phone and m.id < :below
                and m.id > :above order by m.id desc limit :most""",  # noqa: S608 - this house's clauses
            **params,
            to_phone=phone,
            below=below,
            above=above,
            most=most,
        )
        ids.update(row["id"] for row in to)
        if len(to) == most:
            above = max(above, to[-1]["id"] - 1)
    return sorted((one for one in ids if one > above), reverse=True), above


def _has(rows: Rows, user_id: int, label: str) -> bool:
    """Whether the user has, or had, a phone of this label."""
    found = rows.value(
        "select 1 from devices where user_id = :user_id and label = :label limit 1", user_id=user_id, label=label
    )
    return found is not None


def _by_ids(rows: Rows, user_id: int, ids: list[int]) -> list[Message]:
    """The user's messages with these ids, the latest first."""
    found = rows.all(
        f"""{stored.COLUMNS} where m.user_id = :user_id and m.id in (select value from json_each(:ids))
            order by m.id desc""",  # noqa: S608 - this house's constant
        user_id=user_id,
        ids=json.dumps(ids),
    )
    return [stored.of_row(row) for row in found]


def _total(rows: Rows, user_id: int, wanted: Wanted) -> int:
    """How many there are: known of the whole log; counted of a part, up to one more than `MOST_COUNTED`."""
    if wanted == Wanted():
        return int(rows.value("select n from message_totals where user_id = :user_id", user_id=user_id) or 0)
    where, params = _where(user_id, wanted)
    counted = f"select 1 from messages m where {where} limit {MOST_COUNTED + 1}"  # noqa: S608
    return int(rows.value(f"select count(*) from ({counted})", **params))  # noqa: S608


_PERSON = """m.phone = (select p.phone from people p where p.user_id = :user_id and p.joined_to is null and p.id =
    (select coalesce(joined_to, id) from people where id = :person_id))"""

_STATUS = "m.status = :status and m.status <> 'sending'"  # as the index says it
_SENDING = "m.id in (select id from messages where status = 'sending')"


def _where(user_id: int, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    clauses = ["m.user_id = :user_id"]
    params: dict[str, Any] = {"user_id": user_id}
    for clause, name, value in (
        (_SENDING if wanted.status == "sending" else _STATUS, "status", wanted.status),
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
