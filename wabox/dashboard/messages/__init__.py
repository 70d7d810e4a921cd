"""Messages: the log of all, and the queue of those that wait."""

from __future__ import annotations

from wabox.dashboard.messages import page, queue

SECTIONS = (page, queue)
