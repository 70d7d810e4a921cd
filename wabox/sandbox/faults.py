"""What can be made to go wrong, and what each fault does.

| fault | value | effect |
|---|---|---|
| `ack_ms` | ms | the server's answer to a message comes that late (50) |
| `deliver_ms` | ms or null | from that answer to "delivered" (300); null = never |
| `read_ms` | ms or null | from "delivered" to "read" (1000); null = never |
| `send_error` | switch or an `ERROR_…` name | the server refuses messages: ack -1, that result |
| `drop_ack` | switch | the server takes a message, its answer is lost; receipts still come |
| `blackhole` | switch | the server never sees a message; the page waits |
| `exists_error` | switch | asking whether a number is on WhatsApp fails |
| `not_on_whatsapp` | phones | these numbers are not on WhatsApp either |
| `module_wave_ms` | ms | most of the page's modules arrive that late (next load) |
| `missing_exports` | `["WAWebX.member"]` | the page lacks these members (next load) |
| `slow_load_ms` | ms | the page itself is answered that late |
| `restricted_until` | time or null | WhatsApp limits the linked accounts until then: sends are refused |
| `passkey_gate` | bool | linking stops at the passkey question until this is false again |
| `lid_accounts` | bool | accounts are moved to LIDs: chats are `…@lid` (next link or load) |
| `conflict` | bool | linked pages show "use here" and cannot send |
| `offline` | bool | the servers are away: sockets are dropped and refused |
| `ref_ms` | ms | a QR's life (20000) |
| `qr_idle_after` | count | after that many QRs the page waits for a click; 0 = never |

A switch is true, false, or a count: that many of the next messages or questions only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from wabox.errors import Invalid

MAX_MS = 3_600_000
SEND_ERRORS = ("ERROR_NETWORK", "ERROR_EXPIRED", "ERROR_CANCELLED", "ERROR_UPLOAD", "ERROR_UNKNOWN")
Switch = bool | int


class Faults(msgspec.Struct, kw_only=True):
    """The faults in force; the defaults are a healthy WhatsApp. restricted_until: epoch seconds."""

    ack_ms: int = 50
    deliver_ms: int | None = 300
    read_ms: int | None = 1000
    send_error: Switch | str = False
    drop_ack: Switch = False
    blackhole: Switch = False
    exists_error: Switch = False
    not_on_whatsapp: list[str] = msgspec.field(default_factory=list)
    module_wave_ms: int = 0
    missing_exports: list[str] = msgspec.field(default_factory=list)
    slow_load_ms: int = 0
    restricted_until: int | None = None
    passkey_gate: bool = False
    lid_accounts: bool = False
    conflict: bool = False
    offline: bool = False
    ref_ms: int = 20_000
    qr_idle_after: int = 0

    def strikes(self, name: str) -> bool:
        """Whether this switch is on now; a counted one is used up by one."""
        value = getattr(self, name)
        if value is True or isinstance(value, str):
            return True
        if value is False or value <= 0:
            return False
        setattr(self, name, value - 1 or False)
        return True

    def shown(self) -> dict[str, Any]:
        """The faults as the control API shows them: every name, times as UTC text."""
        shown: dict[str, Any] = msgspec.to_builtins(self)
        if self.restricted_until is not None:
            shown["restricted_until"] = datetime.fromtimestamp(self.restricted_until, UTC).isoformat()
        return shown


def _bad(allowed: str) -> Invalid:
    return Invalid("invalid_fault", allowed)


def _milliseconds(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MAX_MS:
        raise _bad(f"Give milliseconds as a whole number from 0 to {MAX_MS}.")
    return value


def _maybe_milliseconds(value: Any) -> int | None:
    return None if value is None else _milliseconds(value)


def _ref_milliseconds(value: Any) -> int:
    if _milliseconds(value) < 500:
        raise _bad(f"Give milliseconds as a whole number from 500 to {MAX_MS}.")
    return int(value)


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 1_000_000:
        raise _bad("Give a whole number from 0 to 1000000.")
    return value


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise _bad("Give true or false.")
    return value


def _switch(value: Any) -> Switch:
    if type(value) is bool:
        return value
    if type(value) is int and 0 <= value <= 1_000_000:
        return value or False
    raise _bad("Give true, false, or how many of the next ones it shall strike.")


def _send_error(value: Any) -> Switch | str:
    if isinstance(value, str):
        if value not in SEND_ERRORS:
            raise _bad(f"Give true, false, a count, or one of {', '.join(SEND_ERRORS)}.")
        return value
    return _switch(value)


def _phones(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise _bad("Give a list of phone numbers.")
    return [clean_phone(each) for each in value]


def _exports(value: Any) -> list[str]:
    pattern = re.compile(r"[A-Za-z][\w-]*(\.[A-Za-z_$][\w$]*)+")
    good = isinstance(value, list) and all(isinstance(each, str) and pattern.fullmatch(each) for each in value)
    if not good:
        raise _bad('Give a list of members, each as "WAWebModule.member".')
    return list(value)


def _time(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) in (int, float) and 0 <= value < 2**40:
        return int(value)
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return int(moment.timestamp())
    except (TypeError, ValueError, OverflowError):
        pass
    raise _bad("Give a time with its offset, as 2030-01-31T12:00:00+00:00, or null.")


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "ack_ms": _milliseconds,
    "deliver_ms": _maybe_milliseconds,
    "read_ms": _maybe_milliseconds,
    "send_error": _send_error,
    "drop_ack": _switch,
    "blackhole": _switch,
    "exists_error": _switch,
    "not_on_whatsapp": _phones,
    "module_wave_ms": _milliseconds,
    "missing_exports": _exports,
    "slow_load_ms": _milliseconds,
    "restricted_until": _time,
    "passkey_gate": _flag,
    "lid_accounts": _flag,
    "conflict": _flag,
    "offline": _flag,
    "ref_ms": _ref_milliseconds,
    "qr_idle_after": _count,
}


def changed(faults: Faults, wanted: Mapping[str, Any]) -> Faults:
    """These faults with the named ones set, all or nothing. Raises Invalid naming each bad one."""
    read: dict[str, Any] = {}
    details: dict[str, str] = {}
    for name, value in wanted.items():
        if name not in _READERS:
            details[name] = f"There is no such fault. Known: {', '.join(_READERS)}."
            continue
        try:
            read[name] = _READERS[name](value)
        except Invalid as refusal:
            details[name] = refusal.sentence
    if details:
        raise Invalid("invalid_fault", "Mend the faults named in details.", details=details)
    return msgspec.structs.replace(faults, **read)


def clean_phone(value: Any) -> str:
    """The phone as 7 to 15 digits; a leading + and spaces or dashes are dropped. Raises Invalid."""
    digits = re.sub(r"[\s()-]", "", value).removeprefix("+") if isinstance(value, str) else ""
    if not re.fullmatch(r"[0-9]{7,15}", digits):
        raise Invalid("invalid_phone", "Give a phone number as text: 7 to 15 digits, country first.")
    return digits
