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
| `timelock` | object or null | `{type, until}`: nobody new may be written to until then, cold sends are refused |
| `timelock_silent` | bool | the same, and no page is told; one that asks hears of `timelock`, if that is set |
| `capping` | object or null | so many new chats a cycle: `{total, used, cycle_start, cycle_end}`, and maybe \
`status`, `mv`, `ote`; `used` grows, warns at a half and at four fifths; total -1 = no cap |
| `nack` | `{code: 463 or "capped", chats: "cold" or "all"}` or null | the server refuses these with that code |
| `blocked_by_me` | phones | the linked accounts have blocked them: sending to them rejects |
| `exists_rate` | count | more questions a minute are answered with 429; 0 = any number |
| `exists_lies` | switch | a number that is on WhatsApp is said not to be |
| `passkey_gate` | bool or `web` | linking stops at the passkey screen until false again, 10 minutes at most |
| `checkpoint` | `passkey`, `captcha`, `left_behind` or null | linked pages are to prove their account; or \
have done so, and still keep that they must |
| `dialogs` | `[{role, text, button, link, unlink_after_ms}]` | boxes on linked pages; not answered in time, \
it unlinks |
| `locale` | `en` or `bn` | the page's language (next load) |
| `qr_rotations` | count | after so many QRs none comes, the last one stays, dead (6); 0 = never |
| `refresh_qr` | `launch_socket`, `cmd` or `none` | where the page has the call for new QRs (next load) |
| `lid_accounts` | bool | accounts are moved to LIDs: chats are `…@lid` (next link or load) |
| `conflict` | bool | linked pages show "use here" and cannot send |
| `offline` | bool | the servers are away: sockets are dropped and refused |
| `ref_ms` | ms | a QR's life (20000) |
| `logout_reason` | one of WhatsApp's 33 names or null | the linked pages are logged out with it, at once, and \
by each removal from then on |
| `logout_keeps` | bool | a page that is logged out keeps its link: it is linked again when it is loaded |
| `qr_blink_ms` | ms | a linked page shows a QR that long when it is loaded, and says that it holds no link |
| `pair_code_revokes` | bool or `any` | a pairing code for a linked number takes that link away; any: every link |
| `reload_revokes` | bool | a linked device whose page is loaded anew is logged out |
| `unlink_untold` | bool | pages are not told that a phone has removed them |
| `needs_phone` | bool | what a linked device sends while its phone is off goes nowhere |
| `idle_logout_days` | days | a linked device that was away for longer is logged out; 0 = never |
| `qr_idle_after` | count | after that many QRs the page waits for a click; 0 = never |
| `late_nack_ms` | ms or null | that long after its ack 1 a message is refused all the same: ack -1 |
| `ack5` | bool | a message to oneself gets ack 5 and nothing after it |
| `ack_skip` | bool | "read" comes without "delivered" before it |
| `late_receipts` | bool | receipts after ack 1 wait until the page connects anew |
| `offline_withheld` | bool | what came while a linked device was away is not handed to it afterwards |
| `forgets` | bool | a page that is loaded knows none of its older messages (next load) |
| `vanish_ms` | ms or null | in a chat where messages vanish each is gone that long after; null: after its day |
| `receipts` | `{shuffle, repeat, batch, as}` | last first, so many times more, many ids in one, by "lid" |
| `reload_after_link_ms` | ms or null | a page loads itself anew that long after it was linked (300000) |
| `reload_every_ms` | ms or null | a linked page loads itself anew so often |
| `sync` | `{seconds, stall_at}` | catching up takes so long, in steps; it stops at that percentage |
| `sync_end` | one of the 33 names or null | at the end of `sync` the page logs itself out with it |
| `dead_channel` | bool | pages that are open look connected, and nothing passes until each is loaded anew |
| `storm` | `{every_ms, down_ms}` | the servers go away again and again |
| `leak_mb_per_hour` | count | linked pages take ever more memory (next session) |
| `send_seen` | bool | the page marks a chat read when it sends there, as the real one does (true) |
| `enter_ms` | ms | a message enters the page's store that late |
| `second_add` | "throw" or null | adding a message under an id that is in the store throws |
| `upload_ms` | ms | the server takes a file's bytes that late |
| `upload_error` | switch | the server does not take a file's bytes: ack -1, ERROR_UPLOAD |
| `upload_stuck` | switch, `worker` or `preparing` | an upload never ends; worker: it and all that is sent behind \
it wait, unless the page is told not to upload in a worker; preparing: the page never gets as far as the upload |
| `revoke_lost` | switch | a deletion for everyone is not done, though the page says OK |
| `react_lost` | switch | an emoji put to a message is refused |
| `edit_lost` | switch | a changed text is not taken, though the page says nothing |
| `media_expired` | switch or `hang` | WhatsApp does not have the files that people sent any more; hang: it never \
says so |
| `media_entry` | `early` or `late` | a file's message enters the page's store before or after its upload |
| `duplicate_ids` | "deliver" or null | a second hand-over under the same id is delivered, too |
| `lazy_exports` | modules | these are in the map and throw when first asked for (next load) |
| `registered_not_requirable` | modules | these are in the map and always throw (next load) |
| `service_worker` | "required" or null | the page needs its service worker to start (next load) |
| `lid_unknown` | phones | linked pages do not know whose LID these people write with |
| `hidden_number` | phones | the same, for people who hide the number; taken off the list, it becomes known |
| `username_only` | phones | the same, and they have a username |
| `edit` | `{after_ms, text}` or null | what people write is changed to that text so much later |
| `auto_reply_ms` | ms or null | whoever gets a message is a business and answers by itself so soon |
| `ciphertext_ms` | ms or null | what people write cannot be read for so long |
| `skew_s` | seconds | WhatsApp's clock is so much ahead, in the times of messages and of its answers |

