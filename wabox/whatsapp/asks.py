"""What may be asked of a session's page, and what an answer, or none, means."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from wabox.whatsapp import telling
from wabox.whatsapp.driver import (
    CAPPED,
    FILE_GONE,
    OF_FILES,
    TIMELOCK,
    TOO_MANY,
    UPLOAD_STUCK,
    Card,
    Downloaded,
    Edited,
    Enclosed,
    File,
    Handed,
    Instead,
    Link,
    LookedUp,
    Place,
    Poll,
    Reacted,
    Resolved,
    Revoked,
    SessionLost,
)
from wabox.whatsapp.page import NotAttached, Page, PageHung, PageLost, within
from wabox.whatsapp.patience import Limits
from wabox.whatsapp.session import Session

if TYPE_CHECKING:
    from playwright.async_api import JSHandle

log = structlog.get_logger(__name__)

T = TypeVar("T")


async def resolve(session: Session, phone: str) -> Resolved:
    """Whether WhatsApp knows the number. Raises SessionLost."""
    seconds = session.limits.resolve
    raw = await _ask(session, "exists", {"phone": phone}, seconds)
    found = telling.resolved(raw)
    if found.answer != "unknown" or found.reason == TOO_MANY:
        session.answered("exists")
    elif isinstance(raw, dict) and raw.get("reason") == "timeout":
        session.unanswered("exists")
    return found


def hand_over_seconds(limits: Limits, enclosed: Enclosed | None) -> float:
    """How long the page may take over it; without a file always the same."""
    return limits.hand_over + (enclosed.bytes / limits.upload_rate if isinstance(enclosed, File) else 0)


async def hand_over(
    session: Session, chat_id: str, message_id: str, text: str, enclosed: Enclosed | None = None
) -> Handed:
    """What became of the message. Raises SessionLost only before the page was asked.

    From that moment on a lost or hung page leaves the message in doubt. So does a file without a plain answer.
    Then its page is loaded anew, and after an upload that came to no end: it holds up whatever comes behind it.
    """
    question = {"chat": chat_id, "id": message_id, "text": text}
    if not isinstance(enclosed, File):
        return await _handed(session, {**question, **_told(enclosed)}, None)
    return await _file_handed(session, question, enclosed)


def _told(enclosed: Instead | None) -> dict[str, Any]:
    """What goes instead of a text, as the shim takes it."""
    return {} if enclosed is None else {_CALLED[type(enclosed)]: asdict(enclosed)}


_CALLED: dict[type[Instead], str] = {Place: "place", Card: "card", Poll: "poll"}


async def _file_handed(session: Session, question: dict[str, Any], file: File) -> Handed:
    if not await asyncio.to_thread(_is_there, file):
        return Handed("refused", FILE_GONE, session.house.now())
    told = {"kind": file.kind, "mime": file.mime, "name": file.filename, "bytes": file.bytes}
    with session.wear.asking():
        told["input"] = held = await _held(session, file)
        try:
            handed = await _handed(session, {**question, "file": told}, file)
        finally:
            with suppress(PageHung, PageLost):
                await within(session.limits.answer, held.dispose())
    doubted = handed.outcome == "in_doubt" and handed.reason not in ("page_hung", "page_lost", "not_connected")
    if doubted or handed.reason == UPLOAD_STUCK:
        session.begin_anew("a file was given to the page, and what became of it is not known")
    return handed


async def _held(session: Session, file: File) -> JSHandle:
    with _heard(session):
        return await _ready(session).hold(file.path)


def _is_there(file: File) -> bool:
    try:
        return file.path.stat().st_size == file.bytes
    except OSError:
        return False


async def _handed(session: Session, question: dict[str, Any], file: File | None) -> Handed:
    page = _ready(session)
    message_id = question["id"]
    try:
        with session.wear.asking():
            raw = await page.ask("send", question, hand_over_seconds(session.limits, file))
    except NotAttached as away:
        session.doubt()
        raise SessionLost(str(away)) from None
    except PageHung as hung:
        session.lost(hung)
        return Handed("in_doubt", "page_hung", session.house.now())
    except PageLost:
        session.doubt()
        return Handed("in_doubt", "page_lost", session.house.now())
    handed = telling.handed(raw, session.house.now())
    _judge_channel(session, handed, file)
    if handed.outcome == "in_doubt":
        _note_failure(session, message_id, handed, raw)
    if handed.outcome in ("held", "refused") and handed.reason in (TIMELOCK, CAPPED) and handed.until:
        await _limit_shown(session)
    return handed


def _note_failure(session: Session, message_id: str, handed: Handed, raw: Any) -> None:
    """The log has what the page knows of it; names only, never a text."""
    known = raw.get("failure") if isinstance(raw, dict) else None
    known = known if isinstance(known, dict) else {}
    log.info(
        "hand_over_unclear",
        device_id=session.spec.device_id,
        message_id=message_id,
        reason=handed.reason,
        send_failure=known.get("sendFailure") is True,
        error=str(known.get("error") or "")[:60] or None,
    )


def _judge_channel(session: Session, handed: Handed, file: File | None) -> None:
    if handed.outcome in ("acked", "refused") and handed.reason not in OF_FILES:
        session.answered("send")
    elif handed.reason == "timeout" and file is None:
        session.unanswered("send")


async def _limit_shown(session: Session) -> None:
    """The world knows of the limit before the answer, or its next message would meet it, too."""
    session.doubt()
    await session.board.wait_for(_is_limited, session.limits.answer)


def _is_limited(link: Link) -> bool:
    return link.limits is not None and link.limits.hold_cold


async def _caught_up(session: Session) -> None:
    """The page has caught up with WhatsApp's history. Raises SessionLost if it has not in time."""
    if session.link.state not in ("starting", "ready"):
        raise SessionLost(f"the device is {session.link.state}")
    if not await session.board.wait_for(
        lambda link: link.state == "ready" and link.synced, session.limits.look_up
    ):
        raise SessionLost("the page has not caught up yet")


