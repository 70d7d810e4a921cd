"""The sandbox as a server: the page, its socket, the control API, in one process or inside a test."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import segno
import uvicorn
from litestar import Litestar, MediaType, Request, Router, WebSocket, get, websocket
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.response import Response
from litestar.types import Message, Scope

from wabox.errors import Invalid, Refusal
from wabox.sandbox import control, mail, phones_page, uploads
from wabox.sandbox.certificate import certificate_files
from wabox.sandbox.keeping import Keeper
from wabox.sandbox.uploads import Shelf
from wabox.sandbox.wire import Wire
from wabox.sandbox.world import World

SITE = Path(__file__).parent / "site"
WHATSAPP_VERSION = "2.3000.1046400001"
FIRST_WAVE = ["kernel", "collections", "ids", "constants"]
SECOND_WAVE = [
    "storage", "wire", "stores", "models", "session", "linking", "leaving", "directory", "limits", "chats",
    "getters", "quiet", "upload", "media", "cards", "screen", "dialogs", "receiving", "app", "sending", "boot",
]  # fmt: skip
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css"}


def _nonce_policy(nonce: str) -> str:
    return (
        f"default-src 'self'; script-src 'nonce-{nonce}'; style-src 'self'; "
        "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' data: blob:; "
        "worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


@get("/", media_type=MediaType.HTML)
async def index(state: State) -> Response[str]:
    """The page, with a fresh nonce and the faults that concern its loading."""
    world: World = state.world
    await asyncio.sleep(world.faults.slow_load_ms / 1000)
    nonce = secrets.token_urlsafe(12)
    settings = {
        "version": state.version,
        "whatsapp_version": WHATSAPP_VERSION,
        "first_wave": [f"modules/{name}.js" for name in FIRST_WAVE],
        "second_wave": [f"modules/{name}.js" for name in SECOND_WAVE],
        "module_wave_ms": world.faults.module_wave_ms,
        "missing_exports": world.faults.missing_exports,
        "lazy_exports": world.faults.lazy_exports,
        "registered_not_requirable": world.faults.registered_not_requirable,
        "service_worker": world.faults.service_worker,
        "qr_blink_ms": world.faults.qr_blink_ms,
        "forgets": world.faults.forgets,
        "locale": world.faults.locale,
        "refresh_qr": world.faults.refresh_qr,
    }
    page = (SITE / "index.html").read_text()
    page = page.replace("{{ version }}", state.version).replace("{{ nonce }}", nonce)
    page = page.replace("{{ settings }}", json.dumps(settings).replace("<", "\\u003c"))
    headers = {
        "content-security-policy": _nonce_policy(nonce),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(page, media_type=MediaType.HTML, headers=headers)


@get("/sandbox/site/{name:path}", sync_to_thread=False)
def site_file(name: FromPath[str]) -> Response[bytes]:
    """A script or style of the page."""
    path = (SITE / name.lstrip("/")).resolve()
    if SITE not in path.parents or path.suffix not in MEDIA_TYPES or not path.is_file():
        raise HTTPException(status_code=404, detail="There is no such file.")
    headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
    return Response(path.read_bytes(), media_type=MEDIA_TYPES[path.suffix], headers=headers)


@get("/sandbox/qr", sync_to_thread=False)
def qr_rows(request: Request[Any, Any, Any]) -> list[str]:
    """A text as rows of 0 and 1, for the page to draw as a QR."""
    text = request.query_params.get("text", "")
    if not 0 < len(text) <= 1000:
        raise Invalid("invalid_text", "Give a text of 1 to 1000 characters.")
    code = segno.make(text, error="l", micro=False)
    return ["".join("1" if dark else "0" for dark in row) for row in code.matrix_iter(border=2)]


@websocket("/sandbox/wire")
async def page_wire(socket: WebSocket[Any, Any, Any], state: State) -> None:
    """A page's connection to the servers."""
    wire: Wire = state.wire
    await wire.serve(socket)


