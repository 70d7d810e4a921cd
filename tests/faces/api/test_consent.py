"""`[guards] require_consent` binds every way to write to a person; what is in hand is said where one stops it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests import webs
from tests.cast import NOON
from tests.faces import scene
from tests.faces.api.conftest import PHONE, Api, Open
from tests.faces.tab import Tab, words
from wabox import times
from wabox.contacts import phones, writing
from wabox.contacts.stored import Consent
from wabox.db import Tx
from wabox.messages import stored

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def agree(api: Api, phone: str, *, consented: bool) -> None:
    consent = Consent("order", NOON, None, None) if consented else None
    draft = writing.Draft(phones.parse(phone, country="BD"), name="Rina", tags=("leads",), consent=consent)
    api.stage.box.db.write_now(writing.bulk, api.stage.asha.id, [draft], now=NOON)


def enter(api: Api, client: TestClient[Litestar]) -> Tab:
    """asha logs in at the pages of the same box."""
    hashed = scene.password_hash()
    api.stage.box.db.write_now(lambda tx: tx.run("update users set password_hash = :hashed", hashed=hashed))
    return Tab(client, "asha@example.com", "http://testserver.local")


def last(api: Api) -> tuple[Any, Any]:
    rows = api.stage.box.db.read_here(lambda rows: rows.one("select status, error from messages order by id desc"))
    assert rows is not None
    return rows["status"], rows["error"]


@pytest.fixture
def strict(open_api: Open) -> Api:
    """A box that asks for consent."""
    return open_api(guards={"require_consent": True})


def test_send_skips_whoever_has_not_agreed_and_says_why(strict: Api) -> None:
    answer = strict.send()
    assert (answer.status_code, answer.json()["status"]) == (202, "skipped")
    shown = strict.call("GET", f"/messages/{answer.json()['job_id']}").json()
    assert (shown["status"], shown["error"]) == ("skipped", "no_consent")
    assert "consent" in shown["error_text"]
    agree(strict, PHONE, consented=False)
    assert strict.send().json()["status"] == "skipped"
    agree(strict, PHONE, consented=True)
    assert strict.send().json()["status"] == "queued"


def test_home_and_inbox_skip_too_and_show_the_reason(strict: Api) -> None:
    with webs.client(strict.stage.box) as client:
        asha = enter(strict, client)
        ticket = re.findall(r'name="ticket" value="([^"]+)"', asha.get("/").text)[0]
        fields = {"phone": PHONE, "message": "Hi", "device_label": "primary", "ticket": ticket}
        gone = asha.post("/send", fields).headers["location"]
        assert "?said=not_going" in gone and last(strict) == ("skipped", "no_consent")
        assert "no consent on record" in words(asha.get(gone).text)
        ticket = re.findall(r'name="ticket" value="([^"]+)"', asha.get(f"/inbox/{PHONE}").text)[0]
        gone = asha.post(f"/inbox/{PHONE}", {"message": "Hi again", "ticket": ticket}).headers["location"]
        assert "?said=not_going" in gone and last(strict) == ("skipped", "no_consent")
        agree(strict, PHONE, consented=True)
        asha.post(f"/inbox/{PHONE}", {"message": "And now", "ticket": "another"})
        assert last(strict) == ("queued", None)


def test_without_the_setting_nobody_is_asked(api: Api) -> None:
    assert api.send().json()["status"] == "queued"


def test_stop_opt_out_and_cancel_say_how_many_are_on_their_way(api: Api) -> None:
    agree(api, PHONE, consented=False)
    made = api.call("POST", "/campaigns", json={"name": "x", "message": "Hi", "tag": "leads"}).json()
    contact_id = api.call("GET", "/contacts").json()["data"][0]["id"]

    def in_hand(tx: Tx) -> int:
        return tx.insert(
            """insert into messages (user_id, device_id, campaign_id, contact_id, phone, text, status, queued_at)
               values (:user, :device, :campaign, :contact, :phone, 'Hi', 'sending', :at)""",
            at=times.stored(NOON),
            user=api.stage.asha.id,
            device=api.stage.asha.device_id,
            campaign=made["id"],
            contact=contact_id,
            phone=PHONE,
        )

    job_id = api.stage.box.db.write_now(in_hand)
    assert api.call("POST", f"/contacts/{contact_id}/opt-out").json()["on_its_way"] == 1
    assert api.call("POST", f"/campaigns/{made['id']}/stop").json()["on_its_way"] == 1
    assert api.call("POST", f"/messages/{job_id}/cancel").json()["on_its_way"] == 1
    with webs.client(api.stage.box) as client:
        asha = enter(api, client)
        assert "may have gone" in words(asha.get(f"/campaigns/{made['id']}").text)
        assert "took it back" in words(asha.get(f"/messages/{job_id}").text)
        assert asha.post(f"/contacts/{contact_id}/opt-out").headers["location"].endswith("?said=opted_out_late")
    assert api.stage.box.db.read_here(stored.on_its_way, api.stage.bilal.id) == 0
