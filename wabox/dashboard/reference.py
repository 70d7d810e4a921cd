"""Knows the API as its reference page tells it: every route with a sentence and an example to copy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from wabox.dashboard.language import later

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
PHONE = "8801711123456"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a body or a query. need: whether it must be there."""

    name: str
    about: str
    need: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One route. example: values for the path's and the query's parameters; answer: what comes back."""

    method: Method
    path: str
    about: str
    status: int = 200
    fields: tuple[Field, ...] = ()
    body: Mapping[str, object] | None = None
    query: str = ""
    answer: object = None
    example: Mapping[str, str] = field(default_factory=lambda: {"job_id": "12345", "device_label": "primary"})

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return f"{self.method.lower()}{self.path.replace('/', '-').replace('{', '').replace('}', '')}"

    @property
    def filled(self) -> str:
        """The path with the example's values."""
        path = self.path
        for name, value in self.example.items():
            path = path.replace("{" + name + "}", value)
        return path + self.query

    @property
    def answered(self) -> str:
        """The answer as text; "" if there is none."""
        return "" if self.answer is None else json.dumps(self.answer, indent=2, ensure_ascii=False)

    def curl(self, base: str) -> str:
        """A command that works once the key is filled in."""
        lines = [f"curl{'' if self.method == 'GET' else ' -X ' + self.method} '{base}{self.filled}'"]
        lines.append("-H 'X-API-Key: YOUR_API_KEY'")
        if self.body is not None:
            lines.append("-H 'Content-Type: application/json'")
            lines.append("-d '" + json.dumps(self.body, ensure_ascii=False).replace("'", "'\\''") + "'")
        return " \\\n  ".join(lines)

    def php(self, base: str) -> str:
        """The same in PHP."""
        options = ["CURLOPT_RETURNTRANSFER => true"]
        if self.method != "GET":
            options.append(f"CURLOPT_CUSTOMREQUEST => '{self.method}'")
        headers = ["'X-API-Key: YOUR_API_KEY'"]
        if self.body is not None:
            headers.append("'Content-Type: application/json'")
            options.append(f"CURLOPT_POSTFIELDS => json_encode({_php(self.body)})")
        options.append(f"CURLOPT_HTTPHEADER => [{', '.join(headers)}]")
        inside = "".join(f"    {one},\n" for one in options)
        return (
            f"$ch = curl_init('{base}{self.filled}');\ncurl_setopt_array($ch, [\n{inside}]);\n"
            "$answer = json_decode(curl_exec($ch), true);"
        )


@dataclass(frozen=True, slots=True)
class Chapter:
    """Routes that belong together."""

    key: str
    title: str
    routes: tuple[Route, ...]


def _php(value: object) -> str:
    if isinstance(value, Mapping):
        return "[" + ", ".join(f"'{name}' => {_php(one)}" for name, one in value.items()) + "]"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_php(one) for one in value) + "]"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return json.dumps(value)


_MESSAGE = {
    "job_id": 12345,
    "campaign_id": None,
    "phone": PHONE,
    "device_label": "primary",
    "message": "Your code is 1234",
    "status": "queued",
    "error": None,
    "error_text": None,
    "waits_until": "2026-04-25T02:00:00+00:00",
    "wait_reason": "quiet_hours",
    "ahead": 0,
    "expected_at": "2026-04-25T02:00:00+00:00",
    "queued_at": "2026-04-24T19:12:08+00:00",
    "sent_at": None,
    "delivered_at": None,
    "read_at": None,
}
_DEVICE = {
    "device_label": "primary",
    "phone_number": PHONE,
    "state": "ready",
    "ready": True,
    "warmup_enabled": True,
    "warmup_day": 5,
    "effective_daily_cap": 150,
    "detail": None,
    "detail_text": None,
}
_STARTING = {**_DEVICE, "state": "starting", "ready": False, "phone_number": None}
_DELIVERY = {
    "id": 91,
    "event": "delivery.sent",
    "job_id": 12345,
    "status": "delivered",
    "attempts": 1,
}
_PAGING = (
    Field("page, per_page", later("Which page, and how many on it: up to 200.")),
    Field("cursor", later("Instead of page: next_cursor of the answer before. Stays fast at any depth.")),
)

