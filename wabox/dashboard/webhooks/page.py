"""Where a shop's own programs are told: the address, the events, the secret, and what became of each post."""

from __future__ import annotations

import functools
import json
from typing import Any

from litestar import Response, get, post

from wabox.accounts import audit
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.asked import address, cursor_of
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.languages import later
from wabox.mounting import Mount
from wabox.reference import events
from wabox.webhooks import allowed, deliveries, endpoints
from wabox.webhooks import log as webhook_log
from wabox.webhooks.endpoints import Endpoint

PER_PAGE = 20
MOST_PARKED = 20


@get("/webhooks")
async def page(desk: Desk) -> Response[str]:
    """The webhook and its log."""
    return await _page(desk)


@get("/webhooks/live")
async def live(desk: Desk) -> Response[str]:
    """The log, as it is now."""
    return desk.page("webhooks/_deliveries.html", **await desk.box.db.read(_log, desk))


@post("/webhooks")
async def save(desk: Desk) -> Response[str]:
    """Address and events are as asked; a new webhook's secret is shown this once."""
    form = await desk.form()
    url, events = form.text("webhook_url")[:2_000], form.texts("events")
    try:
        secret = await desk.box.db.write(_put, desk, url=url, events=events)
    except Invalid as wrong:
        errors = {name.split("[")[0]: sentence for name, sentence in wrong.details.items()}
        return await _page(desk, status=422, url=url, errors=errors or {"webhook_url": wrong.sentence})
    return await _page(desk, secret=secret) if secret else desk.go("/webhooks", said="webhook_saved")


@post("/webhooks/off")
async def off(desk: Desk) -> Response[str]:
    """Nothing is sent any more."""
    await desk.box.db.write(_put, desk, url=None)
    return desk.go("/webhooks", said="webhook_off")


@post("/webhooks/rotate")
async def rotate(desk: Desk) -> Response[str]:
    """A new secret, shown this once; the old one signs too for a day."""
    return await _page(desk, secret=await desk.box.db.write(_rotate, desk))


@post("/webhooks/test")
async def test(desk: Desk) -> Response[str]:
    """A test is owed, before all else: a bare one, or an example of one event."""
    name = (await desk.form()).text("event")
    like = next((one for one in events.EVENTS if one.name == name), None)
    if name and like is None:
        raise nothing_here()
    user_id, now = desk.user.id, desk.box.now()
    if like is None:
        await desk.box.db.write(deliveries.test, user_id, now)
    else:
        await desk.box.db.write(deliveries.sample, user_id, like.name, like.body, now)
    return desk.go("/webhooks", said="webhook_tested")


@post("/webhooks/deliveries/{delivery_id:int}/replay")
async def replay(delivery_id: int, desk: Desk) -> Response[str]:
    """It is sent again."""
    await desk.box.db.write(deliveries.replay, desk.user.id, known_id(delivery_id))
    return desk.go("/webhooks", said="replayed")


def _put(tx: Tx, desk: Desk, *, url: str | None, events: list[str] | None = None) -> str | None:
    box = desk.box
    if url is not None and not events:
        sentence = later("Choose at least one event.")
        raise Invalid("no_events", sentence, details={"events": sentence})
    _, secret = endpoints.put(
        tx,
        desk.user.id,
        url=url,
        events=events,
        allow=allowed.allow(tx, box.config, desk.user.id),
        seal=box.seal,
        now=box.now(),
    )
    action = "webhook.switched_off" if url is None else "webhook.saved"
    audit.note(tx, user_id=desk.user.id, action=action, ip=desk.ip, now=box.now())
    return secret


def _rotate(tx: Tx, desk: Desk) -> str | None:
    box = desk.box
    _, secret = endpoints.put(
        tx,
        desk.user.id,
        rotate_secret=True,
        allow=allowed.allow(tx, box.config, desk.user.id),
        seal=box.seal,
        now=box.now(),
    )
    audit.note(tx, user_id=desk.user.id, action="webhook.secret_rotated", ip=desk.ip, now=box.now())
    return secret


async def _page(
    desk: Desk,
    *,
    status: int = 200,
    url: str | None = None,
    secret: str | None = None,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    shown = await desk.box.db.read(_log, desk)
    return desk.page(
        "webhooks/page.html",
        status=status,
        here="webhooks",
        url=url,
        secret=secret,
        errors=errors or {},
        all_events=endpoints.EVENTS,
        **shown,
    )


def _log(rows: Rows, desk: Desk) -> dict[str, Any]:
    user_id = desk.user.id
    query = desk.request.query_params
    before = cursor_of(query.get("before", ""))
    status = query.get("status", "") if query.get("status", "") in webhook_log.STATUSES else ""
    found = webhook_log.page(rows, user_id, limit=PER_PAGE + 1, before_id=before, status=status or None)
    parked = [] if before or status else webhook_log.page(rows, user_id, limit=MOST_PARKED, status="parked")
    shown = found[:PER_PAGE]
    attempts: dict[int, list[webhook_log.Attempt]] = {}
    for one in webhook_log.attempts(rows, list({each.id for each in (*shown, *parked)})):
        attempts.setdefault(one.delivery_id, []).append(one)
    endpoint: Endpoint = endpoints.get(rows, user_id)
    owed = any(one.status == "owed" for one in shown)
    return {
        "endpoint": endpoint,
        "deliveries": shown,
        "parked": parked,
        "parked_total": webhook_log.count(rows, user_id, status="parked") if parked else 0,
        "attempts": attempts,
        "pretty": pretty,
        "older": shown[-1].id if len(found) > PER_PAGE else None,
        "before": before,
        "state": status,
        "asked": functools.partial(_asked, status),
        "poll": "2s" if owed else "8s",
    }


def _asked(status: str, before: int | None = None) -> str:
    """The end of the log's address."""
    return address(status=status, before=str(before) if before is not None else "")


def pretty(payload: str) -> str:
    """The JSON of a post, indented for people."""
    return json.dumps(json.loads(payload), indent=2, ensure_ascii=False)


router = Mount(path="/", route_handlers=[page, live, save, off, rotate, test, replay])
