"""What the page tells, read into events; pure. Nothing it says is trusted to be well-formed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

from wabox.whatsapp import instead, states
from wabox.whatsapp.driver import (
    TOO_MANY,
    UNKNOWN,
    WRITTEN,
    Attached,
    Downloaded,
    Edited,
    FileKind,
    Handed,
    Inbound,
    Joined,
    LookedUp,
    PhoneUsed,
    Reacted,
    Reaction,
    Receipt,
    Resolved,
    Revoked,
    SessionLost,
    Withdrawn,
    is_theirs,
)

_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_CHAT = re.compile(r"[0-9A-Za-z.:-]{1,64}@[a-z.]{1,16}")
_KIND = re.compile(r"[a-z0-9_-]{1,40}")
_USERNAME = re.compile(r"[\w.-]{1,64}")
_LONGEST = 65_536
_LONGEST_EMOJI = 32
_MIME = re.compile(r"[A-Za-z0-9.+-]{1,60}/[A-Za-z0-9.+-]{1,80}(; ?[A-Za-z0-9.+=,-]{1,60})?")


# Besides 1 to 4 there are kinds of failure (-7 to -2) and what reached another device of the same account (5).
# Source: wa-js 4.6.0, src/whatsapp/enums/ACK.ts, seen 2026-11-20.
_PEER = 5
_DELIVERED = 2


def receipt(device_id: int, session: int, raw: Any, now: datetime, *, stored: bool = False) -> Receipt | None:
    """An ack as the shim tells it; None if it is none. A message to oneself is delivered when a device has it."""
    if not _is_message(raw) or not isinstance(raw.get("ack"), int):
        return None
    ack = _DELIVERED if raw["ack"] == _PEER else max(raw["ack"], -1)
    if ack not in (-1, 1, 2, 3, 4):
        return None
    return Receipt(device_id, session, raw["id"], raw["chat"], ack, now, stored)


def inbound(device_id: int, session: int, raw: Any, now: datetime) -> Inbound | None:
    """A person's message as the shim tells it; None if it is none, or nobody wrote it."""
    if not _is_message(raw):
        return None
    kind = raw.get("kind")
    if not isinstance(kind, str) or not kind or not is_theirs(raw["chat"], kind):
        return None
    if kind not in WRITTEN:
        return _unknown(device_id, session, raw, now)
    name = raw.get("name")
    return Inbound(
        device_id,
        session,
        raw["id"],
        raw["chat"],
        states.digits(raw.get("phone")),
        name[:200] if isinstance(name, str) and name else None,
        str(raw.get("text") or "")[:_LONGEST],
        kind,
        written_at(raw, now),
        lid=states.digits(raw.get("lid")),
        username=_username(raw),
        edited=raw.get("edited") is True,
        business=raw["business"] if isinstance(raw.get("business"), bool) else None,
        media=_attached(raw.get("media")),
        place=instead.place(raw.get("place")),
        cards=instead.cards(raw.get("cards")),
        poll=instead.poll(raw.get("poll")),
        quoted=instead.quoted(raw.get("quoted")),
    )


def _unknown(device_id: int, session: int, raw: Any, now: datetime) -> Inbound:
    """What cannot be shown yet: who and when, and none of its words, for nobody here knows what they are."""
    bare = {one: raw.get(one) for one in ("id", "chat", "phone", "lid", "username", "name", "business", "t")}
    told = inbound(device_id, session, {**bare, "kind": "chat"}, now)
    assert told is not None
    return replace(told, kind=raw["kind"] if _KIND.fullmatch(raw["kind"]) else UNKNOWN)


def withdrawn(device_id: int, session: int, raw: Any) -> Withdrawn | None:
    """A message that its writer deleted, as the shim tells it; None if it is none."""
    return Withdrawn(device_id, session, raw["id"], raw["chat"]) if _is_message(raw) else None


def _attached(raw: Any) -> Attached | None:
    """A file as the shim tells of it; None if it is none."""
    data = raw if isinstance(raw, dict) else {}
    kinds: dict[Any, FileKind] = {one: one for one in get_args(FileKind)}
    kind = kinds.get(data.get("kind"))
    if kind is None:
        return None
    mime, filename = data.get("mime"), data.get("filename")
    count, seconds = data.get("bytes"), data.get("seconds")
    return Attached(
        kind,
        mime.lower() if isinstance(mime, str) and _MIME.fullmatch(mime) else None,
        _printable(filename) if kind == "document" and isinstance(filename, str) else None,
        _bytes(count),
        float(seconds) if isinstance(seconds, int | float) and 0 < seconds < 1e6 else None,
    )


def _bytes(count: Any) -> int | None:
    return int(count) if isinstance(count, int | float) and 0 < count < 2**53 else None


def _printable(name: str) -> str | None:
    """A name as a person may see it: no path, nothing that cannot be printed."""
    plain = "".join(one for one in name.replace("\\", "/").rpartition("/")[2] if one.isprintable()).strip()
    return plain[:200] or None


def downloaded(raw: Any) -> Downloaded:
    """The shim's word on a file that did not come."""
    data = raw if isinstance(raw, dict) else {}
    count, reason = data.get("bytes"), data.get("reason")
    told = _bytes(count)
    said = str(reason)[:200] if reason else None
    match data.get("outcome"):
        case "expired" | "too_large" | "missing" as outcome:
            return Downloaded(outcome, told, said)
    return Downloaded("failed", told, said or "no_answer")


