"""The contacts' routes, as the reference tells them."""

from __future__ import annotations

from wabox.languages import later
from wabox.reference.shape import PAGING, PHONE, Chapter, Field, Route, listed

_CONTACT = {
    "id": 42,
    "phone": PHONE,
    "name": "Alice",
    "tag": "vip",
    "tags": ["vip", "leads"],
    "custom": "blue sari",
    "fields": {"birthday": "1990-04-25", "city": "Dhaka", "due": 1250},
    "consent": {"source": "in_person", "at": "2026-04-25T04:00:00+00:00", "by": "api", "note": None},
    "opted_out": False,
    "flagged": False,
    "last_sent_at": None,
    "last_received_at": None,
    "created_at": "2026-04-25T04:00:00+00:00",
    "updated_at": "2026-04-25T04:00:00+00:00",
}
_ID = {"contact_id": "42"}
_FIELD = {"name": "due", "kind": "number", "display": "money", "currency": "BDT", "contacts": 31}
_NAMED = {"field_name": "due"}
_KIND = Field("kind", later("text, number or date; text without it."))
_DISPLAY = Field(
    "display",
    later(
        "How values read in a text: a number plain, thousands or money; a date day, day_and_month or digits. "
        "Digits and months are those of the language the text is written in."
    ),
)
_CHANGES = (
    Field("name, custom", later("What {name} and {custom} become in a text.")),
    Field(
        "fields",
        later(
            "Your own fields by name: a text, a number or a date like 1990-04-25. Those you name are changed, "
            "null takes one away. A new name becomes a field, at most 50."
        ),
    ),
    Field("tag, tags", later("One tag or a list; it replaces all tags the contact had.")),
    Field("consent", later("That the person agreed, with its source; null removes it.")),
)

_AUDIENCE = {
    "id": 5,
    "name": "Regulars in Dhaka",
    "segment": {"tags_any": ["vip"], "not_contacted_days": 30},
    "people": 214,
    "campaigns": [678],
    "created_at": "2026-04-25T04:00:00+00:00",
    "updated_at": "2026-04-25T04:00:00+00:00",
}
_AUDIENCE_ID = {"audience_id": "5"}
_AUDIENCE_NAME = Field("name", later("What you call it, up to 100 characters."), need=True)
_SEGMENT = later(
    "Who is meant, as in POST /campaigns. not_contacted_days: not written to in so many days before it begins."
)

