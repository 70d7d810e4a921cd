"""What people wrote to us, each message once; and the tray of those that may have meant to opt out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from wabox import times
from wabox.contacts import identities, inbox_instead, inbox_quotes
from wabox.contacts.inbox_instead import Instead
from wabox.contacts.words import Verdict
from wabox.db import Rows, Tx, reader
from wabox.errors import NotFound
from wabox.finding import kinds, looking, reading
from wabox.whatsapp.driver import WRITTEN, Inbound, Quoted

LONGEST_TEXT = 16_384
LONGEST_NAME = 200
Reviewed = Literal["opt_out", "opt_in", "nothing"]

_UNFIT = re.compile("[\0\ud800-\udfff]")
# What stands on a place or a card, without the names of its fields.
_ON_IT = """exists (select 1 from json_tree(s.instead) t where t.type = 'text'
    and (instr(lower(t.atom), :who) > 0 or (:digits <> '' and instr(t.atom, :digits) > 0)))"""


@dataclass(frozen=True, slots=True)
class Received:
    """A message from somebody. at: when it came to the page. verdict: what it asked for, if anything.

    phone: the sender's address, digits or a hidden id. automatic: a machine's answer to what we had sent.
    edited_at: when its writer changed it last; text is what it says now. instead: of a place, cards or
    a poll. quoted: what it answers to. revoked_at: its writer has deleted it since; nothing of it is left.
    """

    id: int
    device_id: int
    phone: str
    name: str | None
    text: str
    kind: str
    at: datetime
    seen_at: datetime | None
    verdict: Verdict | None
    reviewed_at: datetime | None
    automatic: bool = False
    edited_at: datetime | None = None
    instead: Instead | None = None
    quoted: Quoted | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """A person's last message. name: the contact's, else what they call themselves. unseen: messages.

    phone: their address, digits or a hidden id. person_id: None for who wrote before people had one.
    """

    phone: str
    name: str | None
    contact_id: int | None
    unseen: int
    last: Received
    person_id: int | None = None

    @property
    def hidden(self) -> bool:
        """Whether WhatsApp hides this person's number."""
        return identities.is_hidden(self.phone)


def is_past(rows: Rows, event: Inbound) -> bool:
    """Whether it is as old as what was removed here, and told again: WhatsApp's page does so after a sync."""
    mark = rows.value("select value from box where key = 'inbox_forgotten_to'")
    return mark is not None and times.stored(event.at) < mark and id_of(rows, event) is None


def record(
    tx: Tx,
    user_id: int,
    event: Inbound,
    *,
    verdict: Verdict | None,
    now: datetime,
    address: str | None = None,
    automatic: bool = False,
) -> bool:
    """The message is in the inbox. False if it was there already: pages tell everything again after a sync.

    address: the sender's, if the event has no phone. A time of the page's that lies in the future becomes now.
    """
    return (
        tx.run(
            """insert or ignore into inbox
                 (user_id, device_id, wa_message_id, phone, name, text, kind, at, verdict, automatic, edited_at,
                  instead, quoted)
               values (:user_id, :device_id, :wa_message_id, :phone, :name, :text, :kind, :at, :verdict,
                 :automatic, :edited_at, :instead, :quoted)""",
            user_id=user_id,
            device_id=event.device_id,
            wa_message_id=event.message_id,
            phone=address or event.phone,
            name=_fit(event.name or "", LONGEST_NAME) or None,
            text=_fit(event.text, LONGEST_TEXT),
            kind=event.kind,
            at=times.stored(min(event.at, now)),
            verdict=verdict,
            automatic=int(automatic),
            edited_at=times.stored(now) if event.edited else None,
            instead=inbox_instead.kept(event),
            quoted=inbox_quotes.kept(event.quoted),
        )
        == 1
    )


