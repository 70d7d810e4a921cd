"""Texts that are kept to be sent again."""

from __future__ import annotations

from wabox.dashboard.texts import exchange, page

SECTIONS = (page, exchange)
