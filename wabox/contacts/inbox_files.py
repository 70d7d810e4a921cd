"""The files that people send: what is claimed of each, whether it is wanted, and what became of fetching it.

waiting: it lies at WhatsApp. here: it is kept as `media_id`. expired: WhatsApp had it no more. too_large: over
what may be kept. refused: by its content it is nothing that is kept. failed: for another `reason`. While it is
wanted `asked_at` says since when; whatever ends the fetching ends that too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from wabox import fence, times
from wabox.config import Media as Settings
from wabox.contacts import identities
from wabox.db import Rows, Tx, reader
from wabox.errors import Invalid, NotFound
from wabox.languages import later
from wabox.media import keeping, names, room
from wabox.media.keeping import Examined, Kept
from wabox.media.kinds import MEGABYTE
from wabox.media.stored import Kind, Media
from wabox.webhooks import deliveries
from wabox.whatsapp.driver import Inbound

State = Literal["waiting", "here", "expired", "too_large", "refused", "failed"]
RESTS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1))
SHARE_BY_ITSELF = 0.8  # of the user's room for files, that what nobody asked for may fill
SAYS = {
    "off": later(
        'Files that people send are not fetched on this box; its owner can set [media] inbound to "ask".'
    ),
    "too_large": later("This file is larger than this box keeps; look at it on the phone."),
    "refused": later("This is a file of a kind that this box does not keep; look at it on the phone."),
    "phone_gone": later("The phone that got this file is not in this box any more; look at it on the phone."),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """The file of one message. kind to seconds: its writer's claims. asked_at: it is wanted since then.

    media_id: what is kept, also if that was removed later. there: it is here and can be opened.
    """

    inbox_id: int
    user_id: int
    kind: Kind
    mime: str | None
    filename: str | None
    bytes: int | None
    seconds: float | None
    state: State
    reason: str | None
    asked_at: datetime | None
    media_id: int | None
    there: bool

    @property
    def may_be_asked(self) -> bool:
        """Whether fetching it may bring something, as far as is known."""
        return self.asked_at is None and not self.there and self.state not in ("too_large", "refused")

    def called(self, media: Media) -> Media:
        """What is kept, by the name that this message gave it."""
        return media.called(names.beside(self.filename, media.filename)) if self.filename else media

    def under(self, settings: Settings) -> Sent:
        """As it stands with what the box keeps now: too large is what is over that, and nothing else."""
        if self.there or self.state not in ("waiting", "too_large"):
            return self
        if (self.bytes or 0) > settings.max_megabytes * MEGABYTE:
            return replace(self, state="too_large", reason="too_large")
        return replace(self, state="waiting", reason=None) if self.state == "too_large" else self


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall be fetched now. most, room: bytes, and those that its writer claims. message_id: WhatsApp's."""

    inbox_id: int
    user_id: int
    chat_id: str
    message_id: str
    filename: str | None
    most: int
    room: int


_DELETED = "Its writer has deleted this message for everyone; its file is not given out."
_SENT = """select f.*, f.state = 'here' and m.removed_at is null as there
           from inbox_files f left join media m on m.id = f.media_id"""


def note(tx: Tx, event: Inbound) -> None:
    """The file of a message that stands in the inbox is known. Again: as it was."""
    if event.media is None:
        return
    tx.run(
        """insert or ignore into inbox_files (inbox_id, user_id, chat_id, kind, mime, filename, bytes, seconds)
           select id, user_id, :chat_id, :kind, :mime, :filename, :bytes, :seconds from inbox
           where device_id = :device_id and wa_message_id = :message_id and revoked_at is null""",
        chat_id=event.chat_id,
        kind=event.media.kind,
        mime=event.media.mime,
        filename=event.media.filename,
        bytes=event.media.bytes,
        seconds=event.media.seconds,
        device_id=event.device_id,
        message_id=event.message_id,
    )


def of(rows: Rows, inbox_ids: Iterable[int]) -> dict[int, Sent]:
    """The files of these messages, by the message's id. The caller has made sure whose they are."""
    ids = json.dumps(sorted(inbox_ids))
    found = rows.all(f"{_SENT} where f.inbox_id in (select value from json_each(:ids))", ids=ids)  # noqa: S608
    return {row["inbox_id"]: _sent(row) for row in found}


