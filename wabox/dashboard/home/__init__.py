"""The first screen: what stands, what waits, what went wrong, and a message to send."""

from __future__ import annotations

from wabox.dashboard.home import page

SECTIONS = (page,)
