"""The phones: linking them, and what keeps one from its link."""

from __future__ import annotations

from wabox.dashboard.phones import doctor, page, rules

SECTIONS = (page, doctor, rules)