def of_user(rows: Rows, user_id: int, inbox_id: int) -> Sent:
    """The file of this user's message. Raises NotFound: for somebody else's, and for one without a file."""
    row = rows.one(f"{_SENT} where f.inbox_id = :id and f.user_id = :user_id", id=inbox_id, user_id=user_id)
    if row is None:
        gone = rows.value(
            "select revoked_at from inbox where id = :id and user_id = :user_id", id=inbox_id, user_id=user_id
        )
        raise NotFound(
            "not_found", _DELETED if gone else "There is no message with a file under this id in your inbox."
        )
    return _sent(row)


def told(rows: Rows, inbox_id: int | None) -> dict[str, object] | None:
    """As webhooks tell of it, `media_id` null until it is here; None if the message has no file."""
    found = of(rows, [] if inbox_id is None else [inbox_id])
    return next((_on_wire(one) for one in found.values()), None)


def _on_wire(found: Sent) -> dict[str, object]:
    return {
        "media_id": found.media_id if found.there else None,
        "kind": found.kind,
        "mime": found.mime,
        "filename": found.filename,
        "bytes": found.bytes,
    }


def want_by_itself(tx: Tx, event: Inbound, settings: Settings, *, now: datetime) -> None:
    """What came with this message is fetched unasked, if the box does so, its writer is known and it is small."""
    if event.media is None or settings.inbound != "auto":
        return
    tx.run(
        """update inbox_files set asked_at = :now, by_itself = 1
           where state = 'waiting' and asked_at is null and tries = 0 and ifnull(bytes, 0) <= :most
           and inbox_id in (
             select i.id from inbox i where i.device_id = :device_id and i.wa_message_id = :message_id
             and i.revoked_at is null and (
               exists (select 1 from contacts c where c.user_id = i.user_id and c.phone = i.phone)
               or exists (select 1 from chats c where c.user_id = i.user_id and c.phone = i.phone
                          and c.last_out_at is not null)))""",
        now=times.stored(now),
        most=settings.inbound_megabytes * MEGABYTE,
        device_id=event.device_id,
        message_id=event.message_id,
    )


def ask(tx: Tx, user_id: int, inbox_id: int, settings: Settings, *, now: datetime) -> Sent:
    """The file is wanted, unless it is here; it comes when its phone can fetch it.

    What WhatsApp did not have, or did not bring, is asked for again. Raises NotFound; Invalid `inbound_off`,
    `file_too_large`, `bad_file`, `phone_gone`.
    """
    found = of_user(tx, user_id, inbox_id).under(settings)
    if found.there or found.asked_at is not None:
        return found
    _check(tx, found, settings)
    tx.run(
        """update inbox_files set asked_at = :now, by_itself = 0, tries = 0, retry_at = null, reason = null,
             state = iif(state = 'here', state, 'waiting')
           where inbox_id = :id and asked_at is null""",
        id=inbox_id,
        now=times.stored(now),
    )
    return of_user(tx, user_id, inbox_id)


def _check(rows: Rows, found: Sent, settings: Settings) -> None:
    if rows.value("select revoked_at from inbox where id = :id", id=found.inbox_id):
        raise NotFound("not_found", _DELETED)
    if settings.inbound == "off":
        raise Invalid("inbound_off", SAYS["off"])
    if found.state == "too_large":
        raise Invalid("file_too_large", SAYS["too_large"])
    if found.state == "refused":
        raise Invalid("bad_file", SAYS["refused"])
    there = rows.value(
        """select 1 from inbox i join devices d on d.id = i.device_id
           where i.id = :id and d.removed_at is null""",
        id=found.inbox_id,
    )
    if not there:
        raise Invalid("phone_gone", SAYS["phone_gone"])


_DUE = """from inbox_files f join inbox i on i.id = f.inbox_id join devices d on d.id = i.device_id
          where f.asked_at is not null and ifnull(f.retry_at, '') <= :now and i.revoked_at is null
          and d.state = 'ready' and d.synced and d.removed_at is null
          and not exists (select 1 from messages m where m.device_id = d.id and m.status = 'sending')"""


def due(rows: Rows, *, now: datetime) -> list[int]:
    """The devices that may fetch something now: none that is about to send."""
    found = rows.all(f"select distinct d.id {_DUE}", now=times.stored(now))
    return [row["id"] for row in found]


