"""Money as whole numbers of a currency's smallest unit, read from what people type and shown to them."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING

from wabox.errors import Invalid
from wabox.late import late

if TYPE_CHECKING:
    from babel import numbers
else:
    numbers = late("babel.numbers")

MOST_MINOR = 100_000_000_000
_AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,3})?")


def digits(text: str) -> str:
    """Digits of every script as 0 to 9: NFKC leaves Bengali ones, and isdigit() takes them."""
    return "".join(
        str(unicodedata.decimal(one)) if unicodedata.decimal(one, None) is not None else one for one in text
    )


def minor(text: str, currency: str) -> int:
    """What a person typed, like `1,250.50` or `১২৫০`, in the smallest unit. Raises Invalid `bad_amount`."""
    places = numbers.get_currency_precision(currency)
    plain = re.sub(r"[\s,_'৳]", "", digits(text))
    if not _AMOUNT.fullmatch(plain):
        raise _bad()
    amount = Decimal(plain).scaleb(places)
    if amount != amount.to_integral_value() or amount > MOST_MINOR:
        raise _bad()
    return int(amount)


def plain(amount_minor: int, currency: str) -> str:
    """The amount as a form field shows it: `1250.50`, `1250` if it is whole."""
    amount = Decimal(amount_minor).scaleb(-numbers.get_currency_precision(currency))
    return str(int(amount)) if amount == amount.to_integral_value() else f"{amount:f}"


def shown(amount_minor: int, currency: str) -> str:
    """The amount with its currency: `BDT 1,250.50`."""
    amount = Decimal(amount_minor).scaleb(-numbers.get_currency_precision(currency))
    return str(numbers.format_currency(amount, currency, format="¤¤\xa0#,##0.00", locale="en"))


def _bad() -> Invalid:
    sentence = "Give an amount like 1250 or 1250.50."
    return Invalid("bad_amount", sentence, details={"amount": sentence})
