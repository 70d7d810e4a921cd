"""Messages: handed over by pages, delivered to phones, read there; written by people to linked phones.

A message sent goes 1 taken → 2 delivered → 3 read; a phone that is off stops it at 1. The same id from the
same account is taken once and counted in `copies`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from wabox.errors import Invalid, Refusal
from wabox.sandbox import enclosed, limits, persons, receipts
from wabox.sandbox.world import Companion, Message, Page, World

# WhatsApp's types of what goes with a file, and what the control API calls them.
KINDS = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "ptt": "voice",
    "document": "document",
    "sticker": "sticker",
}
AUTO_REPLY = "Thank you for your message. We stop work at six and answer tomorrow."
EDITABLE_SECONDS = 15 * 60
Answer = Callable[[dict[str, Any]], None]


def hand_over(world: World, page: Page, sent: dict[str, Any], answer: Answer, now: float) -> None:
    """What a page sends is taken, refused or lost, as the faults say; `answer` is called when due."""
    companion = world.kept.companions.get(page.companion or "")
    if world.strikes("blackhole") or companion is None or page.conflicted:
        return
    if world.faults.needs_phone and not world.account(companion.phone).on:
        return
    answer_at = now + world.faults.ack_ms / 1000
    refused = _refusal(world, companion.phone, sent, now)
    if refused is not None:
        world.later(answer_at, lambda _at: answer(refused))
        return
    message = _take(world, companion, sent, now)
    if not world.strikes("drop_ack"):
        world.later(answer_at, lambda _at: answer({"t": int(message.at) + world.faults.skew_s}))
    nack_ms = world.faults.late_nack_ms
    if nack_ms is not None:
        world.later(answer_at + nack_ms / 1000, lambda _at: receipts.refuse(world, message))
    elif message.copies == 1:
        world.later(answer_at, lambda at: _plan_delivery(world, message, at))


def _refusal(world: World, me: str, sent: dict[str, Any], now: float) -> dict[str, Any] | None:
    if world.strikes("send_error"):
        wanted = world.faults.send_error
        return {"refused": wanted if isinstance(wanted, str) else "ERROR_UNKNOWN"}
    phone = world.phone_behind(sent["to"]["user"], sent["to"]["server"])
    if phone is None or not world.is_on_whatsapp(phone):
        return {"refused": "ERROR_UNKNOWN"}
    if not _can_be_shown(sent):
        return {"refused": "ERROR_UNKNOWN"}
    if sent["type"] in KINDS and _file_of(world, sent) is None:
        return {"refused": "ERROR_UPLOAD"}
    return limits.refusal(world, me, phone, now)


def _can_be_shown(sent: dict[str, Any]) -> bool:
    if sent["type"] in enclosed.KINDS:
        return enclosed.shown(sent) is not None
    return sent["type"] == "chat" or sent["type"] in KINDS


def _file_of(world: World, sent: dict[str, Any]) -> dict[str, Any] | None:
    """What is known of the uploaded file, from what the server got; None if it got nothing."""
    media = sent.get("media") or {}
    sha256 = str(media.get("direct_path") or "").rpartition("/")[2]
    if sha256 not in world.uploaded:
        return None
    return {
        "kind": KINDS[sent["type"]],
        "mime": media["mimetype"],
        "filename": media.get("filename"),
        "bytes": world.uploaded[sha256],
        "sha256": sha256,
    }


def _take(world: World, companion: Companion, sent: dict[str, Any], now: float) -> Message:
    phone = world.phone_behind(sent["to"]["user"], sent["to"]["server"]) or ""
    known = world.by_id.get((companion.phone, sent["id"]))
    if known is not None:
        known.copies += 1
        world.keep_message(known)
        if world.faults.duplicate_ids == "deliver":
            world.kept.messages.append(msgspec.structs.replace(known, copies=1, at=now))
        return known
    world.account(phone)
    media = _file_of(world, sent) if sent["type"] in KINDS else None
    instead = enclosed.shown(sent) if sent["type"] in enclosed.KINDS else None
    text = sent.get("caption") or "" if media else sent.get("text") or ""
    message = Message(
        id=sent["id"],
        sender=companion.phone,
        to=phone,
        text="" if instead else text,
        at=now,
        kind="sent",
        media=media,
        enclosed=instead,
    )
    if (companion.phone, phone) not in world.written:
        limits.begun(world, companion.phone, phone, now)
    _enter(world, message)
    for other in world.companions_of(companion.phone):
        if other.id != companion.id:
            world.enqueue(other, _as_event(world, message, phone, from_me=True))
    return message


def _enter(world: World, message: Message) -> None:
    world.tokens.add((message.to, message.sender))
    if message.kind == "sent":
        world.written.add((message.sender, message.to))
    world.kept.messages.append(message)
    world.by_id[(message.sender, message.id)] = message
    world.keep_message(message)


def _as_event(world: World, message: Message, phone: str, *, from_me: bool) -> dict[str, Any]:
    person = world.account(phone)
    return {
        "kind": "message",
        "id": message.id,
        "phone": person.phone,
        "lid": person.lid,
        **persons.told(world, person, message.at, from_me=from_me),
        "name": person.name,
        "text": message.text,
        "media": _told_media(message.media) or enclosed.told(message.enclosed),
        "quote": None if message.quote is None else {**message.quote, "kind": _type_of(message.quote["kind"])},
        "t": int(message.at) + world.faults.skew_s,
        "ack": message.ack,
        "from_me": from_me,
    }


def _told_media(media: dict[str, Any] | None) -> dict[str, Any] | None:
    """As a page hears of it, in WhatsApp's words."""
    if media is None:
        return None
    path = f"/sandbox/mms/{media['sha256']}" if media.get("sha256") else None
    return {
        "type": _type_of(media.get("kind", "document")),
        "mimetype": media.get("mime"),
        "filename": media.get("filename"),
        "size": media.get("bytes"),
        "filehash": media.get("sha256"),
        "direct_path": path,
        "view_once": bool(media.get("view_once")),
        "gif": bool(media.get("gif")),
        "options": media.get("options", []),
        "later": bool(media.get("later")),
    }


