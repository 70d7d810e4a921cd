"""Services that alerts go to besides: list without their addresses, add, test, remove."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import Parameter
from msgspec import Meta, Struct

from wabox import times
from wabox.accounts.keys import Caller
from wabox.alerts import asking, services
from wabox.alerts.services import Status
from wabox.api import idempotency, record, wire
from wabox.api.strict import StrictRequest
from wabox.box import Box
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.letters import roads
from wabox.mounting import Mount
from wabox.webhooks import allowed

ServiceId = Annotated[int, Parameter(ge=1, le=wire.BIGGEST_ID, description="The id in the list of services.")]
Address = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=services.LONGEST,
        description="As Apprise writes it.",
        extra_json_schema={"pattern": "^ntfy://[a-z-]{3,20}$", "examples": ["ntfy://my-shop"]},
    ),
]


class NewService(Struct, forbid_unknown_fields=True):
    """address: as Apprise writes it, like `ntfy://my-shop`. It is kept sealed."""

    address: Address


class Service(Struct):
    """A service that alerts go to; its address is never shown. status, error, at: of the last call, else null."""

    id: int
    service: str
    status: Status | None
    error: str | None
    at: wire.Time | None


@get("/alerts/services", responses=wire.errors(), summary="Services that alerts go to")
async def list_services(
    box: Box, caller: Caller, page: wire.PageNumber = 1, per_page: wire.PerPage = 50
) -> wire.Page[Service]:
    """At most five, the oldest first, each with what came of the last call."""
    found = await box.db.read(services.of_user, caller.user.id)
    part = found[(page - 1) * per_page : page * per_page]
    return wire.page_of(part, shown, page=page, per_page=per_page, total=len(found), next_cursor=None)


@post(
    "/alerts/services",
    status_code=201,
    responses=wire.errors(409, 503),
    opt={"meter": "bulk"},
    summary="Add a service",
)
async def add(data: NewService, request: StrictRequest, box: Box, caller: Caller) -> Response[Service]:
    """Alerts go there too. The address is understood first, which tells nobody; test it to be sure."""
    known = await idempotency.kept(box, request, caller, kind=Service)
    if known is not None:
        return known
    await box.db.read(services.check_room, caller.user.id)  # before a process is started for it
    address = data.address.strip()
    reach = box.db.read_here(allowed.in_force, allowed.by_file(box.config), caller.user.id)
    told = await asking.understood(address, reach=reach)
    if told.error is not None:
        raise Invalid("bad_service", told.error, details={"address": told.error})

    def verb(tx: Tx) -> Service:
        made = services.add(tx, caller.user.id, address, told.shown, seal=box.seal, now=box.now())
        details: dict[str, object] = {"service": told.shown}
        record.by(request, box, caller)(tx, "alert_service.added", details=details)
        return _one(tx, caller, made)

    return await idempotency.once(box, request, caller, verb, kind=Service, status=201)


@post(
    "/alerts/services/{service_id:int}/test",
    status_code=202,
    responses=wire.errors(404, 409),
    summary="Send a test there",
)
async def test(service_id: ServiceId, request: StrictRequest, box: Box, caller: Caller) -> Response[Service]:
    """One try, at once; ask the list what came of it. While one is under way it is that one."""

    def verb(tx: Tx) -> Service:
        roads.test_service(tx, box, caller.user, service_id, now=box.now())
        return _one(tx, caller, service_id)

    return await idempotency.once(box, request, caller, verb, kind=Service, status=202)


@delete(
    "/alerts/services/{service_id:int}", status_code=204, responses=wire.errors(404), summary="Remove a service"
)
async def remove(service_id: ServiceId, request: StrictRequest, box: Box, caller: Caller) -> None:
    """Nothing goes there any more, nor what still waited to."""

    def verb(tx: Tx) -> None:
        services.remove(tx, caller.user.id, service_id)
        record.by(request, box, caller)(tx, "alert_service.removed")

    await box.db.write(verb)


def shown(one: services.Service) -> Service:
    """As the API tells it."""
    return Service(one.id, one.shown, one.status, one.error, times.wire_or_none(one.at))


def _one(rows: Rows, caller: Caller, service_id: int) -> Service:
    return next(shown(one) for one in services.of_user(rows, caller.user.id) if one.id == service_id)


router = Mount(
    path="", route_handlers=[list_services, add, test, remove], tags=["Settings"], opt={"scope": "admin"}
)
