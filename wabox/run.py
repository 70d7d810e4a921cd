"""Starts the owners of threads in order, and stops them in reverse within ten seconds."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import structlog
import uvicorn
import uvloop

from wabox import app, crash, datadir, fence, identity, logs, open_box, shortage, threads, welcome
from wabox.accounts import users
from wabox.box import Box
from wabox.config import Config, is_loopback
from wabox.db import Rows
from wabox.devices import linking
from wabox.devices import stored as devices
from wabox.engine.alerting import Alerting
from wabox.engine.backups import Backups
from wabox.engine.billing import Billing
from wabox.engine.calling import Calling
from wabox.engine.clock import Clock
from wabox.engine.clock_jumps import Timekeeper
from wabox.engine.closed_accounts import ClosedAccounts
from wabox.engine.ended_links import EndedLinks
from wabox.engine.expansion import Campaigns, Expansion
from wabox.engine.fetching import Fetches, Fetching
from wabox.engine.filing import Filing
from wabox.engine.housekeeping import Housekeeping
from wabox.engine.idling import Idling
from wabox.engine.importing import Importing, Imports
from wabox.engine.indexing import Indexes, Indexing
from wabox.engine.keeping import Keeping
from wabox.engine.leaving import Leaving
from wabox.engine.links import Links
from wabox.engine.mailing import Mailing
from wabox.engine.news import News
from wabox.engine.nightly_check import NightlyCheck
from wabox.engine.page_events import PageEvents
from wabox.engine.posting import Poster
from wabox.engine.renewing import Renewing
from wabox.engine.repeating import Repeating
from wabox.engine.storage import Storage
from wabox.engine.turns import Turns
from wabox.engine.workers import Kind, Workers
from wabox.errors import ConfigError
from wabox.messages import claiming
from wabox.watchdog import Watchdog
from wabox.whatsapp.gateway import Gateway
from wabox.whatsapp.patience import Limits

log = structlog.get_logger()

STOP_SECONDS = 9.5  # from the signal to the end
GATHER_SECONDS = 0.5  # that receipts wait for each other
LAST_SECONDS = 2.0  # of these, what the browsers and the last writes get
MOST_DEVICES = 200  # turns at once: a thread costs little beside the browser of a linked phone
STDERR = 2
LISTENER = "WABOX_LISTENER"  # the number of the socket that a process which begins anew hands to itself
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def serve(config: Config) -> socket.socket | None:
    """Run wabox until SIGTERM or SIGINT. Raises ConfigError when it cannot start.

    Returns its listening socket if it shall begin anew, with what was put in the box's place: whoever connects
    meanwhile waits for an answer.
    """
    gc.disable()  # until it serves: what a start makes stays
    logs.configure(config.logs)
    threads.arm()
    faulthandler.enable(STDERR)  # where every thread stands, in the log, should systemd's watchdog end the process
    crash.arm(os.environ, loopback=config.site_is_loopback)
    data = datadir.prepare(config.data.dir)
    url = f"http://{config.server.host}:{config.server.port}"
    with (
        datadir.held(data, what="wabox serve", url=url),
        open_box.opened(config, data, damaged_too=True) as box,
        _listener(box) as listener,
    ):
        if not box.db.damaged:
            _look_for_copies(box)
        if not box.db.damaged and (link := welcome.set_up_url(box, data)) is not None:
            log.warning("no owner yet: open this once to make the box yours", set_up=link)
        serving = _Serving(box, data, listener)
        uvloop.run(serving.run())
    return serving.kept


def begin_anew(kept: socket.socket, environ: Mapping[str, str]) -> None:
    """The process is the same program from its beginning, as it was typed; systemd sees no other."""
    kept.set_inheritable(True)
    os.execve(sys.executable, sys.orig_argv, {**environ, LISTENER: str(kept.fileno())})


def _look_for_copies(box: Box) -> None:
    """Before any browser opens: a box whose data were copied is held, and says which the other is."""
    at = identity.here(box.config.data.dir)
    other = identity.noted_elsewhere(box.db.write_now(identity.box_id), at)
    if box.db.write_now(identity.settle, at, other, now=box.now()):
        log.error("these data were copied: nothing is sent until the owner says what goes", page="/admin/held")


def machine_boot() -> str:
    """Changes when the machine was restarted; a browser's last seconds may be lost then."""
    return BOOT_ID.read_text(encoding="ascii").strip() if BOOT_ID.exists() else "unknown"


