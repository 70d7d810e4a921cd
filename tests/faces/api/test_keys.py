"""Named keys: made, used within their scopes, seen, and revoked."""

from __future__ import annotations

import pytest

from tests.faces.api.conftest import PHONE, Api, furnish
from tests.faces.api.test_every_route import ROWS, _call
from wabox.accounts.keys import SCOPES

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

# What each route needs; a new route without a line here fails.
NEEDS = {
    "send": {"POST /send", "POST /messages/{job_id}/cancel", "POST /messages/{job_id}/settle"},
    "contacts": {
        "POST /contacts",
        "POST /contacts/bulk",
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
    },
    "devices": {
        "POST /devices",
        "DELETE /devices/{device_label}",
        "POST /devices/{device_label}/start",
        "POST /devices/{device_label}/restart",
        "POST /devices/{device_label}/logout",
        "GET /devices/{device_label}/qr",
        "GET /devices/{device_label}/pairing-code",
        "POST /devices/{device_label}/pairing-code",
    },
    "admin": {
        "POST /keys",
        "DELETE /keys/{key_id}",
        "POST /keys/rotate",
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
