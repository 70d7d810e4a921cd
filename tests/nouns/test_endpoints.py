from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from msgspec import UNSET, UnsetType

from wabox.accounts.sealing import Seal
from wabox.accounts.users import User
from wabox.db import Tx
from wabox.errors import Invalid
from wabox.webhooks import deliveries, endpoints, retries
from wabox.webhooks.endpoints import Endpoint
from wabox.webhooks.retries import Outcome
from wabox.webhooks.targets import Allow

URL = "https://shop.example/hook?till=1"
SEAL = Seal(b"k" * 32)
ALLOW = Allow.parse(["127.0.0.1:9000"])


def _put(
    tx: Tx,
    user: User,
    now: datetime,
    *,
    url: str | None | UnsetType = UNSET,
    rotate_secret: bool = False,
    events: Sequence[str] | None = None,
) -> tuple[Endpoint, str | None]:
    return endpoints.put(
        tx,
        user.id,
        url=url,
        rotate_secret=rotate_secret,
        events=events,
        allow=ALLOW,
        seal=SEAL,
        now=now,
    )


def test_a_webhook_that_was_never_set_is_off(tx: Tx, asha: User, now: datetime) -> None:
    assert endpoints.get(tx, asha.id) == Endpoint(None, endpoints.DEFAULT_EVENTS, None)
    assert endpoints.address(tx, asha.id, seal=SEAL, now=now) is None


def test_the_secret_is_told_when_it_is_made_and_never_again(tx: Tx, asha: User, now: datetime) -> None:
    endpoint, secret = _put(tx, asha, now, url=URL)
    assert endpoint == Endpoint(URL, ("delivery.sent", "delivery.failed", "delivery.skipped"), None)
    assert endpoint.enabled
    assert secret is not None
    assert secret.startswith("whsec_")
    assert _put(tx, asha, now, url="https://other.example/") == (
        Endpoint("https://other.example/", endpoint.events, None),
        None,
    )


def test_a_secret_may_be_made_before_there_is_an_address(tx: Tx, asha: User, now: datetime) -> None:
    endpoint, secret = _put(tx, asha, now, url=None)
    assert not endpoint.enabled
    assert secret is not None
    assert _put(tx, asha, now, url=URL)[1] is None
    address = endpoints.address(tx, asha.id, seal=SEAL, now=now)
    assert address is not None
    assert address.secret == secret


def test_the_secret_lies_sealed_in_the_file(tx: Tx, asha: User, now: datetime) -> None:
    _, secret = _put(tx, asha, now, url=URL)
    assert secret is not None
    stored = tx.value("select secret from webhooks")
    assert secret not in stored
    assert SEAL.open(stored, about=f"webhook {asha.id}") == secret


def test_after_a_rotation_the_old_secret_signs_for_a_day(tx: Tx, asha: User, now: datetime) -> None:
    _, old = _put(tx, asha, now, url=URL)
    _, new = _put(tx, asha, now, rotate_secret=True)
    assert new not in (None, old)
    day = timedelta(hours=24)
    for moment, previous in ((now, old), (now + day - timedelta(seconds=1), old), (now + day, None)):
        address = endpoints.address(tx, asha.id, seal=SEAL, now=moment)
        assert address is not None
        assert (address.url, address.secret, address.previous_secret) == (URL, new, previous)


def test_a_secret_of_another_key_is_none_until_it_is_rotated(tx: Tx, asha: User, now: datetime) -> None:
    _put(tx, asha, now, url=URL)
    other = Seal(b"o" * 32)
    address = endpoints.address(tx, asha.id, seal=other, now=now)
    assert address is not None
    assert address.secret is None
    endpoints.put(tx, asha.id, rotate_secret=True, allow=ALLOW, seal=other, now=now)
    address = endpoints.address(tx, asha.id, seal=other, now=now)
    assert address is not None
    assert address.secret is not None
    assert address.previous_secret is None


def test_events_are_the_whole_list_in_their_usual_order(tx: Tx, asha: User, now: datetime) -> None:
    endpoint, _ = _put(tx, asha, now, url=URL, events=["delivery.read", "delivery.sent", "delivery.read"])
    assert endpoint.events == ("delivery.sent", "delivery.read")
    assert _put(tx, asha, now, url=URL)[0].events == endpoint.events
    assert _put(tx, asha, now, events=[])[0].events == ()


@pytest.mark.parametrize("event", ["delivery.sends", "webhook.test", "", "delivery"])
def test_an_event_that_does_not_exist_is_refused_by_its_place(
    tx: Tx, asha: User, now: datetime, event: str
) -> None:
    with pytest.raises(Invalid) as refused:
        _put(tx, asha, now, url=URL, events=["delivery.sent", event])
    assert list(refused.value.details) == ["events[1]"]
    assert tx.value("select count(*) from webhooks") == 0


@pytest.mark.parametrize("url", ["", "ftp://a.example/", "http://10.0.0.1/", "http://127.0.0.1:9001/", "x" * 3000])
def test_an_address_that_cannot_be_a_target_is_refused(tx: Tx, asha: User, now: datetime, url: str) -> None:
    with pytest.raises(Invalid) as refused:
        _put(tx, asha, now, url=url)
    assert list(refused.value.details) == ["webhook_url"]
    assert tx.value("select count(*) from webhooks") == 0


def test_an_address_the_owner_allowed_is_taken(tx: Tx, asha: User, now: datetime) -> None:
    assert _put(tx, asha, now, url="http://127.0.0.1:9000/hook")[0].url == "http://127.0.0.1:9000/hook"


def test_switching_it_off_drops_what_is_owed_to_it(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    for user in (asha, bilal):
        _put(tx, user, now, url=URL)
        deliveries.owe(tx, user_id=user.id, event="delivery.sent", payload={}, now=now)
    _put(tx, asha, now, url=None)
    assert [row["status"] for row in tx.all("select status from deliveries order by id")] == [
        "dropped",
        "owed",
    ]
    assert endpoints.get(tx, asha.id).events == endpoints.DEFAULT_EVENTS


def test_a_new_address_gets_what_waits_at_once(tx: Tx, asha: User, now: datetime) -> None:
    _put(tx, asha, now, url=URL)
    deliveries.owe(tx, user_id=asha.id, event="delivery.sent", payload={}, now=now)
    retries.record(tx, tx.value("select id from deliveries"), Outcome(500, None, None, 1), now)
    assert endpoints.get(tx, asha.id).failing_since == now
    _put(tx, asha, now, url=URL)
    assert retries.users_due(tx, now) == []
    assert endpoints.get(tx, asha.id).failing_since == now
    assert _put(tx, asha, now, url="https://new.example/")[0].failing_since is None
    assert retries.users_due(tx, now) == [asha.id]
