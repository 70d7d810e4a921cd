"""One's plan and credits, where they are sold."""

from __future__ import annotations

from wabox.dashboard.billing import page

SECTIONS = (page,)
