"""Knows by which server the box sends its mail: that of wabox.toml, which wins, else the one of the page.

The password of the page's is sealed; nobody is shown it again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from wabox.accounts.sealing import Seal, SealBroken
from wabox.config import Config, Smtp
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.languages import later

KEY = "smtp"
TLS = ("auto", "starttls", "tls", "none")
BY_FILE = later(
    "[smtp] host in wabox.toml sets the mail server, and the file wins; change it there, or take it out."
)
BAD_HOST = later("Write the name of the mail server, like smtp.example.com.")
BAD_PORT = later("A port is a number from 1 to 65535; most servers have 587.")
BAD_TLS = later("Choose one of the ways of encryption.")
BAD_SENDER = later("Write an e-mail address, like shop@example.com, or nothing.")
BAD_WORD = later("At most 200 characters, on one line.")
_ABOUT = "mail server"


@dataclass(frozen=True, slots=True)
class Server:
    """smtp: as wabox.toml has it; its host is None where there is no server. by_file: the file says so.

    password: None = the file names where it is, there is none, or it does not open with this box's key.
    """

    smtp: Smtp
    by_file: bool
    password: str | None = None

    def of(self, config: Config) -> Config:
        """The settings with this server in them."""
        return replace(config, smtp=self.smtp)


def is_set(rows: Rows, config: Config) -> bool:
    """Whether mail goes at all."""
    return config.smtp.host is not None or _kept(rows) is not None


def in_force(rows: Rows, config: Config, *, seal: Seal) -> Server:
    """The server that mail goes by now."""
    if config.smtp.host is not None:
        return Server(config.smtp, by_file=True)
    kept = _kept(rows)
    if kept is None:
        return Server(config.smtp, by_file=False)
    smtp = Smtp(host=kept["host"], port=kept["port"], tls=kept["tls"], user=kept["user"], sender=kept["sender"])
    try:
        password = seal.open(kept["password"], about=_ABOUT) if kept["password"] else None
    except SealBroken:
        password = None
    return Server(smtp, by_file=False, password=password)


def change(tx: Tx, given: Mapping[str, str], *, config: Config, seal: Seal) -> dict[str, Any]:
    """Mail goes by this server from now on. Returns what is told on record, without the password.

    given: host, port, tls, user, sender, password as typed; an empty password leaves the one that is kept for the
    same host and user. Raises Invalid `set_by_file`, `bad_mail_server` with details.
    """
    _check_free(config)
    host, user, sender = (given[name].strip() for name in ("host", "user", "sender"))
    wrong = _wrong(given, host, user, sender)
    if wrong:
        raise Invalid("bad_mail_server", next(iter(wrong.values())), details=wrong)
    kept, password = _kept(tx), given["password"]
    same = kept is not None and (kept["host"], kept["user"] or "") == (host, user)
    sealed = seal.close(password, about=_ABOUT) if password else kept["password"] if kept and same else None
    told = {
        "host": host,
        "port": int(given["port"]),
        "tls": given["tls"],
        "user": user or None,
        "sender": sender or None,
    }
    _put(tx, {**told, "password": sealed})
    return told


def forget(tx: Tx, *, config: Config) -> None:
    """There is no server from the page any more. Raises Invalid `set_by_file`."""
    _check_free(config)
    tx.run("delete from box where key = :key", key=KEY)


def _check_free(config: Config) -> None:
    if config.smtp.host is not None:
        raise Invalid("set_by_file", BY_FILE, details={"host": BY_FILE})


def _wrong(given: Mapping[str, str], host: str, user: str, sender: str) -> dict[str, str]:
    port = given["port"]
    good_port = port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65_535
    good_host = (
        0 < len(host) <= 253 and host.isascii() and host.isprintable() and not set(host) & set(" /@\\\"'<>")
    )
    good_sender = not sender or ("@" in sender and len(sender) <= 200 and sender.isprintable())
    wrong = {
        "host": "" if good_host else BAD_HOST,
        "port": "" if good_port else BAD_PORT,
        "tls": "" if given["tls"] in TLS else BAD_TLS,
        "sender": "" if good_sender else BAD_SENDER,
        "user": "" if len(user) <= 200 and user.isprintable() else BAD_WORD,
        "password": "" if len(given["password"]) <= 200 and given["password"].isprintable() else BAD_WORD,
    }
    return {name: sentence for name, sentence in wrong.items() if sentence}


def _kept(rows: Rows) -> dict[str, Any] | None:
    text = rows.value("select value from box where key = :key", key=KEY)
    return None if text is None else dict(json.loads(text))


def _put(tx: Tx, told: Mapping[str, Any]) -> None:
    tx.run("insert or replace into box (key, value) values (:key, :value)", key=KEY, value=json.dumps(told))
