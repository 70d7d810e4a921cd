"""Fields of a user's own: list, make, change, remove."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, delete, get, patch, post
from litestar.params import Parameter
from msgspec import Meta, Struct

from wabox.accounts.keys import Caller
from wabox.api import idempotency, record, wire
from wabox.api.strict import StrictRequest
from wabox.box import Box
from wabox.contacts import own
from wabox.contacts.own_values import RESERVED, Display, Kind
from wabox.db import Rows, Tx
from wabox.mounting import Mount
from wabox.texts import renaming

Name = Annotated[
    str, Meta(max_length=32, extra_json_schema={"pattern": wire.FIELD_PATTERN, "not": {"enum": sorted(RESERVED)}})
]
InPath = Annotated[str, Parameter(description="The field's name.", schema_extra={"pattern": wire.FIELD_PATTERN})]


class NewField(Struct, forbid_unknown_fields=True):
    """A field to be. display: how its values read in a text; the first of its kind without one."""

    name: Name
    kind: Kind = "text"
    display: Display | None = None


class FieldChanges(Struct, forbid_unknown_fields=True):
    """What is to be changed; what is absent or null stays. Of another kind, every value is read anew."""

    name: Name | None = None
    kind: Kind | None = None
    display: Display | None = None


class Field(Struct):
    """contacts: how many have a value in it. currency: of one shown as money, as the box had it then.

    display: of text `plain`; a number `plain`, `thousands`, `money`; a date `day`, `day_and_month`, `digits`.
    """

    name: str
    kind: Kind
    display: Display
    currency: str | None
    contacts: int


@get("/fields", responses=wire.errors(), summary="Your own fields")
async def list_fields(
    box: Box, caller: Caller, page: wire.PageNumber = 1, per_page: wire.PerPage = 50
) -> wire.Page[Field]:
    """What your contacts can have besides name, custom and tags, by name."""
    found = await box.db.read(own.counted, caller.user.id)
    shown = found[(page - 1) * per_page : page * per_page]
    return wire.page_of(shown, _shown, page=page, per_page=per_page, total=len(found), next_cursor=None)


@post("/fields", status_code=201, responses=wire.errors(409), summary="Make a field")
async def make(data: NewField, request: StrictRequest, box: Box, caller: Caller) -> Response[Field]:
    """A field that no contact has yet. Writing a contact with a new name makes one, too."""

    def verb(tx: Tx) -> Field:
        made = own.create(
            tx,
            caller.user.id,
            name=data.name,
            kind=data.kind,
            display=data.display,
            currency=box.config.billing.currency,
            now=box.now(),
        )
        return _one(tx, caller, made.id)

    return await idempotency.once(box, request, caller, verb, kind=Field, status=201)


@patch("/fields/{field_name:str}", responses=wire.errors(404), summary="Change a field")
async def change(data: FieldChanges, field_name: InPath, box: Box, caller: Caller) -> Field:
    """Another name, kind or display; stored texts that say the name say the new one.

    422 `values_do_not_fit`: some values are not of that kind; nothing changes.

    422 `in_use`: a campaign whose messages are not all made, or an import, needs the field as it is.
    """

    def verb(tx: Tx) -> Field:
        field = own.of_user(tx, caller.user.id, field_name)
        renaming.change(
            tx,
            caller.user.id,
            field.id,
            name=data.name,
            kind=data.kind,
            display=data.display,
            currency=box.config.billing.currency,
            now=box.now(),
        )
        return _one(tx, caller, field.id)

    return await box.db.write(verb)


@delete("/fields/{field_name:str}", status_code=204, responses=wire.errors(404), summary="Remove a field")
async def remove(field_name: InPath, request: StrictRequest, box: Box, caller: Caller) -> None:
    """The field is gone, and what every contact had in it. 422 `in_use` as in PATCH, and while
    stored texts say it."""

    def verb(tx: Tx) -> None:
        field = own.of_user(tx, caller.user.id, field_name)
        had = renaming.remove(tx, caller.user.id, field.id, now=box.now())
        told: dict[str, object] = {"name": field.name, "contacts": str(had)}
        record.by(request, box, caller)(tx, "contact.field_removed", subject=str(field.id), details=told)

    await box.db.write(verb)


def _one(rows: Rows, caller: Caller, field_id: int) -> Field:
    return next(_shown(one) for one in own.counted(rows, caller.user.id) if one.field.id == field_id)


def _shown(found: own.Counted) -> Field:
    field = found.field
    return Field(field.name, field.kind, field.display, field.currency, found.contacts)


router = Mount(
    path="", route_handlers=[list_fields, make, change, remove], tags=["Contacts"], opt={"scope": "contacts"}
)
