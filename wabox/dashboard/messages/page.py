"""The log of messages with its search, one message with its story, and taking back or settling it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, cast

from litestar import Response, get, post

from wabox import times
from wabox.contacts import naming, phones
from wabox.dashboard.frame.asked import address, cursor_of, typed
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.db import Rows
from wabox.devices import stored as devices
from wabox.errors import Invalid
from wabox.languages import later
from wabox.media import stored as media
from wabox.messages import deeds, editing, explaining, log, outbox, revoking, stored
from wabox.mounting import Mount
from wabox.webhooks import log as webhook_log

PER_PAGE = 30
FIELDS = ("q", "status", "device", "since", "until")


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked of the log, as it was typed."""

    q: str
    status: str
    device: str
    since: str
    until: str

    @property
    def anything(self) -> bool:
        """Whether the log is filtered at all."""
        return any(getattr(self, name) for name in FIELDS)

    def query(self, cursor: int | None = None) -> str:
        """The address of this search, for links."""
        return address(cursor, **{name: getattr(self, name) for name in FIELDS})


@dataclass(frozen=True, slots=True)
class Step:
    """A moment of a message's story."""

    icon: str
    word: str
    at: datetime | None
    done: bool


@get("/messages")
async def page(desk: Desk) -> Response[str]:
    """The log, newest first."""
    return desk.page("messages/page.html", here="messages", **await desk.box.db.read(_log, desk))


@get("/messages/live")
async def live(desk: Desk) -> Response[str]:
    """The rows of the log, as they are now."""
    return desk.page("messages/_rows.html", **await desk.box.db.read(_log, desk))


@get("/messages/{message_id:int}")
async def show(message_id: int, desk: Desk) -> Response[str]:
    """One message."""
    return desk.page("messages/show.html", here="messages", **await _message(desk, message_id))


@get("/messages/{message_id:int}/live")
async def show_live(message_id: int, desk: Desk) -> Response[str]:
    """The changing part of one message."""
    return desk.page("messages/_message.html", **await _message(desk, message_id))


@post("/messages/{message_id:int}/cancel")
async def cancel(message_id: int, desk: Desk) -> Response[str]:
    """A waiting message is taken back."""
    return desk.go(f"/messages/{message_id}", said=await cancelled(desk, message_id))


@post("/messages/{message_id:int}/revoke")
async def revoke(message_id: int, desk: Desk) -> Response[str]:
    """A message that arrived is to be deleted for everyone."""
    found = await desk.box.db.write(revoking.ask, desk.user.id, known_id(message_id), now=desk.box.now())
    return desk.go(f"/messages/{message_id}", said="revoke_asked" if found.revoked_at is None else "revoked")


@post("/messages/{message_id:int}/edit")
async def edit(message_id: int, desk: Desk) -> Response[str]:
    """A text that has just gone is to say something else."""
    text = (await desk.form()).text("message", trim=False)
    verb, known = editing.ask, known_id(message_id)
    await desk.box.db.write(verb, desk.user.id, known, text, now=desk.box.now(), ip=desk.ip)
    return desk.go(f"/messages/{message_id}", said="edit_asked")


async def cancelled(desk: Desk, message_id: int) -> str:
    """The message is taken back, or will be if it has not gone; returns what to say of it."""
    found = await desk.box.db.write(outbox.cancel_for, desk.user.id, known_id(message_id), now=desk.box.now())
    return "cancel_noted" if found.status == "sending" else "cancelled"


@post("/messages/{message_id:int}/settle")
async def settle(message_id: int, desk: Desk) -> Response[str]:
    """A person has looked on the phone."""
    verdict = (await desk.form()).text("as")
    if verdict not in ("sent", "not_sent"):
        raise Invalid("bad_verdict", later("Choose whether it went or not."))
    known = cast(Literal["sent", "not_sent"], verdict)
    await desk.box.db.write(outbox.settle, desk.user.id, known_id(message_id), known, now=desk.box.now())
    return desk.go(f"/messages/{message_id}", said="settled")


