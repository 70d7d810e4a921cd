"""Small mends of our own beside wa-js: its releases lag weeks behind what WhatsApp changes.

Each is a file of at most 30 lines that says whether the page needs it, mends it, and looks whether that helped.
One is switched off by its name in `[engine] patches_off`, and goes when every wa-js that we know has the mend.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Patch:
    """name: of its file. case: when it applies. upstream: where it is spoken of."""

    name: str
    case: str
    upstream: str


PATCHES = (
    Patch(
        "refresh-qr",
        "The page has no Cmd.refreshQR any more, so that a QR code which nobody scanned in time is never renewed.",
        "https://github.com/wppconnect-team/wa-js/blob/main/src/conn/functions/refreshQR.ts",
    ),
    Patch(
        "upload-here",
        "The page sends files through a worker that never answers, and every later message waits behind them.",
        "https://github.com/wppconnect-team/wa-js/issues/3575",
    ),
)
NAMES = tuple(one.name for one in PATCHES)


@lru_cache(maxsize=1)
def script() -> str:
    """All of them, as one object of the shim's."""
    texts = [(Path(__file__).parent / f"{name}.js").read_text(encoding="utf-8") for name in NAMES]
    bodies = [text[len(_head(text)) :].strip() for text in texts]
    return "const patches = {\n" + ",\n".join(f"'{n}': {b}" for n, b in zip(NAMES, bodies, strict=True)) + "\n};"


def _head(text: str) -> str:
    """The comment it begins with."""
    lines = text.splitlines(keepends=True)
    count = next(at for at, line in enumerate(lines) if not line.startswith("//"))
    return "".join(lines[:count])
