"""Named keys: made, used within their scopes, seen, and revoked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cast import stage
from tests.faces.api.conftest import PHONE, Api, furnish
from tests.faces.api.serving import Ask, rush, serving
from tests.faces.api.test_every_route import ROWS, _call
from wabox.accounts import keys
from wabox.accounts.keys import SCOPES
from wabox.api import v1

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

# What each route needs; a new route without a line here fails.
NEEDS = {
    "send": {
        "POST /media",
        "POST /media/inbound/{message_id}",
        "DELETE /media/{media_id}",
        "POST /send",
        "POST /messages/{job_id}/cancel",
        "POST /messages/{job_id}/revoke",
        "POST /messages/{job_id}/edit",
        "POST /messages/{job_id}/react",
        "POST /inbox/{message_id}/react",
        "POST /messages/{job_id}/settle",
    },
    "contacts": {
        "POST /contacts",
        "POST /contacts/bulk",
        "POST /audiences",
        "PATCH /audiences/{audience_id}",
        "DELETE /audiences/{audience_id}",
        "POST /fields",
        "PATCH /fields/{field_name}",
        "DELETE /fields/{field_name}",
        "PATCH /contacts/{contact_id}",
        "DELETE /contacts/{contact_id}",
        "POST /contacts/{contact_id}/opt-out",
        "POST /contacts/{contact_id}/opt-in",
    },
    "campaigns": {
        "POST /campaigns",
        "POST /campaigns/preflight",
        "POST /campaigns/{campaign_id}/pause",
        "POST /campaigns/{campaign_id}/resume",
        "POST /campaigns/{campaign_id}/stop",
        "POST /campaigns/{campaign_id}/redispatch",
        "POST /campaigns/{campaign_id}/revoke",
        "POST /repeats",
        "PATCH /repeats/{repeat_id}",
        "POST /repeats/{repeat_id}/pause",
        "POST /repeats/{repeat_id}/resume",
        "DELETE /repeats/{repeat_id}",
        "POST /templates",
        "PATCH /templates/{template_id}",
        "DELETE /templates/{template_id}",
    },
    "devices": {
        "POST /devices",
        "DELETE /devices/{device_label}",
        "POST /devices/{device_label}/start",
        "POST /devices/{device_label}/restart",
        "POST /devices/{device_label}/logout",
        "POST /devices/{device_label}/go-on",
        "PATCH /devices/{device_label}/settings",
        "GET /devices/{device_label}/qr",
        "GET /devices/{device_label}/pairing-code",
        "POST /devices/{device_label}/pairing-code",
    },
    "admin": {
        "POST /keys",
        "DELETE /keys/{key_id}",
        "POST /keys/rotate",
        "PATCH /settings",
        "POST /alerts/services",
        "POST /alerts/services/{service_id}/test",
        "DELETE /alerts/services/{service_id}",
        "PUT /webhooks/allow",
        "POST /webhooks/allow/test",
        "PUT /webhooks",
        "POST /webhooks/test",
        "POST /webhooks/deliveries/{delivery_id}/replay",
    },
}


def _needs(route: str) -> str:
    for scope, routes in NEEDS.items():
        if route in routes:
            return scope
    assert route.startswith("GET ") or route == "POST /templates/preview", f"which scope does {route} need?"
    return "read"


def _named(api: Api, *scopes: str, name: str = "till") -> dict[str, object]:
    answer = api.call("POST", "/keys", json={"name": name, "scopes": scopes})
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_may_do_what_its_scope_says_and_nothing_else(api: Api, scope: str) -> None:
    furnish(api)
    key = str(_named(api, scope)["api_key"])
    allowed = {route for route in ROWS if _needs(route) == scope}
    assert allowed
    for route in ROWS:
        if route in allowed:
            continue
        answer = _call(api, route, key)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), route
        assert _needs(route) in answer.json()["error"]
    for route in sorted(allowed, key="POST /keys/rotate".__eq__):
        assert _call(api, route, key).status_code != 403, route


def test_a_named_key_is_shown_once_and_kept_as_a_digest(api: Api) -> None:
    made = _named(api, "read", "send", "send")
    assert made["scopes"] == ["send", "read"]
    listed = api.call("GET", "/keys")
    assert [one["name"] for one in listed.json()["data"]] == ["main", "till"]
    assert listed.json()["data"][0]["scopes"] == ["all"]
    assert str(made["api_key"]) not in listed.text
    dump = api.stage.box.db.read_here(lambda rows: [tuple(row) for row in rows.all("select * from api_keys")])
    assert str(made["api_key"]) not in repr(dump)


def test_the_list_of_keys_comes_in_pages(api: Api) -> None:
    for number in range(4):
        _named(api, "send", name=f"till {number}")
    first = api.call("GET", "/keys?per_page=2").json()
    assert (first["total"], first["pages"], len(first["data"])) == (5, 3, 2)
    second = api.call("GET", f"/keys?per_page=2&cursor={first['next_cursor']}").json()
    assert second["data"] == api.call("GET", "/keys?per_page=2&page=2").json()["data"]
    last = api.call("GET", f"/keys?per_page=2&cursor={second['next_cursor']}").json()
    assert (len(last["data"]), last["next_cursor"]) == (1, None)


def test_when_and_whence_a_key_was_used_is_seen(api: Api) -> None:
    key = str(_named(api, "read")["api_key"])
    assert api.call("GET", "/messages", key).status_code == 200
    shown = api.call("GET", "/keys").json()["data"][1]
    assert shown["last_used_at"] == "2026-03-10T06:00:00+00:00"
    assert shown["last_used_ip"] == "testclient"


def test_a_revoked_key_is_dead_and_its_name_is_free(api: Api) -> None:
    made = _named(api, "send")
    assert api.call("DELETE", f"/keys/{made['id']}").status_code == 204
    answer = api.call("POST", "/send", str(made["api_key"]), json={"phone": PHONE, "message": "Hi"})
    assert answer.status_code == 401
    assert api.call("DELETE", f"/keys/{made['id']}").status_code == 404
    _named(api, "send")
    actions = "select group_concat(action) from audit where user_id = 1 and action like 'key.%'"
    assert api.stage.value(actions) == "key.issued,key.revoked,key.issued"
    assert api.stage.value("select min(ip) from audit where action = 'key.revoked'") == "testclient"


def test_rotating_leaves_named_keys_alone_and_the_main_key_cannot_be_revoked(api: Api) -> None:
    made = _named(api, "read")
    main = api.call("GET", "/keys").json()["data"][0]["id"]
    answer = api.call("DELETE", f"/keys/{main}")
    assert (answer.status_code, answer.json()["code"]) == (422, "main_stays")
    assert api.call("POST", "/keys/rotate").status_code == 200
    assert api.call("GET", "/messages", str(made["api_key"])).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": " ", "scopes": ["send"]}, "name"),
        ({"name": "x" * 41, "scopes": ["send"]}, "name"),
        ({"name": "a\u0007b", "scopes": ["send"]}, "name"),
        ({"name": "main", "scopes": ["send"]}, "name"),
        ({"name": "till", "scopes": []}, "scopes"),
        ({"name": "till", "scopes": ["all"]}, "scopes[0]"),
        ({"name": "till"}, "scopes"),
    ],
)
def test_a_key_that_cannot_be_made_says_why(api: Api, body: dict[str, object], field: str) -> None:
    answer = api.call("POST", "/keys", json=body)
    assert answer.status_code == 422
    assert field in answer.json()["details"], answer.text


def test_there_is_an_end_to_keys(api: Api) -> None:
    for number in range(49):
        _named(api, "send", name=f"till {number}")
    answer = api.call("POST", "/keys", json={"name": "one more", "scopes": ["send"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_keys")


def test_bilal_cannot_see_or_revoke_ashas_keys(api: Api) -> None:
    made = _named(api, "send")
    assert api.call("DELETE", f"/keys/{made['id']}", api.stage.bilal.key).status_code == 404
    assert "till" not in api.call("GET", "/keys", api.stage.bilal.key).text


AGAIN = {"Idempotency-Key": "rotate-2026-03"}


def test_who_lost_the_answer_to_a_rotation_asks_again_with_the_old_key(api: Api) -> None:
    """Row 46: under the same Idempotency-Key; for nothing else, and the key nobody got is dead then."""
    old = api.stage.asha.key
    lost = api.call("POST", "/keys/rotate", old, headers=AGAIN).json()["api_key"]
    assert api.call("GET", "/devices", old, headers=AGAIN).status_code == 401
    assert api.call("POST", "/keys/rotate", old).status_code == 401
    assert api.call("POST", "/keys/rotate", old, headers={"Idempotency-Key": "another"}).status_code == 401
    answer = api.call("POST", "/keys/rotate", old, headers=AGAIN)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    fresh = answer.json()["api_key"]
    assert api.call("GET", "/devices", lost).status_code == 401
    assert api.call("GET", "/devices", fresh).status_code == 200
    assert api.call("POST", "/keys/rotate", old, headers=AGAIN).status_code == 401  # the new one is in use
    assert api.call("GET", "/devices", fresh).status_code == 200


@pytest.mark.parametrize("how", ["too late", "rotated by its owner since", "withdrawn since"])
def test_an_old_key_that_asks_again_gets_nothing_when_it_has_been_overtaken(api: Api, how: str) -> None:
    """Row 46: a stolen old key opens nothing."""
    old, user_id = api.stage.asha.key, api.stage.asha.id
    write, now = api.stage.box.db.write_now, api.stage.hands.now()
    assert api.call("POST", "/keys/rotate", old, headers=AGAIN).status_code == 200
    if how == "too late":
        api.stage.hands.forward(minutes=10)
    elif how == "rotated by its owner since":
        write(keys.rotate, user_id, now=now)
    else:
        write(keys.revoke_all, user_id, now=now)
    live = api.stage.value("select count(*) from api_keys where revoked_at is null")
    assert api.call("POST", "/keys/rotate", old, headers=AGAIN).status_code == 401
    assert api.stage.value("select count(*) from api_keys where revoked_at is null") == live


def test_a_key_rotated_while_requests_run_is_dead_at_once_for_all_of_them(tmp_path: Path) -> None:
    """Row 46: whoever asks after the answer is refused, whoever asked before is served, and none is in between."""
    made = stage(tmp_path, limits={"send_burst": 10_000, "send_per_second": 10_000})
    body = {"phone": "8801711000001", "message": "Hello", "queue_if_offline": True}
    key = {"X-API-Key": made.asha.key}
    asks = [Ask(v1.PATH + "/send", key, body) for _ in range(60)]
    with serving(made) as url:
        answers = rush(url, [*asks, Ask(v1.PATH + "/keys/rotate", key, None), *asks], connections=8)
        late = rush(url, asks[:3], connections=1)
    assert [one.status for one in answers].count(200) == 1
    assert {one.status for one in answers} == {200, 202, 401}
    assert [one.status for one in late] == [401] * 3
    assert made.value("select count(*) from messages") == [one.status for one in answers].count(202)
    made.close()
