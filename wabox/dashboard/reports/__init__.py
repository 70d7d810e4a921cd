"""Numbers of the last thirty days."""

from __future__ import annotations

from wabox.dashboard.reports import page

SECTIONS = (page,)
