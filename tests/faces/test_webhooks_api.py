from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests import webs
from tests.cast import NOON, Person, Stage, stage
from wabox.times import wire
from wabox.webhooks import deliveries, endpoints, retries
from wabox.webhooks.retries import Outcome

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

URL = "https://shop.example/wa-events"
HOOK = "/api/v1/webhooks"


@pytest.fixture
def set_up(tmp_path: Path) -> Iterator[Stage]:
    """A box whose owner allowed one local port."""
    made = stage(tmp_path, webhooks={"allow": ["127.0.0.1:9000"]})
    yield made
    made.close()


@pytest.fixture
def client(set_up: Stage) -> Iterator[TestClient[Litestar]]:
    with webs.client(set_up.box) as made:
        yield made


def _as(person: Person, **more: str) -> dict[str, str]:
    return {"X-API-Key": person.key, **more}


def _put(client: TestClient[Litestar], person: Person, body: Any) -> Any:
    return client.put(HOOK, headers=_as(person), json=body)


def _owe(set_up: Stage, person: Person, message_id: int) -> int:
    set_up.box.db.write_now(
        deliveries.owe,
        user_id=person.id,
        event="delivery.sent",
        payload={"job_id": message_id, "sent_at": wire(NOON)},
        now=set_up.hands.at,
        message_id=message_id,
    )
    return int(set_up.value("select max(id) from deliveries"))


def test_a_webhook_is_off_until_it_is_set(client: TestClient[Litestar], set_up: Stage) -> None:
    answer = client.get(HOOK, headers=_as(set_up.asha))
    assert answer.status_code == 200
    assert answer.json() == {
        "webhook_url": None,
        "webhook_secret": None,
        "events": ["delivery.sent", "delivery.failed", "delivery.skipped"],
        "enabled": False,
    }


def test_the_secret_is_in_the_put_that_makes_or_rotates_it_only(
    client: TestClient[Litestar], set_up: Stage
) -> None:
    made = _put(client, set_up.asha, {"webhook_url": URL, "rotate_secret": False})
    assert made.status_code == 200
    assert made.headers["cache-control"] == "no-store"
    assert made.json()["webhook_secret"].startswith("whsec_")
    assert (made.json()["webhook_url"], made.json()["enabled"]) == (URL, True)
    assert client.get(HOOK, headers=_as(set_up.asha)).json()["webhook_secret"] is None
    assert _put(client, set_up.asha, {"webhook_url": URL}).json()["webhook_secret"] is None
    rotated = _put(client, set_up.asha, {"rotate_secret": True}).json()
    assert rotated["webhook_secret"] not in (None, made.json()["webhook_secret"])
    assert rotated["webhook_url"] == URL
    assert set_up.value("select count(*) from deliveries") == 0


def test_null_switches_it_off(client: TestClient[Litestar], set_up: Stage) -> None:
    _put(client, set_up.asha, {"webhook_url": URL})
    _owe(set_up, set_up.asha, 1)
    answer = _put(client, set_up.asha, {"webhook_url": None}).json()
    assert (answer["webhook_url"], answer["enabled"]) == (None, False)
    assert set_up.value("select status from deliveries") == "dropped"


def test_more_events_come_only_when_asked_for(client: TestClient[Litestar], set_up: Stage) -> None:
    wanted = ["delivery.sent", "delivery.read", "contact.opted_out"]
    assert _put(client, set_up.asha, {"webhook_url": URL, "events": wanted}).json()["events"] == wanted
    assert client.get(HOOK, headers=_as(set_up.asha)).json()["events"] == wanted
    every = list(endpoints.EVENTS)
    assert _put(client, set_up.asha, {"events": every}).json()["events"] == every


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"webhook_url": "javascript:alert(1)"}, "webhook_url"),
        ({"webhook_url": ""}, "webhook_url"),
        ({"webhook_url": "http://169.254.169.254/latest"}, "webhook_url"),
        ({"webhook_url": "http://127.0.0.1:8470/"}, "webhook_url"),
        ({"webhook_url": "http://2130706433:9001/"}, "webhook_url"),
        ({"webhook_url": "https://a.example/" + "x" * 2_000}, "webhook_url"),
        ({"webhook_url": 7}, "webhook_url"),
        ({"webhook_url": URL, "events": ["delivery.sent", "delivery.lost"]}, "events[1]"),
        ({"webhook_url": URL, "events": "delivery.sent"}, "events"),
        ({"webhook_url": URL, "rotate_secret": "yes"}, "rotate_secret"),
        ({"webhook_url": URL, "secret": "mine"}, None),
        ([], None),
        (None, None),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(
    client: TestClient[Litestar], set_up: Stage, body: Any, field: str | None
) -> None:
    answer = _put(client, set_up.asha, body)
    assert answer.status_code == 422, answer.text
    assert set(answer.json()) == {"error", "code", "details"}
    if field is not None:
        assert field in answer.json()["details"]
    assert set_up.value("select count(*) from webhooks") == 0


def test_an_address_that_the_owner_allowed_may_be_set(client: TestClient[Litestar], set_up: Stage) -> None:
    assert _put(client, set_up.bilal, {"webhook_url": "http://127.0.0.1:9000/x"}).status_code == 200


def test_a_test_is_owed_and_can_be_followed(client: TestClient[Litestar], set_up: Stage) -> None:
    refused = client.post(f"{HOOK}/test", headers=_as(set_up.asha))
    assert (refused.status_code, refused.json()["code"]) == (422, "webhook_not_set")
    _put(client, set_up.asha, {"webhook_url": URL})
    answer = client.post(f"{HOOK}/test", headers=_as(set_up.asha))
    assert answer.status_code == 202
    shown = answer.json()
    assert (shown["event"], shown["status"], shown["job_id"]) == ("webhook.test", "owed", None)
    assert list(shown["payload"]) == [
        "event",
        "job_id",
        "campaign_id",
        "phone",
        "status",
        "error",
        "sent_at",
    ]
    assert client.get(f"{HOOK}/deliveries/{shown['id']}", headers=_as(set_up.asha)).json() == {
        **shown,
        "last_response": None,
        "attempt_log": [],
    }


