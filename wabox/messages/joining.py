"""Finds out that two were one: a hidden id and a number are the same person, whatever told it.

All that stood under the hidden id moves to the number in the same transaction, and the stricter consent wins.
Doing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from wabox.contacts import identities, suppression
from wabox.contacts.identities import Person
from wabox.content import complaints
from wabox.db import Tx
from wabox.messages import chats, silencing


def heard(
    tx: Tx,
    user_id: int,
    chat_id: str,
    *,
    phone: str | None,
    lid: str | None = None,
    name: str | None = None,
    username: str | None = None,
    now: datetime,
) -> Person:
    """Who wrote: the person behind these ids, known from now on. phone, lid: digits, as far as the page tells."""
    wa_id = identities.lid_chat(lid) if lid else chat_id
    if phone is None and not identities.is_lid(wa_id):
        phone = chat_id.partition("@")[0] if chat_id.endswith("@c.us") else None
    if phone is None:
        known = identities.holder(tx, user_id, wa_id)
        address = wa_id if known is None else known.address
    else:
        address = phone
    person_id = identities.ensure(tx, user_id, address, now=now)
    if phone is not None:
        learn(tx, user_id, phone, (wa_id, chat_id), now=now)
    identities.call(tx, person_id, name=name or None, username=username or None)
    return identities.by_id(tx, user_id, person_id)


def learn(tx: Tx, user_id: int, phone: str, wa_ids: Iterable[str], *, now: datetime) -> None:
    """The hidden ones of these chat ids belong to this number."""
    for wa_id in dict.fromkeys(wa_ids):
        if identities.is_lid(wa_id):
            join(tx, user_id, wa_id, phone, now=now)


def told(tx: Tx, user_id: int, *, lid: str, phone: str | None, username: str | None, now: datetime) -> None:
    """The page has learnt this of its own accord. It counts for people wabox has to do with."""
    wa_id = identities.lid_chat(lid)
    known = identities.holder(tx, user_id, wa_id)
    if phone is not None and (known or _concerns(tx, user_id, wa_id, phone)):
        join(tx, user_id, wa_id, phone, now=now)
        known = identities.holder(tx, user_id, wa_id)
    if known is not None:
        identities.call(tx, known.id, name=None, username=username or None)


def join(tx: Tx, user_id: int, wa_id: str, phone: str, *, now: datetime) -> bool:
    """This hidden id and this number are one person. False if that was known. phone: digits."""
    before = identities.holder(tx, user_id, wa_id)
    if before is not None and before.address == phone:
        return False
    if before is not None:  # who opted out under another address takes that along
        suppression.even_out(tx, user_id, before.address, now=now)
    person_id = identities.ensure(tx, user_id, phone, now=now)
    identities.take_id(tx, user_id, wa_id, person_id)
    if before is not None and identities.is_hidden(before.address):
        _move(tx, user_id, before.address, phone)
        identities.merge(tx, before.id, person_id)
    elif before is not None:
        _number_changed(tx, user_id, before.address, phone, wa_id, now)
    newly_out = suppression.even_out(tx, user_id, phone, now=now)
    if newly_out is not None:
        silencing.silence(tx, user_id, phone, source=newly_out, now=now)
    elif suppression.is_out(tx, user_id, phone):
        silencing.skip_waiting(tx, user_id, phone, now=now)
    return True


def _number_changed(tx: Tx, user_id: int, old: str, new: str, wa_id: str, now: datetime) -> None:
    """Whose chat that is has another number now: the old one is asked about anew, and no campaign comes twice."""
    tx.run(
        "delete from numbers where user_id = :user_id and phone = :old and chat_id = :wa_id",
        user_id=user_id,
        old=old,
        wa_id=wa_id,
    )
    silencing.skip_twins(tx, user_id, new, wa_id, had=old, now=now)


def _concerns(tx: Tx, user_id: int, wa_id: str, phone: str) -> bool:
    """Whether either is somebody who opted out, wrote, or was written to."""
    return (
        suppression.is_out(tx, user_id, wa_id)
        or identities.find(tx, user_id, phone) is not None
        or tx.value(
            "select 1 from chats where user_id = :user_id and phone = :phone limit 1", user_id=user_id, phone=phone
        )
        is not None
    )


def _move(tx: Tx, user_id: int, hidden: str, phone: str) -> None:
    """What stood under the hidden id stands under the number; their talks are one."""
    for table in ("messages", "inbox"):
        tx.run(
            f"update {table} set phone = :phone where user_id = :user_id and phone = :hidden",  # noqa: S608
            user_id=user_id,
            hidden=hidden,
            phone=phone,
        )
    chats.join(tx, user_id, hidden, phone)
    complaints.join(tx, user_id, hidden, phone)
