"""The webhooks' routes, as the reference tells them."""

from __future__ import annotations

from wabox.dashboard.docs.reference.shape import PAGING, Chapter, Field, Route, listed
from wabox.languages import later

_DELIVERY = {
    "id": 91,
    "event": "delivery.sent",
    "job_id": 12345,
    "status": "delivered",
    "attempts": 1,
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
        Route("POST", "/webhooks/test", later("Post a test event to your webhook."), status=202, answer=_DELIVERY),
        Route(
            "GET",
            "/webhooks/deliveries",
            later("What was posted, with every attempt."),
            fields=(Field("status", "owed, delivered, parked, dropped"), *PAGING),
            answer=listed(_DELIVERY),
        ),
        Route(
            "GET",
            "/webhooks/deliveries/{id}",
            later("One post with every attempt."),
            answer=_DELIVERY,
            example={"id": "91"},
        ),
        Route(
            "POST",
            "/webhooks/deliveries/{id}/replay",
            later("Post it again, under the same webhook-id."),
            status=202,
            answer={**_DELIVERY, "status": "owed"},
            example={"id": "91"},
        ),
    ),
)
