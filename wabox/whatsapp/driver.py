"""What the engine needs from WhatsApp, as a protocol and plain data; no browser here.

Each session has a number, given by whoever opens it, and every event carries the number of its session. What a
page shows (Link, Pairing) counts only while its session is the one that is wanted: a session that was closed or
logged out may speak once more, after the next one was asked for. What happened to a message (Receipt) and what
a person wrote (Inbound) stay true whoever says so.

`whatsapp.gateway.Gateway` (real Chromium) and `whatsapp.fake.FakeDriver` (no browser) both keep
this contract, and `tests/contract` proves it on either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

LinkState = Literal["not_started", "starting", "qr", "ready", "disconnected"]

Detail = Literal[
    "reconnecting",  # linked before, the page or its network is on its way back
    "logged_out",  # the link is over: the phone removed this device, WhatsApp ended it, or logout was asked for
    "trying_again",  # WhatsApp ended the session (`reason`), the link is kept and its page opened again
    "conflict",  # WhatsApp Web is open elsewhere on this link
    "passkey_required",  # linking waits for the account's passkey until `until`; nothing disturbs the page
    "checkpoint",  # WhatsApp wants the linked account proved; nothing is sent
    "action_required",  # a box on the page wants an answer; sending goes on if the state is ready
    "engine_incompatible",  # a binding that we need is missing: nothing is sent
    "browser_missing",  # no Chromium on this machine
    "browser_failed",  # Chromium does not start or keeps dying
    "page_failed",  # the site does not load or never becomes ready
    "run_as_root",  # as root Chromium has no sandbox: refused for anything but a loopback site
    "storage_full",  # the profile cannot be written
]


@dataclass(frozen=True, slots=True)
class WaJs:
    """A wa-js that the owner installed. sha256: of its bundle."""

    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """Which session to hold open. session: its number; profile: the random directory name, never the label.

    engine: the wa-js that its page gets; None: the one that came with wabox.
    """

    device_id: int
    session: int
    profile: str
    phone: str | None  # digits of the account linked last time, None if never linked
    engine: WaJs | None = None


@dataclass(frozen=True, slots=True)
class Timelock:
    """WhatsApp lets this account write to nobody new. type: its name for that. until: None if it does not say."""

    type: str
    until: datetime | None


QuotaStatus = Literal["none", "first_warning", "second_warning", "capped"]


@dataclass(frozen=True, slots=True)
class NewChats:
    """How many people this account has begun to write to in WhatsApp's own cycle, of how many."""

    status: QuotaStatus
    used: int
    total: int
    resets_at: datetime | None

    @property
    def capped(self) -> bool:
        """Whether it may begin no more of them in this cycle."""
        return self.status == "capped"


@dataclass(frozen=True, slots=True)
class Limits:
    """What WhatsApp says that this account may not do just now; it binds cold chats only.

    timelock: None = none is in force. new_chats: None = the account has no such limit, or the page does not say.
    """

    timelock: Timelock | None = None
    new_chats: NewChats | None = None

    @property
    def capped(self) -> bool:
        """Whether its new chats of this cycle are used up."""
        return self.new_chats is not None and self.new_chats.capped

    @property
    def hold_cold(self) -> bool:
        """Whether nobody new may be written to, for whichever of the two."""
        return self.timelock is not None or self.capped


@dataclass(frozen=True, slots=True)
class Link:
    """What the page shows now; sent whenever it changes, and every new QR text is a change.

    phone: digits of the linked account. qr: the text to draw, None while no living one is there; qr_at: when the
    page made it, qr_until: when it dies. until: the detail's end, if it has one. compare: the code that the
    phone shows in the passkey step, too.
    synced: the page has caught up with WhatsApp's history and offline queue. limits: None if the page does
    not tell them. reason: WhatsApp's own name for why the link ended.
    """

    device_id: int
    session: int
    state: LinkState
    detail: Detail | None = None
    detail_text: str | None = None
    phone: str | None = None
    pushname: str | None = None
    qr: str | None = None
    synced: bool = False
    limits: Limits | None = None
    qr_at: datetime | None = None
    qr_until: datetime | None = None
    compare: str | None = None
    until: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """An acknowledgement WhatsApp gave for a message of ours.

    ack: 1 server, 2 delivered, 3 read, 4 played, -1 refused by the server, told only if no hand-over waits
    for the answer. message_id: the bare id (3EB0…). at: when the page saw it, aware UTC.
    stored: read from the page's history and not heard; a refusal there may answer an attempt before the last.
    """

    device_id: int
    session: int
    message_id: str
    chat_id: str
    ack: int
    at: datetime
    stored: bool = False


