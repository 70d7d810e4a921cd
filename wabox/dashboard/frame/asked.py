"""Reads what the address of a list asks for, and writes such an address: words, filters, where it goes on."""

from __future__ import annotations

import unicodedata
from urllib.parse import urlencode


def cursor_of(text: str) -> int | None:
    """The cursor in an address, if it is one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def digits_in(text: str) -> str:
    """The ASCII digits of a search that reads like a part of a phone number, else ""."""
    bare = "".join(one for one in text if one not in " +-().")
    digits = [unicodedata.decimal(one, None) for one in bare]
    if not bare or None in digits:
        return ""
    return "".join(str(one) for one in digits).lstrip("0")


def number(text: str) -> int | None:
    """A whole number as people type it, in any digits, with thousands marked or not; None for anything else."""
    bare = "".join(one for one in text if one not in " ,.\u00a0")
    digits = [unicodedata.decimal(one, None) for one in bare]
    if not digits or len(digits) > 18 or None in digits:
        return None
    return int("".join(str(one) for one in digits))


def typed(text: str, most: int = 200) -> str:
    """What somebody typed into a search, as the database may be asked for it."""
    return text.replace("\0", "").strip()[:most]


def address(cursor: int | None = None, **fields: str) -> str:
    """The end of a list's address: `?q=rina&cursor=40`; "" for the bare list. Empty fields are left out."""
    pairs = [(name, text) for name, text in fields.items() if text]
    if cursor is not None:
        pairs.append(("cursor", str(cursor)))
    return "?" + urlencode(pairs) if pairs else ""
