"""Signs what a webhook posts: the reference's X-Webhook-Signature and Standard Webhooks side by side.

Sources: wabox/docs/contract.md#webhooks; https://www.standardwebhooks.com (seen 2026-11-22).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

_PREFIX = "whsec_"
_BYTES = 32


def make_secret() -> str:
    """A new secret, `whsec_` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode("ascii")


def headers(
    secret: str,
    body: bytes,
    *,
    webhook_id: str,
    timestamp: datetime,
    previous_secret: str | None = None,
) -> dict[str, str]:
    """The headers that prove the body is ours; the body must be posted byte for byte.

    `X-Webhook-Signature` is keyed with the whole secret text, `webhook-signature` with the bytes it encodes.
    previous_secret: while a receiver moves to a new one, `webhook-signature` carries both, the new one first;
    `X-Webhook-Signature` has room for one only, the new. timestamp: aware, of this attempt, so that a replay
    can be told from a late retry. webhook_id: the same on every attempt.
    """
    seconds = str(int(timestamp.timestamp()))
    signed = b"%b.%b.%b" % (webhook_id.encode("ascii"), seconds.encode("ascii"), body)
    keys = [secret] if previous_secret is None else [secret, previous_secret]
    return {
        "X-Webhook-Signature": "sha256=" + hmac.new(secret.encode("ascii"), body, hashlib.sha256).hexdigest(),
        "webhook-id": webhook_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{_standard(key, signed)}" for key in keys),
    }


def _standard(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