A switch is true, false, or a count: that many of the next messages or questions only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar, cast

import msgspec

from wabox.errors import Invalid
from wabox.sandbox.logouts import LOGOUT_REASONS

MAX_MS = 3_600_000
SEND_ERRORS = ("ERROR_NETWORK", "ERROR_EXPIRED", "ERROR_CANCELLED", "ERROR_UPLOAD", "ERROR_UNKNOWN")
QUOTA_STATUSES = ("NONE", "FIRST_WARNING", "SECOND_WARNING", "CAPPED")
Switch = bool | int
Shape = TypeVar("Shape", bound=msgspec.Struct)


class Timelock(msgspec.Struct):
    """Nobody new may be written to. type: WhatsApp's name of it. until: epoch seconds, None = it does not say."""

    type: str
    until: int | None


class Capping(msgspec.Struct):
    """So many new chats in a cycle. Times are epoch seconds. status None: as `used` says."""

    total: int
    used: int
    cycle_start: int
    cycle_end: int
    status: str | None = None
    mv: str = "NOT_ELIGIBLE"
    ote: str = "NOT_ELIGIBLE"


class Nack(msgspec.Struct):
    """The server refuses with this code: what is cold, or everything."""

    code: Literal["463", "capped"]
    chats: Literal["cold", "all"]


class Receipts(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename={"by": "as"}):
    """How receipts come. repeat: so many times more; by: what names the person, phone or lid."""

    shuffle: bool = False
    repeat: Annotated[int, msgspec.Meta(ge=0, le=5)] = 0
    batch: bool = False
    by: Literal["phone", "lid"] | None = None


class Sync(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How long catching up takes, and at which percentage it stops, if it does."""

    seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)]
    stall_at: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None


class Storm(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Every so often the servers are away for so long."""

    every_ms: Annotated[int, msgspec.Meta(ge=500, le=MAX_MS)]
    down_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_MS)]


class Edit(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What people write says this after so long."""

    after_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_MS)]
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class Faults(msgspec.Struct, kw_only=True):
    """The faults in force; the defaults are a healthy WhatsApp."""

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
    timelock: Timelock | None = None
    timelock_silent: bool = False
    capping: Capping | None = None
    nack: Nack | None = None
    blocked_by_me: list[str] = msgspec.field(default_factory=list)
    exists_rate: int = 0
    exists_lies: Switch = False
    lid_unknown: list[str] = msgspec.field(default_factory=list)
    hidden_number: list[str] = msgspec.field(default_factory=list)
    username_only: list[str] = msgspec.field(default_factory=list)
    edit: Edit | None = None
    auto_reply_ms: int | None = None
    ciphertext_ms: int | None = None
    passkey_gate: bool = False
    checkpoint: str | None = None
    dialogs: list[dict[str, Any]] = msgspec.field(default_factory=list)
    locale: str = "en"
    qr_rotations: int = 6
    refresh_qr: str = "launch_socket"
    lid_accounts: bool = False
    conflict: bool = False
    offline: bool = False
    ref_ms: int = 20_000
    qr_idle_after: int = 0
    late_nack_ms: int | None = None
    ack5: bool = False
    ack_skip: bool = False
    late_receipts: bool = False
    offline_withheld: bool = False
    forgets: bool = False
    vanish_ms: int | None = None
    receipts: Receipts = msgspec.field(default_factory=Receipts)
    reload_after_link_ms: int | None = 300_000
    reload_every_ms: int | None = None
    sync: Sync | None = None
    sync_end: str | None = None
    dead_channel: bool = False
    storm: Storm | None = None
    send_seen: bool = True
    enter_ms: int = 0
    second_add: str | None = None
    upload_ms: int = 0
    upload_error: Switch = False
    upload_stuck: Switch | str = False
    media_entry: str = "early"
    media_expired: Switch | str = False
    revoke_lost: Switch = False
    react_lost: Switch = False
    edit_lost: Switch = False
    duplicate_ids: str | None = None
    lazy_exports: list[str] = msgspec.field(default_factory=list)
    registered_not_requirable: list[str] = msgspec.field(default_factory=list)
    service_worker: str | None = None
    leak_mb_per_hour: int = 0
    skew_s: int = 0
    logout_reason: str | None = None
    logout_keeps: bool = False
    qr_blink_ms: int = 0
    pair_code_revokes: bool | str = False
    reload_revokes: bool = False
    unlink_untold: bool = False
    needs_phone: bool = False
    idle_logout_days: int = 0

    def strikes(self, name: str) -> bool:
        """Whether this switch is on now; a counted one is used up by one."""
        value = getattr(self, name)
        if value is True or isinstance(value, str):
            return True
        if value is False or value <= 0:
            return False
        setattr(self, name, value - 1 or False)
        return True

    def hides(self, phone: str) -> bool:
        """Whether pages do not know whose LID this person's is."""
        return phone in self.lid_unknown or phone in self.hidden_number or phone in self.username_only

    def shown(self) -> dict[str, Any]:
        """The faults as the control API shows them: every name, times as UTC text."""
        shown: dict[str, Any] = msgspec.to_builtins(self)
        if self.timelock is not None:
            shown["timelock"] = {"type": self.timelock.type, "until": _shown(self.timelock.until)}
        if self.capping is not None:
            ends = {name: _shown(shown["capping"][name]) for name in ("cycle_start", "cycle_end")}
            shown["capping"] = {**shown["capping"], **ends}
        return shown


def _shown(epoch: int | None) -> str | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC).isoformat()


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


