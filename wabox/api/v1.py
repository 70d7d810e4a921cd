"""API v1: every resource behind the key guard, at /api/v1."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.di import Provide

from wabox.api import (
    alerts,
    audiences,
    campaigns,
    collection,
    contacts,
    devices,
    document,
    fields,
    inbound,
    inbox,
    keys,
    media,
    messages,
    reach,
    repeats,
    reports,
    settings,
    templates,
    webhooks,
)
from wabox.api.guard import caller_of, key_guard, name_guard
from wabox.api.strict import StrictRequest
from wabox.mounting import Mount, reached_at

PATH = "/api/v1"


@get("/openapi.json")
async def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The API as an OpenAPI 3.1 document."""
    return Response(document.written(request.app, PATH), media_type="application/json")


@get("/postman.json")
async def postman(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """The same as a collection for Postman or Bruno, with this box's address in it."""
    told = msgspec.json.decode(document.written(request.app, PATH))
    found = collection.of(told, base=reached_at(request), path=PATH)
    headers = {"Content-Disposition": 'attachment; filename="wabox.postman_collection.json"'}
    return Response(found, media_type="application/json", headers=headers)


router = Mount(
    path=PATH,
    route_handlers=[
        messages.router,
        devices.router,
        settings.router,
        alerts.router,
        keys.router,
        webhooks.router,
        reach.router,
        contacts.router,
        fields.router,
        audiences.router,
        campaigns.router,
        repeats.router,
        templates.router,
        media.router,
        inbound.router,
        inbox.router,
        reports.router,
    ],
    guards=[key_guard],
    dependencies={"caller": Provide(caller_of, sync_to_thread=False)},
    request_class=StrictRequest,
)
# What tells of the API needs no key.
description = Mount(path=PATH, route_handlers=[openapi, postman], guards=[name_guard], include_in_schema=False)
