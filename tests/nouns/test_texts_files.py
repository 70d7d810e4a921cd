"""Stored texts as a file, and the ready ones: nothing doubles, nothing is replaced unasked."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from wabox import languages
from wabox.accounts.users import User
from wabox.db import Tx
from wabox.errors import Invalid
from wabox.media import keeping
from wabox.media import stored as media
from wabox.media.found import Found
from wabox.media.keeping import Examined
from wabox.messages import template
from wabox.texts import files, ready
from wabox.texts import stored as texts
from wabox.texts.files import Brought
from wabox.texts.stored import Draft


def file(*texts: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"wabox_texts": 1, "texts": list(texts), **more}).encode()


def test_an_exported_file_comes_in_again_without_doubling(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    ready.add(tx, asha.id, "bn", now=now)
    texts.add(tx, asha.id, Draft("Offer", 'A "quoted"\n{a|b} \\{', "advertising", None), now=now)
    exported = files.written(texts.every(tx, asha.id), {}).encode()
    drafts = files.read(b"\xef\xbb\xbf" + exported)
    assert files.bring_in(tx, asha.id, drafts, replace=True, now=now) == Brought(same=6)
    assert files.bring_in(tx, bilal.id, drafts, replace=False, now=now) == Brought(added=6)
    assert files.bring_in(tx, bilal.id, drafts, replace=False, now=now) == Brought(same=6)
    assert files.written(texts.every(tx, bilal.id), {}).encode() == exported
    assert {one.version for one in texts.every(tx, asha.id)} == {1}


def test_the_writer_parses_nothing_of_a_file(
    tx: Tx, asha: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = files.read(file({"name": " Thanks ", "message": "Thank you"}))
    monkeypatch.setattr(template, "parse", None)
    assert files.bring_in(tx, asha.id, drafts, replace=True, now=now) == Brought(added=1)
    assert files.bring_in(tx, asha.id, drafts, replace=True, now=now) == Brought(same=1)


def test_texts_of_a_taken_name_stay_unless_they_are_to_be_replaced(tx: Tx, asha: User, now: datetime) -> None:
    mine = texts.add(tx, asha.id, Draft("Thanks", "Thank you"), now=now)
    drafts = files.read(file({"name": "THANKS", "message": "Cheers"}, {"name": "New", "message": "x"}))
    assert files.bring_in(tx, asha.id, drafts, replace=False, now=now) == Brought(added=1, kept=1)
    assert texts.of_user(tx, asha.id, mine.id) == mine
    assert files.bring_in(tx, asha.id, drafts, replace=True, now=now) == Brought(replaced=1, same=1)
    changed = texts.of_user(tx, asha.id, mine.id)
    assert (changed.name, changed.message, changed.version) == ("THANKS", "Cheers", 2)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no file of stored texts"),
        (b"\xff\xfe", "no file of stored texts"),
        (b"[" * 100_000, "no file of stored texts"),
        (b'{"texts": []}', "no file of stored texts"),
        (b'{"wabox_texts": 2, "texts": []}', "no file of stored texts"),
        (file({"name": "x"}), "no file of stored texts"),
        (file({"name": 1, "message": "x"}), "no file of stored texts"),
        (b'{"wabox_texts": 1, "texts": [{"name": "a", "message": "\\ud800"}]}', "."),
        (
            file({"name": "fine", "message": "x"}, {"name": "bad", "message": "{a|b"}),
            "Text 2 of the file: At posi",
        ),
        (file({"name": "", "message": "x"}), "Text 1 of the file: Give the text a name"),
        (
            file({"name": "x", "message": "x", "category": "spam"}),
            "Text 1 of the file: This must be one of service",
        ),
        (file({"name": "x", "message": "x", "language": "xx"}), "Text 1 of the file: This must be one of en"),
        (file(*[{"name": f"{n}", "message": "x"} for n in range(201)]), "more than 200"),
        (b" " * (8 * 1024 * 1024 + 1), "larger than 8 MB"),
    ],
)
def test_what_is_no_such_file_is_refused_with_the_place(data: bytes, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        files.read(data)
    assert refused.value.code == "bad_file"
    assert said in refused.value.details["file"]


def test_a_file_that_does_not_fit_brings_nothing(tx: Tx, asha: User, now: datetime) -> None:
    texts.add(tx, asha.id, Draft("one", "x"), now=now)
    drafts = files.read(file(*[{"name": f"{n}", "message": "x"} for n in range(200)]))
    with pytest.raises(Invalid) as refused:
        files.bring_in(tx, asha.id, drafts, replace=False, now=now)
    assert refused.value.code == "too_many_texts"


@pytest.mark.parametrize("language", list(languages.ALL))
def test_the_ready_ones_are_in_every_language_and_ask_for_the_same(language: str) -> None:
    english = ready.drafts("en")
    drafts = ready.drafts(language)
    assert len(drafts) == 5 and len({texts.key(one.name) for one in drafts}) == 5
    for one, other in zip(drafts, english, strict=True):
        assert texts.checked(one) == one
        parsed, alike = template.parse(one.message, None), template.parse(other.message, None)
        assert sorted(parsed.variables) == sorted(alike.variables)
        assert sorted(template.needed_of(parsed)) == sorted(template.needed_of(alike))
        assert languages.of(one.message) == language


def test_the_ready_ones_leave_what_is_there_alone(tx: Tx, asha: User, now: datetime) -> None:
    mine = texts.add(tx, asha.id, Draft("order READY", "Mine"), now=now)
    assert len(ready.add(tx, asha.id, "en", now=now)) == 4
    assert ready.add(tx, asha.id, "en", now=now) == []
    assert texts.of_user(tx, asha.id, mine.id) == mine


def carried(tx: Tx, user_id: int, now: datetime, filename: str = "list.pdf") -> int:
    found = Found("document", "application/pdf", "pdf")
    examined = Examined("ab" * 32, "ab" * 32, 9, filename, found)
    return keeping.keep(tx, user_id, examined, origin="upload", disk_megabytes=10, now=now).media.id


def test_a_file_is_named_in_the_export_and_kept_here_but_comes_nowhere_else(
    tx: Tx, asha: User, bilal: User, now: datetime
) -> None:
    media_id = carried(tx, asha.id, now)
    for draft in (Draft("Prices", "Our prices"), Draft("List", "")):
        texts.add(tx, asha.id, replace(draft, media_id=media_id, media_kind="document"), now=now)
    every = texts.every(tx, asha.id)
    exported = files.written(every, media.named(tx, [media_id])).encode()
    assert [one.get("file") for one in json.loads(exported)["texts"]] == ["list.pdf"] * 2
    found = files.read(exported)
    assert files.bring_in(tx, asha.id, found, replace=True, now=now) == Brought(same=2)
    assert texts.every(tx, asha.id) == every
    assert files.bring_in(tx, bilal.id, found, replace=True, now=now) == Brought(added=1, bare=1, left=1)
    assert [(one.name, one.media_id) for one in texts.every(tx, bilal.id)] == [("Prices", None)]
    changed = files.read(exported.replace(b"Our prices", b"New prices"))
    assert files.bring_in(tx, asha.id, changed, replace=True, now=now) == Brought(replaced=1, same=1)
    assert [one.media_id for one in texts.every(tx, asha.id)] == [media_id] * 2


def test_words_too_long_for_the_file_that_stays_come_in_with_nothing(tx: Tx, asha: User, now: datetime) -> None:
    draft = Draft("List", "", media_id=carried(tx, asha.id, now), media_kind="document")
    kept = texts.add(tx, asha.id, draft, now=now)
    found = files.read(file({"name": "List", "message": "x" * 1_025}))
    with pytest.raises(Invalid) as refused:
        files.bring_in(tx, asha.id, found, replace=True, now=now)
    assert refused.value.code == "caption_too_long"
    assert texts.every(tx, asha.id) == [kept]
