"""Which hosts in private networks webhooks may reach: for whoever runs the box."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from litestar import get, post, put
from msgspec import Meta, Struct

from wabox.accounts.keys import Caller
from wabox.api import record, wire
from wabox.api.strict import StrictRequest
from wabox.box import Box
from wabox.db import Rows, Tx
from wabox.errors import Forbidden
from wabox.mounting import Mount
from wabox.webhooks import allowed, lookups
from wabox.webhooks.allowed import Entry

Spelled = Annotated[
    str,
    Meta(
        max_length=300,
        description="A network, or host:port.",
        extra_json_schema={
            "pattern": "^192[.]168[.][1-9][0-9]?[.][1-9][0-9]?:80$",
            "examples": ["192.168.1.0/24"],
        },
    ),
]
Address = Annotated[
    str,
    Meta(
        max_length=2_000,
        extra_json_schema={
            "pattern": "^https?://192[.]168[.][1-9][0-9]?[.][1-9][0-9]?/$",
            "examples": ["http://192.168.1.20/"],
        },
    ),
]


class Opened(Struct, forbid_unknown_fields=True):
    """entry: a network, or host:port. everyone: for the webhooks of all users; else for the owner's alone."""

    entry: Spelled
    everyone: bool = False


class Allowed(Struct):
    """allow: what was opened. within: `[webhooks] allow_within`, its bound. file: `[webhooks] allow`, for all."""

    allow: list[Opened]
    within: list[str]
    file: list[str]


class NewAllowed(Struct, forbid_unknown_fields=True):
    """allow: the whole list; what is not in it is closed again."""

    allow: Annotated[list[Opened], Meta(max_length=allowed.MOST)]


class Try(Struct, forbid_unknown_fields=True):
    """webhook_url: where a webhook might go."""

    webhook_url: Address


class Judged(Struct):
    """An address of the name. error: what refuses it, null = nothing."""

    address: str
    error: str | None


class Would(Struct):
    """error: why a post of yours would not go, null = it may. everyone: whether other users' may go there too."""

    error: str | None
    everyone: bool
    addresses: list[Judged]


@get("/webhooks/allow", responses=wire.errors(), summary="Private hosts that webhooks may reach")
async def show(box: Box, caller: Caller) -> Allowed:
    """What was opened beyond public addresses. Only for whoever runs the box."""
    _check_owner(caller)
    return await box.db.read(_shown, box)


@put("/webhooks/allow", responses=wire.errors(), summary="Open private hosts to webhooks")
async def save(data: NewAllowed, request: StrictRequest, box: Box, caller: Caller) -> Allowed:
    """It holds from the next post on. 422 `bad_allow` names what is not within `[webhooks] allow_within`."""

    def verb(tx: Tx) -> Allowed:
        entries = [Entry(one.entry, one.everyone) for one in data.allow]
        told = allowed.change(tx, caller.user, entries, config=box.config)
        if told:
            record.by(request, box, caller)(tx, "webhook.allow_changed", details=told)
        return _shown(tx, box)

    return await box.db.write(verb)


@post(
    "/webhooks/allow/test",
    status_code=200,
    responses=wire.errors(),
    opt={"meter": "bulk"},
    summary="Would a webhook reach it?",
)
async def test(data: Try, box: Box, caller: Caller) -> Would:
    """What the name leads to and what would refuse it. Nothing is sent, nothing is connected to."""
    _check_owner(caller)
    mine, others = await box.db.read(allowed.both, box.config)
    found = await allowed.tried(data.webhook_url, mine.allow(), others.allow(), lookups.of_system)
    return Would(found.error, found.everyone, [Judged(*one) for one in found.addresses])


def _check_owner(caller: Caller) -> None:
    if caller.user.role != "owner":
        raise Forbidden("not_the_owner", allowed.OWNERS)


def _shown(rows: Rows, box: Box) -> Allowed:
    file = allowed.by_file(box.config)
    return Allowed([Opened(**asdict(one)) for one in allowed.of_box(rows)], [*file.within], [*file.file])


router = Mount(path="", route_handlers=[show, save, test], tags=["Webhooks"], opt={"scope": "admin"})
