"""The first screen: what stands, what waits, what went wrong, and a message to send; the pulse of all pages."""

from __future__ import annotations

from wabox.dashboard.home import page, pulse

SECTIONS = (page, pulse)
