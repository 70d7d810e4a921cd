"""Phone numbers: what people type becomes digits with the country code first; a number never raises but Invalid.

Source: wabox/docs/contract.md#phones.
"""

from __future__ import annotations

import functools
import re
import unicodedata
import urllib.parse
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

from wabox.errors import Invalid

MAX_TYPED = 64
MAX_NOTED = 2_048  # with the link that it stands in
MIN_DIGITS, MAX_DIGITS = 7, 15
_PLUS = frozenset("+\uff0b\ufe62")
_BETWEEN = frozenset("()[]./-\u00ad\u2212\uff08\uff09\uff3b\uff3d\uff0e\uff0f\u00b7\u30fb")
_BLANKS = frozenset("\t\n\r\ufe0e\ufe0f")  # with the selectors that follow digits pasted from a chat
_MARKS = frozenset({"Cf", "Pd", "Zs"})  # invisible marks, dashes, spaces

# What stands around a number where programs wrote it. After WhatsApp's own address a number has its country code.
_SCHEME = re.compile(
    r"(?:p|ph|phone|mobile|mob|cell|tel|telephone|fax|sms|callto|whats ?app|wa)\s*:\s*(?://)?", re.I
)
_LINK = re.compile(r"(?:https?://)?(?:[a-z]+\.)?(wa\.me|whatsapp\.com)/|whatsapp:/*send\b", re.I)
_ADDRESS = re.compile(r"(?P<number>[^:@]+)(?::[0-9]+)?@(?:c\.us|s\.whatsapp\.net)", re.I)
_PARAMETERS = re.compile(r";(?:phone-context|isub|cpc)=.*", re.I | re.S)
_BRACKETED_ZERO = re.compile(
    r"[^0-9+]*(?P<plus>\+|00)?(?P<code>[^()\[\]]*)[(\[][^0-9]*0[^0-9]*[)\]](?P<rest>.*)", re.S
)
_ONE_BRACKET = str.maketrans("\uff08\uff09\uff3b\uff3d\uff0b\ufe62", "()[]++")


Kind = Literal["mobile", "other", "unknown"]
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


@dataclass(frozen=True, slots=True)
class Phone:
    """A number WhatsApp can be asked for. digits: 7 to 15, country code first.

    flagged: kept as it was typed although no numbering plan knows it, as with real ids of Brazil and Mexico.
    """

    digits: str
    flagged: bool


def parse(text: str, *, country: str) -> Phone:
    """The number somebody typed, in any script's digits. Raises Invalid `bad_phone`.

    country: two letters, whose national numbers are understood. A leading 0 makes it national; a number that
    is valid with its country code stays as it is; else it is national if that is valid; else 7 to 15 digits
    are kept and flagged. After a + or 00 it carries a country code and is never rewritten. `p:`, `tel:`, wa.me and
    @c.us around it are no part of it, nor is a 0 in brackets after a country code whose people leave it away.
    """
    digits, international = _digits(_without_notation(text))
    if digits.startswith("00"):
        digits, international = digits[2:], True
    if digits.startswith("0"):
        return _national(digits, country)
    if not MIN_DIGITS <= len(digits) <= MAX_DIGITS:
        raise _bad(f"A phone number has {MIN_DIGITS} to {MAX_DIGITS} digits; this one has {len(digits)}.")
    if _is_valid(digits):
        return Phone(digits, flagged=False)
    national = None if international else _valid_national(digits, country)
    return Phone(digits, flagged=True) if national is None else Phone(national, flagged=False)


def kind_of(phone: Phone) -> Kind:
    """What its country's plan calls the number; where it does not part mobiles from others, it may be one."""
    number = None if phone.flagged else _split(phone.digits)
    if number is None:
        return "unknown"
    return "mobile" if phonenumbers.number_type(number) in _MOBILE else "other"


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


def _without_notation(text: str) -> str:
    """The number alone, as the rest of this file reads it. Raises Invalid `bad_phone` if it is far too long."""
    if text.isascii() and text.isdigit() and len(text) <= MAX_TYPED:
        return text
    if len(text) > MAX_NOTED:
        raise _bad("A phone number is not that long; write only the number.")
    bare = "".join(character for character in text if unicodedata.category(character) != "Cf").strip()
    if _LINK.match(bare):
        bare = f"+{_number_of_link(bare).strip().removeprefix('+')}"
    else:
        bare = _PARAMETERS.sub("", _SCHEME.sub("", bare, count=1) if _SCHEME.match(bare) else bare).strip()
    if len(bare) > MAX_TYPED:
        raise _bad("A phone number is not that long; write only the number.")
    address = _ADDRESS.fullmatch(bare)
    if address is not None:
        bare = f"+{address['number'].removeprefix('+')}"
    return _without_trunk_zero(bare)


def _number_of_link(link: str) -> str:
    """What a link that opens a chat calls the phone; "" without one."""
    place, _, query = link.partition("#")[0].partition("?")
    asked = urllib.parse.parse_qs(query, max_num_fields=32).get("phone")
    return asked[0] if asked else urllib.parse.unquote(place.rstrip("/").rpartition("/")[2])


def _without_trunk_zero(bare: str) -> str:
    """+49 (0)171 … without the 0 that is dialled at home alone; with it where the country's numbers keep it."""
    plain = "".join(_as_ascii(character) for character in bare).translate(_ONE_BRACKET)
    found = _BRACKETED_ZERO.fullmatch(plain)
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


def _as_ascii(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def _digits(text: str) -> tuple[str, bool]:
    """ASCII digits in order, and whether a plus stood before them."""
    if text.isascii() and text.isdigit():
        return text, False
    digits: list[str] = []
    plus = False
    for character in text:
        value = unicodedata.decimal(character, None)
        if value is not None:
            digits.append(str(value))
        elif character in _PLUS and not plus and not digits:
            plus = True
        elif not _is_between(character):
            raise _bad("A phone number is only digits; write it like +880 1711-123456.")
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
        raise _bad(f"This is no phone number of {country}; write it with its country code, like +880 1711-123456.")
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


def _bad(sentence: str) -> Invalid:
    return Invalid("bad_phone", sentence, details={"phone": sentence})