def _gate(value: Any) -> bool:
    return True if value == "web" else _flag(value)


def _revokes(value: Any) -> bool | str:
    return "any" if value == "any" else _flag(value)


def _checkpoint(value: Any) -> str | None:
    if value not in (None, "passkey", "captcha", "left_behind"):
        raise _bad("Give passkey, captcha, left_behind or null.")
    return cast("str | None", value)


def _locale(value: Any) -> str:
    if value not in ("en", "bn"):
        raise _bad("Give en or bn.")
    return str(value)


def _refresh(value: Any) -> str:
    if value not in ("launch_socket", "cmd", "none"):
        raise _bad("Give launch_socket, cmd or none.")
    return str(value)


class Box(msgspec.Struct, forbid_unknown_fields=True):
    """A box on linked pages. button: one name, several, or none. link: where its text leads."""

    text: str
    role: Literal["dialog", "alertdialog", "alert", "status"] = "dialog"
    button: str | list[str] | None = None
    link: str | None = None
    unlink_after_ms: int | None = None


def _dialogs(value: Any) -> list[dict[str, Any]]:
    try:
        boxes = msgspec.convert(value, list[Box])
    except msgspec.ValidationError as wrong:
        raise _bad(f"Give a list of {{role, text, button, link, unlink_after_ms}}: {wrong}.") from None
    for box in boxes:
        _maybe_milliseconds(box.unlink_after_ms)
    return [msgspec.to_builtins(box) for box in boxes]


def _switch(value: Any) -> Switch:
    if type(value) is bool:
        return value
    if type(value) is int and 0 <= value <= 1_000_000:
        return value or False
    raise _bad("Give true, false, or how many of the next ones it shall strike.")


def _stuck(value: Any) -> Switch | str:
    return str(value) if value in ("worker", "preparing") else _switch(value)


def _expired(value: Any) -> Switch | str:
    return "hang" if value == "hang" else _switch(value)


def _entry(value: Any) -> str:
    if value not in ("early", "late"):
        raise _bad("Give early or late.")
    return str(value)


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


def _members(value: Any, needed: set[str], allowed: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or not needed <= set(value) <= needed | allowed:
        more = f", and maybe {', '.join(sorted(allowed))}" if allowed else ""
        raise _bad(f"Give an object with {', '.join(sorted(needed))}{more}, or null.")
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z][A-Z_]{0,63}", value):
        raise _bad("Give a name of capital letters, as WEB_COMPANION_ONLY.")
    return value


def _timelock(value: Any) -> Timelock | None:
    if value is None:
        return None
    read = _members(value, {"type", "until"}, set())
    return Timelock(_word(read["type"]), _time(read["until"]))


def _capping(value: Any) -> Capping | None:
    if value is None:
        return None
    read = _members(value, {"total", "used", "cycle_start", "cycle_end"}, {"status", "mv", "ote"})
    start, end = _time(read["cycle_start"]), _time(read["cycle_end"])
    if start is None or end is None or start >= end:
        raise _bad("Give a cycle that starts before it ends, each as 2030-01-31T12:00:00+00:00.")
    total = read["total"] if type(read["total"]) is int and read["total"] == -1 else _count(read["total"])
    status = read.get("status")
    if status is not None and status not in QUOTA_STATUSES:
        raise _bad(f"Give one of {', '.join(QUOTA_STATUSES)} as status.")
    named = {name: _word(read[name]) for name in ("mv", "ote") if name in read}
    return Capping(total, _count(read["used"]), start, end, status, **named)


