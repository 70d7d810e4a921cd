"""The pages people use: server-rendered, small enough for a phone, alive by htmx."""

from __future__ import annotations

from litestar import Response, Router
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router

from wabox.dashboard import (
    admin_audit,
    admin_complaints,
    admin_filter,
    admin_mail,
    admin_reviews,
    admin_users,
    billing,
    campaigns,
    composer,
    contacts,
    docs,
    doctor,
    forgot,
    guard,
    health,
    help,
    home,
    imports,
    inbox,
    login,
    messages,
    named_keys,
    permission,
    queue,
    register,
    reports,
    security,
    selling,
    settings,
    setup,
    standing,
    terms,
    webhooks,
    whatsapp,
)
from wabox.dashboard.answers import STATIC, refusal_page
from wabox.dashboard.desk import Desk, provide
from wabox.mounting import Mount

__all__ = ["refusal_page", "router"]

SECTIONS = (
    setup,
    login,
    home,
    campaigns,
    composer,
    contacts,
    imports,
    inbox,
    messages,
    permission,
    queue,
    reports,
    whatsapp,
    doctor,
    webhooks,
    settings,
    named_keys,
    security,
    forgot,
    register,
    terms,
    standing,
    admin_mail,
    admin_users,
    admin_filter,
    admin_reviews,
    admin_complaints,
    admin_audit,
    health,
    docs,
    help,
)
SELLING = (billing, selling)
A_YEAR = 31_536_000


def router(*, billing: bool) -> Router:
    """Every page, and the static files. billing: also those that sell and buy plans."""
    sections = [*SECTIONS, *(SELLING if billing else ())]
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
