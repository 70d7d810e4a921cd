"""Who calls: the API key, the account behind it, and how much the key may ask."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from itertools import islice
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from wabox import hosts
from wabox.accounts import keys
from wabox.accounts.keys import Caller
from wabox.accounts.throttle import Bucket
from wabox.api import strict, wrong_fields
from wabox.api.strict import UNFIT_TEXT
from wabox.box import Box
from wabox.config import Limits
from wabox.errors import Forbidden, Invalid, NotFound, TooMany, Unauthorized
from wabox.mounting import Kept, box_of

READS_PER_SECOND = 300
BIGGEST_ID = 2**63 - 1
LONGEST_KEY = 200
MOST_NAMED = 20  # wrong query parameters in one answer

NO_KEY = "Send your API key in the X-API-Key header; make one under API keys on the dashboard."
WRONG_KEY = (
    "This API key is not known here: it is mistyped, was revoked, or is another box's. Make one under API keys."
)

_STATES = {
    "pending": "Your account waits for approval.",
    "suspended": "Your account is suspended; ask whoever runs this box.",
    "locked": "Your account is locked until it has been reviewed.",
}


class _Meters:
    """A token bucket per key for each kind of request."""

    def __init__(self, limits: Limits) -> None:
        self._sends = Bucket(limits.send_per_second, limits.send_burst)
        self._bulk = Bucket(1, 10)
        self._reads = Bucket(READS_PER_SECOND, READS_PER_SECOND * 2)

    def charge(self, key_id: int, meter: str, now: datetime) -> None:
        """Raises TooMany, which says when to come again."""
        bucket = {"send": self._sends, "bulk": self._bulk}.get(meter, self._reads)
        wait = bucket.take(key_id, now)
        if wait:
            raise TooMany("too_many_requests", f"Too many requests; try again in {wait} s.", retry_after=wait)


_METERS = Kept(lambda box: _Meters(box.config.limits))


async def name_guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Raises Forbidden for a host name that is not this box's."""
    hosts.check(connection.headers.get("host", ""), box_of(connection).config.server)


async def key_guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """As `name_guard`; then leaves the caller in the connection's state, or raises a Refusal.

    One guard for both: Litestar copies the handler for each.
    """
    await name_guard(connection, handler)
    box = box_of(connection)
    now = box.now()
    caller: keys.Caller | None = connection.scope["state"].get(keys.VOUCHED)
    if caller is None:
        caller = box.db.read_here(keys.find, presented(connection), now)
    if caller is None and handler.opt.get("asked_again"):
        under = connection.headers.get("idempotency-key", "")
        caller = box.db.read_here(keys.find_rotated, presented(connection), under, now)
    if caller is None:
        raise Unauthorized("unauthorized", WRONG_KEY if presented(connection) else NO_KEY)
    if caller.user.state != "active":
        raise Forbidden(f"account_{caller.user.state}", _STATES[caller.user.state])
    _check_scope(caller, str(connection.scope.get("method")), handler)
    _METERS.of(box).charge(caller.key_id, str(handler.opt.get("meter", "read")), now)
    connection.scope["state"]["caller"] = caller
    _check_address(connection, handler)
    if caller.use_is_due(now) and not box.db.damaged:
        ip = connection.client.host if connection.client else None
        await box.db.write(keys.used, caller.key_id, ip=ip, now=now)


def disclaimer_guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """After `key_guard`: raises Forbidden until the caller has accepted the disclaimer."""
    caller: keys.Caller = connection.scope["state"]["caller"]
    if not caller.user.accepted_disclaimer:
        raise Forbidden(
            "disclaimer_required", "Accept the disclaimer on the page /whatsapp first, then try again."
        )


def scope_of(method: str, handler: BaseRouteHandler) -> str:
    """The scope a key needs. Reading is `read`, unless the route says otherwise; what says nothing is for `admin`.

    A route's `opt`: scope, for what it changes; scope_to_read, where a look already gives something away.
    """
    if method in ("GET", "HEAD"):
        return str(handler.opt.get("scope_to_read", "read"))
    return str(handler.opt.get("scope", "admin"))


def _check_scope(caller: keys.Caller, method: str, handler: BaseRouteHandler) -> None:
    scope = scope_of(method, handler)
    if not caller.may(scope):
        raise Forbidden(
            "scope_missing", f"This key may not do that: it lacks the scope {scope}. Use a key that has it."
        )


def _check_address(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """An id that no row could have is 404; what is wrong in the query is 422."""
    segments = connection.scope["path"].split("/")
    for value in connection.path_params.values():
        if isinstance(value, int) and not (0 < value <= BIGGEST_ID and str(value) in segments):
            raise NotFound("not_found", "There is nothing of this id; take ids from the lists.")
    if connection.scope["query_string"]:
        _check_query(connection, handler)


def _check_query(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Raises Invalid that names all that are null, unknown or doubled, or has a NUL; OPTIONS takes any names."""
    wanted = handler.parsed_fn_signature.parameters
    known = query_names(handler, connection.path_params)
    any_names = connection.scope.get("method") == "OPTIONS"
    found: dict[str, str] = {}
    code = "invalid"
    for name, value in connection.query_params.multi_items():
        field = wanted.get(name)
        if "\0" in value:
            found[name[:64]], code = UNFIT_TEXT, "bad_text"
        elif name not in known and not any_names:
            there = f"there are {', '.join(known)}" if known else "this path takes none"
            found[name[:64]] = f"There is no such query parameter; {there}.{wrong_fields.near(name, known)}"
        elif len(connection.query_params.getall(name)) > 1 and not any_names:
            found[name[:64]] = "Send it once."
        elif value.lower() == "null" and field is not None and not field.has_inner_subclass_of(str):
            found[name[:64]] = "Leave it out."
    if found:
        shown = dict(islice(found.items(), MOST_NAMED))
        raise Invalid(code, f"Something is wrong with {', '.join(shown)}; see details.", details=shown)


def query_names(handler: BaseRouteHandler, in_path: Collection[str]) -> list[str]:
    """The query parameters that a route takes, as a caller writes them."""
    given = {"request", "data", *handler.resolve_dependencies(), *in_path}
    wanted = handler.parsed_fn_signature.parameters.items()
    return [strict.name_of(name, field) for name, field in wanted if name not in given]


def presented(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The key in X-API-Key, else in Authorization: Bearer; empty if there is none."""
    key = connection.headers.get("x-api-key", "").strip()
    if not key:
        scheme, _, rest = connection.headers.get("authorization", "").partition(" ")
        key = rest.strip() if scheme.lower() == "bearer" else ""
    return key if len(key) <= LONGEST_KEY else ""


def caller_of(request: Request[Any, Any, Any], box: Box) -> Caller:
    """Whom the guard let in. box: goes first; what need nothing of each other are asked in a task each."""
    caller: Caller = request.scope["state"]["caller"]
    return caller
