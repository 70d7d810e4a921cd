"""Knows the API as its reference page tells it: every route with a sentence and an example to copy."""

from __future__ import annotations

from wabox.dashboard.docs.reference import webhooks
from wabox.dashboard.docs.reference.account import KEYS, REPORTS
from wabox.dashboard.docs.reference.campaigns import CAMPAIGNS
from wabox.dashboard.docs.reference.contacts import CONTACTS
from wabox.dashboard.docs.reference.devices import DEVICES
from wabox.dashboard.docs.reference.media import MEDIA
from wabox.dashboard.docs.reference.messages import MESSAGES
from wabox.dashboard.docs.reference.settings import SETTINGS
from wabox.dashboard.docs.reference.templates import TEMPLATES
from wabox.languages import later

CHAPTERS = (MESSAGES, MEDIA, DEVICES, SETTINGS, CONTACTS, CAMPAIGNS, TEMPLATES, webhooks.WEBHOOKS, REPORTS, KEYS)

ERRORS: tuple[tuple[int, str], ...] = (
    (401, later("The API key is missing or wrong.")),
    (402, later("Not enough credits.")),
    (403, later("The account is not active, or the disclaimer is not accepted.")),
    (404, later("It does not exist, or is not yours.")),
    (409, later("The same Idempotency-Key came with another body.")),
    (413, later("The body is too large.")),
    (422, later("Something in the request is wrong; details names the fields.")),
    (422, later("content_refused: the box's rules do not allow the text. content_review: a person reads it.")),
    (429, later("Too many requests; come again after Retry-After seconds.")),
    (503, later("The phone is not linked, or the box is busy.")),
)
