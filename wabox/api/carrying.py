"""What comes with a message or a campaign: a file, by id, address or in the body; or a place, or a card."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from wabox import fetching
from wabox.accounts.keys import Caller
from wabox.api import wire
from wabox.box import Box
from wabox.db import Rows, Tx
from wabox.errors import Invalid, Refusal
from wabox.media import coming, converting, intake, keeping, stored
from wabox.media.keeping import Examined
from wabox.media.kinds import MEGABYTE
from wabox.media.store import Incoming
from wabox.media.stored import Media, Origin
from wabox.messages import carrying
from wabox.messages.carrying import Carried
from wabox.messages.stored import ALONE, Enclosed
from wabox.mounting import Kept
from wabox.webhooks.lookups import Names
from wabox.webhooks.targets import Allow
from wabox.whatsapp.driver import Card, Place, Poll

AT_ONCE = 4  # fetches of all users together

Carry: TypeAlias = Callable[[Tx], Carried | None]
Line = Annotated[str, Meta(max_length=carrying.LONGEST_LINE, extra_json_schema={"pattern": wire.PLAIN_LINE})]
Named = Annotated[
    str,
    Meta(min_length=1, max_length=carrying.LONGEST_LINE, extra_json_schema={"pattern": wire.NAME_PATTERN}),
]
_NOT_TO_MANY = "A campaign sends texts and files only; send a {0} by POST /send, to each person by itself."
_NOT_STORED = "A stored text holds words and a file; send a {0} by POST /send."
NOT_TO_MANY = {one: _NOT_TO_MANY.format(one) for one in ALONE}
NOT_STORED = {one: _NOT_STORED.format(one) for one in ALONE}
_GOES_ALONE = (
    "A {0} goes alone: leave out message, template_id, variables, media, as_document, voice, {1} and {2}; "
    "send a text by itself."
)


class GivenFile(Struct, forbid_unknown_fields=True):
    """One of `id`, as POST /media answered it, `url` and `base64`. filename: its name, with the latter two.

    url: fetched before this request is answered, from public addresses and what `[webhooks] allow` lists. base64:
    as large as a body may be, one megabyte unless the box says otherwise; what is larger goes to POST /media.
    """

    id: wire.Id | None = None
    url: Annotated[str, Meta(max_length=2_000, extra_json_schema={"pattern": "^https?://"})] | None = None
    base64: Annotated[str, Meta(extra_json_schema={"contentEncoding": "base64"})] | None = None
    filename: Annotated[str, Meta(max_length=500, extra_json_schema={"pattern": wire.PLAIN_PATTERN})] | None = None


class Carries(Struct):
    """The file that goes with a message. kind: as what it is sent."""

    media_id: int
    kind: stored.Kind
    filename: str
    bytes: int


@asynccontextmanager
async def carried(
    box: Box, caller: Caller, given: GivenFile | None, *, as_document: bool, voice: bool | None
) -> AsyncIterator[Carry]:
    """What finds, or writes down, the file in the transaction of what carries it; inside the block it is there.

    Raises Invalid for what is asked wrongly, and whatever an upload raises.
    """
    if given is None:
        _check_alone(as_document, voice)
        yield lambda _: None
        return
    _check(given)

    def carry(tx: Tx, media_id: int, name: str | None = None) -> Carried:
        now, who = box.now(), caller.user.id
        with _of_media():
            return carrying.carry(tx, who, media_id, as_document=as_document, voice=voice, name=name, now=now)

    sound = await _to_convert(box, caller, given, voice)
    if given.id is not None and sound is None:
        known = given.id
        yield lambda tx: carry(tx, known)
        return
    with _of_media():
        async with _taken(box, caller, given, sound, voice=bool(voice)) as keep:
            yield lambda tx: carry(tx, *keep(tx))


async def foreseen(
    box: Box, caller: Caller, given: GivenFile | None, *, as_document: bool, voice: bool | None
) -> Callable[[Rows], Carried | None]:
    """What finds the file as `carried` would carry it; None: there is none.

    One that is not here is fetched or decoded, looked at as it would be, and gone again before this returns.
    Raises whatever `carried` would, and so does what is returned; a file that is not kept has the id 0.
    """
    if given is None:
        _check_alone(as_document, voice)
        return lambda _: None
    _check(given)
    known = given.id
    media = await _looked_at(box, caller, given) if known is None else None

    def find(rows: Rows) -> Carried:
        with _of_media():
            found = media or stored.of_user(rows, caller.user.id, known or 0)
            if voice and not as_document and converting.can(found.mime):
                return Carried(found, "voice")
            return carrying.fitting(found, as_document=as_document, voice=voice)

    return find


async def _looked_at(box: Box, caller: Caller, given: GivenFile) -> Media:
    with _of_media():
        async with _examined(box, caller, given, None, voice=False) as (examined, origin, called):
            media = await box.db.read(
                keeping.foreseen,
                caller.user.id,
                examined,
                origin=origin,
                disk_megabytes=box.config.media.disk_megabytes,
                now=box.now(),
            )
        await intake.cleared(box.db, box.media, [examined.stored_sha256])
    return media.called(called)


async def _to_convert(box: Box, caller: Caller, given: GivenFile, voice: bool | None) -> Media | None:  # noqa: FBT001
    """The user's file of this id, if it must be made a voice note first and this machine can."""
    if not voice or given.id is None:
        return None
    with _of_media():
        found = await box.db.read(stored.of_user, caller.user.id, given.id)
    return found if converting.can(found.mime) else None


