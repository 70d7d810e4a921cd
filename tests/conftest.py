"""For every test: a slow machine is no failure, so hypothesis does not time its examples."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("wabox", deadline=None)
settings.load_profile("wabox")
