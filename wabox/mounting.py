"""How the app is put together: its handlers know no box until they are asked, and hang in it flat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from copy import copy, deepcopy
from typing import Any, Generic, TypeAlias, TypeVar

from litestar import Request, Response, Router, route
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.enums import MediaType
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.types import AnyCallable, ControllerRouterHandler
from litestar.types.internal_types import RouteHandlerMapItem
from litestar.utils import join_paths

from wabox.box import Box

Found: TypeAlias = dict[str, RouteHandlerMapItem]
T = TypeVar("T")


def box_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Box:
    """The box that is asked."""
    box: Box = connection.app.state.box
    return box


def reached_at(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The address that the asker came by, without a slash at the end, unless the box has a name."""
    host = connection.headers.get("host", "")
    return box_of(connection).config.server.public_url or f"{connection.scope['scheme']}://{host}"


class Kept(Generic[T]):
    """One thing that each box keeps for its faces while the process lives, made when it is first asked for."""

    def __init__(self, make: Callable[[Box], T]) -> None:
        self._make = make

    def of(self, box: Box) -> T:
        """That box's own."""
        if self not in box.memory:
            box.memory[self] = self._make(box)
        found: T = box.memory[self]
        return found

    @property
    def provide(self) -> Provide:
        """As a dependency of handlers."""
        return Provide(self._asked, sync_to_thread=False)

    def _asked(self, request: Request[Any, Any, Any]) -> Any:
        return self.of(box_of(request))


class Mount(Router):
    """As Router, but nothing is made of it before the app asks for its handlers.

    Litestar copies a router, with all that hangs on it, and makes its routes anew at each level it is mounted on,
    with a handler of OPTIONS for each route: most of the time that the app took to start. Here each handler is
    copied once, when the app takes it. The same Mount may hang in several apps: each has copies of its own.
    """

    def __init__(
        self,
        path: str,
        *,
        route_handlers: Sequence[ControllerRouterHandler],
        dependencies: Mapping[str, AnyCallable | Provide] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(path, route_handlers=[], dependencies=_provided(dependencies or {}), **more)
        self._parts = tuple(route_handlers)

    def __deepcopy__(self, memo: dict[int, Any]) -> Mount:
        """A Mount of the same parts, to hang elsewhere."""
        return copy(self)

    @property
    def route_handler_method_map(self) -> Found:
        """Fresh copies of all handlers below, by path and method."""
        found: Found = defaultdict(dict)
        for part in self._parts:
            for path, by_method in self._handlers(part).items():
                found[join_paths([self.path, path])].update(by_method)
        return found

    def _handlers(self, part: ControllerRouterHandler) -> Found:
        if isinstance(part, Router):
            router = deepcopy(part)
            router.owner = self
            return router.route_handler_method_map
        assert isinstance(part, HTTPRouteHandler), "the app has no other handlers"
        handler, options = copy(part), copy(_options)
        handler.owner = options.owner = self
        return {
            path: {**dict.fromkeys(handler.http_methods, handler), "OPTIONS": options} for path in handler.paths
        }


def _provided(dependencies: Mapping[str, AnyCallable | Provide]) -> dict[str, Provide]:
    """So that each is read once, not once for each handler."""
    return {name: one if isinstance(one, Provide) else Provide(one) for name, one in dependencies.items()}


@route(http_method="OPTIONS", include_in_schema=False)
async def _options(request: Request[Any, Any, Any]) -> Response[None]:
    """Which methods the path takes."""
    template = request.scope["path_template"]
    methods = {one for known in request.app.routes if template == known.path_format for one in known.methods}
    headers = {"Allow": ", ".join(sorted(methods))}
    return Response(None, status_code=204, headers=headers, media_type=MediaType.TEXT)


def _read(handler: BaseRouteHandler) -> None:
    """Its copies need not read its signature again."""
    assert handler.parsed_fn_signature is not None


_read(_options)
