"""Phone numbers: what people type becomes digits with the country code first; a number never raises but Invalid.

Source: wabox/docs/contract.md#phones.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    CountryCodeSource,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
)
from phonenumbers.phonemetadata import PhoneMetadata

from wabox.contacts import notation
from wabox.contacts.notation import MAX_TYPED, bad
from wabox.errors import Invalid
from wabox.languages import later

MIN_DIGITS, MAX_DIGITS = 7, 15
_PLUS = frozenset("+\uff0b\ufe62")
_BETWEEN = frozenset("()[]./-_\u00ad\u2212\uff08\uff09\uff3b\uff3d\uff0e\uff0f\u00b7\u30fb")
_BLANKS = frozenset("\t\n\r\ufe0e\ufe0f")  # with the selectors that follow digits pasted from a chat
_MARKS = frozenset({"Cf", "Pd", "Zs"})  # invisible marks, dashes, spaces

_BRACKETED_ZERO = re.compile(
    r"[^0-9+]*(?P<plus>\+|00)?(?P<code>[^()\[\]]*)[(\[][^0-9]*0[^0-9]*[)\]](?P<rest>.*)", re.S
)
_ONLY_DIGITS = later("A phone number is only digits; write it like +880 1711-123456.")
_UNCLEAR = later("It is not clear which digits are the number; write nothing else, like +880 1711-123456.")
_STROKE = re.compile(r"[0-9][^/\\]*[/\\]")
_ENDINGS = re.compile(r"(?P<front>.*[0-9][)\]]?)(?P<rest>\s*[^\w+()\[\]]\s*[0-9]{1,4})", re.S)
_NUMBERED = re.compile(r"[0-9]{1,3}[^0-9]+([0+].*)", re.S)
_PLACED = re.compile(r"[0-9]{1,3}(?P<mark>[^0-9]+)(?P<rest>[0-9].*)", re.S)
_DAY = re.compile(r"[0-9]{1,4}([./-])[0-9]{1,2}\1[0-9]{1,4}")

Kind = Literal["mobile", "other", "unknown"]
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


@dataclass(frozen=True, slots=True)
class Phone:
    """A number WhatsApp can be asked for. digits: 7 to 15, country code first.

    flagged: kept as it was typed although no numbering plan knows it, as with real ids of Brazil and Mexico.
    """

    digits: str
    flagged: bool


def parse(text: str, *, country: str, listed: bool = False) -> Phone:
    """The number somebody typed, in any script's digits. Raises Invalid `bad_phone`.

    country: two letters, whose national numbers are understood. A leading 0 makes it national; a number that
    is valid with its country code stays as it is, unless it is a mobile at home and grouped like one; else it is
    national if that is valid; else 7 to 15 digits are kept and flagged. After a + or 00 it carries a country code
    and is never rewritten, but for the 0 that is dialled at home alone, where the country's plan leaves it away.
    What stands around it is no part of it (`notation`). Two numbers in one, and what may be a serial number, are
    refused. listed: by a person, whose spreadsheet may have dropped a 0: bare digits that are valid abroad and a
    mobile at home are refused, too.
    """
    if text.isascii() and text.isdigit() and len(text) <= MAX_TYPED:
        return _read(text, country, listed=listed)
    if (plain := _plain(text, country)) is not None:
        return plain
    noted = notation.bare(text)
    phone, wrong = _read_or_not(_without_trunk_zero(noted.text), country, listed=listed)
    struck = _STROKE.search(noted.text) is not None
    if (phone is None or phone.flagged or struck) and _endings(noted.text, country) is not None:
        raise bad(later("These are several numbers; write only one of them, with all of its digits."))
    if phone is None:
        raise wrong
    if phone.flagged and (noted.doubtful or struck or _may_be_else(noted.text, country)):
        raise bad(_UNCLEAR)
    if _is_behind_its_place(noted.text, phone, country):
        raise bad(_UNCLEAR)
    if noted.extended and kind_of(phone) != "mobile":
        raise bad(later("WhatsApp knows no extensions; write the person's own number."))
    return phone


def _plain(text: str, country: str) -> Phone | None:
    """A valid number of a plus and digits alone, as programs write it: nothing stands around it."""
    if not (text.startswith("+") and text.isascii() and text[1:].isdigit() and len(text) <= MAX_TYPED):
        return None
    phone, _ = _read_or_not(text, country)
    return None if phone is None or phone.flagged else phone


def endings(text: str, *, country: str) -> tuple[Phone, tuple[str, ...]] | None:
    """A number and the other endings it may have, as 01711000203/04 has 04; None if it is no such text.

    A stroke says so, if what stands before it is a valid number; other marks and blanks, if the whole is none.
    What follows after a blank alone, as 24/7, is no ending.
    """
    try:
        return _endings(notation.bare(text).text, country)
    except Invalid:
        return None


def _endings(text: str, country: str) -> tuple[Phone, tuple[str, ...]] | None:
    found = _ENDINGS.fullmatch(text)
    while found is not None:
        phone, _ = _read_or_not(_without_trunk_zero(found["front"]), country)
        if phone is not None and not phone.flagged:
            more = text[len(found["front"]) :]
            whole = None if _STROKE.search(f"0{more}") else _read_or_not(text, country)[0]
            told = () if more[1:2].isdigit() and more[0].isspace() else tuple(re.findall("[0-9]+", more))
            return (phone, told) if whole is None or whole.flagged else None
        found = _ENDINGS.fullmatch(found["front"])
    return None


def _may_be_else(text: str, country: str) -> bool:
    """Whether digits that no plan knows are a day, or a number behind its place in a list, as in 2) 01711."""
    behind = _NUMBERED.fullmatch(text)
    phone = None if behind is None else _read_or_not(behind[1], country)[0]
    return _DAY.fullmatch(text) is not None or (phone is not None and not phone.flagged)


def _is_behind_its_place(text: str, phone: Phone, country: str) -> bool:
    """Whether the first digits are as likely its place in a list as a country code: 7) 98321 12345 in India.

    A code with a blank, the 0 dialled at home and a mobile behind it is one: 49 0171 1234567.
    """
    behind = _PLACED.fullmatch(text)
    alone = None if behind is None else _read_or_not(behind["rest"], country)[0]
    if behind is None or alone is None or kind_of(alone) != "mobile" or alone.digits == phone.digits:
        return False
    return not (behind["rest"][0] == "0" and behind["mark"].isspace() and kind_of(phone) == "mobile")


def _read_or_not(text: str, country: str, *, listed: bool = False) -> tuple[Phone | None, Invalid]:
    try:
        return _read(text, country, listed=listed), bad(_ONLY_DIGITS)
    except Invalid as wrong:
        return None, wrong


def _read(text: str, country: str, *, listed: bool) -> Phone:
    """The number, with nothing around it that is none of it."""
    digits, international = _digits(text)
    if digits.startswith("00"):
        digits, international = digits[2:], True
    if digits.startswith("0"):
        return _national(digits, country)
    if not MIN_DIGITS <= len(digits) <= MAX_DIGITS:
        raise bad(f"A phone number has {MIN_DIGITS} to {MAX_DIGITS} digits; this one has {len(digits)}.")
    is_valid = _is_valid(digits)
    at_home = not international and not (is_valid and len(digits) not in _lengths(country))
    national = _valid_national(digits, country) if at_home else None
    if is_valid:
        return Phone(_meant(text, digits, national, listed=listed), flagged=False)
    known = national or _without_prefix(digits, international=international)
    return Phone(digits, flagged=True) if known is None else Phone(known, flagged=False)


def _lengths(country: str) -> Sequence[int]:
    """How many digits numbers of this country have without its code."""
    plan = PhoneMetadata.metadata_for_region(country)
    return () if plan is None or plan.general_desc is None else plan.general_desc.possible_length


def _meant(text: str, digits: str, national: str | None, *, listed: bool) -> str:
    """Which of two valid numbers this is: the one with its country code, or a mobile at home, if grouped as one.

    listed: raises Invalid `bad_phone` where nobody can know, as with 9607712345: the Maldives and India have it.
    """
    if national is None or national == digits or kind_of(Phone(national, flagged=False)) != "mobile":
        return digits
    typed, abroad, home = (re.findall("[0-9]+", one) for one in (text, display(digits), display(national)))
    if len(typed) > 1 and typed == abroad:
        return digits
    if len(typed) > 1 and typed[0] == home[1] and int(typed[0]) not in COUNTRY_CODE_TO_REGION_CODE:
        return national
    if not listed:
        return digits
    raise bad(f"This may be {display(digits)} or {display(national)}; write it with a plus and its country code.")


def _without_prefix(digits: str, *, international: bool) -> str | None:
    """The valid number that 880 01711… is without the 0 behind its country code; None if there is none."""
    number = _split(digits)
    plan = None if number is None else PhoneMetadata.metadata_for_region(_region(number))
    if number is None or plan is None or not plan.national_prefix:
        return None
    rest = digits.removeprefix(str(number.country_code))
    if not rest.startswith(plan.national_prefix if international else "0"):
        return None
    try:
        found = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None
    return _e164(found) if phonenumbers.is_valid_number(found) else None


def kind_of(phone: Phone) -> Kind:
    """What its country's plan calls the number; where it does not part mobiles from others, it may be one."""
    number = None if phone.flagged else _split(phone.digits)
    if number is None:
        return "unknown"
    return "mobile" if phonenumbers.number_type(number) in _MOBILE else "other"