def _log(rows: Rows, desk: Desk) -> dict[str, Any]:
    query = desk.request.query_params
    search = Search(*(typed(query.get(name, "")) for name in FIELDS))
    wanted, problem = _wanted(search, desk)
    cursor = cursor_of(query.get("cursor", ""))
    found = log.page(rows, desk.user.id, wanted, per_page=PER_PAGE, cursor=cursor)
    why = explaining.explain(rows, found.messages, config=desk.box.config, now=desk.voice.now)
    moving = any(one.status in ("queued", "sending", "sent", "delivered") for one in found.messages)
    return {
        "search": search,
        "problem": problem,
        "found": found,
        "files": media.named(rows, (one.media_id for one in found.messages)),
        "named": naming.names(rows, desk.user.id, (one.phone for one in found.messages)),
        "why": why,
        "cursor": cursor,
        "devices": devices.list_of(rows, desk.user.id),
        "statuses": stored.STATUSES,
        "poll": "3s" if moving else "10s",
    }


def _wanted(search: Search, desk: Desk) -> tuple[log.Wanted, str | None]:
    """The search as the log understands it, and what of it could not be understood."""
    since, until = _day(search.since), _day(search.until)
    problem = None
    if (search.since and since is None) or (search.until and until is None):
        problem = later("That date could not be read; choose it again.")
    phone = _phone(search.q, desk.box.config.locale.country)
    status = search.status if search.status in stored.STATUSES else None
    return log.Wanted(
        status=status,
        phone=phone,
        device_label=search.device or None,
        since=times.day_start(since, desk.voice.zone) if since else None,
        until=times.day_start(until + timedelta(days=1), desk.voice.zone) if until else None,
        text=search.q if search.q and phone is None else None,
    ), problem


def _phone(text: str, country: str) -> str | None:
    """The digits, if it reads like a phone number rather than like words."""
    if not text or any(one.isalpha() for one in text):
        return None
    try:
        return phones.parse(text, country=country).digits
    except Invalid:
        return None


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1970 <= found.year <= 9000 else None


async def _message(desk: Desk, message_id: int) -> dict[str, Any]:
    return await desk.box.db.read(_one, desk, known_id(message_id))


def _one(rows: Rows, desk: Desk, message_id: int) -> dict[str, Any]:
    found = stored.of_user(rows, desk.user.id, message_id)
    why = explaining.explain(rows, [found], config=desk.box.config, now=desk.voice.now).get(found.id)
    changing = found.revoke_due_at is not None or found.edit_due_at is not None
    return {
        "message": found,
        "file": media.named(rows, [found.media_id]).get(found.media_id or 0),
        "named": naming.names(rows, desk.user.id, [found.phone]),
        "to_itself": any(one.phone == found.phone for one in devices.list_of(rows, desk.user.id)),
        "why": why or explaining.Waiting(),
        "steps": _steps(found),
        "told": webhook_log.page(rows, desk.user.id, limit=20, message_id=found.id),
        "poll": "2s" if found.status in stored.OPEN or changing else "5s",
        "settled": found.status not in (*stored.OPEN, "sent", "delivered") and not changing,
        "revocable": _is_revocable(rows, found, desk.voice.now),
        "not_revoked": revoking.said(found.revoke_error),
        "editable": editing.may(rows, found, now=desk.voice.now),
        "not_edited": editing.said(found.edit_error),
    }


def _is_revocable(rows: Rows, message: stored.Message, now: datetime) -> bool:
    there = message.status in stored.REACHED and message.revoked_at is None and message.revoke_due_at is None
    return there and deeds.hindrance(rows, deeds.REVOKE, message, now=now) is None


def _steps(message: stored.Message) -> list[Step]:
    steps = [Step("clock", later("Accepted"), message.queued_at, done=True)]
    if message.handed_at is not None:
        steps.append(Step("send", later("Handed to WhatsApp"), message.handed_at, done=True))
    reached = (("tick", later("Sent"), message.sent_at), ("ticks", later("Delivered"), message.delivered_at))
    ended = message.status in ("failed", "skipped", "cancelled", "unknown")
    for icon, word, at in (*reached, ("eye", later("Read"), message.read_at)):
        if at is not None or not ended:
            steps.append(Step(icon, word, at, done=at is not None))
    if message.edited_at is not None:
        steps.append(Step("pencil", later("Text changed"), message.edited_at, done=True))
    if message.revoked_at is not None:
        steps.append(Step("stop", later("Deleted for everyone"), message.revoked_at, done=True))
    return steps


router = Mount(path="/", route_handlers=[page, live, show, show_live, cancel, settle, revoke, edit])
