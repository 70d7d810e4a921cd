"""Contacts: everybody, many at once, tags, own fields, one person and what they agreed to, people from a file."""

from __future__ import annotations

from wabox.dashboard.contacts import fields, imports, many, page, permission, tags

SECTIONS = (page, many, tags, fields, permission, imports)