def drops_zero(country: str) -> bool:
    """Whether its people dial a 0 in front at home that is no part of the number."""
    return _code_after_zero(country) is not None


def mask(digits: str) -> str:
    """The number as logs show it: 88017****678. Nothing but the two ends of it can be read back."""
    if len(digits) < MIN_DIGITS:
        return "****"
    ends = (5, 3) if len(digits) > 10 else (2, 2)
    return f"{digits[: ends[0]]}****{digits[-ends[1] :]}"


def display(digits: str) -> str:
    """The number as people read it: +880 1711-123456; a flagged one plainly, +5215512345678."""
    number = _split(digits)
    if number is None or not phonenumbers.is_valid_number(number):
        return f"+{digits}"
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def _without_trunk_zero(bare: str) -> str:
    """+49 (0)171 … without the 0 that is dialled at home alone; with it where the country's numbers keep it."""
    found = _BRACKETED_ZERO.fullmatch(bare)
    if found is None:
        return bare
    code, rest = (re.sub("[^0-9]", "", found[part]) for part in ("code", "rest"))
    if not code or int(code) not in COUNTRY_CODE_TO_REGION_CODE:
        return bare
    plan = PhoneMetadata.metadata_for_region(COUNTRY_CODE_TO_REGION_CODE[int(code)][0])
    if not found["plus"] and not _is_valid(code + rest):
        return bare
    is_trunk = (plan is not None and plan.national_prefix == "0") or not _is_valid(f"{code}0{rest}")
    return f"+{found['code']}{'' if is_trunk else '0'}{found['rest']}"


