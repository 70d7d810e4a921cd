"""What the page says, judged: the five states of a device and their details; pure.

not_started -> starting -> qr -> starting -> ready, and from any of them back to starting or to
disconnected. `ready` needs all of: logged in, mode MAIN, the socket connected within the last few
seconds, wa-js ready, no binding missing. wa-js's own main_ready is true at the QR already and is
not used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast, get_args

from wabox.whatsapp import patches
from wabox.whatsapp.driver import Detail, Limits, Link, LinkState, NewChats, QuotaStatus, Timelock

_BLOCKED = {
    "PROXYBLOCK": "WhatsApp Web says that a proxy or firewall blocks it. Check the box's network.",
    "TOS_BLOCK": "WhatsApp asks to accept new terms. Open WhatsApp on the phone and accept them.",
    "SMB_TOS_BLOCK": "WhatsApp Business asks to accept new terms. Accept them on the phone.",
    "DEPRECATED_VERSION": "WhatsApp Web says that this version is too old. Restart the device.",
}


@dataclass(frozen=True, slots=True)
class Gate:
    """The passkey step at linking. code: what the phone shows, too, if the page tells it."""

    until: datetime | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the page. connected: the socket was up within the last few seconds. limits: None = not told.
    takes: bytes of a file that the page takes, by kind, of those that it tells.

    missing: without these nothing is sent; lacks: without these something else is not done.

    progress: how far its first sync is, in a form of its own; only that it changes says something.
    registered: the page holds the keys of a link, None if it does not say.
    dead: the page holds a QR text that no phone can use any more. checkpoint: WhatsApp's name of what it wants
    the account proved by. dialog: a box has stood for a while that wabox does not answer.
    """

    missing: tuple[str, ...]
    lacks: tuple[str, ...]
    patches: Mapping[str, str]
    page_version: str
    wajs_version: str
    authenticated: bool
    full: bool
    mode: str | None
    info: str | None
    socket: str | None
    connected: bool
    synced: bool
    registered: bool | None
    qr: str | None
    qr_at: datetime | None
    qr_until: datetime | None
    dead: bool
    phone: str | None
    pushname: str | None
    progress: str | None
    gate: Gate | None
    checkpoint: str | None
    dialog: bool
    pressable: bool
    limits: Limits | None
    takes: Mapping[str, int]


def seen(raw: Any) -> Seen:
    """The shim's status as data; whatever is no status says nothing and claims nothing."""
    data = raw if isinstance(raw, dict) else {}
    versions = data.get("versions") if isinstance(data.get("versions"), dict) else {}
    return Seen(
        missing=_names(data.get("missing")),
        lacks=_names(data.get("lacks")),
        patches=_patches(data.get("patches")),
        page_version=str((versions or {}).get("page", "unknown"))[:40],
        wajs_version=str((versions or {}).get("wajs", "unknown"))[:40],
        authenticated=data.get("authenticated") is True,
        full=data.get("full") is True,
        mode=_text(data.get("mode")),
        info=_text(data.get("info")),
        socket=_text(data.get("socket")),
        connected=data.get("connected") is True,
        synced=data.get("synced") is True,
        registered=held if isinstance(held := data.get("registered"), bool) else None,
        qr=_text(data.get("qr")),
        qr_at=moment(data.get("qrAt")),
        qr_until=_end(data.get("qrAt"), data.get("qrMs")),
        dead=data.get("dead") is True,
        phone=digits(data.get("phone")),
        pushname=_text(data.get("pushname")),
        progress=_text(data.get("progress")),
        gate=_gate(data.get("gate")),
        checkpoint=(_text(data.get("checkpoint")) or "")[:40] or None,
        dialog=isinstance(data.get("dialog"), dict),
        pressable=isinstance(data.get("dialog"), dict) and data["dialog"].get("button") is True,
        limits=limits(data.get("limits")),
        takes=_takes(data.get("takes")),
    )


