"""What the API answers where texts are judged: held is 202 with its reason, refused is 422 with what to change."""

from __future__ import annotations

import pytest

from tests.faces.api.conftest import Api, Open
from wabox.content import rules
from wabox.content.rules import Actor, Draft

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

HELD = "Send me your PIN now"


def shared(open_api: Open) -> Api:
    api = open_api(accounts={"registration": "open"})
    draft = Draft("word", "casino", "refuse", "We do not sell that here.")
    made = api.stage
    made.box.db.write_now(rules.add, draft, by=Actor(made.asha.id, None), now=made.hands.now())
    return api


def test_a_held_message_is_taken_and_says_why_it_waits(open_api: Open) -> None:
    api = shared(open_api)
    answer = api.send(message=HELD)
    assert answer.status_code == 202
    body = answer.json()
    assert (body["status"], body["wait_reason"], body["waits_until"]) == ("queued", "content_review", None)
    shown = api.call("GET", f"/messages/{body['job_id']}").json()
    assert (shown["wait_reason"], shown["ahead"]) == ("content_review", None)
    assert api.call("POST", f"/messages/{body['job_id']}/cancel").json()["status"] == "cancelled"


def test_a_refused_message_is_422_and_its_idempotency_key_is_free_again(open_api: Open) -> None:
    api = shared(open_api)
    for _ in range(2):
        answer = api.send(message="Our CASINO opens", headers={"Idempotency-Key": "one"})
        assert answer.status_code == 422
        assert answer.json() == {
            "error": "We do not sell that here. Change the message, then send it again.",
            "code": "content_refused",
            "details": {"message": "We do not sell that here."},
        }
    assert api.count("messages") == 0
    assert api.stage.value("select n from content_refusals") == 2
    fine = api.send(message="Our shop opens", headers={"Idempotency-Key": "one"})
    assert fine.status_code == 202


def test_bengali_digits_zero_width_marks_and_wide_letters_hide_nothing(open_api: Open) -> None:
    api = shared(open_api)
    for text in ("c\u200basino", "ＣＡＳＩＮＯ", "cas\u0456no", "CAS\u00adINO"):
        assert api.send(message=text).json()["code"] == "content_refused", ascii(text)
    assert api.send(message="০০০০০০০০০০০০০").json()["wait_reason"] == "content_review"


def test_a_campaign_is_refused_or_stands_paused_and_cannot_be_resumed(open_api: Open) -> None:
    api = shared(open_api)
    contact = {"phone": "8801711000005", "name": "Rina"}
    assert api.call("POST", "/contacts/bulk", json={"contacts": [contact]}).status_code < 300
    refused = api.call("POST", "/campaigns", json={"name": "A", "message": "Hi {you|casino}"})
    assert (refused.status_code, refused.json()["code"]) == (422, "content_refused")
    look = api.call("POST", "/campaigns/preflight", json={"name": "A", "message": HELD}).json()
    assert (look["content"], look["total"]) == ("hold", 1)
    made = api.call("POST", "/campaigns", json={"name": "B", "message": HELD})
    assert made.status_code == 201
    assert (made.json()["status"], made.json()["status_reason"]) == ("paused", "content_review")
    for verb in ("resume", "redispatch"):
        answer = api.call("POST", f"/campaigns/{made.json()['id']}/{verb}")
        assert (answer.status_code, answer.json()["code"]) == (422, "content_review"), verb
    assert api.call("POST", f"/campaigns/{made.json()['id']}/stop").json()["status"] == "stopped"


def test_without_others_nothing_is_judged(open_api: Open) -> None:
    api = open_api()
    assert api.send(message=HELD).json()["wait_reason"] is None
