"""The process in which Apprise speaks to a service; the order comes on stdin, as JSON.

Whatever a service's code does here: it connects only where a webhook of this box might, is not redirected, reads
no file but its own code, starts no program and sends nothing without a connection. It says on stdout, as JSON,
what came of it.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import logging
import os
import re
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

import apprise
import requests

from wabox.languages import later
from wabox.webhooks.targets import Reach, judge, sentence

MOST_MEMORY = 1024 * 1024 * 1024
MOST_SECONDS = 20
# They speak to this machine's own screen, log or hardware.
LOCAL = ("dbus", "kde", "glib", "qt", "gnome", "macosx", "windows", "syslog", "blink1")
BY_MAIL = ("mailto", "mailtos")
UNKNOWN = later(
    "No service is known by this address; write it as Apprise does, like tgram://TOKEN/CHAT or ntfy://TOPIC."
)
HERE = later("This service speaks to the machine itself; choose one that is reached by network.")
MAIL = later("Alerts go by e-mail without this: set the mail server in Settings, E-mail, and tick e-mail here.")
NO_FILE = later("This address names a file, and a service reads no file of the box; choose one that needs none.")
REDIRECTED = later("The service redirects elsewhere, and an alert is not redirected; set the final address.")
SILENT = later("The service did not take it; check its address.")
_CODE = tuple(str(Path(one).resolve()) for one in (sys.prefix, sys.base_prefix, Path(__file__).parents[1]))
_OWN = tuple(f"{one}/" for one in (*_CODE, "/usr", "/etc/ssl", "/etc/mime.types", "/dev/null", "/dev/urandom"))
_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "pty.spawn")


def main() -> None:
    """Do as the order says."""
    for name, most in ((resource.RLIMIT_AS, MOST_MEMORY), (resource.RLIMIT_CPU, MOST_SECONDS)):
        resource.setrlimit(name, (most, most))
    order = json.loads(sys.stdin.buffer.read())
    sys.stdout.write(json.dumps(_tell(order)))


def _tell(order: dict[str, Any]) -> dict[str, Any]:
    refused, said = fenced(order), _heard()
    asset = apprise.AppriseAsset(
        app_id="wabox", app_desc="wabox", app_url="", image_url_mask="", image_url_logo="", image_path_mask=""
    )
    address = order["address"]
    schema = address.strip().partition("://")[0].lower()
    if schema in BY_MAIL:
        return {"shown": "", "error": MAIL}
    if schema in LOCAL:
        return {"shown": "", "error": HERE}
    service = (
        None if re.match(r"\s*(\w+)://", address) is None else apprise.Apprise.instantiate(address, asset=asset)
    )
    if service is None:
        return {"shown": "", "error": NO_FILE if NO_FILE in refused else UNKNOWN}
    shown = f"{service.service_name} ({schema}://…)"
    if not order["body"] or service.notify(title=order["title"], body=order["body"]):
        return {"shown": shown, "error": None}
    why = refused[0] if refused else said[-1] if said else SILENT
    return {"shown": shown, "error": _without_secrets(why, address)}


def fenced(order: dict[str, Any]) -> list[str]:
    """From here on only what is allowed is done. Returns where the reasons come to stand."""
    told = order["reach"]
    file, within, page = (tuple(told.get(name, ())) for name in ("file", "within", "page"))
    allow = Reach(file, within, page, told.get("own_port")).allow()
    refused: list[str] = []
    strange = _noting(refused, unquote(str(order.get("address", ""))))
    _hide(strange)

    def watch(event: str, told: tuple[Any, ...]) -> None:
        if event in _PROGRAMS or event == "socket.sendto" or (event == "open" and strange(told[0])):
            raise PermissionError(event)
        if event != "socket.connect":
            return
        place = told[1]
        if not isinstance(place, tuple):
            raise PermissionError("not by network")
        address = ipaddress.ip_address(str(place[0]).partition("%")[0])
        reason = judge(address, int(place[1]), host=str(address), allow=allow)
        if reason is not None:
            refused.append(sentence(reason))
            raise PermissionError(reason)

    def not_redirected(_: object, answer: Any) -> None:
        if answer.is_redirect:
            refused.append(REDIRECTED)

    cast(Any, requests.Session).get_redirect_target = not_redirected
    sys.addaudithook(watch)
    return refused


def _noting(refused: list[str], address: str) -> Callable[[object], bool]:
    """`_strange`, and a file that the address names is a reason."""

    def strange(path: object) -> bool:
        found, name = _strange(path), Path(str(path)).name
        if found and name and name in address:
            refused.append(NO_FILE)
        return found

    return strange


def _hide(strange: Callable[[object], bool]) -> None:
    """A strange file is not there for who only looks whether it is: else its absence would be told apart."""
    stat, access, here = os.stat, os.access, cast(Any, os)

    def no_stat(path: Any, *more: Any, **named: Any) -> os.stat_result:
        if not isinstance(path, int) and strange(os.fsdecode(path)):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return stat(path, *more, **named)

    def no_access(path: Any, *more: Any, **named: Any) -> bool:
        return not strange(os.fsdecode(path)) and access(path, *more, **named)

    here.stat, here.access = no_stat, no_access


def _strange(path: object) -> bool:
    """Whether a file is not the code's own: some addresses name a key by its path."""
    return not f"{os.path.realpath(str(path))}/".startswith(_OWN)


def _heard() -> list[str]:
    """What Apprise says of what fails."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(" ".join(record.getMessage().split())[:200])

    logging.getLogger("apprise").addHandler(Listener(logging.WARNING))
    return said


def _without_secrets(text: str, address: str) -> str:
    """The text without any piece of the address that could be a key."""
    for piece in sorted(re.split(r"[/@:?&=#]+", address), key=len, reverse=True):
        if len(piece) >= 6:
            text = text.replace(piece, "…")
    return text


if __name__ == "__main__":
    main()