def judge(device_id: int, session: int, look: Seen, *, linked_before: bool, phone: str | None) -> Link:
    """The device's state as this look shows it.

    linked_before: the profile held a link when the page was opened. phone: digits of that link.
    A QR on a profile with a link is for the caller to judge: it is `qr` here. A page that does not say whose it is
    is not ready: nothing goes from a number that nobody knows.
    """
    phone = look.phone or phone
    stop = _stop(look)
    if stop is not None:
        gate = look.gate if stop[0] == "passkey_required" else None
        until, compare = (gate.until, gate.code) if gate else (None, None)
        return Link(
            device_id, session, "disconnected", stop[0], stop[1], phone=phone, until=until, compare=compare
        )
    if not look.authenticated:
        if look.qr is not None or look.dead:
            return Link(device_id, session, "qr", qr=look.qr, qr_at=look.qr_at, qr_until=look.qr_until)
        return Link(device_id, session, "starting", back(linked_before), phone=phone)
    if phone is None or not (look.mode == "MAIN" and look.connected and look.full):
        if look.dialog and look.connected:
            return Link(device_id, session, "disconnected", "action_required", phone=phone)
        return Link(device_id, session, "starting", back(linked_before), phone=phone, pushname=look.pushname)
    state: LinkState = "ready"
    return Link(
        device_id,
        session,
        state,
        "action_required" if look.dialog else None,
        phone=phone,
        pushname=look.pushname,
        synced=look.synced,
        limits=look.limits,
    )


def back(linked_before: bool) -> Detail | None:  # noqa: FBT001
    """What `starting` means for this device."""
    return "reconnecting" if linked_before else None


def moment(epoch_ms: Any) -> datetime | None:
    """Epoch milliseconds as aware UTC; None if it is no moment."""
    if not isinstance(epoch_ms, int | float) or not 0 < epoch_ms < 4e12:
        return None
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)


def limits(raw: Any) -> Limits | None:
    """What the page tells of the account's limits; None if it is not told, or not well-formed."""
    if not isinstance(raw, dict):
        return None
    return Limits(_timelock(raw.get("timelock")), _new_chats(raw.get("newChats")))


def _timelock(raw: Any) -> Timelock | None:
    if not isinstance(raw, dict):
        return None
    return Timelock((_text(raw.get("type")) or "DEFAULT")[:64], moment(raw.get("until")))


def _new_chats(raw: Any) -> NewChats | None:
    if not isinstance(raw, dict):
        return None
    used, total, status = raw.get("used"), raw.get("total"), raw.get("status")
    if not (isinstance(used, int) and isinstance(total, int) and 0 <= used < 2**53 and 0 < total < 2**53):
        return None
    known = status if status in get_args(QuotaStatus) else "none"
    return NewChats(cast("QuotaStatus", known), used, total, moment(raw.get("until")))


def _gate(raw: Any) -> Gate | None:
    if not isinstance(raw, dict):
        return None
    code = raw.get("code")
    good = isinstance(code, str) and re.fullmatch(r"[0-9A-Za-z -]{4,16}", code)
    return Gate(moment(raw.get("until")), code if good else None)


def _end(begin: Any, lasting_ms: Any) -> datetime | None:
    if not isinstance(begin, int | float) or not isinstance(lasting_ms, int | float):
        return None
    return moment(begin + lasting_ms)


def digits(value: Any) -> str | None:
    """A phone as the page names it, if it is digits only."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        return value
    return None


def _stop(look: Seen) -> tuple[Detail, str | None] | None:
    """What keeps this page from working, whatever else it shows."""
    if look.missing:
        return "engine_incompatible", (
            f"WhatsApp Web {look.page_version} lacks {', '.join(look.missing)}, which wa-js "
            f"{look.wajs_version} needs. Nothing is sent; wabox looks again every few minutes."
        )
    if "CONFLICT" in (look.mode, look.info, look.socket):
        return "conflict", ("WhatsApp Web is open elsewhere with this link. Close it there, then restart here.")
    if look.gate is not None:
        return "passkey_required", None
    if look.authenticated and look.checkpoint is not None:
        return "checkpoint", None
    if look.mode in _BLOCKED:
        return "page_failed", _BLOCKED[look.mode]
    return None


def _names(raw: Any) -> tuple[str, ...]:
    return tuple(str(name)[:80] for name in raw[:60]) if isinstance(raw, list) else ()


def _patches(raw: Any) -> dict[str, str]:
    known = raw if isinstance(raw, dict) else {}
    return {name: str(known[name])[:20] for name in patches.NAMES if name in known}


def _takes(raw: Any) -> dict[str, int]:
    known = raw if isinstance(raw, dict) else {}
    sizes = {kind: known.get(kind) for kind in ("image", "video", "audio", "document")}
    return {kind: int(size) for kind, size in sizes.items() if isinstance(size, int | float) and 0 < size < 2**53}


def _text(value: Any) -> str | None:
    return value[:2000] if isinstance(value, str) and value else None