FileKind = Literal["image", "video", "audio", "voice", "document"]


@dataclass(frozen=True, slots=True)
class Attached:
    """The file of what a person wrote, as the writer tells of it: a claim, until it was downloaded.

    bytes, seconds: None if it is not told. filename: only documents have one.
    """

    kind: FileKind
    mime: str | None = None
    filename: str | None = None
    bytes: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the map, in degrees, north and east above zero; one line each for its name and address.

    An address without a name is shown as the name.
    """

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class SentCard:
    """A contact card that a person sent. name: one line, may be empty. phones: up to ten, as they stand on it.

    A number on WhatsApp and one with its country code is digits; another is left as it was written.
    """

    name: str
    phones: tuple[str, ...]


# WhatsApp's types of what people write. Source: wa-js 4.6.0, src/whatsapp/enums/MSG_TYPE.ts, seen 2026-11-28.
# The last three by us: WhatsApp calls them an image, a video or a voice note whose file nobody has but the phone;
# a location; and a video.
VIEW_ONCE, LIVE_LOCATION, GIF = "view_once", "live_location", "gif"
WRITTEN = frozenset(
    [
        "chat",
        "oversized",
        "image",
        "video",
        "ptv",
        "audio",
        "ptt",
        "document",
        "sticker",
        "sticker_pack",
        "sticker-pack",
    ]
    + ["location", "vcard", "multi_vcard", "poll_creation", "event_creation", "groups_v4_invite"]
    + ["order", "product", "payment", "hsm", "list", "list_response", "buttons_response", "template_button_reply"]
    + ["interactive", "interactive_response", "native_flow", VIEW_ONCE, LIVE_LOCATION, GIF]
)
# Nobody's words, or none of their own: the system's, what is done to another message, what cannot be read yet, and
# the frame around pictures that each come as well.
SILENT = frozenset(
    [
        "notification",
        "notification_template",
        "group_notification",
        "gp2",
        "broadcast_notification",
        "e2e_notification",
    ]
    + ["newsletter_notification", "call_log", "protocol", "ciphertext", "revoked", "debug", "status", "album"]
    + ["reaction", "reaction_enc", "poll_update", "pinned_message", "keep_in_chat", "comment", "event_response"]
)
UNKNOWN = "unknown"  # so WhatsApp calls what its page cannot show; so wabox calls all that itself cannot
WHATSAPP_ITSELF = "0"


def is_written(chat_id: str, kind: str) -> bool:
    """Whether a message of this type, come in this chat, is a person's own words, and of a type that is known."""
    return kind in WRITTEN and _is_of_one_person(chat_id)


def is_theirs(chat_id: str, kind: str) -> bool:
    """Whether it is a person's own, of whatever type; the page has told what its people do not write."""
    return kind not in SILENT and _is_of_one_person(chat_id)


def kind_told(kind: str) -> str:
    """What programs are told of a type: itself, or UNKNOWN for one that is not known here."""
    return kind if kind in WRITTEN else UNKNOWN


def _is_of_one_person(chat_id: str) -> bool:
    user, _, server = chat_id.partition("@")
    return server in ("c.us", "lid") and user != WHATSAPP_ITSELF


