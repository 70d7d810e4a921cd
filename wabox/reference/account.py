"""The key's and the reports' routes, as the reference tells them."""

from __future__ import annotations

from wabox.languages import later
from wabox.reference.shape import PAGING, Chapter, Field, Route, listed

_KEY = {
    "id": 7,
    "name": "till",
    "prefix": "wbx_Ab12Cd34",
    "scopes": ["send", "read"],
    "created_at": "2026-04-25T12:34:56+00:00",
    "last_used_at": None,
    "last_used_ip": None,
}

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
        Route(
            "GET",
            "/keys",
            later("Your keys: the main one, which may do everything, and the named ones."),
            fields=PAGING,
            answer=listed(_KEY),
        ),
        Route(
            "POST",
            "/keys",
            later(
                "A named key for one till or program, which may do only what its scopes say. It is shown only now."
            ),
            status=201,
            fields=(
                Field("name", later("What will use it, up to 40 characters."), need=True),
                Field(
                    "scopes",
                    later(
                        "At least one of send, read, contacts, campaigns, devices, admin. read is for every GET; "
                        "admin is for keys, webhooks and settings. Without its scope a route answers 403 "
                        "scope_missing."
                    ),
                    need=True,
                ),
            ),
            body={"name": "till", "scopes": ["send", "read"]},
            answer={
                "id": 7,
                "name": "till",
                "api_key": "wbx_…",
                "prefix": "wbx_Ab12Cd34",
                "scopes": ["send", "read"],
                "created_at": "2026-04-25T12:34:56+00:00",
            },
        ),
        Route(
            "DELETE",
            "/keys/{key_id}",
            later("Revoke a named key: it is dead at once. The main key stays."),
            status=204,
            example={"key_id": "7"},
        ),
    ),
)

_DAILY = {
    "sent": 140,
    "delivered": 131,
    "read": 96,
    "replied": 12,
    "failed": 2,
    "skipped": 1,
    "cancelled": 0,
    "unknown": 0,
    "opted_out": 1,
}
_COUNT = {"sent": 140, "failed": 2, "skipped": 1}

REPORTS = Chapter(
    "reports",
    later("Reports"),
    (
        Route(
            "GET",
            "/reports/daily",
            later(
                "What was sent, delivered, read and answered on each day, and what was not: the last 30 days, or "
                "from and to, up to 366. Also of one phone, campaign, tag that campaigns went to, or source: "
                "campaign, api, dashboard or other. As CSV with format=csv or Accept: text/csv."
            ),
            example={"from": "2026-04-01", "to": "2026-04-30", "device_label": "primary"},
            answer={
                "from": "2026-04-01",
                "to": "2026-04-30",
                "timezone": "Asia/Dhaka",
                "complete": True,
                "total": _DAILY,
                "days": [{**_DAILY, "date": "2026-04-25"}],
            },
        ),
        Route(
            "GET",
            "/reports/campaigns/{campaign_id}",
            later("What came of a campaign: from audience to answers, by hour, and why people did not get it."),
            example={"campaign_id": "7"},
            answer={
                "id": 7,
                "name": "April promo",
                "status": "completed",
                "total": 150,
                "queued": 0,
                **_DAILY,
                "complete": True,
                "not_reached": [{"status": "failed", "error": "not_on_whatsapp", "people": 2}],
                "hours": [
                    {"at": "2026-04-25T04:00:00+00:00", "sent": 140, "delivered": 131, "read": 96, "replied": 12}
                ],
            },
        ),
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
