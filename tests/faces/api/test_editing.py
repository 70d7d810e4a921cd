"""POST /messages/{job_id}/edit: what it answers, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faces.api.conftest import Api, furnish
from wabox.messages import deeds, stored

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def test_it_is_asked_for_done_and_shown(api: Api) -> None:
    furnish(api)
    path = f"/messages/{api.ids['sent']}"
    first = api.call("POST", f"{path}/edit", json={"message": "Better"})
    assert first.status_code == 202
    assert (first.json()["edit_asked_at"], first.json()["edited_at"]) == ("2026-03-10T06:00:00+00:00", None)
    assert first.json()["message"] == "A secret of asha's"
    assert api.call("POST", f"{path}/edit", json={"message": "Better"}).json() == first.json()
    message = api.stage.box.db.read_here(stored.by_id, api.ids["sent"])
    api.stage.box.db.write_now(deeds.done, deeds.EDIT, message, now=api.stage.hands.now())
    done = api.call("GET", path).json()
    assert (done["message"], done["edited_at"]) == ("Better", "2026-03-10T06:00:00+00:00")


@pytest.mark.parametrize(
    "body", [{}, {"message": ""}, {"message": " "}, {"message": "x" * 4_097}, {"text": "a"}], ids=str
)
def test_what_is_no_text_is_a_422_that_changes_nothing(api: Api, body: Any) -> None:
    furnish(api)
    assert api.call("POST", f"/messages/{api.ids['sent']}/edit", json=body).status_code == 422
    assert api.call("GET", f"/messages/{api.ids['sent']}").json()["edit_asked_at"] is None


def test_what_is_a_quarter_of_an_hour_old_is_refused(api: Api) -> None:
    furnish(api)
    api.stage.hands.forward(minutes=15)
    answer = api.call("POST", f"/messages/{api.ids['sent']}/edit", json={"message": "Better"})
    assert (answer.status_code, answer.json()["code"]) == (422, "edit_too_late")
