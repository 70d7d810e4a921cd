"""Reads what the address of a list asks for: where it goes on, and a part of a phone number."""

from __future__ import annotations

import unicodedata


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
