"""What a contact's name, tags and free text may be; pure.

A tag keeps the spelling it was written with and is found in any: two tags are the same if their keys are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from wabox.errors import Invalid
from wabox.languages import later

MOST_NAME, MOST_CUSTOM, MOST_TAG, MOST_TAGS, MOST_NOTE = 200, 1_000, 64, 50, 500
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def name(text: str | None) -> str | None:
    """The name on one line; a blank one is none. Raises Invalid `bad_name`."""
    cleaned = _one_line(text or "")
    if len(cleaned) > MOST_NAME:
        raise _wrong("name", f"A name has at most {MOST_NAME} characters.")
    return cleaned or None


def custom(text: str | None) -> str | None:
    """The free text; a blank one is none. Raises Invalid `bad_custom`."""
    cleaned = lines(text or "")
    if len(cleaned) > MOST_CUSTOM:
        raise _wrong("custom", f"The custom text has at most {MOST_CUSTOM:,} characters.")
    return cleaned or None


def note(text: str | None) -> str | None:
    """What was written down beside a consent; a blank one is none. Raises Invalid `bad_note`."""
    cleaned = lines(text or "")
    if len(cleaned) > MOST_NOTE:
        raise _wrong("note", f"A note has at most {MOST_NOTE} characters.")
    return cleaned or None


def lines(text: str) -> str:
    """Trimmed, with one kind of line end and no marks that steer machines: what a file of ours can give back."""
    return _STEERING.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def tag(text: str) -> str:
    """The tag, trimmed, 1 to 64 characters on one line. Raises Invalid `bad_tag`."""
    if len(text) > 16 * MOST_TAG:
        raise _wrong("tag", f"A tag has at most {MOST_TAG} characters.")
    cleaned = unicodedata.normalize("NFC", _one_line(text))
    if not cleaned:
        raise _wrong("tag", later("A tag is not blank; send null for no tag."))
    if len(cleaned) > MOST_TAG:
        raise _wrong("tag", f"A tag has at most {MOST_TAG} characters.")
    return cleaned


def tags(texts: Iterable[str]) -> tuple[str, ...]:
    """The tags in order, each once, in its first spelling. Raises Invalid `bad_tag`, over MOST_TAGS too."""
    found: dict[str, str] = {}
    for text in texts:
        cleaned = tag(text)
        found.setdefault(key(cleaned), cleaned)
    if len(found) > MOST_TAGS:
        raise _wrong("tag", f"A contact has at most {MOST_TAGS} tags.")
    return tuple(found.values())


def key(cleaned: str) -> str:
    """What a tag is found by: the same for VIP and vip."""
    return unicodedata.normalize("NFC", cleaned.casefold())


def _one_line(text: str) -> str:
    return " ".join(_CONTROL.sub("", " ".join(text.split())).split())


def _wrong(field: str, sentence: str) -> Invalid:
    return Invalid(f"bad_{field}", sentence, details={field: sentence})