@dataclass(frozen=True, slots=True)
class Quoted:
    """The message that a reply quotes, as the reply has it. own: it is the account's. text: its first words."""

    message_id: str
    own: bool
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class SentPoll:
    """The answers of a poll that a person asks; its question is the text."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inbound:
    """A person wrote to the linked account, or changed what they had written: `is_theirs`, nothing else is told.

    phone: digits, None if WhatsApp hides the number. lid: digits of the hidden identity. username: without @.
    edited: the text is what the message of this id says now. business: whether the writer is a business account,
    None if the page does not say. media: the file that came with it; `text` is then its caption. place, cards:
    what it is instead of a text, if it is that. poll: its answers, `text` is then the question. quoted: what it
    answers to, if its writer chose that.
    """

    device_id: int
    session: int
    message_id: str
    chat_id: str
    phone: str | None
    name: str | None
    text: str
    kind: str  # WhatsApp's type: chat, image, ..., also one not in WRITTEN; or VIEW_ONCE, LIVE_LOCATION, GIF
    at: datetime
    lid: str | None = None
    username: str | None = None
    edited: bool = False
    business: bool | None = None
    media: Attached | None = None
    place: Place | None = None
    cards: tuple[SentCard, ...] = ()
    poll: SentPoll | None = None
    quoted: Quoted | None = None


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A person has deleted for everyone what they wrote. Told again by each sweep that finds it."""

    device_id: int
    session: int
    message_id: str
    chat_id: str


@dataclass(frozen=True, slots=True)
class Joined:
    """The page has learnt that these are one person: digits of the LID and of the phone; username if it says."""

    device_id: int
    session: int
    lid: str
    phone: str | None
    username: str | None = None


@dataclass(frozen=True, slots=True)
class PhoneUsed:
    """Something was written on the account's own phone. at: when, by WhatsApp's clock, and never after now.

    Told at most once an hour. WhatsApp unlinks what is linked to a phone that nobody uses.
    """

    device_id: int
    session: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Pairing:
    """A pairing code to type into the phone. code: 8 characters, or None with a failed `reason`."""

    device_id: int
    session: int
    code: str | None
    expires_at: datetime | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """Somebody put an emoji to a message of a talk with one person, or took it back: then it is empty.

    own: the message is one of ours. by_us: it was the account itself, here or on its phone. A reaction is no
    message: it is never read as words.
    """

    device_id: int
    session: int
    message_id: str
    chat_id: str
    own: bool
    by_us: bool
    emoji: str


Event = Link | Receipt | Inbound | Withdrawn | Joined | PhoneUsed | Pairing | Reaction
OnEvent = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Is the number on WhatsApp. `unknown` means WhatsApp did not say; ask again later.

    chat_id: where a message to it goes (phone or LID chat), only with `yes`.
    other_chat_ids: the same person's other chat ids, for the look-up after a crash.
    warm: whether WhatsApp lets a limited account write there; None if the page does not say.
    reason: why it is unknown; TOO_MANY when WhatsApp wants fewer such questions from this account.
    """

    answer: Literal["yes", "no", "unknown"]
    chat_id: str | None = None
    other_chat_ids: tuple[str, ...] = ()
    warm: bool | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """What goes with a text: bytes on this disk, and what WhatsApp is told of them.

    path: nobody changes or removes it meanwhile. filename: what the person may see of it. bytes: its size.
    """

    path: Path
    kind: FileKind
    mime: str
    filename: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Card:
    """Somebody's contact card. name: one line. phone: digits."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Poll:
    """A question with answers to choose from, a line each. many: whether one may choose several."""

    question: str
    options: tuple[str, ...]
    many: bool = False


Instead = Place | Card | Poll  # what goes instead of a text
Enclosed = File | Instead

