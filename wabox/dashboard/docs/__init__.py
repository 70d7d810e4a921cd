"""What can be read here: the reference of the API, and the texts that come with wabox."""

from __future__ import annotations

from wabox.dashboard.docs import help, page, trying

SECTIONS = (page, trying, help)
