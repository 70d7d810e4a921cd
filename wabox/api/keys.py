"""The API key's own route: rotate."""

from __future__ import annotations

from litestar import Response, Router, post
from msgspec import Struct

from wabox.accounts import audit, keys
from wabox.accounts.keys import Caller
from wabox.api import wire
from wabox.box import Box
from wabox.db import Tx


class NewKey(Struct):
    """api_key is shown this once; wabox keeps only its digest."""

    api_key: str
    prefix: str


@post("/keys/rotate", status_code=200, responses=wire.errors(), summary="Rotate your API key")
async def rotate(box: Box, caller: Caller) -> Response[NewKey]:
    """A new key; the old one is dead from this answer on."""

    def verb(tx: Tx) -> keys.IssuedKey:
        audit.note(tx, user_id=caller.user.id, action="key.rotated", now=box.now())
        return keys.rotate(tx, caller.user.id, now=box.now())

    issued = await box.db.write(verb)
    return Response(NewKey(issued.key, issued.prefix), headers={"Cache-Control": "no-store"})


router = Router(path="", route_handlers=[rotate], tags=["Keys"])