TOO_MANY = "too_many_checks"
TIMELOCK = "timelock"  # WhatsApp lets this account begin no new chats for a time
CAPPED = "capped"  # this account has begun as many new chats as WhatsApp allows in its cycle
BLOCKED = "blocked_by_you"  # the owner of the account has blocked this person
UPLOAD_STUCK = "upload_stuck"  # the upload came to no end in its time
UPLOAD_ERROR = "upload_error"  # WhatsApp did not take the file's bytes
FILE_TOO_LARGE = "file_too_large"  # WhatsApp takes no file of this kind that is so large
FILE_GONE = "file_gone"  # the bytes are not on this disk as they were
OF_FILES = (UPLOAD_STUCK, UPLOAD_ERROR, FILE_TOO_LARGE, FILE_GONE)


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of a hand-over.

    acked: WhatsApp's server has it. refused: the server or the page said no and it is surely not
    sent (`reason`). not_entered: it never entered the page's store, surely not sent, may be tried
    again. in_doubt: it may have gone; look it up before anything else. held: WhatsApp does not let this
    account write there just now (TIMELOCK, CAPPED, BLOCKED, or another reason) until `until`, if it says until
    when: nothing was entered by this attempt.

    refused with TIMELOCK or CAPPED: no fault of the message, for WhatsApp limits the account. It may wait and
    go later; until then the page's history has it with ack -1. Where the page tells its limits, the Link that
    has them was given before the hand-over returned.

    refused with one of OF_FILES: no word on the person or the account, the message reached no server. With
    UPLOAD_STUCK the page itself said that the file is not up, and its history may have the message with ack 0.
    in_doubt with a file, or UPLOAD_STUCK: its page is loaded anew, for a page answers nothing of a second file
    under an id. in_doubt with UPLOAD_STUCK: no end of the upload was seen, and nothing proves that none came.
    """

    outcome: Literal["acked", "refused", "not_entered", "in_doubt", "held"]
    reason: str | None = None
    at: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What the page's history says of a message id.

    ack: None if it was not found, else as in Receipt (0 = stored in the page, maybe not sent).
    anchor_found: the last acknowledged message, whose id was passed along, is still there: history
    is intact.
    """

    ack: int | None
    anchor_found: bool


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What became of a download. here: the bytes lie where they were wanted, `bytes` of them.

    expired: WhatsApp does not have the file any more. too_large: it is, or says it is, larger than was wanted.
    missing: the page knows no such message, or it has no file. failed: it may be tried again.
    """

    outcome: Literal["here", "expired", "too_large", "missing", "failed"]
    bytes: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Reacted:
    """What became of a reaction of ours.

    reacted: the server took it. missing: the page knows no such message. refused: the page or the server would
    not. failed: nobody knows; it may be asked again, for the same emoji twice is one.
    """

    outcome: Literal["reacted", "missing", "refused", "failed"]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """What became of the wish that a message of ours says something else.

    edited: the page shows it so, now or before. missing: the page knows no such message. refused: the page does
    not let it be changed. failed: nobody knows; it may be asked again, for it is looked at first.
    """

    outcome: Literal["edited", "missing", "refused", "failed"]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Revoked:
    """What became of the wish to delete a message for everyone.

    revoked: the page shows it as deleted, now or before. missing: the page knows no such message. refused: the
    page would not, and will not next time. failed: nothing was seen to happen; it may be tried again, for twice
    does no harm.
    """

    outcome: Literal["revoked", "missing", "refused", "failed"]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Checkup:
    """What stands behind a link, looked at now. Versions are None where nothing is open.

    missing: bindings without which nothing is sent; lacks: those that only something else needs.
    patches: {name: off, not_needed, in_force or failed} of our own mends beside wa-js.
    takes: bytes of a file that the page itself takes, by image, video, audio, document, of those that it tells.

    reached: the site's name, once the page is there. dialog: a box waits on it, `pressable` if it has one main
    button. trouble: why the session last had to begin anew, with its time. skew: of this machine's clock before
    the site's. shown_for: how long the device's state is what it is.
    """

    browser: str | None = None
    reached: str | None = None
    page_version: str | None = None
    wajs_version: str | None = None
    missing: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    patches: Mapping[str, str] = field(default_factory=dict)
    takes: Mapping[str, int] = field(default_factory=dict)
    dialog: bool = False
    pressable: bool = False
    trouble: str | None = None
    trouble_at: datetime | None = None
    skew: timedelta | None = None
    shown_for: timedelta | None = None


class Sights(Protocol):
    """What the faces may see and do of a device's page. Blocks; raises SessionLost."""

    def checkup(self, device_id: int) -> Checkup:
        """What stands behind this device's link just now; an empty one if it is not open."""

    def picture(self, device_id: int) -> bytes:
        """The page as a PNG, for its owner only; of a linked page no chat is in it, only its dialogs."""

    def press(self, device_id: int) -> bool:
        """The main button of the dialog is pressed once, on the owner's order. False: there is no one such."""


class SessionLost(Exception):
    """The session cannot answer now: it is closed, restarting, logged out or the page hangs."""


