"""What a reply quotes, as the row of the reply has it: whose, of which kind, and its first words."""

from __future__ import annotations

import json
from dataclasses import asdict

from wabox.whatsapp.driver import Quoted


def kept(quoted: Quoted | None) -> str | None:
    """As the reply's row holds it."""
    return None if quoted is None else json.dumps(asdict(quoted), ensure_ascii=False)


def read(text: str | None) -> Quoted | None:
    """What `kept` wrote."""
    return None if text is None else Quoted(**json.loads(text))
