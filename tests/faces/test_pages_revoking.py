"""Deleting for everyone on pages: a button that says its limits, and what became of it."""

from __future__ import annotations

import pytest

from tests.cast import Stage
from tests.faces.scene import Scene
from tests.faces.tab import Tab, words
from wabox.db import Tx
from wabox.messages import deeds, revoking, stored

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

BUTTON = "Delete for everyone"


def _message(shop: Stage, job_id: int) -> stored.Message:
    return shop.box.db.read_here(stored.by_id, job_id)


def test_what_arrived_is_deleted_by_a_button_that_says_what_it_cannot(
    asha: Tab, shop: Stage, scene: Scene
) -> None:
    path = f"/messages/{scene.ids['sent']}"
    before = words(asha.get(path).text)
    assert BUTTON in before
    assert "What they have read they have read" in before
    assert "The credit is not given back." in before
    for _ in range(2):
        assert asha.post(f"{path}/revoke").headers["location"] == f"{path}?said=revoke_asked"
    waits = words(asha.get(path).text)
    assert "It is being deleted for everyone." in waits
    assert BUTTON not in waits
    shop.box.db.write_now(deeds.done, deeds.REVOKE, _message(shop, scene.ids["sent"]), now=shop.hands.now())
    done = words(asha.get(f"{path}/live").text)
    assert "Deleted for everyone" in done
    assert BUTTON not in done
    assert asha.post(f"{path}/revoke").headers["location"] == f"{path}?said=revoked"
    phone = _message(shop, scene.ids["sent"]).phone
    assert "deleted for everyone" in words(asha.get(f"/inbox/{phone}").text)
    assert "Deleted for everyone" in words(asha.get("/messages?status=sent").text) + words(
        asha.get("/messages").text
    )


def test_why_it_was_given_up_stands_there_and_it_may_be_tried_again(asha: Tab, shop: Stage, scene: Scene) -> None:
    path = f"/messages/{scene.ids['sent']}"
    asha.post(f"{path}/revoke")
    shop.box.db.write_now(
        deeds.give_up, deeds.REVOKE, _message(shop, scene.ids["sent"]), "no_answer", now=shop.hands.now()
    )
    said = words(asha.get(path).text)
    assert "Not deleted for everyone: WhatsApp did not confirm the deletion, ten times." in said
    assert BUTTON in said


@pytest.mark.parametrize("which", ["queued", "unknown", "failed", "cancelled"])
def test_what_did_not_arrive_has_no_such_button_and_says_why(
    asha: Tab, shop: Stage, scene: Scene, which: str
) -> None:
    path = f"/messages/{scene.ids[which]}"
    assert BUTTON not in words(asha.get(path).text)
    answer = asha.post(f"{path}/revoke")
    assert answer.status_code == 422
    assert revoking._UNSENT.get(which, revoking._NEVER_SENT) in words(answer.text)
    assert _message(shop, scene.ids[which]).revoke_asked_at is None


def test_after_two_days_there_is_no_button(asha: Tab, shop: Stage, scene: Scene) -> None:
    path = f"/messages/{scene.ids['sent']}"

    def long_ago(tx: Tx) -> None:
        tx.run("update messages set sent_at = '2026-03-01T00:00:00+00:00' where id = :id", id=scene.ids["sent"])

    shop.box.db.write_now(long_ago)
    assert BUTTON not in words(asha.get(path).text)
    assert "48 hours" in words(asha.post(f"{path}/revoke").text)


def test_it_is_said_in_bengali(asha: Tab, shop: Stage, scene: Scene) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set language = 'bn'"))
    assert "সবার কাছ থেকে মুছুন" in words(asha.get(f"/messages/{scene.ids['sent']}").text)


def test_bilal_deletes_nothing_of_ashas(bilal: Tab, shop: Stage, scene: Scene) -> None:
    assert bilal.post(f"/messages/{scene.ids['sent']}/revoke").status_code == 404
    assert _message(shop, scene.ids["sent"]).revoke_asked_at is None
