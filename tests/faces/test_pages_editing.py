"""Changing a text on pages: a form while it can, what it is to say, and what became of it."""

from __future__ import annotations

import pytest

from tests.cast import Stage
from tests.faces.scene import Scene
from tests.faces.tab import Tab, words
from wabox.db import Tx
from wabox.messages import deeds, stored

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

FORM = "Change the text"


@pytest.fixture
def job(shop: Stage, scene: Scene) -> int:
    """A text that has gone a minute ago."""

    def verb(tx: Tx) -> None:
        now = shop.hands.now().isoformat(timespec="seconds")
        tx.run("update messages set sent_at = :now where id = :id", now=now, id=scene.ids["sent"])

    shop.box.db.write_now(verb)
    return scene.ids["sent"]


def message(shop: Stage, job: int) -> stored.Message:
    return shop.box.db.read_here(stored.by_id, job)


def test_a_text_is_changed_by_a_form_and_shown_as_edited(asha: Tab, shop: Stage, job: int) -> None:
    path = f"/messages/{job}"
    assert FORM in words(asha.get(path).text)
    for _ in range(2):
        answer = asha.post(f"{path}/edit", {"message": "Better <b>"})
        assert answer.headers["location"] == f"{path}?said=edit_asked"
    page = asha.get(path).text
    assert "The text is being changed to: Better <b>" in words(page) and "Better <b>" not in page
    assert "No second message goes" not in words(page)
    shop.box.db.write_now(deeds.done, deeds.EDIT, message(shop, job), now=shop.hands.now())
    done = words(asha.get(f"{path}/live").text)
    assert "Text changed" in done
    talk = words(asha.get(f"/inbox/{message(shop, job).phone}").text)
    assert "Better <b>" in talk and "edited" in talk


def test_why_it_was_not_changed_stands_there(asha: Tab, shop: Stage, job: int) -> None:
    asha.post(f"/messages/{job}/edit", {"message": "Better"})
    shop.box.db.write_now(deeds.give_up, deeds.EDIT, message(shop, job), "no_answer", now=shop.hands.now())
    said = words(asha.get(f"/messages/{job}").text)
    assert "The text was not changed: WhatsApp did not confirm the change." in said
    assert FORM in said


@pytest.mark.parametrize("which", ["queued", "unknown", "failed", "cancelled"])
def test_what_has_not_gone_has_no_such_form(asha: Tab, shop: Stage, scene: Scene, which: str) -> None:
    path = f"/messages/{scene.ids[which]}"
    assert FORM not in words(asha.get(path).text)
    assert asha.post(f"{path}/edit", {"message": "Better"}).status_code == 422
    assert message(shop, scene.ids[which]).edit_asked_at is None


def test_after_a_quarter_of_an_hour_there_is_no_form(asha: Tab, shop: Stage, scene: Scene) -> None:
    shop.hands.forward(minutes=30)
    assert FORM not in words(asha.get(f"/messages/{scene.ids['sent']}").text)


def test_it_is_said_in_bengali(asha: Tab, shop: Stage, job: int) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set language = 'bn'"))
    assert "লেখা বদলান" in words(asha.get(f"/messages/{job}").text)


def test_bilal_changes_nothing_of_ashas(bilal: Tab, shop: Stage, job: int) -> None:
    assert bilal.post(f"/messages/{job}/edit", {"message": "Better"}).status_code == 404
    assert message(shop, job).edit_asked_at is None