def joined(device_id: int, session: int, raw: Any) -> Joined | None:
    """Whose number the page has learnt, as the shim tells it; None if it is nobody's."""
    data = raw if isinstance(raw, dict) else {}
    lid, phone = states.digits(data.get("lid")), states.digits(data.get("phone"))
    return Joined(device_id, session, lid, phone, _username(data)) if lid and phone else None


def phone_used(device_id: int, session: int, raw: Any, now: datetime) -> PhoneUsed | None:
    """When the phone was last seen in use, as the shim tells it; None if it was not."""
    at = raw.get("t") if isinstance(raw, dict) else None
    if not isinstance(at, int | float) or isinstance(at, bool) or not 0 < at < 4e9:
        return None
    return PhoneUsed(device_id, session, min(datetime.fromtimestamp(at, UTC), now))


def _username(raw: Any) -> str | None:
    name = raw.get("username")
    found = name.removeprefix("@") if isinstance(name, str) else ""
    return found if _USERNAME.fullmatch(found) else None


def written_at(raw: Any, now: datetime) -> datetime:
    """When the message was written, by WhatsApp's clock; now if the page does not say."""
    at = raw.get("t")
    if isinstance(at, int | float) and 0 < at < 4e9:
        return datetime.fromtimestamp(at, UTC)
    return now


def resolved(raw: Any) -> Resolved:
    """The shim's answer on a number; whatever is not plain is `unknown`."""
    data = raw if isinstance(raw, dict) else {}
    if data.get("answer") == "no":
        return Resolved("no")
    chat = data.get("chat")
    if data.get("answer") != "yes" or not _is_chat(chat):
        return Resolved("unknown", reason=TOO_MANY if data.get("reason") == TOO_MANY else None)
    others = data.get("others")
    known = others if isinstance(others, list) else []
    warm = data.get("warm")
    ids = tuple(str(one) for one in known if _is_chat(one))
    return Resolved("yes", str(chat), ids, warm if isinstance(warm, bool) else None)


def handed(raw: Any, now: datetime) -> Handed:
    """The shim's verdict on a hand-over; whatever is not plain is `in_doubt`."""
    data = raw if isinstance(raw, dict) else {}
    said = _reason(raw)
    match _outcome(raw):
        case "acked":
            return Handed("acked", at=now)
        case "refused":
            return Handed("refused", said or "refused", now, states.moment(data.get("until")))
        case "held":
            return Handed("held", said or "chat_closed", now, states.moment(data.get("until")))
        case "not_entered":
            return Handed("not_entered", said or "not_entered", now)
    return Handed("in_doubt", said or "no_answer", now)


def looked_up(raw: Any) -> LookedUp:
    """The shim's answer on a message. Raises SessionLost if it is none."""
    if not isinstance(raw, dict) or not isinstance(raw.get("ack"), int | None):
        raise SessionLost("the page's history gave no answer")
    return LookedUp(raw.get("ack"), raw.get("anchored") is True)


def revoked(raw: Any) -> Revoked:
    """The shim's word on a deletion; whatever is not plain is `failed`."""
    reason = _reason(raw)
    match _outcome(raw):
        case "revoked" | "missing" | "refused" as outcome:
            return Revoked(outcome, reason)
    return Revoked("failed", reason or "no_answer")


def edited(raw: Any) -> Edited:
    """The shim's word on a changed text; whatever is not plain is `failed`."""
    reason = _reason(raw)
    match _outcome(raw):
        case "edited" | "missing" | "refused" as outcome:
            return Edited(outcome, reason)
    return Edited("failed", reason or "no_answer")


def reacted(raw: Any) -> Reacted:
    """The shim's word on a reaction of ours; whatever is not plain is `failed`."""
    reason = _reason(raw)
    match _outcome(raw):
        case "reacted" | "missing" | "refused" as outcome:
            return Reacted(outcome, reason)
    return Reacted("failed", reason or "no_answer")


def _outcome(raw: Any) -> Any:
    return raw.get("outcome") if isinstance(raw, dict) else None


def _reason(raw: Any) -> str | None:
    reason = raw.get("reason") if isinstance(raw, dict) else None
    return str(reason)[:200] if reason else None


def reaction(device_id: int, session: int, raw: Any) -> Reaction | None:
    """Somebody's reaction as the shim tells it; None if it is none."""
    if not _is_message(raw) or not isinstance(raw.get("emoji"), str):
        return None
    emoji = raw["emoji"]
    if len(emoji) > _LONGEST_EMOJI or any(one.isspace() or unicodedata.category(one) == "Cc" for one in emoji):
        return None
    return Reaction(
        device_id, session, raw["id"], raw["chat"], raw.get("own") is True, raw.get("by_us") is True, emoji
    )


def _is_chat(value: Any) -> bool:
    return isinstance(value, str) and _CHAT.fullmatch(value) is not None


def _is_message(raw: Any) -> bool:
    if not isinstance(raw, dict):
        return False
    bare = raw.get("id")
    return isinstance(bare, str) and bool(_ID.fullmatch(bare)) and _is_chat(raw.get("chat"))
