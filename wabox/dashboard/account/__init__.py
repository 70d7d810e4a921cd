"""One's own affairs: settings, keys, log-in, and where an account stands that is not active."""

from __future__ import annotations

from wabox.dashboard.account import alerts, answers, inactive, keys, page, security, sending

SECTIONS = (page, sending, alerts, answers, keys, security, inactive)
