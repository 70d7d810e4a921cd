"""A whole campaign deleted for everyone, on pages: the look, the question, how far it is."""

from __future__ import annotations

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from tests.faces.work import Work
from wabox.campaigns import stored as campaigns
from wabox.messages import deeds, revoking

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def gone(shop: Stage, campaign_id: int) -> int:
    return int(
        shop.value(
            f"""select count(*) from messages where campaign_id = {campaign_id}
                and status in ('sent', 'delivered', 'read')"""
        )
    )


def running(shop: Stage) -> int:
    return int(shop.value("select id from campaigns where status = 'sending' and sent > 0"))


def test_it_is_looked_at_asked_for_and_followed_without_a_script(asha: Tab, shop: Stage, work: Work) -> None:
    campaign_id = running(shop)
    path, count = f"/campaigns/{campaign_id}", gone(shop, campaign_id)
    assert f'href="{path}/revoke"' in asha.get(path).text
    look = words(asha.get(f"{path}/revoke").text)
    assert f"Can be deleted now {count}" in look
    assert f"Delete {count} messages for everyone?" in look
    assert "What they have read they have read" in look
    assert "stop it first" in look
    assert "deleted for everyone" not in look
    for _ in range(2):
        assert asha.post(f"{path}/revoke").headers["location"] == f"{path}/revoke?said=campaign_revoke_asked"
    waits = words(asha.get(f"{path}/revoke").text)
    assert f"Still to be deleted {count}" in waits
    assert "Can be deleted now" not in waits
    assert f"{path}/revoke/live" in asha.get(f"{path}/revoke").text
    (first,) = shop.box.db.read_here(deeds.due, shop.asha.device_id, bulk=True, now=shop.hands.now())
    shop.box.db.write_now(deeds.done, first.deed, first.message, now=shop.hands.now())
    assert f"0 of {count}" not in words(asha.get(f"{path}/revoke/live").text)
    assert f"1 of {count} deleted for everyone" in words(asha.get(f"{path}/revoke/live").text)
    assert f"Deleted for everyone: 1 of {count}. {count - 1} are still to be." in words(
        asha.get(f"{path}/live").text
    )


def test_why_not_stands_there_in_sentences_and_there_is_no_button(asha: Tab, shop: Stage, work: Work) -> None:
    campaign_id = running(shop)
    count = gone(shop, campaign_id)
    shop.box.db.write_now(
        lambda tx: tx.run("update messages set account = '8801999999999' where sent_at is not null")
    )
    said = words(asha.get(f"/campaigns/{campaign_id}/revoke").text)
    assert f"{revoking.said('other_number')} {count}" in said
    assert "messages for everyone?" not in said
    old = "update messages set sent_at = '2020-01-01T00:00:00+00:00' where sent_at is not null"
    shop.box.db.write_now(lambda tx: tx.run(old))
    assert f"Went more than 48 hours ago {count}" in words(asha.get(f"/campaigns/{campaign_id}/revoke").text)


def test_of_a_campaign_that_has_not_begun_nothing_can_be_deleted(asha: Tab, shop: Stage, work: Work) -> None:
    planned = int(shop.value("select id from campaigns where status = 'scheduled'"))
    assert "/revoke" not in asha.get(f"/campaigns/{planned}").text
    assert "Nothing of this campaign has gone." in words(asha.get(f"/campaigns/{planned}/revoke").text)
    answer = asha.post(f"/campaigns/{planned}/revoke")
    assert answer.status_code == 422
    assert "What still waits you can stop." in words(answer.text)


def test_it_is_said_in_bengali(asha: Tab, shop: Stage, work: Work) -> None:
    campaign_id = running(shop)
    shop.box.db.write_now(lambda tx: tx.run("update users set language = 'bn'"))
    said = words(asha.get(f"/campaigns/{campaign_id}/revoke").text)
    assert "সবার কাছ থেকে মুছুন" in said
    assert "Can be deleted" not in said


def test_bilal_sees_and_deletes_nothing_of_ashas(bilal: Tab, shop: Stage, work: Work) -> None:
    campaign_id = running(shop)
    for path in (f"/campaigns/{campaign_id}/revoke", f"/campaigns/{campaign_id}/revoke/live"):
        assert bilal.get(path).status_code == 404
    assert bilal.post(f"/campaigns/{campaign_id}/revoke").status_code == 404
    assert shop.box.db.read_here(campaigns.by_id, campaign_id).revoke_asked_at is None
