"""API v1: every resource behind the key guard, at /api/v1."""

from __future__ import annotations

from typing import Any

from litestar import Request, Router
from litestar.di import Provide

from wabox.accounts.keys import Caller
from wabox.api import devices, keys, messages, webhooks
from wabox.api.guard import key_guard
from wabox.api.strict import StrictRequest
from wabox.box import Box

PATH = "/api/v1"


def router(box: Box) -> Router:
    """The whole API for one box."""
    return Router(
        path=PATH,
        route_handlers=[messages.router, devices.router, keys.router, webhooks.router],
        guards=[key_guard(box)],
        dependencies={"caller": Provide(_caller, sync_to_thread=False)},
        request_class=StrictRequest,
        request_max_body_size=box.config.limits.body_kilobytes * 1024,
        security=[{"key": []}, {"bearer": []}],
    )


def _caller(request: Request[Any, Any, Any]) -> Caller:
    """Whom the guard let in."""
    caller: Caller = request.scope["state"]["caller"]
    return caller
