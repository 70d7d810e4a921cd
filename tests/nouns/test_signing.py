from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta, timezone

import pytest

from wabox.webhooks.signing import headers, make_secret

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
AT = datetime(2026, 11, 22, 13, 0, 0, 900_000, tzinfo=UTC)
BODY = b'{"event":"delivery.sent","phone":"8801711000001"}'


def test_a_secret_is_a_prefix_and_32_fresh_bytes() -> None:
    made = {make_secret() for _ in range(50)}
    assert len(made) == 50
    for secret in made:
        assert secret.startswith("whsec_")
        assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32


def test_the_reference_signature_is_keyed_with_the_whole_secret() -> None:
    given = headers(SECRET, BODY, webhook_id="msg_1", timestamp=AT)["X-Webhook-Signature"]
    assert given == "sha256=" + hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()


def test_the_standard_signature_covers_id_time_and_body() -> None:
    given = headers(SECRET, BODY, webhook_id="msg_1", timestamp=AT)
    signed = b"msg_1.1795352400." + BODY
    expected = base64.b64encode(hmac.new(bytes(range(32)), signed, hashlib.sha256).digest()).decode()
    assert given["webhook-id"] == "msg_1"
    assert given["webhook-timestamp"] == "1795352400"
    assert given["webhook-signature"] == f"v1,{expected}"


def test_the_specifications_own_example_comes_out() -> None:
    """Known answer of the Standard Webhooks libraries, with their published test secret."""
    given = headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        b'{"test": 2432232314}',
        webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=datetime.fromtimestamp(1614265330, tz=UTC),
    )
    assert given["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_secret_changes_receivers_of_either_can_verify() -> None:
    other = make_secret()
    both = headers(SECRET, BODY, webhook_id="msg_1", timestamp=AT, previous_secret=other)
    new = headers(SECRET, BODY, webhook_id="msg_1", timestamp=AT)
    old = headers(other, BODY, webhook_id="msg_1", timestamp=AT)
    assert both["webhook-signature"] == f"{new['webhook-signature']} {old['webhook-signature']}"
    assert both["X-Webhook-Signature"] == new["X-Webhook-Signature"]


@pytest.mark.parametrize(
    "changed", [{"body": BODY + b" "}, {"webhook_id": "msg_2"}, {"timestamp": AT + timedelta(seconds=1)}]
)
def test_any_change_breaks_the_signature(changed: dict[str, object]) -> None:
    told = {"body": BODY, "webhook_id": "msg_1", "timestamp": AT}
    before = headers(SECRET, **told)  # type: ignore[arg-type]
    after = headers(SECRET, **(told | changed))  # type: ignore[arg-type]
    assert before["webhook-signature"] != after["webhook-signature"]


def test_the_zone_of_the_moment_does_not_matter() -> None:
    dhaka = AT.astimezone(timezone(timedelta(hours=6)))
    there = headers(SECRET, b"", webhook_id="msg_1", timestamp=dhaka)
    assert there == headers(SECRET, b"", webhook_id="msg_1", timestamp=AT)
