"""Makes a new box somebody's: the one-time link, kept in the data directory until used, and the owner."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from wabox.accounts import audit, keys, links, users
from wabox.accounts.sealing import Seal
from wabox.box import Box
from wabox.datadir import DataDir
from wabox.db import Tx
from wabox.devices import orders
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow

PATH = "/setup/"


@dataclass(frozen=True, slots=True)
class Made:
    """What is shown once."""

    email: str
    api_key: str
    webhook_secret: str


def set_up_url(box: Box, data: DataDir) -> str | None:
    """The address that makes this box somebody's; None once it has an owner.

    The token lies in `data/setup-link` (mode 600), so that a restart does not make the printed link void.
    Blocks for one write: before the loop starts, or from a command.
    """
    kept = data.path / "setup-link"
    if box.db.read_here(users.owner_exists):
        kept.unlink(missing_ok=True)
        return None
    token = kept.read_text(encoding="utf-8").strip() if kept.exists() else ""
    if not box.db.read_here(links.find, token, "setup", box.now()):
        token = box.db.write_now(links.make, "setup", None, links.SETUP_LASTS, box.now())
        _keep(kept, token)
    return f"{box.base_url}{PATH}{token}"


def set_up(data: DataDir) -> None:
    """The link was used; nothing of it stays on the disk."""
    (data.path / "setup-link").unlink(missing_ok=True)


def kept_token(data: DataDir) -> str | None:
    """The token a running wabox printed, for reading it again; None: there is none."""
    kept = data.path / "setup-link"
    return kept.read_text(encoding="utf-8").strip() if kept.exists() else None


def make_owner(tx: Tx, email: str, password_hash: str, *, seal: Seal, ip: str | None, now: datetime) -> Made:
    """The owner exists, has accepted the disclaimer, and has a device, a key and a webhook secret.

    ip: from where; None: from the shell. Raises Invalid `owner_exists`, `bad_email`.
    """
    owner = users.create(tx, email=email, password_hash=password_hash, role="owner", now=now)
    users.accept_disclaimer(tx, owner.id, ip=ip, now=now)
    orders.create_primary(tx, owner.id, now=now)
    key = keys.issue(tx, owner.id, now=now)
    _, secret = endpoints.put(tx, owner.id, allow=Allow(), seal=seal, now=now)
    assert secret is not None
    audit.note(tx, user_id=owner.id, action="box.set_up", ip=ip, now=now)
    return Made(owner.email, key.key, secret)


def _keep(path: Path, token: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(token + "\n")
