"""Scripts that only look, one file each; run in the page beside wabox's own."""

from __future__ import annotations

from importlib import resources


def script(name: str) -> str:
    """The text of a probe."""
    return (resources.files(__package__) / f"{name}.js").read_text(encoding="utf-8")
