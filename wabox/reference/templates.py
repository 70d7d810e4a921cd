"""The stored texts' routes, as the reference tells them."""

from __future__ import annotations

from wabox.languages import later
from wabox.reference.shape import PAGING, Chapter, Field, Route, listed

_ID = {"template_id": "12"}
_TEMPLATE = {
    "id": 12,
    "name": "Order ready",
    "message": "Hello {name:friend}, your order {order} is ready.",
    "media": {"media_id": 3, "kind": "document", "filename": "bill.pdf", "bytes": 84210},
    "category": "service",
    "language": "en",
    "variables": ["name", "order"],
    "needed": ["order"],
    "version": 1,
    "created_at": "2026-04-24T19:12:08+00:00",
    "updated_at": "2026-04-24T19:12:08+00:00",
}
_LOOKED = {
    **_TEMPLATE,
    "content": None,
    "content_reason": None,
    "campaigns": [{"id": 7, "name": "April", "status": "completed"}],
    "hints": [],
}
_FIELDS = (
    Field(
        "message",
        later(
            "As the message of POST /send, and it may name any variables: {order} must be sent with it, "
            "{order:your order} may be left out."
        ),
    ),
    Field(
        "category", later("service or advertising: a label for you. Whom you may write to is settled elsewhere.")
    ),
    Field("language", later("en or bn, to find it by; null for none.")),
    Field(
        "media, as_document, voice",
        later(
            "The file that goes with it, as in POST /send; message is then the text under it, up to 1,024 "
            "characters, and may be left out. The file stays here as long as a text carries it."
        ),
    ),
)

TEMPLATES = Chapter(
    "templates",
    later("Stored texts"),
    (
        Route(
            "GET",
            "/templates",
            later("Your stored texts, by name."),
            fields=(
                Field("category, language", later("Only these.")),
                Field("q", later("Only texts with this in the name or the message.")),
                PAGING[0],
            ),
            query="?category=service",
            answer=listed(_TEMPLATE),
        ),
        Route(
            "POST",
            "/templates",
            later("Store a text. Its name is yours and unique, however it is spelled."),
            status=201,
            fields=(Field("name", later("Up to 100 characters."), need=True), *_FIELDS),
            body={
                "name": "Order ready",
                "message": "Hello {name:friend}, your order {order} is ready.",
                "media": {"id": 3},
            },
            answer={**_LOOKED, "campaigns": []},
        ),
        Route(
            "GET",
            "/templates/{template_id}",
            later(
                "One text. content says whether the rules of the box would hold or refuse it; campaigns are those "
                "that copied it."
            ),
            example=_ID,
            answer=_LOOKED,
        ),
        Route(
            "PATCH",
            "/templates/{template_id}",
            later(
                "Change it; what is left out stays, and media null takes the file off. What was sent or launched "
                "with it stays as it was, too."
            ),
            fields=(
                Field("name", later("Up to 100 characters.")),
                *_FIELDS,
                Field(
                    "version",
                    later(
                        "The one you read: if somebody changed the text meanwhile, you get 422 and nothing "
                        "changes."
                    ),
                ),
            ),
            body={"message": "Dear {name:friend}, your order {order} is ready.", "version": 1},
            example=_ID,
            answer={
                **_LOOKED,
                "message": "Dear {name:friend}, your order {order} is ready.",
                "version": 2,
                "updated_at": "2026-04-25T09:00:00+00:00",
            },
        ),
        Route(
            "DELETE",
            "/templates/{template_id}",
            later("Delete it. What was sent or launched with it stays."),
            status=204,
            example=_ID,
        ),
    ),
)