@asynccontextmanager
async def _taken(
    box: Box, caller: Caller, given: GivenFile, sound: Media | None, *, voice: bool
) -> AsyncIterator[Callable[[Tx], tuple[int, str | None]]]:
    """What writes the file down: its id, and what it is called if somebody called it anything."""
    made_room = False
    async with _examined(box, caller, given, sound, voice=voice) as (examined, origin, called):

        def keep(tx: Tx) -> tuple[int, str | None]:
            nonlocal made_room
            kept = keeping.keep(
                tx,
                caller.user.id,
                examined,
                origin=origin,
                disk_megabytes=box.config.media.disk_megabytes,
                now=box.now(),
            )
            made_room = kept.made_room
            return kept.media.id, called

        yield keep
    if made_room:
        await intake.cleared(box.db, box.media)


@asynccontextmanager
async def _examined(
    box: Box, caller: Caller, given: GivenFile, sound: Media | None, *, voice: bool
) -> AsyncIterator[tuple[Examined, Origin, str | None]]:
    """The file lies in its place inside the block; where it came from, and what it is called if it is called.

    sound: what `given` names, of which a voice note is made.
    """
    limits = box.config.media
    most_bytes = limits.max_megabytes * MEGABYTE
    room = await box.db.read(coming.room_for, caller.user.id, limits.disk_megabytes, now=box.now())
    with Incoming(box.media, most_bytes=most_bytes, room=room) as incoming:
        ending = ""
        if sound is not None:
            ending = sound.filename
            await asyncio.to_thread(_copy, stored.path_of(box.media, sound.stored_sha256), incoming)
        elif given.url is not None:
            ending = await _FETCHES.of(box).fetch(given.url, incoming, caller, most_bytes)
        else:
            await asyncio.to_thread(incoming.write, _decoded(given.base64 or ""))
        name = given.filename or ending
        async with intake.taken(box.db, box.media, incoming, name, voice=voice) as examined:
            yield examined, "upload" if given.url is None else "url", examined.filename if name else None


class _Fetches:
    """What a box fetches for those who send from it."""

    def __init__(self, box: Box) -> None:
        self._allow = Allow.parse(box.config.webhooks.allow, own_port=box.config.server.port)
        self._names = Names()
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, url: str, incoming: Incoming, caller: Caller, most_bytes: int) -> str:
        """As `fetching.fetch`, some at a time."""
        async with self._slots:
            resolver = self._names.of(caller.user.id)
            return await fetching.fetch(url, incoming, most_bytes=most_bytes, allow=self._allow, resolver=resolver)


_FETCHES = Kept(_Fetches)


def anew(
    tx: Tx,
    user_id: int,
    media_id: int | None,
    *,
    as_document: bool,
    voice: bool | None,
    name: str | None,
    now: datetime,
) -> Carried:
    """The file that is carried already goes as it is said now. Raises Invalid, also where there is none."""
    if media_id is None:
        raise _alone(as_document)
    with _of_media():
        return carrying.carry(tx, user_id, media_id, as_document=as_document, voice=voice, name=name, now=now)


def on_wire(media: Media | None, kind: stored.Kind | None, name: str | None) -> Carries | None:
    """The file of a message as the API shows it. name: what that calls it; None: as it is kept."""
    if media is None or kind is None:
        return None
    return Carries(media.id, kind, name or media.filename, media.bytes)


class GivenLocation(Struct, forbid_unknown_fields=True, kw_only=True):
    """A point on the map, in degrees: north and east above zero. name, address: what stands below it."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    name: Line | None = None
    address: Line | None = None


class GivenContact(Struct, forbid_unknown_fields=True, kw_only=True):
    """Somebody's contact card."""

    name: Named
    phone: wire.Phone


