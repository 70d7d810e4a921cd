"""Section by section, what the API takes and gives: bodies, errors, times, pages, the order of checks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cast import NOON
from tests.faces.api.conftest import PHONE, Api, Open, furnish
from tests.some import some
from wabox.accounts import keys

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

GOOD = {"phone": PHONE, "message": "Hello"}


def _details(answer: Any) -> dict[str, str]:
    found = answer.json()
    assert set(found) == {"error", "code", "details"}
    assert found["error"].endswith(".")
    return dict(found["details"])


def test_what_is_no_json_object_is_422(api: Api) -> None:
    bodies: list[str | bytes] = [
        "", " ", "{", "[", "]", '{"phone"}', "phone=1&message=2", "nul", "{'phone': '1'}", b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        '{"phone": "8801711000001", "message": NaN}', '{"a": 1, "a": 2}', '{"phone": 1e999999}', "1" * 5_000,
        "[" * 100_000, '{"a":' * 50_000, "null", "[]", "7", '"text"', "true", '{"phone": "\\ud800"}',
        '{"phone": "8801711000001", "message": "a\\u0000b"}', '{"\\udc00": 1}', b'{"phone": "\x00"}',
    ]  # fmt: skip
    for body in some(bodies):
        answer = api.raw(body)
        assert answer.status_code == 422, body[:40]
        assert set(answer.json()) == {"error", "code", "details"}
    assert api.count("messages") == 0


def test_json_counts_whatever_its_content_type_says(api: Api) -> None:
    for kind in ("application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", "nonsense"):
        assert api.raw(json.dumps(GOOD), **{"Content-Type": kind}).status_code == 202


def test_every_wrong_field_is_named_at_once(api: Api) -> None:
    answer = api.raw('{"phone": 1, "queue_if_offline": "yes", "expires_at": "soon", "extra": 1}')
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert _details(answer) == {
        "phone": "This must be a text or null, not a whole number.",
        "queue_if_offline": "This must be true or false, not a text.",
        "expires_at": "This must be a time with an offset, like 2026-04-25T10:00:00+06:00.",
        "extra": "There is no such field; there are phone, person_id, message, template_id, variables,"
        " plain, priority, media, as_document, voice, location, contact, poll, device_label, "
        "queue_if_offline, scheduled_for, expires_at.",
    }


def test_one_of_a_few_words_in_a_query_is_read_in_any_case(api: Api) -> None:
    asked = [
        (f"{path.removeprefix('/api/v1')}?{given['name']}=", given["name"], word)
        for path, ways in api.call("GET", "/openapi.json").json()["paths"].items()
        for given in ways.get("get", {}).get("parameters", ())
        for word in given["schema"].get("enum", ())
    ]
    for where, name, word in some(asked):
        for spelt in some((word.upper(), word.title(), f"%{ord(word[0].upper()):x}{word[1:]}")):
            assert api.call("GET", where + spelt).status_code == 200, where + spelt
        assert word in _details(api.call("GET", f"{where}X{word}"))[name]
    assert len(asked) >= 20
    api.call("POST", "/send", json=GOOD)
    assert api.call("GET", "/messages?status=FAILED").json()["total"] == 0
    assert api.call("GET", "/messages?status=Queued&phone=8801711000001").json()["total"] == 1


def test_null_is_as_good_as_absent_in_a_post(api: Api) -> None:
    send: dict[str, Any] = dict.fromkeys(
        api.call("GET", "/openapi.json").json()["components"]["schemas"]["Send"]["properties"]
    )
    assert api.call("POST", "/send", json={**send, **GOOD}).status_code == 202
    poll = {"question": "Tea?", "options": ["Yes", "No"], "many": None}
    answer = api.call("POST", "/send", json={"phone": PHONE, "poll": poll, "as_document": None})
    assert answer.status_code == 202, answer.text
    answer = api.call("POST", "/send", json={**GOOD, "phone": None, "as_document": None, "queue_if_offline": "x"})
    assert list(_details(answer)) == ["queue_if_offline"]
    for path, body in {
        "/templates": {"name": "Hi", "message": "Hi", "category": None, "as_document": None},
        "/fields": {"name": "city", "kind": None},
        "/contacts/bulk": {"contacts": [{"phone": PHONE, "tags": None, "fields": None, "name": None}]},
        "/contacts": {"phone": PHONE, "tags": None, "fields": None},
        "/campaigns/preflight": {"name": "A", "message": "Hi", "segment": {"tags_any": None, "fields": None}},
    }.items():
        answer = api.call("POST", path, json=body)
        assert answer.status_code in (200, 201), (path, answer.text)


def test_null_is_wrong_where_something_must_be_or_is_changed(api: Api) -> None:
    assert list(_details(api.call("POST", "/fields", json={"name": None}))) == ["name"]
    assert api.call("POST", "/templates", json={"name": "Hi", "message": "Hi"}).status_code == 201
    for body in ({"name": None}, {"message": None}, {"category": None}):
        assert list(_details(api.call("PATCH", "/templates/1", json=body))) == list(body)


def test_a_body_is_taken_literally(api: Api) -> None:
    for value in ("true", 1, 0, "1"):
        assert "queue_if_offline" in _details(api.send(queue_if_offline=value))
    events = _details(api.call("PUT", "/webhooks", json={"events": ["delivery.sent", 7, None]}))
    assert set(events) == {"events[1]", "events[2]"}
    furnish(api)
    wrong = api.call("POST", f"/messages/{api.ids['unknown']}/settle", json={"as": "lost"})
    assert _details(wrong) == {"as": "This must be one of sent, not_sent."}


def test_a_huge_body_is_413_however_it_comes(api: Api) -> None:
    huge = b'{"phone": "' + b"1" * (1_100 * 1_024) + b'"}'
    chunks = [huge[at : at + 65_536] for at in range(0, len(huge), 65_536)]
    for content in (huge, iter(chunks)):
        answer = api.call("POST", "/send", content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert api.call("POST", "/send", "", content=huge).status_code == 401
    assert api.count("messages") == 0


def test_checks_come_in_order(open_api: Open) -> None:
    api = open_api(limits={"body_kilobytes": 64})
    huge = {"phone": "x" * 70_000, "message": "{", "device_label": "nobody"}
    broken = {"phone": "x", "message": "{", "device_label": "nobody"}
    lost = {**GOOD, "device_label": "nobody"}
    unlinked = {**GOOD, "device_label": "sales"}
    furnish(api)
    suspend = "update users set state = :state where id = :id"

    def be(state: str) -> None:
        api.stage.box.db.write_now(lambda tx: tx.run(suspend, state=state, id=api.stage.asha.id))

    assert api.call("POST", "/send", "nobody", json=huge).status_code == 401
    be("suspended")
    assert api.call("POST", "/send", json=huge).status_code == 403
    be("active")
    assert api.call("POST", "/send", json=huge).status_code == 413
    assert api.call("POST", "/send", json=broken).status_code == 422
    assert api.call("POST", "/send", json=lost).status_code == 404
    assert api.call("POST", "/send", json=unlinked).status_code == 503
    assert api.call("POST", "/send", json=GOOD).status_code == 202


def test_the_disclaimer_comes_before_the_body_and_the_device(api: Api) -> None:
    api.stage.box.db.write_now(lambda tx: tx.run("update users set disclaimer_version = null"))
    for path in ("start", "restart", "logout", "pairing-code"):
        answer = api.call("POST", f"/devices/nobody/{path}", content=b"{")
        assert (answer.status_code, answer.json()["code"]) == (403, "disclaimer_required")
        assert "/whatsapp" in answer.json()["error"]
    assert api.call("GET", "/devices").status_code == 200
    assert api.call("POST", "/devices", json={"device_label": "sales"}).status_code == 201


def test_times_are_whole_seconds_in_utc(api: Api) -> None:
    api.stage.hands.forward(microseconds=999_999)
    sent = api.send(scheduled_for="2026-03-10T16:00:00.250+06:00").json()
    assert sent["waits_until"] == "2026-03-10T10:00:01+00:00"
    shown = api.call("GET", f"/messages/{sent['job_id']}").json()
    assert shown["queued_at"] == "2026-03-10T06:00:00+00:00"
    assert shown["waits_until"] == "2026-03-10T10:00:01+00:00"


def test_a_message_has_exactly_these_fields(api: Api) -> None:
    job_id = api.send().json()["job_id"]
    shown = api.call("GET", f"/messages/{job_id}").json()
    assert list(shown) == [
        "job_id", "campaign_id", "phone", "person_id", "device_label", "message", "media", "location", "contact",
        "poll", "priority", "status", "error", "error_text", "waits_until", "wait_reason", "ahead", "expected_at",
        "queued_at", "sent_at", "delivered_at", "read_at", "revoke_asked_at", "revoked_at", "revoke_error",
        "revoke_error_text", "edit_asked_at", "edited_at", "edit_error", "edit_error_text",
    ]  # fmt: skip
    assert api.call("GET", "/messages").json()["data"] == [shown]


def test_pages_and_cursors_have_bounds(api: Api) -> None:
    ids = [api.send().json()["job_id"] for _ in range(5)]
    first = api.call("GET", "/messages?per_page=2").json()
    assert list(first) == ["data", "page", "per_page", "total", "pages", "next_cursor"]
    assert (first["page"], first["per_page"], first["total"], first["pages"]) == (1, 2, 5, 3)
    seen, cursor = [], first["next_cursor"]
    for _ in range(2):
        page = api.call("GET", f"/messages?per_page=2&cursor={cursor}").json()
        seen += [one["job_id"] for one in page["data"]]
        cursor = page["next_cursor"]
    assert ([one["job_id"] for one in first["data"]] + seen, cursor) == (ids[::-1], None)
    empty = api.call("GET", "/messages?page=1000000&per_page=200").json()
    assert (empty["data"], empty["total"], empty["next_cursor"]) == ([], 5, None)


WRONG_FILTERS = [
    "page=0",
    "page=-1",
    "page=1000001",
    "page=x",
    "page=",
    "page=1.5",
    "per_page=0",
    "per_page=201",
    "page=null",
    "per_page=99999999999999999999999",
    "cursor=x",
    "cursor=-1",
    "cursor=9999999999999999999",
    "status=lost",
    "status=null",
    "campaign_id=0",
    "campaign_id=9223372036854775808",
    "campaign_id=NULL",
    "phone=12",
    "q=%00",
    "device_label=a%00",
    "since=now",
    "since=2026-03-10T06:00:00",
    "until=2026-02-30T00:00:00Z",
    "since=0001-01-01T00:00:00%2B14:00",
    "since=2026-03-10T06:00:00+06:00",
    "q=" + "x" * 201,
]


def test_a_wrong_filter_is_422_and_named(api: Api) -> None:
    for query in WRONG_FILTERS:
        answer = api.call("GET", f"/messages?{query}")
        assert answer.status_code == 422, (query, answer.text)
        assert list(_details(answer)) == [query.partition("=")[0]]


def test_filters_find_what_they_say(api: Api) -> None:
    furnish(api)
    api.stage.hands.forward(days=1)
    late = api.send("8801911222333", "Ünïcode null").json()["job_id"]
    for query, expected in [
        ("status=failed", [api.ids["failed"]]),
        ("phone=01911-222333", [late]),
        ("phone=%2B880 1911 222333", [late]),
        ("q=nïCODE", [late]),
        ("q=null", [late]),
        ("device_label=sales", []),
        ("device_label=", []),
        ("since=2026-03-11T00:00:00Z", [late]),
        ("until=2026-03-10T06:00:00Z", []),
        ("since=2026-03-11T12:00:00%2B06:00&until=2026-03-11T12:00:01%2B06:00", [late]),
        ("campaign_id=7", []),
    ]:
        found = api.call("GET", f"/messages?{query}").json()
        assert [one["job_id"] for one in found["data"]] == expected, query
        assert found["total"] == len(expected)


def test_rotating_kills_the_old_key_at_once(api: Api) -> None:
    """Row 46."""
    old = api.stage.asha.key
    answer = api.call("POST", "/keys/rotate")
    fresh = answer.json()["api_key"]
    assert answer.headers["cache-control"] == "no-store"
    assert (fresh[:4], fresh[:12]) == ("wbx_", answer.json()["prefix"])
    assert api.call("GET", "/devices", old).status_code == 401
    assert api.call("GET", "/devices", fresh).status_code == 200
    assert api.stage.value("select count(*) from audit where action = 'key.rotated'") == 1
    assert fresh not in "".join(
        api.stage.box.db.read_here(lambda rows: [*rows.all("select key_hash from api_keys")[0]])
    )


def test_a_burst_of_sends_is_429_and_says_when(open_api: Open) -> None:
    """Row 41."""
    api = open_api(limits={"send_burst": 3, "send_per_second": 1})
    assert [api.send().status_code for _ in range(3)] == [202] * 3
    answer = api.send()
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert answer.headers["retry-after"] == "1"
    assert api.count("messages") == 3
    assert api.call("GET", "/messages").status_code == 200
    bilal = api.call("POST", "/send", api.stage.bilal.key, json={**GOOD, "queue_if_offline": True})
    assert bilal.status_code == 202
    api.stage.hands.forward(seconds=1)
    assert api.send().status_code == 202


def test_reads_are_free_below_three_hundred_a_second(api: Api) -> None:
    answers = {api.call("GET", "/devices/primary/qr").status_code for _ in range(400)}
    assert answers == {200}


def test_a_full_box_is_503_and_says_when(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 41."""
    monkeypatch.setattr("wabox.db.MOST_WAITING", -1)
    api.call("GET", "/devices")
    answer = api.send()
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert int(answer.headers["retry-after"]) >= 1


def test_when_a_key_was_used_is_known_to_the_minute(api: Api) -> None:
    api.call("GET", "/devices")
    api.stage.hands.forward(seconds=30)
    api.call("GET", "/devices")
    found = api.stage.box.db.read_here(keys.of_user, api.stage.asha.id)
    assert [one.last_used_at for one in found] == [NOON]
