"""A message as the log holds it: its row, its statuses, how one is found, and what is counted as it moves."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from wabox import times
from wabox.contacts import identities
from wabox.db import Rows, Tx, reader
from wabox.errors import NotFound
from wabox.media import stored as media
from wabox.whatsapp.driver import Card, Instead, Place, Poll

Status = Literal["queued", "sending", "sent", "delivered", "read", "failed", "skipped", "cancelled", "unknown"]

Enclosed = Instead

OPEN: tuple[Status, ...] = ("queued", "sending")
REACHED: tuple[Status, ...] = ("sent", "delivered", "read")
STATUSES: tuple[Status, ...] = (*OPEN, *REACHED, "failed", "skipped", "cancelled", "unknown")
BUCKET = timedelta(minutes=15)  # every time zone is a whole number of quarters of an hour from UTC
Priority = Literal["high", "normal", "low"]
PRIORITIES: dict[Priority, int] = {"low": 0, "normal": 1, "high": 2}
SYSTEM = 3
ROOM = 288  # bytes that a queued row keeps free for what its later states write, else its page is split for each
ROOM_AFTER = {"claimed": 256, "armed": 96, "sent": 64, "delivered": 32}  # what is left of it then
RANKS = (SYSTEM, 2, 1, 0)  # all there are, the first to go first
_UNKNOWN_ENDS = ("sent", "failed")


@dataclass(frozen=True, slots=True)
class Message:
    """A row of the log. text: as rendered. priority: its place among its like, as in RANKS; 0 in a campaign.

    account: digits of the number it was handed over from last, None if it never was.
    phone: the recipient's address, digits or a hidden id. person_id: None for somebody who never wrote.
    media_id, media_kind: the file that goes with it, and as what; then `text` is its caption and may be empty.
    media_name: what it calls the file; None: as that is kept.
    enclosed: the place, card or poll that it is instead of a text. revoked_at: since when it is deleted for
    everyone; revoke_due_at: when that is tried next, None unless it is still to be; revoke_error: why it was
    given up.
    edit_text: what it is to say; edit_due_at, edit_error, edited_at: as with deleting; text is then the new one.
    revoke_bulk: asked for with its whole campaign, and less urgent than one that was asked for by itself.
    """

    id: int
    user_id: int
    device_id: int
    device_label: str
    campaign_id: int | None
    contact_id: int | None
    phone: str
    text: str
    status: Status
    error: str | None
    error_text: str | None
    priority: int
    system: bool
    scheduled_for: datetime | None
    expires_at: datetime | None
    held_until: datetime | None
    held_reason: str | None
    number_tries: int
    wa_message_id: str | None
    wa_chat_id: str | None
    wa_chat_ids: tuple[str, ...]
    link_epoch: int | None
    account: str | None
    machine_boot: str | None
    in_review: bool
    cancel_asked: bool
    attempts: int
    recoveries: int
    doubt_stage: int
    rest_until: datetime | None
    queued_at: datetime
    claimed_at: datetime | None
    handed_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    revoke_asked_at: datetime | None
    revoke_due_at: datetime | None
    revoke_tries: int
    revoke_bulk: bool
    revoke_error: str | None
    revoked_at: datetime | None
    edit_text: str | None
    edit_asked_at: datetime | None
    edit_due_at: datetime | None
    edit_tries: int
    edit_error: str | None
    edited_at: datetime | None
    media_id: int | None
    media_kind: media.Kind | None
    media_name: str | None
    person_id: int | None
    enclosed: Enclosed | None

    @property
    def wish(self) -> Priority | None:
        """How soon its sender wants it to go, before others of the phone; None in a campaign."""
        if self.campaign_id is not None:
            return None
        return next((name for name, rank in PRIORITIES.items() if rank == self.priority), "high")

    @property
    def number(self) -> str | None:
        """The recipient's digits; None while WhatsApp hides them."""
        return identities.number(self.phone)

    @property
    def chats(self) -> tuple[str, ...]:
        """Every chat id under which WhatsApp may know it, the one that it was handed over to first."""
        by_number = [f"{self.number}@c.us"] if self.number else []
        return tuple(dict.fromkeys((self.wa_chat_id or "", *self.wa_chat_ids, *by_number)))

    def told(self, event: str, **more: object) -> dict[str, object]:
        """What a webhook hears of it with every event, and `more` besides."""
        payload: dict[str, object] = {
            "event": event,
            "job_id": self.id,
            "campaign_id": self.campaign_id,
            "phone": self.number,
            **more,
        }
        return payload if self.number is not None else {**payload, "person_id": self.person_id}

    @property
    def words(self) -> str:
        """What rules read of it, its file's name aside."""
        return words_of(self.text, self.enclosed)


COLUMNS = """select m.*, d.label as device_label, (select p.id from people p where p.user_id = m.user_id
    and p.phone = m.phone and p.joined_to is null) as person_id
    from messages m join devices d on d.id = m.device_id"""


def by_id(rows: Rows, message_id: int) -> Message:
    """The message, whoever's. For the engine."""
    row = rows.one(f"{COLUMNS} where m.id = :id", id=message_id)
    if row is None:
        raise NotFound("not_found", "There is no such message.")
    return of_row(row)


