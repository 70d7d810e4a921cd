"""Writes wabox.toml as it is shipped: every key with its meaning, commented out at its default."""

from __future__ import annotations

import textwrap
from datetime import time
from pathlib import Path
from typing import Any

from wabox import config

WIDTH = 100

_HEAD = """\
# wabox's settings. Every key stands here with its default; take the # away to change one.
# wabox stops at the start, and says why, if a key is unknown or a value is not allowed.
# Passwords and other secrets are not kept here: wabox makes its own in the data directory."""


def text() -> str:
    """The whole file."""
    parts = [_HEAD]
    for section, keys in config.documentation().items():
        lines = [f"# {config.sections()[section].__doc__}", f"[{section}]"]
        for key, (default, meaning) in keys.items():
            lines += ["", *(f"# {line}" for line in textwrap.wrap(meaning, WIDTH)), f"# {key} = {value(default)}"]
        parts.append("\n".join(lines))
    return "\n\n\n".join(parts) + "\n"


def value(given: Any) -> str:
    """The value as TOML; what is unset is an empty text."""
    if given is None:
        return '""'
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, int):
        return str(given)
    if isinstance(given, float):
        return f"{given:g}"
    if isinstance(given, time):
        return f'"{given:%H:%M}"'
    if isinstance(given, tuple):
        return "[" + ", ".join(value(one) for one in given) + "]"
    if isinstance(given, str | Path):
        escaped = str(given).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    raise TypeError(f"{given!r} has no TOML form here")
