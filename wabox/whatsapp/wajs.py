"""A wa-js bundle: the one that came with wabox, or one that the owner installed; unmodified, or not used."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from wabox.whatsapp import patches
from wabox.whatsapp.driver import WaJs

NAME = "@wppconnect/wa-js"  # on the npm registry
VERSION = "4.6.0"
LICENCE = "Apache-2.0"
SHA256 = "5bfb88027f14a4d8c9e319374e8bb4083201906881cf8c74f75789b32e4106bd"
BUNDLE = "wppconnect-wa.js"

# wa-js binds its listeners once, right after it is injected: what they need must be there before.
GATE = (
    "WAWebSocketModel",
    "WAWebConnModel",
    "WAWebStreamModel",
    "WAWebCmd",
    "WAWebMsgCollection",
    "WAWebChatCollection",
    "WAWebUserPrefsMeUser",
    "WAWebSendMsgChatAction",
)

# Our own script, put into the page after wa-js and anew after every navigation. What happens is told through
# the binding `waboxTell`; what is asked is a method of `window.wabox`.
SHIM = (
    "bindings",
    "patching",
    "people",
    "phone",
    "hearing",
    "limits",
    "linking",
    "passkey",
    "dialogs",
    "status",
    "unread",
    "files",
    "words",
    "sending",
    "finding",
    "revoking",
    "reacting",
    "editing",
    "verbs",
)


class Altered(Exception):
    """A bundle is not the one that was released or installed, or it is gone."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One wa-js. path: of its bundle, whose SHA-256 this is."""

    version: str
    sha256: str
    path: Path

    def source(self) -> str:
        """The bundle's text, looked at anew each time. Raises Altered if a single byte differs. Reads the disk."""
        try:
            raw = self.path.read_bytes()
        except OSError:
            raise Altered(f"wa-js {self.version} is not on this box any more: {self.path}") from None
        if hashlib.sha256(raw).hexdigest() != self.sha256:
            raise Altered(f"wa-js {self.version} on this box was altered: {self.path}")
        return raw.decode()


HOME = Path(__file__).parent
BUILT_IN = Engine(VERSION, SHA256, HOME / "wa-js" / BUNDLE)


def directory_name(version: str, sha256: str) -> str:
    """Where an installed one lies, among the others."""
    return f"{version}-{sha256[:8]}"


def installed(directory: Path | None, wanted: WaJs | None) -> Engine:
    """The engine of a session. directory: where installed ones lie; wanted: None for the one of wabox."""
    if wanted is None or directory is None:
        return BUILT_IN
    return Engine(
        wanted.version, wanted.sha256, directory / directory_name(wanted.version, wanted.sha256) / BUNDLE
    )


@lru_cache(maxsize=1)
def shim() -> str:
    """Our own script around it: one function of the options, for its parts share what they know."""
    parts = [(HOME / "shim" / f"{name}.js").read_text(encoding="utf-8") for name in SHIM]
    return "\n".join(("(options) => {", parts[0], patches.script(), *parts[1:], "}"))


@lru_cache(maxsize=1)
def gate() -> str:
    """Our own script that waits for the page's modules."""
    return (HOME / "gate.js").read_text(encoding="utf-8")
