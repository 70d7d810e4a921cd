"""Where a shop's own programs are told what happens."""

from __future__ import annotations

from wabox.dashboard.webhooks import page

SECTIONS = (page,)
