"""Audiences on pages: kept of what Contacts shows and of what was chosen exactly, chosen, renamed, deleted."""

from __future__ import annotations

import json

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from wabox.contacts import phones, writing

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


@pytest.fixture
def people(shop: Stage) -> None:
    for last in (1, 2, 3):
        draft = writing.Draft(
            phones.Phone(f"880171100000{last}", flagged=False), tags=("Dhaka",) if last < 3 else ()
        )
        shop.box.db.write_now(writing.write, shop.asha.id, [draft], now=shop.hands.now())


def kept(shop: Stage) -> dict[str, object]:
    found = shop.box.db.read_here(lambda rows: rows.all("select name, segment from saved_audiences"))
    return {row["name"]: json.loads(row["segment"]) for row in found}


def test_what_contacts_shows_is_kept_chosen_renamed_and_deleted(asha: Tab, shop: Stage, people: None) -> None:
    assert "/contacts/audiences?tag=Dhaka&amp;only=never" in asha.get("/contacts?tag=Dhaka&only=never").text
    asked = asha.get("/contacts/audiences?tag=Dhaka&only=never").text
    assert "was never written to" in words(asked)
    answer = asha.post("/contacts/audiences", {"tag": "Dhaka", "only": "never", "name": "New in Dhaka"})
    assert answer.headers["location"] == "/contacts/audiences?said=audience_kept"
    assert kept(shop) == {"New in Dhaka": {"tags_any": ["Dhaka"], "contacted": "never"}}
    shown = words(asha.get("/contacts/audiences").text)
    assert "New in Dhaka" in shown and "2 people" in shown
    number = shop.value("select id from saved_audiences")
    assert asha.post("/contacts/audiences", {"tag": "Dhaka", "name": "new in dhaka"}).status_code == 422

    composer = asha.get(f"/campaigns/new?audience={number}").text
    assert f'<option value="{number}" selected>' in " ".join(composer.split())
    assert "2 people get it" in words(composer)
    form = {"name": "Offer", "message": "Hi", "audience": "saved", "saved": str(number), "when": "later"}
    form |= {"at": "2099-01-01T10:00", "phones": "all", "shown": "2", "ticket": "t" * 24}
    assert asha.post("/campaigns", form).status_code == 422  # over a year away
    form["at"] = (shop.hands.now()).strftime("%Y-%m-%dT23:59")
    assert asha.post("/campaigns", form).status_code == 303
    assert shop.value("select audience_id from campaigns") == number
    assert "Planned for it: Offer" in words(asha.get("/contacts/audiences").text)
    refused = asha.post(f"/contacts/audiences/{number}/delete")
    assert refused.status_code == 422 and "Offer" in words(refused.text) and kept(shop)
    campaign = shop.value("select id from campaigns")
    assert f'<option value="{number}" selected>' in " ".join(
        asha.get(f"/campaigns/new?plan={campaign}").text.split()
    )
    asha.post(f"/campaigns/{campaign}/stop")
    assert asha.post(f"/contacts/audiences/{number}", {"name": "Fresh"}).status_code == 303
    assert list(kept(shop)) == ["Fresh"]
    assert asha.post(f"/contacts/audiences/{number}/delete").status_code == 303
    assert not kept(shop) and shop.value("select count(*) from audit where action = 'audience.deleted'") == 1


def test_who_was_chosen_exactly_is_kept_and_the_form_stays(asha: Tab, shop: Stage, people: None) -> None:
    form = {"name": "Offer", "message": "Hi {name}", "audience": "exactly", "none": "Dhaka", "contacted": "since"}
    form |= {"days": "7", "save_as": "Elsewhere", "ticket": "t" * 24}
    page = asha.post("/campaigns/new/audience", form)
    assert page.status_code == 200 and "Hi {name}" in page.text and "1 person" in words(page.text)
    assert kept(shop) == {"Elsewhere": {"tags_none": ["Dhaka"], "not_contacted_days": 7}}
    again = asha.post("/campaigns/new/audience", form)
    assert again.status_code == 422 and "choose another one" in words(again.text)
    assert asha.post("/campaigns/new/look", {**form, "audience": "saved", "saved": "99"}).status_code == 200
