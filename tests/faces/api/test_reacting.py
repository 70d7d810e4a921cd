"""POST …/react: what it answers, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faces.api.conftest import Api, furnish

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def test_it_is_asked_for_and_shown_for_either_side(api: Api) -> None:
    furnish(api)
    for path, named in (
        (f"/messages/{api.ids['sent']}", {"job_id": api.ids["sent"], "message_id": None}),
        (f"/inbox/{api.ids['message']}", {"job_id": None, "message_id": api.ids["message"]}),
    ):
        nothing = {**named, "ours": None, "theirs": None, "waiting": False, "error": None, "error_text": None}
        assert api.call("GET", f"{path}/reactions").json() == nothing
        asked = api.call("POST", f"{path}/react", json={"emoji": "👍"})
        assert (asked.status_code, asked.json()) == (202, {**nothing, "ours": "👍", "waiting": True})
        assert api.call("GET", f"{path}/reactions").json() == asked.json()
        back = api.call("POST", f"{path}/react", json={"emoji": None})
        assert back.json() == {**nothing, "waiting": True}


@pytest.mark.parametrize(
    "body",
    [{}, {"emoji": ""}, {"emoji": "ok"}, {"emoji": "👍👍"}, {"emoji": 1}, {"emoji": "👍", "to": "x"}],
    ids=str,
)
def test_what_is_no_emoji_is_a_422_that_changes_nothing(api: Api, body: Any) -> None:
    furnish(api)
    answer = api.call("POST", f"/messages/{api.ids['sent']}/react", json=body)
    assert answer.status_code == 422
    assert answer.json()["details"]
    assert api.stage.value("select count(*) from reactions") == 0


@pytest.mark.parametrize("which", ["queued", "unknown", "failed"])
def test_what_did_not_arrive_cannot_be_reacted_to(api: Api, which: str) -> None:
    furnish(api)
    answer = api.call("POST", f"/messages/{api.ids[which]}/react", json={"emoji": "👍"})
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_state")
