"""The messages' routes, as the reference tells them."""

from __future__ import annotations

from wabox.languages import later
from wabox.reference.shape import PAGING, PHONE, Chapter, Field, Route, listed

_MESSAGE = {
    "job_id": 12345,
    "campaign_id": None,
    "phone": PHONE,
    "person_id": None,
    "device_label": "primary",
    "message": "Your code is 1234",
    "media": None,
    "location": None,
    "contact": None,
    "poll": None,
    "priority": "normal",
    "status": "queued",
    "error": None,
    "error_text": None,
    "waits_until": "2026-04-25T02:00:00+00:00",
    "wait_reason": "quiet_hours",
    "ahead": 0,
    "expected_at": "2026-04-25T02:00:00+00:00",
    "queued_at": "2026-04-24T19:12:08+00:00",
    "sent_at": None,
    "delivered_at": None,
    "read_at": None,
    "revoke_asked_at": None,
    "revoked_at": None,
    "revoke_error": None,
    "revoke_error_text": None,
    "edit_asked_at": None,
    "edited_at": None,
    "edit_error": None,
    "edit_error_text": None,
}

_REACTIONS = {
    "job_id": 12345,
    "message_id": None,
    "ours": "👍",
    "theirs": None,
    "waiting": True,
    "error": None,
    "error_text": None,
}

