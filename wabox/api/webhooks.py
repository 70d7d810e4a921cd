"""Webhooks: where events go, what became of each, test and replay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post, put
from litestar.params import Parameter
from msgspec import UNSET, Meta, Struct, UnsetType

from wabox import times
from wabox.accounts.keys import Caller
from wabox.api import idempotency, record, strict, wire
from wabox.api.strict import StrictRequest
from wabox.box import Box
from wabox.db import Rows, Tx
from wabox.mounting import Mount
from wabox.webhooks import allowed, deliveries, endpoints, log
from wabox.webhooks.endpoints import Endpoint

URL_PATTERN = (
    r"^https?://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z]{2,20}(?::(?:80|443|[1-9][0-9]{3}))?"
    r"(?:/[A-Za-z0-9/._~?&=%+-]{0,500})?$"
)
NO_STORE = {"Cache-Control": "no-store"}

DeliveryId = Annotated[int, Parameter(ge=1, le=wire.BIGGEST_ID, description="The id in the list of deliveries.")]
Event = Annotated[str, Meta(extra_json_schema={"enum": list(endpoints.EVENTS)})]
Url = Annotated[
    str,
    Meta(
        description="An http or https address that the internet can reach, or one that `[webhooks] allow` opens.",
        extra_json_schema={"pattern": URL_PATTERN, "examples": ["https://shop.example/wa-events"]},
    ),
]


class Webhook(Struct):
    """The webhook. webhook_secret: in full only in the PUT that makes or rotates it, else null."""

    webhook_url: str | None
    webhook_secret: str | None
    events: list[str]
    enabled: bool


class NewWebhook(Struct, forbid_unknown_fields=True):
    """webhook_url: null switches it off, absent leaves it. events: the whole list, absent leaves it."""

    webhook_url: Url | None | UnsetType = UNSET
    rotate_secret: bool = False
    events: Annotated[list[Event], Meta(max_length=100)] | None = None


class Attempt(Struct):
    """One post. status: the HTTP status, null without an answer; then error says why."""

    at: wire.Time
    status: int | None
    error: str | None
    milliseconds: int


class Delivery(Struct):
    """One event on its way. status: owed, delivered, parked (given up after three days) or dropped.

    webhook_id: the same on every attempt. next_attempt_at: while owed. payload: what is posted.
    """

    id: int
    webhook_id: str
    event: str
    job_id: int | None
    status: log.Status
    attempts: int
    created_at: wire.Time
    last_attempt_at: wire.Time | None
    next_attempt_at: wire.Time | None
    last_status: int | None
    last_error: str | None
    payload: dict[str, Any]


class DeliveryWithAttempts(Delivery):
    """A delivery with every attempt, oldest first. last_response: the beginning of the last answer."""

    last_response: str | None
    attempt_log: list[Attempt]


@get("/webhooks", responses=wire.errors(), summary="Your webhook")
async def show(box: Box, caller: Caller) -> Webhook:
    """Where events go. The secret is never shown here; rotate it if it is lost."""
    return _webhook(await box.db.read(endpoints.get, caller.user.id), None)


@put("/webhooks", responses=wire.errors(), summary="Set your webhook")
async def save(data: NewWebhook, request: StrictRequest, box: Box, caller: Caller) -> Response[Webhook]:
    """Set, change or switch off the webhook. Nothing is sent; use POST /webhooks/test for that.

    After `rotate_secret` the old secret signs `webhook-signature` too for 24 hours.
    """

    def verb(tx: Tx) -> tuple[Endpoint, str | None]:
        made = endpoints.put(
            tx,
            caller.user.id,
            url=data.webhook_url,
            rotate_secret=data.rotate_secret,
            events=data.events,
            allow=allowed.allow(tx, box.config, caller.user.id),
            seal=box.seal,
            now=box.now(),
        )
        note = record.by(request, box, caller)
        if data.rotate_secret:
            note(tx, "webhook.secret_rotated")
        if data.webhook_url is not UNSET or data.events is not None:
            note(tx, "webhook.switched_off" if data.webhook_url is None else "webhook.saved")
        return made

    endpoint, secret = await box.db.write(verb)
    return Response(_webhook(endpoint, secret), headers=NO_STORE)


@post("/webhooks/test", status_code=202, responses=wire.errors(409), summary="Send a test event")
async def test(request: StrictRequest, box: Box, caller: Caller) -> Response[Delivery]:
    """A `webhook.test` goes to your address at once; see the delivery for what came of it."""

    def verb(tx: Tx) -> Delivery:
        return _delivery(log.find(tx, caller.user.id, deliveries.test(tx, caller.user.id, box.now())))

    return await idempotency.once(box, request, caller, verb, kind=Delivery, status=202)


@get("/webhooks/deliveries", responses=wire.errors(), summary="What was posted, and what came of it")
async def list_deliveries(
    box: Box,
    caller: Caller,
    page: wire.PageNumber = 1,
    per_page: wire.PerPage = 50,
    cursor: wire.Cursor = None,
    status: log.Status | None = None,
    job_id: Annotated[int | None, Parameter(ge=1, le=wire.BIGGEST_ID)] = None,
) -> wire.Page[Delivery]:
    """Newest first."""
    before_id = strict.cursor_of(cursor)

    def ask(rows: Rows) -> tuple[list[log.Delivery], int]:
        found = log.page(
            rows,
            caller.user.id,
            limit=per_page + 1,
            offset=0 if before_id is not None else (page - 1) * per_page,
            before_id=before_id,
            status=status,
            message_id=job_id,
        )
        return found, log.count(rows, caller.user.id, status=status, message_id=job_id)

    found, total = await box.db.read(ask)
    shown = found[:per_page]
    return wire.page_of(
        shown,
        _delivery,
        page=page,
        per_page=per_page,
        total=total,
        next_cursor=shown[-1].id if len(found) > per_page else None,
    )


@get("/webhooks/deliveries/{delivery_id:int}", responses=wire.errors(404), summary="One delivery")
async def show_delivery(delivery_id: DeliveryId, box: Box, caller: Caller) -> DeliveryWithAttempts:
    """The delivery with all its attempts."""
    return await box.db.read(_with_attempts, caller.user.id, delivery_id)


@post(
    "/webhooks/deliveries/{delivery_id:int}/replay",
    status_code=202,
    responses=wire.errors(404),
    summary="Post it again",
)
async def replay(delivery_id: DeliveryId, box: Box, caller: Caller) -> Delivery:
    """It goes out again at once, under the same webhook-id, whatever became of it before."""

    def verb(tx: Tx) -> Delivery:
        deliveries.replay(tx, caller.user.id, delivery_id)
        return _delivery(log.find(tx, caller.user.id, delivery_id))

    return await box.db.write(verb)


def _webhook(endpoint: Endpoint, secret: str | None) -> Webhook:
    return Webhook(endpoint.url, secret, list(endpoint.events), endpoint.enabled)


def _delivery(one: log.Delivery) -> Delivery:
    return Delivery(**_fields(one))


def _with_attempts(rows: Rows, user_id: int, delivery_id: int) -> DeliveryWithAttempts:
    one = log.find(rows, user_id, delivery_id)
    return DeliveryWithAttempts(
        **_fields(one), last_response=one.last_excerpt, attempt_log=_attempts(log.attempts(rows, [one.id]))
    )


def _fields(one: log.Delivery) -> dict[str, Any]:
    return {
        "id": one.id,
        "webhook_id": one.webhook_id,
        "event": one.event,
        "job_id": one.message_id,
        "status": one.status,
        "attempts": one.attempts,
        "created_at": times.wire(one.created_at),
        "last_attempt_at": times.wire_or_none(one.last_at),
        "next_attempt_at": None if one.due_at is None else times.wire_up(one.due_at),
        "last_status": one.last_status,
        "last_error": one.last_error,
        "payload": msgspec.json.decode(one.payload),
    }


def _attempts(found: Sequence[log.Attempt]) -> list[Attempt]:
    return [Attempt(times.wire(one.at), one.status, one.error, one.milliseconds) for one in found]


router = Mount(
    path="",
    route_handlers=[show, save, test, list_deliveries, show_delivery, replay],
    tags=["Webhooks"],
    opt={"scope": "admin"},
)