def test_the_same_idempotency_key_tests_once(client: TestClient[Litestar], set_up: Stage) -> None:
    _put(client, set_up.asha, {"webhook_url": URL})
    headers = _as(set_up.asha, **{"Idempotency-Key": "once"})
    answers = [client.post(f"{HOOK}/test", headers=headers).json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert set_up.value("select count(*) from deliveries") == 1


def test_deliveries_are_listed_by_page_and_by_cursor(client: TestClient[Litestar], set_up: Stage) -> None:
    _put(client, set_up.asha, {"webhook_url": URL})
    ids = [_owe(set_up, set_up.asha, one) for one in range(1, 6)]
    first = client.get(f"{HOOK}/deliveries?per_page=2", headers=_as(set_up.asha)).json()
    assert [one["id"] for one in first["data"]] == ids[:2:-1]
    assert (first["page"], first["per_page"], first["total"], first["pages"]) == (1, 2, 5, 3)
    path = f"{HOOK}/deliveries?per_page=2&cursor={first['next_cursor']}"
    second = client.get(path, headers=_as(set_up.asha)).json()
    assert [one["id"] for one in second["data"]] == ids[2:0:-1]
    last = client.get(f"{HOOK}/deliveries?per_page=2&page=3", headers=_as(set_up.asha)).json()
    assert ([one["id"] for one in last["data"]], last["next_cursor"]) == ([ids[0]], None)
    one = client.get(f"{HOOK}/deliveries?job_id=3&status=owed", headers=_as(set_up.asha)).json()
    assert [each["job_id"] for each in one["data"]] == [3]


@pytest.mark.parametrize("query", ["status=lost", "page=0", "per_page=201", "cursor=x", "job_id=x"])
def test_a_wrong_filter_is_refused(client: TestClient[Litestar], set_up: Stage, query: str) -> None:
    assert client.get(f"{HOOK}/deliveries?{query}", headers=_as(set_up.asha)).status_code == 422


def test_replay_posts_the_same_again(client: TestClient[Litestar], set_up: Stage) -> None:
    _put(client, set_up.asha, {"webhook_url": URL})
    one = _owe(set_up, set_up.asha, 7)
    outcome = Outcome(500, None, "no", 31)
    set_up.box.db.write_now(retries.record, one, outcome, NOON)
    set_up.box.db.write_now(_park)
    parked = client.get(f"{HOOK}/deliveries/{one}", headers=_as(set_up.asha)).json()
    assert (parked["status"], parked["next_attempt_at"], parked["last_response"]) == ("parked", None, "no")
    assert parked["attempt_log"] == [{"at": wire(NOON), "status": 500, "error": None, "milliseconds": 31}]
    answer = client.post(f"{HOOK}/deliveries/{one}/replay", headers=_as(set_up.asha))
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["webhook_id"]) == ("owed", parked["webhook_id"])
    assert answer.json()["next_attempt_at"] == wire(NOON)


def _park(tx: Any) -> None:
    tx.run("update deliveries set status = 'parked'")


@pytest.mark.parametrize("one", ["0", "-1", "9999", str(2**63), str(2**64), "9" * 5_000, "x"])
def test_what_does_not_exist_is_404(client: TestClient[Litestar], set_up: Stage, one: str) -> None:
    _put(client, set_up.asha, {"webhook_url": URL})
    assert client.get(f"{HOOK}/deliveries/{one}", headers=_as(set_up.asha)).status_code == 404
    assert client.post(f"{HOOK}/deliveries/{one}/replay", headers=_as(set_up.asha)).status_code == 404


def test_bilal_sees_nothing_of_asha(client: TestClient[Litestar], set_up: Stage) -> None:
    for person in (set_up.asha, set_up.bilal):
        _put(client, person, {"webhook_url": URL})
    one = _owe(set_up, set_up.asha, 7)
    bilal = _as(set_up.bilal)
    assert client.get(f"{HOOK}/deliveries", headers=bilal).json()["total"] == 0
    assert client.get(f"{HOOK}/deliveries?job_id=7", headers=bilal).json()["data"] == []
    assert client.get(f"{HOOK}/deliveries/{one}", headers=bilal).status_code == 404
    assert client.post(f"{HOOK}/deliveries/{one}/replay", headers=bilal).status_code == 404


def test_chen_gets_in_nowhere(client: TestClient[Litestar]) -> None:
    for method, path in [
        ("GET", ""),
        ("PUT", ""),
        ("POST", "/test"),
        ("GET", "/deliveries"),
        ("GET", "/deliveries/1"),
        ("POST", "/deliveries/1/replay"),
    ]:
        assert client.request(method, HOOK + path).status_code == 401
    assert client.delete(HOOK).status_code in (401, 405)


def test_the_file_holds_no_secret_that_signs(client: TestClient[Litestar], set_up: Stage, tmp_path: Path) -> None:
    secret = _put(client, set_up.asha, {"webhook_url": URL}).json()["webhook_secret"]
    again = _put(client, set_up.asha, {"rotate_secret": True}).json()["webhook_secret"]
    dump = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("wabox.db*"))
    assert URL.encode() in dump
    assert secret.encode() not in dump
    assert again.encode() not in dump
    assert json.dumps(secret).encode() not in dump
