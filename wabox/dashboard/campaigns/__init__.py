"""Campaigns: all of them, one as it runs, and a new one."""

from __future__ import annotations

from wabox.dashboard.campaigns import composer, page, results, revoking

SECTIONS = (page, composer, revoking, results)
