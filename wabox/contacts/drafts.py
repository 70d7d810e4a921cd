"""What is to be written of a person, and what a contact is after it; pure.

A draft leaves a field as it is (UNSET), clears it (None) or sets it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from msgspec import UNSET, UnsetType

from wabox.contacts import fields
from wabox.contacts.own_values import Sent
from wabox.contacts.phones import Phone
from wabox.contacts.stored import Consent


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written of the person with this phone; name, custom and tags as `fields` cleaned them.

    add_tags: tags are added to those the contact has, instead of replacing them. fields: values of the user's own
    fields by name; None takes one away, a name that is absent stays as it is. opted_out: they want nothing more;
    False says nothing about it.
    """

    phone: Phone
    name: str | None | UnsetType = UNSET
    custom: str | None | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    consent: Consent | None | UnsetType = UNSET
    add_tags: bool = False
    fields: Mapping[str, Sent] = field(default_factory=dict)
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """All of a contact that a draft can change."""

    flagged: bool
    name: str | None
    custom: str | None
    tags: tuple[str, ...]
    consent: Consent | None
    fields: Mapping[str, str]


def over(before: Draft, after: Draft) -> Draft:
    """The two as one: as if they had been written one after the other."""
    tags, add = after.tags, after.add_tags
    if tags is UNSET:
        tags, add = before.tags, before.add_tags
    elif add and not isinstance(before.tags, UnsetType) and not isinstance(tags, UnsetType):
        tags, add = _joined(before.tags, tags), before.add_tags
    return Draft(
        phone=after.phone,
        name=before.name if after.name is UNSET else after.name,
        custom=before.custom if after.custom is UNSET else after.custom,
        tags=tags,
        consent=before.consent if after.consent is UNSET else after.consent,
        add_tags=add,
        fields={**before.fields, **after.fields},
        opted_out=before.opted_out or after.opted_out,
    )


def applied(state: State | None, draft: Draft) -> State:
    """The contact after the draft. None: there is none yet."""
    state = state or State(draft.phone.flagged, None, None, (), None, {})
    return replace(
        state,
        name=state.name if isinstance(draft.name, UnsetType) else draft.name,
        custom=state.custom if isinstance(draft.custom, UnsetType) else draft.custom,
        tags=_tags(state.tags, draft),
        consent=_consent(state.consent, draft.consent),
        fields={name: str(text) for name, text in {**state.fields, **draft.fields}.items() if text is not None},
    )


def _tags(before: tuple[str, ...], draft: Draft) -> tuple[str, ...]:
    if isinstance(draft.tags, UnsetType):
        return before
    return _joined(before, draft.tags) if draft.add_tags else draft.tags


def _joined(before: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    there = {fields.key(tag) for tag in before}
    joined = (*before, *(tag for tag in more if fields.key(tag) not in there))
    return joined[: fields.MOST_TAGS]


def _consent(before: Consent | None, wanted: Consent | None | UnsetType) -> Consent | None:
    """The same consent said again keeps its first date; an import's word does not replace a better one."""
    if isinstance(wanted, UnsetType):
        return before
    if before is None or wanted is None:
        return wanted
    if wanted.source == "import_attested":
        return before
    same = replace(wanted, at=before.at) == before
    return before if same and before.at <= wanted.at else wanted