def _type_of(kind: str) -> str:
    """WhatsApp's name of what the control API calls so."""
    return next((type_ for type_, named in KINDS.items() if named == kind), kind)


def _plan_delivery(world: World, message: Message, now: float) -> None:
    wait = world.faults.deliver_ms
    if wait is not None:
        world.later(now + wait / 1000, lambda at: deliver(world, message, at))


def deliver(world: World, message: Message, now: float) -> None:
    """The recipient's phone has the message, unless it is off; reading is planned."""
    if message.ack >= 2 or not world.account(message.to).on:
        return
    if message.sender == message.to and world.faults.ack5:
        receipts.give(world, message, 5, now)
        return
    receipts.give(world, message, 2, now)
    for companion in world.companions_of(message.to):
        if message.sender != message.to:
            event = _as_event(world, message, message.sender, from_me=False)
            world.enqueue(companion, event)
    _plan_answer(world, message, now)
    wait = world.faults.read_ms
    if wait is not None:
        world.later(now + wait / 1000, lambda at: read(world, message, at))


def _plan_answer(world: World, message: Message, now: float) -> None:
    """A machine answers for whoever got it, if that fault is on."""
    wait = world.faults.auto_reply_ms
    if wait is None or message.kind != "sent" or world.companions_of(message.to):
        return

    def answer(at: float) -> None:
        if world.companions_of(message.sender):
            write(world, message.to, message.sender, AUTO_REPLY, at)

    world.later(now + wait / 1000, answer)


def read(world: World, message: Message, now: float) -> None:
    """The recipient has read the message, unless the phone is off."""
    if message.ack == 2 and world.account(message.to).on:
        receipts.give(world, message, 3, now)


def switch(world: World, phone: str, *, on: bool, now: float) -> None:
    """The phone is on, and gets what waited for it; or it is off, and nothing reaches it."""
    account = world.account(phone)
    account.on = on
    world.keep("account", phone, account)
    if on:
        resume(world, now)


def resume(world: World, now: float) -> None:
    """Every message not yet delivered or read is on its way again: after a restart, or a phone on."""
    for message in world.kept.messages:
        if message.kind == "sent" and message.ack == 1:
            _plan_delivery(world, message, now)
        elif message.kind == "sent" and message.ack == 2 and world.faults.read_ms is not None:
            at = now + world.faults.read_ms / 1000
            world.later(at, partial(read, world, message))


