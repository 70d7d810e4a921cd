"""What the nouns of accounts, plans and phones refuse has its Bengali, numbers and all."""

from __future__ import annotations

import ast
import importlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import wabox
from tests.faces import texts
from wabox import languages
from wabox.billing import ledger
from wabox.dashboard.voice import Voice
from wabox.errors import InsufficientCredits
from wabox.languages.catalogues import FILLED

HOME = Path(wabox.__file__).parent
MODULES = (
    *(f"billing.{one}" for one in ("invoices", "ledger", "money", "payments", "plans", "screenshots", "trials")),
    "accounts.states",
    "campaigns.own_words",
    "contacts.conditions",
    "contacts.lists.own_columns",
    "accounts.users",
    "devices.bounds",
    "devices.orders",
    "devices.rules",
    "devices.sentences",
    "devices.stored",
    *(
        f"media.{one}"
        for one in ("converting", "films", "intake", "keeping", "kinds", "papers", "sounds", "store", "stored")
    ),
    "messages.carrying",
    "messages.ruling",
    "closing",
    "db.trouble",
)


def sentences(name: str) -> Iterator[str]:
    """Every text of the module that reads as a sentence and is known without running it."""
    module = importlib.import_module(f"wabox.{name}")
    tree = ast.parse((HOME / (name.replace(".", "/") + ".py")).read_text(encoding="utf-8"))
    within = {id(part) for one in ast.walk(tree) if isinstance(one, ast.JoinedStr) for part in one.values}
    told = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}  # docstrings
    for one in ast.walk(tree):
        if isinstance(one, ast.Constant | ast.JoinedStr) and id(one) not in within | told:
            text = known(one, vars(module))
            if text[:1].isupper() and " " in text and text.endswith(".") and "\n" not in text:
                yield text


def known(one: ast.expr, names: dict[str, Any]) -> str:
    """The text, with the module's own numbers in it; "" if it needs more than those."""
    if isinstance(one, ast.Constant):
        return one.value if isinstance(one.value, str) else ""
    parts = [part.value for part in ast.walk(one) if isinstance(part, ast.FormattedValue)]
    if not all(isinstance(part, ast.Name) and part.id in names for part in parts):
        return ""
    return str(eval(compile(ast.fix_missing_locations(ast.Expression(one)), "sentence", "eval"), dict(names)))


@pytest.mark.parametrize("name", MODULES)
def test_every_refusal_has_its_bengali(name: str) -> None:
    assert texts.untranslated(set(sentences(name)), "bn") == []


def test_a_sentence_with_numbers_in_it_is_told_in_bengali_too() -> None:
    voice = Voice("bn", ZoneInfo("Asia/Dhaka"), datetime.now(UTC))
    with pytest.raises(InsufficientCredits) as refused:
        ledger._require(7, 1_250)
    assert voice.say(refused.value.sentence) == "এর জন্য ১,২৫০টি ক্রেডিট লাগে, আপনার আছে ৭টি; আগে ক্রেডিট কিনুন।"
    assert voice.say("Nothing of the kind.") == "Nothing of the kind."
    assert texts.untranslated(set(FILLED), "bn") == []


OF_IMPORTS = (
    "cells",
    "columns",
    "csv_files",
    "decoding",
    "fields",
    "imports",
    "intake",
    "layouts",
    "notation",
    "phones",
    "sheets",
)


@pytest.mark.parametrize("name", OF_IMPORTS)
def test_whatever_an_import_says_of_a_row_is_said_in_bengali(name: str) -> None:
    voice = Voice("bn", ZoneInfo("Asia/Dhaka"), datetime.now(UTC))
    (file,) = (HOME / "contacts").rglob(f"{name}.py")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    within = {id(part) for one in ast.walk(tree) if isinstance(one, ast.JoinedStr) for part in one.values}
    told = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    texts_there = []
    for one in ast.walk(tree):
        if isinstance(one, ast.Constant | ast.JoinedStr) and id(one) not in within | told:
            parts = one.values if isinstance(one, ast.JoinedStr) else [one]
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts)
            text = text.replace("{}", "8.8E+12")
            if text[:1].isupper() and " " in text and text.endswith(".") and "\n" not in text:
                texts_there.append(text)
    assert texts_there
    assert [text for text in texts_there if voice.say(text) == text] == []


_ENTRY = re.compile(r'^(?:msgctxt (".*")\n)?msgid ((?:".*"\n)+)', re.MULTILINE)


def twice(catalogue: str) -> list[str]:
    """Texts that stand twice: of two translations one is lost, and gettext's own tools refuse it."""
    found = Counter(_ENTRY.findall(catalogue))
    return [text for (_, text), count in found.items() if count > 1]


@pytest.mark.parametrize("language", [one for one in languages.ALL if one != languages.FIRST])
def test_no_text_stands_twice_in_a_catalogue(language: str) -> None:
    text = (languages.HOME / language / "wabox.po").read_text(encoding="utf-8")
    assert twice(text) == []
    assert twice(text + '\nmsgid "Change"\nmsgstr ""\n') == ['"Change"\n']
