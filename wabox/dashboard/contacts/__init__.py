"""Contacts: everybody, many at once, tags, audiences, own fields, one person and what they agreed to, imports."""

from __future__ import annotations

from wabox.dashboard.contacts import audiences, fields, imports, many, page, permission, tags

SECTIONS = (page, many, tags, audiences, fields, permission, imports)