@contextlib.contextmanager
def _listener(box: Box) -> Iterator[socket.socket]:
    """The listening socket. Raises ConfigError when the address is taken or not allowed yet."""
    server = box.config.server
    if (kept := _kept(server.port)) is not None:
        with kept:
            yield kept
        return
    if not is_loopback(server.host) and not (box.db.damaged or box.db.read_here(users.owner_exists)):
        raise ConfigError(
            f"[server] host is {server.host!r}, but there is no owner with a password yet; "
            "make one with wabox init, or set host to 127.0.0.1 and use the set-up link first."
        )
    if not (is_loopback(server.host) or server.is_encrypted or server.plain_http_beyond_loopback):
        raise ConfigError(
            f"[server] host is {server.host!r}, and passwords would cross the network unencrypted; put a proxy "
            "with TLS in front and name it in trusted_proxies and, with https, in public_url, or say "
            "plain_http_beyond_loopback = true."
        )
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((server.host, server.port))
            listener.listen()
        except OSError as error:
            raise ConfigError(
                f"wabox cannot listen on {server.host} port {server.port} ({error.strerror}); stop what uses it, "
                "or set another [server] port."
            ) from None
        yield listener
    finally:
        listener.close()


def _kept(port: int) -> socket.socket | None:
    """The listening socket that this process had before it began anew; None for a process that starts."""
    handle = os.environ.pop(LISTENER, "")
    if not handle.isdigit():
        return None
    found = socket.socket(fileno=int(handle))
    found.set_inheritable(False)
    if found.getsockname()[1] == port:
        return found
    found.close()
    return None


def _noticed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What the loop could not hand to anybody: a lack of files shows here first, when a caller is let in."""
    shortage.notice(context.get("exception"))
    loop.default_exception_handler(context)


def _opens_phones(rows: Rows) -> bool:
    return fence.of(rows) is None and bool(devices.wanted(rows))


async def _not_yet(scope: object, receive: object, send: object) -> None:
    """Stands for the web until it is made."""


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to `_Serving`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing to capture."""
        yield


