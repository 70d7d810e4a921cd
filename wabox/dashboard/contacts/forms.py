"""The forms about one person, as they were filled in, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast, get_args

from wabox.accounts import audit
from wabox.contacts import fields
from wabox.contacts.stored import Consent, ConsentSource
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.frame.form import Form
from wabox.db import Tx
from wabox.errors import Invalid
from wabox.languages import later

SOURCES = tuple(source for source in get_args(ConsentSource) if source != "import_attested")


@dataclass(frozen=True, slots=True)
class Draft:
    """The form of one person, as it was filled in. tags: kept ones; more: new ones between commas.

    own: of the user's own fields by name, those that the form had.
    """

    phone: str = ""
    name: str = ""
    custom: str = ""
    tags: tuple[str, ...] = ()
    more: str = ""
    own: Mapping[str, str] = field(default_factory=dict)


def draft_of(form: Form, names: Sequence[str]) -> Draft:
    """The posted form. names: of the user's own fields."""
    return Draft(
        phone=form.text("phone")[:64],
        name=form.text("name"),
        custom=form.text("custom"),
        tags=tuple(form.texts("tags")),
        more=form.text("more"),
        own={name: form.text(f"own_{name}") for name in names if form.texts(f"own_{name}")},
    )


def tags_of(draft: Draft) -> tuple[str, ...]:
    """The kept tags and the new ones. Raises Invalid `bad_tag`."""
    return fields.tags((*draft.tags, *(one for one in re.split(r"[,;\n]", draft.more) if one.strip())))


def consent_in(form: Form, desk: Desk) -> Consent:
    """The consent in a form. Raises Invalid."""
    source = form.text("source")
    if source not in SOURCES:
        raise _wrong("source", later("Choose how this person agreed."))
    now = desk.box.now()
    at = now
    if form.text("day"):
        try:
            noon = datetime.fromisoformat(form.text("day")).replace(hour=12, tzinfo=desk.voice.zone)
        except ValueError:
            raise _wrong("day", later("That date could not be read; choose it again.")) from None
        if noon.date() > now.astimezone(desk.voice.zone).date() or noon < now - timedelta(days=36_500):
            raise _wrong("day", later("Choose today or a day before."))
        at = min(noon, now)
    return Consent(cast(ConsentSource, source), at, desk.user.email, fields.note(form.text("note")))


def _wrong(field: str, sentence: str) -> Invalid:
    return Invalid("bad_consent", sentence, details={field: sentence})


def errors_of(wrong: Invalid) -> dict[str, str]:
    """Sentences by field; a tag's belongs to the field with the new ones."""
    errors = wrong.details or {"form": wrong.sentence}
    return {
        "more" if name == "tag" else name.replace("fields.", "own_", 1): sentence
        for name, sentence in errors.items()
    }


def note(tx: Tx, desk: Desk, action: str, contact_id: int, **details: str) -> None:
    """It is in the audit log, in the same transaction."""
    audit.note(
        tx,
        user_id=desk.user.id,
        action=action,
        subject=str(contact_id),
        details=details,
        ip=desk.ip,
        now=desk.box.now(),
    )