class Driver(Protocol):
    """One WhatsApp Web session per device.

    `open` and `close` return at once; what comes of them arrives as events. `log_out` and `ask_pairing_code`
    return at once, too, with a future that is done when the order is, and fails if it could not be carried out.
    The others are called from worker threads, block, and raise SessionLost.
    Events come on the driver's own thread and must be taken without waiting.
    """

    def open(self, spec: SessionSpec) -> None:
        """Keep this session for the device from now on, restarting its browser as needed. Idempotent.

        A session of another number is closed first: to restart a device is to open it under a new number.
        A logout by the phone ends a session for good: the device stays `logged_out` until it is opened under
        another number, and then shows a fresh QR. A logout for another reason keeps the profile: the session is
        `trying_again` until its page is linked, or says for long enough that it is not.
        """

    def close(self, device_id: int) -> None:
        """Close the session; the link stays, so a later open comes back without a QR."""

    def log_out(self, spec: SessionSpec, *, forget: bool = False, anyway: bool = False) -> Future[bool]:
        """Log the linked device out at WhatsApp, opening it for that if it is closed, and close it.

        forget: also wipe its profile. anyway: give up the link on this machine even if WhatsApp cannot be
        reached; the phone then goes on listing the device. True: nothing of the link is left on this machine.
        False: WhatsApp could not be told; the profile is as it was, the session is closed, order it again.
        """

    def opened(self) -> Mapping[int, int]:
        """{device: number of the session it was opened under}, with orders under way; logged out or not.

        An order that failed leaves no trace here, so whoever gave it sees that it must be given again.
        """

    def kept(self) -> set[str]:
        """Names of the profiles that are on this machine. Reads the disk."""

    def discard(self, profiles: Collection[str], *, unused_since: datetime) -> list[str]:
        """Wipe those of these profiles, of no device, that no browser has used since then; says which."""

    def forget_ended(self, *, before: datetime, dead_before: datetime | None = None) -> list[str]:
        """Wipe the profiles whose link was taken away before then and that no session has open; says which.

        dead_before: what ended for any other reason before that is wiped, too: WhatsApp has dropped it by now.
        Until then they lie private and unopened, unless their device is opened. Blocks.
        """

    def ask_pairing_code(self, spec: SessionSpec, phone: str) -> Future[None]:
        """Ask WhatsApp for a code to link by phone number; it comes as a Pairing event, before the future is done.

        A device that is not open under this number is told so in the Pairing's `reason`.
        """

    def resolve(self, device_id: int, phone: str) -> Resolved:
        """Ask WhatsApp whether the number exists. phone: digits."""

    def hand_over(
        self, device_id: int, chat_id: str, message_id: str, text: str, enclosed: Enclosed | None = None
    ) -> Handed:
        """Give one text to WhatsApp under this id, and wait up to 30 s for the server's ack.

        enclosed: a file, of which it is the caption and may be empty; its upload has a second more for every
        64 kB. Or a place, a card or a poll, which go instead of a text: it is empty.
        SessionLost here means that the page was never asked: this attempt is surely not sent.
        """

    def look_up(
        self,
        device_id: int,
        message_id: str,
        chat_ids: tuple[str, ...],
        anchor: tuple[str, str] | None,
    ) -> LookedUp:
        """What does the page's history say of this id in any of these chats.

        anchor: (chat_id, message_id) of the device's last acknowledged message, or None. A page that may still
        end an upload of this message gives no answer: it is loaded anew, and SessionLost raised.
        """

    def download(self, device_id: int, chat_id: str, message_id: str, into: Path, most: int) -> Downloaded:
        """The file that a person sent lies at `into`, whole, if it is `here`; else nothing does.

        message_id: as in Inbound. most: bytes. Whoever calls wants no hand-over meanwhile. Raises SessionLost.
        """

    def revoke(self, device_id: int, message_id: str, chat_ids: tuple[str, ...]) -> Revoked:
        """Delete a message of ours for everyone, in whichever of these chats it is. Raises SessionLost.

        Whatever was seen or not, it may be asked again: what is deleted stays so. What was read stays read.
        """

    def react(
        self, device_id: int, message_id: str, chat_ids: tuple[str, ...], emoji: str, *, own: bool
    ) -> Reacted:
        """Put an emoji to a message, in whichever of these chats it is; an empty one takes ours back.

        own: the message is one of ours, else the person's. Raises SessionLost.
        """

    def edit(self, device_id: int, message_id: str, chat_ids: tuple[str, ...], text: str) -> Edited:
        """A text of ours says this, in whichever of these chats it is; no other message goes. Raises SessionLost.

        Whatever was seen or not, it may be asked again: one that says so already is left alone.
        """
