"""A field of a user's own gets another name or kind, or goes: only while nothing that runs counts on it.

A campaign that is planned, runs or rests reads its text and its audience when its messages are made; an import
reads its columns as it goes. Both keep the names they were given. Stored texts, saved audiences and
repeating campaigns follow.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from wabox.campaigns import repeats
from wabox.campaigns import stored as campaigns
from wabox.contacts import audiences, own, segments
from wabox.contacts.audiences import Audience
from wabox.contacts.lists import imports
from wabox.contacts.own_values import Display, Field, Kind
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.messages import template
from wabox.texts import stored as texts
from wabox.texts.stored import Draft, Text

MOST_NAMED = 5


def change(
    tx: Tx,
    user_id: int,
    field_id: int,
    *,
    name: str | None = None,
    kind: Kind | None = None,
    display: Display | None = None,
    currency: str,
    now: datetime,
) -> Field:
    """The field with these changes, as `own.change`. Another display may come at any time.

    With a new name, the stored texts and saved audiences that use it say the new one. Raises Invalid `in_use` for
    another name or kind while something counts on the field.
    """
    before = own.by_id(tx, user_id, field_id)
    if kind not in (None, before.kind):
        _unrepeated(tx, user_id, before)
    if name not in (None, before.name) or kind not in (None, before.kind):
        _free(tx, user_id, before.name)
    after = own.change(tx, user_id, field_id, name=name, kind=kind, display=display, currency=currency, now=now)
    if after.name != before.name:
        for text in _texts(tx, user_id, before.name):
            message = template.renamed(text.message, before.name, after.name)
            texts.change(tx, user_id, text.id, replace(Draft.of(text), message=message), now=now)
        audiences.rewrite(tx, user_id, lambda one: audiences.refielded(one, before.name, after.name))
        repeats.rewrite(
            tx,
            user_id,
            audience=lambda one: audiences.refielded(one, before.name, after.name),
            message=lambda text: template.renamed(text, before.name, after.name),
        )
    if after.kind != before.kind:
        _askable(tx, user_id, after, now)
    return after


def remove(tx: Tx, user_id: int, field_id: int, *, now: datetime) -> int:
    """The field is gone with its values; of how many contacts. Raises NotFound; Invalid `in_use`."""
    field = own.by_id(tx, user_id, field_id)
    name = field.name
    _free(tx, user_id, name)
    _unrepeated(tx, user_id, field)
    using = [text.name for text in _texts(tx, user_id, name)]
    if using:
        said = ", ".join(f"“{one}”" for one in using[:MOST_NAMED]) + (", …" if len(using) > MOST_NAMED else "")
        raise _in_use(f"The stored texts {said} say {{{name}}}; take it out of them first.")
    for one in _audiences(tx, user_id, name):
        raise _in_use(f"The audience “{one.name}” asks for {name}; change it or delete it first.")
    return own.remove(tx, user_id, field_id, now=now)


def _texts(rows: Rows, user_id: int, name: str) -> list[Text]:
    """The user's stored texts that say the field."""
    return [text for text in texts.every(rows, user_id) if name in text.parsed.own]


def _audiences(rows: Rows, user_id: int, name: str) -> list[Audience]:
    """The user's saved audiences that ask for the field."""
    return [one for one in audiences.every(rows, user_id) if name in segments.fields_of(one.segment)]


def _askable(rows: Rows, user_id: int, field: Field, now: datetime) -> None:
    """What saved audiences ask of the field can be asked of its kind. Raises Invalid `in_use`."""
    for one in _audiences(rows, user_id, field.name):
        try:
            segments.where(rows, user_id, one.segment, today=now.date())
        except Invalid:
            sentence = (
                f"The audience “{one.name}” asks of {field.name} what no {field.kind} tells; change it first."
            )
            raise _in_use(sentence) from None


def _free(rows: Rows, user_id: int, name: str) -> None:
    """Nothing counts on the field. Raises Invalid `in_use`, naming what does."""
    campaign = _campaign(rows, user_id, name)
    if campaign is not None:
        raise _in_use(f"The campaign “{campaign}” still needs {name}; stop it, or wait until it is through.")
    found = imports.filling(rows, user_id, name)
    if found is not None:
        raise _in_use(f"The import of “{found}” still fills {name}; cancel it, or wait until it is done.")


def _unrepeated(rows: Rows, user_id: int, field: Field) -> None:
    """No repeating campaign counts on the field. Raises Invalid `in_use`."""
    repeat = repeats.counting_on(rows, user_id, lambda one: repeats.uses(one, field))
    if repeat is not None:
        raise _in_use(
            f"The repeating campaign “{repeat.name}” counts on {field.name}; change it or delete it first."
        )


def _campaign(rows: Rows, user_id: int, name: str) -> str | None:
    """The name of an open campaign whose text or audience uses the field, and not all of its messages are made."""
    for campaign in campaigns.unmade(rows, user_id):
        in_text = name in campaign.parsed.own
        if in_text or name in segments.fields_of(segments.read(campaign.audience)):
            return campaign.name
    return None


def _in_use(sentence: str) -> Invalid:
    return Invalid("in_use", sentence, details={"name": sentence})
