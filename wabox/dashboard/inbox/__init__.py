"""What people wrote, and what is written back."""

from __future__ import annotations

from wabox.dashboard.inbox import enclosing, exports, page, talk

SECTIONS = (page, talk, enclosing, exports)
