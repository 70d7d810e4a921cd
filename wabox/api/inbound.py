"""The files that people sent: what is told of one, and that it shall be fetched."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import get, post
from litestar.params import Parameter
from msgspec import Struct

from wabox import times
from wabox.accounts.keys import Caller
from wabox.api import wire
from wabox.box import Box
from wabox.contacts import inbox_files
from wabox.media.stored import Kind
from wabox.mounting import Mount

MessageId = Annotated[
    int, Parameter(ge=1, le=wire.BIGGEST_ID, description="The message_id that message.received told.")
]


class Told(Struct):
    """As its writer tells of it, bytes and all; seconds: how long it plays. media_id: null unless it is here."""

    media_id: int | None
    kind: Kind
    mime: str | None
    filename: str | None
    bytes: int | None
    seconds: float | None


class InboundFile(Struct):
    """The file of a message that somebody wrote. asked_at: it is being fetched since then.

    state: waiting at WhatsApp, here, expired there, too_large, refused for what it is, or failed. removed: it was
    here, and may be asked for again. reason: one word, null while there is none.
    """

    message_id: int
    state: Literal["waiting", "here", "removed", "expired", "too_large", "refused", "failed"]
    reason: str | None
    asked_at: wire.Time | None
    media: Told


@get("/media/inbound/{message_id:int}", responses=wire.errors(404), summary="A file that somebody sent")
async def show(message_id: MessageId, box: Box, caller: Caller) -> InboundFile:
    """What is told of it, and whether it is here."""
    found = await box.db.read(inbox_files.of_user, caller.user.id, message_id)
    return _on_wire(found.under(box.config.media))


@post(
    "/media/inbound/{message_id:int}",
    status_code=202,
    responses=wire.errors(404),
    summary="Fetch a file that somebody sent",
)
async def ask(message_id: MessageId, box: Box, caller: Caller) -> InboundFile:
    """It is fetched as soon as its phone can; media.ready tells when it is here. Asking twice changes nothing.

    What is `expired` or `failed` is asked for again: WhatsApp asks its sender's phone. What does not come within
    a minute has `failed`, reason `no_answer`. 422: `file_too_large`, `bad_file`, `phone_gone`, `inbound_off`.
    """
    settings = box.config.media
    return _on_wire(await box.db.write(inbox_files.ask, caller.user.id, message_id, settings, now=box.now()))


def _on_wire(found: inbox_files.Sent) -> InboundFile:
    return InboundFile(
        message_id=found.inbox_id,
        state="removed" if found.state == "here" and not found.there else found.state,
        reason=found.reason,
        asked_at=times.wire_or_none(found.asked_at),
        media=Told(
            found.media_id if found.there else None,
            found.kind,
            found.mime,
            found.filename,
            found.bytes,
            found.seconds,
        ),
    )


router = Mount(path="", route_handlers=[show, ask], tags=["Files"], opt={"scope": "send"})
