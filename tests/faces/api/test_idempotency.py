"""The same POST under one Idempotency-Key is done once, also when it comes five times at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cast import stage
from tests.faces.api.conftest import PHONE, Api, furnish
from tests.faces.api.serving import Ask, Got, rush, serving
from wabox.api import v1

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

ONCE = {"Idempotency-Key": "order-2417"}
BODY = {"phone": PHONE, "message": "Hello {a|b|c|d}"}


def _post(api: Api, body: Any = None, key: str | None = None, headers: Any = ONCE) -> Any:
    return api.call("POST", "/send", key, json=body or BODY, headers=headers)


def test_the_same_again_gets_the_same_answer(api: Api) -> None:
    first = _post(api)
    assert (first.status_code, "idempotent-replayed" in first.headers) == (202, False)
    api.stage.hands.forward(hours=23)
    api.send("8801711000002")
    for body in (BODY, dict(reversed(BODY.items()))):
        again = _post(api, body)
        assert (again.status_code, again.json()) == (202, first.json())
        assert again.headers["idempotent-replayed"] == "true"
    assert api.count("messages") == 2


def test_the_same_key_with_another_body_is_409(api: Api) -> None:
    """Row 40."""
    _post(api)
    answer = _post(api, {**BODY, "message": "Other"})
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
    assert api.count("messages") == 1


def test_a_refusal_keeps_nothing(api: Api) -> None:
    device = {"device_label": "sales"}
    for body, status in (({**BODY, "phone": "1"}, 422), ({**BODY, **device}, 404)):
        assert _post(api, body).status_code == status
    api.call("POST", "/devices", json=device)
    assert _post(api, {**BODY, **device}).status_code == 503
    assert api.count("idempotency") == 0
    assert _post(api, {**BODY, **device, "queue_if_offline": True}).status_code == 202


def test_a_key_is_forgotten_after_a_day(api: Api) -> None:
    first = _post(api).json()["job_id"]
    api.stage.hands.forward(hours=24)
    answer = _post(api, {**BODY, "message": "Other"})
    assert (answer.status_code, "idempotent-replayed" in answer.headers) == (202, False)
    assert answer.json()["job_id"] != first


def test_a_key_is_a_users_and_a_paths_own(api: Api) -> None:
    furnish(api)
    before = api.count("messages")
    assert _post(api).status_code == 202
    bilal = _post(api, {**BODY, "queue_if_offline": True}, api.stage.bilal.key)
    assert (bilal.status_code, "idempotent-replayed" in bilal.headers) == (202, False)
    assert api.call("POST", "/devices", json={"device_label": "till"}, headers=ONCE).status_code == 201
    again = api.call("POST", "/devices", json={"device_label": "till"}, headers=ONCE)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert api.call("POST", "/webhooks/test", headers=ONCE).status_code == 202
    assert api.call("POST", "/webhooks/test", headers=ONCE).headers["idempotent-replayed"] == "true"
    assert api.count("messages") == before + 2


def test_a_bad_key_is_422_and_does_nothing(api: Api) -> None:
    for key in ("", "x" * 256, "caf\u00e9", "a\tb", "\x7f"):
        answer = _post(api, headers={"Idempotency-Key": key.encode("latin-1")})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_idempotency_key"), key
        assert list(answer.json()["details"]) == ["Idempotency-Key"]
    assert _post(api, headers={"Idempotency-Key": "x" * 255}).status_code == 202
    assert api.count("messages") == 1


def test_a_garbled_body_under_a_key_is_422_where_no_body_is_wanted(api: Api) -> None:
    furnish(api)
    for body in ('{"a":', "[" * 5_000, '{"a": 1, "a": 2}', b"\xff"):
        answer = api.call("POST", "/webhooks/test", content=body, headers=ONCE)
        assert answer.status_code == 422, body[:20]


def test_no_key_of_the_api_is_kept_in_an_answer(api: Api) -> None:
    assert api.call("POST", "/keys/rotate", headers=ONCE).status_code == 200
    assert api.count("idempotency") == 0


def test_five_hundred_at_once_under_a_hundred_keys_are_a_hundred_messages(tmp_path: Path) -> None:
    """Row 40: and the same keys bring the same answers after a restart."""
    made = stage(tmp_path)

    def ask(number: int) -> Ask:
        body = {"phone": f"88017110{number:05d}", "message": "{a|b|c|d|e}", "queue_if_offline": True}
        headers = {"X-API-Key": made.asha.key, "Idempotency-Key": f"order {number}"}
        return Ask(v1.PATH + "/send", headers, body)

    numbers = [number for _ in range(5) for number in range(100)]
    with serving(made) as url:
        answers = rush(url, [ask(number) for number in numbers], connections=100)
    found: dict[int, list[Got]] = {}
    for number, answer in zip(numbers, answers, strict=True):
        found.setdefault(number, []).append(answer)
    assert len(found) == 100
    for several in found.values():
        assert {one.status for one in several} == {202}
        assert len({one.text for one in several}) == 1
        assert sorted(one.headers.get("idempotent-replayed", "") for one in several) == ["", *["true"] * 4]
    assert made.value("select count(*) from messages") == 100
    assert made.value("select count(distinct phone) from messages") == 100
    assert len({several[0].json["job_id"] for several in found.values()}) == 100
    with serving(made) as url:
        later = rush(url, [ask(number) for number in range(0, 100, 10)], connections=4)
    assert [one.text for one in later] == [found[number][0].text for number in range(0, 100, 10)]
    assert made.value("select count(*) from messages") == 100
    made.close()
