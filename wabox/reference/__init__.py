"""Knows the API as its reference page tells it: every route with a sentence and an example to copy."""

from __future__ import annotations

from wabox.reference import webhooks
from wabox.reference.account import KEYS, REPORTS
from wabox.reference.campaigns import CAMPAIGNS
from wabox.reference.contacts import CONTACTS
from wabox.reference.devices import DEVICES
from wabox.reference.media import MEDIA
from wabox.reference.messages import MESSAGES
from wabox.reference.settings import SETTINGS
from wabox.reference.templates import TEMPLATES

CHAPTERS = (MESSAGES, MEDIA, DEVICES, SETTINGS, CONTACTS, CAMPAIGNS, TEMPLATES, webhooks.WEBHOOKS, REPORTS, KEYS)