MESSAGES = Chapter(
    "messages",
    later("Messages"),
    (
        Route(
            "POST",
            "/send",
            later(
                "Send one message. A 202 means that nothing loses it any more. wait_reason and waits_until say "
                "why it does not go at once, and when it may."
            ),
            status=202,
            fields=(
                Field("phone", later("The number, in any usual spelling. Give this or person_id.")),
                Field(
                    "person_id",
                    later(
                        "Instead of phone: somebody who wrote first, as message.received told it, also while "
                        "WhatsApp hides the number."
                    ),
                ),
                Field(
                    "message",
                    later(
                        "The text, up to 4,096 characters. {a|b} draws one of several wordings; {name}, {custom}, "
                        "{phone} and your own fields, like {city}, are filled in; {name:friend} says friend where "
                        "there is no name. Give this or template_id."
                    ),
                ),
                Field(
                    "template_id",
                    later(
                        "Instead of message: the id of a stored text. The file that it carries goes along, unless "
                        "media is sent too, which wins."
                    ),
                ),
                Field(
                    "media",
                    later(
                        'A file that goes with it: {"id": 12}, {"url": "https://…"}, which is fetched before the '
                        'answer, or {"base64": "…", "filename": "bill.pdf"}. message is then the text under it, '
                        "up to 1,024 characters, and may be left out; with sound it must be."
                    ),
                ),
                Field("as_document", later("true: it goes as a file to save, whatever it is.")),
                Field(
                    "voice",
                    later("true: as a voice note; only Ogg/Opus can. false: Ogg/Opus goes as a song instead."),
                ),
                Field(
                    "location",
                    later(
                        'Instead of text and file, beside neither: a point on the map, {"latitude": 23.7806, '
                        '"longitude": 90.2792, "name": "Lake Store", "address": "12 Road 5"}. In degrees, north '
                        "and east above zero; name and address may be left out."
                    ),
                ),
                Field(
                    "contact",
                    later(
                        "Instead of text and file, beside neither: a contact card, "
                        '{"name": "Karim", "phone": "01711123456"}. The number in any usual spelling.'
                    ),
                ),
                Field(
                    "poll",
                    later(
                        "Instead of text and file, beside neither: a question with 2 to 12 answers, "
                        '{"question": "When shall we come?", "options": ["Morning", "Evening"], "many": false}. '
                        "many: one may choose several. What they choose is seen on the phone only."
                    ),
                ),
                Field(
                    "variables",
                    later(
                        "What the text is filled in with, by name: up to 50, each up to 1,024 characters, never "
                        "read as {a|b}. They win over the contact's. The text may then name any variables; one "
                        "that is not sent and has no fallback is 422 variables_missing."
                    ),
                ),
                Field(
                    "plain",
                    later(
                        "true: message goes letter for letter, with its braces and backslashes. For tills and "
                        "monitors that cannot escape a brace."
                    ),
                ),
                Field(
                    "priority",
                    later(
                        "high, normal or low: its place among single messages of the same phone. A till's code "
                        "goes before a batch of reminders; it passes no gap, cap or quiet hour."
                    ),
                ),
                Field(
                    "device_label",
                    later("Which of your phones sends it; else primary, or the one the person wrote to."),
                ),
                Field("queue_if_offline", later("true: keep it even while that phone is not linked.")),
                Field("scheduled_for", later("Not before this time, with its offset.")),
                Field("expires_at", later("Not after this time: then it is skipped instead.")),
            ),
            body={"phone": PHONE, "message": "Hello {name:friend}, your code is 1234"},
            answer={
                "job_id": 12345,
                "status": "queued",
                "phone": PHONE,
                "person_id": None,
                "device_label": "primary",
                "waits_until": None,
                "wait_reason": None,
                "credits_left": None,
            },
        ),
        Route(
            "GET",
            "/messages",
            later("The log, newest first."),
            fields=(
                Field("status", "queued, sending, sent, delivered, read, failed, skipped, cancelled, unknown"),
                Field(
                    "phone, person_id, device_label, q",
                    later("Only this number, this person, this phone, or texts with these words."),
                ),
                Field("since, until", later("Only accepted between these times, with offset.")),
                *PAGING,
            ),
            query="?status=failed&per_page=20",
            answer=listed(_MESSAGE, per_page=20),
        ),
        Route("GET", "/messages/{job_id}", later("One message: its state, and why it waits."), answer=_MESSAGE),
        Route(
            "POST",
            "/messages/{job_id}/cancel",
            later("Take back a message that still waits."),
            answer={**_MESSAGE, "status": "cancelled", "waits_until": None, "wait_reason": None},
        ),
        Route(
            "POST",
            "/messages/{job_id}/settle",
            later(
                "For a message whose status is unknown: look on the phone, then say whether it went. "
                "wabox never sends such a message again by itself."
            ),
            fields=(Field("as", "sent | not_sent", need=True),),
            body={"as": "sent"},
            answer={**_MESSAGE, "status": "sent", "waits_until": None, "wait_reason": None},
        ),
        Route(
            "POST",
            "/messages/{job_id}/revoke",
            later(
                "Delete a message for everyone that arrived within the last 48 hours. It waits for the phone that "
                "it went from: revoked_at says that it is done, revoke_error that it was given up. What was read "
                "stays read; the status stays what it was, and the credit is not given back."
            ),
            status=202,
            answer={
                **_MESSAGE,
                "status": "read",
                "waits_until": None,
                "wait_reason": None,
                "revoke_asked_at": "2026-04-25T12:40:01+00:00",
            },
        ),
        Route(
            "POST",
            "/messages/{job_id}/edit",
            later(
                "Change a text within 15 minutes of its sending, in place: no second message goes. message stays "
                "what it was until edited_at says that it is changed; edit_error says that it was given up."
            ),
            status=202,
            fields=(Field("message", later("The new text, letter for letter."), need=True),),
            body={"message": "Your order leaves at six."},
            answer={
                **_MESSAGE,
                "status": "delivered",
                "waits_until": None,
                "wait_reason": None,
                "edit_asked_at": "2026-04-25T12:36:01+00:00",
            },
        ),
        Route(
            "POST",
            "/messages/{job_id}/react",
            later(
                "Put an emoji to a message of yours that arrived; null takes it back. The last wish counts. "
                "waiting: it is still to be put by its phone, for up to a day; else error says why it was given "
                "up."
            ),
            status=202,
            fields=(Field("emoji", later("One emoji as people see it, or null."), need=True),),
            body={"emoji": "👍"},
            answer=_REACTIONS,
        ),
        Route(
            "GET",
            "/messages/{job_id}/reactions",
            later("The emoji that you and the person put to your message."),
            answer={**_REACTIONS, "theirs": "❤️", "waiting": False},
        ),
        Route(
            "POST",
            "/inbox/{message_id}/react",
            later("Put an emoji to what a person wrote; message_id as message.received told it."),
            status=202,
            fields=(Field("emoji", later("One emoji as people see it, or null."), need=True),),
            body={"emoji": "🙏"},
            answer={**_REACTIONS, "job_id": None, "message_id": 7301, "ours": "🙏"},
            example={"message_id": "7301"},
        ),
        Route(
            "GET",
            "/inbox/{message_id}/reactions",
            later("The emoji that you and the person put to what they wrote."),
            answer={**_REACTIONS, "job_id": None, "message_id": 7301, "ours": "🙏", "waiting": False},
            example={"message_id": "7301"},
        ),
        Route(
            "GET",
            "/inbox/export",
            later(
                "What people wrote, a line each, the oldest first, made while you fetch it. With phone or "
                "person_id all that you hold of that person: who they are here, and what was said both ways."
            ),
            fields=(
                Field("format", later("jsonl, an object a line, or csv for spreadsheets (without the person).")),
                Field("phone, person_id", later("Of one person: their number, or the id of message.received.")),
            ),
            query="?phone=8801711123456",
        ),
    ),
)
