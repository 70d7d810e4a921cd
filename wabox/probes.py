"""What machines ask a box: is it alive, can it work, and its metrics."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog
from litestar import Request, Response, get

from wabox import db, fence, hosts
from wabox.backup import record
from wabox.box import Box
from wabox.checkup import machine_clock
from wabox.checkup.vitals import Watch
from wabox.datadir import DataDir
from wabox.db import Rows
from wabox.errors import NotFound, Refusal, Unauthorized, Unavailable
from wabox.late import late
from wabox.mounting import Mount

if TYPE_CHECKING:
    from wabox import metrics
else:
    metrics = late("wabox.metrics")

log = structlog.get_logger()

SECONDS = 3.0
NAMED = (db.DAMAGED, "storage_full", "storage_failing", "too_many_files", "out_of_memory")
Asked: TypeAlias = Request[Any, Any, Any]
# What a proxy adds: with any of these, the connection tells nothing of who asks.
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


@get("/healthz")
async def healthz(box: Box) -> Response[dict[str, str]]:
    """200 while the web serves and the database can be written, whatever the devices do."""
    why = await _unwritable(box)
    return Response({"status": "ok"}) if not why else Response({"status": "storage"}, status_code=503)


@get("/readyz")
async def readyz(box: Box) -> Response[dict[str, Any]]:
    """200 while messages are taken and worked on; 503 with every reason why not. A phone may be unlinked."""
    reasons = list(dict.fromkeys([*await _unreadable(box), *await _unwritable(box)]))
    if box.db.journal_bytes > db.JOURNAL_ALARM_BYTES:
        reasons.append("wal")
    if not {"database", db.DAMAGED} & set(reasons):
        if await box.db.read(machine_clock.is_wrong):
            reasons.append("clock_wrong")
        if held := await box.db.read(fence.reason):
            reasons.append(held)
        if box.pulse.late or not box.pulse.steps:
            reasons.append("engine")
    if reasons:
        return Response({"status": "not_ready", "reasons": reasons}, status_code=503)
    return Response({"status": "ready", "reasons": []})


@get("/metrics")
async def show(request: Asked, box: Box, watch: Watch) -> Response[bytes]:
    """For this machine, and for whoever has the token."""
    await _admit(request, box)
    tries = await asyncio.to_thread(record.entries, DataDir(box.config.data.dir))
    return Response(metrics.text(await watch.look(), tries), media_type=metrics.CONTENT_TYPE)


async def _unwritable(box: Box) -> list[str]:
    """What stands in the way of a change: one of NAMED, `writer`, or nothing."""
    failing, code = box.db.failing, box.db.failing_code
    try:
        await asyncio.wait_for(box.db.write(lambda tx: tx.value("select 1")), SECONDS)
    except Unavailable as refusal:
        return [refusal.code if refusal.code in NAMED else "writer"]
    except (TimeoutError, Refusal, sqlite3.Error):
        return ["writer"]
    if failing is None:
        return []
    return [code if code is not None and code in NAMED else "writer"]


async def _unreadable(box: Box) -> list[str]:
    """`database_damaged`, or `database` if it cannot be read, or not in time."""

    def ask(rows: Rows) -> None:
        rows.value("select count(*) from box")

    try:
        await asyncio.wait_for(box.db.touch(), SECONDS)
        await asyncio.wait_for(box.db.read(ask), SECONDS)
    except Unavailable as refusal:
        return [db.DAMAGED if refusal.code == db.DAMAGED else "database"]
    except (TimeoutError, sqlite3.Error):
        return ["database"]
    return []


async def _admit(request: Asked, box: Box) -> None:
    """Raises NotFound without a token to ask for, Unauthorized without the right one.

    From a proxy nobody is on this machine, trusted or not: a stranger's words may have come along.
    """
    if _is_local(request):
        hosts.check(
            request.headers.get("host", ""), box.config.server
        )  # a browser on this machine may be led here by a strange name
        return
    token = await asyncio.to_thread(_token, box)
    if not token:
        raise NotFound("not_found", "There is nothing here; GET /api/v1/openapi.json lists every path.")
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise Unauthorized("unauthorized", "Send the token of [metrics] token_file as Authorization: Bearer.")


def _is_local(request: Asked) -> bool:
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _token(box: Box) -> str:
    """What the file holds, read each time: a changed token needs no restart. "" = there is none."""
    config = box.config
    if config.metrics.token_file is None:
        return ""
    place = config.path.parent if config.path else Path.cwd()
    try:
        return (place / config.metrics.token_file).read_text(encoding="utf-8").strip()
    except OSError as error:
        log.error("metrics token cannot be read", error=error.strerror)
        return ""


router = Mount(path="/", route_handlers=[healthz, readyz, show], include_in_schema=False, signature_types=[Watch])