def _nack(value: Any) -> Nack | None:
    if value is None:
        return None
    read = _members(value, {"code", "chats"}, set())
    codes: dict[str, Literal["463", "capped"]] = {"463": "463", "capped": "capped"}
    code = codes.get(str(read["code"]))
    if code is None or read["chats"] not in ("cold", "all"):
        raise _bad('Give 463 or "capped" as code, and "cold" or "all" as chats.')
    return Nack(code, read["chats"])


def _shaped(kind: type[Shape]) -> Callable[[Any], Shape]:
    def read(value: Any) -> Shape:
        try:
            return msgspec.convert({} if value is None else value, kind)
        except msgspec.ValidationError as error:
            raise _bad(f"Give some of {', '.join(kind.__struct_encode_fields__)}: {error}") from None

    return read


def _maybe(read: Callable[[Any], Shape]) -> Callable[[Any], Shape | None]:
    return lambda value: None if value is None else read(value)


def _only(word: str) -> Callable[[Any], str | None]:
    def read(value: Any) -> str | None:
        if value in (word, None):
            return value  # type: ignore[no-any-return]
        raise _bad(f'Give "{word}" or null.')

    return read


def _modules(value: Any) -> list[str]:
    pattern = re.compile(r"[A-Za-z][\w-]*")
    if not isinstance(value, list) or not all(isinstance(one, str) and pattern.fullmatch(one) for one in value):
        raise _bad("Give a list of modules' names.")
    return list(value)


def _seconds(value: Any) -> int:
    if type(value) is not int or not -(10**7) <= value <= 10**7:
        raise _bad("Give seconds as a whole number.")
    return value


def _pause(value: Any) -> int | None:
    if value is not None and _milliseconds(value) < 500:
        raise _bad(f"Give milliseconds as a whole number from 500 to {MAX_MS}, or null.")
    return None if value is None else int(value)


def _logout_reason(value: Any) -> str | None:
    if value is not None and value not in LOGOUT_REASONS:
        raise _bad(f"Give null or one of {', '.join(LOGOUT_REASONS)}.")
    return None if value is None else str(value)


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
    "timelock": _timelock,
    "timelock_silent": _flag,
    "capping": _capping,
    "nack": _nack,
    "blocked_by_me": _phones,
    "exists_rate": _count,
    "exists_lies": _switch,
    "lid_unknown": _phones,
    "hidden_number": _phones,
    "username_only": _phones,
    "edit": _maybe(_shaped(Edit)),
    "auto_reply_ms": _maybe_milliseconds,
    "ciphertext_ms": _maybe_milliseconds,
    "passkey_gate": _gate,
    "checkpoint": _checkpoint,
    "dialogs": _dialogs,
    "locale": _locale,
    "qr_rotations": _count,
    "refresh_qr": _refresh,
    "lid_accounts": _flag,
    "conflict": _flag,
    "offline": _flag,
    "ref_ms": _ref_milliseconds,
    "qr_idle_after": _count,
    "late_nack_ms": _maybe_milliseconds,
    "ack5": _flag,
    "ack_skip": _flag,
    "late_receipts": _flag,
    "offline_withheld": _flag,
    "forgets": _flag,
    "vanish_ms": _maybe_milliseconds,
    "receipts": _shaped(Receipts),
    "reload_after_link_ms": _pause,
    "reload_every_ms": _pause,
    "sync": _maybe(_shaped(Sync)),
    "sync_end": _logout_reason,
    "dead_channel": _flag,
    "storm": _maybe(_shaped(Storm)),
    "leak_mb_per_hour": _count,
    "send_seen": _flag,
    "enter_ms": _milliseconds,
    "second_add": _only("throw"),
    "upload_ms": _milliseconds,
    "upload_error": _switch,
    "upload_stuck": _stuck,
    "media_entry": _entry,
    "media_expired": _expired,
    "revoke_lost": _switch,
    "react_lost": _switch,
    "edit_lost": _switch,
    "duplicate_ids": _only("deliver"),
    "lazy_exports": _modules,
    "registered_not_requirable": _modules,
    "service_worker": _only("required"),
    "skew_s": _seconds,
    "logout_reason": _logout_reason,
    "logout_keeps": _flag,
    "qr_blink_ms": _milliseconds,
    "pair_code_revokes": _revokes,
    "reload_revokes": _flag,
    "unlink_untold": _flag,
    "needs_phone": _flag,
    "idle_logout_days": _count,
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
