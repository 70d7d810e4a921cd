"""The settings' routes, as the reference tells them."""

from __future__ import annotations

from wabox.languages import later
from wabox.reference.shape import PAGING, Chapter, Field, Route, listed

_NIGHT = [["21:00", "08:00"]]
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_BOUNDS = {
    "quiet_hours": dict.fromkeys(_DAYS, _NIGHT),
    "days_off": {"weekdays": [], "dates": []},
    "gap_seconds": [8, 20],
    "daily_cap": 250,
    "hourly_cap": 60,
    "new_chats_per_day": 10,
    "warmup": True,
}
_SET = {"days_off": {"weekdays": ["friday"], "dates": ["2026-12-16"]}, "daily_cap": 120}
_OWN = {**dict.fromkeys(_BOUNDS), **_SET}
_RULES = {"sending": {**_BOUNDS, **_SET}, "own": _OWN, "bounds": _BOUNDS}
_ANSWERS = {
    "words": ["bas"],
    "opt_out": "Our shop writes to you no more. START brings us back.",
    "opt_in": None,
}
_ALERTS = {"kinds": ["phone_down", "webhook_failing"], "mail": True, "whatsapp": "8801711000001", "services": []}
_SHOP = {"name": "Rupa Fashion", "person": "Rupa Begum", "phone": "+880 1711123456"}
_SHOWN = {
    "timezone": "Asia/Dhaka",
    "language": "en",
    "shop": _SHOP,
    **_RULES,
    "answers": _ANSWERS,
    "alerts": _ALERTS,
}
_SERVICE = {
    "id": 3,
    "service": "ntfy (ntfy://…)",
    "status": "sent",
    "error": None,
    "at": "2026-04-25T12:34:56+00:00",
}
_NEW = {**_SERVICE, "status": None, "at": None}
_DEVICE = {"device_label": "primary", **_RULES}
_FIELDS = (
    Field(
        "sending.quiet_hours",
        later(
            'The same every day, like ["21:00", "08:00"], or by the weekday on which they begin: {"friday": '
            '[["12:00", "14:00"], ["21:00", "08:00"]]}. A weekday that is not named is as outside.'
        ),
    ),
    Field("sending.days_off", later("Whole days without sending: weekdays like friday, and dates.")),
    Field("sending.gap_seconds", later("Random pause between two messages of a phone, from and to, in seconds.")),
    Field("sending.daily_cap", later("Messages a phone sends a day; 0 = no limit.")),
    Field("sending.hourly_cap", later("Messages a phone sends in any 60 minutes; 0 = no limit.")),
    Field("sending.new_chats_per_day", later("People a phone writes to for the first time a day; 0 = no limit.")),
    Field("sending.warmup", later("Whether a new number starts slowly.")),
)

SETTINGS = Chapter(
    "settings",
    later("Settings"),
    (
        Route(
            "GET",
            "/settings",
            later(
                "Your language and time zone, and the rules by which phones send: sending is in force, own is "
                "what was set for the box, bounds is what wabox.toml sets."
            ),
            answer=_SHOWN,
        ),
        Route(
            "PATCH",
            "/settings",
            later(
                "Change them; what is left out stays, null is as wabox.toml says. Only who runs the box sets its "
                "rules. Nothing may be less strict than wabox.toml: 422 beyond_bounds names the line."
            ),
            fields=(
                Field(
                    "timezone", later("Like Asia/Dhaka; your days and hours are of this zone. null = the shop's.")
                ),
                Field("language", later("Of the dashboard and of mails, like bn.")),
                Field("shop.name", later("What your shop is called, on printed reports, alerts and invoices.")),
                Field("shop.person", later("Your name, as invoices to you carry it.")),
                Field("shop.phone", later("Your number, as invoices to you carry it.")),
                *_FIELDS,
                Field("answers.words", later("Further whole messages of people that count as STOP, up to 20.")),
                Field("answers.opt_out", later("What is answered to STOP; null = wabox's own text.")),
                Field("answers.opt_in", later("What is answered to START; null = wabox's own text.")),
                Field("alerts.kinds", later("What you are alerted of: all that shall be told.")),
                Field("alerts.mail", later("Whether alerts go to your account's address.")),
                Field(
                    "alerts.whatsapp",
                    later("A number of yours that gets alerts from another linked phone; null = none."),
                ),
            ),
            body={"sending": _SET},
            answer=_SHOWN,
        ),
        Route(
            "GET",
            "/devices/{device_label}/settings",
            later("By which rules a phone sends, and what of it is its own."),
            answer=_DEVICE,
        ),
        Route(
            "PATCH",
            "/devices/{device_label}/settings",
            later(
                "A phone's own rules go before the box's, within your plan and wabox.toml; null is as the box. "
                "What they forbid holds from its next message on."
            ),
            fields=_FIELDS,
            body={"sending": _SET},
            answer=_DEVICE,
        ),
        Route(
            "GET",
            "/alerts/services",
            later("Services that your alerts go to, with what came of the last call. Their addresses are sealed."),
            fields=PAGING,
            answer=listed(_SERVICE),
        ),
        Route(
            "POST",
            "/alerts/services",
            later(
                "One more, up to five. Its address is understood first, which tells nobody: test it to be sure."
            ),
            status=201,
            fields=(
                Field(
                    "address",
                    later("As Apprise writes it, like tgram://TOKEN/CHAT or ntfy://TOPIC."),
                    need=True,
                ),
            ),
            body={"address": "ntfy://my-shop"},
            answer=_NEW,
        ),
        Route(
            "POST",
            "/alerts/services/{service_id}/test",
            later("Tell it a test: one try. The list says what came of it."),
            status=202,
            answer={**_NEW, "status": "queued", "at": "2026-04-25T12:34:56+00:00"},
            example={"service_id": "3"},
        ),
        Route(
            "DELETE",
            "/alerts/services/{service_id}",
            later("Nothing goes there any more."),
            status=204,
            example={"service_id": "3"},
        ),
    ),
)
