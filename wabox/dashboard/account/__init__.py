"""One's own affairs: settings, keys, log-in, and where an account stands that is not active."""

from __future__ import annotations

from wabox.dashboard.account import alerts, box, inactive, keys, page, security, sending

SECTIONS = (page, sending, alerts, security, box, keys, inactive)
