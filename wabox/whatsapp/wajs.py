"""The vendored wa-js bundle: what it is, that it is unmodified, and what it needs of the page."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import resources

NAME = "@wppconnect/wa-js"  # on the npm registry
VERSION = "4.6.0"
LICENCE = "Apache-2.0"
SHA256 = "5bfb88027f14a4d8c9e319374e8bb4083201906881cf8c74f75789b32e4106bd"

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
    "verbs",
)


class Altered(Exception):
    """The bundle in this installation is not the one that was released."""


@lru_cache(maxsize=1)
def source() -> str:
    """The bundle's text. Raises Altered if a single byte differs from the release."""
    raw = (resources.files("wabox.whatsapp") / "wa-js" / "wppconnect-wa.js").read_bytes()
    if hashlib.sha256(raw).hexdigest() != SHA256:
        raise Altered(f"wa-js {VERSION} in this installation was altered: install wabox again")
    return raw.decode()


@lru_cache(maxsize=1)
def shim() -> str:
    """Our own script around it: one function of the options, for its parts share what they know."""
    parts = [(resources.files("wabox.whatsapp") / "shim" / f"{name}.js").read_text() for name in SHIM]
    return "\n".join(("(options) => {", *parts, "}"))


@lru_cache(maxsize=1)
def gate() -> str:
    """Our own script that waits for the page's modules."""
    return (resources.files("wabox.whatsapp") / "gate.js").read_text()
