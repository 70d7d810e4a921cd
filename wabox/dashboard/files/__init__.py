"""Files that are sent: what is held, how much, by what it is used."""

from __future__ import annotations

from wabox.dashboard.files import page

SECTIONS = (page,)
