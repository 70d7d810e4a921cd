"""How people get in: log-in, the first set-up, a forgotten password, registration and its terms."""

from __future__ import annotations

from wabox.dashboard.login import forgot, page, register, restore, setup, terms

SECTIONS = (page, setup, restore, forgot, register, terms)
