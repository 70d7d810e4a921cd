"""Campaigns: all of them, one as it runs, and a new one."""

from __future__ import annotations

from wabox.dashboard.campaigns import composer, page, repeats, results, revoking

SECTIONS = (page, composer, repeats, revoking, results)
