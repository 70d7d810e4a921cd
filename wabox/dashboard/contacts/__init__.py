"""Contacts: everybody, one person and whether they may be written to, and people from a file."""

from __future__ import annotations

from wabox.dashboard.contacts import imports, page, permission

SECTIONS = (page, permission, imports)