def claim(tx: Tx, device_id: int, settings: Settings, *, now: datetime) -> Wanted | None:
    """What the device shall fetch now, or None. It counts as tried before it is, for it may end the process.

    What was tried often enough has failed. What nobody asked for waits when the files fill most of their room,
    and everything when the box fetches none any more, or is held.
    """
    if fence.of(tx) is not None:
        return None
    row = tx.one(
        f"""select f.*, i.wa_message_id {_DUE} and d.id = :device_id
            order by f.retry_at is not null, f.asked_at, f.inbox_id limit 1""",
        now=times.stored(now),
        device_id=device_id,
    )
    if row is None:
        return None
    if settings.inbound == "off" or (row["by_itself"] and _is_mostly_full(tx, row["user_id"], settings)):
        tx.run("update inbox_files set asked_at = null, by_itself = 0 where inbox_id = :id", id=row["inbox_id"])
        return None
    if row["tries"] >= len(RESTS):
        end(tx, row["inbox_id"], "failed", row["reason"] or "no_answer")
        return None
    tx.run(
        "update inbox_files set tries = tries + 1, retry_at = :retry_at where inbox_id = :id",
        id=row["inbox_id"],
        retry_at=times.stored(now + RESTS[row["tries"]]),
    )
    megabytes = settings.inbound_megabytes if row["by_itself"] else settings.max_megabytes
    return Wanted(
        row["inbox_id"],
        row["user_id"],
        row["chat_id"],
        row["wa_message_id"],
        row["filename"],
        megabytes * MEGABYTE,
        min(row["bytes"] or megabytes * MEGABYTE, megabytes * MEGABYTE),
    )


def _is_mostly_full(rows: Rows, user_id: int, settings: Settings) -> bool:
    return room.held_bytes(rows, user_id) >= SHARE_BY_ITSELF * room.part(rows, user_id, settings.disk_megabytes)


def put_off(tx: Tx, inbox_id: int, reason: str) -> None:
    """It did not come this time, and why; it is tried again when it has rested."""
    tx.run(
        "update inbox_files set reason = :reason where inbox_id = :id and asked_at is not null",
        id=inbox_id,
        reason=reason,
    )


def unanswered(tx: Tx, inbox_id: int) -> None:
    """The page did not bring it in time. Who asked is told so, and may ask again; what nobody asked for rests."""
    if tx.value("select by_itself from inbox_files where inbox_id = :id", id=inbox_id):
        put_off(tx, inbox_id, "no_answer")
    else:
        end(tx, inbox_id, "failed", "no_answer")


def end(tx: Tx, inbox_id: int, state: State, reason: str, *, size: int | None = None) -> bool:
    """It does not come; the reason is one word. size: bytes that it has, if they are known better than before.

    False: it is gone, or not wanted any more.
    """
    ended = tx.run(
        """update inbox_files set state = :state, reason = :reason, asked_at = null, retry_at = null,
             bytes = ifnull(:size, bytes)
           where inbox_id = :id and asked_at is not null""",
        id=inbox_id,
        state=state,
        reason=reason,
        size=size,
    )
    return ended == 1


def came(tx: Tx, wanted: Wanted, examined: Examined, settings: Settings, *, now: datetime) -> Kept:
    """The file is here, and its user holds it. Raises NotFound if its message went, Unavailable `media_full`."""
    found = of_user(tx, wanted.user_id, wanted.inbox_id)
    kept = keeping.keep(
        tx, found.user_id, examined, origin="inbound", disk_megabytes=settings.disk_megabytes, now=now
    )
    tx.run(
        """update inbox_files set state = 'here', reason = null, asked_at = null, retry_at = null,
             media_id = :media_id where inbox_id = :id""",
        id=wanted.inbox_id,
        media_id=kept.media.id,
    )
    _owe_ready(tx, wanted, now)
    return kept


def _owe_ready(tx: Tx, wanted: Wanted, now: datetime) -> None:
    row = tx.one(
        "select d.label, i.phone from inbox i join devices d on d.id = i.device_id where i.id = :id",
        id=wanted.inbox_id,
    )
    if row is None:
        return
    person = identities.find(tx, wanted.user_id, row["phone"])
    payload = {
        "event": "media.ready",
        "device_label": row["label"],
        "message_id": wanted.inbox_id,
        "person_id": person.id if person else None,
        "phone": None if identities.is_hidden(row["phone"]) else row["phone"],
        "media": told(tx, wanted.inbox_id),
        "at": times.wire(now),
    }
    deliveries.owe(tx, user_id=wanted.user_id, event="media.ready", payload=payload, now=now)


_sent = reader(Sent)
