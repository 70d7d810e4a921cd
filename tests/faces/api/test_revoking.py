"""POST /messages/{job_id}/revoke: what it answers, and what it refuses."""

from __future__ import annotations

import pytest

from tests.faces.api.conftest import Api, furnish
from wabox.db import Tx
from wabox.messages import deeds, revoking, stored

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def test_it_is_asked_for_done_and_shown(api: Api) -> None:
    furnish(api)
    path = f"/messages/{api.ids['sent']}"
    assert api.call("GET", path).json()["revoke_asked_at"] is None
    first = api.call("POST", f"{path}/revoke")
    assert first.status_code == 202
    assert first.json()["revoke_asked_at"] == "2026-03-10T06:00:00+00:00"
    assert (first.json()["status"], first.json()["revoked_at"]) == ("sent", None)
    assert api.call("POST", f"{path}/revoke").json() == first.json()
    now = api.stage.hands.now()
    message = api.stage.box.db.read_here(stored.by_id, api.ids["sent"])
    api.stage.box.db.write_now(deeds.give_up, deeds.REVOKE, message, "not_found", now=now)
    shown = api.call("GET", path).json()
    assert (shown["revoke_error"], shown["revoke_error_text"]) == ("not_found", revoking.said("not_found"))
    again = api.call("POST", f"{path}/revoke").json()
    assert (again["revoke_error"], again["revoke_error_text"], again["revoked_at"]) == (None, None, None)
    api.stage.box.db.write_now(deeds.done, deeds.REVOKE, message, now=now)
    done = api.call("POST", f"{path}/revoke")
    assert (done.status_code, done.json()["revoked_at"]) == (202, "2026-03-10T06:00:00+00:00")


@pytest.mark.parametrize("which", ["queued", "unknown", "failed"])
def test_what_did_not_arrive_is_a_422_that_says_what_to_do(api: Api, which: str) -> None:
    furnish(api)
    answer = api.call("POST", f"/messages/{api.ids[which]}/revoke")
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_state")
    assert answer.json()["error"] == revoking._UNSENT.get(which, revoking._NEVER_SENT)


def test_what_is_two_days_old_is_refused(api: Api) -> None:
    furnish(api)

    def age(tx: Tx) -> None:
        tx.run("update messages set sent_at = '2026-03-08T06:00:00+00:00' where id = :id", id=api.ids["sent"])

    api.stage.box.db.write_now(age)
    answer = api.call("POST", f"/messages/{api.ids['sent']}/revoke")
    assert (answer.status_code, answer.json()["code"]) == (422, "revoke_too_late")
    assert api.call("GET", f"/messages/{api.ids['sent']}").json()["revoke_asked_at"] is None
