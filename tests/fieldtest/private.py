"""What a report must not have: whatever the pretend WhatsApp knows of its people."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.some import some
from wabox.fieldtest.people import Phones
from wabox.fieldtest.played import Played

# What stands for a message, a chat, a key, a QR code or an address, whoever's it is.
SHAPES = re.compile(r"\d{6}|3EB0|3A[0-9A-F]{6}|@c\.us|@lid|2@|wabox field test \d|field test, |Shop|Phone 0")
VERSIONS = ("wabox", "page", "chromium", "wajs")


def names_nobody(report: dict[str, Any], people: Played) -> None:
    """No number, name, LID, text, message or chat of this sandbox stands in the report."""
    told = json.dumps(report, ensure_ascii=False)
    for name in some(VERSIONS):
        told = told.replace(str(report["about"][name]), "")
    found = [one for one in some(sorted(known(people))) if one in told]
    assert found == []
    shaped(told)


def shaped(told: str) -> None:
    """Nothing in it looks like what belongs to somebody."""
    assert SHAPES.search(told) is None


def known(people: Played) -> set[str]:
    """Whatever might name somebody."""
    state = people.state()
    messages = [one for account in state["accounts"] for one in people.messages(account["phone"])]
    accounts = {str(one[name]) for one in state["accounts"] for name in ("phone", "name", "lid")}
    texts = {str(one[name]) for one in messages for name in ("id", "text", "from", "to")}
    both = {people.phones.a, people.phones.b, people.phones.nobody, Phones("", "").nobody}
    return {one for one in accounts | texts | both if len(one) > 3 and one != "STOP"}  # the name of a check
