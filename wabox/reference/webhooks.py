"""The webhooks' routes, as the reference tells them."""

from __future__ import annotations

from wabox.languages import later
from wabox.reference.shape import PAGING, Chapter, Field, Route, listed

_DELIVERY = {
    "id": 91,
    "webhook_id": "msg_4e1f0c7b9a2d4c55a8e6f3b1d0c9e7a2",
    "event": "delivery.sent",
    "job_id": 12345,
    "status": "delivered",
    "attempts": 1,
    "created_at": "2026-04-25T12:34:56+00:00",
    "last_attempt_at": "2026-04-25T12:34:57+00:00",
    "next_attempt_at": None,
    "last_status": 204,
    "last_error": None,
    "payload": {"event": "delivery.sent", "job_id": 12345, "phone": "8801711123456", "status": "sent"},
}
_ATTEMPT = {"at": "2026-04-25T12:34:57+00:00", "status": 204, "error": None, "milliseconds": 81}
_TEST = {
    **_DELIVERY,
    "event": "webhook.test",
    "job_id": None,
    "status": "owed",
    "attempts": 0,
    "last_attempt_at": None,
    "next_attempt_at": "2026-04-25T12:34:56+00:00",
    "last_status": None,
    "payload": {"event": "webhook.test", "job_id": None, "status": "test"},
}

_OPENED = {"entry": "192.168.1.20:80", "everyone": False}
_ALLOWED = {
    "allow": [_OPENED],
    "within": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
    "file": ["127.0.0.1:9000"],
}

WEBHOOKS = Chapter(
    "webhooks",
    later("Webhooks"),
    (
        Route(
            "GET",
            "/webhooks",
            later("Your webhook. The secret is shown only when it is made."),
            answer={
                "webhook_url": "https://shop.example.com/wa-events",
                "webhook_secret": None,
                "events": ["delivery.sent", "delivery.failed", "delivery.skipped"],
                "enabled": True,
            },
        ),
        Route(
            "PUT",
            "/webhooks",
            later("Set the address, the events, or a new secret. null as address switches it off."),
            fields=(
                Field("webhook_url", later("Where events are posted.")),
                Field("rotate_secret", later("true: make a new secret; the old one signs too for a day.")),
                Field("events", later("Which events; leave it out to keep them.")),
            ),
            body={"webhook_url": "https://shop.example.com/wa-events", "rotate_secret": False},
            answer={
                "webhook_url": "https://shop.example.com/wa-events",
                "webhook_secret": "whsec_…",
                "events": ["delivery.sent", "delivery.failed", "delivery.skipped"],
                "enabled": True,
            },
        ),
        Route("POST", "/webhooks/test", later("Post a test event to your webhook."), status=202, answer=_TEST),
        Route(
            "GET",
            "/webhooks/deliveries",
            later("What was posted, with every attempt."),
            fields=(Field("status", "owed, delivered, parked, dropped"), *PAGING),
            answer=listed(_DELIVERY),
        ),
        Route(
            "GET",
            "/webhooks/deliveries/{delivery_id}",
            later("One post with every attempt."),
            answer={**_DELIVERY, "last_response": "", "attempt_log": [_ATTEMPT]},
            example={"delivery_id": "91"},
        ),
        Route(
            "POST",
            "/webhooks/deliveries/{delivery_id}/replay",
            later("Post it again, under the same webhook-id."),
            status=202,
            answer={**_DELIVERY, "status": "owed"},
            example={"delivery_id": "91"},
        ),
        Route(
            "GET",
            "/webhooks/allow",
            later("Private hosts that webhooks may reach. For whoever runs the box."),
            answer=_ALLOWED,
        ),
        Route(
            "PUT",
            "/webhooks/allow",
            later(
                "Open private hosts to webhooks: the whole list, within [webhooks] allow_within of wabox.toml. It "
                "holds from the next post on."
            ),
            fields=(
                Field("allow[].entry", later("A network like 192.168.1.0/24, or host:port."), need=True),
                Field("allow[].everyone", later("true: also for other users' webhooks; else for yours alone.")),
            ),
            body={"allow": [_OPENED]},
            answer=_ALLOWED,
        ),
        Route(
            "POST",
            "/webhooks/allow/test",
            later("What would become of a post to this address: what its name leads to, and what refuses it."),
            fields=(Field("webhook_url", later("Where a webhook might go."), need=True),),
            body={"webhook_url": "http://192.168.1.20/"},
            answer={
                "error": None,
                "everyone": False,
                "addresses": [{"address": "192.168.1.20", "error": None}],
            },
        ),
    ),
)