def id_of(rows: Rows, event: Inbound) -> int | None:
    """Under which id this message is in the inbox, as told now or as before an edit; None: it is not there."""
    found: int | None = rows.value(
        "select id from inbox where device_id = :device_id and wa_message_id = :id",
        device_id=event.device_id,
        id=event.message_id,
    )
    return found


def address_of(rows: Rows, inbox_id: int) -> str:
    """Under which address the writer of this message is known now."""
    return str(rows.value("select phone from inbox where id = :id", id=inbox_id))


def edit(tx: Tx, event: Inbound, *, verdict: Verdict | None, now: datetime) -> bool:
    """The line says what its writer made of it, and is new again. False if it said that already."""
    changed = tx.run(
        """update inbox set text = :text, verdict = :verdict, edited_at = :now, seen_at = null, reviewed_at = null
           where device_id = :device_id and wa_message_id = :id and text <> :text and revoked_at is null""",
        device_id=event.device_id,
        id=event.message_id,
        text=_fit(event.text, LONGEST_TEXT),
        verdict=verdict,
        now=times.stored(now),
    )
    return changed == 1


def learnt(tx: Tx, event: Inbound, *, verdict: Verdict | None, automatic: bool = False) -> bool:
    """What came with a type that was not known is what the page calls it now, and new again. False: it was so."""
    was = tx.value(
        "select kind from inbox where device_id = :device_id and wa_message_id = :id and revoked_at is null",
        device_id=event.device_id,
        id=event.message_id,
    )
    if was is None or was in WRITTEN or event.kind not in WRITTEN:
        return False
    tx.run(
        """update inbox set kind = :kind, text = :text, verdict = :verdict, instead = :instead, quoted = :quoted,
             automatic = :automatic, seen_at = null, reviewed_at = null
           where device_id = :device_id and wa_message_id = :id""",
        device_id=event.device_id,
        id=event.message_id,
        kind=event.kind,
        text=_fit(event.text, LONGEST_TEXT),
        verdict=verdict,
        instead=inbox_instead.kept(event),
        quoted=inbox_quotes.kept(event.quoted),
        automatic=int(automatic),
    )
    return True


def threads(
    rows: Rows, user_id: int, *, text: str = "", most: int = 50, before: int | None = None
) -> list[Thread]:
    """The people who wrote, the latest first. before: the `last.id` of the thread where to go on.

    text: a part of the name, username or number, or of what stands on a place or a card that they sent; empty =
    everybody.
    """
    found = rows.all(
        f"""select i.*, c.id as contact_id, p.id as person_id,
             coalesce(c.name, i.name, p.name, '@' || p.username) as shown,
             (select count(*) from inbox u where u.user_id = i.user_id and u.phone = i.phone
              and u.seen_at is null) as unseen
           from (select max(id) as id from inbox where user_id = :user_id group by phone) l
           join inbox i on i.id = l.id
           left join contacts c on c.user_id = i.user_id and c.phone = i.phone
           left join people p on p.user_id = i.user_id and p.phone = i.phone and p.joined_to is null
           where i.id < ifnull(:before, 9e18) and (:who = '' or {identities.CALLED}
             or instr(lower(coalesce(c.name, i.name)), :who) > 0
             or (:digits <> '' and i.phone not glob '*@*' and instr(i.phone, :digits) > 0)
             or exists (select 1 from inbox s where s.user_id = i.user_id and s.phone = i.phone
               and s.instead is not null and {_ON_IT}))
           order by i.id desc limit :most""",  # noqa: S608 - a constant
        user_id=user_id,
        who=identities.sought(text),
        digits=identities.digits_sought(text),
        before=before,
        most=most,
    )
    return [
        Thread(row["phone"], row["shown"], row["contact_id"], row["unseen"], _received(row), row["person_id"])
        for row in found
    ]