class Location(Struct):
    """The point that a message is."""

    latitude: float
    longitude: float
    name: str | None
    address: str | None


class ContactCard(Struct):
    """The card that a message is. phone: digits."""

    name: str
    phone: str


class GivenPoll(Struct, forbid_unknown_fields=True, kw_only=True):
    """A question with 2 to 12 answers to choose from. many: whether one may choose several."""

    question: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=carrying.LONGEST_QUESTION,
            extra_json_schema={"pattern": wire.NAME_PATTERN},
        ),
    ]
    options: Annotated[
        list[
            Annotated[
                str,
                Meta(
                    min_length=1,
                    max_length=carrying.LONGEST_OPTION,
                    extra_json_schema={"pattern": wire.NAME_PATTERN},
                ),
            ]
        ],
        Meta(min_length=carrying.FEWEST_OPTIONS, max_length=carrying.MOST_OPTIONS),
    ]
    many: bool = False


class AskedPoll(Struct):
    """The poll that a message is. What people choose is seen on the phone only."""

    question: str
    options: list[str]
    many: bool


Instead = GivenLocation | GivenContact | GivenPoll


def enclosed(given: Mapping[str, Instead | None], *, country: str) -> Enclosed | None:
    """What the request names, checked. given: by field. Raises Invalid, its details named below that field."""
    name, one = next(((name, one) for name, one in given.items() if one is not None), ("", None))
    try:
        if isinstance(one, GivenLocation):
            return carrying.place(one.latitude, one.longitude, one.name, one.address)
        if isinstance(one, GivenPoll):
            return carrying.poll(one.question, one.options, many=one.many)
        return None if one is None else carrying.card(one.name, one.phone, country=country)
    except Refusal as refusal:
        refusal.details = {f"{name}.{field}": text for field, text in refusal.details.items()}
        raise


def check_goes_alone(given: Mapping[str, Instead | None], *, beside: bool) -> None:
    """Raises Invalid `goes_alone` for one of them with anything else. beside: whether a text or file is."""
    there = [name for name, one in given.items() if one is not None]
    if there and (beside or len(there) > 1):
        sentence = _GOES_ALONE.format(there[0], *(name for name in given if name != there[0]))
        raise Invalid("goes_alone", sentence, details={there[0]: sentence})


def location_of(enclosed: Enclosed | None) -> Location | None:
    """The message's place as the API shows it."""
    return Location(**asdict(enclosed)) if isinstance(enclosed, Place) else None


def contact_of(enclosed: Enclosed | None) -> ContactCard | None:
    """The message's card as the API shows it."""
    return ContactCard(**asdict(enclosed)) if isinstance(enclosed, Card) else None


def poll_of(enclosed: Enclosed | None) -> AskedPoll | None:
    """The message's poll as the API shows it."""
    if not isinstance(enclosed, Poll):
        return None
    return AskedPoll(enclosed.question, list(enclosed.options), enclosed.many)


def _check(given: GivenFile) -> None:
    sentence = "Give one of id, url and base64."
    if sum(one is not None for one in (given.id, given.url, given.base64)) != 1:
        raise Invalid("invalid", sentence, details={"media": sentence})
    if given.id is not None and given.filename is not None:
        sentence = "A file that is here has its name; leave it out."
        raise Invalid("invalid", sentence, details={"media.filename": sentence})


def _check_alone(as_document: bool, voice: bool | None) -> None:  # noqa: FBT001
    if as_document or voice is not None:
        raise _alone(as_document)


def _alone(as_document: bool) -> Invalid:  # noqa: FBT001
    sentence = "This says how a file goes; give media too."
    return Invalid("invalid", sentence, details={"as_document" if as_document else "voice": sentence})


def _copy(path: Path, incoming: Incoming) -> None:
    with path.open("rb") as file:
        while piece := file.read(MEGABYTE):
            incoming.write(piece)


def _decoded(text: str) -> bytes:
    head, comma, rest = text.partition(",")
    given = rest if comma and head.startswith("data:") else text
    try:
        return base64.b64decode("".join(given.split()), validate=True)  # many programs break it into lines
    except (binascii.Error, ValueError):
        sentence = "This is not base64; encode the file's bytes with it."
        raise Invalid("bad_base64", sentence, details={"media.base64": sentence}) from None


@contextmanager
def _of_media() -> Iterator[None]:
    """A refusal inside names the field `media`, unless it names one itself."""
    try:
        yield
    except Refusal as refusal:
        refusal.details = {"media" if one == "file" else one: text for one, text in refusal.details.items()}
        if not refusal.details and refusal.status in (404, 422):
            refusal.details = {"media": refusal.sentence}
        raise
