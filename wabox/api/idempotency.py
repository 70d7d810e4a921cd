"""The same POST twice is one: its answer is kept 24 hours under the client's Idempotency-Key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from litestar import Response

from wabox import times
from wabox.accounts.keys import Caller
from wabox.api import strict
from wabox.api.strict import StrictRequest
from wabox.box import Box
from wabox.db import Row, Rows, Tx
from wabox.errors import Conflict, Invalid

T = TypeVar("T")
KEPT = timedelta(hours=24)


async def once(
    box: Box,
    request: StrictRequest,
    caller: Caller,
    verb: Callable[[Tx], T],
    *,
    kind: type[T],
    status: int | Callable[[], int],
    fingerprint: str | None = None,
) -> Response[T]:
    """Run the verb once per Idempotency-Key; its answer and the key are stored in its own transaction.

    Without a key it simply runs. The same key with the same body gets the kept answer, with another
    body Conflict `idempotency_conflict`. A Refusal keeps nothing, so the key may be used again.
    status: of the answer; asked for after the verb, if that decides. fingerprint: what tells one body from
    another, where it is no document.
    """
    key = _key(request)
    if key is None:
        made = await box.db.write(verb)
        return Response(made, status_code=_now(status))
    same = _fingerprint(await request.body()) if fingerprint is None else fingerprint
    now = box.now()

    def guarded(tx: Tx) -> tuple[T, int, bool]:
        scope = {"user_id": caller.user.id, "method": request.method, "path": request.scope["path"], "key": key}
        row = _row(tx, caller.user.id, request, key, now)
        if row is None:
            answer = verb(tx)
            _keep(tx, scope, same, _now(status), msgspec.json.encode(answer).decode(), now)
            return answer, _now(status), False
        if row["fingerprint"] != same:
            raise Conflict(
                "idempotency_conflict",
                "This Idempotency-Key was used with another body; use a new key for a new request.",
            )
        return msgspec.json.decode(row["body"], type=kind), row["status"], True

    answer, code, replayed = await box.db.write(guarded)
    return Response(answer, status_code=code, headers={"Idempotent-Replayed": "true"} if replayed else None)


async def kept(box: Box, request: StrictRequest, caller: Caller, *, kind: type[T]) -> Response[T] | None:
    """The answer that an earlier request under this key got, if it had the same body; None: `once` decides.

    For what must not even be begun a second time, as a fetch.
    """
    key = _key(request)
    if key is None:
        return None
    row = await box.db.read(_row, caller.user.id, request, key, box.now())
    if row is None or row["fingerprint"] != _fingerprint(await request.body()):
        return None
    made = msgspec.json.decode(row["body"], type=kind)
    return Response(made, status_code=row["status"], headers={"Idempotent-Replayed": "true"})


def _row(rows: Rows, user_id: int, request: StrictRequest, key: str, now: datetime) -> Row | None:
    return rows.one(
        """select fingerprint, status, body from idempotency where user_id = :user_id and method = :method
           and path = :path and key = :key and created_at > :oldest""",
        user_id=user_id,
        method=request.method,
        path=request.scope["path"],
        key=key,
        oldest=times.stored(now - KEPT),
    )


def _now(status: int | Callable[[], int]) -> int:
    return status if isinstance(status, int) else status()


def _keep(tx: Tx, scope: Mapping[str, object], fingerprint: str, status: int, body: str, now: datetime) -> None:
    tx.run(
        """insert or replace into idempotency (user_id, method, path, key, fingerprint, status, body, created_at)
           values (:user_id, :method, :path, :key, :fingerprint, :status, :body, :now)""",
        fingerprint=fingerprint,
        status=status,
        body=body,
        now=times.stored(now),
        **scope,
    )


def _key(request: StrictRequest) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
        sentence = "An Idempotency-Key is 1 to 255 printable ASCII characters."
        raise Invalid("bad_idempotency_key", sentence, details={"Idempotency-Key": sentence})
    return key


def _fingerprint(body: bytes) -> str:
    """Of the document, not its spelling: the order of names and white space do not matter."""
    document = strict.decode(body) if body.strip() else None
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
