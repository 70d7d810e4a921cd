"""Stored texts: their names, limits, changes by two at once, and whose they are."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from wabox.accounts.users import User
from wabox.db import Tx
from wabox.errors import Invalid, NotFound
from wabox.texts import stored as texts
from wabox.texts.stored import Draft, Wanted

READY = Draft("Order ready", "Hello {name:friend}, order {order} is ready.", "service", "en")


def test_a_text_is_kept_as_it_was_written(tx: Tx, asha: User, now: datetime) -> None:
    made = texts.add(tx, asha.id, READY, now=now)
    assert Draft.of(made) == READY
    assert (made.version, made.created_at, made.updated_at) == (1, now, now)
    assert made.parsed.variables == ("name", "order")
    assert texts.of_user(tx, asha.id, made.id) == made


@pytest.mark.parametrize(
    "name", ["order READY", " Order   ready ", "Ｏｒｄｅｒ ready", "Order\u200b ready", "Order\u00a0ready"]
)
def test_a_name_is_taken_however_it_is_spelled(tx: Tx, asha: User, bilal: User, now: datetime, name: str) -> None:
    made = texts.add(tx, asha.id, READY, now=now)
    draft = Draft(name, "Other")
    with pytest.raises(Invalid) as refused:
        texts.add(tx, asha.id, draft, now=now)
    assert (refused.value.code, list(refused.value.details)) == ("name_taken", ["name"])
    assert texts.change(tx, asha.id, made.id, draft, now=now).message == "Other"
    assert texts.named(tx, asha.id, READY.name) == texts.of_user(tx, asha.id, made.id)
    assert texts.add(tx, bilal.id, draft, now=now).message == "Other"


def test_nothing_in_a_name_turns_the_writing_beside_it(tx: Tx, asha: User, now: datetime) -> None:
    made = texts.add(tx, asha.id, Draft("Order \u202eydaer\u2066 \u200f!", "x"), now=now)
    assert made.name == "Order ydaer !"


def test_bengali_names_keep_their_joiners(tx: Tx, asha: User, now: datetime) -> None:
    made = texts.add(tx, asha.id, Draft("র\u200d্যাব অর্ডার", "x"), now=now)
    assert made.name == "র\u200d্যাব অর্ডার"


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (Draft("", "x"), "name"),
        (Draft(" \u200b\n", "x"), "name"),
        (Draft("x" * 101, "x"), "name"),
        (Draft("x", ""), "message"),
        (Draft("x", "Hi {Order}"), "message"),
        (Draft("x", "{a|b"), "message"),
        (Draft("x", "x" * 4_097), "message"),
        (Draft("x", "x", "spam"), "category"),
        (Draft("x", "x", "service", "xx"), "language"),
    ],
)
def test_what_cannot_be_a_text_is_refused_by_its_field(
    tx: Tx, asha: User, now: datetime, draft: Draft, field: str
) -> None:
    made = texts.add(tx, asha.id, READY, now=now)
    with pytest.raises(Invalid) as refused:
        texts.add(tx, asha.id, draft, now=now)
    assert list(refused.value.details) == [field]
    with pytest.raises(Invalid) as refused:
        texts.change(tx, asha.id, made.id, draft, now=now)
    assert list(refused.value.details) == [field]
    assert texts.every(tx, asha.id) == [made]


def test_of_two_who_change_a_text_the_second_is_told(tx: Tx, asha: User, now: datetime) -> None:
    made = texts.add(tx, asha.id, READY, now=now)
    later = now + timedelta(minutes=1)
    first = texts.change(tx, asha.id, made.id, Draft("A", "first"), version=1, now=later)
    assert (first.version, first.created_at, first.updated_at) == (2, now, later)
    with pytest.raises(Invalid) as refused:
        texts.change(tx, asha.id, made.id, Draft("A", "second"), version=1, now=later)
    assert refused.value.code == "changed_meanwhile"
    assert texts.of_user(tx, asha.id, made.id) == first
    assert texts.change(tx, asha.id, made.id, Draft("A", "third"), now=later).version == 3


def test_a_change_that_says_nothing_new_changes_nothing(tx: Tx, asha: User, now: datetime) -> None:
    made = texts.add(tx, asha.id, READY, now=now)
    assert texts.change(tx, asha.id, made.id, READY, version=1, now=now + timedelta(days=1)) == made


def test_a_users_texts_are_nobody_elses(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    made = texts.add(tx, asha.id, READY, now=now)
    assert texts.every(tx, bilal.id) == []
    assert texts.named(tx, bilal.id, READY.name) is None
    for attempt in (
        lambda: texts.of_user(tx, bilal.id, made.id),
        lambda: texts.change(tx, bilal.id, made.id, READY, now=now),
        lambda: texts.delete(tx, bilal.id, made.id, now=now),
    ):
        with pytest.raises(NotFound):
            attempt()
    texts.delete(tx, asha.id, made.id, now=now)
    with pytest.raises(NotFound):
        texts.delete(tx, asha.id, made.id, now=now)


def test_texts_are_found_by_name_and_words_and_what_they_are_for(tx: Tx, asha: User, now: datetime) -> None:
    texts.add(tx, asha.id, READY, now=now)
    texts.add(tx, asha.id, Draft("Eid offer", "20% off_today", "advertising", "bn"), now=now)
    texts.add(tx, asha.id, Draft("অর্ডার প্রস্তুত", "প্রিয় {name}"), now=now)

    def found(**wanted: str) -> list[str]:
        return [one.name for one in texts.page(tx, asha.id, Wanted(**wanted)).texts]

    assert found() == ["Eid offer", "Order ready", "অর্ডার প্রস্তুত"]
    assert found(q="ORDER  rea") == found(q="Is Ready") == ["Order ready"]
    assert found(q="অর্ডার") == ["অর্ডার প্রস্তুত"]
    assert found(q="%") == found(q="off_") == ["Eid offer"]
    assert found(category="advertising") == found(language="bn") == ["Eid offer"]
    assert found(q="nothing like it") == []
    second = texts.page(tx, asha.id, Wanted(), number=2, per_page=2)
    assert ([one.name for one in second.texts], second.total) == (["অর্ডার প্রস্তুত"], 3)


def test_there_is_a_most(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    for n in range(texts.MOST):
        texts.add(tx, asha.id, Draft(f"Text {n}", "x"), now=now)
    with pytest.raises(Invalid) as refused:
        texts.add(tx, asha.id, READY, now=now)
    assert refused.value.code == "too_many_texts"
    texts.add(tx, bilal.id, READY, now=now)
