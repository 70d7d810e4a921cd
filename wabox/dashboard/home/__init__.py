"""The first screen: what stands, waits and went wrong, and a message to send; the pulse of all pages; search."""

from __future__ import annotations

from wabox.dashboard.home import first, page, pulse, search

SECTIONS = (page, first, pulse, search)