CONTACTS = Chapter(
    "contacts",
    later("Contacts"),
    (
        Route(
            "GET",
            "/contacts",
            later("Your contacts, in pages, the newest first; all that is asked for must hold."),
            fields=(
                Field("tag", later("Only contacts with this tag.")),
                Field(
                    "field",
                    later("Only who has just this in a field of yours, city:Dhaka; city: finds who has none."),
                ),
                Field("q", later("In name, phone, custom, a tag or a field; city:dhaka in that field alone.")),
                Field("phone", later("Only this number, in any usual spelling.")),
                Field("opted_out", later("true: only who wants nothing more; false: only who may be written to.")),
                Field(
                    "updated_since",
                    later(
                        "Only who changed at this time or later, like updated_at: their name, tags, fields, "
                        "consent or opt-out, not when they were written to."
                    ),
                ),
                *PAGING,
            ),
            query="?tag=leads",
            answer=listed(_CONTACT),
        ),
        Route(
            "POST",
            "/contacts",
            later("Create a contact, or bring the one with this phone up to date: then 200 instead of 201."),
            status=201,
            fields=(Field("phone", later("The number, in any usual spelling."), need=True), *_CHANGES),
            body={"phone": PHONE, "name": "Alice", "tag": "leads", "custom": "VIP", "fields": {"city": "Dhaka"}},
            answer=_CONTACT,
        ),
        Route(
            "POST",
            "/contacts/bulk",
            later("Create or update up to 1,000 contacts, all or none."),
            fields=(Field("contacts", later("A list of contacts as above."), need=True),),
            body={"contacts": [{"phone": PHONE, "name": "Alice", "tag": "vip"}]},
            answer={"created": 1, "updated": 0, "total_processed": 1},
        ),
        Route("GET", "/contacts/{contact_id}", later("One contact."), answer=_CONTACT, example=_ID),
        Route(
            "PATCH",
            "/contacts/{contact_id}",
            later("Change a contact: null clears, what is absent stays. The phone stays as it is."),
            fields=_CHANGES,
            body={"name": "Alice Rahman"},
            answer={**_CONTACT, "name": "Alice Rahman"},
            example=_ID,
        ),
        Route(
            "DELETE",
            "/contacts/{contact_id}",
            later("Delete a contact. A wish not to be written to is kept."),
            status=204,
            example=_ID,
        ),
        Route(
            "POST",
            "/contacts/{contact_id}/opt-out",
            later("Nothing is sent to this person any more."),
            answer={**_CONTACT, "opted_out": True},
            example=_ID,
        ),
        Route(
            "POST",
            "/contacts/{contact_id}/opt-in",
            later("This person may be written to again."),
            answer=_CONTACT,
            example=_ID,
        ),
        Route(
            "GET",
            "/tags",
            later("Your tags, with how many contacts have each."),
            answer=listed({"tag": "vip", "contacts": 31}),
        ),
        Route(
            "GET",
            "/fields",
            later("Your own fields by name, with how many contacts have each."),
            answer=listed(_FIELD),
        ),
        Route(
            "POST",
            "/fields",
            later("Make a field of your own. In texts it is {due}, or {due:0} with a word for who has none."),
            status=201,
            fields=(
                Field("name", later("1 to 32 small letters, digits and _, a letter first."), need=True),
                _KIND,
                _DISPLAY,
            ),
            body={"name": "due", "kind": "number", "display": "money"},
            answer={**_FIELD, "contacts": 0},
        ),
        Route(
            "PATCH",
            "/fields/{field_name}",
            later(
                "Change a field. in_use: a campaign or an import still needs its name and kind. "
                "values_do_not_fit: some values are not of that kind, and nothing has changed."
            ),
            fields=(Field("name", later("What it is called from now on.")), _KIND, _DISPLAY),
            body={"display": "money"},
            answer=_FIELD,
            example=_NAMED,
        ),
        Route(
            "DELETE",
            "/fields/{field_name}",
            later("Remove a field, with what every contact has in it. in_use as above."),
            status=204,
            example=_NAMED,
        ),
        Route(
            "GET",
            "/audiences",
            later("Your saved audiences by name, each counted now, with the planned campaigns that are for it."),
            answer=listed(_AUDIENCE),
        ),
        Route(
            "POST",
            "/audiences",
            later("Keep a segment under a name, for POST /campaigns. Its people are looked up when one begins."),
            status=201,
            fields=(_AUDIENCE_NAME, Field("segment", _SEGMENT, need=True)),
            body={"name": "Regulars in Dhaka", "segment": {"tags_any": ["vip"], "not_contacted_days": 30}},
            answer={**_AUDIENCE, "campaigns": []},
        ),
        Route(
            "GET",
            "/audiences/{audience_id}",
            later("One audience."),
            answer=_AUDIENCE,
            example=_AUDIENCE_ID,
        ),
        Route(
            "PATCH",
            "/audiences/{audience_id}",
            later("Another name, or other people. Campaigns that are planned for it are then for these."),
            fields=(Field("name", later("What it is called from now on.")), Field("segment", _SEGMENT)),
            body={"name": "Regulars in Dhaka"},
            answer=_AUDIENCE,
            example=_AUDIENCE_ID,
        ),
        Route(
            "DELETE",
            "/audiences/{audience_id}",
            later("Delete an audience; its people stay. in_use: a planned campaign is for it."),
            status=204,
            example=_AUDIENCE_ID,
        ),
    ),
)