MESSAGES = Chapter(
    "messages",
    later("Messages"),
    (
        Route(
            "POST",
            "/send",
            later(
                "Send one message. A 202 means that nothing loses it any more. wait_reason and waits_until say "
                "why it does not go at once, and when it may."
            ),
            status=202,
            fields=(
                Field("phone", later("The number, in any usual spelling."), need=True),
                Field(
                    "message",
                    later(
                        "The text, up to 4,096 characters. {a|b} draws one of several wordings; {name}, {custom} "
                        "and {phone} are filled in; {name:friend} says friend where there is no name."
                    ),
                    need=True,
                ),
                Field("device_label", later("Which of your phones sends it; primary unless you say.")),
                Field("queue_if_offline", later("true: keep it even while that phone is not linked.")),
                Field("scheduled_for", later("Not before this time, with its offset.")),
                Field("expires_at", later("Not after this time: then it is skipped instead.")),
            ),
            body={"phone": PHONE, "message": "Hello {name:friend}, your code is 1234"},
            answer={
                "job_id": 12345,
                "status": "queued",
                "phone": PHONE,
                "device_label": "primary",
                "waits_until": None,
                "wait_reason": None,
                "credits_left": None,
            },
        ),
        Route(
            "GET",
            "/messages",
            later("The log, newest first."),
            fields=(
                Field("status", "queued, sending, sent, delivered, read, failed, skipped, cancelled, unknown"),
                Field("phone, device_label, q", later("Only this number, this phone, or texts with these words.")),
                Field("since, until", later("Only accepted between these times, with offset.")),
                *_PAGING,
            ),
            query="?status=failed&per_page=20",
            answer={"data": [_MESSAGE], "page": 1, "per_page": 20, "total": 1, "pages": 1, "next_cursor": None},
        ),
        Route("GET", "/messages/{job_id}", later("One message: its state, and why it waits."), answer=_MESSAGE),
        Route(
            "POST",
            "/messages/{job_id}/cancel",
            later("Take back a message that still waits."),
            answer={**_MESSAGE, "status": "cancelled", "waits_until": None, "wait_reason": None},
        ),
        Route(
            "POST",
            "/messages/{job_id}/settle",
            later(
                "For a message whose status is unknown: look on the phone, then say whether it went. "
                "wabox never sends such a message again by itself."
            ),
            fields=(Field("as", "sent | not_sent", need=True),),
            body={"as": "sent"},
            answer={**_MESSAGE, "status": "sent", "waits_until": None, "wait_reason": None},
        ),
    ),
)

DEVICES = Chapter(
    "devices",
    later("Devices"),
    (
        Route(
            "GET",
            "/devices",
            later("Your phones with their live state: ready, qr, starting, disconnected or not_started."),
            answer={"devices": [_DEVICE], "count": 1, "max_allowed": 5},
        ),
        Route(
            "POST",
            "/devices",
            later("Add a phone. Then start it, and poll its QR until it is ready."),
            status=201,
            fields=(Field("device_label", later("1 to 32 of a-z, 0-9, - and _."), need=True),),
            body={"device_label": "sales"},
            answer={**_DEVICE, "device_label": "sales", "state": "not_started", "ready": False},
        ),
        Route(
            "POST",
            "/devices/{device_label}/start",
            later("Open its session. Accept the disclaimer on the page WhatsApp first."),
            status=202,
            answer=_STARTING,
        ),
        Route(
            "POST",
            "/devices/{device_label}/restart",
            later("Close its session and open it again; the link stays."),
            status=202,
            answer=_STARTING,
        ),
        Route(
            "POST",
            "/devices/{device_label}/logout",
            later("Give the link up; linking again needs a new code."),
            status=202,
            answer={**_STARTING, "state": "not_started"},
        ),
        Route(
            "GET",
            "/devices/{device_label}/qr",
            later("The QR code as a picture. Poll every 2 to 3 seconds until it is null and the state is ready."),
            answer={"qr": "data:image/png;base64,iVBORw0KGgo…"},
        ),
        Route(
            "POST",
            "/devices/{device_label}/pairing-code",
            later("Link by a code that is typed into the phone instead of a scan."),
            status=202,
            fields=(Field("phone", later("The number of the phone to link."), need=True),),
            body={"phone": PHONE},
            answer={"code": None, "expires_at": None},
        ),
        Route(
            "GET",
            "/devices/{device_label}/pairing-code",
            later("The code, once WhatsApp has given it."),
            answer={"code": "ABCD-EFGH", "expires_at": "2026-04-25T10:03:00+00:00"},
        ),
        Route(
            "DELETE",
            "/devices/{device_label}",
            later("Remove a phone; what waits on it is cancelled. primary always stays."),
            status=204,
            example={"device_label": "sales"},
        ),
    ),
)

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
            fields=(Field("status", "owed, delivered, parked, dropped"), *_PAGING),
            answer={"data": [_DELIVERY], "page": 1, "per_page": 50, "total": 1, "pages": 1, "next_cursor": None},
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

KEYS = Chapter(
    "keys",
    later("API key"),
    (
        Route(
            "POST",
            "/keys/rotate",
            later("A new key; the old one is dead at once. Use it if your key may have leaked."),
            answer={"api_key": "wbx_…", "prefix": "wbx_Ab12Cd34"},
        ),
    ),
)

CHAPTERS = (MESSAGES, DEVICES, WEBHOOKS, KEYS)

ERRORS: tuple[tuple[int, str], ...] = (
    (401, later("The API key is missing or wrong.")),
    (402, later("Not enough credits.")),
    (403, later("The account is not active, or the disclaimer is not accepted.")),
    (404, later("It does not exist, or is not yours.")),
    (409, later("The same Idempotency-Key came with another body.")),
    (413, later("The body is too large.")),
    (422, later("Something in the request is wrong; details names the fields.")),
    (429, later("Too many requests; come again after Retry-After seconds.")),
    (503, later("The phone is not linked, or the box is busy.")),
)

WEBHOOK_BODY = """{
  "event": "delivery.sent",
  "job_id": 12345,
  "campaign_id": null,
  "phone": "8801711123456",
  "status": "sent",
  "error": null,
  "sent_at": "2026-04-25T12:34:56+00:00"
}"""

WEBHOOK_PHP = """$raw = file_get_contents('php://input');
$want = 'sha256=' . hash_hmac('sha256', $raw, 'YOUR_WEBHOOK_SECRET');
if (!hash_equals($want, $_SERVER['HTTP_X_WEBHOOK_SIGNATURE'] ?? '')) {
    http_response_code(401);
    exit;
}
$event = json_decode($raw, true);"""
