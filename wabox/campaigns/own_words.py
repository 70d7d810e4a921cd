"""An account's own words: what it answers to STOP and START, and which further messages count as STOP.

Those that count everywhere (`contacts.words`) always do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from wabox.contacts import words
from wabox.content import judging
from wabox.db import Rows, Tx
from wabox.errors import Invalid

MOST_WORDS = 20
LONGEST_WORD = 40
LONGEST_TEXT = 500

_MANY = "Name at most 20 words of your own."
_BLANK = "A word has letters or digits, at most 40 of them, and is up to six words long."
_BACK = "This word lets people in again; choose another."
_LONG = "An answer has at most 500 characters."


@dataclass(frozen=True, slots=True)
class OwnWords:
    """words: whole messages that count as STOP. opt_out, opt_in: what is answered, None = wabox's own text."""

    words: tuple[str, ...] = ()
    opt_out: str | None = None
    opt_in: str | None = None


def of_user(rows: Rows, user_id: int) -> OwnWords:
    """What the account has of its own."""
    row = rows.one("select words, opt_out, opt_in from own_words where user_id = :user_id", user_id=user_id)
    return OwnWords() if row is None else OwnWords(tuple(json.loads(row["words"])), row["opt_out"], row["opt_in"])


def change(tx: Tx, user_id: int, given: Mapping[str, object]) -> dict[str, object]:
    """The account's own words are these where given; None or blank = wabox's. What changed, for the record.

    given: by the names of OwnWords. Raises Invalid `bad_words`; `content_refused` for an answer that the rules of
    the box would not let go, since answers are judged by nobody when they go.
    """
    before = of_user(tx, user_id)
    checked: dict[str, Any] = {name: _checked(tx, name, value) for name, value in given.items()}
    after = replace(before, **checked)
    if after == before:
        return {}
    tx.run(
        """insert into own_words (user_id, words, opt_out, opt_in) values (:user_id, :words, :opt_out, :opt_in)
           on conflict (user_id) do update set words = excluded.words, opt_out = excluded.opt_out,
           opt_in = excluded.opt_in""",
        user_id=user_id,
        words=json.dumps(after.words, ensure_ascii=False),
        opt_out=after.opt_out,
        opt_in=after.opt_in,
    )
    was, now = asdict(before), asdict(after)
    return {name: [was[name], now[name]] for name in given if was[name] != now[name]}


def _checked(rows: Rows, name: str, value: object) -> object:
    if name == "words":
        return _words(value if isinstance(value, list | tuple) else ())
    text = str(value or "").strip()
    if len(text) > LONGEST_TEXT:
        raise Invalid("bad_words", _LONG, details={name: _LONG})
    found = judging.verdict(rows, text) if text else None
    if found is not None:
        raise Invalid("content_refused", found.reason, details={name: found.reason})
    return text or None


def _words(told: Sequence[str]) -> tuple[str, ...]:
    """As they are compared, each once, without those that count anyway."""
    found: dict[str, None] = {}
    for one in told:
        phrase = words.phrase(one)
        if phrase is None or len(phrase) > LONGEST_WORD or len(phrase.split()) > words.FEW_WORDS:
            raise Invalid("bad_words", _BLANK, details={"words": _BLANK})
        verdict = words.judge(phrase)
        if verdict == "opt_in":
            raise Invalid("bad_words", _BACK, details={"words": _BACK})
        if verdict != "opt_out":
            found[phrase] = None
    if len(found) > MOST_WORDS:
        raise Invalid("bad_words", _MANY, details={"words": _MANY})
    return tuple(found)
