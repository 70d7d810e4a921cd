"""The pages people use: server-rendered, small enough for a phone, alive by htmx."""

from __future__ import annotations

from litestar import Response, Router
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router

from wabox.dashboard import (
    account,
    admin,
    billing,
    campaigns,
    contacts,
    docs,
    files,
    home,
    inbox,
    login,
    messages,
    phones,
    reports,
    texts,
    webhooks,
)
from wabox.dashboard.frame import guard
from wabox.dashboard.frame.answers import STATIC, nothing_here, refusal_page
from wabox.dashboard.frame.desk import Desk, provide
from wabox.mounting import Mount

__all__ = ["nowhere", "refusal_page", "router"]

WORK = (home, campaigns, contacts, inbox, texts, files, messages, reports)
ROOMS = (login, *WORK, phones, webhooks, account, admin, docs)
SOLD = (*billing.SECTIONS, *admin.SELLING)
A_YEAR = 31_536_000


def router(*, sells: bool) -> Router:
    """Every page, and the static files. sells: also those that sell and buy plans."""
    sections = [*(section for room in ROOMS for section in room.SECTIONS), *(SOLD if sells else ())]
    pages = Mount(
        path="/",
        route_handlers=[section.router for section in sections],
        guards=[guard.guard],
        dependencies={"desk": provide},
        exception_handlers={guard.Elsewhere: guard.sent_elsewhere},
        include_in_schema=False,
        signature_types=[Desk],
    )
    return Mount(path="/", route_handlers=[pages, _static()], include_in_schema=False)


def nowhere(request: guard.Asked, status: int) -> Response[str]:
    """The page of an address that leads nowhere, or takes no such method: no route, and so no guard, was asked."""
    guard.recognise(request)
    return refusal_page(request, nothing_here(), status=status)


def _static() -> Router:
    """Files whose address changes with their content: a browser may keep them."""
    return create_static_files_router(
        path="/static",
        directories=[STATIC],
        cache_control=CacheControlHeader(public=True, max_age=A_YEAR, immutable=True),
        after_request=_harmless,
        include_in_schema=False,
    )


async def _harmless(response: Response[bytes]) -> Response[bytes]:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
