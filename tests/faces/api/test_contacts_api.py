"""Contacts over HTTP, field by field as wabox/docs/contract.md#requests says."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import Response

from tests.cast import NOON
from tests.faces.api.conftest import PHONE, Api
from wabox import times

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

ALICE = {"phone": PHONE, "name": "Alice", "tag": "leads", "custom": "VIP"}


def post(api: Api, **body: Any) -> Response:
    return api.call("POST", "/contacts", json=body)


def made(api: Api, **body: Any) -> dict[str, Any]:
    answer = post(api, **{"phone": PHONE, **body})
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


def details(answer: Response) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    found: dict[str, str] = answer.json()["details"]
    return found


def test_a_contact_is_201_when_new_and_200_when_it_was_there(api: Api) -> None:
    first = post(api, **ALICE)
    assert first.status_code == 201
    assert first.json() == {
        "id": 1,
        "phone": PHONE,
        "name": "Alice",
        "tag": "leads",
        "tags": ["leads"],
        "custom": "VIP",
        "fields": {},
        "consent": None,
        "opted_out": False,
        "flagged": False,
        "last_sent_at": None,
        "last_received_at": None,
        "created_at": times.wire(NOON),
        "updated_at": times.wire(NOON),
    }
    api.stage.hands.forward(hours=1)
    again = post(api, phone="+880 1711-000001", name="Alicia")
    assert again.status_code == 200
    assert again.json() == {
        **first.json(),
        "name": "Alicia",
        "updated_at": times.wire(api.stage.hands.at),
    }
    assert api.count("contacts") == 1


@pytest.mark.parametrize("spelling", ["01711000001", "০১৭১১০০০০০১", "+880 1711-000001", "008801711000001"])
def test_a_phone_in_any_spelling_is_stored_as_digits(api: Api, spelling: str) -> None:
    assert made(api, phone=spelling)["phone"] == PHONE


def test_patch_clears_with_null_and_leaves_what_is_absent(api: Api) -> None:
    number = made(api, **ALICE)["id"]
    path = f"/contacts/{number}"
    changed = api.call("PATCH", path, json={"name": None, "tag": "vip"})
    assert changed.status_code == 200
    assert [changed.json()[one] for one in ("name", "tags", "custom")] == [None, ["vip"], "VIP"]
    many = api.call("PATCH", path, json={"tags": ["b", "a", "B"]}).json()
    assert (many["tag"], many["tags"]) == ("b", ["b", "a"])
    bare = api.call("PATCH", path, json={"tag": None, "custom": None}).json()
    assert (bare["tag"], bare["tags"], bare["custom"]) == (None, [], None)
    assert api.call("PATCH", path, json={}).json() == bare
    assert api.call("GET", path).json() == bare


def test_the_phone_cannot_be_patched(api: Api) -> None:
    number = made(api, **ALICE)["id"]
    for body in ({"phone": "8801811000000"}, {"user_id": 2}, {"id": 5}, {"opted_out": True}):
        assert set(details(api.call("PATCH", f"/contacts/{number}", json=body))) == set(body)


def test_a_deleted_contact_is_gone_but_stays_opted_out(api: Api) -> None:
    number = made(api)["id"]
    assert api.call("POST", f"/contacts/{number}/opt-out").json()["opted_out"] is True
    gone = api.call("DELETE", f"/contacts/{number}")
    assert (gone.status_code, gone.content) == (204, b"")
    for method in ("GET", "DELETE", "PATCH"):
        assert api.call(method, f"/contacts/{number}", json={}).status_code == 404
    again = made(api)
    assert again["id"] != number
    assert again["opted_out"] is True


def test_opting_out_skips_what_waits_and_opting_in_lets_go_again(api: Api) -> None:
    contact = made(api)
    waiting = api.send().json()["job_id"]
    path = f"/contacts/{contact['id']}"
    for _ in range(2):
        assert api.call("POST", f"{path}/opt-out").json()["opted_out"] is True
    message = api.call("GET", f"/messages/{waiting}").json()
    assert (message["status"], message["error"]) == ("skipped", "opted_out")
    assert api.send().json()["status"] == "skipped"
    for _ in range(2):
        assert api.call("POST", f"{path}/opt-in").json()["opted_out"] is False
    assert api.send().json()["status"] == "queued"
    logged = "select group_concat(change || source || by, ' ') from suppression_log order by id"
    assert api.stage.value(logged) == "outapiasha@example.com inapiasha@example.com"


def test_consent_is_written_down_with_who_and_when(api: Api) -> None:
    contact = made(api, consent={"source": "web_form", "note": "checkout"})
    expected = {"source": "web_form", "at": times.wire(NOON), "by": "asha@example.com", "note": "checkout"}
    assert contact["consent"] == expected
    path = f"/contacts/{contact['id']}"
    earlier = {"source": "order", "at": "2026-01-01T10:00:00+06:00"}
    assert (
        api.call("PATCH", path, json={"consent": earlier}).json()["consent"]["at"] == "2026-01-01T04:00:00+00:00"
    )
    assert api.call("PATCH", path, json={"consent": None}).json()["consent"] is None
    for wrong, field in (
        ({"source": "guessed"}, "consent.source"),
        ({}, "consent.source"),
        ({"source": "order", "at": "2027-01-01T00:00:00Z"}, "consent.at"),
        ({"source": "order", "by": "me"}, "consent.by"),
    ):
        assert field in details(api.call("PATCH", path, json={"consent": wrong}))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"phone": "12"}, "phone"),
        ({"phone": "not a phone"}, "phone"),
        ({"phone": 8801711000001}, "phone"),
        ({"phone": ""}, "phone"),
        ({"name": "Alice"}, "phone"),
        ({"phone": PHONE, "name": "x" * 201}, "name"),
        ({"phone": PHONE, "name": 7}, "name"),
        ({"phone": PHONE, "custom": "x" * 1_001}, "custom"),
        ({"phone": PHONE, "tag": ""}, "tag"),
        ({"phone": PHONE, "tag": "  "}, "tag"),
        ({"phone": PHONE, "tag": "x" * 65}, "tag"),
        ({"phone": PHONE, "tag": ["a"]}, "tag"),
        ({"phone": PHONE, "tags": [""]}, "tags[0]"),
        ({"phone": PHONE, "tags": [" "]}, "tags"),
        ({"phone": PHONE, "tags": "a"}, "tags"),
        ({"phone": PHONE, "tag": "a", "tags": ["a"]}, "tag"),
        ({"phone": PHONE, "user_id": 2}, "user_id"),
        ({"phone": PHONE, "id": 5}, "id"),
        ({"phone": PHONE, "name": "a\0b"}, "name"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(api: Api, body: dict[str, Any], field: str) -> None:
    assert field in details(api.call("POST", "/contacts", json=body))
    assert api.count("contacts") == 0


def test_the_list_has_pages_tags_and_a_search(api: Api) -> None:
    for n in range(5):
        made(api, phone=f"880171100000{n}", name=f"Name {n}", tag="leads" if n % 2 else "Vip")
    page = api.call("GET", "/contacts?per_page=2").json()
    assert [one["name"] for one in page["data"]] == ["Name 4", "Name 3"]
    assert (page["page"], page["per_page"], page["total"], page["pages"]) == (1, 2, 5, 3)
    after = api.call("GET", f"/contacts?per_page=2&cursor={page['next_cursor']}").json()
    assert after["data"] == api.call("GET", "/contacts?per_page=2&page=2").json()["data"]
    for query, total in (("tag=leads", 2), ("tag=VIP", 3), ("tag=none", 0), ("q=name 3", 1), ("q=01711000004", 1)):
        assert api.call("GET", f"/contacts?{query}").json()["total"] == total
    assert api.call("GET", "/contacts?tag=vip&q=4").json()["total"] == 1
    assert api.call("GET", "/contacts?tag=").json()["total"] == 5
    for wrong in ("page=0", "per_page=201", "cursor=x", "tag=" + "x" * 65):
        assert api.call("GET", f"/contacts?{wrong}").status_code == 422
    tags = api.call("GET", "/tags").json()
    assert tags["data"] == [{"tag": "leads", "contacts": 2}, {"tag": "Vip", "contacts": 3}]
    assert api.call("GET", "/tags?page=2&per_page=1").json()["data"] == [{"tag": "Vip", "contacts": 3}]


# -- bulk --------------------------------------------------------------------------------------------


def bulk(api: Api, rows: list[Any], **headers: str) -> Response:
    return api.call("POST", "/contacts/bulk", json={"contacts": rows}, headers=headers)


def test_bulk_answers_what_it_did(api: Api) -> None:
    made(api)
    answer = bulk(
        api,
        [
            {"phone": "8801711111111", "name": "Alice", "tag": "vip"},
            {"phone": "8801722222222", "name": "Bob", "tag": "vip"},
            {"phone": "01711111111", "custom": "twice"},
            {"phone": PHONE},
        ],
    )
    assert (answer.status_code, answer.json()) == (200, {"created": 2, "updated": 2, "total_processed": 4})
    alice = api.call("GET", "/contacts?q=8801711111111").json()["data"][0]
    assert (alice["name"], alice["custom"]) == ("Alice", "twice")
    assert bulk(api, []).json() == {"created": 0, "updated": 0, "total_processed": 0}


def test_one_bad_row_and_nothing_of_a_bulk_is_stored(api: Api) -> None:
    rows: list[Any] = [{"phone": f"880171100{n:04d}"} for n in range(6)]
    rows[3] = {"phone": "123"}
    rows[5] = {"phone": PHONE, "tags": ["  "]}
    assert set(details(bulk(api, rows))) == {"contacts[3].phone", "contacts[5].tags"}
    rows[3] = {"name": "no phone"}
    assert "contacts[3].phone" in details(bulk(api, rows))
    assert "contacts[1]" in details(bulk(api, [{"phone": PHONE}, "text"]))
    assert "contacts" in details(api.call("POST", "/contacts/bulk", json={}))
    assert "contacts" in details(bulk(api, [{"phone": PHONE}] * 1_001))
    assert len(details(bulk(api, [{"phone": "1"}] * 1_000))) == 50
    assert api.count("contacts") == 0


def test_a_thousand_contacts_go_in_at_once(api: Api) -> None:
    rows = [
        {"phone": f"0171{n:07d}", "name": f"Name {n}", "tag": "vip", "custom": "রহিম স্টোর " * 50}
        for n in range(1_000)
    ]
    for expected in ({"created": 1_000, "updated": 0}, {"created": 0, "updated": 1_000}):
        answer = bulk(api, rows)
        assert answer.json() == {**expected, "total_processed": 1_000}


def test_bulk_has_its_own_limits(api: Api) -> None:
    answers = [bulk(api, [{"phone": PHONE}]) for _ in range(12)]
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert api.call("POST", "/contacts/bulk", content=b"x" * (9 * 1024 * 1024)).status_code in (413, 429)


# -- once --------------------------------------------------------------------------------------------


def test_the_same_key_gets_the_same_answer(api: Api) -> None:
    key = {"Idempotency-Key": "till-7"}
    first = api.call("POST", "/contacts", json=ALICE, headers=key)
    api.call("DELETE", f"/contacts/{first.json()['id']}")
    again = api.call("POST", "/contacts", json=dict(reversed(ALICE.items())), headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert api.count("contacts") == 0
    other = api.call("POST", "/contacts", json={"phone": PHONE}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    made(api)
    known = {"Idempotency-Key": "till-8"}
    assert {api.call("POST", "/contacts", json=ALICE, headers=known).status_code for _ in range(3)} == {200}


def test_a_bulk_is_done_once_per_key(api: Api) -> None:
    key = {"Idempotency-Key": "sheet"}
    rows = [{"phone": "8801711111111"}]
    expected = {"created": 1, "updated": 0, "total_processed": 1}
    assert [bulk(api, rows, **key).json() for _ in range(2)] == [expected, expected]


# -- who may -----------------------------------------------------------------------------------------


def test_bilal_has_contacts_of_his_own(api: Api) -> None:
    hers = made(api, **ALICE)
    key = api.stage.bilal.key
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/opt-out"),
        ("POST", "/opt-in"),
    ):
        answer = api.call(method, f"/contacts/{hers['id']}{path}", key, json={} if method == "PATCH" else None)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    his = api.call("POST", "/contacts", key, json={"phone": PHONE, "name": "Robert"})
    assert his.status_code == 201
    assert his.json()["tags"] == []
    assert api.call("POST", f"/contacts/{his.json()['id']}/opt-out", key).status_code == 200
    assert api.call("GET", f"/contacts/{hers['id']}").json() == hers
    assert api.call("GET", "/tags", key).json()["data"] == []


# -- texts -------------------------------------------------------------------------------------------


def test_a_single_send_says_what_the_contact_is_called(api: Api) -> None:
    contact = made(api, **ALICE)
    job = api.send(message="Hi {name}, {custom} {phone}").json()["job_id"]
    assert api.call("GET", f"/messages/{job}").json()["message"] == f"Hi Alice, VIP {PHONE}"
    assert api.stage.value("select contact_id from messages where id = :id", id=job) == contact["id"]
    stranger = api.send(phone="8801811000000", message="Hi {name:friend}").json()["job_id"]
    assert api.call("GET", f"/messages/{stranger}").json()["message"] == "Hi friend"
    made(api, name="{a|b} {custom}")
    told = api.send(message="Hi {name}").json()["job_id"]
    assert api.call("GET", f"/messages/{told}").json()["message"] == "Hi {a|b} {custom}"


def preview(api: Api, message: str, **more: Any) -> Response:
    return api.call("POST", "/templates/preview", json={"message": message, **more})


def test_a_text_is_previewed_for_real_contacts(api: Api) -> None:
    alice = made(api, **ALICE)
    made(api, phone="8801811000000", tag="vip")
    shown = preview(api, "Hi {name:friend}").json()
    assert (shown["variables"], shown["variants"]) == (["name"], 1)
    assert [one["text"] for one in shown["samples"]] == ["Hi friend", "Hi Alice"]
    for more in ({"contact_id": alice["id"]}, {"tag": "LEADS"}, {"segment": {"tags_none": ["vip"]}}):
        assert preview(api, "Hi {name:friend}", **more).json()["samples"] == [
            {
                "contact_id": alice["id"],
                "phone": PHONE,
                "name": "Alice",
                "text": "Hi Alice",
                "error": None,
                "error_text": None,
            }
        ]
    assert preview(api, "x", contact_id=999).status_code == 404
    assert preview(api, "x", contact_id=alice["id"], tag="a").status_code == 422


def test_a_preview_tells_who_would_get_nothing(api: Api) -> None:
    made(api, phone="8801811000000")
    sample = preview(api, "{name}").json()["samples"][0]
    assert (sample["text"], sample["error"]) == (None, "message_empty")


def test_a_preview_without_contacts_shows_variants(api: Api) -> None:
    shown = preview(api, "{Hi|Hello}").json()
    assert shown["variants"] == 2
    assert [one["text"] for one in shown["samples"]] == ["Hi", "Hello"]
    assert preview(api, "{a|b}" * 500).json()["variants"] == 2**53 - 1


@pytest.mark.parametrize(
    ("message", "position"),
    [("Hi {nam}", 4), ("Hi {name", 4), ("a}", 2), ("Hello {Save|Get {phone}", 7), ("{}", 1)],
)
def test_a_mistake_in_a_text_is_named_by_its_position(api: Api, message: str, position: int) -> None:
    answer = preview(api, message)
    assert f"At position {position}:" in details(answer)["message"]