async def _date(message: Message, scope: Scope) -> None:
    """Every answer is dated by WhatsApp's clock."""
    if message["type"] == "http.response.start":
        world: World = scope["litestar_app"].state.world
        said = format_datetime(datetime.now(UTC) + timedelta(seconds=world.faults.skew_s), usegmt=True)
        message["headers"] = [*message.get("headers", ()), (b"date", said.encode())]


class _Server(uvicorn.Server):
    """Uvicorn without its own hold on signals: whoever owns the process decides."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """It accepts connections."""
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Sandbox:
    """A stand-in WhatsApp on loopback. start() returns when it answers; stop() within two seconds."""

    def __init__(
        self,
        port: int = 0,
        tls_port: int | None = None,
        data: Path | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.host, self.port, self.tls_port = host, port, tls_port
        self._data = data
        self._keeper = Keeper(data)
        self._servers: list[_Server] = []
        self._serving: list[asyncio.Task[None]] = []
        self._driving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where the page is; the control API is on the same origin."""
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """The sandbox answers on its ports. Raises OSError if one is taken, ConfigError for bad data."""
        self.world = World(self._keeper.load())
        self.shelf = Shelf(self._data)
        self.world.uploaded = self.shelf.there()
        mail.resume(self.world, time.time())
        self.wire = Wire(self.world, self._keeper)
        try:
            self._listen_everywhere(self._app())
        except OSError:
            await self.stop()
            raise
        self._driving = asyncio.create_task(self._drive())
        for server in self._servers:
            await server.listening.wait()

    def _listen_everywhere(self, app: Litestar) -> None:
        listener = _listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        self._serve(app, listener)
        if self.tls_port is None:
            return
        listener = _listen(self.host, self.tls_port)
        self.tls_port = listener.getsockname()[1]
        with certificate_files() as (certificate, key):
            self._serve(app, listener, ssl_certfile=certificate, ssl_keyfile=key)

    def _app(self) -> Litestar:
        control_api = Router(
            path="/",
            route_handlers=[*control.ROUTES, *phones_page.ROUTES],
            guards=[control.name_guard],
        )
        bytes_of_pages = Router(path="/", route_handlers=uploads.ROUTES, guards=[control.site_guard])
        state = State(
            {"world": self.world, "wire": self.wire, "shelf": self.shelf, "version": secrets.token_hex(4)}
        )
        return Litestar(
            [index, site_file, qr_rows, page_wire, bytes_of_pages, control_api],
            state=state,
            before_send=[_date],
            openapi_config=None,
            logging_config=None,
            exception_handlers={
                Refusal: control.refuse,
                HTTPException: control.refuse_plainly,
            },
        )

    def _serve(self, app: Litestar, listener: socket.socket, **tls: str) -> None:
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            date_header=False,
            lifespan="off",
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
            **tls,  # type: ignore[arg-type]
        )
        config.load()
        server = _Server(config)
        self._servers.append(server)
        self._serving.append(asyncio.create_task(server.serve(sockets=[listener])))

    async def _drive(self) -> None:
        while True:
            self.world.advance(time.time())
            self.wire.flush()
            self.wire.moved.clear()
            due = self.world.next_due()
            wait = None if due is None else max(0.0, due - time.time())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self.wire.moved.wait()

    async def stop(self) -> None:
        """Nothing listens any more; what is kept is on disk."""
        self.wire.hang_up()
        for server in self._servers:
            server.should_exit = True
        await asyncio.gather(*self._serving, return_exceptions=True)
        if self._driving is not None:
            self._driving.cancel()
            await asyncio.gather(self._driving, return_exceptions=True)
        self._servers.clear()
        self._serving.clear()
        self.wire.flush()
        self._keeper.close()
        self.shelf.close()


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"Port {port}: {error.strerror}") from None
    listener.listen(128)
    return listener
