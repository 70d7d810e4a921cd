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
    "repeat_id": None,
    "repeat_day": None,
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
_REPEAT = {
    "id": 9,
    "name": "Happy birthday",
    "message": "Happy birthday, {name:friend}!",
    "media": None,
    "template_id": None,
    "segment": {"consent": "yes"},
    "audience_id": None,
    "devices": None,
    "when": {
        "every": "date",
        "at": "10:00",
        "weekdays": None,
        "day": None,
        "field": "birthday",
        "days_before": 0,
    },
    "ends_on": None,
    "most_runs": None,
    "status": "active",
    "status_reason": None,
    "next_at": "2026-04-26T04:00:00+00:00",
    "timezone": "Asia/Dhaka",
    "runs": 41,
    "missed": 0,
    "last_day": "2026-04-25",
    "last_result": "made",
    "last_campaign_id": 678,
    "version": 1,
    "created_at": "2026-01-02T09:14:00+00:00",
    "updated_at": "2026-04-25T04:00:01+00:00",
}
_REPEAT_ID = {"repeat_id": "9"}
_WHEN = later(
    'When: {"every": "week", "weekdays": ["friday"], "at": "10:00"}, or {"every": "month", "day": 31, "at": '
    '"10:00"}, in a shorter month on its last day, or {"every": "date", "field": "birthday", "days_before": 0, '
    '"at": "10:00"}, for whom that day is: 29 February on the 28th where there is none, and nobody twice a year. '
    "On the clock of your time zone."
)
_REPEATED = (
    Field("name", later("What you call it; its runs have the date behind it."), need=True),
    Field("when", _WHEN, need=True),
    Field(
        "message, template_id, media, as_document, voice",
        later("What is sent, as in POST /campaigns; a stored text is copied as it is now."),
    ),
    Field(
        "tag, segment, audience_id", later("To whom, as in POST /campaigns; who that is, is asked at each run.")
    ),
    Field("devices", later("Which phones send it; every linked one unless you say.")),
    Field("ends_on", later("The last day on which it may go.")),
    Field("most_runs", later("After so many runs it ends.")),
)
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
        Route(
            "GET",
            "/repeats",
            later(
                "Your repeating campaigns, the next that goes first. status: active, paused or ended; with a "
                "status_reason wabox paused it. missed: dates that were not kept, for wabox was off or held for "
                "over twelve hours, or the run before was not over."
            ),
            fields=PAGING[:1],
            answer=listed(_REPEAT),
        ),
        Route(
            "POST",
            "/repeats",
            later(
                "A campaign that repeats: each week, each month, or on a date that people have in a field. Each "
                "run is a campaign of its own, with repeat_id and repeat_day; you pause and stop it as any."
            ),
            status=201,
            fields=_REPEATED,
            body={
                "name": "Happy birthday",
                "message": "Happy birthday, {name:friend}!",
                "segment": {"consent": "yes"},
                "when": {"every": "date", "field": "birthday", "at": "10:00"},
            },
            answer={**_REPEAT, "runs": 0, "last_day": None, "last_result": None, "last_campaign_id": None},
        ),
        Route(
            "GET",
            "/repeats/{repeat_id}",
            later("One repeating campaign: when it goes next, and what came of its last date."),
            answer=_REPEAT,
            example=_REPEAT_ID,
        ),
        Route(
            "GET",
            "/repeats/{repeat_id}/runs",
            later("The campaigns it has made, newest first, as GET /campaigns shows them."),
            fields=PAGING[:1],
            answer=listed({**_CAMPAIGN, "repeat_id": 9, "repeat_day": "2026-04-25"}),
            example=_REPEAT_ID,
        ),
        Route(
            "PATCH",
            "/repeats/{repeat_id}",
            later(
                "Change it from its next run on; what was made stays. What is left out stays; null takes off "
                "media, devices, ends_on and most_runs. One that ended goes on, if it has dates again."
            ),
            fields=(
                *(Field(one.name, one.about) for one in _REPEATED),
                Field("version", later("The one that you read; 422 changed_meanwhile if it has another by now.")),
            ),
            body={"when": {"every": "date", "field": "birthday", "at": "09:30", "days_before": 3}},
            answer=_REPEAT,
            example=_REPEAT_ID,
        ),
        Route(
            "POST",
            "/repeats/{repeat_id}/pause",
            later("No run is made any more until it is resumed; one that was made goes on."),
            answer={**_REPEAT, "status": "paused", "next_at": None},
            example=_REPEAT_ID,
        ),
        Route(
            "POST",
            "/repeats/{repeat_id}/resume",
            later("It goes on with its next date. None that came meanwhile is made up for."),
            answer=_REPEAT,
            example=_REPEAT_ID,
        ),
        Route(
            "DELETE",
            "/repeats/{repeat_id}",
            later("Delete it; its runs stay, and what of them waits still goes."),
            status=204,
            example=_REPEAT_ID,
        ),
    ),
)