def write(
    world: World,
    sender: str,
    to: str,
    text: str,
    now: float,
    *,
    kind: str | None = None,
    media: dict[str, Any] | None = None,
    instead: dict[str, Any] | None = None,
    quote: str | None = None,
) -> Message:
    """A person wrote to a linked phone; its devices get it now or when they connect. Raises Invalid.

    kind: WhatsApp's name of what is not plain text, as image; `text` is its caption or title. media: a file that
    is here, instead: a place or cards, as Message has them. quote: the id of what it answers to.
    """
    companions = world.companions_of(to)
    if not companions:
        raise Invalid("not_linked", "No device is linked to the phone in `to`. Link it first.")
    if not world.is_on_whatsapp(sender):
        raise Invalid("not_on_whatsapp", "The number in `from` is not on WhatsApp.")
    world.account(sender)
    message = Message(
        id="3A" + secrets.token_hex(9).upper(),
        sender=sender,
        to=to,
        text=text,
        at=now,
        kind="inbound",
        media={**(media or {}), **({"kind": KINDS.get(kind, kind)} if kind else {})} or None,
        enclosed=instead,
        ack=2,
        quote=persons.quoted(world, sender, to, quote) if quote is not None else None,
    )
    _enter(world, message)
    for companion in companions:
        world.enqueue(companion, _as_event(world, message, sender, from_me=False))
    mark(world, to, sender, unread=True)
    persons.plan_edit(world, message, now)
    return message


def write_there(world: World, phone: str, to: str, text: str, now: float) -> Message:
    """Somebody wrote on a linked phone itself, an iPhone by the form of the id; its devices are told.

    Raises Invalid.
    """
    if not world.companions_of(phone):
        raise Invalid("not_linked", "No device is linked to the phone in `from`. Link it first.")
    if not world.is_on_whatsapp(to):
        raise Invalid("not_on_whatsapp", "The number in `to` is not on WhatsApp.")
    if not world.account(phone).on:
        raise Invalid("phone_off", "This phone is switched off; nobody can write on it.")
    world.account(to)
    message = Message(
        id="3A" + secrets.token_hex(9).upper(), sender=phone, to=to, text=text, at=now, kind="sent", ack=1
    )
    _enter(world, message)
    for companion in world.companions_of(phone):
        world.enqueue(companion, _as_event(world, message, to, from_me=True))
    _plan_delivery(world, message, now)
    return message


def revoke(world: World, page: Page, message_id: str, now: float) -> None:
    """The recipient has this message no more, only that there was one; twice is as once. Raises Refusal."""
    companion = world.kept.companions.get(page.companion or "")
    message = None if companion is None else world.by_id.get((companion.phone, message_id))
    if world.strikes("revoke_lost") or message is None or message.kind != "sent":
        raise Refusal("not_revoked", "The server did not delete it.")
    message.text, message.media, message.enclosed, message.revoked = "", None, None, True
    world.keep_message(message)
    persons.tell_revoked(world, message, now)


def edit(world: World, page: Page, message_id: str, text: str, now: float) -> None:
    """The recipient reads another text in this message's place. Raises Refusal, also when it went long ago."""
    companion = world.kept.companions.get(page.companion or "")
    message = None if companion is None else world.by_id.get((companion.phone, message_id))
    is_text = message is not None and message.kind == "sent" and not (message.media or message.enclosed)
    if world.strikes("edit_lost") or message is None or not is_text:
        raise Refusal("not_edited", "The server did not change it.")
    if message.revoked or now - message.at > EDITABLE_SECONDS:
        raise Refusal("not_edited", "This message cannot be changed any more.")
    message.edited = message.edited or message.text != text
    persons.change(world, message, text)


def mark(world: World, me: str, person: str, *, unread: bool) -> None:
    """On the linked account's phone the chat with this person shows as unread, or no more."""
    account = world.account(me)
    others = [one for one in account.unread if one != person]
    account.unread = [*others, person] if unread else others
    world.keep("account", me, account)


def seen(world: World, me: str, person: str) -> None:
    """The linked account has read what this person wrote."""
    mark(world, me, person, unread=False)
    for message in world.kept.messages:
        if message.kind == "inbound" and message.sender == person and message.to == me and message.ack < 3:
            message.ack = 3
            world.keep_message(message)


def acks_of(world: World, phone: str, ids: list[str]) -> dict[str, int]:
    """Which of these ids the server has from this account, with what became of each."""
    known = ((each, world.by_id.get((phone, each))) for each in ids)
    return {each: message.ack for each, message in known if message is not None}
