"""A stored text: its row, what it may be, and how it is found, changed and deleted.

Whoever uses one gets a copy: what was sent or launched stays as it was when the text is changed or deleted. A file
that one carries stays as long as it does. Of two people who change one at once the second is told, by its version.
Names are the user's own and unique, however they are spelled.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, get_args

from wabox import languages, times
from wabox.contacts import own
from wabox.db import Rows, Tx, reader
from wabox.errors import Invalid, NotFound
from wabox.languages import later
from wabox.media import keeping
from wabox.media.stored import Kind
from wabox.messages import carrying, template
from wabox.messages.carrying import Carried
from wabox.messages.spintax import VARIABLES
from wabox.messages.template import Template

Category = Literal["service", "advertising"]

CATEGORIES: tuple[Category, ...] = get_args(Category)
MOST = 200
MOST_NAME = 100
# Marks that turn the writing of what stands beside a name.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Text:
    """A stored text. message: as a sender writes it, with any variables. language: a code of ours; None = any.

    category: a label for its owner; what needs a consent is settled by `[guards]`. version: grows by each change.
    media_id, media_kind: the file that goes with it, and as what; the message is its caption, and may be empty.
    media_name: what it calls the file; None: as that is kept.
    """

    id: int
    name: str
    message: str
    category: Category
    language: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    media_id: int | None
    media_kind: Kind | None
    media_name: str | None

    @property
    def parsed(self) -> Template:
        """The message, understood; with a file as its caption."""
        return _parsed(self.message, file=self.media_id is not None)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a text shall be, as it was given; `with_file` says what goes with it.

    clean: `checked` has seen it; the writer need not look again.
    """

    name: str
    message: str
    category: str = "service"
    language: str | None = None
    media_id: int | None = None
    media_kind: Kind | None = None
    media_name: str | None = None
    clean: bool = field(default=False, compare=False)

    @classmethod
    def of(cls, text: Text) -> Draft:
        """As the text is now."""
        file = text.media_id, text.media_kind, text.media_name
        return cls(text.name, text.message, text.category, text.language, *file)

    def with_file(self, carried: Carried | None) -> Draft:
        """The same with this file, or without any."""
        if carried is None:
            return self if self.media_id is None else self._with(None, None, None)
        return self._with(carried.media.id, carried.kind, carried.media.own_name)

    def with_file_of(self, text: Text) -> Draft:
        """The same with what the text carries."""
        return self._with(text.media_id, text.media_kind, text.media_name)

    def _with(self, media_id: int | None, kind: Kind | None, name: str | None) -> Draft:
        return replace(self, media_id=media_id, media_kind=kind, media_name=name, clean=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the list; None = all. q: a part of the name or the message."""

    category: str | None = None
    language: str | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Texts by name. total: of all pages. There is no cursor: there are at most MOST."""

    texts: list[Text]
    total: int
    next_cursor: None = None


def of_user(rows: Rows, user_id: int, text_id: int) -> Text:
    """The user's text. Raises NotFound, for somebody else's too."""
    row = rows.one("select * from texts where id = :id and user_id = :user_id", id=text_id, user_id=user_id)
    if row is None:
        raise NotFound("not_found", "There is no such stored text; GET /templates lists yours.")
    return _text(row)


def page(rows: Rows, user_id: int, wanted: Wanted, *, number: int = 1, per_page: int = MOST) -> Page:
    """One page of the user's texts, by name."""
    params = {
        "user_id": user_id,
        "category": wanted.category,
        "language": wanted.language,
        "key": key(wanted.q or ""),
        "words": " ".join((wanted.q or "").split()).lower(),
    }
    where = """user_id = :user_id and category = ifnull(:category, category)
               and (:language is null or language = :language)
               and (:words = '' or instr(name_key, :key) > 0 or instr(lower(message), :words) > 0)"""
    total = int(rows.value(f"select count(*) from texts where {where}", **params))  # noqa: S608
    found = rows.all(
        f"select * from texts where {where} order by name_key, id limit :limit offset :offset",  # noqa: S608
        limit=per_page,
        offset=(number - 1) * per_page,
        **params,
    )
    return Page([_text(row) for row in found], total)


def every(rows: Rows, user_id: int) -> list[Text]:
    """All the user's texts, by name."""
    return page(rows, user_id, Wanted()).texts


def named(rows: Rows, user_id: int, name: str) -> Text | None:
    """The user's text of this name, however it is spelled."""
    row = rows.one(
        "select * from texts where user_id = :user_id and name_key = :key", user_id=user_id, key=key(name)
    )
    return None if row is None else _text(row)


def for_contacts(text: Text, own: Collection[str] = ()) -> Template:
    """The text as a campaign copies it: contacts fill it in, and the fallback stands for all other variables.

    own: what the user's own fields are called. Raises Invalid `variables_missing` naming those that have none.
    """
    if text.media_id is not None and not text.message.strip():
        return template.NOTHING
    found = template.contacts_only(text.message, (*VARIABLES, *own))
    return found if text.media_id is None else found.as_caption()


def add(tx: Tx, user_id: int, draft: Draft, *, now: datetime) -> Text:
    """The text is there. Raises Invalid `invalid`, `name_taken`, `too_many_texts`, or as template.parse does."""
    clean = checked(draft)
    if tx.value("select count(*) from texts where user_id = :user_id", user_id=user_id) >= MOST:
        sentence = later("You have 200 stored texts, which is the most; delete one first.")
        raise Invalid("too_many_texts", sentence, details={"name": sentence})
    _check_free(tx, user_id, clean.name, 0)
    _check_meant(tx, user_id, clean.message)
    text_id = tx.insert(
        """insert into texts (user_id, name, name_key, message, category, language, media_id, media_kind,
                              media_name, created_at, updated_at)
           values (:user_id, :name, :key, :message, :category, :language, :media_id, :media_kind, :media_name,
                   :now, :now)""",
        user_id=user_id,
        **_columns(clean),
        now=times.stored(now),
    )
    return of_user(tx, user_id, text_id)


def change(tx: Tx, user_id: int, text_id: int, draft: Draft, *, version: int | None = None, now: datetime) -> Text:
    """The text is as the draft says; one that says nothing new changes nothing.

    version: the one that the draft was made from; None = whichever. Raises NotFound; Invalid
    `changed_meanwhile`, or as `add` does.
    """
    before = of_user(tx, user_id, text_id)
    if version is not None and version != before.version:
        sentence = later("This text was changed meanwhile; read it again, then change it.")
        raise Invalid("changed_meanwhile", sentence, details={"version": sentence})
    clean = checked(draft)
    if clean == Draft.of(before):
        return before
    _check_free(tx, user_id, clean.name, text_id)
    if clean.message != before.message:
        _check_meant(tx, user_id, clean.message)
    tx.run(
        """update texts set name = :name, name_key = :key, message = :message, category = :category,
           language = :language, media_id = :media_id, media_kind = :media_kind, media_name = :media_name,
           version = version + 1, updated_at = :now where id = :id and user_id = :user_id""",
        id=text_id,
        user_id=user_id,
        **_columns(clean),
        now=times.stored(now),
    )
    if before.media_id is not None and before.media_id != clean.media_id:
        keeping.use(tx, before.media_id, now=now)  # until now
    return of_user(tx, user_id, text_id)


def _columns(draft: Draft) -> dict[str, str | int | None]:
    return {
        "name": draft.name,
        "key": key(draft.name),
        "message": draft.message,
        "category": draft.category,
        "language": draft.language,
        "media_id": draft.media_id,
        "media_kind": draft.media_kind,
        "media_name": draft.media_name,
    }


def delete(tx: Tx, user_id: int, text_id: int, *, now: datetime) -> None:
    """The text is gone; what was made from it stays, and its file like any other. Raises NotFound."""
    before = of_user(tx, user_id, text_id)
    tx.run("delete from texts where id = :id and user_id = :user_id", id=text_id, user_id=user_id)
    if before.media_id is not None:
        keeping.use(tx, before.media_id, now=now)


def checked(draft: Draft, *, file: bool = False) -> Draft:
    """The draft as it is stored, clean. Raises Invalid `invalid` naming the fields, or as template.parse does.

    file: it will have one. With a file it raises `caption_too_long`, `no_text_with_sound`.
    """
    if draft.clean:
        return draft
    name = " ".join(_TURNING.sub("", _without_marks(draft.name, ("Cc", "Cs", "Zl", "Zp"))).split())
    wrong: dict[str, str] = {}
    if not key(name):
        wrong["name"] = later("Give the text a name; it is found by it.")
    elif len(name) > MOST_NAME:
        wrong["name"] = later("A name has at most 100 characters.")
    if draft.category not in CATEGORIES:
        wrong["category"] = f"This must be one of {', '.join(CATEGORIES)}."
    if wrong:
        raise Invalid("invalid", " ".join(wrong.values()), details=wrong)
    check_language(draft.language)
    file = file or draft.media_id is not None
    _parsed(draft.message, file=file)
    if draft.media_kind in carrying.WITHOUT_TEXT and draft.message.strip():
        carrying.no_text()
    message = draft.message if draft.message.strip() else ""
    return replace(draft, name=unicodedata.normalize("NFC", name), message=message, clean=True)


def check_language(code: str | None) -> None:
    """Raises Invalid for what is neither None nor a language of ours."""
    if code is not None and code not in languages.ALL:
        sentence = f"This must be one of {', '.join(languages.ALL)}."
        raise Invalid("invalid", sentence, details={"language": sentence})


def key(name: str) -> str:
    """What a name is found by: the same for `Order ready`, `ORDER  READY` and one with marks that nobody sees."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFC", " ".join(_without_marks(folded, ("Cf", "Cc", "Cs")).split()))


def _without_marks(text: str, kinds: Sequence[str]) -> str:
    return "".join(
        " " if one.isspace() else one for one in text if one.isspace() or unicodedata.category(one) not in kinds
    )


def _parsed(message: str, *, file: bool) -> Template:
    return template.caption(message, None) if file else template.parse(message, None)


def _check_meant(rows: Rows, user_id: int, message: str) -> None:
    if "|" in message:  # only alternatives may mean something else
        template.written(message, None, own.names(rows, user_id))


def _check_free(rows: Rows, user_id: int, name: str, but: int) -> None:
    found = named(rows, user_id, name)
    if found is not None and found.id != but:
        sentence = later("You have a stored text of this name; choose another one.")
        raise Invalid("name_taken", sentence, details={"name": sentence})


_text = reader(Text)
