"""API keys: the main one, which may do everything, and named ones beside it, each for one use."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import Response, delete, get, post
from litestar.params import Parameter
from msgspec import Meta, Struct

from wabox import times
from wabox.accounts import keys
from wabox.accounts.keys import Caller, IssuedKey, Key
from wabox.api import record, strict, wire
from wabox.api.strict import StrictRequest
from wabox.box import Box
from wabox.db import Tx
from wabox.mounting import Mount

NO_STORE = {"Cache-Control": "no-store"}

Scope = Literal["send", "read", "contacts", "campaigns", "devices", "admin"]
KeyId = Annotated[int, Parameter(ge=1, le=wire.BIGGEST_ID, description="The key's id.")]


class RotatedKey(Struct):
    """api_key is shown this once; wabox keeps only its digest."""

    api_key: str
    prefix: str


class NewKey(Struct, forbid_unknown_fields=True):
    """name: what will use it, like `till`. scopes: what it may do."""

    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=keys.LONGEST_NAME,
            extra_json_schema={"pattern": "^[!-~]+( [!-~]+)*$", "examples": ["till"]},
        ),
    ]
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=len(keys.SCOPES))]


class ShownKey(Struct):
    """A key as it may be seen later: never whole. scopes: `all` is the main key's."""

    id: int
    name: str
    prefix: str
    scopes: list[str]
    created_at: wire.Time
    last_used_at: wire.Time | None
    last_used_ip: str | None


class MadeKey(Struct):
    """api_key is shown this once; wabox keeps only its digest."""

    id: int
    name: str
    api_key: str
    prefix: str
    scopes: list[str]
    created_at: wire.Time


@get("/keys", responses=wire.errors(), summary="Your API keys")
async def list_keys(
    box: Box,
    caller: Caller,
    page: wire.PageNumber = 1,
    per_page: wire.PerPage = 50,
    cursor: wire.Cursor = None,
) -> wire.Page[ShownKey]:
    """The live ones, the oldest first."""
    after = strict.cursor_of(cursor)
    every = await box.db.read(keys.of_user, caller.user.id)
    rest = every[(page - 1) * per_page :] if after is None else [one for one in every if one.key_id > after]
    shown = rest[:per_page]
    return wire.page_of(
        shown,
        _shown,
        page=page,
        per_page=per_page,
        total=len(every),
        next_cursor=shown[-1].key_id if len(rest) > per_page else None,
    )


@post("/keys", status_code=201, responses=wire.errors(), summary="Make a named key")
async def make(data: NewKey, request: StrictRequest, box: Box, caller: Caller) -> Response[MadeKey]:
    """A key beside the main one, shown this once. Its name must be free, so a repeated request makes no second."""

    def verb(tx: Tx) -> IssuedKey:
        issued = keys.named(tx, caller.user.id, name=data.name, scopes=data.scopes, now=box.now())
        details: dict[str, object] = {"name": issued.name, "scopes": list(issued.scopes)}
        record.by(request, box, caller)(tx, "key.issued", details=details)
        return issued

    made = await box.db.write(verb)
    answer = MadeKey(made.key_id, made.name, made.key, made.prefix, list(made.scopes), times.wire(made.created_at))
    return Response(answer, status_code=201, headers=NO_STORE)


@delete("/keys/{key_id:int}", status_code=204, responses=wire.errors(404), summary="Revoke a named key")
async def withdraw(key_id: KeyId, request: StrictRequest, box: Box, caller: Caller) -> None:
    """It is dead from this answer on. The main key stays; rotate it instead."""

    def verb(tx: Tx) -> None:
        gone = keys.withdraw(tx, caller.user.id, key_id, now=box.now())
        record.by(request, box, caller)(tx, "key.revoked", details={"name": gone.name})

    await box.db.write(verb)


@post(
    "/keys/rotate",
    status_code=200,
    responses=wire.errors(),
    opt={"asked_again": True},
    summary="Rotate your main key",
)
async def rotate(request: StrictRequest, box: Box, caller: Caller) -> Response[RotatedKey]:
    """A new main key; the old one is dead from this answer on. Named keys stay as they are.

    With an Idempotency-Key: should the answer be lost, the old key may ask once more under it within ten minutes,
    as long as nobody has used the new one. It gets another new key.
    """
    under = request.headers.get("idempotency-key")

    def verb(tx: Tx) -> IssuedKey:
        record.by(request, box, caller)(tx, "key.rotated", details={"name": keys.MAIN})
        return keys.rotate(tx, caller.user.id, under=under, now=box.now())

    issued = await box.db.write(verb)
    return Response(RotatedKey(issued.key, issued.prefix), headers=NO_STORE)


def _shown(key: Key) -> ShownKey:
    return ShownKey(
        id=key.key_id,
        name=key.name,
        prefix=key.prefix,
        scopes=list(key.scopes),
        created_at=times.wire(key.created_at),
        last_used_at=times.wire_or_none(key.last_used_at),
        last_used_ip=key.last_used_ip,
    )


router = Mount(path="", route_handlers=[list_keys, make, withdraw, rotate], tags=["Keys"], opt={"scope": "admin"})
