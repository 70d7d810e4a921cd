"""Puts on record what was done by a key: whose, which one, and from where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import Request

from wabox.accounts import audit
from wabox.accounts.keys import Caller
from wabox.box import Box
from wabox.db import Tx


def by(request: Request[Any, Any, Any], box: Box, caller: Caller) -> Callable[..., int]:
    """A function that notes what this caller did, in the transaction of the deed.

    It takes the transaction, the action, and by name `subject` and `details`.
    """
    ip = request.client.host if request.client else None

    def note(tx: Tx, action: str, *, subject: str | None = None, details: dict[str, object] | None = None) -> int:
        told = {**(details or {}), **({"by_key": caller.key_id} if caller.key_id > 0 else {})}
        who, now = caller.user.id, box.now()
        return audit.note(tx, user_id=who, action=action, subject=subject, details=told, ip=ip, now=now)

    return note
