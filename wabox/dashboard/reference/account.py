"""The key's and the reports' routes, as the reference tells them."""

from __future__ import annotations

from wabox.dashboard.language import later
from wabox.dashboard.reference.shape import Chapter, Route

KEYS = Chapter(
    "keys",
    later("API key"),
    (
        Route(
            "POST",
            "/keys/rotate",
            later("A new key; the old one is dead at once. Use it if your key may have leaked."),
            answer={"api_key": "wbx_…", "prefix": "wbx_Ab12Cd34"},
        ),
    ),
)

_COUNT = {"sent": 140, "failed": 2, "skipped": 1}

REPORTS = Chapter(
    "reports",
    later("Reports"),
    (
        Route(
            "GET",
            "/reports/summary",
            later("Your plan, credits and counters, with what was sent on each of the last 30 days."),
            answer={
                "plan": {"name": "Owner", "expires_at": None},
                "credits": None,
                "messages": {"today": _COUNT, "week": _COUNT, "month": _COUNT, "total": _COUNT},
                "daily": [{"date": "2026-04-25", "sent": 140}],
            },
        ),
    ),
)
