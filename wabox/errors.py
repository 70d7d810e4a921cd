"""What wabox refuses, and how it says so: one sentence that tells the caller what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Refusal(Exception):
    """The caller's fault or the box's bad day, as data: it is translated once, to JSON or to a page.

    code: stable snake_case, part of the wire contract. sentence: says what to do next.
    details: {field: sentence} where single fields are wrong. retry_after: seconds, for 429 and 503.
    leaves: a verb that is run although all that was refused is undone; it puts the refusal on record.
    """

    status = 422
    leaves: Callable[[Any], None] | None = None

    def __init__(
        self,
        code: str,
        sentence: str,
        *,
        details: Mapping[str, str] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.details = dict(details or {})
        self.retry_after = retry_after


class Unauthorized(Refusal):
    """Nobody we know: no key, a dead key, no session."""

    status = 401


class InsufficientCredits(Refusal):
    """The account's balance does not cover it."""

    status = 402


class Forbidden(Refusal):
    """We know the caller, and the answer is no."""

    status = 403


class NotFound(Refusal):
    """It does not exist, or it is somebody else's: the two look the same."""

    status = 404


class Conflict(Refusal):
    """The same idempotency key came with another body."""

    status = 409


class TooLarge(Refusal):
    """The body is over the limit."""

    status = 413


class Invalid(Refusal):
    """Well-formed, and still wrong."""

    status = 422


class TooMany(Refusal):
    """Over a rate limit; says when to come again."""

    status = 429


class Unavailable(Refusal):
    """The box cannot do it now; nothing was stored."""

    status = 503


class ConfigError(Exception):
    """wabox.toml, the data directory or the machine is not fit to start; says which and the cure."""