def of_user(rows: Rows, user_id: int, message_id: int) -> Message:
    """The user's message. Raises NotFound, for somebody else's too."""
    row = rows.one(f"{COLUMNS} where m.id = :id and m.user_id = :user_id", id=message_id, user_id=user_id)
    if row is None:
        raise NotFound("not_found", "There is no such message; GET /messages lists yours.")
    return of_row(row)


def in_doubt(rows: Rows, device_id: int) -> Message | None:
    """The device's one message that is being handed over, or was when somebody crashed."""
    row = rows.one(f"{COLUMNS} where m.device_id = :device_id and m.status = 'sending'", device_id=device_id)
    return None if row is None else of_row(row)


def on_its_way(rows: Rows, user_id: int, *, campaign_id: int | None = None, phone: str | None = None) -> int:
    """How many messages of this campaign, or to this phone, are being handed over or in doubt."""
    found = rows.value(
        """select count(*) from devices d join messages m on m.device_id = d.id and m.status = 'sending'
           where d.user_id = :user_id and (:campaign_id is null or m.campaign_id = :campaign_id)
           and (:phone is null or m.phone = :phone)""",
        user_id=user_id,
        campaign_id=campaign_id,
        phone=phone,
    )
    return int(found)


def came_to(tx: Tx, user_id: int, status: Status, n: int, *, now: datetime) -> None:
    """n more messages have come to this status at this time, for the reports."""
    tx.tally(
        """insert into message_counts (user_id, bucket, status, n) values (:user_id, :bucket, :status, :n)
           on conflict do update set n = n + :n""",
        n,
        user_id=user_id,
        bucket=bucket(now),
        status=status,
    )


def rows_added(tx: Tx, user_id: int, n: int) -> None:
    """The user's log has n more rows, or fewer; for whoever writes or forgets rows."""
    tx.tally(
        """insert into message_totals (user_id, n) values (:user_id, :n) on conflict do update set n = n + :n""",
        n,
        user_id=user_id,
    )


def campaign_moved(tx: Tx, campaign_id: int, *, was: Status, to: Status, error: str | None) -> None:
    """The campaign's counters move with the row; a failure in a row counts only against the device."""
    device_failed = to == "failed" and error != "not_on_whatsapp"
    settled = ", unknown = unknown - 1" if was == "unknown" and to in _UNKNOWN_ENDS else ""
    settled += ", sent = sent - 1" if was == "sent" and to == "failed" else ""
    tx.run(
        f"""update campaigns set {to} = {to} + 1{settled},
            not_on_whatsapp = not_on_whatsapp + :not_there,
            failures_in_row = iif(:failed, failures_in_row + 1, iif(:sent, 0, failures_in_row))
            where id = :id""",  # noqa: S608 - a status of our own
        id=campaign_id,
        not_there=int(error == "not_on_whatsapp"),
        failed=device_failed,
        sent=to == "sent",
    )


def failed_in_a_row(tx: Tx, campaign_id: int, n: int) -> None:
    """At least its last n failed: each counted as sent before."""
    tx.run("update campaigns set failures_in_row = max(failures_in_row, :n) where id = :id", id=campaign_id, n=n)


def bucket(moment: datetime) -> str:
    """The quarter of an hour a moment falls into, as the counts know it."""
    return times.stored(moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0))


_KINDS: dict[str, type[Enclosed]] = {"location": Place, "contact": Card, "poll": Poll}
ALONE = tuple(_KINDS)  # what goes instead of a text


def _kind_of(enclosed: Enclosed) -> str:
    return next(kind for kind, made in _KINDS.items() if isinstance(enclosed, made))


def kept_enclosed(enclosed: Enclosed | None) -> str | None:
    """As a message's row holds it."""
    if enclosed is None:
        return None
    return json.dumps({"kind": _kind_of(enclosed), **asdict(enclosed)}, ensure_ascii=False)


def read_enclosed(text: str | None) -> Enclosed | None:
    """What `kept_enclosed` wrote."""
    if text is None:
        return None
    found: dict[str, Any] = json.loads(text)
    kind = found.pop("kind")
    if kind == "poll":
        return Poll(found["question"], tuple(found["options"]), found["many"])
    return Place(**found) if kind == "location" else Card(**found)


def told_enclosed(enclosed: Enclosed | None) -> dict[str, object]:
    """As a webhook tells it: `{location: …}`, `{contact: …}` or `{poll: …}`, else nothing."""
    return {} if enclosed is None else {_kind_of(enclosed): asdict(enclosed)}


def words_of(text: str, enclosed: Enclosed | None) -> str:
    """What rules read of a message: its text, or what stands on the place, the card or the poll."""
    if enclosed is None:
        return text
    if isinstance(enclosed, Poll):
        return "\n".join((enclosed.question, *enclosed.options))
    lines = (enclosed.name, enclosed.address if isinstance(enclosed, Place) else enclosed.phone)
    return "\n".join(line for line in lines if line)


# A row of COLUMNS as a Message.
of_row = reader(
    Message,
    system="is_system",
    wa_chat_ids=lambda row: tuple(json.loads(row["wa_chat_ids"] or "[]")),
    enclosed=lambda row: read_enclosed(row["enclosed"]),
)