def _digits(text: str) -> tuple[str, bool]:
    """ASCII digits in order, and whether a plus stood before them."""
    if text.isascii() and text.removeprefix("+").isdigit():
        return text.removeprefix("+"), text.startswith("+")
    digits: list[str] = []
    plus = False
    for character in text:
        value = unicodedata.decimal(character, None)
        if value is not None:
            digits.append(str(value))
        elif character in _PLUS and not plus and not digits:
            plus = True
        elif not _is_between(character):
            raise bad(_ONLY_DIGITS)
    return "".join(digits), plus


def _is_between(character: str) -> bool:
    return character in _BETWEEN or character in _BLANKS or unicodedata.category(character) in _MARKS


def _split(digits: str) -> PhoneNumber | None:
    """Country code and the rest, unchanged: the library's own parser would drop or add digits."""
    for length in (1, 2, 3):
        code = digits[:length]
        if code.isascii() and code.isdigit() and int(code) in COUNTRY_CODE_TO_REGION_CODE:
            rest = digits[length:]
            zeros = len(rest) - len(rest.lstrip("0"))
            if not rest[zeros:]:
                return None
            return PhoneNumber(
                country_code=int(code),
                national_number=int(rest),
                italian_leading_zero=True if zeros else None,
                number_of_leading_zeros=zeros if zeros > 1 else None,
            )
    return None


def _region(number: PhoneNumber) -> str:
    return COUNTRY_CODE_TO_REGION_CODE[number.country_code or 0][0]


def _is_valid(digits: str) -> bool:
    number = _split(digits)
    return number is not None and phonenumbers.is_valid_number(number)


def _valid_national(digits: str, country: str) -> str | None:
    number = _parsed(digits, country)
    return _e164(number) if number is not None and phonenumbers.is_valid_number(number) else None


def _national(digits: str, country: str) -> Phone:
    """A number with a leading 0; one whose length fits but whose range nobody knows is kept and flagged."""
    quick = _after_zero(digits, country)
    if quick is not None:
        return Phone(quick, flagged=False)
    number = _parsed(digits, country)
    if number is not None and phonenumbers.is_valid_number(number):
        return Phone(_e164(number), flagged=False)
    if number is None or number.italian_leading_zero or not phonenumbers.is_possible_number(number):
        raise bad(f"This is no phone number of {country}; write it with its country code, like +880 1711-123456.")
    return Phone(_e164(number), flagged=True)


def _after_zero(digits: str, country: str) -> str | None:
    """A valid number of a country where 0 is the whole prefix: what the parser finds, in a third of its time."""
    code = _code_after_zero(country)
    found = None if code is None or digits[1:2] == "0" else f"{code}{digits[1:]}"
    return found if found is not None and _is_valid(found) else None


@functools.cache
def _code_after_zero(country: str) -> int | None:
    """The country's code, if its numbers drop one leading 0 and nothing else."""
    plan = PhoneMetadata.metadata_for_region(country)
    if plan is None or plan.national_prefix_transform_rule:
        return None
    return plan.country_code if plan.national_prefix == plan.national_prefix_for_parsing == "0" else None


def _parsed(digits: str, country: str) -> PhoneNumber | None:
    """The number read as a national one; None if the library finds the country's own code in it instead."""
    try:
        number = phonenumbers.parse(digits, country, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    return None if number.country_code_source == CountryCodeSource.FROM_NUMBER_WITHOUT_PLUS_SIGN else number


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164).removeprefix("+")
