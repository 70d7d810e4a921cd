"""What a person's message is beside a text, read as the page tells it: a place, cards, a poll, a quote. Pure."""

from __future__ import annotations

import math
import re
from typing import Any, TypeGuard

from wabox.whatsapp.driver import Place, Quoted, SentCard, SentPoll, kind_told

LONGEST_LINE = 200
MOST_CARDS = 20
MOST_NUMBERS = 10
MOST_OPTIONS = 12
LONGEST_QUOTE = 200
FEWEST_DIGITS = 3
_NUMBER = re.compile(r"(?:\w+\.)?TEL(?P<how>[^:]*):(?:tel:)?(?P<number>.*)", re.I)
_WAID = re.compile(r"\bwaid=(\d{7,15})\b", re.I)
_NAME = re.compile(r"(?:\w+\.)?FN[^:]*:(.*)", re.I)
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_ESCAPED = re.compile(r"\\(.)")
_NO_NUMBER = re.compile(r"[^\d+*#()./ \u09e6-\u09ef-]")


def place(raw: Any) -> Place | None:
    """A point with its lines; None if it is none."""
    data = raw if isinstance(raw, dict) else {}
    latitude, longitude = data.get("lat"), data.get("lng")
    if not _within(latitude, 90) or not _within(longitude, 180):
        return None
    name, _, address = str(data.get("loc") or "").partition("\n")
    return Place(float(latitude), float(longitude), line(name) or None, line(address) or None)


def _within(degrees: object, most: int) -> TypeGuard[float]:
    if not isinstance(degrees, int | float) or isinstance(degrees, bool):
        return False
    return math.isfinite(degrees) and abs(degrees) <= most


def cards(raw: Any) -> tuple[SentCard, ...]:
    """Those that have a name or a number."""
    given = raw if isinstance(raw, list) else []
    found = [_card(one) for one in given[:MOST_CARDS] if isinstance(one, dict)]
    return tuple(one for one in found if one.name or one.phones)


def poll(raw: Any) -> SentPoll | None:
    """The answers of a poll; None if it is none, or says nothing of them."""
    given = raw if isinstance(raw, list) else []
    found = [line(one) for one in given[:MOST_OPTIONS] if isinstance(one, str)]
    options = tuple(one for one in found if one)
    return SentPoll(options) if options else None


def quoted(raw: Any) -> Quoted | None:
    """What a reply quotes: kind and first words, in one line; None if it quotes nothing that has an id."""
    data = raw if isinstance(raw, dict) else {}
    message_id, said = data.get("id"), data.get("text")
    if not isinstance(message_id, str) or not _ID.fullmatch(message_id):
        return None
    words = line(said)[:LONGEST_QUOTE] if isinstance(said, str) else ""
    return Quoted(message_id, data.get("own") is True, kind_told(str(data.get("kind") or "")), words)


def _card(raw: dict[str, Any]) -> SentCard:
    told = raw.get("lines")
    lines = [one for one in (told if isinstance(told, list) else [])[:50] if isinstance(one, str)]
    names = [_ESCAPED.sub(r"\1", found[1]) for one in lines if (found := _NAME.fullmatch(one))]
    name = line(str(raw.get("name") or "")) or next((line(one) for one in names if line(one)), "")
    numbers = [_number(found) for one in lines if (found := _NUMBER.fullmatch(one))]
    return SentCard(name, tuple(dict.fromkeys(one for one in numbers if one))[:MOST_NUMBERS])


def _number(found: re.Match[str]) -> str:
    if on_whatsapp := _WAID.search(found["how"]):
        return on_whatsapp[1]
    written = " ".join(_NO_NUMBER.sub("", found["number"]).split())[:40]
    digits = re.sub(r"\D", "", written)
    if len(digits) < FEWEST_DIGITS:
        return ""
    return digits if written.startswith("+") and 7 <= len(digits) <= 15 else written


def line(text: str) -> str:
    """One line that can be shown."""
    plain = "".join(one if one.isprintable() else " " for one in text[: LONGEST_LINE * 2])
    return " ".join(plain.split())[:LONGEST_LINE]
