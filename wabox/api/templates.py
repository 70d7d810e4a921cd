"""What a text becomes: rendered for real contacts before anything is sent."""

from __future__ import annotations

from typing import Annotated

from litestar import post
from msgspec import Meta, Struct

from wabox.accounts.keys import Caller
from wabox.api import wire
from wabox.box import Box
from wabox.contacts import segments
from wabox.contacts import stored as contacts
from wabox.db import Rows
from wabox.errors import Invalid, Refusal
from wabox.messages import template
from wabox.mounting import Mount

SAMPLES = 5
MOST_VARIANTS = 2**53 - 1


class Wanted(Struct, forbid_unknown_fields=True):
    """A text, and for whom: one contact, those with a tag, or those of a segment; the newest without any."""

    message: wire.Text
    contact_id: Annotated[int, Meta(ge=1, le=wire.BIGGEST_ID)] | None = None
    tag: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    segment: segments.Segment | None = None


class Sample(Struct):
    """The text one person would read. contact_id and phone are null where there was no contact to try it on.

    text is null where it cannot be rendered for this person; error and error_text then say why.
    """

    contact_id: int | None
    phone: str | None
    name: str | None
    text: str | None
    error: str | None
    error_text: str | None


class Preview(Struct):
    """variables: those the text uses. variants: how many ways its alternatives can be drawn."""

    variables: list[str]
    variants: int
    samples: list[Sample]


@post("/templates/preview", status_code=200, responses=wire.errors(404), summary="Preview a text")
async def preview(data: Wanted, box: Box, caller: Caller) -> Preview:
    """Renders spintax and variables for up to five contacts. A mistake in the text is named by its position."""
    parsed = wire.in_field("message", template.parse, data.message)
    if sum(one is not None for one in (data.contact_id, data.tag, data.segment)) > 1:
        sentence = "Send one of contact_id, tag and segment."
        raise Invalid("invalid", sentence, details={"contact_id": sentence})

    def ask(rows: Rows) -> Preview:
        samples = [_sample(one, parsed) for one in _people(rows, caller.user.id, data)]
        return Preview(
            variables=list(parsed.variables),
            variants=min(parsed.variants, MOST_VARIANTS),
            samples=samples or [_plain(text) for text in parsed.preview(SAMPLES)],
        )

    return await box.db.read(ask)


def _people(rows: Rows, user_id: int, data: Wanted) -> list[contacts.Contact]:
    if data.contact_id is not None:
        return [contacts.of_user(rows, user_id, data.contact_id)]
    segment = data.segment or segments.of_tag(data.tag)
    return contacts.some(rows, user_id, segments.first(rows, user_id, segment, most=SAMPLES))


def _sample(contact: contacts.Contact, parsed: template.Template) -> Sample:
    try:
        text = parsed.render(contacts.values(contact), seed=f"preview:{contact.id}")
    except Refusal as refusal:
        return Sample(contact.id, contact.phone, contact.name, None, refusal.code, refusal.sentence)
    return Sample(contact.id, contact.phone, contact.name, text, None, None)


def _plain(text: str) -> Sample:
    return Sample(None, None, None, text, None, None)


router = Mount(path="", route_handlers=[preview], tags=["Messages"], opt={"scope": "read"})
