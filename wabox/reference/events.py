"""What a webhook is told, as the reference shows it: each event with a body to copy, and how to check a post."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from wabox.languages import later


@dataclass(frozen=True, slots=True)
class Event:
    """One event. about: when it is posted. body: what is posted then, `event` aside."""

    name: str
    about: str
    body: Mapping[str, object]

    @property
    def posted(self) -> str:
        """The body as text."""
        return json.dumps({"event": self.name, **self.body}, indent=2, ensure_ascii=False)


def _delivery(status: str, about: str, *, error: str | None = None, sent: bool = True) -> Event:
    body = {
        "job_id": 12345,
        "campaign_id": None,
        "phone": "8801711123456",
        "status": status,
        "error": error,
        "sent_at": "2026-04-25T12:34:56+00:00" if sent else None,
    }
    return Event(f"delivery.{status}", about, body)


# What comes with each post, and what it is for.
HEADERS = (
    ("X-Webhook-Signature", "sha256= and the HMAC of the body in hex, keyed with your whole secret."),
    ("webhook-id", "The same for each try of one post."),
    ("webhook-timestamp", "When this try was made, in seconds since 1970."),
    ("webhook-signature", "The signature of Standard Webhooks, keyed with the decoded bytes of your secret."),
)

EVENTS: tuple[Event, ...] = (
    _delivery(
        "sent",
        later(
            "WhatsApp took the message. Of a place, a card or a poll, delivery events carry location, contact "
            "or poll too."
        ),
    ),
    _delivery(
        "failed", later("It did not go and is not tried again; error says why."), error="refused", sent=False
    ),
    _delivery(
        "skipped",
        later("It was not sent, and no credit was used; error says why."),
        error="opted_out",
        sent=False,
    ),
    _delivery("delivered", later("It reached the person's phone.")),
    _delivery("read", later("The person opened it.")),
    _delivery(
        "unknown",
        later("It may have gone, and nobody can say. Say what became of it: POST /messages/{job_id}/settle."),
        error="no_answer",
        sent=False,
    ),
    _delivery("cancelled", later("It was taken back before it went."), sent=False),
    Event(
        "message.received",
        later(
            "A person wrote. phone is null where WhatsApp hides the number; person_id is always there. media is "
            "what is told of a file that came with it, else null; POST /media/inbound/{message_id} fetches it. "
            "location is a place, contact the name and first number of a contact card, contacts all of them, poll "
            "the question and answers of a poll. quoted is what a reply answers to: job_id of your message, or "
            "message_id of theirs, null where it is not here, with its kind and first words. kind is WhatsApp's "
            "word: chat, image, video, ptv (a round video), audio, ptt (a voice note), document, sticker, "
            "location, vcard, multi_vcard, poll_creation and others; and four of wabox's own: view_once (to be "
            "seen once, on the phone only), live_location, gif, and unknown: it can only be looked at on the "
            "phone, and whatsapp_type is WhatsApp's word for it, else null. It is never read as STOP."
        ),
        {
            "device_label": "primary",
            "message_id": 512,
            "person_id": 91,
            "phone": "8801711123456",
            "username": None,
            "name": "Karim",
            "text": "Is it still there?",
            "kind": "document",
            "whatsapp_type": None,
            "media": {
                "media_id": None,
                "kind": "document",
                "mime": "application/pdf",
                "filename": "order.pdf",
                "bytes": 48213,
            },
            "location": None,
            "contact": None,
            "contacts": [],
            "poll": None,
            "quoted": {"job_id": 12345, "message_id": None, "own": True, "kind": "chat", "text": "Our new prices"},
            "at": "2026-04-25T12:34:56+00:00",
            "edited": False,
            "automatic": False,
        },
    ),
    Event(
        "message.edited",
        later("The text of a message was changed. With an error it was given up, and edited_at is null."),
        {
            "job_id": 12345,
            "campaign_id": None,
            "phone": "8801711123456",
            "error": None,
            "edited_at": "2026-04-25T12:36:04+00:00",
        },
    ),
    Event(
        "message.reaction",
        later(
            "A person put an emoji to your message (job_id) or to their own (message_id), or took it back: then "
            "emoji is null. It is never read as STOP."
        ),
        {
            "job_id": 12345,
            "message_id": None,
            "phone": "8801711123456",
            "person_id": 17,
            "emoji": "👍",
            "at": "2026-04-25T12:41:10+00:00",
        },
    ),
    Event(
        "message.revoked",
        later(
            "A message was deleted for everyone. With an error it was given up, and revoked_at is null. Of what a "
            "person deleted themselves job_id is null, message_id is the one that message.received told, and "
            "person_id is there, too: delete what you keep of it."
        ),
        {
            "job_id": 12345,
            "campaign_id": None,
            "phone": "8801711123456",
            "error": None,
            "revoked_at": "2026-04-25T12:40:09+00:00",
        },
    ),
    Event(
        "device.state",
        later("What a phone shows has changed: its link, what WhatsApp limits, or that it is not used."),
        {
            "device_label": "primary",
            "phone": "8801711123456",
            "previous_phone": None,
            "state": "ready",
            "reason": None,
            "detail": None,
            "detail_text": None,
            "limits": None,
            "idle": None,
            "at": "2026-04-25T12:34:56+00:00",
        },
    ),
    Event(
        "contact.opted_out",
        later("A person is written to no more. source says how that came."),
        {"phone": "8801711123456", "person_id": 91, "source": "word", "at": "2026-04-25T12:34:56+00:00"},
    ),
    Event(
        "media.ready",
        later("A file that a person sent was fetched and is kept: GET /media/{media_id}/content gives its bytes."),
        {
            "device_label": "primary",
            "message_id": 512,
            "person_id": 91,
            "phone": "8801711123456",
            "media": {
                "media_id": 77,
                "kind": "document",
                "mime": "application/pdf",
                "filename": "order.pdf",
                "bytes": 48213,
            },
            "at": "2026-04-25T12:34:56+00:00",
        },
    ),
    Event(
        "box.alert",
        later(
            "Something needs you: kind says what, about which phone or campaign. state is began, lasts (told "
            "again) or over; a test of yours has the kind test. Settings, Alerts says which kinds are told."
        ),
        {
            "kind": "phone_down",
            "state": "began",
            "about": "primary",
            "text": "The phone primary sends nothing.",
            "since": "2026-04-25T12:34:56+00:00",
            "at": "2026-04-25T12:34:56+00:00",
        },
    ),
)

PHP = """$raw = file_get_contents('php://input');
$want = 'sha256=' . hash_hmac('sha256', $raw, 'YOUR_WEBHOOK_SECRET');
if (!hash_equals($want, $_SERVER['HTTP_X_WEBHOOK_SIGNATURE'] ?? '')) {
    http_response_code(401);
    exit;
}
$event = json_decode($raw, true);"""

NODE = """import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const raw = Buffer.concat(parts);
    const want = Buffer.from('sha256=' + createHmac('sha256', 'YOUR_WEBHOOK_SECRET').update(raw).digest('hex'));
    const got = Buffer.from(request.headers['x-webhook-signature'] ?? '');
    if (got.length !== want.length || !timingSafeEqual(got, want)) return response.writeHead(401).end();
    const event = JSON.parse(raw);
    response.writeHead(204).end();
  });
}).listen(3000);"""
