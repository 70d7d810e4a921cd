"""Contacts: everybody, their own fields, one person and whether they may be written to, and people from a file."""

from __future__ import annotations

from wabox.dashboard.contacts import fields, imports, page, permission

SECTIONS = (page, fields, permission, imports)