def thread(rows: Rows, user_id: int, phone: str, *, most: int = 50, before: int | None = None) -> list[Received]:
    """What this person wrote, the latest first. before: the id where to go on."""
    found = rows.all(
        """select * from inbox where user_id = :user_id and phone = :phone and id < ifnull(:before, 9e18)
           order by id desc limit :most""",
        user_id=user_id,
        phone=phone,
        before=before,
        most=most,
    )
    return [_received(row) for row in found]


def saying(rows: Rows, user_id: int, text: str, *, most: int) -> tuple[list[Received], bool]:
    """The newest with these words that people wrote; and whether it was looked as far back as it takes."""
    found = looking.look(rows, kinds.INBOX, user_id, reading.sought(text), most=most)
    written = rows.all(
        """select * from inbox where user_id = :user_id and id in (select value from json_each(:ids))
           order by id desc""",
        user_id=user_id,
        ids=json.dumps(found.ids),
    )
    return [_received(row) for row in written], found.complete or len(found.ids) == most


def unseen(rows: Rows, user_id: int, *, most: int = 1_000_000) -> int:
    """How many messages nobody has looked at, counted up to `most`."""
    return int(
        rows.value(
            """select count(*) from
                 (select 1 from inbox where user_id = :user_id and seen_at is null limit :most)""",
            user_id=user_id,
            most=most,
        )
    )


def unseen_of_one(rows: Rows, user_id: int) -> str | None:
    """The phone of who wrote all that nobody has looked at; None if that is several people, or nobody."""
    phone: str | None = rows.value(
        """select case when min(phone) = max(phone) then min(phone) end
           from inbox where user_id = :user_id and seen_at is null""",
        user_id=user_id,
    )
    return phone


def seen(tx: Tx, user_id: int, phone: str, *, now: datetime) -> int:
    """Somebody has looked at this person's messages. Returns how many were new."""
    return tx.run(
        """update inbox set seen_at = :now where user_id = :user_id and phone = :phone and seen_at is null""",
        user_id=user_id,
        phone=phone,
        now=times.stored(now),
    )


# -- the tray ----------------------------------------------------------------------------------------


def tray(rows: Rows, user_id: int, *, most: int = 50) -> list[Received]:
    """Messages that may mean an opt-out and that nobody has judged yet, the oldest first."""
    found = rows.all(
        """select * from inbox where user_id = :user_id and verdict = 'near_miss' and reviewed_at is null
           order by id limit :most""",
        user_id=user_id,
        most=most,
    )
    return [_received(row) for row in found]


def in_tray(rows: Rows, user_id: int) -> int:
    """How many wait to be judged."""
    return int(
        rows.value(
            """select count(*) from inbox where user_id = :user_id and verdict = 'near_miss'
               and reviewed_at is null""",
            user_id=user_id,
        )
    )


def review(tx: Tx, user_id: int, inbox_id: int, verdict: Reviewed, *, now: datetime) -> Received | None:
    """A person has judged it; it leaves the tray with what is known now. Raises NotFound.

    The message, so that the caller may opt its sender out; None if somebody judged it before.
    """
    row = tx.one("select * from inbox where id = :id and user_id = :user_id", id=inbox_id, user_id=user_id)
    if row is None:
        raise NotFound("not_found", "There is no such message in your inbox.")
    judged = tx.run(
        """update inbox set reviewed_at = :now, seen_at = coalesce(seen_at, :now),
           verdict = iif(:verdict = 'nothing', verdict, :verdict)
           where id = :id and verdict = 'near_miss' and reviewed_at is null""",
        id=inbox_id,
        verdict=verdict,
        now=times.stored(now),
    )
    if not judged:
        return None
    return _received(tx.one("select * from inbox where id = :id", id=inbox_id) or row)


def _fit(text: str, most: int) -> str:
    """What SQLite and pages can hold of it."""
    return _UNFIT.sub("\ufffd", text[:most])


_received = reader(
    Received,
    instead=lambda row: inbox_instead.read(row["instead"]),
    quoted=lambda row: inbox_quotes.read(row["quoted"]),
)