class _Serving:
    """One run of the process."""

    def __init__(self, box: Box, data: datadir.DataDir, listener: socket.socket) -> None:
        self.box = box
        self.listener = listener
        self.kept: socket.socket | None = None
        self.receipts = PageEvents(box, gather_seconds=GATHER_SECONDS)
        config = box.config
        self.gateway = Gateway(
            config.whatsapp.url,
            config.whatsapp.chromium,
            data.profiles,
            self.receipts.take,
            now=box.now,
            limits=Limits(memory_mb=config.whatsapp.page_memory_mb),
            night=config.is_night,
            service_workers="allow" if config.whatsapp.service_workers else "block",
            engines=data.engines,
            patches_off=config.engine.patches_off,
        )
        self.turns = Turns(box, self.gateway, machine_boot())
        self.expansion = Expansion(box)
        self.importing = Importing(box)
        self.indexing = Indexing(box)
        self.workers = Workers(
            data.queue,
            {
                "device": Kind(self.turns.turn, most=MOST_DEVICES),
                "campaign": Kind(self.expansion.turn, most=2),
                "import": Kind(self.importing.turn, most=2),
                "fetch": Kind(Fetching(box, self.gateway).turn, most=4),
                "index": Kind(self.indexing.turn, most=1),
            },
            box.pulse,
        )
        self.links = Links(box, self.gateway)
        self.poster = Poster(
            box.db,
            box.seal,
            config.webhooks.allow,
            box.now,
            allow_within=config.webhooks.allow_within,
            own_port=config.server.port,
        )
        self.mailing = Mailing(box)
        self.filing = Filing(box)
        self.backups = Backups(box)
        self.renewing = Renewing(box, self.gateway, self.gateway)
        imports, billing, keeping = Imports(box, self.workers), Billing(box), Keeping(box)
        self.clock = Clock(
            box,
            self.workers,
            steps=[
                Storage(box).tick,
                Timekeeper(box).tick,
                self.links.tick,
                self.poster.tick,
                self.mailing.tick,
                Repeating(box).tick,
                Campaigns(box, self.workers).tick,
                imports.tick,
                Fetches(box, self.workers).tick,
                Indexes(box, self.workers).tick,
                self.renewing.tick,
                billing.tick,
                Alerting(box).tick,
                Calling(box).tick,
                Leaving(box).tick,
                ClosedAccounts(box).tick,
                self.backups.tick,
            ],
            hourly=[
                EndedLinks(box, self.gateway).tick,
                Idling(box).tick,
                Housekeeping(box).tick,
                keeping.tick,
                keeping.weigh,
                self.filing.tick,
                NightlyCheck(box).tick,
                imports.tidy,
                self.renewing.tidy,
                News(box).tick,
                billing.tidy,
            ],
            lines=self.turns.lines,
        )
        self.settings = uvicorn.Config(
            _not_yet,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(config.server.trusted_proxies),
            forwarded_allow_ips=list(config.server.trusted_proxies),
            timeout_graceful_shutdown=3,
            lifespan="off",
            ws="none",
        )
        self.server = _Server(self.settings)
        self.watchdog = Watchdog(box)
        self.stop_by: float | None = None

    async def run(self) -> None:
        """Start, serve, stop."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(threads.Pool(8, "aside"))
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._ask_to_stop)
        loop.set_exception_handler(_noticed)
        gateway = asyncio.ensure_future(self._start_gateway())  # other processes, while this one makes the web
        box = replace(self.box, sights=self.gateway, begin_anew=self._begin_anew)
        self.settings.app = await asyncio.to_thread(app.create, box)
        if not self.box.db.damaged:
            await self.filing.begin()
            await self.box.db.write(linking.all_starting)
            while await self.box.db.write(claiming.judge_caps_anew):
                pass
        await gateway
        await self.links.begin()
        self.workers.start()
        self.box.db.on_commit = self.clock.wake
        self.clock.start()
        gc.freeze()  # the collector need not walk what was made until here
        gc.enable()
        log.info("wabox serves", url=self.box.base_url)
        watching = threads.lasting_task(asyncio.ensure_future(self.watchdog.run()), asked=lambda: True)
        try:
            await self.server.serve(sockets=[self.listener])
        finally:
            watching.cancel()
            if self.kept is None:
                self.watchdog.tell("STOPPING=1")
            await self._stop()

    async def _start_gateway(self) -> None:
        soon = not self.box.db.damaged and await self.box.db.read(_opens_phones)
        await self.gateway.start(soon=soon)

    def _begin_anew(self) -> None:
        """Everything stops in order; `serve` returns the socket, which goes on listening."""
        self.kept = self.listener.dup()
        self._ask_to_stop()

    def _ask_to_stop(self) -> None:
        self.box.stopping.set()
        self.server.should_exit = True
        self.turns.stopping.set()
        self.expansion.stopping.set()
        self.backups.stopping.set()
        self.importing.stopping.set()
        self.indexing.stopping.set()
        self.stop_by = self.stop_by or monotonic() + STOP_SECONDS

    async def _stop(self) -> None:
        """Web first, browsers last; a hand-over that does not end in time stays in doubt."""
        self._ask_to_stop()
        await self.clock.stop(min(2.0, self._left()))
        turns = asyncio.to_thread(self.workers.stop, self._left() - LAST_SECONDS)
        posts = self.poster.stop(min(2.0, self._left()))
        mails, seconds = self.mailing.stop(min(2.0, self._left())), min(2.0, self._left())
        await asyncio.gather(turns, posts, mails, self.backups.stop(), self.renewing.stop(seconds))
        self.importing.close()
        await self.gateway.stop(min(LAST_SECONDS, self._left()))
        await self.receipts.drain()
        log.info("wabox stopped")

    def _left(self) -> float:
        """Seconds until everything must have stopped; a little, even if there are none."""
        assert self.stop_by is not None
        return max(self.stop_by - monotonic(), 0.5)
