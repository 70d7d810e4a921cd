"""What a look at a file's content says of it."""

from __future__ import annotations

from dataclasses import dataclass

from wabox.errors import Invalid
from wabox.media.stored import Kind


class Refused(Exception):
    """The bytes are not what they began as."""


@dataclass(frozen=True, slots=True)
class Found:
    """A kind that may be sent. suffix: what its name should end in. picture: the decoder that must draw it first.

    width, height: dots; seconds: how long it plays; None where nobody looked. telling: from where to where it
    says where it was filmed and by whom.
    """

    kind: Kind
    mime: str
    suffix: str
    picture: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    telling: tuple[tuple[int, int], ...] = ()


def refused(sentence: str) -> Invalid:
    """Why a file is not taken, in words."""
    return Invalid("bad_file", sentence, details={"file": sentence})
