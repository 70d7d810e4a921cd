"""Everything that was said with one person, both ways and in time, and when they opted out or in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wabox import times
from wabox.contacts import inbox
from wabox.contacts.inbox import Received
from wabox.db import Rows
from wabox.messages import stored
from wabox.messages.stored import Message


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a talk. Exactly one of ours and theirs is there. at: when it went, or came."""

    at: datetime
    ours: Message | None = None
    theirs: Received | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """A stretch of a talk, oldest first. before: where the stretch before it ends, None at the beginning."""

    said: list[Said]
    before: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """That a person opted out or in. change: out or in. source: word, owner, api or import. by: who did it."""

    change: str
    source: str
    word: str | None
    by: str | None
    at: datetime


def talk(rows: Rows, user_id: int, phone: str, *, most: int = 50, before: datetime | None = None) -> Talk:
    """The latest of the talk, or what was said before a moment. phone: digits."""
    wanted = {"user_id": user_id, "phone": phone, "most": most + 1, "before": times.stored_or_none(before)}
    sent = rows.all(
        f"""{stored.COLUMNS} where m.user_id = :user_id and m.phone = :phone
            and (:before is null or coalesce(m.sent_at, m.queued_at) < :before)
            order by coalesce(m.sent_at, m.queued_at) desc, m.id desc limit :most""",
        **wanted,
    )
    received = rows.all(
        """select id from inbox where user_id = :user_id and phone = :phone
           and (:before is null or at < :before) order by at desc, id desc limit :most""",
        **wanted,
    )
    said = [_ours(stored.of_row(row)) for row in sent]
    if received:
        newest = max(row["id"] for row in received)
        ids = {row["id"] for row in received}
        theirs = inbox.thread(rows, user_id, phone, most=newest - min(ids) + 1, before=newest + 1)
        said += [Said(one.at, theirs=one) for one in theirs if one.id in ids]
    said.sort(key=lambda one: one.at)
    if len(said) <= most:
        return Talk(said, None)
    return Talk(said[-most:], said[-most].at)


def changes(rows: Rows, user_id: int, phone: str, *, most: int = 20) -> list[Change]:
    """When this person opted out and in, the latest first. phone: digits."""
    return [
        Change(row["change"], row["source"], row["word"], row["by"], times.read(row["at"]))
        for row in rows.all(
            """select change, source, word, by, at from suppression_log
               where user_id = :user_id and phone_hash = phone_hash(:phone) order by id desc limit :most""",
            user_id=user_id,
            phone=phone,
            most=most,
        )
    ]


def _ours(message: Message) -> Said:
    return Said(message.sent_at or message.queued_at, ours=message)
