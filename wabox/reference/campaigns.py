"""The campaigns' routes, as the reference tells them."""

from __future__ import annotations

from wabox.languages import later
from wabox.reference.shape import PAGING, Chapter, Field, Route, listed

_CAMPAIGN = {
    "id": 678,
    "name": "April promo",
    "message": "Hi {name}, {Save|Get} 20% today",
    "media": None,
    "template_id": None,
    "tag": "leads",
    "audience_id": None,
    "status": "sending",
    "status_reason": None,
    "scheduled_for": None,
    "created_at": "2026-04-25T04:00:00+00:00",
    "eta": "2026-04-25T09:30:00+00:00",
    "total": 1200,
    "queued": 900,
    "sent": 290,
    "delivered": 270,
    "read": 160,
    "failed": 6,
    "skipped": 4,
    "cancelled": 0,
    "unknown": 0,
}
_CONTROLLED = {**_CAMPAIGN, "credits_refunded": 0}
_TAKEN_BACK = {
    "campaign_id": 678,
    "asked_at": "2026-04-25T12:40:01+00:00",
    "gone": 290,
    "possible": 0,
    "waiting": 272,
    "deleted": 0,
    "too_old": 17,
    "not_possible": {"person_erased": 1},
    "given_up": {},
}
_ID = {"campaign_id": "678"}
_NEW = (
    Field("name", later("What you call it."), need=True),
    Field("message", later("The text, with {a|b} and variables as in POST /send. Give this or template_id.")),
    Field(
        "template_id",
        later(
            "Instead of message: a stored text, which is copied as it is now. A variable that only you could send "
            "must have a fallback there, which is written in its place. Its file is copied with it, unless "
            "media is sent too, which wins."
        ),
    ),
    Field(
        "media, as_document, voice",
        later("The one file that goes to each person, as in POST /send; then the text may be left out."),
    ),
    Field("tag", later("Only contacts with this tag; everybody without it.")),
    Field("audience_id", later("Instead of tag and segment: a saved audience, followed until it begins.")),
    Field("segment", later("A finer choice of contacts, by tags, own fields, consent and when you last wrote.")),
    Field(
        "segment.fields",
        later(
            'Conditions on own fields, each like {"field": "city", "op": "is", "value": "Dhaka"}. op: is, is_not, '
            "contains, more, less, before, after, present, empty; on_day with today or 04-25; within_days with a "
            "number, for birthdays in the next days on your calendar."
        ),
    ),
    Field("devices", later("Which phones send it; every linked one unless you say.")),
    Field("scheduled_for", later("When it starts, with offset; at once without it.")),
)
_BODY = {"name": "April promo", "message": "Hi {name}, {Save|Get} 20% today", "tag": "leads"}

CAMPAIGNS = Chapter(
    "campaigns",
    later("Campaigns"),
    (
        Route(
            "GET",
            "/campaigns",
            later("Your campaigns, newest first, with their counters."),
            fields=(Field("status", "scheduled, sending, paused, completed, stopped, failed"), *PAGING),
            answer=listed(_CAMPAIGN),
        ),
        Route(
            "POST",
            "/campaigns",
            later("One text to many contacts, at a decent pace. It starts at once, or at its time."),
            status=201,
            fields=_NEW,
            body=_BODY,
            answer=_CAMPAIGN,
        ),
        Route(
            "POST",
            "/campaigns/preflight",
            later(
                "What a launch would do: who gets it, who is skipped and why, whose own data makes the text too "
                "long, and when it is done. A file by url or base64 is looked at and not kept. hints: what in the "
                "text may be meant otherwise. Sends nothing."
            ),
            fields=_NEW,
            body=_BODY,
            answer={
                "total": 1200,
                "will_send": 1189,
                "skipped": {"opted_out": 10},
                "unfit": 1,
                "unfit_first": [
                    {"contact_id": 42, "phone": "8801711123456", "name": "Alice", "error": "caption_too_long"}
                ],
                "first_contacts": 85,
                "credits_needed": None,
                "credits_left": None,
                "days_needed": 5,
                "done_at": "2026-04-29T11:00:00+00:00",
                "samples": ["Hi Alice, Save 20% today"],
                "content": None,
                "content_reason": None,
                "new_chats": {
                    "used": 63,
                    "total": 100,
                    "left": 37,
                    "resets_at": "2026-04-30T00:00:00+00:00",
                    "beyond": 48,
                },
                "locked": False,
                "locked_until": None,
                "media": {
                    "media_id": None,
                    "kind": "image",
                    "mime": "image/jpeg",
                    "filename": "sale.jpg",
                    "bytes": 184213,
                },
                "hints": [],
            },
        ),
        Route(
            "POST",
            "/templates/preview",
            later("What up to five people would read, and what is wrong with a text. Sends nothing."),
            fields=(
                Field("message", later("The text, with {a|b} and variables as in POST /send."), need=True),
                Field("contact_id, tag, segment", later("For whom: one contact, a tag or a segment.")),
            ),
            body={"message": "Hi {name:friend}, {Save|Get} 20% today", "tag": "leads"},
            answer={
                "variables": ["name"],
                "variants": 2,
                "samples": [
                    {
                        "contact_id": 42,
                        "phone": "8801711123456",
                        "name": "Alice",
                        "text": "Hi Alice, Save 20% today",
                        "error": None,
                        "error_text": None,
                    }
                ],
                "hints": [],
            },
        ),
        Route(
            "GET",
            "/campaigns/{campaign_id}",
            later("One campaign with its counters."),
            answer=_CAMPAIGN,
            example=_ID,
        ),
        Route(
            "POST",
            "/campaigns/{campaign_id}/pause",
            later("Nothing more goes until it is resumed."),
            answer={**_CONTROLLED, "status": "paused"},
            example=_ID,
        ),
        Route(
            "POST",
            "/campaigns/{campaign_id}/resume",
            later("A paused campaign goes on."),
            answer=_CONTROLLED,
            example=_ID,
        ),
        Route(
            "POST",
            "/campaigns/{campaign_id}/stop",
            later("What has not gone is cancelled for good, and its credits come back."),
            answer={**_CONTROLLED, "status": "stopped", "queued": 0, "cancelled": 900, "credits_refunded": 900},
            example=_ID,
        ),
        Route(
            "POST",
            "/campaigns/{campaign_id}/redispatch",
            later("Waiting messages are tried at once. Nothing that went is sent again."),
            answer=_CONTROLLED,
            example=_ID,
        ),
        Route(
            "POST",
            "/campaigns/{campaign_id}/revoke",
            later(
                "Delete for everyone what has gone within the last 48 hours, as POST /messages/{job_id}/revoke "
                "does it, one by one and after whatever else waits. What goes after this is not meant: stop the "
                "campaign first. Asking again is fine, and tries again what was given up and is still possible."
            ),
            status=202,
            answer=_TAKEN_BACK,
            example=_ID,
        ),
        Route(
            "GET",
            "/campaigns/{campaign_id}/revoke",
            later("How far that is, or what it would do: each message that has gone is counted in one number."),
            answer={**_TAKEN_BACK, "waiting": 0, "deleted": 270, "possible": 2, "given_up": {"no_answer": 2}},
            example=_ID,
        ),
    ),
)