async def look_up(
    session: Session, message_id: str, chat_ids: tuple[str, ...], anchor: tuple[str, str] | None
) -> LookedUp:
    """What the synced page's history says. Raises SessionLost if it has not caught up in time."""
    seconds = session.limits.look_up
    await _caught_up(session)
    question = {"id": message_id, "chats": list(chat_ids), "anchor": list(anchor or ()) or None}
    raw = await _ask(session, "find", question, seconds)
    if isinstance(raw, dict) and raw.get("underWay") is True:  # nobody waits for that upload any more
        session.begin_anew("an upload that nobody waits for")
        raise SessionLost("an upload of this page may still end")
    if isinstance(raw, dict) and "failed" in raw:
        session.look_up_failed(str(raw["failed"])[:200])
        raise SessionLost("the page cannot be asked for a message")
    session.looked_up()
    return telling.looked_up(raw)


async def revoke(session: Session, message_id: str, chat_ids: tuple[str, ...]) -> Revoked:
    """What the synced page made of it. Raises SessionLost."""
    await _caught_up(session)
    question = {"id": message_id, "chats": list(chat_ids)}
    return telling.revoked(await _ask(session, "revoke", question, session.limits.revoke))


async def edit(session: Session, message_id: str, chat_ids: tuple[str, ...], text: str) -> Edited:
    """What the synced page made of it. Raises SessionLost."""
    await _caught_up(session)
    question = {"id": message_id, "chats": list(chat_ids), "words": text}
    return telling.edited(await _ask(session, "edit", question, session.limits.revoke))


async def react(session: Session, message_id: str, chat_ids: tuple[str, ...], emoji: str, *, own: bool) -> Reacted:
    """What the synced page made of it. Raises SessionLost."""
    await _caught_up(session)
    question = {"id": message_id, "chats": list(chat_ids), "emoji": emoji, "own": own}
    return telling.reacted(await _ask(session, "react", question, session.limits.revoke))


async def download(session: Session, chat_id: str, message_id: str, into: Path, most: int) -> Downloaded:
    """The person's file lies there if it is here. Raises SessionLost."""
    seconds = session.limits.download_most
    question = {"chat": chat_id, "id": message_id, "most": most}
    with _heard(session), session.wear.asking():
        raw, path = await _ready(session).fetch(question, seconds)
    if path is None:
        told = telling.downloaded(raw)
        session.downloaded(answered=told.reason != "timeout")
        return told
    session.downloaded(answered=True)
    return await asyncio.to_thread(_taken, path, into, most)


def _taken(path: Path, into: Path, most: int) -> Downloaded:
    """The bytes count, not what was said of them."""
    count = path.stat().st_size
    if count > most:
        path.unlink(missing_ok=True)
        return Downloaded("too_large", count)
    shutil.move(path, into)
    return Downloaded("here", count)


async def pair(session: Session, phone: str) -> None:
    """A pairing code is shown, or why there is none."""
    seconds = session.limits.pairing
    if not await session.board.wait_for(lambda link: link.state == "qr", seconds) or not session.page:
        session.board.show_code(None, "not_waiting_for_link")
        return
    try:
        answer = await session.page.ask("pair", {"phone": phone}, seconds)
    except (PageHung, PageLost) as lost:
        session.board.show_code(None, f"no_code: {lost}")
        return
    code = answer.get("code") if isinstance(answer, dict) else None
    session.board.show_code(str(code) if code else None, None if code else "no_code")


async def picture(session: Session) -> bytes:
    """The page as its owner may see it. Raises SessionLost."""
    return await _in_any_state(session, lambda page: page.picture())


async def press(session: Session) -> bool:
    """Whether the main button of the page's dialog was pressed. Raises SessionLost."""
    seconds = session.limits.answer
    return await _in_any_state(session, lambda page: page.ask("press", {}, seconds)) is True


async def _in_any_state(session: Session, work: Callable[[Page], Awaitable[T]]) -> T:
    """What the page answers, ready or not. Its silence says nothing of the session."""
    if session.page is None:
        raise SessionLost("the browser is closed")
    try:
        return await work(session.page)
    except (PageHung, PageLost) as lost:
        raise SessionLost(str(lost)) from None


async def _ask(session: Session, verb: str, question: dict[str, Any], seconds: float) -> Any:
    page = _ready(session)
    with _heard(session), session.wear.asking():
        return await page.ask(verb, question, seconds)


@contextmanager
def _heard(session: Session) -> Iterator[None]:
    """A page that does not answer is the session's trouble. Raises SessionLost."""
    try:
        yield
    except PageHung as hung:
        session.lost(hung)
        raise SessionLost("the page hangs") from None
    except PageLost as lost:
        session.doubt()
        raise SessionLost(str(lost)) from None


def _ready(session: Session) -> Page:
    if session.link.state != "ready" or session.page is None:
        raise SessionLost(f"the device is {session.link.state}")
    return session.page
