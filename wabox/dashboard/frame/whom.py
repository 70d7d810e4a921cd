"""Knows whom the form of one message is for: a number as people write it, or somebody they know by name."""

from __future__ import annotations

from dataclasses import dataclass

from wabox.contacts import naming, notation, phones
from wabox.contacts.naming import Called
from wabox.contacts.phones import Phone
from wabox.dashboard.frame.asked import typed
from wabox.dashboard.frame.form import Form
from wabox.dashboard.voice import Voice
from wabox.db import Rows
from wabox.errors import Invalid
from wabox.languages import later

MOST = 8
LONGEST = 300  # a name and a number
_CHOOSE = later("Choose whom you mean.")
_NOBODY = later(
    "Nobody you know is called so; write the number, with its country code or as it is dialled at home."
)


@dataclass(frozen=True, slots=True)
class Whom:
    """What stands in the field, and the number that was chosen for just that; "" if none was."""

    typed: str = ""
    chosen: str = ""


def of_form(form: Form) -> Whom:
    """As it was filled in. What was chosen holds only while the field still says what it was chosen for."""
    said = typed(form.text("phone"), LONGEST)
    chosen = form.texts("whom")[-1:] if typed(form.text("whom_for"), LONGEST) == said else []
    return Whom(said, "".join(chosen)[: notation.MAX_TYPED])


def of_number(rows: Rows, user_id: int, number: str, voice: Voice, *, country: str) -> Whom:
    """For a link that says to whom: by name, if they have one."""
    try:
        digits = phones.parse(_whole(number), country=country).digits
    except Invalid:
        return Whom(number)
    name = naming.names(rows, user_id, [digits]).get(digits, "")
    return Whom(voice.person(name, digits), digits) if name else Whom(number)


def phone(rows: Rows, user_id: int, whom: Whom, *, country: str) -> Phone:
    """Their number. Raises Invalid `bad_phone`; of a name it says that one of those called so is to be chosen."""
    if whom.chosen:
        return phones.parse(_whole(whom.chosen), country=country)
    try:
        return phones.parse(whom.typed, country=country)
    except Invalid as wrong:
        if not _is_name(whom.typed):
            raise
        sentence = _CHOOSE if meant(rows, user_id, whom) else _NOBODY
        raise Invalid(wrong.code, sentence, details={"phone": sentence}) from None


def digits(whom: Whom, *, country: str) -> str | None:
    """Their number, if it is known without asking."""
    try:
        return phones.parse(_whole(whom.chosen) if whom.chosen else whom.typed, country=country).digits
    except Invalid:
        return None


def meant(rows: Rows, user_id: int, whom: Whom) -> list[Called]:
    """Who may be meant by a name."""
    return naming.called(rows, user_id, whom.typed, most=MOST) if _is_name(whom.typed) else []


def meant_while(rows: Rows, user_id: int, whom: Whom) -> list[Called]:
    """Who may be meant by what is typed so far, by a part of a number too."""
    return naming.called(rows, user_id, whom.typed, most=MOST)


def _whole(digits: str) -> str:
    """Digits as they are kept, with the plus that keeps them from being read as those of a number at home."""
    return f"+{digits}" if digits.isascii() and digits.isdecimal() and not digits.startswith("0") else digits


def _is_name(text: str) -> bool:
    return any(one.isalpha() for one in text)
