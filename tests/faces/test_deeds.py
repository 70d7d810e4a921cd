"""Every action that is noted anywhere has its words, in every language."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import wabox
from tests.faces import texts
from tests.some import some
from wabox.dashboard.names.deeds import DEEDS

ACTION = re.compile(
    r"(account|audit|box|campaign|complaint|contact|content|device|disclaimer|filter|key|login|password|payment"
    r"|plan|review|sessions|totp|trial|webhook)\.[a-z_]+"
)
EVENTS = {"box.alert", "device.state", "webhook.test"}  # told to webhooks, not noted
FILES = {"key.pem"}


def _written() -> set[str]:
    """Whatever looks like an action; the driver notes nothing, its dotted names are the page's."""
    found = set()
    house = Path(wabox.__file__).parent
    for path in house.rglob("*.py"):
        if path.is_relative_to(house / "whatsapp"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and ACTION.fullmatch(node.value):
                found.add(node.value)
    return found - EVENTS - FILES


def test_every_action_has_words_in_every_language() -> None:
    assert _written() - set(DEEDS) == set()
    for language in some(texts.OTHERS):
        assert texts.untranslated(set(DEEDS.values()), language) == []
