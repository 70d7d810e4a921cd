"""What people wrote, and all that is held of one of them, as a file."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import get
from litestar.params import Parameter
from litestar.response import Stream

from wabox import downloads
from wabox.accounts.keys import Caller
from wabox.api import record, strict, wire
from wabox.api.strict import StrictRequest
from wabox.box import Box
from wabox.contacts import phones
from wabox.db import Rows
from wabox.errors import Invalid
from wabox.messages import dossier
from wabox.mounting import Mount

ONE = "Of one person: give phone or person_id."


@get("/inbox/export", responses=wire.errors(404), opt={"gives": "*/*"}, summary="What people wrote, as a file")
async def export(
    box: Box,
    caller: Caller,
    request: StrictRequest,
    format: Annotated[
        Literal["jsonl", "csv"],
        Parameter(description="jsonl: an object a line; csv: for spreadsheets, without the person."),
    ] = "jsonl",
    phone: Annotated[
        str | None,
        Parameter(description="All that is held of this person.", schema_extra={"pattern": wire.PHONE_PATTERN}),
    ] = None,
    person_id: Annotated[
        int | None, Parameter(ge=1, le=wire.BIGGEST_ID, description="The same, by the id of message.received.")
    ] = None,
) -> Stream:
    """Of everybody what they wrote; of one person what was said both ways, and in jsonl who they are here.

    Made while it is fetched, the oldest first; 404 for somebody of whom nothing is held.
    """
    user_id = caller.user.id
    if phone is not None and person_id is not None:
        raise Invalid("invalid", ONE, details={"person_id": ONE})
    digits = None
    if phone is not None:
        digits = strict.in_field("phone", lambda: phones.parse(phone, country=box.config.locale.country)).digits

    def whose(rows: Rows) -> str | None:
        if digits is None and person_id is None:
            return None
        return dossier.address_of(rows, user_id, phone=digits, person_id=person_id)

    address = await box.db.read(whose)

    await box.db.write(record.by(request, box, caller), dossier.deed(address))
    return downloads.said(box.db, user_id, address, format, now=box.now())


router = Mount(path="", route_handlers=[export], tags=["Inbox"], opt={"scope": "contacts"})
